/** What a merge left behind so that it can be undone, and that it was undone. Own tables only. */
import Big from 'big.js';
import type { Actor, Db, Id, InvoiceStatus, MovedLink, Row, Settlement, Snapshot, Trx } from '../host/contract';
import { clipped, text, textOf } from '../host/sql';
import type { FixedDiscounts } from './store';
import { readCarried, type CarriedRecord } from './store-carried';
import { creditNoteFrom } from './store-merges';

export interface MergeParts {
  sources: {
    invoiceId: Id;
    number: string | null;
    settlement: Settlement;
    issueDate: string;
    statusBefore: InvoiceStatus;
    creditNote: { id: Id; number: string } | null;
    snapshot: Snapshot | null;
  }[];
  links: MovedLink[];
  carried: CarriedRecord[];
  /** `fixed` null: of an earlier release, which did not write down what became of the target's own discount. */
  discounts: Omit<FixedDiscounts, 'fixed'> & { fixed: FixedDiscounts['fixed'] | null };
  currency: string;
}

/** As a merge of any release wrote it. */
function readDiscounts(text: string): MergeParts['discounts'] {
  const stored = JSON.parse(text) as Omit<FixedDiscounts, 'fixed' | 'reminderLevel'> & Partial<FixedDiscounts>;
  const { discount, reminderLevel } = stored.target;
  const nothing = new Big(discount?.value ?? 0).eq(0) ? { adjustment: '0', allowancesCharges: [] } : null;
  return { ...stored, fixed: stored.fixed ?? nothing, reminderLevel: stored.reminderLevel ?? reminderLevel };
}

export const createUndoStore = (prefix: string) => {
  const table = (name: string): string => `${prefix}${name}`;
  return {
    /** Writes that the merge does not stand any more, and answers whether it did until now: of two people one wins. */
    async mark(
      trx: Trx,
      as: 'undone' | 'corrected',
      mergeId: Id,
      { at, by, reason }: { at: string; by: Actor; reason: string },
    ): Promise<boolean> {
      // MySQL reads '12abc' as 12: only the id itself names the merge.
      if (!/^[1-9]\d{0,17}$/.test(mergeId)) return false;
      const written = await trx(table('merges'))
        .where({ id: mergeId })
        .whereNull('undone_at')
        .whereNull('corrected_at')
        .update({
          [`${as}_at`]: at,
          [`${as}_by_id`]: by.id,
          [`${as}_by_name`]: clipped(by.name),
          [`${as}_reason`]: reason,
        });
      return written > 0;
    },

    /** The sources of an undone merge can be merged again. Until then whoever sees its target sees those that it deleted. */
    async freeSources(trx: Trx, mergeId: Id): Promise<void> {
      await trx(table('merge_sources')).where({ merge_id: mergeId }).update({ active_source_id: null });
    },

    async recordCorrection(
      trx: Trx,
      mergeIds: Id[],
      made: { note: { id: Id; number: string } | null; drafts: Map<Id, Id>; restId: Id | null },
    ): Promise<void> {
      await trx(table('merges'))
        .whereIn('id', mergeIds)
        .update({
          corrected_note_id: made.note?.id ?? null,
          corrected_note_number: made.note?.number ?? null,
          corrected_rest_id: made.restId,
        });
      for (const [sourceId, draftId] of made.drafts)
        await trx(table('merge_sources'))
          .whereIn('merge_id', mergeIds)
          .where({ source_id: sourceId })
          .update({ draft_id: draftId });
    },

    async partsOf(trx: Db, mergeId: Id): Promise<MergeParts> {
      const [merge] = await trx(table('merges')).where({ id: mergeId }).select<Row[]>('discounts', 'currency');
      const sources = await trx(table('merge_sources'))
        .where({ merge_id: mergeId })
        .orderBy('position')
        .select<Row[]>(
          'number',
          'settlement',
          'issue_date',
          'status_before',
          'snapshot',
          { creditnoteid: 'credit_note_id', creditnotenumber: 'credit_note_number' },
          text(trx, 'source_id', 'sourceid'),
        );
      const links = await trx(table('merge_links'))
        .where({ merge_id: mergeId })
        .orderBy('id')
        .select<Row[]>('link', 'how', 'from_id', 'to_id', 'row_data');
      return {
        sources: sources.map((row) => ({
          invoiceId: textOf(row.sourceid) ?? '',
          number: textOf(row.number),
          settlement: row.settlement as Settlement,
          issueDate: textOf(row.issue_date) ?? '',
          statusBefore: row.status_before as InvoiceStatus,
          creditNote: creditNoteFrom(row),
          snapshot: JSON.parse(row.snapshot as string) as Snapshot | null,
        })),
        links: links.map((row) => ({
          link: textOf(row.link) ?? '',
          how: row.how as MovedLink['how'],
          from: textOf(row.from_id) ?? '',
          to: textOf(row.to_id) ?? '',
          row: JSON.parse(row.row_data as string) as Row,
        })),
        carried: await readCarried(trx, prefix, (query) => void query.where('c.merge_id', mergeId)),
        discounts: readDiscounts(textOf(merge?.discounts) ?? ''),
        currency: textOf(merge?.currency) ?? '',
      };
    },

    /** What was written when it was undone or corrected; null before that. */
    async actOn(db: Db, merge: { id: Id; targetId: Id }, action: 'undo' | 'correct'): Promise<Row | null> {
      const [row] = await db(table('activity'))
        .where({ invoice_id: merge.targetId, merge_id: merge.id, action })
        .orderBy('id', 'desc')
        .limit(1)
        .select<Row[]>('details');
      return row ? (JSON.parse(textOf(row.details) ?? '{}') as Row) : null;
    },

    async logAct(
      trx: Trx,
      action: 'undo' | 'correct',
      undo: { mergeId: Id; targetId: Id; at: string; by: Actor; details: object },
    ): Promise<void> {
      await trx(table('activity')).insert({
        at: undo.at,
        actor_id: undo.by.id,
        actor_name: clipped(undo.by.name),
        action,
        invoice_id: undo.targetId,
        merge_id: undo.mergeId,
        details: JSON.stringify(undo.details),
      });
    },
  };
};
