/** The history of merges as people look through it: pages, totals of what a filter shows, and all of it for an export. */
import type { Actor, Day, Db, Id, Merge } from '../host/contract';
import { customerNames, customersNamed } from '../host/lookups';
import { seenInvoices, startOfDay } from '../host/own-columns';
import { minorUnit } from '../money/currency';
import { sum, toAmount } from '../money/decimal';
import { totalOf } from '../money/totals';
import type { Decimal } from '../money/types';
import type { HistoryFilter } from './contract';
import { restrictTo, type MergingDeps } from './deps';
import type { Cursor, MergeFilter, MergeTotals, Visible } from './store-merges';

const PAGE_SIZE = 20;
/** Merges that an export holds in memory at once. */
const PORTION = 100;

export interface HistoryRow extends Merge {
  /** null: not in the CRM any more. */
  customer: string | null;
  /** The invoice as it is called by now: a draft may have got its number since. `issueDate` is known of drafts only. */
  target: { number: string | null; issueDate: Day | null };
  /** Of the invoice before, of the merged ones that the person may see, of the invoice after. */
  before: Decimal;
  merged: Decimal;
  after: Decimal;
}

export interface HistoryPage {
  rows: HistoryRow[];
  page: number;
  pages: number;
  total: number;
  /** Of all pages, by currency. */
  totals: MergeTotals[];
  /** Invoices of these rows that a merge has deleted: nothing to link to. */
  gone: Set<Id>;
  /** Whoever has merged, for the filter. */
  people: Actor[];
}

/** The filter as the store takes it. */
export function toStored(
  { host, timeZone }: Pick<MergingDeps, 'host' | 'timeZone'>,
  db: Db,
  { from, to, customer, ...filter }: HistoryFilter,
): MergeFilter {
  return {
    ...filter,
    ...(customer !== undefined && { customers: () => customersNamed(db, host.map, customer) }),
    ...(from !== undefined && { from: startOfDay(timeZone, from) }),
    ...(to !== undefined && { until: startOfDay(timeZone, to, 1) }),
  };
}

export const createHistory = (deps: Pick<MergingDeps, 'host' | 'store' | 'scope' | 'timeZone'>) => {
  const { host, store } = deps;
  const seenBy =
    (db: Db, actor: Actor): Visible =>
    () =>
      seenInvoices(db, host.map, restrictTo(deps, actor));

  async function toRows(db: Db, merges: Merge[]): Promise<HistoryRow[]> {
    const customers = await customerNames(
      db,
      host.map,
      merges.map(({ customerId }) => customerId),
    );
    // Whoever had a number then is not called otherwise since.
    const drafts = merges.filter(({ targetNumber }) => targetNumber === null).map(({ targetId }) => targetId);
    const loaded = drafts.length > 0 ? await host.loadInvoices(db, [...new Set(drafts)]) : [];
    const targets = new Map(loaded.map(({ id, number, issueDate }) => [id, { number, issueDate }]));
    return merges.map((merge) => {
      const scale = minorUnit(merge.currency);
      return {
        ...merge,
        target: targets.get(merge.targetId) ?? { number: merge.targetNumber, issueDate: null },
        customer: customers.get(merge.customerId) ?? null,
        before: merge.totalsBefore ? totalOf(merge.totalsBefore) : toAmount(sum([]), scale),
        merged: toAmount(sum(merge.sources.map(({ total }) => total)), scale),
        after: totalOf(merge.totalsAfter),
      };
    });
  }

  return {
    /** The same number of statements for one merge and for thousands. Beyond the last page: the last one. */
    async page(db: Db, filter: HistoryFilter, page: number, actor: Actor): Promise<HistoryPage> {
      const visible = seenBy(db, actor);
      const stored = toStored(deps, db, filter);
      const totals = await store.mergeTotals(db, stored, visible);
      const total = totals.reduce((count, { merges }) => count + merges, 0);
      const pages = Math.max(1, Math.ceil(total / PAGE_SIZE));
      const shown = Math.min(page, pages);
      const { merges } = await store.mergesPage(db, stored, visible, {
        offset: (shown - 1) * PAGE_SIZE,
        limit: PAGE_SIZE,
      });
      const gone = await store.goneOf(
        db,
        merges.map(({ id }) => id),
      );
      const people = await store.mergers(db, visible);
      return { rows: await toRows(db, merges), page: shown, pages, total, totals, gone, people };
    },

    /** All that a filter shows, newest first, a portion at a time. */
    async *all(db: Db, filter: HistoryFilter, actor: Actor): AsyncGenerator<HistoryRow> {
      const visible = seenBy(db, actor);
      const stored = toStored(deps, db, filter);
      for (let last: Cursor | null = null; ;) {
        const merges: Merge[] = await store.mergesAfter(db, stored, visible, last, PORTION);
        yield* await toRows(db, merges);
        const end = merges.at(-1);
        if (!end || merges.length < PORTION) return;
        last = { at: end.createdAt, id: end.id };
      }
    },
  };
};

export type History = ReturnType<typeof createHistory>;
