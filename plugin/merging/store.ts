/** What merging remembers: save keys, merges, their sources with snapshots, moved links, carried lines, activity. Own tables only. */
import type { Knex } from 'knex';
import Big from 'big.js';
import type {
  Actor,
  Day,
  Db,
  Id,
  InvoiceStatus,
  Merge,
  MovedLink,
  Settlement,
  SettlementChoice,
  Snapshot,
  Trx,
} from '../host/contract';
import { portions, textOf } from '../host/sql';
import { createCarriedStore, type CarriedRecord } from './store-carried';
import { isDuplicateKey } from '../host/transaction';
import { minorUnit } from '../money/currency';
import type { AllowanceCharge, Decimal, Discount, Totals } from '../money/types';
import type { DifferenceCause } from './contract';

export interface SourceRecord {
  invoiceId: Id;
  number: string | null;
  issueDate: Day;
  status: InvoiceStatus;
  total: Decimal;
  settlement: Settlement;
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
  carried: Omit<CarriedRecord, 'id' | 'mergeId'>[];
}

interface MergeRow {
  id: number;
  target_id: unknown;
  customer_id: unknown;
  target_number: string | null;
  currency: string;
  totals_before: string | null;
  totals_after: string;
  difference_minor: unknown;
  causes: string;
  acknowledged: string;
  actor_id: string;
  actor_name: string;
  created_at: string;
  undone_at: string | null;
  undone_by_id: string | null;
  undone_by_name: string | null;
  undone_reason: string | null;
}

interface SourceRow {
  merge_id: number;
  source_id: unknown;
  number: string | null;
  issue_date: string;
  total_minor: unknown;
  settlement: Settlement;
}

/** One invoice's part in a merge that stands. */
export interface Participation {
  mergeId: Id;
  targetId: Id;
  targetNumber: string | null;
  sourceId: Id;
  number: string | null;
  issueDate: Day;
  total: Decimal;
  currency: string;
  settlement: Settlement;
  at: string;
  actor: Actor;
}

const toMinor = (amount: Decimal, currency: string): string =>
  new Big(amount).times(new Big(10).pow(minorUnit(currency))).toFixed(0);
const fromMinor = (minor: unknown, currency: string): Decimal => {
  const scale = minorUnit(currency);
  return new Big(String(minor)).div(new Big(10).pow(scale)).toFixed(scale);
};

/** As much of a name or number as its column holds: what it is called must not stop a merge. */
const clip = (text: string | null): string | null => text && Array.from(text).slice(0, 190).join('');

