/** Fresh databases for tests: SQLite files, schemas on the run's MariaDB and on the server of TEST_MYSQL_URL. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { openDatabase } from '../../demo/database';

/** `mysql`: the server that TEST_MYSQL_URL names, whatever it is; there only where that is set. */
export type DatabaseName = 'sqlite' | 'mariadb' | 'mysql';
type PoolSizes = { min?: number; max?: number };

export interface TestDatabase {
  name: DatabaseName;
  url: string;
  /** The first handle. */
  knex: Knex;
  /** One more independent handle on the same database; closed with the others. */
  connect(pool?: PoolSizes): Knex;
  close(): Promise<void>;
}

export async function createDatabase(name: DatabaseName, pool?: PoolSizes): Promise<TestDatabase> {
  if (name === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'im-sqlite-'));
    const url = `sqlite:${join(folder, 'test.db')}`;
    const { connect, closeAll } = handlesOn(url);
    return {
      name,
      url,
      knex: connect(),
      connect,
      async close() {
        await closeAll();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  const variable = name === 'mysql' ? 'TEST_MYSQL_URL' : 'TEST_MARIADB_URL';
  const server = process.env[variable];
  if (!server) throw new Error(`${variable} is not set: the run has no such server, and its tests must not be skipped`);
  return createDatabaseOn(server, name, pool);
}

/** @param server mysql://user:password@host:port, whose account creates and drops databases named im_... */
export async function createDatabaseOn(server: string, name: DatabaseName, pool?: PoolSizes): Promise<TestDatabase> {
  const schema = `im_${randomBytes(6).toString('hex')}`;
  const admin = openDatabase(`${server}/mysql`, { max: 1 });
  await admin.raw('CREATE DATABASE ??', [schema]);
  const url = `${server}/${schema}`;
  const { connect, closeAll } = handlesOn(url);
  return {
    name,
    url,
    knex: connect(pool),
    connect,
    async close() {
      await closeAll();
      await admin.raw('DROP DATABASE ??', [schema]);
      await admin.destroy();
    },
  };
}

function handlesOn(url: string) {
  const handles: Knex[] = [];
  return {
    connect(sizes?: PoolSizes): Knex {
      const handle = openDatabase(url, sizes);
      handles.push(handle);
      return handle;
    },
    async closeAll(): Promise<void> {
      await Promise.all(handles.map((handle) => handle.destroy()));
    },
  };
}

/** All that a run has. `describe.each(eachDatabase)('… on %s', (_name, createDatabase) => …)` */
export const eachDatabase = (
  ['sqlite', 'mariadb', ...(process.env.TEST_MYSQL_URL ? ['mysql'] : [])] as DatabaseName[]
).map((name): [DatabaseName, (pool?: PoolSizes) => Promise<TestDatabase>] => [
  name,
  (pool) => createDatabase(name, pool),
]);
