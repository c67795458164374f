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

const BY_NAME: [RegExp, Icon][] = [
  [/cart|card|cb\b/i, 'card'],
  [/vir|transfer|wire|sepa/i, 'bank'],
  [/ch[eè]que|check/i, 'cheque'],
  [/bon|cadeau|gift|voucher/i, 'gift'],
];

/** The picture of a method that has none: by what it is, and for the host's own by what it is called. */
export function defaultIcon({ kind, isCash, name }: { kind: string; isCash: boolean; name: string }): string {
  if (isCash) return iconId('coins');
  if (kind === 'external_billing') return iconId('invoice');
  if (kind === 'external_payment') return iconId('voucher');
  return iconId(BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? 'wallet');
}
