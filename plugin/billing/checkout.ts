/** What is to be paid, and with what: baskets of a till and invoices, as a page shows them and as `taking.ts` takes them. */
import { PluginError } from '../errors';
import type { Actor, Db, Id, Invoice, SaleLine, Trx } from '../host/contract';
import { customerName } from '../host/own-columns';
import { demandTransaction } from '../host/transaction';
import { balanceOf, closedTo } from '../merging/after-payments';
import { exact, ZERO } from '../money/decimal';
import { invoiceTotals, totalOf } from '../money/totals';
import type { Decimal, Totals } from '../money/types';
import { readBasket } from './checkout-input';
import type { PaymentMethod } from './contract';
import type { Checkout } from './rules-checkout';
import { vatOf } from './rules-money';
import { demandBilling, demandMay, demandVisible, namedModule, nowIn, type TillDeps } from './till-deps';
import type { Named, SaleRecord } from './types';

export interface NewBasket {
  customerId: Id | null;
  currency: string;
  lines: SaleLine[];
  returnUrl?: string;
}

/** What is paid: a basket that is there, an invoice, or a basket that comes with the payment. */
export type Subject = { saleId: Id } | { invoiceId: Id } | { basket: NewBasket };

/** A checkout as a page shows it. */
export interface CheckoutNow extends Checkout {
  module: Named;
  /** What the module offers, in its order. */
  methods: PaymentMethod[];
  total: Decimal;
  customer: Named | null;
  invoice: { id: Id; number: string | null; issueDate: string } | null;
  sale: SaleRecord | null;
}

const PLAIN = { pricesIncludeTax: false, allowancesCharges: [], discount: null, adjustment: '0', prepaid: '0' };

/** What a basket comes to, as an invoice of the same lines would. */
export const basketTotals = (
  basket: Pick<NewBasket, 'currency' | 'lines'>,
  taxRounding?: 'document' | 'line',
): Totals =>
  invoiceTotals(
    {
      ...PLAIN,
      currency: basket.currency,
      lines: basket.lines.map((line) => ({ ...line, baseQuantity: '1', allowancesCharges: [] })),
    },
    { taxRounding },
  );

type NewSale = Parameters<TillDeps['store']['insertSale']>[1];

