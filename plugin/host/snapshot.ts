/** Whole rows, exact whatever their columns' types, as JSON-safe values; and back. */
import type { Db, Id, Query, Row, Trx } from './contract';
import { byKey, CHUNK, chunks, insertRows, isMysql, textOf } from './sql';

interface Column {
  name: string;
  /** Lower case; '' on SQLite, where values carry their type. */
  type: string;
}
/** Columns that may be written, by table: generated ones are left out. */
export type Columns = Map<string, Column[]>;

/** A whole number beyond 2^53 as text: JavaScript's number would be another one. Its column makes it a number again. */
const SQLITE_EXACT =
  "CASE WHEN typeof(??) = 'integer' AND abs(??) > 9007199254740991 THEN CAST(?? AS TEXT) ELSE ?? END";
const BINARY = /binary|blob|^bit$|geometry|point|linestring|polygon|collection/;

/** One query for all the tables. */
export async function columnsOf(db: Db, tables: string[]): Promise<Columns> {
  const names = [...new Set(tables)];
  const rows = (await (isMysql(db) ? mysqlColumns(db, names) : sqliteColumns(db, names))) as unknown as Row[];
  const columns: Columns = new Map(names.map((name) => [name, []]));
  for (const row of rows) {
    const table = textOf(row.tablename) ?? '';
    const name = names.find((one) => one === table || one.split('.').pop() === table);
    columns
      .get(name ?? table)
      ?.push({ name: textOf(row.columnname) ?? '', type: (textOf(row.type) ?? '').toLowerCase() });
  }
  return columns;
}

function mysqlColumns(db: Db, tables: string[]): Query {
  return db
    .select(db.raw('c.TABLE_NAME AS tablename, c.COLUMN_NAME AS columnname, c.DATA_TYPE AS ??', ['type']))
    .from(db.raw('information_schema.COLUMNS c'))
    .where((any) => {
      for (const table of tables) {
        const [name, schema] = table.split('.').reverse();
        any.orWhereRaw(`(c.TABLE_SCHEMA = ${schema ? '?' : 'DATABASE()'} AND c.TABLE_NAME = ?)`, [
          ...(schema ? [schema] : []),
          name ?? table,
        ]);
      }
    })
    .whereRaw("c.EXTRA NOT LIKE '%VIRTUAL%' AND c.EXTRA NOT LIKE '%STORED%'")
    .orderByRaw('c.TABLE_NAME, c.ORDINAL_POSITION') as Query;
}

function sqliteColumns(db: Db, tables: string[]): Query {
  return db
    .select(db.raw("t.value AS tablename, c.name AS columnname, '' AS ??", ['type']))
    .from(db.raw('json_each(?) t, pragma_table_xinfo(t.value) c', [JSON.stringify(tables)]))
    .whereRaw('c.hidden = 0') as Query;
}

/** Rows with all their columns: text and numbers as they are, bytes as `{ hex }`. `narrow` gets the table under the alias `r`. */
export async function readExact(
  db: Db,
  columns: Columns,
  table: string,
  narrow: (query: Query) => void,
): Promise<Row[]> {
  const wanted = columns.get(table) ?? [];
  const query = db({ r: table }) as Query;
  const mysql = isMysql(db);
  wanted.forEach(({ name, type }, index) => {
    // Aliases by position: the host's case mappers must not rename columns that are written back.
    const read = mysql ? mysqlText(type) : SQLITE_EXACT;
    query.select(
      db.raw(`${read} AS ??`, [...Array<string>(read.split('??').length - 1).fill(`r.${name}`), `c${index}`]),
    );
  });
  narrow(query);
  const rows = (await (db.isTransaction ? query.forUpdate() : query)) as Row[];
  return rows.map((row) =>
    Object.fromEntries(
      wanted.map(({ name, type }, index) => {
        const value = row[`c${index}`];
        return [name, mysql && BINARY.test(type) && value !== null ? { hex: value } : jsonSafe(value)];
      }),
    ),
  );
}

function mysqlText(type: string): string {
  if (BINARY.test(type)) return 'HEX(??)';
  // As text a FLOAT has six digits only; as a DOUBLE it has all.
  if (type === 'float' || type === 'double') return 'CAST(?? + 0e0 AS CHAR)';
  return 'CAST(?? AS CHAR)';
}

function jsonSafe(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return { hex: Buffer.from(value).toString('hex') };
  if (ArrayBuffer.isView(value))
    return { hex: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex') };
  return typeof value === 'bigint' ? String(value) : value;
}

/** A value of `readExact` as the driver takes it. */
export function bindable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('hex' in value)) return value;
  const hex = String(value.hex);
  // HEX() of a BIT column may have an odd number of digits.
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
}

export function bindableRow(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, bindable(value)]));
}

export async function insertExact(trx: Trx, table: string, rows: Row[]): Promise<void> {
  await insertRows(trx, table, rows.map(bindableRow));
}

/** Puts rows that still exist back as they were: one UPDATE per 500, of the columns that differ. */
export async function putBack(trx: Trx, columns: Columns, table: string, key: string, rows: Row[]): Promise<void> {
  const now = await readExact(trx, columns, table, (query) => {
    query.whereIn(`r.${key}`, rows.map((row) => bindable(row[key])) as string[]);
  });
  const nowByKey = new Map(now.map((row) => [String(row[key]), row]));
  const different = Object.keys(rows[0] ?? {}).filter(
    (column) =>
      columns.get(table)?.some(({ name }) => name === column) &&
      rows.some((row) => JSON.stringify(row[column]) !== JSON.stringify(nowByKey.get(String(row[key]))?.[column])),
  );
  if (different.length === 0) return;
  const size = Math.max(1, Math.min(CHUNK, Math.floor(15000 / different.length)));
  for (const part of chunks(rows, size))
    await trx(table)
      .whereIn(key, part.map((row) => bindable(row[key])) as string[])
      .update(
        Object.fromEntries(
          different.map((column) => [
            column,
            byKey(
              trx,
              key,
              part.map((row) => [bindable(row[key]), bindable(row[column])]),
            ),
          ]),
        ),
      );
}

export function idOf(row: Row, key: string): Id {
  return textOf(row[key]) ?? '';
}
