/** Sales and their payment lines. Own tables only. */
import type { Actor, Db, Id, Row, SaleLine, Trx } from '../host/contract';
import { chunks, clipped, flag, insertRows, latest, text, textOf } from '../host/sql';
import { isDuplicateKey } from '../host/transaction';
import { fromMinor, toMinor } from '../merging/store-participations';
import type { Decimal } from '../money/types';
import type { MethodKind } from './contract';
import type {
  Named,
  NewSalePayment,
  SaleAct,
  SaleHandover,
  SalePayment,
  SaleRecord,
  SaleState,
  SaleVat,
} from './types';

type NewSale = Omit<SaleRecord, 'id' | 'handover' | 'slipNumber'>;
type SaleChange = Partial<
  Pick<
    SaleRecord,
    'state' | 'invoiceId' | 'invoiceNumber' | 'slipNumber' | 'customer' | 'total' | 'vat' | 'requestKey' | 'handover'
  > & { requestHash: string | null; closed: { at: string; day: string; by: Id } }
>;

const value = (row: Row, name: string): string => textOf(row[name]) ?? '';
const named = (row: Row, id: string, name: string): Named | null => {
  const found = textOf(row[id]);
  return found === null ? null : { id: found, name: value(row, name) };
};

function readSale(row: Row): SaleRecord {
  const currency = value(row, 'currency');
  const handover = textOf(row.handover);
  return {
    id: value(row, 'saleid'),
    kind: value(row, 'kind') as SaleRecord['kind'],
    state: value(row, 'state') as SaleState,
    module: { id: value(row, 'moduleid'), name: value(row, 'module_name') },
    invoiceId: textOf(row.invoiceid),
    invoiceNumber: textOf(row.invoice_number),
    slipNumber: textOf(row.slip_number),
    customer: named(row, 'customerid', 'customer_name'),
    currency,
    total: fromMinor(value(row, 'total'), currency),
    lines: JSON.parse(value(row, 'basket_lines')) as SaleLine[],
    vat: JSON.parse(value(row, 'vat')) as SaleVat[],
    requestKey: textOf(row.request_key),
    requestHash: textOf(row.request_hash),
    returnUrl: textOf(row.return_url),
    openedAt: value(row, 'opened_at'),
    openedBy: { id: value(row, 'opened_by_id'), name: value(row, 'opened_by_name') },
    closedAt: textOf(row.closed_at),
    handover: handover === null ? null : (JSON.parse(handover) as SaleHandover),
  };
}

/** @param row as `paymentColumns` select it; its VAT comes apart */
export function readPayment(row: Row): SalePayment {
  const currency = value(row, 'currency');
  return {
    id: value(row, 'paymentid'),
    saleId: value(row, 'saleid'),
    act: value(row, 'act') as SaleAct,
    at: value(row, 'at'),
    day: value(row, 'business_day'),
    actor: { id: value(row, 'actor_id'), name: value(row, 'actor_name') },
    module: { id: value(row, 'moduleid'), name: value(row, 'module_name') },
    invoiceId: textOf(row.invoiceid),
    invoiceNumber: textOf(row.invoice_number),
    slipNumber: textOf(row.slip_number),
    customer: named(row, 'customerid', 'customer_name'),
    method: {
      id: value(row, 'method_id'),
      name: value(row, 'method_name'),
      kind: value(row, 'method_kind') as MethodKind,
      isCash: flag(row.method_cash),
      externalIdentifier: textOf(row.external_identifier),
      imageId: textOf(row.image_id),
    },
    reference: textOf(row.reference),
    note: textOf(row.note),
    currency,
    amount: fromMinor(value(row, 'amount'), currency),
    reversed: fromMinor(value(row, 'reversed'), currency),
    reversesId: textOf(row.reversesid),
    reason: textOf(row.reason),
    reasonText: textOf(row.reason_text),
    hostPaymentId: textOf(row.host_payment_id),
    vat: [],
  };
}

/** Ids and amounts as text: a driver's numbers end at 2^53. */
export const paymentColumns = (db: Db, alias: string) => [
  `${alias}.*`,
  text(db, `${alias}.id`, 'paymentid'),
  text(db, `${alias}.sale_id`, 'saleid'),
  text(db, `${alias}.module_id`, 'moduleid'),
  text(db, `${alias}.invoice_id`, 'invoiceid'),
  text(db, `${alias}.customer_id`, 'customerid'),
  text(db, `${alias}.amount_minor`, 'amount'),
  text(db, `${alias}.reversed_minor`, 'reversed'),
  text(db, `${alias}.reverses_id`, 'reversesid'),
];

