/** What the hosts for tests share: their own save, payment and delete, over the columns that each names for itself. */
import Big from 'big.js';
import type { Knex } from 'knex';
import { invoiceTotals, totalOf } from '../../../plugin/money/totals';
import type { Totals } from '../../../plugin/money/types';
import type { Db, Id, InvoiceStatus, Row, Sale, TableMap, Trx } from '../../../plugin/host/contract';
import { knexHost } from '../../../plugin/host/knex-host';
import type { InvoiceSpec, LineSpec, SavedSpec, TestHost } from './types';

export interface HostShape {
  name: string;
  map: TableMap;
  createSchema(knex: Knex): Promise<void>;
  customerRow(name: string): Row;
  /** The columns of an invoice; `sequence` is the next number of the host, null for drafts. */
  invoiceRow(spec: InvoiceSpec, totals: Totals, sequence: number | null): Row;
  /** Columns that depend on the status alone. */
  statusRow(status: InvoiceStatus): Row;
  lineRow(invoiceId: Id, line: LineSpec, position: number): Row;
  /** Rows that hang on a line (taxes, allowances). */
  lineParts(invoiceId: Id, lineId: Id, line: LineSpec): { table: string; rows: Row[] }[];
  /** Where the parts of a line are deleted from. */
  linePartKeys: { table: string; line: string; fixed?: Row }[];
  invoiceParts(invoiceId: Id, spec: InvoiceSpec): { table: string; rows: Row[] }[];
  invoicePartKeys: { table: string; invoice: string; fixed?: Row }[];
  paymentRow(invoiceId: Id, amount: string): Row;
  linkRow(link: string, id: Id, value: string): Row;
  /** Deletes its lines and inserts them anew at every save. */
  rewritesLines?: boolean;
}

export async function insertOne(db: Db, table: string, row: Row): Promise<Id> {
  const [id] = await db(table).insert(row);
  return String(id);
}

export function totalsOf(spec: InvoiceSpec): Totals {
  return invoiceTotals({
    currency: spec.currency ?? 'EUR',
    pricesIncludeTax: false,
    lines: spec.lines.map((line) => ({
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      baseQuantity: line.baseQuantity ?? '1',
      taxes: line.taxes ?? [],
      allowancesCharges: line.allowancesCharges ?? [],
    })),
    allowancesCharges: spec.allowancesCharges ?? [],
    discount: spec.discount ?? null,
    adjustment: spec.adjustment ?? '0',
    prepaid: spec.prepaid ?? '0',
  });
}

