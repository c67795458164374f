/** What merging remembers: save keys, merges, their sources with snapshots, moved links, carried lines, activity. Own tables only. */
import type { Knex } from 'knex';
import type {
  Actor,
  Day,
  Id,
  InvoiceStatus,
  MovedLink,
  Row,
  Settlement,
  SettlementChoice,
  Snapshot,
  Trx,
} from '../host/contract';
import { CHUNK, clipped, portions, text, textOf } from '../host/sql';
import { createCarriedStore, type CarriedRecord } from './store-carried';
import { createLineageStore } from './store-lineage';
import { createMergesStore } from './store-merges';
import { createParticipationStore, toMinor } from './store-participations';
import { createUndoStore } from './store-undo';
import { isDuplicateKey } from '../host/transaction';
import type { AllowanceCharge, Decimal, Discount, Totals } from '../money/types';
import type { DifferenceCause } from './contract';

export interface SourceRecord {
  invoiceId: Id;
  number: string | null;
  issueDate: Day;
  dueDate: Day | null;
  status: InvoiceStatus;
  total: Decimal;
  settlement: Settlement;
  creditNote: { id: Id; number: string } | null;
  snapshot: Snapshot | null;
}

/** How the discounts of target and sources were fixed; an undo needs it. */
export interface FixedDiscounts {
  /** As the host had saved it. */
  target: {
    discount: Discount | null;
    adjustment: Decimal;
    allowancesCharges: AllowanceCharge[];
    reminderLevel: number;
  };
  carried: { sourceId: Id; adjustment: Decimal; allowancesCharges: AllowanceCharge[] }[];
  /** What the target's own discount became, beside lines. */
  fixed: { adjustment: Decimal; allowancesCharges: AllowanceCharge[] };
  /** The highest of all. */
  reminderLevel: number;
}

export interface NewMerge {
  targetId: Id;
  targetNumber: string | null;
  customerId: Id;
  currency: string;
  totalsBefore: Totals | null;
  totalsAfter: Totals;
  difference: Decimal;
  causes: DifferenceCause[];
  acknowledged: string[];
  discounts: FixedDiscounts;
  settlement: SettlementChoice;
  actor: Actor;
  at: string;
  sources: SourceRecord[];
  links: MovedLink[];
  carried: Omit<CarriedRecord, 'id' | 'mergeId' | 'goneAt' | 'changedAt'>[];
}

export const createMergeStore = (prefix: string) => {
  const table = (name: string): string => `${prefix}${name}`;

  async function insertAll(trx: Trx, name: string, rows: object[]): Promise<void> {
    for (const chunk of portions(rows)) await trx(table(name)).insert(chunk);
  }

  return {
    ...createCarriedStore(prefix),
    ...createMergesStore(prefix),
    ...createLineageStore(prefix),
    ...createParticipationStore(prefix),
    ...createUndoStore(prefix),

    /**
     * Takes the key, or answers who had it before. Inserting is what prevents duplicates: on a cluster the second
     * COMMIT fails and the owner's retry finds the first.
     */
    async claimKey(
      trx: Trx,
      key: string,
      formHash: string,
      at: string,
    ): Promise<{ formHash: string; invoiceId: Id; mergeId: Id | null } | null> {
      try {
        await trx(table('save_keys')).insert({ save_key: key, form_hash: formHash, created_at: at });
        return null;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const [row]: Row[] = await trx(table('save_keys'))
        .where({ save_key: key })
        .forShare()
        .select('form_hash', 'merge_id', text(trx, 'invoice_id', 'invoiceid'));
      return {
        formHash: textOf(row?.form_hash) ?? '',
        invoiceId: textOf(row?.invoiceid) ?? '',
        mergeId: textOf(row?.merge_id),
      };
    },

    async fulfilKey(trx: Trx, key: string, invoiceId: Id, mergeId: Id | null): Promise<void> {
      await trx(table('save_keys')).where({ save_key: key }).update({ invoice_id: invoiceId, merge_id: mergeId });
    },

    /**
     * Forgets the keys of saves before an instant and answers how many. In small parts, each committed by itself: nobody
     * who saves waits for it.
     */
    async forgetKeys(knex: Knex, before: string): Promise<number> {
      let forgotten = 0;
      for (let after = ''; ;) {
        // In the order of the primary key, since no other index serves: the table is read through once.
        const keys = (await knex(table('save_keys'))
          .where('created_at', '<', before)
          .where('save_key', '>', after)
          .orderBy('save_key')
          .limit(CHUNK)
          .pluck('save_key')) as string[];
        if (keys.length > 0) forgotten += await knex(table('save_keys')).whereIn('save_key', keys).delete();
        if (keys.length < CHUNK) return forgotten;
        after = keys[keys.length - 1] ?? '';
      }
    },

    /** Records the whole act. A source that is already merged violates a unique key: the caller locked, so that never wins. */
    async record(trx: Trx, merge: NewMerge): Promise<Id> {
      const [id] = (await trx(table('merges')).insert({
        target_id: merge.targetId,
        customer_id: merge.customerId,
        target_number: clipped(merge.targetNumber),
        currency: merge.currency,
        totals_before: merge.totalsBefore && JSON.stringify(merge.totalsBefore),
        totals_after: JSON.stringify(merge.totalsAfter),
        difference_minor: toMinor(merge.difference, merge.currency),
        causes: JSON.stringify(merge.causes),
        acknowledged: JSON.stringify(merge.acknowledged),
        discounts: JSON.stringify(merge.discounts),
        settlement_issued: merge.settlement.issued,
        settlement_draft: merge.settlement.draft,
        actor_id: merge.actor.id,
        actor_name: clipped(merge.actor.name),
        created_at: merge.at,
      })) as [number];
      await insertAll(
        trx,
        'merge_sources',
        merge.sources.map((source, position) => ({
          merge_id: id,
          source_id: source.invoiceId,
          active_source_id: source.invoiceId,
          position,
          number: clipped(source.number),
          issue_date: source.issueDate,
          due_date: source.dueDate,
          status_before: source.status,
          total_minor: toMinor(source.total, merge.currency),
          settlement: source.settlement,
          credit_note_id: source.creditNote?.id ?? null,
          credit_note_number: clipped(source.creditNote?.number ?? null),
          snapshot: JSON.stringify(source.snapshot),
        })),
      );
      await insertAll(
        trx,
        'merge_links',
        merge.links.map((link) => ({
          merge_id: id,
          link: link.link,
          how: link.how,
          from_id: link.from,
          to_id: link.to,
          row_data: JSON.stringify(link.row),
        })),
      );
      await insertAll(
        trx,
        'carried_lines',
        merge.carried.map((line) => ({
          merge_id: id,
          target_id: line.targetId,
          source_id: line.sourceId,
          source_line_id: line.sourceLineId,
          line_id: line.lineId,
          kind: line.kind,
          content: JSON.stringify(line.content),
        })),
      );
      await trx(table('activity')).insert({
        at: merge.at,
        actor_id: merge.actor.id,
        actor_name: clipped(merge.actor.name),
        action: 'merge',
        invoice_id: merge.targetId,
        merge_id: id,
        details: JSON.stringify({
          sources: merge.sources.map(({ invoiceId, number, settlement }) => ({ invoiceId, number, settlement })),
        }),
      });
      return String(id);
    },
  };
};

export type MergeStore = ReturnType<typeof createMergeStore>;