export const createMergeStore = (prefix: string) => {
  const table = (name: string): string => `${prefix}${name}`;

  async function insertAll(trx: Trx, name: string, rows: object[]): Promise<void> {
    for (const chunk of portions(rows)) await trx(table(name)).insert(chunk);
  }

  const participations = (db: Db): Knex.QueryBuilder =>
    db(`${table('merge_sources')} as s`)
      .join(`${table('merges')} as m`, 'm.id', 's.merge_id')
      .whereNull('m.undone_at')
      .select({
        mergeId: 'm.id',
        targetId: 'm.target_id',
        targetNumber: 'm.target_number',
        sourceId: 's.source_id',
        number: 's.number',
        issueDate: 's.issue_date',
        totalMinor: 's.total_minor',
        currency: 'm.currency',
        settlement: 's.settlement',
        at: 'm.created_at',
        actorId: 'm.actor_id',
        actorName: 'm.actor_name',
      });

  const toParticipation = (row: Record<string, unknown>): Participation => ({
    mergeId: String(row.mergeId),
    targetId: String(row.targetId),
    targetNumber: (row.targetNumber as string | null) ?? null,
    sourceId: String(row.sourceId),
    number: (row.number as string | null) ?? null,
    issueDate: row.issueDate as Day,
    currency: row.currency as string,
    total: fromMinor(row.totalMinor, row.currency as string),
    settlement: row.settlement as Settlement,
    at: row.at as string,
    actor: { id: row.actorId as string, name: row.actorName as string },
  });

  return {
    ...createCarriedStore(prefix),

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
      const row = (await trx(table('save_keys')).where({ save_key: key }).forShare().first()) as Record<
        string,
        unknown
      >;
      return {
        formHash: String(row.form_hash),
        invoiceId: String(row.invoice_id),
        mergeId: textOf(row.merge_id),
      };
    },

    async fulfilKey(trx: Trx, key: string, invoiceId: Id, mergeId: Id | null): Promise<void> {
      await trx(table('save_keys')).where({ save_key: key }).update({ invoice_id: invoiceId, merge_id: mergeId });
    },

    /** Records the whole act. A source that is already merged violates a unique key: the caller locked, so that never wins. */
    async record(trx: Trx, merge: NewMerge): Promise<Id> {
      const [id] = (await trx(table('merges')).insert({
        target_id: merge.targetId,
        customer_id: merge.customerId,
        target_number: clip(merge.targetNumber),
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
        actor_name: clip(merge.actor.name),
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
          number: clip(source.number),
          issue_date: source.issueDate,
          status_before: source.status,
          total_minor: toMinor(source.total, merge.currency),
          settlement: source.settlement,
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
        actor_name: clip(merge.actor.name),
        action: 'merge',
        invoice_id: merge.targetId,
        merge_id: id,
        details: JSON.stringify({
          sources: merge.sources.map(({ invoiceId, number, settlement }) => ({ invoiceId, number, settlement })),
        }),
      });
      return String(id);
    },

    async mergeById(db: Db, id: Id): Promise<Merge | null> {
      const row = (await db(table('merges')).where({ id }).first()) as MergeRow | undefined;
      // MySQL reads '12abc' as 12: only the id itself names the merge.
      if (!row || String(row.id) !== id) return null;
      const sources = (await db(table('merge_sources')).where({ merge_id: id }).orderBy('position')) as SourceRow[];
      return {
        id: String(row.id),
        targetId: String(row.target_id),
        sources: sources.map((source) => ({
          invoiceId: String(source.source_id),
          number: source.number,
          total: fromMinor(source.total_minor, row.currency),
          settlement: source.settlement,
          creditNote: null,
        })),
        totalsBefore: row.totals_before === null ? null : (JSON.parse(row.totals_before) as Totals),
        totalsAfter: JSON.parse(row.totals_after) as Totals,
        difference: fromMinor(row.difference_minor, row.currency),
        causes: JSON.parse(row.causes) as DifferenceCause[],
        acknowledged: JSON.parse(row.acknowledged) as string[],
        targetNumber: row.target_number,
        customerId: String(row.customer_id),
        actor: { id: row.actor_id, name: row.actor_name },
        createdAt: row.created_at,
        undone:
          row.undone_at === null
            ? null
            : {
                at: row.undone_at,
                by: { id: row.undone_by_id ?? '', name: row.undone_by_name ?? '' },
                reason: row.undone_reason ?? '',
              },
      };
    },

    /** Merges that stand in which these invoices were sources, whether the invoices still exist or not. */
    async asSources(db: Db, invoiceIds: Id[]): Promise<Participation[]> {
      if (invoiceIds.length === 0) return [];
      const query = participations(db).whereIn('s.source_id', invoiceIds);
      return ((await (db.isTransaction ? query.forShare() : query)) as Record<string, unknown>[]).map(toParticipation);
    },

    /** Merges that stand in which this invoice was the target, oldest first. */
    async asTarget(db: Db, invoiceId: Id): Promise<Participation[]> {
      const query = participations(db).where('m.target_id', invoiceId).orderBy(['m.id', 's.position']);
      return ((await (db.isTransaction ? query.forShare() : query)) as Record<string, unknown>[]).map(toParticipation);
    },
  };
};

export type MergeStore = ReturnType<typeof createMergeStore>;
