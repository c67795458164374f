/** What happens to a payment afterwards: voided, refunded, moved to another method. The row itself stays as it was. */
import { PluginError } from '../errors';
import type { Actor, Db, Id, Trx } from '../host/contract';
import { visibleIds } from '../host/own-columns';
import { runTransaction } from '../host/transaction';
import { restrictTo } from '../merging/deps';
import { exact, toAmount } from '../money/decimal';
import { minorUnit } from '../money/currency';
import type { Decimal } from '../money/types';
import type { PaymentMethod } from './contract';
import { createRecording, snapshotOf } from './recording';
import { canMove, canPayOut, isNothing, isReversal, remaining, type Reason } from './rules-acts';
import { demandAmount, demandReference } from './rules-checkout';
import { negated, vatBetween } from './rules-money';
import { demandBilling, demandMay, lockedSale, nowIn, type TillDeps } from './till-deps';
import type { MethodSnapshot, NewSalePayment, SaleAct, SalePayment, SaleRecord } from './types';

export interface Why {
  reason: Reason;
  /** Needed where the reason is `other`. */
  text: string | null;
}

/** One row below zero: what it takes from which row, paid out how. */
interface Reversal {
  act: Extract<SaleAct, 'void' | 'refund' | 'correction'>;
  amount: Decimal;
  method: MethodSnapshot;
  key: string | null;
}

