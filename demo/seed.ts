/** Fills a new database: the people and payment methods always, customers and their invoices for a full demo. */
import { Big } from 'big.js';
import { invoiceTotals, type Row } from 'crm-invoice-merge';
import { addDays, type Demo } from './context';
import { hashPassword, type Role } from './roles';
import { reminderText } from './reminders';
import { CUSTOMERS } from './seed-customers';
import { DRAFTS, METHODS, NUMBERED, TAGS, type SeedInvoice, type SeedLine } from './seed-data';
import { DELIVERIES } from './seed-deliveries';
import { ESTIMATES, EXPENSES, FILES, NOTES } from './seed-papers';
import { exactAmount } from './sums';

const PEOPLE: [string, string, Role][] = [
  ['admin@demo.test', 'Nadia Bernard', 'admin'],
  ['sales@demo.test', 'Hugo Lemaire', 'sales'],
  ['books@demo.test', 'Claire Fontaine', 'books'],
];

/** Once per database; what is there already is never touched. */
export async function seed(demo: Demo, data: 'full' | 'empty'): Promise<void> {
  const { knex } = demo;
  if (await knex('crm_users').first('id')) return;
  const hash = await hashPassword('demo');
  await knex.transaction(async (trx) => {
    await trx('crm_users').insert(
      PEOPLE.map(([email, full_name, role], index) => ({ id: index + 1, email, full_name, role, password_hash: hash })),
    );
    await trx('crm_payment_methods').insert(METHODS.map((label, index) => ({ id: index + 1, label, enabled: true })));
    if (data === 'empty') return;
    for (const [table, rows] of Object.entries(fullRows(demo.today())))
      for (let from = 0; from < rows.length; from += 100) await trx(table).insert(rows.slice(from, from + 100));
  });
}

/** All rows with their ids, table by table. */
function fullRows(today: string): Record<string, Row[]> {
  const rows: Record<string, Row[]> = {
    crm_clients: CUSTOMERS.map((customer, index) => ({ id: index + 1, ...customer })),
    crm_tags: TAGS.map((label, index) => ({ id: index + 1, label })),
    crm_invoices: [],
    crm_invoice_lines: [],
    crm_line_adjustments: [],
    crm_invoice_adjustments: [],
    crm_payments: [],
    crm_credit_notes: [],
    crm_credit_note_lines: [],
    crm_credit_uses: [],
    crm_invoice_tags: [],
    crm_expenses: [],
    crm_estimates: [],
    crm_estimate_lines: [],
    crm_reminder_log: [],
    crm_notes: [],
    crm_attachments: [],
    crm_attachment_contents: [],
  };
  const firstLines: number[] = [];
  for (const [index, invoice] of [...NUMBERED, ...DRAFTS, ...DELIVERIES].entries()) {
    firstLines.push((rows.crm_invoice_lines?.length ?? 0) + 1);
    addInvoice(rows, invoice, index + 1, today);
  }
  for (const [customer, day, supplier, label, amount, number, withLine] of EXPENSES) {
    rows.crm_expenses?.push({
      client_id: customer + 1,
      spent_on: addDays(today, day),
      supplier,
      label,
      amount,
      currency: 'EUR',
      invoice_id: number,
      line_id: number && withLine ? firstLines[number - 1] : null,
    });
  }
  addEstimates(rows, today);
  addPapers(rows, today);
  return rows;
}

function addEstimates(rows: Record<string, Row[]>, today: string): void {
  const byDay = [...ESTIMATES].sort((a, b) => a.issued - b.issued);
  for (const [index, { customer, issued, label, state, invoice, lines }] of byDay.entries()) {
    const day = addDays(today, issued);
    rows.crm_estimates?.push({
      id: index + 1,
      ref: `DE-${day.slice(0, 4)}-${String(index + 11).padStart(3, '0')}`,
      client_id: customer + 1,
      issued_on: day,
      valid_until: addDays(day, 30),
      state,
      label,
      amount: invoiceTotals({ ...PLAIN, lines: lines.map(pricedLine) }).payable,
      currency: 'EUR',
      invoice_id: invoice,
    });
    for (const [sort, line] of lines.entries())
      rows.crm_estimate_lines?.push({
        estimate_id: index + 1,
        sort,
        label: line.label,
        qty: line.qty,
        unit_label: line.unit ?? null,
        price: line.price,
        vat_rate: line.vat,
        vat_category: taxOf(line).category,
      });
  }
}

function addPapers(rows: Record<string, Row[]>, today: string): void {
  const moment = (day: number, hour: number): string =>
    `${addDays(today, day)}T${String(hour).padStart(2, '0')}:20:00.000Z`;
  for (const [invoice, day, author, body] of NOTES)
    rows.crm_notes?.push({ invoice_id: invoice, added_to: invoice, author, body, written_at: moment(day, 9) });
  for (const [index, [invoice, day, author, name, content]] of FILES.entries()) {
    rows.crm_attachments?.push({
      id: index + 1,
      invoice_id: invoice,
      added_to: invoice,
      file_name: name,
      media_type: name.endsWith('.pdf') ? 'application/pdf' : 'text/plain; charset=utf-8',
      size: content.length,
      author,
      added_at: moment(day, 15),
    });
    rows.crm_attachment_contents?.push({ attachment_id: index + 1, content });
  }
}

const PLAIN = {
  currency: 'EUR',
  pricesIncludeTax: false,
  allowancesCharges: [],
  discount: null,
  adjustment: '0',
  prepaid: '0',
};

