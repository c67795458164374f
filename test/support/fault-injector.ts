/** Makes the n-th statement of a transaction, or its COMMIT, fail: before the server gets it, or after it has done it. */
import type { Knex } from 'knex';
import {
  countOf,
  interceptStatements,
  type RawConnection,
  type SentStatement,
  type StatementCounter,
} from './statement-counter';

export interface Fault {
  /** 1 = the first statement inside a transaction since `reset`; BEGIN and SET TRANSACTION are not counted. */
  statement: number | 'commit';
  /**
   * `before`: the server never got the statement. `after`: the server did it, and its answer was lost. At COMMIT, `before`
   * rolls back (as the server does when the connection is gone), `after` has committed.
   */
  when: 'before' | 'after';
  /** `retryable`: what the database says when the whole transaction is to be run again. Default: an error of no known kind. */
  as?: 'unknown' | 'retryable';
}

export interface StatementSpy extends StatementCounter {
  /** Arms one fault; it fires once. A second call replaces the first. */
  failAt(fault: Fault): void;
  /** The statements at which a fault really fired; empty = the code under test never got that far. */
  readonly fired: (Fault & { sql: string })[];
}

export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/** Deadlock on MySQL and MariaDB, busy on SQLite. */
function errorFor(fault: Fault, sql: string, isSqlite: boolean): Error {
  if (fault.as !== 'retryable') return new InjectedFault(`injected fault ${fault.when} ${fault.statement}: ${sql}`);
  if (isSqlite) return Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
  return Object.assign(new Error('Deadlock found when trying to get lock; try restarting transaction'), {
    code: 'ER_LOCK_DEADLOCK',
    errno: 1213,
    sqlState: '40001',
  });
}

interface Mysql2Connection extends RawConnection {
  query(sql: string, done: (error: Error | null) => void): void;
}
interface SqliteConnection extends RawConnection {
  exec(sql: string): void;
}

/** Beside Knex, so that it is not counted. */
function rollBack(connection: RawConnection, isSqlite: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    if (isSqlite) {
      (connection as SqliteConnection).exec('ROLLBACK');
      resolve();
    } else (connection as Mysql2Connection).query('ROLLBACK', (error) => (error ? reject(error) : resolve()));
  });
}

/** Counts what `knex` sends from now on, and lets it fail where a test says. */
export function spyOn(knex: Knex): StatementSpy {
  const isSqlite = (knex.client as { driverName: string }).driverName === 'better-sqlite3';
  const sent: SentStatement[] = [];
  const fired: StatementSpy['fired'] = [];
  const count = countOf(sent);
  const rolledBack = new WeakMap<RawConnection, string | undefined>();
  let armed: Fault | null = null;

  /** The fault, when this statement is the one it waits for. */
  function faultFor(statement: SentStatement): Fault | null {
    if (!armed || !statement.inTransaction) return null;
    const isIt =
      armed.statement === 'commit'
        ? statement.kind === 'commit'
        : (statement.kind === 'statement' || statement.kind === 'savepoint') &&
          count.statements().length === armed.statement;
    if (!isIt) return null;
    const fault = armed;
    armed = null;
    fired.push({ ...fault, sql: statement.sql });
    return fault;
  }

  const restore = interceptStatements(knex, async (statement, send, connection) => {
    sent.push(statement);
    // The server rolled back already; SQLite refuses to do so twice, and that refusal would hide the fault.
    if (statement.kind === 'rollback' && rolledBack.get(connection) === connection.__knexTxId) {
      rolledBack.delete(connection);
      return undefined;
    }
    const fault = faultFor(statement);
    if (!fault) return send();
    if (fault.when === 'after') await send();
    const endsTransaction =
      statement.kind === 'commit' ? fault.when === 'before' : fault.as === 'retryable' && !isSqlite;
    if (endsTransaction) {
      await rollBack(connection, isSqlite);
      if (statement.kind !== 'commit') rolledBack.set(connection, connection.__knexTxId);
    }
    throw errorFor(fault, statement.sql, isSqlite);
  });

  return {
    sent,
    fired,
    get statements() {
      return count.statements();
    },
    get commits() {
      return count.commits();
    },
    get rollbacks() {
      return count.rollbacks();
    },
    failAt(fault) {
      armed = fault;
    },
    reset() {
      sent.splice(0);
      fired.splice(0);
      armed = null;
    },
    restore,
  };
}
