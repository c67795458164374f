/** How the history is searched by what people typed as a reference. Pure. */
import { cleaned } from './rules';

/** The reference itself, or everything that begins with it where it ends in `*`: "1" never finds "100". null: nothing was asked. */
export function searchOf(typed: string): { exact: string } | { prefix: string } | null {
  const reference = cleaned(typed);
  if (reference === null) return null;
  if (!reference.endsWith('*')) return { exact: reference };
  const prefix = reference.replace(/\*+$/, '');
  return prefix === '' ? null : { prefix };
}
