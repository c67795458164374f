/**
 * Once per run: sees to MariaDB and Chromium, starts one private MariaDB, and gives the run its own temporary folder.
 * The tests learn of it through TEST_MARIADB_URL and TMPDIR; a TEST_MARIADB_URL that is set already is used as it is.
 */
import { createRunFolder, startMariadb } from './mariadb-server';
import { memoryFolder } from './memory-folder';
import { ensurePrograms } from './system-packages';

export default async function globalSetup(): Promise<void> {
  const given = process.env.TEST_MARIADB_URL;
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
