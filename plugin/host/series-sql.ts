/** Conditions of SQL for the documents of a series: without REGEXP, by the number's own prefix where an index has it. */
import type { Knex } from 'knex';
import type { Day, Db, NumberPattern, Query, TableMap } from './contract';
import { INVOICES } from './heads';
import { leadOf, numberOf, readNumber, type SeriesAround } from './patterns';
import { numberColumns, patternsOf, type DocumentType, type Series } from './series';
import { isMysql, likeLiteral } from './sql';

/** SQL with its bindings. */
export interface Expression {
  sql: string;
  bindings: Knex.RawBinding[];
}

const at = (column: string): string => `${INVOICES}.${column}`;

/** Where documents of this type are. */
export function documentTable(map: TableMap, type: DocumentType) {
  if (type === 'credit_note') {
    const notes = map.creditNotes;
    return notes && { table: notes.table, id: notes.id, date: notes.date };
  }
  const { table, id, issueDate } = map.invoices;
  return { table, id, date: issueDate };
}

/** All rows of the type's table, as the host narrows it. */
export function allDocuments(db: Db, map: TableMap, type: DocumentType): Query {
  const query = db({ [INVOICES]: documentTable(map, type)?.table ?? '' }) as Query;
  if (type === 'invoice') map.invoices.only?.(query, INVOICES);
  return query;
}

/** The documents that bear a number of the series. @param hidden also what the host hides: soft-deleted ones, say */
export function documentsIn(db: Db, map: TableMap, series: Series, hidden = false): Query {
  const all = hidden
    ? (db({ [INVOICES]: documentTable(map, series.type)?.table ?? '' }) as Query)
    : allDocuments(db, map, series.type);
  return within(db, all, map, series);
}

/** Adds the conditions of the series to a query over the type's table. */
export function within(db: Db, query: Query, map: TableMap, series: Series): Query {
  const columns = numberColumns(map, series.type);
  if (columns === undefined) return query.whereRaw('1 = 0');
  if (typeof columns === 'string') {
    fitting(db, query, columns, series);
    for (const earlier of overlapping(map, series))
      query.whereNot((one) => void fitting(db, one as Query, columns, around(earlier)));
    return query;
  }
  const { sequence, prefix, date } = columns;
  // Hosts that keep the sequence apart often write 0 into drafts.
  query.where(at(sequence), '>', 0);
  if (series.period) query.where(at(date), '>=', series.period.from).where(at(date), '<', series.period.before);
  if (prefix !== undefined && series.stored !== null) withPrefix(query, prefix, map, series);
  return query;
}

/** Documents without a prefix of their own are shown under the first pattern's. */
function withPrefix(query: Query, column: string, map: TableMap, { type, stored }: Series): void {
  const isFirst = leadOf(patternsOf(map, type)[0] ?? '') === stored;
  query.where((one) => {
    void one.where(at(column), stored);
    if (isFirst) void one.orWhereNull(at(column)).orWhere(at(column), '');
  });
}

const around = (pattern: NumberPattern): SeriesAround => {
  const [, prefix = '', suffix = ''] = /^(.*?)\{seq(?::\d+)?\}(.*)$/s.exec(pattern) ?? [];
  return { prefix, suffix, width: 1 };
};

const SAMPLE_DAY: Day = '2026-11-28';

/** Patterns that come before this one and whose numbers it would read as its own. */
function overlapping(map: TableMap, { type, pattern }: Series): NumberPattern[] {
  const patterns = patternsOf(map, type);
  return patterns
    .slice(0, Math.max(patterns.indexOf(pattern), 0))
    .filter((earlier) => readNumber(pattern, numberOf(earlier, 1, SAMPLE_DAY)) !== null);
}

