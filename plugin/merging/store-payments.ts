/** Money that was received and what of it still waits for an invoice. Own tables only. */
import type { IncomingPayment, WaitingReason } from '../contract';
import type { Actor, Day, Db, Id, Row, Trx } from '../host/contract';
import { clipped, latest, text, textOf } from '../host/sql';
import { isDuplicateKey } from '../host/transaction';
import { exact, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import { fromMinor, toMinor } from './store-participations';

/** What a person did last with money that waited. */
export interface Allocation {
  invoiceId: Id;
  number: string | null;
  amount: Decimal;
  paymentId: Id;
  at: string;
  by: string;
}

/** That what waited waits no more, though no invoice received it. */
export interface Closed {
  amount: Decimal;
  reason: string;
  at: string;
  by: string;
}

export interface PaymentRecord {
  id: Id;
  /** The invoice that the payer named; it need not exist. */
  meantFor: Id;
  meantNumber: string | null;
  /** Where it belonged when it came; null for an invoice that nobody knew. */
  targetId: Id | null;
  customerId: Id | null;
  currency: string;
  amount: Decimal;
  /** Of it, at once when it came. */
  recorded: Decimal;
  waiting: Decimal;
  why: WaitingReason | null;
  date: Day;
  methodId: Id;
  reference: string;
  columns: Row;
  receivedAt: string;
  lastAllocation: Allocation | null;
  closed: Closed | null;
}

export const createPaymentStore = (prefix: string) => {
  const table = `${prefix}received_payments`;

  const select = (db: Db) =>
    latest(
      db,
      db(table).select(
        '*',
        text(db, 'id', 'recordid'),
        text(db, 'target_id', 'targetid'),
        text(db, 'customer_id', 'customerid'),
        text(db, 'amount_minor', 'amount'),
        text(db, 'recorded_minor', 'recorded'),
        text(db, 'waiting_minor', 'waiting'),
        text(db, 'closed_minor', 'closedamount'),
      ),
    );

  const read = (row: Row): PaymentRecord => {
    const value = (name: string): string => textOf(row[name]) ?? '';
    const currency = value('currency');
    const lastAllocation = textOf(row.last_allocation);
    return {
      id: value('recordid'),
      meantFor: value('meant_for'),
      meantNumber: textOf(row.meant_number),
      targetId: textOf(row.targetid),
      customerId: textOf(row.customerid),
      currency,
      amount: fromMinor(value('amount'), currency),
      recorded: fromMinor(value('recorded'), currency),
      waiting: fromMinor(value('waiting'), currency),
      why: textOf(row.waits_because) as WaitingReason | null,
      date: value('paid_on'),
      methodId: value('method_id'),
      reference: value('reference'),
      columns: JSON.parse(value('host_columns')) as Row,
      receivedAt: value('received_at'),
      lastAllocation: lastAllocation === null ? null : (JSON.parse(lastAllocation) as Allocation),
      closed: row.closed_at
        ? {
            amount: fromMinor(value('closedamount'), currency),
            reason: value('closed_reason'),
            at: value('closed_at'),
            by: value('closed_by_name'),
          }
        : null,
    };
  };

  const log = async (
    trx: Trx,
    action: string,
    at: string,
    by: Actor,
    { details, ...about }: { invoice_id?: Id; details: object },
  ): Promise<void> => {
    const row = {
      ...about,
      at,
      actor_id: by.id,
      actor_name: clipped(by.name),
      action,
      details: JSON.stringify(details),
    };
    await trx(`${prefix}activity`).insert(row);
  };

  return {
    /** Takes the message's key, with all of its money waiting, or answers what became of it when it came before. */
    async claimPayment(
      trx: Trx,
      payment: IncomingPayment,
      at: string,
    ): Promise<{ id: Id; before: PaymentRecord | null }> {
      try {
        const [id] = (await trx(table).insert({
          request_key: payment.key,
          meant_for: payment.invoiceId,
          currency: payment.currency,
          amount_minor: toMinor(payment.amount, payment.currency),
          recorded_minor: 0,
          waiting_minor: toMinor(payment.amount, payment.currency),
          waits_because: 'unknown',
          paid_on: payment.date,
          method_id: payment.methodId,
          reference: payment.reference,
          host_columns: JSON.stringify(payment.columns ?? {}),
          received_at: at,
          version: 0,
        })) as [number];
        return { id: String(id), before: null };
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const [row] = (await select(trx).where({ request_key: payment.key })) as Row[];
      if (!row) throw new Error(`crm-invoice-merge: the payment ${payment.key} is there and cannot be read`);
      const before = read(row);
      return { id: before.id, before };
    },

    /** What was found out about a payment just claimed. */
    async settlePayment(
      trx: Trx,
      id: Id,
      found: {
        number: string | null;
        targetId: Id | null;
        customerId: Id | null;
        currency: string;
        recorded: Decimal;
        waiting: Decimal;
        why: WaitingReason | null;
      },
    ): Promise<void> {
      await trx(table)
        .where({ id })
        .update({
          meant_number: clipped(found.number),
          target_id: found.targetId,
          customer_id: found.customerId,
          recorded_minor: toMinor(found.recorded, found.currency),
          waiting_minor: toMinor(found.waiting, found.currency),
          waits_because: found.why,
        });
    },

    /** All that waits, oldest first. */
    async waitingPayments(db: Db): Promise<PaymentRecord[]> {
      const rows = (await select(db).where('waiting_minor', '>', 0).orderBy(['paid_on', 'id'])) as Row[];
      return rows.map(read);
    },

    async paymentById(db: Db, id: Id): Promise<PaymentRecord | null> {
      const [row] = (await select(db).where({ id })) as Row[];
      // MySQL reads '12abc' as 12: only the id itself names the payment.
      return row && textOf(row.recordid) === id ? read(row) : null;
    },

    /** Written by whoever allocates: the second waits here, and then reads what the first has left. */
    async lockPayment(trx: Trx, id: Id): Promise<void> {
      await trx(table)
        .where({ id })
        .update({ version: trx.raw('?? + 1', ['version']) });
    },

    async allocatePayment(
      trx: Trx,
      payment: PaymentRecord,
      allocation: Allocation,
      left: Decimal,
      by: Actor,
    ): Promise<void> {
      await trx(table)
        .where({ id: payment.id })
        .update({
          waiting_minor: toMinor(left, payment.currency),
          waits_because: exact(left).gt(ZERO) ? 'rest' : null,
          last_allocation: JSON.stringify(allocation),
        });
      await log(trx, 'payment.allocate', allocation.at, by, {
        invoice_id: allocation.invoiceId,
        details: { paymentId: payment.id, amount: allocation.amount, hostPaymentId: allocation.paymentId },
      });
    },

    /** All that was closed, the last first. */
    async closedPayments(db: Db): Promise<PaymentRecord[]> {
      const rows = (await select(db)
        .whereNotNull('closed_at')
        .orderBy([
          { column: 'closed_at', order: 'desc' },
          { column: 'id', order: 'desc' },
        ])) as Row[];
      return rows.map(read);
    },

    async closePayment(
      trx: Trx,
      { id, waiting, currency }: PaymentRecord,
      { at, by, reason }: { at: string; by: Actor; reason: string },
    ): Promise<void> {
      await trx(table)
        .where({ id })
        .update({
          waiting_minor: 0,
          closed_minor: toMinor(waiting, currency),
          closed_at: at,
          closed_by_id: by.id,
          closed_by_name: clipped(by.name),
          closed_reason: reason,
        });
      await log(trx, 'payment.close', at, by, { details: { paymentId: id, amount: waiting, reason } });
    },

    /** The log of activity goes on saying who had closed it, and why. */
    async reopenPayment(
      trx: Trx,
      { id, closed, currency }: PaymentRecord,
      { at, by }: { at: string; by: Actor },
    ): Promise<void> {
      await trx(table)
        .where({ id })
        .update({
          waiting_minor: toMinor(closed?.amount ?? '0', currency),
          ...{ closed_minor: null, closed_at: null, closed_by_id: null, closed_by_name: null, closed_reason: null },
        });
      await log(trx, 'payment.reopen', at, by, { details: { paymentId: id, closed } });
    },
  };
};

export type PaymentStore = ReturnType<typeof createPaymentStore>;
