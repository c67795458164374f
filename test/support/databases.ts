/** Fresh databases for tests: SQLite files and schemas on the run's MariaDB. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { openDatabase } from '../../demo/database';

export type DatabaseName = 'sqlite' | 'mariadb';

export interface TestDatabase {
  name: DatabaseName;
  url: string;
  /** The first handle. */
  knex: Knex;
  /** One more independent handle on the same database; closed with the others. */
  connect(pool?: { min?: number; max?: number }): Knex;
  close(): Promise<void>;
}

export async function createDatabase(name: DatabaseName, pool?: { min?: number; max?: number }): Promise<TestDatabase> {
  const handles: Knex[] = [];
  const connectTo = (url: string, sizes?: { min?: number; max?: number }): Knex => {
    const handle = openDatabase(url, sizes);
    handles.push(handle);
    return handle;
  };
  const closeAll = async (): Promise<void> => {
    await Promise.all(handles.map((handle) => handle.destroy()));
  };
  if (name === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'im-sqlite-'));
    const url = `sqlite:${join(folder, 'test.db')}`;
    return {
      name,
      url,
      knex: connectTo(url),
      connect: () => connectTo(url),
      async close() {
        await closeAll();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  const server = process.env.TEST_MARIADB_URL;
  if (!server)
    throw new Error('TEST_MARIADB_URL is not set: the run has no MariaDB, and its tests must not be skipped');
  const schema = `im_${randomBytes(6).toString('hex')}`;
  const admin = openDatabase(`${server}/mysql`, { max: 1 });
  await admin.raw('CREATE DATABASE ??', [schema]);
  const url = `${server}/${schema}`;
  return {
    name,
    url,
    knex: connectTo(url, pool),
    connect: (sizes) => connectTo(url, sizes),
    async close() {
      await closeAll();
      await admin.raw('DROP DATABASE ??', [schema]);
      await admin.destroy();
    },
  };
}

/** `describe.each(eachDatabase)('… on %s', (_name, createDatabase) => …)` */
export const eachDatabase: [DatabaseName, (pool?: { min?: number; max?: number }) => Promise<TestDatabase>][] = [
  ['sqlite', (pool) => createDatabase('sqlite', pool)],
  ['mariadb', (pool) => createDatabase('mariadb', pool)],
];
