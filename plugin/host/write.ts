/** Writes the target's own fields: its lock, what the document says of itself, its totals. */
import Big from 'big.js';
import { PluginError } from '../errors';
import { totalOf } from '../money/totals';
import type { Totals } from '../money/types';
import { replaceAllowances } from './allowances';
import type { Day, Id, Invoice, InvoiceStatus, Row, TableMap, Trx } from './contract';
import { loadInvoices } from './load';
import { numberRow } from './numbers';
import { demandStatusRow, own, statusRow } from './table-map';

const TRUNCATED_WRONG_VALUE = 1292;

/**
 * The locking write: whoever else depends on one of these invoices waits, or fails on a cluster. One statement.
 * @throws IM_NOT_FOUND 404 for an id that the id column cannot hold
 */
export async function touchInvoices(trx: Trx, map: TableMap, ids: Id[]): Promise<void> {
  if (ids.length === 0) return;
  const version = own(map, 'version');
  try {
    await trx(map.invoices.table)
      .whereIn(map.invoices.id, ids)
      .update({ [version]: trx.raw('COALESCE(??, 0) + 1', [version]) });
  } catch (error) {
    // A numeric column is asked for '12abc': MySQL's strict mode refuses in an UPDATE what a SELECT would read as 12.
    if ((error as { errno?: unknown }).errno !== TRUNCATED_WRONG_VALUE) throw error;
    throw new PluginError('IM_NOT_FOUND', 404, { invoiceIds: ids }, { cause: error });
  }
}

/** The given fields only. A discount of null becomes 0; allowances are replaced by the given list, those that stay are not touched. */
export async function updateInvoice(
  trx: Trx,
  map: TableMap,
  id: Id,
  change: Partial<
    Pick<
      Invoice,
      'number' | 'status' | 'issueDate' | 'dueDate' | 'discount' | 'allowancesCharges' | 'adjustment' | 'reminderLevel'
    >
  >,
): Promise<void> {
  const { invoices } = map;
  const row: Row = {};
  const write = (column: string | undefined, value: unknown): void => {
    if (column !== undefined && value !== undefined) row[column] = value;
  };
  if (change.number !== undefined) Object.assign(row, numberRow(map, 'invoice', change.number));
  if (change.status !== undefined) Object.assign(row, demandStatusRow(map, change.status));
  write(invoices.issueDate, change.issueDate);
  write(invoices.dueDate, change.dueDate);
  write(invoices.adjustment, change.adjustment);
  write(invoices.reminderLevel, change.reminderLevel);
  const { discount } = invoices;
  if (discount && change.discount !== undefined) {
    row[discount.value] = change.discount?.value ?? '0';
    if (change.discount && discount.kind !== 'percent' && discount.kind !== 'amount')
      row[discount.kind] = change.discount.kind;
    if (change.discount && discount.basis !== 'before_tax' && discount.basis !== 'after_tax')
      row[discount.basis] = change.discount.basis;
  }
  if (Object.keys(row).length > 0) await trx(invoices.table).where(invoices.id, id).update(row);
  if (change.allowancesCharges) await replaceAllowances(trx, map, id, change.allowancesCharges);
}

/** Computes and stores the totals. Payments decide partial and paid; drafts, cancelled ones and those without payments keep their status. */
export async function saveTotals(
  trx: Trx,
  map: TableMap,
  today: Day,
  invoiceId: Id,
): Promise<{ totals: Totals; status: InvoiceStatus }> {
  const [invoice] = await loadInvoices(trx, map, today, [invoiceId]);
  if (!invoice) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId });
  const { totals } = invoice;
  const { table, id, total, subtotal, taxTotal } = map.invoices;
  const status = statusByPayments(invoice);
  const settled = status === invoice.status ? null : statusRow(map, status);
  await trx(table)
    .where(id, invoiceId)
    .update({
      [total]: totalOf(totals),
      ...(subtotal ? { [subtotal]: totals.taxExclusive } : {}),
      ...(taxTotal ? { [taxTotal]: totals.tax } : {}),
      ...settled,
    });
  return { totals, status: settled ? status : invoice.status };
}

function statusByPayments({ status, payments, credits, totals, credited }: Invoice): InvoiceStatus {
  if (status === 'draft' || status === 'cancelled') return status;
  // Many hosts call an invoice of nothing paid: it no longer is, once lines came.
  if (payments.count === 0) return status === 'paid' && !credited && new Big(totalOf(totals)).gt(0) ? 'unpaid' : status;
  // A credit note applied to it leaves that much less to pay.
  const paid = new Big(payments.sum).plus(credits.sum);
  // Voided since, row by row: it is due again.
  const wasPaid = status === 'paid' || status === 'partial';
  if (paid.lte(0)) return wasPaid && !credited && new Big(totalOf(totals)).gt(0) ? 'unpaid' : status;
  return paid.gte(totalOf(totals)) ? 'paid' : 'partial';
}
