/** Reads and writes invoices in the demo's tables. */
import { CREDITED, tableMap } from './table-map';
import type { Db, Id, Row, SavedInvoice, Trx } from 'crm-invoice-merge';
import { DemoError, type Demo } from './context';
import { taxOf, type InvoiceInput, type LineInput } from './invoice-input';

export interface StoredInvoice {
  id: number;
  client_id: number;
  ref: string | null;
  state: string;
  issued_on: string;
  created_by: number | null;
}

const CHUNK = 500;
const chunks = <T>(rows: T[]): T[][] =>
  Array.from({ length: Math.ceil(rows.length / CHUNK) }, (_, index) => rows.slice(index * CHUNK, (index + 1) * CHUNK));

/** The invoice's own row; undefined where there is none. */
export async function findInvoice(db: Db, id: Id): Promise<StoredInvoice | undefined> {
  return db('crm_invoices')
    .where({ id })
    .first<StoredInvoice | undefined>('id', 'client_id', 'ref', 'state', 'issued_on', 'created_by');
}

const lineRow = (row: LineInput, invoiceId: Id, sort: number): Row => ({
  invoice_id: invoiceId,
  sort,
  label: row.description,
  details: row.longDescription,
  qty: row.quantity,
  unit_label: row.unit,
  price: row.unitPrice,
  price_per: row.baseQuantity,
  vat_rate: taxOf(row).rate,
  vat_category: taxOf(row).category,
  vat_name: taxOf(row).name,
  supplied_on: row.supplyDate,
  product_code: row.productCode,
});

const adjustmentRow = (row: { kind: string; amount: string; reason?: string }): Row => ({
  direction: row.kind,
  amount: row.amount,
  label: row.reason || null,
});

async function writeLines(trx: Trx, invoiceId: Id, lines: LineInput[]): Promise<Map<string, Id>> {
  const existing = new Set(
    (await trx('crm_invoice_lines').where({ invoice_id: invoiceId }).select<{ id: number }[]>('id')).map((row) =>
      String(row.id),
    ),
  );
  // A line keeps its id when it is edited, so that what points at it stays true.
  const kept = lines.map((row) => (row.id && existing.delete(row.id) ? row.id : null));
  if (existing.size > 0) {
    await trx('crm_line_adjustments')
      .whereIn('line_id', [...existing])
      .delete();
    await trx('crm_expenses')
      .whereIn('line_id', [...existing])
      .update({ line_id: null });
    await trx('crm_invoice_lines')
      .whereIn('id', [...existing])
      .delete();
  }
  const fresh: Row[] = [];
  for (const [sort, row] of lines.entries()) {
    const id = kept[sort];
    if (id)
      await trx('crm_invoice_lines')
        .where({ id })
        .update(lineRow(row, invoiceId, sort));
    else fresh.push(lineRow(row, invoiceId, sort));
  }
  for (const part of chunks(fresh)) await trx('crm_invoice_lines').insert(part);

  const bySort = new Map(
    (
      await trx('crm_invoice_lines')
        .where({ invoice_id: invoiceId })
        .select<{ id: number; sort: number }[]>('id', 'sort')
    ).map((row) => [row.sort, String(row.id)]),
  );
  const keptIds = kept.filter((id) => id !== null);
  if (keptIds.length > 0) await trx('crm_line_adjustments').whereIn('line_id', keptIds).delete();
  const adjustments = lines.flatMap((row, sort) =>
    row.allowancesCharges.map((one) => ({ line_id: bySort.get(sort), ...adjustmentRow(one) })),
  );
  for (const part of chunks(adjustments)) await trx('crm_line_adjustments').insert(part);

  const carried = new Map<string, Id>();
  for (const [sort, row] of lines.entries()) {
    const lineId = bySort.get(sort);
    if (row.key && lineId) carried.set(row.key, lineId);
  }
  return carried;
}

/**
 * The host's own save of an invoice: called by applyMerge, inside its transaction.
 * A number is given when it stops being a draft; an issued invoice stays issued.
 * @throws DemoError unknown_customer 422, void_invoice 409, credited_invoice 409
 */
