/** An invoice or a credit note as its customer reads it, on the public page and on paper: with all that French law wants on it. */
import {
  invoiceTotals,
  type AllowanceCharge,
  type Db,
  type Id,
  type InvoiceLine,
  type ReplacedInvoice,
  type Totals,
} from 'crm-invoice-merge';
import type { Demo } from './context';
import { readNotes, usesOf, type CreditUse } from './credit-notes';
import { formExtras } from './invoice-store';
import { totalRows, type TotalRow } from './invoice-totals';
import type { Speech } from './language';
import { SELLER, spacedNumber } from './seller';
import { exactAmount } from './sums';

export interface DocumentLine extends InvoiceLine {
  net: string;
  /** Its own supply date, else the date of the invoice that it came from. */
  supplied: string | null;
  code: string | null;
}
export interface PaperDocument {
  kind: 'invoice' | 'credit_note';
  id: Id;
  number: string | null;
  state: string;
  issueDate: string;
  dueDate: string | null;
  /** Their own number for the order, without which some buyers do not pay. */
  buyerReference: string;
  currency: string;
  seller: typeof SELLER;
  customer: Record<string, string | null>;
  /** First what the invoice had itself, then group by group what it took over. */
  groups: { from: ReplacedInvoice | null; lines: DocumentLine[] }[];
  allowancesCharges: AllowanceCharge[];
  taxes: { label: string; taxable: string; tax: string; reason: string | null }[];
  rows: TotalRow[];
  payments: { paid_on: string; method: string; amount: string }[];
  /** Credit notes that count against the invoice. */
  uses: CreditUse[];
  left: string;
  /** The invoice that a credit note is about, and why there is one. */
  credited: { id: Id; number: string | null; issueDate: string; motive: string | null } | null;
  /** Issued invoices that it replaces, but for `annuls`; drafts the customer never saw. */
  replaces: ReplacedInvoice[];
  /** Of them those that the law wants called so: credited, or cancelled after they were sent. */
  annuls: ReplacedInvoice[];
  /** The invoice that it was merged into. */
  successor: { id: Id; number: string | null } | null;
  spaced: typeof spacedNumber;
}

/** Categories without VAT, whose legal reason has to stand on the invoice. */
const EXEMPT = ['E', 'AE', 'K', 'G', 'O', 'Z'];

/** null where there is no such invoice. */
export async function invoiceDocument(demo: Demo, id: Id, speech: Speech): Promise<PaperDocument | null> {
  const { knex, merge, host } = demo;
  const [invoice] = await host.loadInvoices(knex, [id]);
  if (!invoice) return null;
  const { currency, totals } = invoice;
  const { state } = await knex('crm_invoices').where({ id }).first<{ state: string }>('state');
  const customer = await knex('crm_clients').where({ id: invoice.customerId }).first<Record<string, string | null>>();
  const { codes, buyerReference } = await formExtras(knex, id);
  const payments = await knex('crm_payments as p')
    .join('crm_payment_methods as m', 'm.id', 'p.method_id')
    .where('p.invoice_id', id)
    .orderBy('p.paid_on')
    .select<PaperDocument['payments']>('p.paid_on', 'm.label as method', 'p.amount');
  const { replaces } = await merge.summary(knex, id);
  const successorId = await merge.successorOf(knex, id);
  const [successor] = successorId ? await host.loadInvoices(knex, [successorId]) : [];

  const origins = new Map(replaces.flatMap((one) => one.lines.map((line) => [line.lineId, { one, line }] as const)));
  const lines = pricedLines(invoice, invoice.lines, codes).map((line) => ({
    ...line,
    supplied: line.supplied ?? origins.get(line.id)?.line.supplyDate ?? null,
  }));
  const groups = [null, ...replaces].map((from) => ({
    from,
    lines: lines.filter((line) => (origins.get(line.id)?.one ?? null) === from),
  }));
  const taken = [invoice.payments.sum, invoice.credits.sum].map(exactAmount);
  return {
    kind: 'invoice',
    id,
    number: invoice.number,
    state,
    issueDate: invoice.issueDate,
    dueDate: invoice.dueDate,
    buyerReference,
    currency,
    seller: SELLER,
    customer,
    groups: groups.filter((group) => group.lines.length > 0),
    allowancesCharges: invoice.allowancesCharges,
    taxes: taxRows(totals, speech),
    rows: totalRows(totals, currency, speech),
    payments,
    uses: await usesOf(knex, [id]),
    left: taken.reduce((left, sum) => left.minus(sum), exactAmount(invoice.total)).toFixed(),
    credited: null,
    ...(await wordedReplaced(knex, replaces)),
    successor: successor ? { id: successor.id, number: successor.number } : null,
    spaced: spacedNumber,
  };
}