const pricedLine = (line: SeedLine) => ({
  quantity: line.qty,
  unitPrice: line.price,
  baseQuantity: '1',
  taxes: [taxOf(line)],
  allowancesCharges: line.adjustments ?? [],
});

const taxOf = (line: SeedInvoice['lines'][number]) => ({
  category: line.vat === '0' ? 'G' : 'S',
  name: line.vat === '0' ? 'Exonération, hors UE' : '',
  rate: line.vat,
});

/** Answers what it takes off its invoice. */
function addCreditNote(
  rows: Record<string, Row[]>,
  { customer, lines: invoiced, currency = 'EUR' }: SeedInvoice,
  { day, motive, line }: NonNullable<SeedInvoice['credit']>,
  invoiceId: number,
  today: string,
): string {
  const lines = line ? [line] : invoiced;
  const totals = invoiceTotals({ ...PLAIN, currency, lines: lines.map(pricedLine) });
  const id = (rows.crm_credit_notes?.length ?? 0) + 1;
  const issued = addDays(today, day);
  rows.crm_credit_notes?.push({
    id,
    client_id: customer + 1,
    invoice_id: invoiceId,
    ref: `AV-${issued.slice(0, 4)}-${String(id).padStart(5, '0')}`,
    issued_on: issued,
    currency,
    net_amount: totals.taxExclusive,
    vat_amount: totals.tax,
    grand_total: totals.payable,
    motive,
  });
  for (const [sort, row] of lines.entries())
    rows.crm_credit_note_lines?.push({ note_id: id, sort, ...lineColumns(row), supplied_on: null });
  rows.crm_credit_uses?.push({ note_id: id, invoice_id: invoiceId, amount: totals.payable, used_on: issued });
  return totals.payable;
}

const lineColumns = (line: SeedLine): Row => ({
  label: line.label,
  qty: line.qty,
  unit_label: line.unit ?? null,
  price: line.price,
  price_per: '1',
  vat_rate: taxOf(line).rate,
  vat_category: taxOf(line).category,
  vat_name: taxOf(line).name,
  product_code: line.code ?? null,
});

function addInvoice(rows: Record<string, Row[]>, invoice: SeedInvoice, id: number, today: string): void {
  const currency = invoice.currency ?? 'EUR';
  const issued = addDays(today, invoice.issued);
  const totals = invoiceTotals({
    ...PLAIN,
    currency,
    lines: invoice.lines.map(pricedLine),
    allowancesCharges: invoice.adjustments ?? [],
    discount: invoice.discount ?? null,
  });
  const number = invoice.ref ?? `FA-{yyyy}-${String(id).padStart(5, '0')}`;
  const ref = invoice.state === 'draft' ? null : number.replace('{yyyy}', issued.slice(0, 4));
  rows.crm_invoices?.push({
    id,
    client_id: invoice.customer + 1,
    ref,
    state: invoice.state,
    issued_on: issued,
    due_on: invoice.due === null ? null : addDays(today, invoice.due),
    currency,
    rebate_value: invoice.discount?.value ?? '0',
    rebate_kind: invoice.discount?.kind ?? 'percent',
    rebate_basis: invoice.discount?.basis ?? 'before_tax',
    net_amount: totals.taxExclusive,
    vat_amount: totals.tax,
    grand_total: totals.payable,
    dunning_level: invoice.level ?? 0,
    buyer_ref: invoice.buyerRef ?? null,
    pay_terms: invoice.terms ?? null,
    created_by: 2,
  });
  for (const [sort, line] of invoice.lines.entries()) {
    const lineId = (rows.crm_invoice_lines?.length ?? 0) + 1;
    rows.crm_invoice_lines?.push({
      id: lineId,
      invoice_id: id,
      sort,
      ...lineColumns(line),
      supplied_on: invoice.state === 'draft' ? null : addDays(issued, -1 - (lineId % 4)),
    });
    for (const one of line.adjustments ?? [])
      rows.crm_line_adjustments?.push({ line_id: lineId, direction: one.kind, amount: one.amount, label: one.reason });
  }
  for (const one of invoice.adjustments ?? [])
    rows.crm_invoice_adjustments?.push({
      invoice_id: id,
      direction: one.kind,
      amount: one.amount,
      label: one.reason,
      vat_rate: one.tax?.rate,
      vat_category: one.tax?.category,
    });
  const credited = invoice.credit ? addCreditNote(rows, invoice, invoice.credit, id, today) : '0';
  const paid = invoice.state === 'settled' ? new Big(totals.payable).minus(credited).toFixed(2) : invoice.paid;
  if (paid)
    rows.crm_payments?.push({
      invoice_id: id,
      method_id: (id % 3) + 1,
      amount: paid,
      paid_on: addDays(today, Math.min(-1, invoice.issued + 12 + (id % 14))),
    });
  for (const tag of invoice.tags ?? []) rows.crm_invoice_tags?.push({ invoice_id: id, tag_id: tag + 1 });
  const { email = '' } = CUSTOMERS[invoice.customer] ?? {};
  for (let level = 1; level <= (invoice.level ?? 0); level += 1) {
    const amount = exactAmount(totals.payable).toFixed();
    rows.crm_reminder_log?.push({
      invoice_id: id,
      logged_at: `${addDays(today, (invoice.due ?? 0) + level * 15)}T07:00:00.000Z`,
      level,
      recipient: email,
      amount_due: amount,
      ...reminderText({ ref, issued_on: issued, due_on: addDays(today, invoice.due ?? 0), level, amount, currency }),
    });
  }
}
