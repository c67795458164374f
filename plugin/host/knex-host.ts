/** Puts the topics together: a host described by its table map. */
import { createDrafts } from './drafts';
import { findCandidates } from './candidates';
import { creditInvoices } from './credit-notes';
import type { HostCrm, Id, TableMap } from './contract';
import { appendLines, removeLines } from './lines';
import { moveLinks, restoreLinks } from './links';
import { loadInvoices } from './load';
import { allocateNumbers } from './numbers';
import { todayIn } from './own-columns';
import { recordPayment } from './payments';
import { cancelInvoices, deleteInvoices, restoreInvoices } from './settle';
import { saveTotals, touchInvoices, updateInvoice } from './write';

export interface KnexHostOptions {
  /** Where the host shows an invoice. Default: /invoices/ID, /invoices/ID/edit, /invoices/ID/public. */
  invoiceUrl?: (id: Id, page: 'preview' | 'edit' | 'public') => string;
  /** Time zone of the business, for what is overdue. Default: Europe/Paris. */
  timeZone?: string;
  clock?: () => Date;
}

/**
 * A host whose invoices are rows that the map names. Works on MySQL 8, MariaDB 10.6+ and SQLite, through the `db` or `trx` it is given.
 * Never throws: createInvoiceMerge reports what `mapFaults(map)` finds together with its other faults.
 */
export function knexHost(map: TableMap, options: KnexHostOptions = {}): HostCrm {
  const today = (): string => todayIn(options.timeZone ?? 'Europe/Paris', options.clock?.() ?? new Date());
  return {
    map,
    findCandidates: (db, q) => findCandidates(db, map, today(), q),
    loadInvoices: (db, ids) => loadInvoices(db, map, today(), ids),
    touchInvoices: (trx, ids) => touchInvoices(trx, map, ids),
    appendLines: (trx, targetId, lines) => appendLines(trx, map, targetId, lines),
    removeLines: (trx, targetId, lineIds) => removeLines(trx, map, targetId, lineIds),
    updateInvoice: (trx, id, change) => updateInvoice(trx, map, id, change),
    moveLinks: (trx, from, targetId) => moveLinks(trx, map, from, targetId),
    restoreLinks: (trx, moved) => restoreLinks(trx, map, moved),
    cancelInvoices: (trx, ids, note) => cancelInvoices(trx, map, ids, note),
    deleteInvoices: (trx, ids) => deleteInvoices(trx, map, ids),
    restoreInvoices: (trx, snapshots) => restoreInvoices(trx, map, snapshots),
    ...(map.creditNotes && { creditInvoices: (trx, credits, date) => creditInvoices(trx, map, credits, date) }),
    ...(map.invoices.copy && { createDrafts: (trx, drafts) => createDrafts(trx, map, drafts) }),
    saveTotals: (trx, invoiceId) => saveTotals(trx, map, today(), invoiceId),
    allocateNumbers: (trx, type, count, date) => allocateNumbers(trx, map, type, count, date),
    ...(map.payments && { recordPayment: (trx, payment) => recordPayment(trx, map, payment) }),
    invoiceUrl: options.invoiceUrl ?? ((id, page) => `/invoices/${id}${page === 'preview' ? '' : `/${page}`}`),
  };
}
