/** Number patterns: literals, {seq} {seq:5} {yyyy} {yy} {mm}. Pure. */
import type { Day, NumberPattern } from './contract';

const TOKEN = /\{(seq(?::\d{1,2})?|yyyy|yy|mm)\}/g;

/** What is wrong with a pattern, as a mend; null when nothing is. */
export function patternFault(pattern: NumberPattern): string | null {
  if (typeof pattern !== 'string') return 'give a pattern such as "FA-{yyyy}-{seq:5}"';
  const sequences = pattern.match(/\{seq(?::\d{1,2})?\}/g) ?? [];
  if (sequences.length !== 1) return `write {seq} exactly once in ${JSON.stringify(pattern)}`;
  if (/[{}]/.test(pattern.replace(TOKEN, '')))
    return `use only {seq}, {seq:5}, {yyyy}, {yy} and {mm} in ${JSON.stringify(pattern)}`;
  return null;
}

export interface SeriesAround {
  /** What stands before the sequence number on that day: 'FA-2026-'. */
  prefix: string;
  suffix: string;
  width: number;
}

export function seriesOn(pattern: NumberPattern, date: Day): SeriesAround {
  const dates: Record<string, string> = { yyyy: date.slice(0, 4), yy: date.slice(2, 4), mm: date.slice(5, 7) };
  const dated = pattern.replace(/\{(yyyy|yy|mm)\}/g, (_all, token: string) => dates[token] ?? '');
  const [, prefix = '', width = '1', suffix = ''] = /^(.*?)\{seq(?::(\d+))?\}(.*)$/s.exec(dated) ?? [];
  return { prefix, suffix, width: Number(width) };
}

export function numberOf(pattern: NumberPattern, sequence: number | string, date: Day): string {
  const { prefix, suffix, width } = seriesOn(pattern, date);
  return `${prefix}${String(sequence).padStart(width, '0')}${suffix}`;
}

/** The sequence number in a number of this pattern, whatever its date; null when it does not fit. */
export function sequenceIn(pattern: NumberPattern, number: string): number | null {
  const source = pattern.split(TOKEN).map((part, at) => {
    if (at % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    if (part === 'yyyy') return '\\d{4}';
    return part.startsWith('seq') ? '(\\d{1,15})' : '\\d{2}';
  });
  const found = new RegExp(`^${source.join('')}$`).exec(number)?.[1];
  return found === undefined ? null : Number(found);
}

/** The days whose documents share a sequence with `date`: the month, the year, or null for all. */
export function periodOf(pattern: NumberPattern, date: Day): { from: Day; before: Day } | null {
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(5, 7));
  if (pattern.includes('{mm}')) {
    const [nextYear, nextMonth] = month === 12 ? [year + 1, 1] : [year, month + 1];
    return { from: `${date.slice(0, 7)}-01`, before: `${nextYear}-${String(nextMonth).padStart(2, '0')}-01` };
  }
  return /\{yy(yy)?\}/.test(pattern) ? { from: `${year}-01-01`, before: `${year + 1}-01-01` } : null;
}
