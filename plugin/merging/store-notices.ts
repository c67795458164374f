/** Which merges a person has put away, and what customers were told. Own tables only. */
import type { Actor, Db, Id, Row, Trx } from '../host/contract';
import { clipped, text, textOf } from '../host/sql';
import { isDuplicateKey } from '../host/transaction';

/** `sending`: the host was asked to send it and has not answered yet, or never did. */
export type NoticeState = 'sending' | 'done' | 'failed';

export interface NoticeRecord {
  mergeId: Id;
  how: 'sent' | 'marked';
  state: NoticeState;
  at: string;
  by: string;
}

export const createNoticeStore = (prefix: string) => {
  const notices = `${prefix}customer_notices`;
  const dismissals = `${prefix}dismissals`;

  return {
    /** Merges that stand, made by this person and not put away: into an invoice, or of a customer; newest first. */
    async undismissed(
      db: Db,
      about: { targetId: Id } | { customerId: Id },
      actorId: Id,
      limit: number,
    ): Promise<{ mergeId: Id; targetId: Id; count: number; credited: boolean }[]> {
      const query = db(`${prefix}merges as m`)
        .join(`${prefix}merge_sources as s`, 's.merge_id', 'm.id')
        .where('targetId' in about ? { 'm.target_id': about.targetId } : { 'm.customer_id': about.customerId })
        .where('m.actor_id', actorId)
        .whereNull('m.undone_at')
        .whereNull('m.corrected_at')
        .whereNotIn('m.id', db(dismissals).where({ actor_id: actorId }).select('merge_id'))
        .groupBy('m.id', 'm.target_id')
        .orderBy('m.id', 'desc')
        .limit(limit)
        .select(
          { mergeid: 'm.id' },
          text(db, 'm.target_id', 'targetid'),
          db.raw('COUNT(*) AS ??', ['sources']),
          db.raw("SUM(s.settlement = 'credit') AS ??", ['credits']),
        );
      return ((await query) as Row[]).map((row) => ({
        mergeId: textOf(row.mergeid) ?? '',
        targetId: textOf(row.targetid) ?? '',
        count: Number(textOf(row.sources)),
        credited: Number(textOf(row.credits)) > 0,
      }));
    },

    /** Twice is once. */
    async dismiss(db: Db, mergeId: Id, actorId: Id, at: string): Promise<void> {
      try {
        await db(dismissals).insert({ merge_id: mergeId, actor_id: actorId, at });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },

    /** False when this form was sent before. */
    async claimNotice(
      trx: Trx,
      notice: Pick<NoticeRecord, 'mergeId' | 'how' | 'state'> & {
        key: string;
        locale: string;
        subject: string;
        body: string;
        actor: Actor;
        at: string;
      },
    ): Promise<boolean> {
      try {
        await trx(notices).insert({
          notice_key: notice.key,
          merge_id: notice.mergeId,
          how: notice.how,
          state: notice.state,
          locale: notice.locale,
          subject: notice.subject,
          body: notice.body,
          actor_id: notice.actor.id,
          actor_name: clipped(notice.actor.name),
          at: notice.at,
        });
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return false;
      }
    },

    async endNotice(db: Db, key: string, state: NoticeState): Promise<void> {
      await db(notices).where({ notice_key: key }).update({ state });
    },

    /** What was told about these merges, oldest first. */
    async noticesOf(db: Db, mergeIds: Id[]): Promise<NoticeRecord[]> {
      if (mergeIds.length === 0) return [];
      const rows = (await db(notices).whereIn('merge_id', mergeIds).orderBy('id')) as Row[];
      return rows.map((row) => ({
        mergeId: textOf(row.merge_id) ?? '',
        how: textOf(row.how) as NoticeRecord['how'],
        state: textOf(row.state) as NoticeState,
        at: textOf(row.at) ?? '',
        by: textOf(row.actor_name) ?? '',
      }));
    },
  };
};

export type NoticeStore = ReturnType<typeof createNoticeStore>;
