/** What happens to an invoice elsewhere in the CRM once it was merged: successors, and acts that are refused. */
import type { Db, Id, Trx } from '../host/contract';
import { demandTransaction } from '../host/transaction';
import { PluginError } from '../errors';
import type { InvoiceMerges } from './contract';
import type { MergingDeps } from './deps';
import type { Participation } from './store-participations';

export type GuardedAct = 'edit' | 'pay' | 'issue' | 'cancel' | 'credit' | 'reopen' | 'delete';

export const createGuarding = (deps: Pick<MergingDeps, 'host' | 'store'>) => {
  const { host, store } = deps;

  /** Follows merges of merges to the invoice that stands at the end; null when this one was never merged. */
  async function lastMergeOf(db: Db, invoiceId: Id): Promise<Participation | null> {
    let last: Participation | null = null;
    const seen = new Set<Id>();
    for (let id = invoiceId; !seen.has(id);) {
      seen.add(id);
      const [next] = await store.asSources(db, [id]);
      if (!next) break;
      last = next;
      id = next.targetId;
    }
    return last;
  }

  async function mergedError(db: Db, source: Participation, act: string): Promise<PluginError> {
    const end = (await lastMergeOf(db, source.sourceId)) ?? source;
    const [successor] = await host.loadInvoices(db, [end.targetId]);
    return new PluginError('IM_MERGED', 409, {
      act,
      invoiceId: source.sourceId,
      number: source.number,
      issueDate: source.issueDate,
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
              number: target?.number ?? (end ?? into).targetNumber,
              date: target?.issueDate ?? null,
              at: into.at,
              by: into.actor,
              settlement: into.settlement,
            }
          : null,
        replaces: replaced.map((one) => ({
          invoiceId: one.sourceId,
          number: one.number,
          date: one.issueDate,
          total: one.total,
          currency: one.currency,
          settlement: one.settlement,
          mergeId: one.mergeId,
          at: one.at,
          by: one.actor,
        })),
      };
    },
  };
};

export type Guarding = ReturnType<typeof createGuarding>;
