/** Schema changes on SQLite. They are transactional: a step and its bookkeeping are one. */
import type { Connection } from './connection';
import { fault, MISSING } from './fault';
import type { Schema, StepReport } from './step';

const TYPES: Schema['types'] = {
  // No AUTOINCREMENT: its sqlite_sequence table could never be dropped again.
  autoId: 'INTEGER NOT NULL PRIMARY KEY',
  bigint: 'INTEGER',
  int: 'INTEGER',
  flag: 'INTEGER',
  long: 'TEXT',
  blob: 'BLOB',
  text: 'TEXT',
  time: 'TEXT',
  char: () => 'TEXT',
  varchar: () => 'TEXT',
  exact: () => 'TEXT',
};

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const list = (names: string[]): string => names.map(quote).join(', ');

/** @param report told after each change */
export function sqliteSchema(connection: Connection, report: (table: string, way: StepReport['way']) => void): Schema {
  const columnsOf = async (table: string): Promise<{ name: string; type: string }[]> => {
    const rows = await connection.rows(`PRAGMA table_xinfo(${quote(table)})`);
    return rows.map((row) => ({ name: String(row.name), type: String(row.type) }));
  };
  const hasColumn = async (table: string, column: string): Promise<boolean> =>
    (await columnsOf(table)).some(({ name }) => name.toLowerCase() === column.toLowerCase());

  const isThere = async (type: 'table' | 'index', name: string): Promise<boolean> => {
    const rows = await connection.rows(
      'SELECT 1 AS found FROM sqlite_master WHERE type = ? AND name = ? COLLATE NOCASE',
      [type, name],
    );
    return rows.length > 0;
  };

  const change = async (table: string, way: StepReport['way'], statements: string[]): Promise<void> => {
    for (const sql of statements) await connection.rows(sql);
    if (statements.length > 0) report(table, way);
  };

  return {
    engine: 'sqlite',
    types: TYPES,
    quote,

    async typeOf(table, column) {
      const found = (await columnsOf(table)).find(({ name }) => name.toLowerCase() === column.toLowerCase());
      if (!found) throw fault('IM_HOST_FAULT', 500, { where: `${table}.${column}`, mend: MISSING });
      return found.type;
    },

    hasTable: (table) => isThere('table', table),
    hasIndex: (_table, name) => isThere('index', name),

    async isServed(table, columns) {
      for (const index of await connection.rows(`PRAGMA index_list(${quote(table)})`)) {
        if (Number(index.partial) !== 0) continue;
        const rows = await connection.rows(`PRAGMA index_info(${quote(String(index.name))})`);
        const names = rows.map((row) => String(row.name).toLowerCase());
        if (columns.every((column, at) => names[at] === column.toLowerCase())) return true;
      }
      return false;
    },

    async hasForeignKey(table, column) {
      const rows = await connection.rows(`PRAGMA foreign_key_list(${quote(table)})`);
      return rows.some((row) => Number(row.seq) === 0 && String(row.from).toLowerCase() === column.toLowerCase());
    },

    async count(from) {
      const [row] = await connection.rows(`SELECT COUNT(*) AS n FROM ${from}`);
      return Number(row?.n);
    },

    async addColumns(table, columns) {
      const statements: string[] = [];
      for (const [name, type] of Object.entries(columns))
        if (!(await hasColumn(table, name)))
          statements.push(`ALTER TABLE ${quote(table)} ADD COLUMN ${quote(name)} ${type} NULL`);
      await change(table, 'instant', statements);
    },

    async dropColumns(table, columns) {
      const statements: string[] = [];
      for (const name of columns)
        if (await hasColumn(table, name)) statements.push(`ALTER TABLE ${quote(table)} DROP COLUMN ${quote(name)}`);
      await change(table, 'instant', statements);
    },

    async addIndex(table, name, columns, unique = false) {
      if (await isThere('index', name)) return;
      await change(table, 'inplace', [
        `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${quote(name)} ON ${quote(table)} (${list(columns)})`,
      ]);
    },

    async dropIndex(table, name) {
      if (await isThere('index', name)) await change(table, 'inplace', [`DROP INDEX ${quote(name)}`]);
    },

    async createTable(table, columns, keys = {}) {
      if (await isThere('table', table)) return;
      const parts = Object.entries(columns).map(([name, type]) => `${quote(name)} ${type}`);
      if (keys.primary) parts.push(`PRIMARY KEY (${list(keys.primary)})`);
      const index = (column: string, unique: string): string =>
        `CREATE ${unique}INDEX ${quote(`${table}_${column}`)} ON ${quote(table)} (${quote(column)})`;
      await change(table, 'instant', [
        `CREATE TABLE ${quote(table)} (${parts.join(', ')})`,
        ...(keys.unique ?? []).map((column) => index(column, 'UNIQUE ')),
        ...(keys.indexes ?? []).map((column) => index(column, '')),
      ]);
    },

    async dropTable(table) {
      if (await isThere('table', table)) await change(table, 'instant', [`DROP TABLE ${quote(table)}`]);
    },
  };
}
