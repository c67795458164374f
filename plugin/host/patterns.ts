/** Number patterns: literals, {seq} {seq:5} {yyyy} {yy} {mm}. Pure. */
import type { Day, NumberPattern } from './contract';

const TOKEN = /\{(seq(?::\d{1,2})?|yyyy|yy|mm)\}/g;
const DATE_TOKEN = /\{(yyyy|yy|mm)\}/g;

/** When the sequence begins anew. */
export type Restarts = 'never' | 'yearly' | 'monthly';

/** What the dates that tell two series apart are written as. */
const PERIOD_TOKENS: Record<Restarts, string[]> = { never: [], yearly: ['yyyy', 'yy'], monthly: ['yyyy', 'yy', 'mm'] };

/** What is wrong with a pattern, as a mend; null when nothing is. */
export function patternFault(pattern: NumberPattern, restarts?: Restarts): string | null {
  if (typeof pattern !== 'string') return 'give a pattern such as "FA-{yyyy}-{seq:5}"';
  const sequences = pattern.match(/\{seq(?::\d{1,2})?\}/g) ?? [];
  if (sequences.length !== 1) return `write {seq} exactly once in ${JSON.stringify(pattern)}`;
  if (/[{}]/.test(pattern.replace(TOKEN, '')))
    return `use only {seq}, {seq:5}, {yyyy}, {yy} and {mm} in ${JSON.stringify(pattern)}`;
  const hasYear = /\{yy(yy)?\}/.test(pattern);
  if ((restarts === 'yearly' || restarts === 'monthly') && !hasYear)
    return `write {yyyy} or {yy} into ${JSON.stringify(pattern)}: beginning anew, its numbers would come again`;
  if (restarts === 'monthly' && !pattern.includes('{mm}'))
    return `write {mm} into ${JSON.stringify(pattern)}: beginning anew each month, its numbers would come again`;
  return null;
}

/** Yearly where a year stands in the pattern, unless the host says otherwise; a month alone starts nothing anew. */
export function restartsOf(pattern: NumberPattern, wished?: Restarts): Restarts {
  return wished ?? (/\{yy(yy)?\}/.test(pattern) ? 'yearly' : 'never');
}

export interface SeriesAround {
  /** What stands before the sequence number: 'FA-2026-'. Dates that do not tell series apart are still tokens. */
  prefix: string;
  suffix: string;
  width: number;
}

/** The series of that day. */
export function seriesOn(pattern: NumberPattern, date: Day, restarts?: Restarts): SeriesAround {
  return around(fillDates(pattern, date, PERIOD_TOKENS[restartsOf(pattern, restarts)]));
}

function around(pattern: string): SeriesAround {
  const [, prefix = '', width = '1', suffix = ''] = /^(.*?)\{seq(?::(\d+))?\}(.*)$/s.exec(pattern) ?? [];
  return { prefix, suffix, width: Number(width) };
}

/** @param tokens those that are filled in. Default: all */
export function fillDates(template: string, date: Day, tokens = PERIOD_TOKENS.monthly): string {
  const dates: Record<string, string> = { yyyy: date.slice(0, 4), yy: date.slice(2, 4), mm: date.slice(5, 7) };
  return template.replace(DATE_TOKEN, (all, token: string) => (tokens.includes(token) ? (dates[token] ?? '') : all));
}

export function numberOf(pattern: NumberPattern, sequence: number | string, date: Day): string {
  const { prefix, suffix, width } = around(fillDates(pattern, date));
  return `${prefix}${String(sequence).padStart(width, '0')}${suffix}`;
}

/** The number of a series; dates that do not tell series apart are those of `date`. */
export function numberIn({ prefix, suffix, width }: SeriesAround, sequence: number, date: Day): string {
  return `${fillDates(prefix, date)}${String(sequence).padStart(width, '0')}${fillDates(suffix, date)}`;
}

/** The sequence number in a number of this pattern, whatever its date; null when it does not fit. */
export function sequenceIn(pattern: NumberPattern, number: string): number | null {
  return readNumber(pattern, number)?.sequence ?? null;
}

/**
 * A number read by its pattern; null when it does not fit. `date`: the first day of the year and month that stand in it;
 * null without a year.
 */
export function readNumber(
  pattern: NumberPattern,
  number: string,
): { sequence: number; date: Day | null; lead: string } | null {
  const found = matcher(pattern, '(?<seq>\\d{1,15})').exec(number)?.groups;
  const date = found && dateIn(found);
  if (!found || date === undefined) return null;
  return { sequence: Number(found.seq), date, lead: leadOf(pattern) };
}

/** The date that the key of a series says, by its pattern; undefined when the key is none of this pattern's. */
export function readKey(pattern: NumberPattern, key: string, restarts?: Restarts): Day | null | undefined {
  const kept = PERIOD_TOKENS[restartsOf(pattern, restarts)];
  // Tokens that do not tell series apart stand in the key as they are.
  const { prefix, suffix } = around(pattern);
  const shown = suffix === '' && prefix !== '' ? prefix : `${prefix}{seq}${suffix}`;
  const found = matcher(shown, '\\{seq\\}', kept).exec(key);
  return found ? dateIn(found.groups ?? {}) : undefined;
}

/** What a series is called in addresses and tables: 'FA-2026-', 'INV-{seq}-24'. */
export function keyOf({ prefix, suffix }: Pick<SeriesAround, 'prefix' | 'suffix'>): string {
  return suffix === '' && prefix !== '' ? prefix : `${prefix}{seq}${suffix}`;
}

/** The literal before the first token: what hosts that keep the parts apart have as their prefix. */
export function leadOf(pattern: NumberPattern): string {
  return pattern.slice(0, pattern.indexOf('{'));
}

function matcher(pattern: string, sequence: string, tokens = PERIOD_TOKENS.monthly): RegExp {
  const seen = new Set<string>();
  const literal = (part: string): string => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const source = pattern.split(TOKEN).map((part, at) => {
    if (at % 2 === 0) return literal(part);
    if (part.startsWith('seq')) return sequence;
    if (!tokens.includes(part)) return literal(`{${part}}`);
    if (seen.has(part)) return `\\k<${part}>`;
    seen.add(part);
    return `(?<${part}>\\d{${part.length}})`;
  });
  return new RegExp(`^${source.join('')}$`, 's');
}

/** undefined: there is no such month; null: no year. */
function dateIn(groups: Partial<Record<string, string>>): Day | null | undefined {
  const { yyyy, yy, mm = '01' } = groups;
  if (!(Number(mm) >= 1 && Number(mm) <= 12)) return undefined;
  const year = yyyy ?? (yy === undefined ? undefined : `20${yy}`);
  return year === undefined ? null : `${year}-${mm}-01`;
}

/** The days whose documents share a sequence with `date`: the month, the year, or null for all. */
export function periodOf(pattern: NumberPattern, date: Day, restarts?: Restarts): { from: Day; before: Day } | null {
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(5, 7));
  const day = (y: number, m: number): Day => `${String(y).padStart(4, '0')}-${String(m).padStart(2, '0')}-01`;
  const how = restartsOf(pattern, restarts);
  if (how === 'monthly')
    return { from: day(year, month), before: month === 12 ? day(year + 1, 1) : day(year, month + 1) };
  return how === 'yearly' ? { from: day(year, 1), before: day(year + 1, 1) } : null;
}
