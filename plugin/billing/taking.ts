/** Takes payments: one function records, whoever asks: page, API, host. All of a checkout is recorded, or nothing. */
import { createHash } from 'node:crypto';
import { PluginError } from '../errors';
import type { Actor, Id, Invoice, Trx } from '../host/contract';
import { demandTransaction } from '../host/transaction';
import { balanceOf } from '../merging/after-payments';
import { minorUnit } from '../money/currency';
import { exact, toAmount, ZERO } from '../money/decimal';
import { totalOf } from '../money/totals';
import { basketTotals, type CheckoutService, type Subject } from './checkout';
import { readRequest } from './checkout-input';
import { createRecording, snapshotOf } from './recording';
import { invoicedHere, judge, leftOf, type Checkout } from './rules-checkout';
import { vatOf } from './rules-money';
import { demandBilling, demandMay, demandOpen, demandVisible, lockedSale, nowIn, type TillDeps } from './till-deps';
import type { JudgedPayment, SalePayment, SaleRecord, WantedPayment } from './types';

export interface TakeRequest {
  /** Left out: that of the basket, or Invoices. */
  moduleId?: Id;
  subject: Subject;
  payments: WantedPayment[];
  key: string;
  actor: Actor;
  /** The day of the host's payment. Default: today. */
  date?: string;
}

export interface Taken {
  sale: SaleRecord;
  payments: SalePayment[];
  /** The key came before: nothing was recorded now. */
  replayed: boolean;
  /** Given to another system: to be delivered once this has committed. */
  handoverId: Id | null;
}

/** The same for the same payments of the same thing; the key alone would let another form take its place. */
const hashOf = ({ subject, payments, moduleId, date }: TakeRequest): string =>
  createHash('sha256')
    .update(
      JSON.stringify([subject, moduleId ?? null, date ?? null, payments.map((one) => Object.entries(one).sort())]),
    )
    .digest('base64url');

