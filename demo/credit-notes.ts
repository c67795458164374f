/** Credit notes: what is read of them, and the one that this CRM itself makes of an invoice. */
import { Big } from 'big.js';
import {
  invoiceTotals,
  type AllowanceCharge,
  type Db,
  type Id,
  type Invoice,
  type InvoiceLine,
  type Query,
  type Totals,
  type Trx,
} from 'crm-invoice-merge';
import { DemoError, type Demo } from './context';
import { speeches } from './language';
import { exactAmount, groupedBy } from './sums';

export interface ListedNote {
  id: number;
  ref: string;
  client_id: number;
  company: string;
  issued_on: string;
  currency: string;
  grand_total: string;
  /** The invoice that it credits. */
  invoice_id: number;
  invoice_ref: string | null;
}

export interface CreditNote {
  id: Id;
  number: string;
  customerId: Id;
  invoiceId: Id;
  issueDate: string;
  currency: string;
  pricesIncludeTax: boolean;
  motive: string | null;
  lines: (InvoiceLine & { code: string | null })[];
  allowancesCharges: AllowanceCharge[];
  totals: Totals;
}

/** Money that credit notes take off invoices. */
export interface CreditUse {
  note_id: number;
  ref: string;
  issued_on: string;
  invoice_id: number;
  amount: string;
}

const plain = (value: string | number): string => exactAmount(value).toFixed();

/** Latest first. */
export function listedNotes(db: Db) {
  return db('crm_credit_notes as n')
    .join('crm_clients as c', 'c.id', 'n.client_id')
    .join('crm_invoices as i', 'i.id', 'n.invoice_id')
    .orderBy([
      { column: 'n.issued_on', order: 'desc' },
      { column: 'n.id', order: 'desc' },
    ])
    .select<ListedNote[]>('n.*', 'c.company', 'i.ref as invoice_ref');
}

export async function usesOf(db: Db, invoiceIds: (Id | number)[]): Promise<CreditUse[]> {
  return db('crm_credit_uses as u')
    .join('crm_credit_notes as n', 'n.id', 'u.note_id')
    .whereIn('u.invoice_id', invoiceIds)
    .orderBy(['n.issued_on', 'n.id'])
    .select<CreditUse[]>('u.note_id', 'n.ref', 'n.issued_on', 'u.invoice_id', 'u.amount');
}

interface AdjustmentRow {
  direction: AllowanceCharge['kind'];
  amount: string;
  label: string | null;
  vat_rate?: string | null;
  vat_category?: string | null;
}

const asAdjustment = (row: AdjustmentRow): AllowanceCharge => ({
  kind: row.direction,
  amount: plain(row.amount),
  ...(row.label && { reason: row.label }),
  ...(row.vat_rate != null && { tax: { rate: plain(row.vat_rate), category: row.vat_category ?? 'S' } }),
});

