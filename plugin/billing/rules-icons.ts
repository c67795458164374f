/** The gallery: pictures drawn for this package, named `icon-<name>`; their files are assets/icons/<name>.svg. */

export const ICONS = [
  ...['bed', 'key', 'door', 'bell', 'suitcase', 'breakfast'],
  ...['restaurant', 'glass', 'spa', 'golf', 'boat', 'tent'],
  ...['invoice', 'folder', 'building', 'people', 'card', 'wallet'],
  ...['coins', 'bank', 'cheque', 'voucher', 'gift', 'phone'],
  ...['truck', 'car', 'taxi', 'train', 'plane', 'globe'],
] as const;
export type Icon = (typeof ICONS)[number];

const PREFIX = 'icon-';

/** What a method bears as its picture: `icon-bed`. */
export const iconId = (icon: Icon): string => `${PREFIX}${icon}`;

/** The name of a gallery picture, or null for an uploaded one. */
export function iconOf(imageId: string): Icon | null {
  return ICONS.find((icon) => iconId(icon) === imageId) ?? null;
}

export const isIcon = (imageId: string): boolean => iconOf(imageId) !== null;
