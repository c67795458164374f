/** One migrating process at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection';

const LOCK_SECONDS = 600;
/** How long a change of a host table waits in line, with every later query of the CRM behind it; then it steps back. */
const TABLE_LOCK_SECONDS = 2;

/**
 * Spares several processes on one server the double work. On a cluster it excludes nobody; there the steps themselves do.
 * A change that waits for a host table steps back soon, and is tried again (see `change` in mysql.ts).
 */
export async function underMysqlLock<T>(connection: Connection, prefix: string, work: () => Promise<T>): Promise<T> {
  // Lock names are the server's, at most 64 characters long; newer MySQL has no MD5().
  const name = `CONCAT('im:', SHA2(CONCAT(DATABASE(), '/', ?), 224))`;
  const [row] = await connection.rows(`SELECT GET_LOCK(${name}, ?) AS taken`, [prefix, LOCK_SECONDS]);
  if (Number(row?.taken) !== 1)
    throw new Error(`another process has been migrating these tables for ${LOCK_SECONDS} seconds`);
  const [session] = await connection.rows('SELECT @@SESSION.lock_wait_timeout AS seconds');
  await connection.rows('SET SESSION lock_wait_timeout = ?', [TABLE_LOCK_SECONDS]);
  try {
    return await work();
  } finally {
    // A connection that died has lost both anyway, and the error that killed it is the one to see.
    await connection.rows('SET SESSION lock_wait_timeout = ?', [Number(session?.seconds)]).catch(() => undefined);
    await connection.rows(`SELECT RELEASE_LOCK(${name})`, [prefix]).catch(() => undefined);
  }
}

const CONFLICTS = 50;
/** ER_LOCK_DEADLOCK, and ER_UNKNOWN_COM_ERROR of a node that has lost its cluster for a moment. */
const BROKEN_OFF = [1213, 1047];
/** ER_QUERY_INTERRUPTED: so a node reports a change of a table that another node's is in the way of; elsewhere somebody stopped it on purpose. */
const INTERRUPTED = 1317;

async function isBrokenOff(connection: Connection, error: unknown): Promise<boolean> {
  const errno = Number((error as { errno?: unknown }).errno);
  if (errno !== INTERRUPTED) return BROKEN_OFF.includes(errno);
  const [status] = await connection.rows(`SHOW GLOBAL STATUS LIKE 'wsrep_provider_name'`);
  return Boolean(status?.Value);
}

/**
 * A node of a Galera cluster breaks off whatever is in the way of a table's change on another node, reads of the schema
 * too. For work that asks anew what is done already.
 */
export async function againAfterConflict(connection: Connection, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work();
    } catch (error) {
      if (attempt === CONFLICTS || !(await isBrokenOff(connection, error))) throw error;
      await sleep(20 + Math.random() * 80);
    }
}

export async function inSqliteTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + LOCK_SECONDS * 1000;
  for (;;) {
    try {
      // IMMEDIATE: a read first would make the later write fail instead of wait.
      await connection.rows('BEGIN IMMEDIATE');
      break;
    } catch (error) {
      const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
      if (!isBusy || Date.now() > deadline) throw error;
      await sleep(20 + Math.random() * 80);
    }
  }
  try {
    const result = await work();
    await connection.rows('COMMIT');
    return result;
  } catch (error) {
    await connection.rows('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
