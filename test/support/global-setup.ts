/** Starts one private MariaDB for the whole run; its address reaches the tests through TEST_MARIADB_URL. */
import { startMariadb } from './mariadb-server';

export default async function globalSetup(): Promise<void> {
  const server = await startMariadb();
  process.env.TEST_MARIADB_URL = server.url;
  (globalThis as { mariadbServer?: typeof server }).mariadbServer = server;
}
