/** Opens the demo's database: embedded SQLite without anything to compile, or a real MySQL/MariaDB server. */
import knex, { type Knex } from 'knex';
import BetterSqlite3Client from 'knex/lib/dialects/better-sqlite3/index.js';
import libsql from 'libsql';

interface SqliteConnection {
  pragma(text: string): unknown;
}
const stuck = new WeakSet<SqliteConnection>();

/** libsql ships ready-made binaries and speaks better-sqlite3's interface, so Knex's own dialect drives it. */
class LibsqlClient extends BetterSqlite3Client {
  _driver(): unknown {
    return libsql;
  }

  /**
   * libsql leaves a statement that was busy half done: its connection stays in the past and can neither write nor commit
   * again. So it is the last of its connection; whoever owns the transaction may run it again on a new one.
   */
  override async _query(connection: SqliteConnection, query: object): Promise<unknown> {
    try {
      return await super._query(connection, query);
    } catch (error) {
      if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) stuck.add(connection);
      throw error;
    }
  }

  override validateConnection(connection: SqliteConnection): Promise<boolean> {
    return Promise.resolve(!stuck.has(connection));
  }
}

/**
 * @param url `sqlite:FILE`, `sqlite::memory:` or `mysql://user:password@host:port/database`
 * @param pool sizes for MySQL; SQLite always has one connection
 */
export function openDatabase(url: string, pool: { min?: number; max?: number } = {}): Knex {
  if (url.startsWith('sqlite:')) {
    return knex({
      client: LibsqlClient as unknown as typeof Knex.Client,
      connection: { filename: url.slice('sqlite:'.length) },
      useNullAsDefault: true,
      pool: {
        min: 1,
        max: 1,
        afterCreate(connection: SqliteConnection, done: (error: Error | null, connection: SqliteConnection) => void) {
          // busy_timeout first: the other pragmas already take locks.
          connection.pragma('busy_timeout = 5000');
          connection.pragma('journal_mode = WAL');
          connection.pragma('foreign_keys = ON');
          done(null, connection);
        },
      },
    });
  }
  if (/^(mysql|mariadb):\/\//.test(url)) {
    return knex({
      client: 'mysql2',
      connection: {
        uri: url.replace(/^mariadb:/, 'mysql:'),
        charset: 'utf8mb4',
        dateStrings: ['DATE'],
      } as unknown as Knex.MySql2ConnectionConfig,
      pool: { min: 0, max: 10, ...pool },
    });
  }
  throw new Error(`DATABASE_URL must begin with sqlite: or mysql:// (it is ${JSON.stringify(url.split(':')[0])})`);
}