/** The sequence number of a row that `within` lets through. */
export function sequenceOf(db: Db, map: TableMap, series: Series): Expression {
  const columns = numberColumns(map, series.type);
  if (typeof columns === 'object') return { sql: '??', bindings: [at(columns.sequence)] };
  const { sql, bindings } = tailOf(db, columns ?? '', series);
  return { sql: `CAST(${sql} AS ${isMysql(db) ? 'UNSIGNED' : 'INTEGER'})`, bindings };
}

/** Narrows a query over the invoice table. */
export function onlyCancelled(query: Query, { invoices: { status } }: TableMap): Query {
  if ('column' in status) return query.whereIn(at(status.column), [status.values.cancelled].flat());
  return query.where((narrowed) => void status.where(narrowed, ['cancelled'], INVOICES));
}

const TOKENS = /\{(yyyy|yy|mm)\}/g;
const lengthOf = (template: string): number =>
  Array.from(template.replace(TOKENS, (_all, token: string) => token)).length;

/** What stands where the sequence number is. */
function tailOf(db: Db, column: string, { prefix, suffix }: SeriesAround): Expression {
  const [before, after] = [lengthOf(prefix), lengthOf(suffix)];
  const length = `${isMysql(db) ? 'CHAR_LENGTH' : 'LENGTH'}(??)`;
  if (after === 0) return { sql: `SUBSTR(??, ${before + 1})`, bindings: [at(column)] };
  return { sql: `SUBSTR(??, ${before + 1}, ${length} - ${before + after})`, bindings: [at(column), at(column)] };
}

/** Numbers with this around them: digits where the sequence is and where dates are, and no more than fifteen. */
export function fitting(db: Db, query: Query, column: string, series: SeriesAround): void {
  const { prefix, suffix } = series;
  const mysql = isMysql(db);
  const [before, after] = [lengthOf(prefix), lengthOf(suffix)];
  const tail = tailOf(db, column, series);
  if (mysql) query.whereRaw(`?? LIKE ? ESCAPE '!'`, [at(column), `${likeOf(prefix)}%${likeOf(suffix)}`]);
  else query.whereRaw('?? GLOB ?', [at(column), `${globOf(prefix)}*${globOf(suffix)}`]);
  // Fifteen digits: what is longer is no sequence, and JavaScript could not count on.
  query.whereRaw(`${mysql ? 'CHAR_LENGTH' : 'LENGTH'}(??) BETWEEN ${before + after + 1} AND ${before + after + 15}`, [
    at(column),
  ]);
  digits(query, tail, mysql);
  for (const { offset, token } of [...tokensOf(prefix, 1), ...tokensOf(suffix, -after)]) {
    const part = { sql: `SUBSTR(??, ${offset}, ${token.length})`, bindings: [at(column)] };
    if (mysql) digits(query, part, mysql);
    if (token === 'mm') query.whereRaw(`${part.sql} BETWEEN '01' AND '12'`, part.bindings);
  }
}

/** Its own number padded to its own length is what it is only when it is made of digits. */
function digits(query: Query, { sql, bindings }: Expression, mysql: boolean): void {
  if (mysql)
    query.whereRaw(`LPAD(CAST(${sql} AS UNSIGNED), CHAR_LENGTH(${sql}), '0') = ${sql}`, [
      ...bindings,
      ...bindings,
      ...bindings,
    ]);
  else query.whereRaw(`${sql} NOT GLOB '*[^0-9]*'`, bindings);
}

function tokensOf(template: string, start: number): { offset: number; token: string }[] {
  return [...template.matchAll(TOKENS)].map((found) => ({
    offset: start + lengthOf(template.slice(0, found.index)),
    token: found[1] ?? '',
  }));
}

const byParts = (template: string, literal: (text: string) => string, digit: string): string =>
  template
    .split(TOKENS)
    .map((part, index) => (index % 2 === 0 ? literal(part) : digit.repeat(part.length)))
    .join('');

const likeOf = (template: string): string => byParts(template, likeLiteral, '_');
const globOf = (template: string): string => byParts(template, (text) => text.replace(/[*?[]/g, '[$&]'), '[0-9]');
