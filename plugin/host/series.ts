/** What series a host's documents are in, by the patterns of its map. Pure. */
import type { Day, NumberPattern, TableMap } from './contract';
import {
  keyOf,
  leadOf,
  numberIn,
  periodOf,
  readKey,
  readNumber,
  seriesOn,
  type Restarts,
  type SeriesAround,
} from './patterns';

export type DocumentType = 'invoice' | 'credit_note';

export interface Series extends SeriesAround {
  /** Its name in addresses and tables: 'FA-2026-'. */
  key: string;
  type: DocumentType;
  pattern: NumberPattern;
  /** The days of its documents; null: all. */
  period: { from: Day; before: Day } | null;
  /** What the host's own prefix column says, where the map names one. */
  stored: string | null;
}

/** Of credit notes, where an invoice's series is called the same: their sequences are apart. */
const CREDIT_NOTE_MARK = 'credit_note:';

const seriesMap = (map: TableMap, type: DocumentType) => map.series?.[type === 'invoice' ? 'invoice' : 'creditNote'];

export const numberColumns = (map: TableMap, type: DocumentType) =>
  type === 'invoice' ? map.invoices.number : map.creditNotes?.number;

/** The first is for new numbers. */
export const patternsOf = (map: TableMap, type: DocumentType): NumberPattern[] => seriesMap(map, type)?.patterns ?? [];

export const nextOf = (map: TableMap, type: DocumentType) => seriesMap(map, type)?.next;

export const restartsIn = (map: TableMap, type: DocumentType): Restarts | undefined => seriesMap(map, type)?.restarts;

/** Whether the host has a prefix column, whose values tell series apart. */
function keepsPrefix(map: TableMap, type: DocumentType): boolean {
  const columns = numberColumns(map, type);
  return typeof columns === 'object' && columns.prefix !== undefined;
}

/** The pattern as documents with this stored prefix show it. */
export function patternUnder(map: TableMap, type: DocumentType, stored: string | null): NumberPattern | undefined {
  const patterns = patternsOf(map, type);
  if (!keepsPrefix(map, type) || stored === null || stored === '') return patterns[0];
  const own = patterns.find((pattern) => leadOf(pattern) === stored);
  return own ?? (patterns[0] && stored + patterns[0].slice(leadOf(patterns[0]).length));
}

/** The series of this pattern on that day. */
export function seriesOf(map: TableMap, type: DocumentType, pattern: NumberPattern, date: Day): Series {
  const restarts = restartsIn(map, type);
  const around = seriesOn(pattern, date, restarts);
  const plain = keyOf(around);
  const isShared = type === 'credit_note' && patternsOf(map, 'invoice').some((one) => isKeyOf(map, one, plain));
  return {
    ...around,
    key: (isShared ? CREDIT_NOTE_MARK : '') + plain,
    type,
    pattern,
    period: periodOf(pattern, date, restarts),
    stored: keepsPrefix(map, type) ? leadOf(pattern) : null,
  };
}

const isKeyOf = (map: TableMap, invoicePattern: NumberPattern, key: string): boolean =>
  readKey(invoicePattern, key, restartsIn(map, 'invoice')) !== undefined;

/** Whose next number a document of that day gets; null where the map has no pattern. */
export function currentSeries(map: TableMap, type: DocumentType, date: Day): Series | null {
  const [pattern] = patternsOf(map, type);
  return pattern === undefined ? null : seriesOf(map, type, pattern, date);
}

/** A day that no period asks about. */
const ANY_DAY = '2000-01-01';

/** The series and sequence number of a number as people write it; null when it fits no pattern. */
export function seriesOfNumber(
  map: TableMap,
  type: DocumentType,
  number: string,
): { series: Series; sequence: number } | null {
  for (const pattern of patternsWritten(map, type, number)) {
    const read = readNumber(pattern, number);
    if (read) return { series: seriesOf(map, type, pattern, read.date ?? ANY_DAY), sequence: read.sequence };
  }
  return null;
}

/** The host's patterns, and where it stores prefixes the first one under the prefix that the number seems to have. */
function patternsWritten(map: TableMap, type: DocumentType, number: string): NumberPattern[] {
  const patterns = patternsOf(map, type);
  const [first] = patterns;
  if (first === undefined || !keepsPrefix(map, type)) return patterns;
  const foreign = /^[^\d{}]+/.exec(number)?.[0];
  return foreign === undefined ? patterns : [...patterns, foreign + first.slice(leadOf(first).length)];
}

/** The series that this key names; null when no pattern makes it. */
export function seriesOfKey(map: TableMap, key: string): Series | null {
  for (const type of ['invoice', 'credit_note'] as const) {
    const isMarked = key.startsWith(CREDIT_NOTE_MARK);
    const plain = type === 'credit_note' && isMarked ? key.slice(CREDIT_NOTE_MARK.length) : key;
    for (const pattern of patternsWritten(map, type, plain)) {
      const date = readKey(pattern, plain, restartsIn(map, type));
      if (date === undefined) continue;
      const series = seriesOf(map, type, pattern, date ?? ANY_DAY);
      if (series.key === key) return series;
    }
  }
  return null;
}

/** A number of the series, with the dates of `date` where it has any that tell no series apart. */
export const numberInSeries = (series: Series, sequence: number, date: Day | null): string =>
  numberIn(series, sequence, date ?? series.period?.from ?? ANY_DAY);

/** The sequence number of a number of this very series; null when it is of another. */
export function sequenceInSeries(map: TableMap, series: Series, number: string): number | null {
  const read = seriesOfNumber(map, series.type, number);
  return read?.series.key === series.key ? read.sequence : null;
}