export const createCheckout = (deps: TillDeps) => {
  const { host, store, modules } = deps;

  async function rulesOf(db: Db): Promise<Pick<Checkout, 'canInvoice' | 'directSaleInvoice' | 'canHandOver'>> {
    const { directSaleInvoice } = await deps.settings.read(db);
    return { canInvoice: host.createSale !== undefined, directSaleInvoice, canHandOver: deps.handover !== null };
  }

  async function customerOf(db: Db, customerId: Id | null): Promise<Named | null> {
    if (customerId === null) return null;
    const name = await customerName(db, host.map, customerId);
    if (name === null) throw new PluginError('IM_NOT_FOUND', 404, { customerId });
    return { id: customerId, name };
  }

  /** @throws IM_NOT_PAYABLE 422 `{ why }` */
  function demandPayable(invoice: Invoice): void {
    const why = closedTo(invoice, invoice.currency);
    if (why !== null)
      throw new PluginError('IM_NOT_PAYABLE', 422, {
        ...{ invoiceId: invoice.id, number: invoice.number ?? deps.documents.t('invoice.draft'), why },
      });
  }

  async function newSale(db: Db, basket: NewBasket, moduleId: Id | undefined, actor: Actor): Promise<NewSale> {
    const totals = basketTotals(basket, host.map.taxRounding);
    if (exact(totals.payable).lt(ZERO)) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'lines' });
    const module = await modules.byId(db, moduleId ?? 'direct_sale');
    return {
      kind: 'basket',
      state: 'open',
      module: namedModule(deps, module),
      invoiceId: null,
      invoiceNumber: null,
      customer: await customerOf(db, basket.customerId),
      currency: basket.currency,
      total: totals.payable,
      lines: basket.lines,
      vat: vatOf(totals, basket.currency),
      requestKey: null,
      requestHash: null,
      returnUrl: basket.returnUrl ?? null,
      openedAt: nowIn(deps).at,
      openedBy: actor,
      closedAt: null,
    };
  }

  /** The row of an invoice's checkout. */
  async function invoiceSale(db: Db, invoice: Invoice, moduleId: Id | undefined, actor: Actor): Promise<NewSale> {
    const { at } = nowIn(deps);
    return {
      kind: 'invoice',
      state: 'paid',
      module: namedModule(deps, await modules.byId(db, moduleId ?? 'invoices')),
      invoiceId: invoice.id,
      invoiceNumber: invoice.number,
      customer: await customerOf(db, invoice.customerId),
      currency: invoice.currency,
      total: totalOf(invoice.totals),
      lines: [],
      vat: vatOf(invoice.totals, invoice.currency),
      requestKey: null,
      requestHash: null,
      returnUrl: null,
      openedAt: at,
      openedBy: actor,
      closedAt: at,
    };
  }

  /** Asks the function behind each extended method whether it takes sales now; of the others nobody has to be asked. */
  async function asked(db: Db, methods: PaymentMethod[]): Promise<PaymentMethod[]> {
    const { handover } = deps;
    return Promise.all(
      methods.map(async (method) => {
        if (!handover || method.integrationId === null || method.unavailable !== null) return method;
        const { available } = await handover.available(db, method.integrationId, { ask: true });
        return available ? method : { ...method, unavailable: 'integration_closed' as const };
      }),
    );
  }

  return {
    rulesOf,
    customerOf,
    demandPayable,
    newSale,
    invoiceSale,

    /**
     * Whether the person may take this payment at all: asked before the transaction, so that no refusal inside it names an
     * invoice that the person may not see. @throws IM_FORBIDDEN 403, IM_NOT_FOUND 404
     */
    async admit(db: Db, actor: Actor, subject: Subject): Promise<void> {
      demandBilling(host);
      const about = 'invoiceId' in subject ? { invoiceId: subject.invoiceId } : {};
      await demandMay(deps, actor, 'checkout.take', { ...about, db });
      if ('invoiceId' in subject) await demandVisible(deps, db, actor, subject.invoiceId);
    },

    /** @throws IM_PAYLOAD_INVALID 400, IM_NOT_FOUND 404 */
    async openSale(trx: Trx, given: NewBasket & { moduleId?: Id; actor: Actor }): Promise<Id> {
      demandTransaction(trx);
      demandBilling(host);
      const { moduleId, actor } = given;
      const saleId = await store.insertSale(trx, await newSale(trx, readBasket(given), moduleId, actor));
      if (saleId === null) throw new Error('crm-invoice-merge: a basket without a key was refused for its key');
      return saleId;
    },

    /**
     * What is to be paid, as a page shows it; for a basket that is closed its `sale` says how.
     * @throws IM_NOT_FOUND 404, IM_FORBIDDEN 403, IM_NOT_PAYABLE 422
     */
    async checkoutOf(db: Db, of: { saleId: Id } | { invoiceId: Id }, actor: Actor): Promise<CheckoutNow> {
      demandBilling(host);
      const rules = await rulesOf(db);
      if ('saleId' in of) {
        await demandMay(deps, actor, 'checkout.take', { db });
        const sale = await store.saleById(db, of.saleId);
        if (sale?.kind !== 'basket') throw new PluginError('IM_NOT_FOUND', 404, of);
        const { module, methods: offered } = await modules.methods(db, sale.module.id);
        const methods = sale.state === 'open' ? await asked(db, offered) : offered;
        return {
          ...{ kind: 'basket', ...rules, methods, sale, invoice: null, module: namedModule(deps, module) },
          ...{ currency: sale.currency, due: sale.total, total: sale.total, customer: sale.customer },
        };
      }
      const { invoiceId } = of;
      await demandMay(deps, actor, 'checkout.take', { db, invoiceId });
      await demandVisible(deps, db, actor, invoiceId);
      const [invoice] = await host.loadInvoices(db, [invoiceId]);
      if (!invoice) throw new PluginError('IM_NOT_FOUND', 404, of);
      demandPayable(invoice);
      const { module, methods } = await modules.methods(db, 'invoices');
      return {
        ...{ kind: 'invoice', ...rules, methods, sale: null, module: namedModule(deps, module) },
        invoice: { id: invoice.id, number: invoice.number, issueDate: invoice.issueDate },
        ...{ currency: invoice.currency, due: balanceOf(invoice), total: totalOf(invoice.totals) },
        customer: await customerOf(db, invoice.customerId),
      };
    },
  };
};

export type CheckoutService = ReturnType<typeof createCheckout>;
