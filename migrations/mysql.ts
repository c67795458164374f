/** Schema changes on MySQL and MariaDB. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection';
import { fault, MISSING } from './fault';
import type { Schema, StepReport } from './step';

const TYPES: Schema['types'] = {
  autoId: 'BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY',
  bigint: 'BIGINT',
  int: 'INT',
  flag: 'TINYINT',
  long: 'LONGTEXT',
  blob: 'MEDIUMBLOB',
  text: 'TEXT',
  time: 'CHAR(24)',
  char: (length) => `CHAR(${length})`,
  varchar: (length) => `VARCHAR(${length})`,
  exact: (length) => `VARCHAR(${length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
};

/** Somebody else was quicker: table, column or index is there already, or gone already. */
const DONE_BY_OTHERS = new Set([1050, 1060, 1061, 1051, 1091]);
/**
 * The server names no way without copying: not supported, not supported with a reason, too many instant changes, or a row
 * that is too long only for what dropped columns have left behind.
 */
const REFUSED = new Set([1845, 1846, 4092, 4158, 1118]);

/** Another transaction holds the table (lock_wait_timeout), or two nodes of a cluster clash. */
const BUSY = new Set([1205, 1213]);

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const list = (names: string[]): string => names.map(quote).join(', ');

function isErrno(error: unknown, errnos: Set<number>): boolean {
  return errnos.has(Number((error as { errno?: unknown }).errno));
}

/**
 * @param report told after each change
 * @param allowCopy let the server rebuild a table that it cannot change otherwise
 */
