/** What becomes of the sources: cancelled or deleted, each with its snapshot. */
import type { Actor, Id, Invoice, Settlement, SettlementChoice, Snapshot, Trx } from '../host/contract';
import { markMerged, todayIn } from '../host/own-columns';
import { settlementOf } from './admission';
import { nameOf, type MergingDeps } from './deps';
import type { SourceRecord } from './store';

export async function settle(
  deps: Pick<MergingDeps, 'host' | 'documents' | 'timeZone'>,
  trx: Trx,
  target: Invoice,
  sources: Invoice[],
  settlement: SettlementChoice,
  actor: Actor,
  at: string,
): Promise<SourceRecord[]> {
  const { host, documents } = deps;
  const idsOf = (wanted: Settlement): Id[] =>
    sources.filter((source) => settlementOf(source, settlement) === wanted).map(({ id }) => id);
  const snapshots = new Map<Id, Snapshot>();
  const cancelled = idsOf('cancel');
  if (cancelled.length > 0) {
    const note = documents.t('document.merged_note', {
      number: nameOf(documents, target),
      date: documents.day(todayIn(deps.timeZone, new Date(at))),
      name: actor.name,
    });
    for (const snapshot of await host.cancelInvoices(trx, cancelled, note)) snapshots.set(snapshot.invoiceId, snapshot);
    await markMerged(trx, host.map, cancelled, target.id, at);
  }
  const deleted = idsOf('delete');
  if (deleted.length > 0)
    for (const snapshot of await host.deleteInvoices(trx, deleted)) snapshots.set(snapshot.invoiceId, snapshot);
  return sources.map((source) => ({
    invoiceId: source.id,
    number: source.number,
    issueDate: source.issueDate,
    status: source.status,
    total: source.total,
    settlement: settlementOf(source, settlement),
    snapshot: snapshots.get(source.id) ?? null,
  }));
}