export function makeHost(shape: HostShape): TestHost {
  const { map } = shape;
  const { invoices, lines } = map;
  const sequences = new WeakMap<object, number>();
  let values = 0;

  async function saveLines(db: Db, invoiceId: Id, spec: InvoiceSpec): Promise<SavedSpec['carried']> {
    const kept = shape.rewritesLines ? [] : spec.lines.flatMap(({ id }) => id ?? []);
    const old: { id: number }[] = await db(lines.table)
      .where({ [lines.invoice]: invoiceId, ...lines.fixed })
      .select({ id: lines.id });
    const gone = old.map(({ id }) => String(id)).filter((id) => !kept.includes(id));
    for (const { table, line, fixed } of shape.linePartKeys)
      await db(table)
        .whereIn(
          line,
          old.map(({ id }) => id),
        )
        .where(fixed ?? {})
        .delete();
    await db(lines.table).whereIn(lines.id, gone).delete();
    const carried: SavedSpec['carried'] = [];
    for (const [index, line] of spec.lines.entries()) {
      const row = shape.lineRow(invoiceId, line, index + 1);
      let lineId = shape.rewritesLines ? undefined : line.id;
      if (lineId === undefined) lineId = await insertOne(db, lines.table, row);
      else
        await db(lines.table)
          .where({ [lines.id]: lineId })
          .update(row);
      for (const { table, rows } of shape.lineParts(invoiceId, lineId, line))
        if (rows.length > 0) await db(table).insert(rows);
      if (line.key) carried.push({ key: line.key, lineId });
    }
    return carried;
  }

  async function saveInvoice(db: Trx | Knex, id: Id | null, spec: InvoiceSpec): Promise<SavedSpec> {
    const totals = totalsOf(spec);
    const status = spec.status ?? 'unpaid';
    let invoiceId = id;
    if (invoiceId === null) {
      const sequence = status === 'draft' ? null : (sequences.get(shape) ?? 0) + 1;
      if (sequence !== null) sequences.set(shape, sequence);
      invoiceId = await insertOne(db, invoices.table, {
        ...shape.invoiceRow(spec, totals, sequence),
        ...shape.statusRow(status),
      });
    } else {
      const row = shape.invoiceRow(spec, totals, 0);
      const numbered = typeof invoices.number === 'string' ? [invoices.number] : Object.values(invoices.number);
      if (spec.number === undefined) for (const column of numbered) delete row[column];
      await db(invoices.table)
        .where({ [invoices.id]: invoiceId })
        .update({ ...row, ...(spec.status ? shape.statusRow(spec.status) : {}) });
      for (const { table, invoice, fixed } of shape.invoicePartKeys.filter(({ table }) =>
        map.allowances?.some((part) => part.table === table),
      ))
        await db(table)
          .where({ [invoice]: invoiceId, ...fixed })
          .delete();
    }
    const carried = await saveLines(db, invoiceId, spec);
    for (const { table, rows } of shape.invoiceParts(invoiceId, spec))
      if (rows.length > 0) await db(table).insert(rows);
    return { invoiceId, carried };
  }

  return {
    name: shape.name,
    map,
    host: {
      ...knexHost(map),
      ...(map.paymentMethods && {
        async createSale(trx: Trx, { customerId, currency, date, lines: sold }: Sale) {
          const buyer = customerId ?? (await insertOne(trx, map.customers.table, shape.customerRow('Walk-in')));
          const spec = { customerId: buyer, currency, issueDate: date, lines: sold };
          const { invoiceId } = await saveInvoice(trx, null, spec);
          const [made] = await knexHost(map).loadInvoices(trx, [invoiceId]);
          return { invoiceId, number: made?.number ?? null };
        },
      }),
    },
    createSchema: (knex) => shape.createSchema(knex),
    createCustomer: (db, name) => insertOne(db, map.customers.table, shape.customerRow(name)),
    createInvoice: async (db, spec) => (await saveInvoice(db as Knex, null, spec)).invoiceId,
    saveInvoice,
    async pay(db, id, amount) {
      const { payments } = map;
      if (!payments) throw new Error(`${shape.name} has no payments`);
      const paymentId = await insertOne(db, payments.table, shape.paymentRow(id, amount));
      const rows: { amount: string | number }[] = await db(payments.table)
        .where({ [payments.invoice]: id })
        .select({ amount: payments.amount });
      const row: { total: string | number } = await db(invoices.table)
        .where({ [invoices.id]: id })
        .first({ total: invoices.total });
      const paid = rows.reduce((sum, one) => sum.plus(String(one.amount)), new Big(0));
      await db(invoices.table)
        .where({ [invoices.id]: id })
        .update(shape.statusRow(paid.gte(String(row.total)) ? 'paid' : 'partial'));
      return paymentId;
    },
    async deleteInvoice(trx, id) {
      const ids = trx(lines.table)
        .where({ [lines.invoice]: id, ...lines.fixed })
        .select(lines.id);
      for (const { table, line, fixed } of shape.linePartKeys)
        await trx(table)
          .whereIn(line, ids.clone())
          .where(fixed ?? {})
          .delete();
      await trx(lines.table)
        .where({ [lines.invoice]: id, ...lines.fixed })
        .delete();
      for (const { table, invoice, fixed } of shape.invoicePartKeys)
        await trx(table)
          .where({ [invoice]: id, ...fixed })
          .delete();
      await trx(invoices.table)
        .where({ [invoices.id]: id })
        .delete();
    },
    async addLink(db, name, id, value) {
      const link = map.links.find((one) => one.name === name);
      if (!link) throw new Error(`${shape.name} has no link ${name}`);
      values += 1;
      await db(link.table).insert({ ...shape.linkRow(name, id, value ?? String(values)), ...link.fixed });
    },
  };
}

export function storedTotal(totals: Totals): string {
  return totalOf(totals);
}
