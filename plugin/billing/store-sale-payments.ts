/** The payment lines of sales: what the history shows. Own tables only. */
import type { Db, Id, Row, Trx } from '../host/contract';
import { chunks, clipped, flag, insertRows, latest, text, textOf } from '../host/sql';
import { isDuplicateKey } from '../host/transaction';
import { fromMinor, toMinor } from '../merging/store-participations';
import type { Decimal } from '../money/types';
import type { MethodKind } from './contract';
import type { Named, NewSalePayment, SaleAct, SalePayment } from './types';

export const value = (row: Row, name: string): string => textOf(row[name]) ?? '';
export const named = (row: Row, id: string, name: string): Named | null => {
  const found = textOf(row[id]);
  return found === null ? null : { id: found, name: value(row, name) };
};

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

export const createSalePaymentStore = (prefix: string) => {
  const paid = `${prefix}sale_payments`;
  const payments = (db: Db) => latest(db, db({ p: paid }).select(paymentColumns(db, 'p')).orderBy('p.id'));
  /** MySQL reads '12abc' as 12: only the id itself names a row. */
  const only = <T extends { id: Id }>(found: T | undefined, id: Id): T | null => (found?.id === id ? found : null);

  return {
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
      // A number, not text: MySQL would add text as a float. Amounts are far from where numbers end.
      const minor = Number(toMinor(amount, currency));
      const changed: number = await trx(paid)
        .where({ id })
        .whereRaw('reversed_minor + ? <= amount_minor', [minor])
        .update({ reversed_minor: trx.raw('reversed_minor + ?', [minor]) });
      return changed === 1;
    },

    /** The last payment with this method and reference since an instant: rung up twice, perhaps. */
    async recentReference(db: Db, of: { methodId: Id; reference: string; since: string }): Promise<SalePayment | null> {
      const [row] = (await db({ p: paid })
        .select(paymentColumns(db, 'p'))
        .where({ 'p.reference': of.reference, 'p.method_id': of.methodId, 'p.act': 'payment' })
        .where('p.at', '>=', of.since)
        .orderBy('p.id', 'desc')
        .limit(1)) as Row[];
      return row ? readPayment(row) : null;
    },
  };
};
