/**
 * Once per run: sees to MariaDB and Chromium, starts one private MariaDB, and gives the run its own temporary folder.
 * The tests learn of it through TEST_MARIADB_URL and TMPDIR; a TEST_MARIADB_URL that is set already is used as it is, and
 * what TEST_MYSQL_URL names is a further database of every behaviour test: a run whose server does not answer fails.
 */
import mysql from 'mysql2/promise';
import { createRunFolder, startMariadb } from './mariadb-server';
import { memoryFolder } from './memory-folder';
import { ensurePrograms } from './system-packages';

/** @throws naming the variable */
async function demandAnswer(variable: 'TEST_MARIADB_URL' | 'TEST_MYSQL_URL'): Promise<void> {
  const uri = process.env[variable];
  if (!uri) return;
  try {
    const connection = await mysql.createConnection({ uri });
    const [[row]] = await connection.query<mysql.RowDataPacket[]>('SELECT VERSION() AS version');
    await connection.end();
    process.stderr.write(`${variable}: ${String(row?.version)}\n`);
  } catch (error) {
    throw new Error(`the server that ${variable} names does not answer`, { cause: error });
  }
}

export default async function globalSetup(): Promise<void> {
  const given = process.env.TEST_MARIADB_URL;
  await Promise.all([demandAnswer('TEST_MARIADB_URL'), demandAnswer('TEST_MYSQL_URL')]);
  ensurePrograms(given ? ['chromium'] : ['mariadbd', 'mariadb-install-db', 'chromium']);
  const memory = process.env.TMPDIR ? null : memoryFolder();
  if (memory !== null) process.env.TMPDIR = memory;
  const cleanUp: (() => Promise<void>)[] = [];
  (globalThis as { endOfRun?: typeof cleanUp }).endOfRun = cleanUp;
  if (!given) {
    const server = await startMariadb();
    process.env.TEST_MARIADB_URL = server.url;
    cleanUp.push(() => server.stop());
  }
  const temporary = createRunFolder();
  process.env.TMPDIR = temporary.folder;
  cleanUp.push(() => temporary.remove());
}