/** Gives payments their VAT, one statement per 500. */
export async function withVat(db: Db, prefix: string, payments: SalePayment[]): Promise<SalePayment[]> {
  const byId = new Map(payments.map((one) => [one.id, one]));
  for (const part of chunks([...byId.keys()])) {
    const rows = (await latest(
      db,
      db({ t: `${prefix}sale_payment_taxes` })
        .whereIn('t.payment_id', part)
        .select(
          't.rate',
          text(db, 't.payment_id', 'paymentid'),
          text(db, 't.base_minor', 'base'),
          text(db, 't.tax_minor', 'tax'),
        ),
    )) as Row[];
    for (const row of rows) {
      const payment = byId.get(value(row, 'paymentid'));
      payment?.vat.push({
        rate: value(row, 'rate'),
        base: fromMinor(value(row, 'base'), payment.currency),
        tax: fromMinor(value(row, 'tax'), payment.currency),
      });
    }
  }
  for (const { vat } of payments) vat.sort((a, b) => Number(b.rate) - Number(a.rate));
  return payments;
}

const json = (given: object | null | undefined): string | null | undefined =>
  given === undefined || given === null ? given : JSON.stringify(given);

/** Without what is not given, so that it stays as it is. */
const given = (row: Row): Row => Object.fromEntries(Object.entries(row).filter(([, one]) => one !== undefined));

