/** Taking part in transactions: run again what the database asks to run again, know the outermost commit. */
import type { Knex } from 'knex';
import { PluginError } from '../errors';
import type { Trx } from './contract';
import { isMysql } from './sql';

/** Where locks wait, four attempts took long enough; where they fail at once, as between nodes, a busy hour needs more. */
const ATTEMPTS = 4;
const PATIENCE_MS = 8000;
/**
 * Lock conflicts of InnoDB, Galera and Group Replication (1180 only with errno 149 in its text), MariaDB's snapshot check,
 * and 1047: a Galera node that has lost its cluster does nothing until it is back.
 */
const RETRYABLE_ERRNOS = new Set([1213, 1205, 3101, 1020, 1047]);

export function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { errno, code } = error as { errno?: unknown; code?: unknown };
  if (typeof errno === 'number' && RETRYABLE_ERRNOS.has(errno)) return true;
  if (errno === 1180) return /\b149\b/.test(error.message);
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY');
}

/** The error of a violated primary or unique key, on every supported engine. */
export function isDuplicateKey(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { errno, code } = error as { errno?: unknown; code?: unknown };
  return errno === 1062 || code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === 'SQLITE_CONSTRAINT_UNIQUE';
}

/** MySQL: NOT NULL, data truncated or out of range, no default, wrong value, foreign key, check; MariaDB's check. */
const REFUSED_ROW_ERRNOS = new Set([1048, 1264, 1265, 1364, 1366, 1406, 1452, 1216, 3819, 4025]);

/** The error of a row that the table does not take: a foreign key without its row, no value where one is needed. */
export function isRefusedRow(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { errno, code } = error as { errno?: unknown; code?: unknown };
  if (typeof errno === 'number' && REFUSED_ROW_ERRNOS.has(errno)) return true;
  return typeof code === 'string' && code.startsWith('SQLITE_CONSTRAINT');
}

/**
 * knex.transaction, run again as a whole when the database says "retry": only the owner of a transaction may do that.
 * @throws IM_RETRY_EXHAUSTED 503 when the conflict stays
 */
export async function runTransaction<T>(knex: Knex, work: (trx: Trx) => Promise<T>): Promise<T> {
  // READ COMMITTED: what was committed by the one who held our rows before us is seen, and no gap is locked.
  const config = isMysql(knex) ? ({ isolationLevel: 'read committed' } as const) : undefined;
  const patience = Date.now() + PATIENCE_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await knex.transaction(work, config);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (attempt >= ATTEMPTS && Date.now() > patience)
        throw new PluginError('IM_RETRY_EXHAUSTED', 503, {}, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(20 * 2 ** attempt, 320)));
    }
  }
}

/** @throws IM_TRX_REQUIRED 500 for the pool's handle and for a transaction that is over */
export function demandTransaction(trx: Trx): void {
  const candidate = trx as { isTransaction?: boolean; isCompleted?(): boolean } | undefined;
  if (!candidate?.isTransaction || candidate.isCompleted?.()) throw new PluginError('IM_TRX_REQUIRED', 500);
}

/** Runs `effect` once the outermost transaction has committed; never when any level rolled back. */
export function afterOutermostCommit(trx: Trx, effect: () => void): void {
  const levels: Promise<unknown>[] = [];
  for (let level: Trx | undefined = trx; level; level = level.parentTransaction as Trx | undefined)
    levels.push(level.executionPromise);
  Promise.all(levels).then(effect, () => undefined);
}
