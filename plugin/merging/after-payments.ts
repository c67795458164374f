/** Money for invoices, merged or not: booked where it belongs now, or kept until a person says where. */
import { z } from 'zod';
import type { IncomingPayment, PaymentToRecord, ReceivedPayment, WaitingReason } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Day, Db, Id, Invoice, Trx } from '../host/contract';
import { customerNames } from '../host/lookups';
import { visibleIds } from '../host/own-columns';
import { demandTransaction, isRefusedRow, runTransaction } from '../host/transaction';
import { minorUnit } from '../money/currency';
import { exact, sum, toAmount, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import { createClosing } from './closing-payments';
import { nameOf, restrictTo, type MergingDeps } from './deps';
import type { Guarding } from './guarding';
import type { Allocation, Closed, PaymentRecord, PaymentStore } from './store-payments';

/** Money that waits, as people see it. */
export interface WaitingPayment {
  id: Id;
  date: Day;
  /** What of it waits. */
  amount: Decimal;
  /** All that came. */
  received: Decimal;
  currency: string;
  reference: string;
  why: WaitingReason;
  meantFor: { invoiceId: Id; number: string | null };
  /** The invoice that stands for the one it was meant for; null where there is none. */
  standing: { invoiceId: Id; number: string | null; issueDate: Day } | null;
  customer: { id: Id; name: string } | null;
  receivedAt: string;
  /** null while it waits. */
  closed: Omit<Closed, 'amount'> | null;
}

/** An open invoice of the same customer and currency. */
export interface PaymentChoice {
  invoiceId: Id;
  number: string | null;
  issueDate: Day;
  dueDate: Day | null;
  balance: Decimal;
}

export interface Allocated {
  invoiceId: Id;
  number: string | null;
  paymentId: Id;
  currency: string;
  amount: Decimal;
  /** What of the payment still waits. */
  left: Decimal;
}

const incoming = z.object({
  key: z.string().min(1).max(190),
  invoiceId: z.string().min(1).max(64),
  amount: z.string().regex(/^\d{1,15}(\.\d{1,6})?$/),
  currency: z.string().regex(/^[A-Za-z0-9]{1,10}$/),
  date: z.iso.date(),
  methodId: z.string().min(1).max(64),
  reference: z.string().max(10_000),
  columns: z.record(z.string(), z.unknown()).optional(),
});

/** What the program that calls got wrong: money itself is never refused. */
function demandPayment(payment: IncomingPayment): IncomingPayment {
  const { data, error } = incoming.safeParse(payment);
  if (!data) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: error.issues[0]?.path.join('.') ?? 'payment' });
  const amount = exact(data.amount);
  if (!amount.gt(ZERO) || !amount.eq(toAmount(amount, minorUnit(data.currency))))
    throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'amount' });
  return data;
}

export const balanceOf = (invoice: Pick<Invoice, 'total' | 'payments' | 'credits' | 'currency'>): Decimal =>
  toAmount(exact(invoice.total).minus(sum([invoice.payments.sum, invoice.credits.sum])), minorUnit(invoice.currency));

/** Why no money of this currency can be booked on the invoice; null when it can. */
export function closedTo(invoice: Invoice | null, currency: string): WaitingReason | null {
  if (!invoice) return 'unknown';
  if (invoice.status === 'draft' || invoice.status === 'cancelled') return invoice.status;
  if (invoice.status === 'paid' || !exact(balanceOf(invoice)).gt(ZERO)) return 'paid';
  return invoice.currency === currency ? null : 'currency';
}

type PaymentDeps = Pick<
  MergingDeps,
  'knex' | 'host' | 'store' | 'scope' | 'authorize' | 'clock' | 'documents' | 'logger'
>;

