/** The one place that knows how the two engines differ: exact reads, integer sums, locks, concatenation. */
import Big from 'big.js';
import type { Knex } from 'knex';
import { PluginError } from '../errors';
import type { Decimal } from '../money/types';
import type { Day, Db, Id, Row } from './contract';

/** Ids or rows that one statement takes. */
export const CHUNK = 500;
/** SQLite refuses more variables than 32766 in one statement. */
const MOST_BINDINGS = 30000;
/** Characters in one INSERT: quoted and in UTF-8 they may become four times as many bytes, and MariaDB takes 16 MB. */
const MOST_TEXT = 3_000_000;
/** Decimals that sums keep on SQLite, where they run over integers: as many as the finest currency has. */
const SUM_SCALE = 4;

/** MySQL and MariaDB; false = SQLite. Throws IM_DATABASE_UNSUPPORTED 500 for any other. */
export function isMysql(db: Db): boolean {
  const dialect = (db.client as { dialect?: string }).dialect ?? '';
  if (dialect === 'mysql') return true;
  if (dialect === 'sqlite3') return false;
  throw new PluginError('IM_DATABASE_UNSUPPORTED', 500, { dialect });
}

/** A column as text, so that neither the host's driver options nor JavaScript's floats change it; `alias` has no underscore (case mappers). */
export function text(db: Db, column: string, alias: string): Knex.Raw {
  return db.raw(isMysql(db) ? 'CAST(?? AS CHAR) AS ??' : 'CAST(?? AS TEXT) AS ??', [column, alias]);
}

/** Exact sum of a decimal column as text: SQLite's own SUM adds floats. Read it with `sumFrom`. */
export function sum(db: Db, column: string): Knex.Raw {
  return isMysql(db)
    ? db.raw('CAST(SUM(CAST(?? AS DECIMAL(38, 10))) AS CHAR)', [column])
    : db.raw(`CAST(SUM(CAST(ROUND(?? * 1e${SUM_SCALE}) AS INTEGER)) AS TEXT)`, [column]);
}

/** The same over amounts in a JSON document, added up row by row: `totals.taxInclusive + totals.adjustment …`. Nulls are left out. */
export function sumOfJson(db: Db, column: string, names: string[]): Knex.Raw {
  const amount = isMysql(db)
    ? 'CAST(JSON_UNQUOTE(JSON_EXTRACT(??, ?)) AS DECIMAL(38, 10))'
    : `CAST(ROUND(json_extract(??, ?) * 1e${SUM_SCALE}) AS INTEGER)`;
  const bindings = names.flatMap((name) => [column, `$.${name}`]);
  return db.raw(`CAST(SUM(${names.map(() => amount).join(' + ')}) AS ${isMysql(db) ? 'CHAR' : 'TEXT'})`, bindings);
}

export function sumFrom(db: Db, value: unknown): Decimal {
  const read = new Big(decimal(value));
  return (isMysql(db) ? read : read.times(`1e-${SUM_SCALE}`)).toFixed();
}

/** Largest value of a whole-number column or expression, as text. */
export function max(db: Db, expression: string, bindings: Knex.RawBinding[], alias: string): Knex.Raw {
  return db.raw(`CAST(MAX(${expression}) AS ${isMysql(db) ? 'CHAR' : 'TEXT'}) AS ??`, [...bindings, alias]);
}

/** Rows of a transaction are read as they are now, also under REPEATABLE READ with an older snapshot. SQLite ignores it. */
export function latest<Q extends Knex.QueryBuilder>(db: Db, query: Q): Q {
  return db.isTransaction ? (query.forShare() as Q) : query;
}

/** `column`, a line break, `addition`; the addition alone where the column is empty. */
export function appended(db: Db, column: string, addition: string): Knex.Raw {
  const joined = isMysql(db) ? 'CONCAT(??, ?, ?)' : '?? || ? || ?';
  return db.raw(`CASE WHEN ?? IS NULL OR ?? = '' THEN ? ELSE ${joined} END`, [
    column,
    column,
    addition,
    column,
    '\n',
    addition,
  ]);
}