export async function saveInvoice(
  trx: Trx,
  demo: Demo,
  input: InvoiceInput,
  about: { id?: Id; by: Id },
): Promise<SavedInvoice> {
  const client = await trx('crm_clients').where({ id: input.customerId }).first<{ id: number } | undefined>('id');
  if (!client) throw new DemoError('unknown_customer', 422);
  const before = about.id ? await findInvoice(trx, about.id) : undefined;
  if (about.id && !before) throw new DemoError('not_found', 404);
  if (before?.state === 'void') throw new DemoError('void_invoice', 409, { number: before.ref ?? `#${before.id}` });
  if (before?.state === CREDITED) throw new DemoError('credited_invoice', 409, { number: before.ref });

  const issueDate = input.issueDate ?? (before ? before.issued_on : demo.today());
  const staysDraft = input.status === 'draft' && (!before || before.state === 'draft');
  let ref = before?.ref ?? null;
  if (!staysDraft && ref === null) [ref = null] = await demo.merge.numbers.allocate(trx, 'invoice', 1, issueDate);

  const columns: Row = {
    client_id: input.customerId,
    ref,
    issued_on: issueDate,
    due_on: input.dueDate,
    currency: input.currency,
    gross_prices: input.pricesIncludeTax,
    rebate_value: input.discount?.value ?? '0',
    rebate_kind: input.discount?.kind ?? 'percent',
    rebate_basis: input.discount?.basis ?? 'before_tax',
    adjust_amount: input.adjustment,
    deposit_paid: input.prepaid,
    internal_note: input.note,
    buyer_ref: input.buyerReference,
    pay_terms: input.paymentTerms,
  };
  // Only a draft changes its state here; payments and due dates decide about the others in saveTotals.
  if (!before || before.state === 'draft') columns.state = staysDraft ? 'draft' : 'open';

  let invoiceId: Id;
  if (before) {
    invoiceId = String(before.id);
    await trx('crm_invoices').where({ id: invoiceId }).update(columns);
    await trx('crm_invoice_adjustments').where({ invoice_id: invoiceId }).delete();
  } else {
    const [made] = await trx('crm_invoices').insert({ ...columns, created_by: about.by });
    invoiceId = String(made);
  }
  const carried = await writeLines(trx, invoiceId, input.lines);
  const adjustments = input.allowancesCharges.map((row) => ({
    invoice_id: invoiceId,
    ...adjustmentRow(row),
    vat_rate: row.tax?.rate ?? null,
    vat_category: row.tax?.category ?? null,
  }));
  for (const part of chunks(adjustments)) await trx('crm_invoice_adjustments').insert(part);
  await demo.host.saveTotals(trx, invoiceId);
  return { invoiceId, carried: [...carried].map(([key, lineId]) => ({ key, lineId })) };
}

/** Takes an invoice out with all that belongs to it; what is linked to it stays and is free again. */
export async function deleteInvoice(trx: Trx, id: Id): Promise<void> {
  const lines = trx('crm_invoice_lines').where({ invoice_id: id }).select('id');
  await trx('crm_expenses').where({ invoice_id: id }).update({ invoice_id: null, line_id: null });
  await trx('crm_estimates').where({ invoice_id: id }).update({ invoice_id: null });
  await trx('crm_line_adjustments').whereIn('line_id', lines).delete();
  await trx('crm_attachment_contents')
    .whereIn('attachment_id', trx('crm_attachments').where({ invoice_id: id }).select('id'))
    .delete();
  for (const table of [
    'crm_invoice_lines',
    'crm_invoice_adjustments',
    'crm_payments',
    'crm_invoice_tags',
    'crm_notes',
    'crm_attachments',
    'crm_reminder_log',
  ])
    await trx(table).where({ invoice_id: id }).delete();
  await trx('crm_invoices').where({ id }).delete();
}

/** What was agreed with the buyer; '' where nothing was. */
export interface Agreed {
  buyerReference: string;
  paymentTerms: string;
}
const AGREED = ['buyer_ref', 'pay_terms'] as const;
type AgreedRow = Record<(typeof AGREED)[number], string | null>;

const agreedOf = (row: AgreedRow | undefined): Agreed => ({
  buyerReference: row?.buyer_ref ?? '',
  paymentTerms: row?.pay_terms ?? '',
});

/** What a new invoice begins with: as on the invoice that it is to replace, else on the customer's oldest open one. */
export async function agreedWith(db: Db, customerId: Id, sourceId?: Id): Promise<Agreed> {
  const open = db('crm_invoices').where({ client_id: customerId }).whereIn('state', ['open', 'late']);
  if (sourceId !== undefined) void open.where({ id: sourceId });
  return agreedOf(
    await open
      .orderBy('issued_on')
      .orderBy('id')
      .first<AgreedRow | undefined>(...AGREED),
  );
}

/** What the form shows and the contract's Invoice does not have. */
export interface FormExtras extends Agreed {
  note: string;
  codes: Map<string, string>;
}
export async function formExtras(db: Db, id: Id): Promise<FormExtras> {
  const invoice = await db('crm_invoices')
    .where({ id })
    .first<(AgreedRow & { internal_note: string | null }) | undefined>('internal_note', ...AGREED);
  const lines = await db('crm_invoice_lines')
    .where({ invoice_id: id })
    .whereNotNull('product_code')
    .select<{ id: number; product_code: string }[]>('id', 'product_code');
  return {
    note: invoice?.internal_note ?? '',
    ...agreedOf(invoice),
    codes: new Map(lines.map((row) => [String(row.id), row.product_code])),
  };
}

/** Beside the contract's Invoice: what became of it, and what was merged into it, deleted ones included. */
export async function mergeFacts(
  { knex, merge }: Demo,
  id: Id,
): Promise<{ mergedInto: Id | null; mergedFrom: Id[]; remindersOff: boolean }> {
  const prefix = tableMap.tablePrefix ?? 'im_';
  const own = await knex('crm_invoices')
    .where({ id })
    .first<Record<string, number | null>>(`${prefix}merged_into_id`, `${prefix}reminders_off`);
  const { replaces } = await merge.summary(knex, id);
  const mergedInto = own?.[`${prefix}merged_into_id`];
  return {
    mergedInto: mergedInto ? String(mergedInto) : null,
    mergedFrom: replaces.filter((one) => one.directly).map((one) => one.invoiceId),
    remindersOff: Boolean(own?.[`${prefix}reminders_off`]),
  };
}

/** An open invoice whose due date has passed is late; asked for at start and before each list. */
export async function markLate(demo: Demo): Promise<void> {
  await demo.knex('crm_invoices').where({ state: 'open' }).where('due_on', '<', demo.today()).update({ state: 'late' });
}
