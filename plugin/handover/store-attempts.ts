/** Each try of a message. Own table only. */
import type { Db, Id, Row, Trx } from '../host/contract';
import { clipped, forIds, latest, text, textOf } from '../host/sql';
import type { AttemptCode, AttemptOutcome } from './rules';

/** Who made it: the request in which the sale was handed over, the worker, or a person who asked for it. */
export type AttemptHow = 'first' | 'worker' | 'person';

export interface Attempt {
  handoverId: Id;
  how: AttemptHow;
  actorName: string | null;
  startedAt: string;
  tookMs: number | null;
  /** null: under way, or whoever made it died. */
  outcome: AttemptOutcome | null;
  code: AttemptCode | null;
  status: number | null;
  reply: string | null;
}

const read = (row: Row): Attempt => ({
  handoverId: textOf(row.handoverid) ?? '',
  how: textOf(row.how) as AttemptHow,
  actorName: textOf(row.actor_name),
  startedAt: textOf(row.started_at) ?? '',
  tookMs: row.took_ms === null ? null : Number(row.took_ms),
  outcome: textOf(row.outcome) as AttemptOutcome | null,
  code: textOf(row.code) as AttemptCode | null,
  status: row.status === null ? null : Number(row.status),
  reply: textOf(row.reply),
});

export const createAttemptStore = (prefix: string) => {
  const table = `${prefix}handover_attempts`;

  return {
    /** Begins a try; what an earlier one left open is lost: nobody knows whether it arrived. */
    async begin(
      trx: Trx,
      one: { handoverId: Id; token: string; how: AttemptHow; actorName: string | null; startedAt: string },
    ): Promise<void> {
      await trx(table)
        .where({ handover_id: one.handoverId })
        .whereNull('outcome')
        .update({ outcome: 'unknown', code: 'lost' });
      await trx(table).insert({
        handover_id: one.handoverId,
        token: one.token,
        how: one.how,
        actor_name: clipped(one.actorName),
        started_at: one.startedAt,
      });
    },

    async finish(
      trx: Trx,
      token: string,
      result: {
        tookMs: number;
        outcome: AttemptOutcome;
        code: AttemptCode;
        status: number | null;
        reply: string | null;
      },
    ): Promise<void> {
      const { tookMs, outcome, code, status, reply } = result;
      await trx(table).where({ token }).update({ took_ms: tookMs, outcome, code, status, reply });
    },

    /** Whether some try, other than the one of that token, may have arrived. */
    async mayHaveArrived(db: Db, handoverId: Id, exceptToken = ''): Promise<boolean> {
      const rows = await latest(
        db,
        db(table)
          .where({ handover_id: handoverId })
          .whereNot({ token: exceptToken })
          .where((any) => void any.whereNull('outcome').orWhere('outcome', '<>', 'unreached'))
          .limit(1)
          .select<Row[]>('how'),
      );
      return rows.length > 0;
    },

    /** In the order in which they were made. */
    async of(db: Db, handoverIds: Id[]): Promise<Attempt[]> {
      const rows = await forIds(handoverIds, async (part) => {
        const query = db(table).whereIn('handover_id', part).orderBy('id');
        return query.select<Row[]>('*', text(db, 'handover_id', 'handoverid'));
      });
      return rows.map(read);
    },

    /** Replies are kept as long as somebody may look into them. */
    async forgetReplies(db: Db, before: string): Promise<number> {
      return db(table).where('started_at', '<', before).whereNotNull('reply').update({ reply: null });
    },
  };
};

export type AttemptStore = ReturnType<typeof createAttemptStore>;

export type CallbackResult = 'recorded' | 'same' | 'conflict';

export const createCallbackStore = (prefix: string) => {
  const table = `${prefix}handover_callbacks`;

  return {
    /** Throws the duplicate key of a message that came before. */
    async insert(
      trx: Trx,
      one: { integrationId: Id; messageId: string; handoverId: Id; result: CallbackResult; at: string },
    ): Promise<void> {
      const { integrationId, messageId, handoverId, result, at } = one;
      await trx(table).insert({
        ...{ integration_id: integrationId, message_id: messageId, handover_id: handoverId, result, at },
      });
    },

    async find(db: Db, integrationId: Id, messageId: string): Promise<CallbackResult | null> {
      const rows = await latest(
        db,
        db(table).where({ integration_id: integrationId, message_id: messageId }).select<Row[]>('result'),
      );
      return rows[0] ? (textOf(rows[0].result) as CallbackResult) : null;
    },
  };
};

export type CallbackStore = ReturnType<typeof createCallbackStore>;
