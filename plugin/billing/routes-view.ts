/** What the pages of payment methods and order modules show: pure. */
import type { Words } from '../i18n';
import type { MethodKind, OrderModule, PaymentMethod } from './contract';
import { exampleOf } from './rules';
import { defaultIcon, ICONS, iconId, iconOf } from './rules-icons';

/** Below our pages. */
export const METHODS_PATH = '/payment-methods';
export const MODULES_PATH = '/order-modules';

export type ImageUrl = (imageId: string | null) => string | null;

export const kindOf = (words: Words, { kind, extended }: { kind: MethodKind; extended: boolean }): string =>
  words.t(`methods.kind_${extended ? 'extended' : kind}`);

export const moduleName = (words: Words, { name, builtin }: Pick<OrderModule, 'name' | 'builtin'>): string =>
  name ?? words.t(`modules.${builtin}`);

/** A method as lists show it. */
export function toMethodRow(words: Words, method: PaymentMethod, imageUrl: ImageUrl) {
  const example = exampleOf(method.referenceMask);
  const label = method.referenceLabel ?? words.t('methods.reference');
  return {
    id: method.id,
    name: method.name,
    image: imageUrl(method.imageId ?? defaultIcon(method)),
    kind: kindOf(words, method),
    pinned: method.isCash,
    active: method.active,
    details: [
      ...(method.externalIdentifier === null
        ? []
        : [words.t('methods.identifierIs', { identifier: method.externalIdentifier })]),
      ...(method.requiresReference
        ? [words.t(example === null ? 'methods.asks' : 'methods.asksLike', { label, example })]
        : []),
    ],
    problem: method.unavailable === null ? null : words.t(`methods.${method.unavailable}`),
  };
}

/** The gallery in the order of the alphabet of the person; what is chosen is among them or is an uploaded picture. */
export function toGallery(words: Words, chosen: string | null, imageUrl: ImageUrl) {
  const collator = new Intl.Collator(words.locale);
  const drawn = ICONS.map((icon) => ({
    value: iconId(icon),
    name: words.t(`icons.${icon}`),
    url: imageUrl(iconId(icon)),
    chosen: iconId(icon) === chosen,
  })).sort((a, b) => collator.compare(a.name, b.name));
  const own =
    chosen !== null && iconOf(chosen) === null
      ? [{ value: chosen, name: words.t('methods.ownImage'), url: imageUrl(chosen), chosen: true }]
      : [];
  return [...own, ...drawn];
}
