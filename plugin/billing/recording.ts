/** Writes payment lines: in the history, and where there is an invoice in the host's own payments. */
import { PluginError } from '../errors';
import type { Id, Trx } from '../host/contract';
import { paymentFacts } from '../host/own-payments';
import { minorUnit } from '../money/currency';
import { exact, toAmount, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import { vatBetween } from './rules-money';
import { demandBilling, nowIn, type TillDeps } from './till-deps';
import type { JudgedPayment, MethodSnapshot, NewSalePayment, SalePayment, SaleVat, TillMethod } from './types';

export interface ToRecord {
  saleId: Id;
  module: SalePayment['module'];
  invoice: { id: Id; number: string | null } | null;
  customer: SalePayment['customer'];
  slipNumber: string | null;
  currency: string;
  /** What the payments are parts of, and what of it was paid before: their VAT is cut from the running sum. */
  whole: { total: Decimal; vat: SaleVat[] };
  before: Decimal;
  payments: JudgedPayment[];
  actor: SalePayment['actor'];
  key: string;
  date: string | undefined;
}

export const snapshotOf = ({ id, name, kind, isCash, externalIdentifier, imageId }: TillMethod): MethodSnapshot => ({
  ...{ id, name, kind, isCash, externalIdentifier, imageId },
});

export const createRecording = (deps: TillDeps) => {
  const { host, store } = deps;

  /** The host's own row of a payment line; none without an invoice, and none of nothing. */
  async function hostPayment(
    trx: Trx,
    line: Omit<NewSalePayment, 'hostPaymentId'>,
    about: { date: string; requestKey: string | null; reverses: Id | null; reason: string | null },
  ): Promise<Id | null> {
    const { invoiceId, method, amount, reference, note } = line;
    if (invoiceId === null || exact(amount).eq(ZERO)) return null;
    const spoken = [about.reason, reference, note].filter((one) => one !== null);
    return demandBilling(host)(trx, {
      ...{ invoiceId, methodId: method.id, amount, date: about.date, note: spoken.join(' · ') },
      columns: paymentFacts(host.map, {
        ...{ reference, method, moduleId: line.module.id, requestKey: about.requestKey },
        ...{ reversesId: about.reverses, reason: about.reason, actor: line.actor.name },
      }),
    });
  }

  /** @throws IM_KEY_REUSED 409 where the line's own request key is taken */
  async function write(trx: Trx, line: NewSalePayment): Promise<SalePayment> {
    const id = await store.insertPayment(trx, line);
    if (id === null) throw new PluginError('IM_KEY_REUSED', 409, { why: 'payment' });
    return { ...line, id, reversed: toAmount(ZERO, minorUnit(line.currency)) };
  }

  return {
    hostPayment,
    write,

    /** All lines of one checkout, in their order. */
    async record(trx: Trx, sale: ToRecord): Promise<SalePayment[]> {
      const { invoice, currency, whole } = sale;
      const { at, day } = nowIn(deps);
      const recorded: SalePayment[] = [];
      let before = exact(sale.before);
      for (const { method, amount, reference, note } of sale.payments) {
        await deps.methods.markUsed(trx, method.id);
        const after = before.plus(exact(amount));
        const line = {
          ...{ saleId: sale.saleId, act: 'payment' as const, at, day, actor: sale.actor, module: sale.module },
          ...{ invoiceId: invoice?.id ?? null, invoiceNumber: invoice?.number ?? null, slipNumber: sale.slipNumber },
          ...{ customer: sale.customer, method: snapshotOf(method), reference, note, currency, amount },
          ...{ reversesId: null, reason: null, reasonText: null, requestKey: null },
          vat: vatBetween(whole, before.toFixed(), after.toFixed(), currency),
        };
        const hostPaymentId = await hostPayment(trx, line, {
          ...{ date: sale.date ?? day, requestKey: sale.key, reverses: null, reason: null },
        });
        recorded.push(await write(trx, { ...line, hostPaymentId }));
        before = after;
      }
      if (invoice) await host.saveTotals(trx, invoice.id);
      return recorded;
    },
  };
};
