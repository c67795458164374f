/** What may be paid with what: pure. Everything here is asked again by the server, whatever the page has shown. */
import { PluginError } from '../errors';
import { minorUnit } from '../money/currency';
import { exact, sum, toAmount, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import type { MethodKind, Unavailable } from './contract';
import { cleaned, exampleOf, fitsMask, REFERENCE_LIMIT } from './rules';
import type { JudgedPayment, TillMethod, WantedPayment } from './types';

/**
 * Why a method of the module cannot be chosen. `issued_here`: the invoice bears a number of ours already, and would be
 * billed twice. `no_invoice`: nobody would invoice the sale. `mixed`: one part of a sale would be invoiced here, another
 * elsewhere. `alone`: what is handed over is handed over whole.
 */
export type Barred = 'issued_here' | 'no_connection' | Unavailable | 'no_invoice' | 'mixed' | 'alone';

export interface Checkout {
  /** A basket of a till, or an invoice that is there. */
  kind: 'basket' | 'invoice';
  currency: string;
  /** What is left to pay. */
  due: Decimal;
  /** The host invoices direct sales (`createSale`). */
  canInvoice: boolean;
  /** The setting: the host invoices also what another system collects. */
  directSaleInvoice: boolean;
  /** Somebody takes hand-overs. */
  canHandOver: boolean;
}

const isExternalBilling = (kind: MethodKind): boolean => kind === 'external_billing';

/** @param chosen the methods of this checkout so far */
export function barred(
  method: Pick<TillMethod, 'kind' | 'integrationId' | 'unavailable'>,
  about: Omit<Checkout, 'due' | 'currency'>,
  chosen: Pick<TillMethod, 'kind' | 'integrationId'>[] = [],
): Barred | null {
  if (method.integrationId !== null) {
    if (about.kind === 'invoice') return 'issued_here';
    if (!about.canHandOver) return 'no_connection';
    if (method.unavailable !== null) return method.unavailable;
    return chosen.length > 0 ? 'alone' : null;
  }
  if (chosen.some(({ integrationId }) => integrationId !== null)) return 'alone';
  if (about.kind === 'invoice') return null;
  const invoicedHere = about.directSaleInvoice || !isExternalBilling(method.kind);
  if (invoicedHere && !about.canInvoice) return 'no_invoice';
  const mixed = chosen.some(({ kind }) => isExternalBilling(kind) !== isExternalBilling(method.kind));
  return mixed && !about.directSaleInvoice ? 'mixed' : null;
}

/** Whether the host makes an invoice of a basket that is paid so; the other system does it else. */
export const invoicedHere = (methods: Pick<TillMethod, 'kind'>[], directSaleInvoice: boolean): boolean =>
  directSaleInvoice || methods.some(({ kind }) => !isExternalBilling(kind));

const DECIMAL = /^\d{1,12}(\.\d{1,4})?$/;

/**
 * An amount as it may be paid: more than nothing and no finer than the currency; nothing only where nothing is due.
 * @throws IM_AMOUNT_INVALID 422
 */
export function demandAmount(amount: Decimal, { currency, due }: Pick<Checkout, 'currency' | 'due'>): Decimal {
  const scale = minorUnit(currency);
  const isFree = exact(due).eq(ZERO);
  if (DECIMAL.test(amount)) {
    const read = exact(amount);
    if (read.eq(toAmount(read, scale)) && (read.gt(ZERO) || isFree)) return toAmount(read, scale);
  }
  throw new PluginError('IM_AMOUNT_INVALID', 422, { amount, currency, total: toAmount(due, scale) });
}

/**
 * The reference as it is kept, by the method's rule of this moment.
 * @throws IM_REFERENCE_MISSING 422, IM_REFERENCE_ILL_FORMED 422
 */
export function demandReference(method: TillMethod, typed: string | null | undefined): string | null {
  const reference = cleaned(typed);
  const about = {
    methodId: method.id,
    method: method.name,
    label: method.referenceLabel,
    example: exampleOf(method.referenceMask) ?? undefined,
  };
  if (reference === null) {
    if (method.requiresReference) throw new PluginError('IM_REFERENCE_MISSING', 422, about);
    return null;
  }
  if (Array.from(reference).length > REFERENCE_LIMIT)
    throw new PluginError('IM_REFERENCE_ILL_FORMED', 422, { ...about, why: 'long', most: REFERENCE_LIMIT });
  if (!fitsMask(method.referenceMask, reference)) throw new PluginError('IM_REFERENCE_ILL_FORMED', 422, about);
  return reference;
}

/** A note of blanks is none. */
export const cleanNote = (typed: string | null | undefined): string | null => {
  const note = (typed ?? '').normalize('NFC').trim();
  return note === '' ? null : note;
};

/**
 * Reads and judges the payment lines of a checkout, each by the method as it is now.
 * @param methods those that are attached to the module and not archived
 * @throws IM_METHOD_UNAVAILABLE 422 `{ methodId, method, why }`, IM_AMOUNT_INVALID 422, IM_REFERENCE_MISSING 422,
 *   IM_REFERENCE_ILL_FORMED 422, IM_OVER_PAID 422 `{ due, given }`
 */
export function judge(wanted: WantedPayment[], methods: TillMethod[], about: Checkout): JudgedPayment[] {
  const known = new Map(methods.map((one) => [one.id, one]));
  const chosen: TillMethod[] = [];
  const judged = wanted.map((one): JudgedPayment => {
    const method = known.get(one.methodId);
    if (!method) throw new PluginError('IM_METHOD_UNAVAILABLE', 422, { methodId: one.methodId, why: 'detached' });
    const why = barred(method, about, chosen);
    if (why !== null)
      throw new PluginError('IM_METHOD_UNAVAILABLE', 422, { methodId: method.id, method: method.name, why });
    chosen.push(method);
    return {
      method,
      amount: demandAmount(one.amount, about),
      reference: demandReference(method, one.reference),
      note: cleanNote(one.note),
    };
  });
  const given = sum(judged.map(({ amount }) => amount));
  if (given.gt(exact(about.due)) || (exact(about.due).eq(ZERO) && judged.length > 1))
    throw new PluginError('IM_OVER_PAID', 422, {
      due: about.due,
      total: about.due,
      amount: toAmount(given, minorUnit(about.currency)),
      currency: about.currency,
    });
  return judged;
}

/** What is still to be paid after these. */
export const leftOf = (due: Decimal, payments: Pick<JudgedPayment, 'amount'>[], currency: string): Decimal =>
  toAmount(exact(due).minus(sum(payments.map(({ amount }) => amount))), minorUnit(currency));