export function contains(db: Db, column: string, term: string): Knex.Raw {
  return db.raw(`?? LIKE ? ESCAPE '!'`, [column, `%${likeLiteral(term)}%`]);
}

export function likeLiteral(value: string): string {
  return value.replace(/[!%_]/g, '!$&');
}

/** What a driver gave, as text; null stays null. */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'object') return JSON.stringify(value);
  return `${value as string | number | bigint}`;
}

/** As much of a name or number as its column holds (190 characters): what somebody is called must not stop a merge. */
export function clipped<T extends string | null>(value: T): T {
  return (value && Array.from(value).slice(0, 190).join('')) as T;
}

/** Canonical decimal text ('12.5'); empty is '0'. */
export function decimal(value: unknown): Decimal {
  const read = textOf(value)?.trim();
  if (!read) return '0';
  try {
    return new Big(read).toFixed();
  } catch (cause) {
    throw new PluginError('IM_HOST_FAULT', 500, { value: read, expected: 'decimal' }, { cause });
  }
}

/** 'YYYY-MM-DD' from a date or a moment; null for empty and MySQL's zero date. */
export function day(value: unknown): Day | null {
  const read = textOf(value)?.trim();
  if (!read || read.startsWith('0000-00-00')) return null;
  // Knex stores a JavaScript Date as milliseconds on SQLite.
  if (/^-?\d{9,}(\.0)?$/.test(read)) return localDay(new Date(Number(read)));
  return read.slice(0, 10);
}

function localDay(date: Date): Day {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A yes/no column of any shape: 0/1, BIT, a moment that was set, text. */
export function flag(value: unknown): boolean {
  const read = textOf(value)?.trim().toLowerCase();
  if (!read || read === '\0' || read === 'false' || read === 'no' || read.startsWith('0000-00-00')) return false;
  return Number(read) !== 0;
}

/** Text that reads the same on both engines: '1.00' of a DECIMAL is '1'. */
export function canonical(value: unknown): string | null {
  const read = textOf(value);
  return read !== null && /^-?\d{1,30}\.\d+$/.test(read) ? new Big(read).toFixed() : read;
}

export function chunks<T>(items: readonly T[], size = CHUNK): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < items.length; at += size) result.push(items.slice(at, at + size));
  return result;
}

/** Reads for ids, a chunk at a time. */
export async function forIds<T>(ids: readonly Id[], read: (ids: Id[]) => PromiseLike<T[]>): Promise<T[]> {
  const found: T[] = [];
  for (const part of chunks([...new Set(ids)])) found.push(...(await read(part)));
  return found;
}

/** Inserts rows that all have the same columns, as few statements as `portions` gives. */
export async function insertRows(trx: Db, table: string, rows: Row[]): Promise<void> {
  for (const part of portions(rows)) await trx(table).insert(part);
}

/** Rows that one INSERT takes: 500, fewer where SQLite's variables run out or long texts fill the server's max_allowed_packet. */
export function portions<R extends object>(rows: readonly R[]): R[][] {
  const width = Math.max(1, Object.keys(rows[0] ?? {}).length);
  const most = Math.min(CHUNK, Math.floor(MOST_BINDINGS / width));
  const result: R[][] = [];
  let weight = 0;
  for (const row of rows) {
    const own = Object.values(row).reduce<number>((total, value) => total + lengthOf(value), 0);
    const last = result.at(-1);
    if (last && last.length < most && weight + own <= MOST_TEXT) {
      last.push(row);
      weight += own;
    } else {
      result.push([row]);
      weight = own;
    }
  }
  return result;
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 0;
}

/** `CASE key WHEN ? THEN ? … END`, for setting different rows in one UPDATE. */
export function byKey(db: Db, key: string, values: [unknown, unknown][]): Knex.Raw {
  return db.raw(`CASE ?? ${'WHEN ? THEN ? '.repeat(values.length)}END`, [key, ...(values.flat() as Knex.RawBinding[])]);
}

/** A fixed row (`{ rel_type: 'invoice' }`) as conditions on an alias. */
export function under(alias: string, fixed: Row | undefined): Row {
  return Object.fromEntries(Object.entries(fixed ?? {}).map(([column, value]) => [`${alias}.${column}`, value]));
}