export const createPayments = (deps: PaymentDeps, guarding: Guarding, payments: PaymentStore) => {
  const { host, store } = deps;

  /** The invoice that stands for this one, its lock written: nobody merges, pays or edits it meanwhile. */
  async function lockStanding(trx: Trx, invoiceId: Id): Promise<Invoice | null> {
    for (let id = invoiceId; ;) {
      try {
        await host.touchInvoices(trx, [id]);
      } catch (error) {
        // An id that the host's column cannot hold: money with a mistyped invoice is money all the same.
        if (error instanceof PluginError && error.code === 'IM_NOT_FOUND') return null;
        throw error;
      }
      const standing = (await guarding.lastMergesOf(trx, [invoiceId])).get(invoiceId)?.targetId ?? invoiceId;
      if (standing === id) return (await host.loadInvoices(trx, [id]))[0] ?? null;
      id = standing;
    }
  }

  /** The payer's number stays with the payment: it is what stands on the bank statement. */
  function noteOf(payment: { reference: string }, invoice: Invoice, meantFor: Id, meantNumber: string | null): string {
    if (invoice.id === meantFor || meantNumber === null) return payment.reference;
    return deps.documents.t('document.payment_for', {
      number: meantNumber,
      ...(payment.reference && { reference: payment.reference }),
    });
  }

  function replayed(before: PaymentRecord, again: IncomingPayment): ReceivedPayment {
    const same =
      before.meantFor === again.invoiceId &&
      before.currency === again.currency &&
      exact(before.amount).eq(again.amount);
    if (!same) throw new PluginError('IM_KEY_REUSED', 409, { number: before.meantNumber ?? undefined });
    const { targetId, meantFor } = before;
    return {
      recorded:
        targetId !== null && exact(before.recorded).gt(ZERO)
          ? { invoiceId: targetId, amount: before.recorded, mergedFrom: targetId === meantFor ? null : meantFor }
          : null,
      waiting:
        before.why !== null && exact(before.waiting).gt(ZERO)
          ? { id: before.id, amount: before.waiting, why: before.why }
          : null,
      replayed: true,
    };
  }

  async function receivePayment(
    trx: Trx,
    given: IncomingPayment,
    record: (to: PaymentToRecord) => Promise<unknown>,
  ): Promise<ReceivedPayment> {
    demandTransaction(trx);
    const payment = demandPayment(given);
    const { invoiceId: meantFor, currency } = payment;
    const { id, before } = await payments.claimPayment(trx, payment, deps.clock().toISOString());
    if (before) return replayed(before, payment);

    const invoice = await lockStanding(trx, meantFor);
    const [merged] = await store.asSources(trx, [meantFor]);
    const number = merged ? merged.number : (invoice?.number ?? null);
    const scale = minorUnit(currency);
    let why = closedTo(invoice, currency);
    let [recorded, waiting] = [toAmount(ZERO, scale), toAmount(exact(payment.amount), scale)];
    if (invoice && why === null) {
      // More than is owed is no payment of this invoice: unseen on it, nobody would give it back or use it.
      const over = exact(payment.amount).minus(balanceOf(invoice));
      waiting = toAmount(over.gt(ZERO) ? over : ZERO, scale);
      recorded = toAmount(exact(payment.amount).minus(waiting), scale);
      why = over.gt(ZERO) ? 'rest' : null;
      await record({ invoiceId: invoice.id, amount: recorded, note: noteOf(payment, invoice, meantFor, number) });
    }
    const { id: targetId = null, customerId = null } = invoice ?? {};
    await payments.settlePayment(trx, id, { number, targetId, customerId, currency, recorded, waiting, why });
    return {
      recorded:
        invoice && exact(recorded).gt(ZERO)
          ? { invoiceId: invoice.id, amount: recorded, mergedFrom: invoice.id === meantFor ? null : meantFor }
          : null,
      waiting: why === null ? null : { id, amount: waiting, why },
      replayed: false,
    };
  }

  /** A payment method that is gone by now, most often: the person hears of it, and what to do, instead of a failure. */
  async function demandStored(record: PaymentRecord, storing: Promise<Id>): Promise<Id> {
    try {
      return await storing;
    } catch (cause) {
      if (!isRefusedRow(cause)) throw cause;
      deps.logger.warn('the host refused the row of a payment that waited', { paymentId: record.id, error: cause });
      throw new PluginError('IM_PAYMENT_REFUSED', 422, { paymentId: record.id, method: record.methodId }, { cause });
    }
  }

  /** @throws IM_FORBIDDEN 403 */
  async function demand(actor: Actor, invoiceId?: Id): Promise<void> {
    const action = 'payments.allocate';
    if (!(await deps.authorize(actor, action, { ...(invoiceId !== undefined && { invoiceId }), db: deps.knex })))
      throw new PluginError('IM_FORBIDDEN', 403, { action });
  }

  /** Those whose invoice the person may see; money for an invoice that is gone is everybody's. */
  async function visible(db: Db, actor: Actor, records: PaymentRecord[]): Promise<WaitingPayment[]> {
    const named = [...new Set(records.flatMap(({ targetId }) => targetId ?? []))];
    const ends = await guarding.lastMergesOf(db, named);
    const standing = new Map(named.map((id) => [id, ends.get(id)?.targetId ?? id]));
    const invoices = new Map(
      (await host.loadInvoices(db, [...new Set(standing.values())])).map((one) => [one.id, one]),
    );
    const seen = await visibleIds(db, host.map, [...invoices.keys()], restrictTo(deps, actor));
    const names = await customerNames(
      db,
      host.map,
      records.flatMap(({ customerId }) => customerId ?? []),
    );
    return records.flatMap((record) => {
      const end = record.targetId === null ? undefined : invoices.get(standing.get(record.targetId) ?? '');
      if (end && !seen.has(end.id)) return [];
      return {
        id: record.id,
        date: record.date,
        amount: record.closed?.amount ?? record.waiting,
        received: record.amount,
        currency: record.currency,
        reference: record.reference,
        why: record.why ?? 'unknown',
        meantFor: { invoiceId: record.meantFor, number: record.meantNumber },
        standing: end ? { invoiceId: end.id, number: end.number, issueDate: end.issueDate } : null,
        customer:
          record.customerId === null ? null : { id: record.customerId, name: names.get(record.customerId) ?? '' },
        receivedAt: record.receivedAt,
        closed: record.closed && { reason: record.closed.reason, at: record.closed.at, by: record.closed.by },
      };
    });
  }

  async function one(db: Db, id: Id, actor: Actor): Promise<{ record: PaymentRecord; shown: WaitingPayment }> {
    const record = await payments.paymentById(db, id);
    const [shown] = record ? await visible(db, actor, [record]) : [];
    if (!record || !shown) throw new PluginError('IM_NOT_FOUND', 404, { paymentId: id });
    return { record, shown };
  }

  async function nothingWaits(
    db: Db,
    { lastAllocation: last, closed }: PaymentRecord,
    actor: Actor,
  ): Promise<PluginError> {
    if (closed) return new PluginError('IM_PAYMENT_CLOSED', 409, { ...closed });
    const seen = await visibleIds(db, host.map, last ? [last.invoiceId] : [], restrictTo(deps, actor));
    const told = last && seen.has(last.invoiceId) ? { number: last.number, by: last.by, at: last.at } : {};
    return new PluginError('IM_PAYMENT_ALLOCATED', 409, told);
  }

  return {
    ...createClosing({ knex: deps.knex, payments, clock: deps.clock, one, visible, nothingWaits }),
    receivePayment,
    demand,

    /** Whether the host lets us book what waits. */
    canAllocate: host.recordPayment !== undefined,

    /** All that waits and that the person may see, oldest first. */
    async waiting(db: Db, actor: Actor): Promise<WaitingPayment[]> {
      return visible(db, actor, await payments.waitingPayments(db));
    },

    /**
     * One payment with the open invoices that it could be for, oldest first.
     * @throws IM_NOT_FOUND 404, IM_PAYMENT_ALLOCATED 409, IM_PAYMENT_CLOSED 409
     */
    async waitingPayment(db: Db, id: Id, actor: Actor): Promise<{ payment: WaitingPayment; choices: PaymentChoice[] }> {
      const { record, shown } = await one(db, id, actor);
      if (!exact(record.waiting).gt(ZERO)) throw await nothingWaits(db, record, actor);
      if (!record.customerId) return { payment: shown, choices: [] };
      const restrict = restrictTo(deps, actor);
      const heads = await host.findCandidates(db, { customerIds: [record.customerId], restrict });
      const choices = heads
        .filter((head) => head.status !== 'draft' && head.currency === record.currency)
        .map((head) => ({
          invoiceId: head.id,
          number: head.number,
          issueDate: head.issueDate,
          dueDate: head.dueDate,
          balance: balanceOf(head),
        }));
      return { payment: shown, choices: choices.filter(({ balance }) => exact(balance).gt(ZERO)) };
    },

    /**
     * Books what waits on an invoice, up to its balance; the rest goes on waiting. Of two people at once one books, the
     * other is told. A transaction of its own, run again as a whole.
     * @throws IM_MERGED 409 (with the successor), IM_NOT_PAYABLE 422 (`vars.why`), IM_PAYMENT_ALLOCATED 409,
     *   IM_PAYMENT_CLOSED 409, IM_PAYMENT_REFUSED 422 (the host's tables refuse the row), IM_NOT_FOUND 404
     */
    async allocate(wanted: { id: Id; invoiceId: Id }, actor: Actor): Promise<Allocated> {
      const { recordPayment } = host;
      if (!recordPayment)
        throw new PluginError('IM_HOST_FAULT', 500, {
          where: 'recordPayment',
          mend: 'map payments, or pass recordPayment',
        });
      return runTransaction(deps.knex, async (trx) => {
        await payments.lockPayment(trx, wanted.id);
        const { record } = await one(trx, wanted.id, actor);
        if (!exact(record.waiting).gt(ZERO)) throw await nothingWaits(trx, record, actor);
        await host.touchInvoices(trx, [wanted.invoiceId]);
        const seen = await visibleIds(trx, host.map, [wanted.invoiceId], restrictTo(deps, actor));
        const [invoice] = seen.has(wanted.invoiceId) ? await host.loadInvoices(trx, [wanted.invoiceId]) : [];
        if (!invoice) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId: wanted.invoiceId });
        const [merged] = await store.asSources(trx, [invoice.id]);
        if (merged) throw await guarding.mergedError(trx, merged, 'pay', actor);
        const why = closedTo(invoice, record.currency);
        if (why !== null)
          throw new PluginError('IM_NOT_PAYABLE', 422, {
            invoiceId: invoice.id,
            number: nameOf(deps.documents, invoice),
            why,
          });

        const balance = exact(balanceOf(invoice));
        const part = balance.lt(record.waiting) ? balance : exact(record.waiting);
        const amount = toAmount(part, minorUnit(record.currency));
        const left = toAmount(exact(record.waiting).minus(part), minorUnit(record.currency));
        const paymentId = await demandStored(
          record,
          recordPayment(trx, {
            invoiceId: invoice.id,
            methodId: record.methodId,
            amount,
            date: record.date,
            note: noteOf(record, invoice, record.meantFor, record.meantNumber),
            columns: record.columns,
          }),
        );
        await host.saveTotals(trx, invoice.id);
        const allocation: Allocation = {
          invoiceId: invoice.id,
          number: invoice.number,
          amount,
          paymentId,
          at: deps.clock().toISOString(),
          by: actor.name,
        };
        await payments.allocatePayment(trx, record, allocation, left, actor);
        return { invoiceId: invoice.id, number: invoice.number, paymentId, currency: record.currency, amount, left };
      });
    },
  };
};

export type Payments = ReturnType<typeof createPayments>;
