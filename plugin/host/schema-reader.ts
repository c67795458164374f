/** Reads what tables, columns and foreign keys a database has: information_schema on MySQL/MariaDB, PRAGMA on SQLite. */
import type { Knex } from 'knex';
import { PluginError } from '../errors';

export type ColumnKind = 'integer' | 'decimal' | 'float' | 'text' | 'time' | 'other';

export interface SchemaColumn {
  name: string;
  /** As declared, in lower case: 'int(10) unsigned'. */
  type: string;
  kind: ColumnKind;
  collation: string | null;
}
export interface SchemaTable {
  name: string;
  view: boolean;
  /** MySQL's storage engine in lower case; null on SQLite and for views. */
  storage: string | null;
  columns: SchemaColumn[];
  primaryKey: string[];
  foreignKeys: { column: string; references: string }[];
}
export interface Schema {
  engine: 'mysql' | 'sqlite';
  tables: SchemaTable[];
  /** By the rules of the database for the case of table names. */
  table(name: string): SchemaTable | undefined;
  /** Two names of one table? */
  same(one: string, other: string): boolean;
}

export function columnOf(table: SchemaTable | undefined, name: string): SchemaColumn | undefined {
  return table?.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}

/**
 * The whole schema that the handle is connected to, with three statements one after the other.
 * Throws IM_DATABASE_UNSUPPORTED on anything but MySQL, MariaDB and SQLite.
 */
export async function readSchema(knex: Knex): Promise<Schema> {
  const { dialect } = knex.client as { dialect?: string };
  if (dialect === 'mysql') return readMysql(knex);
  if (dialect === 'sqlite3') return readSqlite(knex);
  throw new PluginError('IM_DATABASE_UNSUPPORTED', 500, { dialect });
}

/** The rows of a statement without parameters, whatever the driver wraps them in. */
export async function rawRows(knex: Knex, sql: string): Promise<object[]> {
  const answer: unknown = await knex.raw(sql);
  const rows: unknown = Array.isArray(answer) && Array.isArray(answer[0]) ? answer[0] : answer;
  return Array.isArray(rows) ? (rows as object[]) : [];
}

/** Values by position: a handle whose postProcessResponse renames keys is one of the faults to be told, not to fall over. */
async function values(knex: Knex, sql: string): Promise<unknown[][]> {
  return (await rawRows(knex, sql)).map((row) => Object.values(row) as unknown[]);
}

async function readMysql(knex: Knex): Promise<Schema> {
  const columns = await values(
    knex,
    `SELECT t.TABLE_NAME AS a, t.TABLE_TYPE AS b, t.ENGINE AS c, c.COLUMN_NAME AS d, c.COLUMN_TYPE AS e, c.COLLATION_NAME AS f, c.COLUMN_KEY AS g
       FROM information_schema.TABLES t
       JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
      WHERE t.TABLE_SCHEMA = DATABASE() ORDER BY t.TABLE_NAME, c.ORDINAL_POSITION`,
  );
  const keys = await values(
    knex,
    `SELECT TABLE_NAME AS a, COLUMN_NAME AS b, REFERENCED_TABLE_NAME AS c
       FROM information_schema.KEY_COLUMN_USAGE
      WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY TABLE_NAME, COLUMN_NAME`,
  );
  const [names] = await values(knex, 'SELECT @@lower_case_table_names AS a');
  return assemble('mysql', Number(names?.[0] ?? 0) !== 0, columns, keys);
}

async function readSqlite(knex: Knex): Promise<Schema> {
  const columns = await values(
    knex,
    `SELECT m.name AS a, CASE m.type WHEN 'view' THEN 'VIEW' ELSE 'BASE TABLE' END AS b, NULL AS c,
            p.name AS d, p.type AS e, NULL AS f, CASE WHEN p.pk > 0 THEN 'PRI' ELSE '' END AS g
       FROM sqlite_master m JOIN pragma_table_info(m.name) p
      WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, p.cid`,
  );
  const keys = await values(
    knex,
    `SELECT m.name AS a, f."from" AS b, f."table" AS c
       FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
      WHERE m.type = 'table' ORDER BY m.name, f."from"`,
  );
  return assemble('sqlite', true, columns, keys);
}

function assemble(engine: Schema['engine'], foldsCase: boolean, columns: unknown[][], keys: unknown[][]): Schema {
  const keyOf = (name: string): string => (foldsCase ? name.toLowerCase() : name);
  const tables = new Map<string, SchemaTable>();
  for (const [table, type, storage, name, declared, collation, key] of columns as (string | null)[][]) {
    const known = tables.get(keyOf(table ?? '')) ?? {
      name: table ?? '',
      view: type !== 'BASE TABLE',
      storage: storage?.toLowerCase() ?? null,
      columns: [],
      primaryKey: [],
      foreignKeys: [],
    };
    tables.set(keyOf(known.name), known);
    const lower = (declared ?? '').toLowerCase();
    known.columns.push({ name: name ?? '', type: lower, kind: kindOf(lower), collation: collation ?? null });
    if (key === 'PRI') known.primaryKey.push(name ?? '');
  }
  for (const [table, column, references] of keys as string[][])
    tables.get(keyOf(table ?? ''))?.foreignKeys.push({ column: column ?? '', references: references ?? '' });
  return {
    engine,
    tables: [...tables.values()],
    table: (name) => tables.get(keyOf(name)),
    same: (one, other) => keyOf(one) === keyOf(other),
  };
}

function kindOf(type: string): ColumnKind {
  if (/^(date|time|year)/.test(type)) return 'time';
  if (/^(tiny|small|medium|big|unsigned big )?int/.test(type)) return 'integer';
  if (/char|text|clob|enum|uuid|^set\b/.test(type)) return 'text';
  if (/^(dec|numeric|fixed)/.test(type)) return 'decimal';
  if (/float|double|real/.test(type)) return 'float';
  return 'other';
}