/** A credit note's sheet; null where there is no such one. */
export async function creditNoteDocument({ knex }: Demo, id: Id, speech: Speech): Promise<PaperDocument | null> {
  const [note] = await readNotes(knex, (query) => query.where('n.id', id));
  if (!note) return null;
  const { number, issueDate, currency, totals, motive } = note;
  const customer = await knex('crm_clients').where({ id: note.customerId }).first<Record<string, string | null>>();
  const invoice = await knex('crm_invoices')
    .where({ id: note.invoiceId })
    .first<{ ref: string | null; issued_on: string }>('ref', 'issued_on');
  const codes = new Map(note.lines.flatMap((line) => (line.code ? [[line.id, line.code]] : [])));
  return {
    kind: 'credit_note',
    id,
    number,
    state: 'issued',
    issueDate,
    dueDate: null,
    buyerReference: '',
    currency,
    seller: SELLER,
    customer,
    groups: [{ from: null, lines: pricedLines(note, note.lines, codes) }],
    allowancesCharges: note.allowancesCharges,
    taxes: taxRows(totals, speech),
    rows: totalRows(totals, currency, speech),
    payments: [],
    uses: [],
    left: '0',
    credited: { id: note.invoiceId, number: invoice.ref, issueDate: invoice.issued_on, motive },
    replaces: [],
    annuls: [],
    successor: null,
    spaced: spacedNumber,
  };
}

/** A deleted invoice has no row that could say whether it was sent: then it was replaced, no more. */
async function wordedReplaced(db: Db, all: ReplacedInvoice[]): Promise<Pick<PaperDocument, 'replaces' | 'annuls'>> {
  const numbered = all.filter((one) => one.number !== null);
  const cancelled = numbered.filter((one) => one.settlement === 'cancel').map((one) => one.invoiceId);
  const sent = (await db('crm_invoices').whereIn('id', cancelled).whereNotNull('sent_on').pluck('id')) as number[];
  const isAnnulled = ({ invoiceId, settlement }: ReplacedInvoice): boolean =>
    settlement === 'credit' || sent.map(String).includes(invoiceId);
  return { replaces: numbered.filter((one) => !isAnnulled(one)), annuls: numbered.filter(isAnnulled) };
}

function pricedLines(
  { currency, pricesIncludeTax }: { currency: string; pricesIncludeTax: boolean },
  lines: InvoiceLine[],
  codes: Map<string, string>,
): DocumentLine[] {
  const alone = { currency, pricesIncludeTax, allowancesCharges: [], discount: null, adjustment: '0', prepaid: '0' };
  return lines.map((line) => ({
    ...line,
    net: invoiceTotals({ ...alone, lines: [line] }).lineExtension,
    supplied: line.supplyDate,
    code: codes.get(line.id) ?? null,
  }));
}

const taxRows = ({ taxes }: Totals, speech: Speech): PaperDocument['taxes'] =>
  taxes.map(({ category, rate, name, taxable, tax }) => ({
    label: EXEMPT.includes(category) ? speech.t(`tax_category.${category}`) : speech.percent(rate),
    taxable,
    tax,
    reason: EXEMPT.includes(category) ? name || speech.t(`document.exempt_${category}`) : null,
  }));
