/** What becomes of the sources: cancelled or deleted, each with its snapshot. */
import type { Actor, Id, Invoice, Settlement, SettlementChoice, Snapshot, TableMap, Trx } from '../host/contract';
import { linksLeft } from '../host/links';
import { markMerged, todayIn } from '../host/own-columns';
import { demandNone, settlementOf } from './admission';
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
  await demandNothingLeft(
    trx,
    host.map,
    sources.filter(({ id }) => deleted.includes(id)),
    target,
  );
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

/** What hangs on a line that the person left out has not moved: deleting its source would leave it pointing nowhere. */
async function demandNothingLeft(trx: Trx, map: TableMap, sources: Invoice[], target: Invoice): Promise<void> {
  const arrived = new Set(target.lines.map((line) => line.sourceLineId));
  const incomplete = sources.filter(({ lines }) => lines.some(({ id }) => !arrived.has(id)));
  if (incomplete.length === 0) return;
  const left = await linksLeft(
    trx,
    map,
    incomplete.map(({ id }) => id),
    'move',
  );
  demandNone(
    incomplete.flatMap(({ id, number }) => {
      const links = left.get(id);
      return links ? [{ invoiceId: id, number, reasons: [{ code: 'link' as const, vars: { links } }] }] : [];
    }),
  );
}
