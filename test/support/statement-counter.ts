/** Sees every statement that a Knex handle sends, without a change to the code under test. */
import type { Knex } from 'knex';

export type StatementKind = 'set' | 'begin' | 'commit' | 'rollback' | 'savepoint' | 'statement';

export interface SentStatement {
  sql: string;
  bindings: unknown[];
  kind: StatementKind;
  inTransaction: boolean;
}

/** A driver's connection: knows how to run a text beside Knex. */
export interface RawConnection {
  /** The id of Knex's transaction that holds it. */
  __knexTxId?: string;
}

/** What stands around each statement: calls `send` once, or not at all, and answers what it answered. */
export type Around = (
  statement: SentStatement,
  send: () => Promise<unknown>,
  connection: RawConnection,
) => Promise<unknown>;

interface KnexClient {
  transacting?: boolean;
  _query(connection: RawConnection, query: { sql: string; bindings?: unknown[] }): Promise<unknown>;
  _stream(
    connection: RawConnection,
    query: { sql: string; bindings?: unknown[] },
    stream: unknown,
    options: unknown,
  ): Promise<unknown>;
}
type ClientClass = new () => KnexClient;

function kindOf(sql: string): StatementKind {
  const text = sql.trim().toUpperCase();
  if (/^SET (SESSION )?TRANSACTION\b/.test(text)) return 'set';
  if (/^(BEGIN|START TRANSACTION)\b/.test(text)) return 'begin';
  if (/^COMMIT\b/.test(text)) return 'commit';
  if (/^(SAVEPOINT|RELEASE|ROLLBACK TO)\b/.test(text)) return 'savepoint';
  if (/^ROLLBACK\b/.test(text)) return 'rollback';
  return 'statement';
}

/**
 * Puts `around` about every statement of this one handle and of its transactions.
 * Knex makes a transaction's client from `client.constructor.prototype`; so the handle gets a class of its own, and other
 * handles of the same dialect keep theirs.
 * @returns gives the handle its own class back
 */
export function interceptStatements(knex: Knex, around: Around): () => void {
  const client = knex.client as KnexClient;
  const own = Object.getPrototypeOf(client) as KnexClient & { constructor: ClientClass };
  class Intercepted extends own.constructor {
    override _query(connection: RawConnection, query: { sql: string; bindings?: unknown[] }): Promise<unknown> {
      return around(describe(this, query), () => super._query(connection, query), connection);
    }
    override _stream(
      connection: RawConnection,
      query: { sql: string; bindings?: unknown[] },
      stream: unknown,
      options: unknown,
    ): Promise<unknown> {
      return around(describe(this, query), () => super._stream(connection, query, stream, options), connection);
    }
  }
  Object.setPrototypeOf(client, Intercepted.prototype);
  return () => void Object.setPrototypeOf(client, own);
}

function describe(client: KnexClient, query: { sql: string; bindings?: unknown[] }): SentStatement {
  return {
    sql: query.sql,
    bindings: [...(query.bindings ?? [])],
    kind: kindOf(query.sql),
    inTransaction: client.transacting === true,
  };
}

export interface StatementCounter {
  /** All that was sent, in order, also outside transactions. */
  readonly sent: SentStatement[];
  /** The texts sent inside transactions, without SET TRANSACTION, BEGIN, COMMIT, ROLLBACK. */
  readonly statements: string[];
  readonly commits: number;
  readonly rollbacks: number;
  /** Forgets what was sent so far. */
  reset(): void;
  /** Lets the handle be as it was. */
  restore(): void;
}

/** Builds the counter's answers from one list; the fault injector keeps the same list. */
export function countOf(sent: SentStatement[]) {
  const ofKind = (...kinds: StatementKind[]) =>
    sent.filter((statement) => statement.inTransaction && kinds.includes(statement.kind));
  return {
    statements: () => ofKind('statement', 'savepoint').map((statement) => statement.sql),
    commits: () => ofKind('commit').length,
    rollbacks: () => ofKind('rollback').length,
  };
}

/** Counts what `knex` sends from now on. */
export function countStatements(knex: Knex): StatementCounter {
  const sent: SentStatement[] = [];
  const count = countOf(sent);
  const restore = interceptStatements(knex, (statement, send) => {
    sent.push(statement);
    return send();
  });
  return {
    sent,
    get statements() {
      return count.statements();
    },
    get commits() {
      return count.commits();
    },
    get rollbacks() {
      return count.rollbacks();
    },
    reset: () => void sent.splice(0),
    restore,
  };
}