export function mysqlSchema(
  connection: Connection,
  report: (table: string, way: StepReport['way']) => void,
  allowCopy: boolean,
): Schema {
  const columnsOf = async (table: string): Promise<string[]> => {
    const rows = await connection.rows(
      'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?',
      [table],
    );
    return rows.map((row) => String(row.name).toLowerCase());
  };

  const indexesOf = async (table: string): Promise<Map<string, { kind: string; columns: string[] }>> => {
    const rows = await connection.rows(
      `SELECT INDEX_NAME AS name, INDEX_TYPE AS kind, COLUMN_NAME AS col FROM information_schema.STATISTICS
       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
      [table],
    );
    const indexes = new Map<string, { kind: string; columns: string[] }>();
    for (const row of rows) {
      const index = indexes.get(String(row.name)) ?? { kind: String(row.kind), columns: [] };
      index.columns.push(String(row.col).toLowerCase());
      indexes.set(String(row.name), index);
    }
    return indexes;
  };

  /** Runs a change until `isDone`: tolerates that another node made it meanwhile, but never believes the error alone. */
  const change = async (
    table: string,
    way: StepReport['way'],
    statement: () => Promise<string | null>,
  ): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const sql = await statement();
      if (sql === null) return;
      try {
        await connection.rows(sql);
        report(table, way);
        return;
      } catch (error) {
        if (isErrno(error, BUSY) && attempt < 150) await sleep(1000);
        else if (!isErrno(error, DONE_BY_OTHERS) || attempt > 3) throw error;
      }
    }
  };

  /** ALTERs in the given way; refused, it copies where allowed and stops otherwise. */
  const alter = async (
    table: string,
    way: 'instant' | 'inplace',
    copies: boolean,
    changes: () => Promise<string | null>,
  ): Promise<void> => {
    const statement = (algorithm: string) => async () => {
      const text = await changes();
      return text === null ? null : `ALTER TABLE ${quote(table)} ${text}${algorithm}`;
    };
    try {
      await change(table, way, statement(way === 'instant' ? ', ALGORITHM=INSTANT' : ', ALGORITHM=INPLACE, LOCK=NONE'));
    } catch (error) {
      if (!isErrno(error, REFUSED)) throw error;
      if (!copies) {
        const words = (error as { sqlMessage?: string }).sqlMessage ?? (error as Error).message;
        throw fault('IM_WOULD_COPY', 500, { table, reason: words }, error);
      }
      // FORCE: also where the change itself would be instant, and what stands in its way is left from earlier ones.
      await change(table, 'copy', statement(', FORCE'));
    }
  };

  return {
    engine: 'mysql',
    types: TYPES,
    quote,

    async typeOf(table, column) {
      const read = () =>
        connection.rows(
          `SELECT COLUMN_TYPE AS type, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation
           FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND COLUMN_NAME = ?`,
          [table, column],
        );
      let [row] = await read();
      // A node of a cluster lists no columns of a table while it applies a change that came from another node.
      for (let again = 0; !row && again < 5; again += 1) {
        await sleep(100);
        [row] = await read();
      }
      if (!row) throw fault('IM_HOST_FAULT', 500, { where: `${table}.${column}`, mend: MISSING });
      const type = String(row.type);
      return typeof row.charset === 'string'
        ? `${type} CHARACTER SET ${row.charset} COLLATE ${String(row.collation)}`
        : type;
    },

    async hasTable(table) {
      return (await columnsOf(table)).length > 0;
    },

    async hasIndex(table, name) {
      return (await indexesOf(table)).has(name);
    },

    async isServed(table, columns) {
      const wanted = columns.map((column) => column.toLowerCase());
      return [...(await indexesOf(table)).values()].some(
        (index) => index.kind === 'BTREE' && wanted.every((column, at) => index.columns[at] === column),
      );
    },

    async hasForeignKey(table, column) {
      const rows = await connection.rows(
        `SELECT 1 AS found FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?
         AND COLUMN_NAME = ? AND ORDINAL_POSITION = 1 AND REFERENCED_TABLE_NAME IS NOT NULL`,
        [table, column],
      );
      return rows.length > 0;
    },

    async count(from) {
      const [row] = await connection.rows(`SELECT COUNT(*) AS n FROM ${from}`);
      return Number(row?.n);
    },

    async addColumns(table, columns) {
      await alter(table, 'instant', allowCopy, async () => {
        const there = await columnsOf(table);
        const missing = Object.entries(columns).filter(([name]) => !there.includes(name.toLowerCase()));
        if (missing.length === 0) return null;
        return missing.map(([name, type]) => `ADD COLUMN ${quote(name)} ${type} NULL`).join(', ');
      });
    },

    async dropColumns(table, columns) {
      await alter(table, 'instant', true, async () => {
        const there = await columnsOf(table);
        const extra = columns.filter((name) => there.includes(name.toLowerCase()));
        return extra.length === 0 ? null : extra.map((name) => `DROP COLUMN ${quote(name)}`).join(', ');
      });
    },

    async addIndex(table, name, columns, unique = false) {
      await alter(table, 'inplace', allowCopy, async () =>
        (await indexesOf(table)).has(name)
          ? null
          : `ADD ${unique ? 'UNIQUE ' : ''}INDEX ${quote(name)} (${list(columns)})`,
      );
    },

    async dropIndex(table, name) {
      await alter(table, 'inplace', true, async () =>
        (await indexesOf(table)).has(name) ? `DROP INDEX ${quote(name)}` : null,
      );
    },

    async createTable(table, columns, keys = {}) {
      const parts = Object.entries(columns).map(([name, type]) => `${quote(name)} ${type}`);
      if (keys.primary) parts.push(`PRIMARY KEY (${list(keys.primary)})`);
      for (const column of keys.unique ?? [])
        parts.push(`UNIQUE KEY ${quote(`${table}_${column}`)} (${quote(column)})`);
      for (const column of keys.indexes ?? []) parts.push(`KEY ${quote(`${table}_${column}`)} (${quote(column)})`);
      await change(table, 'instant', async () =>
        (await columnsOf(table)).length > 0
          ? null
          : // Named in full: the host's defaults may be MyISAM and latin1.
            `CREATE TABLE ${quote(table)} (${parts.join(', ')})
             ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
      );
    },

    async dropTable(table) {
      await change(table, 'instant', async () =>
        (await columnsOf(table)).length > 0 ? `DROP TABLE ${quote(table)}` : null,
      );
    },
  };
}