export const createTaking = (deps: TillDeps, checkout: CheckoutService) => {
  const { host, store, modules } = deps;
  const recording = createRecording(deps);

  /** What a key recorded before. @throws IM_KEY_REUSED 409 for another payment under it */
  async function replay(trx: Trx, key: string, hash: string): Promise<Taken> {
    const sale = await store.saleByKey(trx, key);
    if (!sale || sale.requestHash !== hash) throw new PluginError('IM_KEY_REUSED', 409, { why: 'payment' });
    return {
      sale,
      payments: (await store.paymentsOf(trx, { saleId: sale.id })).filter(({ act }) => act === 'payment'),
      replayed: true,
      handoverId: sale.state === 'waiting' ? (sale.handover?.handoverId ?? null) : null,
    };
  }

  /** The invoice under its lock, so that nobody merges, pays or edits it meanwhile. */
  async function lockedInvoice(trx: Trx, invoiceId: Id, actor: Actor): Promise<Invoice> {
    await deps.guarding.guard(trx, invoiceId, 'pay');
    await demandMay(deps, actor, 'checkout.take', { invoiceId, db: trx });
    await demandVisible(deps, trx, actor, invoiceId);
    const [invoice] = await host.loadInvoices(trx, [invoiceId]);
    if (!invoice) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId });
    return invoice;
  }

  async function takeForInvoice(trx: Trx, invoiceId: Id, request: TakeRequest): Promise<Taken> {
    const { actor, key, moduleId, date } = request;
    const invoice = await lockedInvoice(trx, invoiceId, actor);
    const hash = hashOf(request);
    const shape = await checkout.invoiceSale(trx, invoice, moduleId, actor);
    const saleId = await store.insertSale(trx, { ...shape, requestKey: key, requestHash: hash });
    if (saleId === null) return replay(trx, key, hash);
    checkout.demandPayable(invoice);
    const { methods } = await modules.methods(trx, shape.module.id);
    const { currency } = invoice;
    const due = balanceOf(invoice);
    const about: Checkout = { kind: 'invoice', currency, due, ...(await checkout.rulesOf(trx)) };
    const payments = judge(request.payments, methods, about);
    await store.change(trx, saleId, { closed: { ...nowIn(deps), by: actor.id } }, currency);
    const whole = { total: totalOf(invoice.totals), vat: vatOf(invoice.totals, currency) };
    const before = toAmount(exact(whole.total).minus(exact(due)), minorUnit(currency));
    const recorded = await recording.record(trx, {
      ...{ saleId, module: shape.module, invoice, customer: shape.customer, slipNumber: null, currency },
      ...{ whole, before, payments, actor, key, date },
    });
    return { sale: await stored(trx, saleId), payments: recorded, replayed: false, handoverId: null };
  }

  /** The host's invoice of a basket. @throws IM_HOST_FAULT 500 where it comes to something else */
  async function invoiceOf(trx: Trx, sale: SaleRecord, actor: Actor): Promise<{ id: Id; number: string | null }> {
    if (!host.createSale) throw new PluginError('IM_METHOD_UNAVAILABLE', 422, { why: 'no_invoice' });
    const { customer, currency, lines } = sale;
    const { day: date } = nowIn(deps);
    const made = await host.createSale(trx, { customerId: customer?.id ?? null, currency, date, lines, actor });
    const [invoice] = await host.loadInvoices(trx, [made.invoiceId]);
    if (!invoice || !exact(totalOf(invoice.totals)).eq(exact(sale.total)))
      throw new PluginError('IM_HOST_FAULT', 500, {
        where: 'createSale',
        mend: `answer an invoice of these lines: ${sale.total} ${currency}`,
      });
    return { id: made.invoiceId, number: made.number };
  }

  async function stored(trx: Trx, saleId: Id): Promise<SaleRecord> {
    const sale = await store.saleById(trx, saleId);
    if (!sale) throw new PluginError('IM_NOT_FOUND', 404, { why: 'sale', saleId });
    return sale;
  }

  /** The basket that takes the key, under its lock; or what the key has recorded already. */
  async function claimBasket(trx: Trx, request: TakeRequest, hash: string): Promise<SaleRecord | Taken> {
    const { subject, key, actor, moduleId } = request;
    if ('saleId' in subject) {
      const sale = await lockedSale(deps, trx, subject.saleId);
      // A basket is paid where it was opened: another module offers other methods.
      const isHere = moduleId === undefined || (await modules.byId(trx, moduleId)).id === sale.module.id;
      if (sale.kind !== 'basket' || !isHere)
        throw new PluginError('IM_NOT_FOUND', 404, { why: 'sale', saleId: sale.id });
      if (sale.requestKey === key) return replay(trx, key, hash);
      demandOpen(sale);
      return (await store.takeKey(trx, sale.id, key, hash, sale.currency)) ? sale : replay(trx, key, hash);
    }
    if (!('basket' in subject)) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'subject' });
    const shape = await checkout.newSale(trx, subject.basket, moduleId, actor);
    const saleId = await store.insertSale(trx, { ...shape, requestKey: key, requestHash: hash });
    return saleId === null ? replay(trx, key, hash) : stored(trx, saleId);
  }

  async function takeForBasket(trx: Trx, request: TakeRequest): Promise<Taken> {
    const { actor, key, date } = request;
    const claimed = await claimBasket(trx, request, hashOf(request));
    if ('replayed' in claimed) return claimed;
    const sale = claimed;
    await demandMay(deps, actor, 'checkout.take', { db: trx });
    const { id: saleId, currency, total, vat, module, customer } = sale;
    const { methods } = await modules.methods(trx, module.id);
    const rules = await checkout.rulesOf(trx);
    const payments = judge(request.payments, methods, { kind: 'basket', currency, due: total, ...rules });
    const left = leftOf(total, payments, currency);
    if (!exact(left).eq(ZERO)) throw new PluginError('IM_UNDER_PAID', 422, { amount: left, total, currency });
    const [first] = payments;
    if (first && first.method.integrationId !== null) {
      const handoverId = await handOver(trx, sale, first, actor);
      return { sale: await stored(trx, saleId), payments: [], replayed: false, handoverId };
    }
    const chosen = payments.map(({ method }) => method);
    const invoice = invoicedHere(chosen, rules.directSaleInvoice) ? await invoiceOf(trx, sale, actor) : null;
    const slipNumber = invoice ? null : `J-${saleId.padStart(6, '0')}`;
    await store.change(
      trx,
      saleId,
      {
        ...{ state: 'paid', slipNumber, closed: { ...nowIn(deps), by: actor.id } },
        ...(invoice && { invoiceId: invoice.id, invoiceNumber: invoice.number }),
      },
      currency,
    );
    const recorded = await recording.record(trx, {
      ...{ saleId, module, invoice, customer, slipNumber, currency, whole: { total, vat }, before: '0' },
      ...{ payments, actor, key, date },
    });
    return { sale: await stored(trx, saleId), payments: recorded, replayed: false, handoverId: null };
  }

  /** The basket waits from here on, and nothing of it is recorded as paid: the other system answers what becomes of it. */
  async function handOver(trx: Trx, sale: SaleRecord, payment: JudgedPayment, actor: Actor): Promise<Id> {
    const { handover } = deps;
    const { method, reference, note } = payment;
    if (!handover || method.integrationId === null)
      throw new PluginError('IM_METHOD_UNAVAILABLE', 422, { method: method.name, why: 'no_connection' });
    const totals = basketTotals(sale, host.map.taxRounding);
    const { handoverId } = await handover.begin(trx, {
      saleId: sale.id,
      method: { ...method, integrationId: method.integrationId },
      ...{ module: sale.module, customer: sale.customer, currency: sale.currency, lines: sale.lines, totals },
      ...{ reference, note, actor },
    });
    await deps.methods.markUsed(trx, method.id);
    await store.change(
      trx,
      sale.id,
      {
        state: 'waiting',
        handover: {
          ...{ handoverId, reference, note, actor, refused: null, externalReference: null },
          method: snapshotOf(method),
        },
      },
      sale.currency,
    );
    return handoverId;
  }

  return {
    /**
     * Records a checkout. First call of the transaction.
     * @throws see `Billing.takePayment`; of baskets IM_UNDER_PAID 422, IM_SALE_CLOSED 409, IM_SALE_WAITING 409
     */
    async take(trx: Trx, given: TakeRequest): Promise<Taken> {
      demandTransaction(trx);
      demandBilling(host);
      const request = readRequest(given);
      const { subject } = request;
      return 'invoiceId' in subject ? takeForInvoice(trx, subject.invoiceId, request) : takeForBasket(trx, request);
    },
  };
};

export type Taking = ReturnType<typeof createTaking>;
