/** What a method's fields must be, what a reference must look like, and how a module's list is kept in order: pure. */
import { PluginError } from '../errors';
import type { Id } from '../host/contract';
import type { MethodFields } from './contract';
import { isIcon } from './rules-icons';

/** Characters that each field holds. */
export const LIMITS = { name: 80, externalIdentifier: 190, referenceLabel: 60, referenceMask: 40 } as const;
export const REFERENCE_LIMIT = 255;

/** What nobody sees: control characters, marks of direction, zero-width ones. A joiner between emoji belongs to them. */
const UNSEEN =
  /[\p{Cc}\u00ad\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|(?<![\p{Extended_Pictographic}\ufe0f])\u200d/gu;
/** Fillers and selectors too: text of nothing else is no text, though it has characters. */
const EMPTY = /^[\s\p{Default_Ignorable_Code_Point}\p{Cc}\u2800]*$/u;

/** Text as it is kept: composed, without what nobody sees, trimmed, blanks single. null where nothing is left. */
export function cleaned(value: string | null | undefined): string | null {
  const text = (value ?? '')
    .normalize('NFC')
    .replace(/[\t\n\r\u2028\u2029]/g, ' ')
    .replace(UNSEEN, '');
  return EMPTY.test(text) ? null : text.replace(/\s+/g, ' ').trim();
}

/** What two names have in common that people would take for one: "CHAMBRÉ" and "chambre". */
export function folded(name: string): string {
  return (cleaned(name) ?? '')
    .normalize('NFKD')
    .replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim();
}

const tooLong = (text: string | null, limit: number): boolean => text !== null && Array.from(text).length > limit;
/** `why` chooses the words. */
export const invalid = (field: string): PluginError => new PluginError('IM_METHOD_INVALID', 422, { field, why: field });

/** @throws IM_METHOD_INVALID 422 `{ field: 'name' }` for a name that is empty or too long */
export function demandName(given: string, limit: number = LIMITS.name): string {
  const name = cleaned(given);
  if (name === null || tooLong(name, limit)) throw invalid('name');
  return name;
}

/** The fields as they are kept. @throws IM_METHOD_INVALID 422 `{ field }` for the first that cannot be kept */
export function readFields(given: Partial<MethodFields>): Partial<MethodFields> {
  const fields = { ...given };
  if (fields.name !== undefined) fields.name = demandName(fields.name);
  for (const field of ['externalIdentifier', 'referenceLabel', 'referenceMask'] as const) {
    if (fields[field] === undefined) continue;
    fields[field] = cleaned(fields[field]);
    if (tooLong(fields[field], LIMITS[field])) throw invalid(field);
  }
  if (fields.referenceMask && maskParts(fields.referenceMask) === null) throw invalid('referenceMask');
  if (fields.imageId && !isIcon(fields.imageId) && !/^[A-Za-z0-9_-]{43}$/.test(fields.imageId)) throw invalid('image');
  return fields;
}

// ---------------------------------------------------------------- the reference

interface MaskPart {
  kind: 'letter' | 'digit' | 'either' | 'literal';
  text: string;
}

/** null for a mask that nothing could be read by: a lone `\` at its end, or not one place to fill in. */
function maskParts(mask: string): MaskPart[] | null {
  const parts: MaskPart[] = [];
  const characters = Array.from(mask);
  for (let at = 0; at < characters.length; at += 1) {
    const text = characters[at] ?? '';
    if (text === '\\') {
      const next = characters[++at];
      if (next === undefined) return null;
      parts.push({ kind: 'literal', text: next });
    } else if (text === 'A') parts.push({ kind: 'letter', text });
    else if (text === '9') parts.push({ kind: 'digit', text });
    else if (text === '?') parts.push({ kind: 'either', text });
    else parts.push({ kind: 'literal', text });
  }
  return parts.some(({ kind }) => kind !== 'literal') ? parts : null;
}

const FITS: Record<Exclude<MaskPart['kind'], 'literal'>, RegExp> = {
  letter: /^\p{L}$/u,
  digit: /^[0-9]$/,
  either: /^[\p{L}0-9]$/u,
};

/** Whether a reference has the shape that a mask describes; without a mask any has. */
export function fitsMask(mask: string | null, reference: string): boolean {
  const parts = mask === null ? null : maskParts(mask);
  if (parts === null) return true;
  const characters = Array.from(reference);
  return (
    characters.length === parts.length &&
    parts.every(({ kind, text }, at) => {
      const one = characters[at] ?? '';
      return kind === 'literal' ? one === text : FITS[kind].test(one);
    })
  );
}

/** A reference as it might be: `A-99` is "B-12". null without a mask. */
export function exampleOf(mask: string | null): string | null {
  const parts = mask === null ? null : maskParts(mask);
  if (parts === null) return null;
  let digits = 0;
  let letters = 0;
  return parts
    .map(({ kind, text }) => {
      if (kind === 'literal') return text;
      return kind === 'letter' ? 'BCDEFGH'.charAt(letters++ % 7) : String((digits++ % 9) + 1);
    })
    .join('');
}

/** Which keyboard a phone should open for a reference. */
export function keyboardOf(mask: string | null): 'numeric' | 'text' {
  const parts = mask === null ? null : maskParts(mask);
  return parts?.every(({ kind, text }) => kind === 'digit' || (kind === 'literal' && /^[0-9]$/.test(text)))
    ? 'numeric'
    : 'text';
}

// ---------------------------------------------------------------- the order

/** Cash first where it is there, the others as they were. */
export function cashFirst(ids: Id[], cashId: Id | null): Id[] {
  if (cashId === null || !ids.includes(cashId)) return ids;
  return [cashId, ...ids.filter((id) => id !== cashId)];
}

/** Whether this is the same list in another order: nothing missing, nothing twice, nothing foreign. */
export function isOrderOf(ids: Id[], known: Id[]): boolean {
  return ids.length === known.length && new Set(ids).size === ids.length && ids.every((id) => known.includes(id));
}
