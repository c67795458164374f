/** What becomes of the sources: cancelled or deleted, each with its snapshot, or settled by a credit note. */
import { PluginError } from '../errors';
import type {
  Actor,
  Day,
  Id,
  Invoice,
  NewCreditNote,
  Settlement,
  SettlementChoice,
  Snapshot,
  TableMap,
  Trx,
} from '../host/contract';
import { linksLeft } from '../host/links';
import { markMerged, todayIn } from '../host/own-columns';
import { demandNone, settlementOf } from './admission';
import { carriedFrom } from './combine';
import { carryingWords, isIssued, nameOf, type MergingDeps } from './deps';
import type { SourceRecord } from './store';

export async function settle(
  deps: Pick<MergingDeps, 'host' | 'documents' | 'timeZone' | 'allocateNumbers'>,
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
  const creditNotes = await credit(
    deps,
    trx,
    target,
    sources.filter(({ id }) => idsOf('credit').includes(id)),
    at,
  );
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
    dueDate: source.dueDate,
    status: source.status,
    total: source.total,
    settlement: settlementOf(source, settlement),
    creditNote: creditNotes.get(source.id) ?? null,
    snapshot: snapshots.get(source.id) ?? null,
  }));
}

/**
 * One credit note for each, of the invoice's own amounts, dated as the target and applied to its invoice.
 * @throws IM_TARGET_NOT_ISSUED 422: the customer would hold credit notes and no invoice
 */
async function credit(
  deps: Pick<MergingDeps, 'host' | 'documents' | 'allocateNumbers'>,
  trx: Trx,
  target: Invoice,
  sources: Invoice[],
  at: string,
): Promise<Map<Id, { id: Id; number: string }>> {
  const { host, documents } = deps;
  if (sources.length === 0) return new Map();
  if (!isIssued(target)) throw new PluginError('IM_TARGET_NOT_ISSUED', 422, { invoiceId: target.id });
  const byInvoice = await issueCreditNotes(deps, trx, sources, target.issueDate, (invoice) =>
    documents.t('document.credit_note', {
      number: nameOf(documents, invoice),
      date: documents.day(invoice.issueDate),
      successor: nameOf(documents, target),
    }),
  );
  await markMerged(
    trx,
    host.map,
    sources.map(({ id }) => id),
    target.id,
    at,
  );
  return byInvoice;
}

/**
 * One for each, of the invoice's own amounts, in words of `noteOf`, applied to its invoice. Dated `wanted`, but never before
 * an invoice that it credits: what a document refers to must exist.
 */
export async function issueCreditNotes(
  deps: Pick<MergingDeps, 'host' | 'documents' | 'allocateNumbers'>,
  trx: Trx,
  invoices: Invoice[],
  wanted: Day,
  noteOf: (invoice: Invoice) => string,
): Promise<Map<Id, { id: Id; number: string }>> {
  const { host, documents } = deps;
  const date = invoices.reduce((latest, { issueDate }) => (issueDate > latest ? issueDate : latest), wanted);
  // After an invoice's own number, which the host's save took: everybody asks for the two series in this order.
  const numbers = await deps.allocateNumbers(trx, 'credit_note', invoices.length, date);
  const into = host.map.creditNotes?.allowances?.some((one) => one.of === 'invoice') ? 'allowances' : 'lines';
  const credits = invoices.map((invoice, index): NewCreditNote => {
    const { lines, allowancesCharges } = carriedFrom(invoice, into, carryingWords(documents));
    return { invoice, number: numbers[index] ?? '', note: noteOf(invoice), lines, allowancesCharges };
  });
  const made = (await host.creditInvoices?.(trx, credits, date)) ?? [];
  const byInvoice = new Map(made.map((one) => [one.invoiceId, { id: String(one.creditNoteId), number: one.number }]));
  if (byInvoice.size !== invoices.length)
    throw new PluginError('IM_HOST_FAULT', 500, {
      where: 'creditInvoices',
      mend: 'answer one credit note per invoice',
    });
  return byInvoice;
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
