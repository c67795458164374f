/** One connection of the host's pool, held for a whole run and spoken to below the host's Knex hooks. */
import type { Knex } from 'knex';
import { fault } from './fault';

type Bindings = (string | number | null)[];

/** The part of Knex's client that is used: `raw` would pass through the host's wrapIdentifier and postProcessResponse. */
interface KnexClient {
  dialect: string;
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
  query(
    connection: unknown,
    query: { method: 'raw'; sql: string; bindings: Bindings; options: object },
  ): Promise<{ response?: unknown }>;
}

export interface Connection {
  readonly engine: 'mysql' | 'sqlite';
  /** The rows of a query, by the names that the query gives them; nothing for other statements. */
  rows(sql: string, bindings?: Bindings): Promise<Record<string, unknown>[]>;
}

/**
 * Runs `work` on one connection, so that a pool of one is enough, and gives it back.
 * @throws IM_DATABASE_UNSUPPORTED for other dialects, MySQL before 8 and MariaDB before 10.6
 */
export async function withConnection<T>(knex: Knex, work: (connection: Connection) => Promise<T>): Promise<T> {
  const client = knex.client as KnexClient;
  const engine = engineOf(client.dialect);
  const raw = await client.acquireConnection();
  try {
    const connection: Connection = {
      engine,
      async rows(sql, bindings = []) {
        const { response } = await client.query(raw, { method: 'raw', sql, bindings, options: {} });
        // mysql2 answers [rows, fields], SQLite's drivers the rows themselves.
        const rows: unknown = engine === 'mysql' && Array.isArray(response) ? response[0] : response;
        return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
      },
    };
    if (engine === 'mysql') await demandVersion(connection);
    return await work(connection);
  } finally {
    await client.releaseConnection(raw);
  }
}

function engineOf(dialect: string): 'mysql' | 'sqlite' {
  if (dialect === 'mysql') return 'mysql';
  if (dialect === 'sqlite3') return 'sqlite';
  throw fault('IM_DATABASE_UNSUPPORTED', 500, { dialect });
}

async function demandVersion(connection: Connection): Promise<void> {
  const [row] = await connection.rows('SELECT VERSION() AS version');
  const unsupported = unsupportedServer(String(row?.version));
  if (unsupported) throw fault('IM_DATABASE_UNSUPPORTED', 500, unsupported);
}

/** What is wrong with a server that answers this to VERSION(); null when it is MySQL 8+ or MariaDB 10.6+. */
export function unsupportedServer(answer: string): { dialect: string; version: string; needs: string } | null {
  const mariadb = /mariadb/i.test(answer);
  // Some MariaDB servers put 5.5.5- before their version, for old replication clients.
  const version = answer.replace(/^5\.5\.5-/, '');
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const isEnough = mariadb ? major > 10 || (major === 10 && minor >= 6) : major >= 8;
  if (isEnough) return null;
  return { dialect: mariadb ? 'MariaDB' : 'MySQL', version: answer, needs: mariadb ? '10.6' : '8.0' };
}