export const createSaleActs = (deps: TillDeps) => {
  const { host, store, modules, knex } = deps;
  const recording = createRecording(deps);

  /** The payment, as far as the person may see it. @throws IM_NOT_FOUND 404 */
  async function visible(db: Db, id: Id, actor: Actor): Promise<SalePayment> {
    const payment = await store.paymentById(db, id);
    const missing = (): PluginError => new PluginError('IM_NOT_FOUND', 404, { why: 'sale', saleId: id });
    if (!payment) throw missing();
    const all = await deps.authorize(actor, 'sales.view_all', { db });
    if (!all && payment.actor.id !== actor.id) throw missing();
    if (payment.invoiceId !== null) {
      const seen = await visibleIds(db, host.map, [payment.invoiceId], restrictTo(deps, actor));
      if (!seen.has(payment.invoiceId)) throw missing();
    }
    return payment;
  }

  function reasonIn({ reason, text }: Why): string {
    const named = deps.documents.t(`sales.reason_${reason}`);
    return text === null ? named : deps.documents.t('sales.reasonWith', { reason: named, text });
  }

  /** A row below zero, and the host's beside it; `reserved` already. */
  async function reverse(
    trx: Trx,
    of: SalePayment,
    { act, amount, method, key }: Reversal,
    why: Why,
    actor: Actor,
  ): Promise<SalePayment> {
    const { at, day } = nowIn(deps);
    const { currency } = of;
    const after = toAmount(exact(of.reversed).plus(exact(amount)), minorUnit(currency));
    const shares = vatBetween({ total: of.amount, vat: of.vat }, of.reversed, after, currency);
    const line: Omit<NewSalePayment, 'hostPaymentId'> = {
      ...{ saleId: of.saleId, act, at, day, actor, module: of.module },
      ...{ invoiceId: of.invoiceId, invoiceNumber: of.invoiceNumber, slipNumber: of.slipNumber, customer: of.customer },
      ...{ method, reference: of.reference, note: null, currency, amount: negated(amount, currency) },
      ...{ reversesId: of.id, reason: why.reason, reasonText: why.text, requestKey: key },
      vat: shares.map(({ rate, base, tax }) => ({
        rate,
        base: negated(base, currency),
        tax: negated(tax, currency),
      })),
    };
    const hostPaymentId = await recording.hostPayment(trx, line, {
      ...{ date: day, requestKey: key, reverses: of.hostPaymentId, reason: reasonIn(why) },
    });
    return recording.write(trx, { ...line, hostPaymentId });
  }

  /** Under the locks of sale and invoice; the payment as it is then. */
  async function locked(
    trx: Trx,
    known: SalePayment,
    actor: Actor,
  ): Promise<{ sale: SaleRecord; payment: SalePayment }> {
    const sale = await lockedSale(deps, trx, known.saleId);
    if (known.invoiceId !== null) await deps.guarding.guard(trx, known.invoiceId, 'pay');
    const payment = await visible(trx, known.id, actor);
    if (isReversal(payment.act)) throw new PluginError('IM_NOTHING_LEFT', 409, { why: 'reversal' });
    return { sale, payment };
  }

  /** Takes so much of the payment for an act. @throws IM_NOTHING_LEFT 409 `{ left, amount }` */
  async function reserve(trx: Trx, payment: SalePayment, amount: Decimal): Promise<void> {
    const { id, currency } = payment;
    // Nothing can be taken from nothing any number of times: once is enough.
    const again = isNothing(payment.amount) && (await store.reversalsOf(trx, [id])).length > 0;
    if (!again && (await store.reserve(trx, id, amount, currency))) return;
    const left = remaining(payment);
    throw new PluginError('IM_NOTHING_LEFT', 409, {
      ...(isNothing(left) ? { why: 'all' } : { total: left, currency }),
    });
  }

  /** After an act: the invoice's own sums, and the sale that is no sale any more. */
  async function settle(trx: Trx, sale: SaleRecord, written: SalePayment[], why: Why, actor: Actor): Promise<void> {
    if (sale.invoiceId !== null) await host.saveTotals(trx, sale.invoiceId);
    const all = await store.paymentsOf(trx, { saleId: sale.id });
    const standing = all.filter(({ act }) => !isReversal(act));
    const voided = new Set(all.filter(({ act }) => act === 'void').map(({ reversesId }) => reversesId));
    const moved = new Set(all.filter(({ act }) => act === 'correction').map(({ reversesId }) => reversesId));
    if (standing.every(({ id }) => voided.has(id) || moved.has(id)))
      await store.change(trx, sale.id, { state: 'void' }, sale.currency);
    const [first] = written;
    if (first)
      await store.log(trx, {
        ...{ action: `sale.${first.act}`, at: first.at, by: actor, invoiceId: sale.invoiceId },
        details: { saleId: sale.id, rows: written.map(({ id, amount }) => ({ id, amount })), ...why },
      });
  }

  /** Runs an act in a transaction of its own, run again as a whole; the same key again answers what it wrote. */
  async function acting(
    work: (trx: Trx) => Promise<SalePayment[]>,
    again: { key: string; is(before: SalePayment): boolean } | null = null,
  ): Promise<{ payments: SalePayment[]; replayed: boolean }> {
    demandBilling(host);
    try {
      return { payments: await runTransaction(knex, work), replayed: false };
    } catch (error) {
      const before = again && (await store.paymentByKey(knex, again.key));
      // A second click comes too late for the first one's money: what it would have written is there.
      if (!before || !again.is(before)) throw error;
      return { payments: [before], replayed: true };
    }
  }

  /** A method to pay out with: the payment's own, archived or not, or one that the module offers. */
  async function payout(trx: Trx, payment: SalePayment, methodId: Id): Promise<MethodSnapshot> {
    if (methodId === payment.method.id) return payment.method;
    const method = await offered(trx, payment, methodId);
    if (!canPayOut(payment.method, method))
      throw new PluginError('IM_PAYOUT_REFUSED', 422, { method: method.name, paid: payment.method.name });
    await deps.methods.markUsed(trx, method.id);
    return snapshotOf(method);
  }

  async function offered(trx: Trx, payment: SalePayment, methodId: Id): Promise<PaymentMethod> {
    const { methods } = await modules.methods(trx, payment.module.id);
    const method = methods.find(({ id }) => id === methodId);
    if (!method) throw new PluginError('IM_METHOD_UNAVAILABLE', 422, { methodId, why: 'detached' });
    return method;
  }

  return {
    visible,

    /**
     * It did not happen: all that is left of it is taken back the way it came.
     * @throws IM_FORBIDDEN 403, IM_NOT_FOUND 404, IM_NOTHING_LEFT 409
     */
    async voidPayment(id: Id, why: Why, actor: Actor) {
      await demandMay(deps, actor, 'sales.void');
      const known = await visible(knex, id, actor);
      return acting(async (trx) => {
        const { sale, payment } = await locked(trx, known, actor);
        const amount = remaining(payment);
        if (isNothing(amount) && !isNothing(payment.amount))
          throw new PluginError('IM_NOTHING_LEFT', 409, { why: 'all' });
        await reserve(trx, payment, amount);
        const row = await reverse(trx, payment, { act: 'void', amount, method: payment.method, key: null }, why, actor);
        await settle(trx, sale, [row], why, actor);
        return [row];
      });
    },

    /**
     * Money given back, the way it came or another; the reference goes along.
     * @throws as `voidPayment`, and IM_AMOUNT_INVALID, IM_PAYOUT_REFUSED, IM_METHOD_UNAVAILABLE 422
     */
    async refund(
      id: Id,
      { amount: typed, methodId, key, ...why }: Why & { amount: Decimal; methodId: Id; key: string | null },
      actor: Actor,
    ) {
      await demandMay(deps, actor, 'sales.void');
      const known = await visible(knex, id, actor);
      const write = async (trx: Trx): Promise<SalePayment[]> => {
        const { sale, payment } = await locked(trx, known, actor);
        const amount = demandAmount(typed, { currency: payment.currency, due: payment.amount });
        const method = await payout(trx, payment, methodId);
        await reserve(trx, payment, amount);
        const row = await reverse(trx, payment, { act: 'refund', amount, method, key }, why, actor);
        await settle(trx, sale, [row], why, actor);
        return [row];
      };
      const same = (before: SalePayment): boolean =>
        before.reversesId === id && before.method.id === methodId && exact(before.amount).eq(exact(typed).neg());
      return acting(write, key === null ? null : { key, is: same });
    },

    /**
     * It was another method, or another reference of the same: the record stays, one takes its amount away, one puts it
     * where it belongs.
     * @throws as `voidPayment`, and IM_MOVE_REFUSED, IM_METHOD_UNAVAILABLE, IM_REFERENCE_MISSING, IM_REFERENCE_ILL_FORMED 422
     */
    async changeMethod(
      id: Id,
      { methodId, reference: typed, ...why }: Why & { methodId: Id; reference: string | null },
      actor: Actor,
    ) {
      await demandMay(deps, actor, 'sales.void');
      const known = await visible(knex, id, actor);
      return acting(async (trx) => {
        const { sale, payment } = await locked(trx, known, actor);
        const method = await offered(trx, payment, methodId);
        const { directSaleInvoice } = await deps.settings.read(trx);
        const about = { method: method.name, paid: payment.method.name };
        const same = methodId === payment.method.id;
        if (!canMove(payment, method, { kind: sale.kind, directSaleInvoice }))
          throw new PluginError('IM_MOVE_REFUSED', 422, { ...about, ...(same && { why: 'same' }) });
        const reference = demandReference(method, typed);
        if (same && reference === payment.reference)
          throw new PluginError('IM_MOVE_REFUSED', 422, { ...about, why: 'same' });
        const amount = remaining(payment);
        if (isNothing(amount) && !isNothing(payment.amount))
          throw new PluginError('IM_NOTHING_LEFT', 409, { why: 'all' });
        await reserve(trx, payment, amount);
        await deps.methods.markUsed(trx, method.id);
        const taken: Reversal = { act: 'correction', amount, method: payment.method, key: null };
        const correction = await reverse(trx, payment, taken, why, actor);
        const line: Omit<NewSalePayment, 'hostPaymentId'> = {
          ...correction,
          ...{ act: 'replacement', method: snapshotOf(method), reference, note: payment.note, amount },
          ...{ requestKey: null, vat: correction.vat.map((one) => mirrored(one, payment.currency)) },
        };
        const hostPaymentId = await recording.hostPayment(trx, line, {
          ...{ date: line.day, requestKey: null, reverses: null, reason: reasonIn(why) },
        });
        const replacement = await recording.write(trx, { ...line, hostPaymentId });
        await settle(trx, sale, [correction, replacement], why, actor);
        return [correction, replacement];
      });
    },
  };
};

const mirrored = ({ rate, base, tax }: SalePayment['vat'][number], currency: string): SalePayment['vat'][number] => ({
  rate,
  base: negated(base, currency),
  tax: negated(tax, currency),
});

export type SaleActs = ReturnType<typeof createSaleActs>;
