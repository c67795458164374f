/** What the rest of the CRM asks once invoices were merged: who bears a number now, what an invoice replaces, which drafts hold up a debt. */
import type { FoundInvoice, MergeSummary, ReplacedInvoice } from '../contract';
import type { Actor, Day, Db, Id } from '../host/contract';
import { customerNames, draftIds, idsByNumber } from '../host/lookups';
import { todayIn, visibleIds } from '../host/own-columns';
import { minorUnit } from '../money/currency';
import { sum, toAmount } from '../money/decimal';
import type { Decimal } from '../money/types';
import { restrictTo, type MergingDeps } from './deps';
import type { Guarding } from './guarding';
import type { Participation } from './store-participations';

/** A draft that received issued invoices: until it is issued, what they were worth is neither due nor reminded. */
export interface WaitingDraft {
  invoiceId: Id;
  number: string | null;
  issueDate: Day;
  customer: string;
  currency: string;
  total: Decimal;
  /** What the issued invoices came to. */
  held: Decimal;
  /** Their numbers. */
  numbers: string[];
}

type LookupDeps = Pick<MergingDeps, 'host' | 'store' | 'scope' | 'timeZone' | 'clock' | 'numbers'>;

export const createLookups = (deps: LookupDeps, guarding: Guarding) => {
  const { host, store } = deps;

  /** Everything that was merged into an invoice, directly or before, in the order of the merges. */
  async function allReplaced(db: Db, invoiceId: Id): Promise<Participation[]> {
    const found = new Map<Id, Participation>();
    for (let level = [invoiceId]; level.length > 0;) {
      const parts = (await store.asTargets(db, level)).filter(({ sourceId }) => !found.has(sourceId));
      for (const part of parts) found.set(part.sourceId, part);
      level = parts.map(({ sourceId }) => sourceId);
    }
    return [...found.values()].sort((a, b) => Number(a.mergeId) - Number(b.mergeId));
  }

  return {
    allReplaced,

    async findByNumber(db: Db, number: string, actor?: Actor): Promise<FoundInvoice[]> {
      const wanted = number.trim();
      if (wanted === '') return [];
      const own = await idsByNumber(db, host.map, todayIn(deps.timeZone, deps.clock()), wanted);
      const merged = (await store.mergedWithNumber(db, wanted)).map(({ sourceId }) => sourceId);
      const former = await deps.numbers.formerBearers(db, wanted);
      const ends = await guarding.lastMergesOf(db, [...own, ...merged, ...former]);
      const itself = own.filter((id) => !ends.has(id));
      const carriers = [...ends.values()].map(({ targetId }) => targetId).filter((id) => !itself.includes(id));
      const renumbered = former.filter((id) => !ends.has(id) && ![...itself, ...carriers].includes(id));
      const how = new Map<Id, FoundInvoice['how']>([
        ...renumbered.map((id) => [id, 'renumbered'] as const),
        ...carriers.map((id) => [id, 'merged'] as const),
        ...itself.map((id) => [id, 'itself'] as const),
      ]);
      const ids = [...new Set([...itself, ...carriers, ...renumbered])];
      const seen = await visibleIds(db, host.map, ids, actor ? restrictTo(deps, actor) : () => undefined);
      return ids.filter((id) => seen.has(id)).map((invoiceId) => ({ invoiceId, how: how.get(invoiceId) ?? 'merged' }));
    },

    async summary(db: Db, invoiceId: Id): Promise<MergeSummary> {
      const replaced = await allReplaced(db, invoiceId);
      if (replaced.length === 0) return { replaces: [] };
      const parts = new Map(replaced.map((part) => [part.sourceId, part]));
      const origins = new Map(
        (await store.lineOrigins(db, [...parts.keys()])).map((one) => [`${one.targetId} ${one.lineId}`, one]),
      );
      const linesOf = new Map<Id, ReplacedInvoice['lines']>();
      const [invoice] = await host.loadInvoices(db, [invoiceId]);
      for (const line of invoice?.lines ?? []) {
        let [sourceId, sourceLineId] = [line.sourceInvoiceId, line.sourceLineId];
        // A source's line may itself have come from an invoice merged before: that one's customer bought it.
        for (let from; sourceId && sourceLineId && (from = origins.get(`${sourceId} ${sourceLineId}`));) {
          if (from.sourceId === sourceId) break;
          [sourceId, sourceLineId] = [from.sourceId, from.sourceLineId];
        }
        const part = sourceId === null ? undefined : parts.get(sourceId);
        if (part)
          linesOf.set(part.sourceId, [
            ...(linesOf.get(part.sourceId) ?? []),
            { lineId: line.id, supplyDate: line.supplyDate ?? part.issueDate },
          ]);
      }
      return {
        replaces: replaced.map((part) => ({
          invoiceId: part.sourceId,
          number: part.number,
          date: part.issueDate,
          total: part.total,
          currency: part.currency,
          settlement: part.settlement,
          creditNote: part.creditNote?.number ?? null,
          directly: part.targetId === invoiceId,
          lines: linesOf.get(part.sourceId) ?? [],
        })),
      };
    },

    /** Drafts with issued invoices in them, oldest first; only what the person may see. */
    async waitingDrafts(db: Db, actor: Actor): Promise<WaitingDraft[]> {
      const ids = await draftIds(db, host.map, store.targetsOfIssued(db), restrictTo(deps, actor));
      const drafts = await host.loadInvoices(db, ids);
      const names = await customerNames(
        db,
        host.map,
        drafts.map(({ customerId }) => customerId),
      );
      const parts = (await store.asTargets(db, ids)).filter(({ statusBefore }) => statusBefore !== 'draft');
      return drafts.map((draft) => {
        const issued = parts.filter(({ targetId }) => targetId === draft.id);
        return {
          invoiceId: draft.id,
          number: draft.number,
          issueDate: draft.issueDate,
          customer: names.get(draft.customerId) ?? '',
          currency: draft.currency,
          total: draft.total,
          held: toAmount(sum(issued.map(({ total }) => total)), minorUnit(draft.currency)),
          numbers: issued.flatMap(({ number }) => number ?? []),
        };
      });
    },
  };
};

export type Lookups = ReturnType<typeof createLookups>;
