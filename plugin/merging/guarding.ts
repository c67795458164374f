/** What happens to an invoice elsewhere in the CRM once it was merged: successors, and acts that are refused. */
import type { Actor, Db, Id, Trx } from '../host/contract';
import { visibleIds } from '../host/own-columns';
import { demandTransaction } from '../host/transaction';
import { PluginError } from '../errors';
import type { InvoiceMerges } from './contract';
import { restrictTo, type MergingDeps } from './deps';
import type { Participation } from './store-participations';

export type GuardedAct = 'edit' | 'pay' | 'issue' | 'cancel' | 'credit' | 'reopen' | 'delete';

export const createGuarding = (deps: Pick<MergingDeps, 'host' | 'store' | 'scope' | 'numbers' | 'clock'>) => {
  const { host, store } = deps;

  /** Follows merges of merges: for each invoice that was merged, the merge at the end of its way. */
  async function lastMergesOf(db: Db, invoiceIds: Id[]): Promise<Map<Id, Participation>> {
    const parts = new Map<Id, Participation>();
    // One statement a level; whoever is there already closes a circle that only damaged rows could make.
    for (let level = [...new Set(invoiceIds)]; level.length > 0;) {
      const found = await store.asSources(db, level);
      for (const one of found) parts.set(one.sourceId, one);
      level = [...new Set(found.map(({ targetId }) => targetId))].filter((id) => !parts.has(id));
    }
    const endOf = (id: Id): Participation | undefined => {
      let last: Participation | undefined;
      const seen = new Set<Id>();
      for (let next = parts.get(id); next && !seen.has(next.sourceId); next = parts.get(next.targetId)) {
        seen.add(next.sourceId);
        last = next;
      }
      return last;
    };
    return new Map(invoiceIds.flatMap((id) => [endOf(id)].flatMap((end) => (end ? [[id, end] as const] : []))));
  }

  async function lastMergeOf(db: Db, invoiceId: Id): Promise<Participation | null> {
    return (await lastMergesOf(db, [invoiceId])).get(invoiceId) ?? null;
  }

  /** @param actor who asks: one who does not see the successor hears nothing of it. Left out: an act of the host's own. */
  async function mergedError(db: Db, source: Participation, act: string, actor?: Actor): Promise<PluginError> {
    const end = (await lastMergeOf(db, source.sourceId)) ?? source;
    const about = {
      act,
      ...(act === 'reopen' && { why: act }),
      invoiceId: source.sourceId,
      number: source.number,
      issueDate: source.issueDate,
    };
    const isSeen =
      !actor || (await visibleIds(db, host.map, [end.targetId], restrictTo(deps, actor))).has(end.targetId);
    if (!isSeen) return new PluginError('IM_MERGED', 409, about);
    const [successor] = await host.loadInvoices(db, [end.targetId]);
    return new PluginError('IM_MERGED', 409, {
      ...about,
      successorId: end.targetId,
      successorNumber: successor?.number ?? end.targetNumber,
      // What the sentences call it: a draft has no number and is named by its day.
      other: { number: successor?.number ?? end.targetNumber, issueDate: successor?.issueDate ?? null },
      url: host.invoiceUrl(end.targetId, 'preview'),
      at: source.at,
      by: source.actor.name,
    });
  }

  return {
    mergedError,
    lastMergesOf,

    async successorOf(db: Db, invoiceId: Id): Promise<Id | null> {
      return (await lastMergeOf(db, invoiceId))?.targetId ?? null;
    },

    async paymentTarget(db: Db, invoiceId: Id): Promise<{ invoiceId: Id; mergedFrom: Id | null }> {
      const end = await lastMergeOf(db, invoiceId);
      return end ? { invoiceId: end.targetId, mergedFrom: invoiceId } : { invoiceId, mergedFrom: null };
    },

    /**
     * Writes the invoice's lock first: whoever merges, pays or edits the same invoice at that moment waits or fails.
     * @throws IM_MERGED 409 naming the successor; IM_HAS_MERGED 409 when deleting an invoice that replaces others
     */
    async guard(trx: Trx, invoiceId: Id, act: GuardedAct): Promise<void> {
      demandTransaction(trx);
      await host.touchInvoices(trx, [invoiceId]);
      const [source] = await store.asSources(trx, [invoiceId]);
      if (source) throw await mergedError(trx, source, act);
      if (act === 'delete') {
        const replaced = await store.asTarget(trx, invoiceId);
        if (replaced.length > 0)
          throw new PluginError('IM_HAS_MERGED', 409, {
            invoiceId,
            numbers: replaced.map((one) => one.number).filter(Boolean),
          });
        // Why its number is missing from now on; who deletes it, only the host knows.
        const invoices = await host.loadInvoices(trx, [invoiceId]);
        await deps.numbers.deleted(trx, invoices, { mergeId: null, actor: null, at: deps.clock().toISOString() });
      }
    },

    async mergesOf(db: Db, invoiceId: Id): Promise<InvoiceMerges> {
      const [[into], replaced] = [await store.asSources(db, [invoiceId]), await store.asTarget(db, invoiceId)];
      const [direct] = into ? await host.loadInvoices(db, [into.targetId]) : [];
      // The one it was merged into may have been merged on, and deleted: then the one that stands at the end.
      const end = into && !direct ? await lastMergeOf(db, invoiceId) : into;
      const [target] = end === into ? [direct] : end ? await host.loadInvoices(db, [end.targetId]) : [];
      return {
        mergedInto: into
          ? {
              invoiceId: (end ?? into).targetId,
              mergeId: into.mergeId,
              number: target?.number ?? (end ?? into).targetNumber,
              date: target?.issueDate ?? null,
              at: into.at,
              by: into.actor,
              corrected: into.corrected,
              settlement: into.settlement,
              creditNote: into.creditNote,
            }
          : null,
        replaces: replaced.map((one) => ({
          invoiceId: one.sourceId,
          number: one.number,
          date: one.issueDate,
          total: one.total,
          currency: one.currency,
          settlement: one.settlement,
          creditNote: one.creditNote,
          mergeId: one.mergeId,
          at: one.at,
          by: one.actor,
          corrected: one.corrected,
        })),
      };
    },
  };
};

export type Guarding = ReturnType<typeof createGuarding>;