export const createSaleStore = (prefix: string) => {
  const table = `${prefix}sales`;
  const paid = `${prefix}sale_payments`;
  const sales = (db: Db) =>
    latest(
      db,
      db({ s: table }).select(
        's.*',
        text(db, 's.id', 'saleid'),
        text(db, 's.module_id', 'moduleid'),
        text(db, 's.invoice_id', 'invoiceid'),
        text(db, 's.customer_id', 'customerid'),
        text(db, 's.total_minor', 'total'),
      ),
    );
  const payments = (db: Db) => latest(db, db({ p: paid }).select(paymentColumns(db, 'p')).orderBy('p.id'));
  /** MySQL reads '12abc' as 12: only the id itself names a row. */
  const only = <T extends { id: Id }>(found: T | undefined, id: Id): T | null => (found?.id === id ? found : null);

  const change = async (trx: Trx, id: Id, wanted: SaleChange, currency: string): Promise<void> => {
    const { customer, closed, total } = wanted;
    const row = given({
      state: wanted.state,
      invoice_id: wanted.invoiceId,
      invoice_number: wanted.invoiceNumber === undefined ? undefined : clipped(wanted.invoiceNumber),
      slip_number: wanted.slipNumber,
      customer_id: customer === undefined ? undefined : (customer?.id ?? null),
      customer_name: customer === undefined ? undefined : clipped(customer?.name ?? null),
      total_minor: total === undefined ? undefined : toMinor(total, currency),
      vat: json(wanted.vat),
      request_key: wanted.requestKey,
      request_hash: wanted.requestHash,
      handover: json(wanted.handover),
      ...(closed && { closed_at: closed.at, closed_day: closed.day, closed_by_id: closed.by }),
    });
    await trx(table).where({ id }).update(row);
  };

  return {
    /** @returns null where the request key is taken: the sale that took it is `saleByKey` */
    async insertSale(trx: Trx, sale: NewSale): Promise<Id | null> {
      try {
        const [id] = (await trx(table).insert({
          kind: sale.kind,
          state: sale.state,
          module_id: sale.module.id,
          module_name: clipped(sale.module.name),
          invoice_id: sale.invoiceId,
          invoice_number: clipped(sale.invoiceNumber),
          customer_id: sale.customer?.id ?? null,
          customer_name: clipped(sale.customer?.name ?? null),
          currency: sale.currency,
          total_minor: toMinor(sale.total, sale.currency),
          basket_lines: JSON.stringify(sale.lines),
          vat: JSON.stringify(sale.vat),
          request_key: sale.requestKey,
          request_hash: sale.requestHash,
          return_url: sale.returnUrl,
          opened_at: sale.openedAt,
          opened_by_id: sale.openedBy.id,
          opened_by_name: clipped(sale.openedBy.name),
          closed_at: sale.closedAt,
          version: 0,
        })) as [number];
        return String(id);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return null;
      }
    },

    /** Written by whoever changes a sale: the second waits here, or fails where nodes of a cluster clash. */
    async lockSale(trx: Trx, id: Id): Promise<void> {
      await trx(table)
        .where({ id })
        .update({ version: trx.raw('?? + 1', ['version']) });
    },

    async saleById(db: Db, id: Id): Promise<SaleRecord | null> {
      const [row] = (await sales(db).where('s.id', id)) as Row[];
      return only(row && readSale(row), id);
    },

    async saleByKey(db: Db, key: string): Promise<SaleRecord | null> {
      const [row] = (await sales(db).where('s.request_key', key)) as Row[];
      return row ? readSale(row) : null;
    },

    change,

    /** @returns false where the request key is taken by another sale */
    async takeKey(trx: Trx, id: Id, key: string, hash: string, currency: string): Promise<boolean> {
      try {
        await change(trx, id, { requestKey: key, requestHash: hash }, currency);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return false;
      }
    },

    /** @returns null where the request key is taken */
    async insertPayment(trx: Trx, payment: NewSalePayment): Promise<Id | null> {
      const { method, currency } = payment;
      try {
        const [made] = (await trx(paid).insert({
          sale_id: payment.saleId,
          act: payment.act,
          at: payment.at,
          business_day: payment.day,
          actor_id: payment.actor.id,
          actor_name: clipped(payment.actor.name),
          module_id: payment.module.id,
          module_name: clipped(payment.module.name),
          invoice_id: payment.invoiceId,
          invoice_number: clipped(payment.invoiceNumber),
          slip_number: payment.slipNumber,
          customer_id: payment.customer?.id ?? null,
          customer_name: clipped(payment.customer?.name ?? null),
          method_id: method.id,
          method_name: clipped(method.name),
          method_kind: method.kind,
          method_cash: method.isCash ? 1 : 0,
          external_identifier: clipped(method.externalIdentifier),
          image_id: method.imageId,
          reference: payment.reference,
          note: payment.note,
          currency,
          amount_minor: toMinor(payment.amount, currency),
          reversed_minor: 0,
          reverses_id: payment.reversesId,
          reason: payment.reason,
          reason_text: payment.reasonText,
          request_key: payment.requestKey,
          host_payment_id: payment.hostPaymentId,
        })) as [number];
        const id = String(made);
        await insertRows(
          trx,
          `${prefix}sale_payment_taxes`,
          payment.vat.map(({ rate, base, tax }) => ({
            payment_id: id,
            rate,
            base_minor: toMinor(base, currency),
            tax_minor: toMinor(tax, currency),
          })),
        );
        return id;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return null;
      }
    },

    async paymentById(db: Db, id: Id): Promise<SalePayment | null> {
      const [row] = (await payments(db).where('p.id', id)) as Row[];
      const found = only(row && readPayment(row), id);
      return found ? ((await withVat(db, prefix, [found]))[0] ?? null) : null;
    },

    async paymentByKey(db: Db, key: string): Promise<SalePayment | null> {
      const [row] = (await payments(db).where('p.request_key', key)) as Row[];
      return row ? readPayment(row) : null;
    },

    async paymentsOf(db: Db, of: { saleId: Id } | { invoiceId: Id }): Promise<SalePayment[]> {
      const where: Row = 'saleId' in of ? { 'p.sale_id': of.saleId } : { 'p.invoice_id': of.invoiceId };
      const rows = (await payments(db).where(where)) as Row[];
      return withVat(db, prefix, rows.map(readPayment));
    },

    /** The rows that reverse or replace these, oldest first. */
    async reversalsOf(db: Db, ids: Id[]): Promise<SalePayment[]> {
      const rows = ids.length === 0 ? [] : ((await payments(db).whereIn('p.reverses_id', ids)) as Row[]);
      return rows.map(readPayment);
    },

    /**
     * Takes a part of a payment for its void, refund or change of method. The condition stands in the write itself: of two
     * people at once one reverses, and together never more than there is.
     * @returns false where less than that is left
     */
    async reserve(trx: Trx, id: Id, amount: Decimal, currency: string): Promise<boolean> {
      const minor = toMinor(amount, currency);
      const changed = (await trx(paid)
        .where({ id })
        .whereRaw('reversed_minor + ? <= amount_minor', [minor])
        .update({ reversed_minor: trx.raw('reversed_minor + ?', [minor]) })) as number;
      return changed === 1;
    },

    /** The last payment with this method and reference since an instant: rung up twice, perhaps. */
    async recentReference(db: Db, of: { methodId: Id; reference: string; since: string }): Promise<SalePayment | null> {
      const [row]: Row[] = await db({ p: paid })
        .select(paymentColumns(db, 'p'))
        .where({ 'p.reference': of.reference, 'p.method_id': of.methodId, 'p.act': 'payment' })
        .where('p.at', '>=', of.since)
        .orderBy('p.id', 'desc')
        .limit(1);
      return row ? readPayment(row) : null;
    },

    async log(trx: Db, entry: { action: string; at: string; by: Actor; invoiceId?: Id | null; details: object }) {
      await trx(`${prefix}activity`).insert({
        at: entry.at,
        actor_id: entry.by.id,
        actor_name: clipped(entry.by.name),
        action: entry.action,
        invoice_id: entry.invoiceId ?? null,
        details: JSON.stringify(entry.details),
      });
    },
  };
};

export type SaleStore = ReturnType<typeof createSaleStore>;
