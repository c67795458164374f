/** References that people type at the counter: a room, an account, a voucher. Pure. */

/** Letters, digits, or either; everything else in a mask stands for itself: 'A-99' takes 'B-12'. */
const PLACES: Record<string, { pattern: string; example: (index: number) => string }> = {
  A: { pattern: '\\p{L}', example: (index) => 'ABCDEFGH'[index % 8] ?? 'A' },
  '9': { pattern: '[0-9]', example: (index) => '204157836'[index % 9] ?? '2' },
  '?': { pattern: '[\\p{L}0-9]', example: (index) => '2B4C'[index % 4] ?? '2' },
};

/** What no eye sees: controls, zero-width and direction marks, soft hyphens, fillers that Unicode counts among letters. */
const UNSEEN = /[\p{Cc}\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu;
/** What joins the parts of one picture (a family, a flag's tag): taken out, the picture would fall apart. */
const JOINERS = /[\u200d\u{e0020}-\u{e007f}]/u;

export const REFERENCE_LENGTH = 255;

/**
 * The reference as it is kept: one form of each accented letter, nothing that cannot be seen, no blanks around it.
 * null where nothing is left: spaces, no-break spaces and zero-width characters are no reference.
 */
export function cleanReference(text: string | null | undefined): string | null {
  const seen = (text ?? '')
    .normalize('NFC')
    // Line breaks and tabs part words; the rest of the controls parts nothing.
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/gu, ' ')
    .replace(UNSEEN, (one) => (JOINERS.test(one) ? one : ''));
  const cleaned = seen.replace(/^[\p{Z}\s]+|[\p{Z}\s]+$/gu, '');
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(cleaned) ? cleaned : null;
}

/** Why a mask cannot be used; null when it can. */
export function maskFault(mask: string): 'too_long' | 'no_place' | 'unseen' | null {
  if (Array.from(mask).length > 60) return 'too_long';
  if (cleanReference(mask) !== mask) return 'unseen';
  return Array.from(mask).some((one) => one in PLACES) ? null : 'no_place';
}

const escaped = (literal: string): string => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

const patternOf = (mask: string): string =>
  Array.from(mask)
    .map((one) => PLACES[one]?.pattern ?? escaped(one))
    .join('');

/** Letters of a mask are taken in either case, as they are typed in a hurry; they are kept as typed. */
export function matchesMask(mask: string | null, reference: string): boolean {
  return mask === null || new RegExp(`^${patternOf(mask)}$`, 'iu').test(reference);
}

/** Something that fits: 'B-42' for 'A-99'. */
export const exampleOf = (mask: string): string =>
  Array.from(mask)
    .map((one, index) => PLACES[one]?.example(index) ?? one)
    .join('');

/** Which keys a telephone shows: figures only where the mask has nothing else. */
export const keyboardOf = (mask: string | null): 'numeric' | 'text' =>
  mask !== null && /^[9\d]+$/.test(mask) ? 'numeric' : 'text';

/** What the history looks for: the reference itself, or everything that begins with it where it ends in `*`. */
export function searchOf(typed: string): { exact: string } | { prefix: string } | null {
  const cleaned = cleanReference(typed);
  if (cleaned === null) return null;
  if (!cleaned.endsWith('*')) return { exact: cleaned };
  const prefix = cleaned.replace(/\*+$/, '');
  return prefix === '' ? null : { prefix };
}