/** Whole ones, in the order of their days: five statements for however many. */
export async function readNotes(db: Db, narrow: (query: Query) => unknown): Promise<CreditNote[]> {
  type Row = Record<string, string | null> & { id: number };
  const query = db('crm_credit_notes as n').orderBy(['n.issued_on', 'n.id']);
  narrow(query as Query);
  const notes = await query.select<Row[]>('n.*');
  const ofNotes = notes.map(({ id }) => id);
  const lineRows = await db('crm_credit_note_lines').whereIn('note_id', ofNotes).orderBy('sort').select<Row[]>();
  const adjustments = async (table: string, key: string, ids: number[]) =>
    groupedBy(await db(table).whereIn(key, ids).orderBy('id').select<(AdjustmentRow & Row)[]>(), (row) =>
      String(row[key]),
    );
  const ofDocuments = await adjustments('crm_credit_note_adjustments', 'note_id', ofNotes);
  const ofLines = await adjustments(
    'crm_credit_note_line_adjustments',
    'line_id',
    lineRows.map(({ id }) => id),
  );
  const linesOf = groupedBy(lineRows, (row) => String(row.note_id));
  return notes.map((note) => {
    const currency = note.currency ?? 'EUR';
    const pricesIncludeTax = Boolean(note.gross_prices);
    const lines = (linesOf.get(String(note.id)) ?? []).map((row) => ({
      id: String(row.id),
      description: row.label ?? '',
      longDescription: row.details ?? null,
      quantity: plain(row.qty ?? '0'),
      unit: row.unit_label ?? null,
      unitPrice: plain(row.price ?? '0'),
      baseQuantity: plain(row.price_per ?? '1'),
      taxes: [{ category: row.vat_category ?? 'S', name: row.vat_name ?? '', rate: plain(row.vat_rate ?? '0') }],
      allowancesCharges: (ofLines.get(String(row.id)) ?? []).map(asAdjustment),
      supplyDate: row.supplied_on ?? null,
      sourceInvoiceId: null,
      sourceLineId: null,
      code: row.product_code ?? null,
    }));
    const allowancesCharges = (ofDocuments.get(String(note.id)) ?? []).map(asAdjustment);
    const totals = invoiceTotals({
      currency,
      pricesIncludeTax,
      lines,
      allowancesCharges,
      discount: null,
      adjustment: plain(note.adjust_amount ?? '0'),
      prepaid: '0',
    });
    return {
      id: String(note.id),
      number: note.ref ?? '',
      customerId: String(note.client_id),
      invoiceId: String(note.invoice_id),
      issueDate: note.issued_on ?? '',
      currency,
      pricesIncludeTax,
      motive: note.motive ?? null,
      lines,
      allowancesCharges,
      totals,
    };
  });
}

/** A discount as what it takes off the base of each rate: a credit note has no percentage that could be computed anew. */
function withoutDiscount(invoice: Invoice): AllowanceCharge[] {
  if (!invoice.discount) return invoice.allowancesCharges;
  const { pricesIncludeTax } = invoice;
  const before = invoiceTotals({ ...invoice, discount: null }).taxes;
  const asPriced = (tax: Totals['taxes'][number]): Big =>
    pricesIncludeTax ? new Big(tax.taxable).plus(tax.tax) : new Big(tax.taxable);
  const shares = before.flatMap((tax): AllowanceCharge[] => {
    const after = invoice.totals.taxes.find((one) => one.category === tax.category && one.rate === tax.rate);
    const amount = after ? asPriced(tax).minus(asPriced(after)) : new Big(0);
    if (amount.eq(0)) return [];
    const { category, rate } = tax;
    return [{ kind: 'allowance', amount: amount.toFixed(), reason: 'Remise', tax: { category, rate } }];
  });
  return [...invoice.allowancesCharges, ...shares];
}

/**
 * Credits a whole invoice that nobody has paid, today: it is settled, keeps its number and stays in the reports.
 * @throws DemoError not_found 404, wrong_state 409
 */
export async function creditInvoice(trx: Trx, demo: Demo, id: Id): Promise<string> {
  const { host, merge, today } = demo;
  const [invoice] = await host.loadInvoices(trx, [id]);
  if (!invoice) throw new DemoError('not_found', 404);
  const untouched = invoice.payments.count === 0 && invoice.credits.count === 0;
  if (!['unpaid', 'overdue'].includes(invoice.status) || !untouched) throw new DemoError('wrong_state', 409);
  const [number = ''] = await merge.numbers.allocate(trx, 'credit_note', 1, today());
  const { t, day } = speeches.fr;
  const note = t('credit_notes.motive', { number: invoice.number, day: day(invoice.issueDate) });
  const lines = invoice.lines.map(({ id: lineId, ...line }) => ({
    ...line,
    key: lineId,
    sourceInvoiceId: id,
    sourceLineId: lineId,
    kind: 'line' as const,
    extra: {},
  }));
  const credit = { invoice, number, note, lines, allowancesCharges: withoutDiscount(invoice) };
  await host.creditInvoices?.(trx, [credit], today());
  return number;
}
