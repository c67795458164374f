/** How the parts of a sale share its VAT, and what counts as whose money: pure. */
import { minorUnit } from '../money/currency';
import { exact, round, sum, toAmount, toDecimal, ZERO, type Exact } from '../money/decimal';
import type { Decimal, Totals } from '../money/types';
import type { MethodKind } from './contract';
import type { SaleVat } from './types';

/** What a sale's VAT is made of, each rate once, the highest first: categories of one rate are told apart on the invoice. */
export function vatOf(totals: Pick<Totals, 'taxes'>, currency: string): SaleVat[] {
  const scale = minorUnit(currency);
  const rates = new Map<Decimal, { base: Exact; tax: Exact }>();
  for (const { rate, taxable, tax } of totals.taxes) {
    const known = rates.get(toDecimal(rate)) ?? { base: ZERO, tax: ZERO };
    rates.set(toDecimal(rate), { base: known.base.plus(exact(taxable)), tax: known.tax.plus(exact(tax)) });
  }
  return [...rates]
    .sort(([a], [b]) => exact(b).cmp(exact(a)))
    .map(([rate, { base, tax }]) => ({ rate, base: toAmount(base, scale), tax: toAmount(tax, scale) }));
}

/**
 * The share of a whole's VAT that falls on what was paid between `before` and `after` of it. Cut from the running sum, not
 * from each part: however a whole is split, and in whatever order, its parts' VAT adds up to its own.
 */
export function vatBetween(
  whole: { total: Decimal; vat: SaleVat[] },
  before: Decimal,
  after: Decimal,
  currency: string,
): SaleVat[] {
  const scale = minorUnit(currency);
  const total = exact(whole.total);
  const until = (amount: Decimal, paid: Decimal): Exact =>
    total.eq(ZERO) ? ZERO : round(exact(amount).times(exact(paid)).div(total), scale);
  const between = (amount: Decimal): Decimal =>
    toAmount(total.eq(ZERO) ? exact(amount) : until(amount, after).minus(until(amount, before)), scale);
  return whole.vat.map(({ rate, base, tax }) => ({ rate, base: between(base), tax: between(tax) }));
}

export const negated = (amount: Decimal, currency: string): Decimal =>
  toAmount(exact(amount).neg(), minorUnit(currency));

export const addedUp = (amounts: Iterable<Decimal>, currency: string): Decimal =>
  toAmount(sum(amounts), minorUnit(currency));

/** Money that is the business's own: in the drawer, on its account, or owed to it by whoever took the payment. */
export const isReceived = (kind: MethodKind): boolean => kind !== 'external_billing';
