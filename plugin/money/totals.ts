/** What an invoice comes to, by the rules of EN 16931. */
import { minorUnit } from './currency';
import { allocate, apportion, exact, round, sum, toAmount, toDecimal, ZERO, type Exact } from './decimal';
import { PluginError } from '../errors';
import type { AllowanceCharge, Decimal, PricedDocument, PricedLine, Tax, Totals } from './types';

export interface TotalsOptions {
  /** 'document': the tax of each rate is rounded once. 'line': on every line. Default: document. */
  taxRounding?: 'document' | 'line';
}

/** An amount of the document with the taxes that it bears: a line, or a document's allowance (negative) or charge. */
interface Bearing {
  taxes: KeyedTax[];
  amount: Exact;
}
interface KeyedTax extends Tax {
  key: string;
}
interface TaxedAmount {
  tax: KeyedTax;
  taxable: Exact;
  amount: Exact;
}

/**
 * The totals, in the currency's scale. Taxes are ordered by rate, then category.
 *
 * Where prices include tax, `lineExtension`, `allowances` and `charges` include it too (as the document shows them);
 * `taxExclusive` never does.
 * @throws PluginError IM_PAYLOAD_INVALID for an unknown currency, an ill-formed amount, a base quantity of zero
 */
export function invoiceTotals(document: PricedDocument, options: TotalsOptions = {}): Totals {
  const scale = minorUnit(document.currency);
  const amountOf = (value: Exact) => toAmount(value, scale);

  const lineExtension = sum(document.lines.map((line) => netOf(line, scale)));
  const discount = sum(discountShares(document).map((share) => share.amount));
  const ofKind = (kind: AllowanceCharge['kind']) =>
    sum(document.allowancesCharges.filter((entry) => entry.kind === kind).map((entry) => rounded(entry.amount, scale)));

  const bearings = bearingsOf(document, scale);
  const taxes = taxesOf(document, bearings, scale, options.taxRounding ?? 'document');
  const tax = sum(taxes.map((entry) => entry.amount));
  const before = sum(bearings.map((bearing) => bearing.amount));
  const taxExclusive = document.pricesIncludeTax ? before.minus(tax) : before;
  const taxInclusive = taxExclusive.plus(tax);

  const adjustment = rounded(document.adjustment, scale).minus(discountAfterTax(document, taxInclusive, scale));
  const prepaid = rounded(document.prepaid, scale);
  return {
    lineExtension: amountOf(lineExtension),
    allowances: amountOf(ofKind('allowance').plus(discount)),
    charges: amountOf(ofKind('charge')),
    taxExclusive: amountOf(taxExclusive),
    tax: amountOf(tax),
    taxInclusive: amountOf(taxInclusive),
    adjustment: amountOf(adjustment),
    prepaid: amountOf(prepaid),
    rounding: amountOf(ZERO),
    payable: amountOf(taxInclusive.plus(adjustment).minus(prepaid)),
    taxes: taxes.map((entry) => ({
      category: entry.tax.category,
      name: entry.tax.name,
      rate: entry.tax.rate,
      taxable: amountOf(entry.taxable),
      tax: amountOf(entry.amount),
    })),
  };
}

/** The total of the invoice whatever was paid: what InvoiceHead.total and the host's total column hold. */
export function totalOf(totals: Totals): Decimal {
  const scale = totals.taxInclusive.split('.')[1]?.length ?? 0;
  return toAmount(sum([totals.taxInclusive, totals.adjustment, totals.rounding]), scale);
}

/**
 * The same total without rounding of tax. Two ways to write the same sales have the same exact total:
 * where their totals differ nevertheless, rounding is the only cause.
 */
export function exactTotal(document: PricedDocument, options: TotalsOptions = {}): Decimal {
  const bearings = bearingsOf(document, minorUnit(document.currency));
  const adjustment = exact(invoiceTotals(document, options).adjustment);
  return sum(
    bearings.map(({ amount, taxes }) =>
      document.pricesIncludeTax ? amount : amount.plus(percent(amount, sum(taxes.map((tax) => tax.rate)))),
    ),
  )
    .plus(adjustment)
    .toFixed();
}

/**
 * The discount before tax as it weighs on each set of taxes of the lines: amounts in the currency's scale that add up
 * to the discount. Empty where there is none. Does not depend on the order of the lines.
 */
export function discountShares(document: PricedDocument): { taxes: Tax[]; amount: Decimal }[] {
  const { discount } = document;
  if (discount?.basis !== 'before_tax' || exact(discount.value).eq(ZERO)) return [];
  const scale = minorUnit(document.currency);

  const lines = document.lines.map((line) => ({ taxes: keyed(line.taxes), amount: netOf(line, scale) }));
  const sets = bySet(lines.length > 0 ? lines : [{ taxes: [], amount: ZERO }]);
  const nets = sets.map((set) => set.amount);
  const amounts =
    discount.kind === 'percent'
      ? apportion(
          nets.map((net) => percent(net, exact(discount.value))),
          scale,
        )
      : allocate(discount.value, weightsOf(nets), scale);
  return sets
    .map((set, index) => ({ taxes: set.taxes.map(plain), amount: toAmount(amounts[index] ?? ZERO, scale) }))
    .filter((share) => !exact(share.amount).eq(ZERO));
}

// An amount spread over +100 and -99 in proportion would put 1000 and -990 on them: only the prevailing side bears it.
function weightsOf(nets: Exact[]): Exact[] {
  const all = sum(nets);
  if (all.eq(ZERO)) return nets.map((net) => net.abs());
  return nets.map((net) => (net.times(all).gt(ZERO) ? net : ZERO));
}

function discountAfterTax({ discount }: PricedDocument, taxInclusive: Exact, scale: number): Exact {
  if (discount?.basis !== 'after_tax') return ZERO;
  return discount.kind === 'percent'
    ? round(percent(taxInclusive, exact(discount.value)), scale)
    : rounded(discount.value, scale);
}

function netOf(line: PricedLine, scale: number): Exact {
  const baseQuantity = exact(line.baseQuantity);
  if (baseQuantity.eq(ZERO)) {
    throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'baseQuantity', value: line.baseQuantity });
  }
  const price = round(exact(line.quantity).times(exact(line.unitPrice)).div(baseQuantity), scale);
  return price.plus(sum(line.allowancesCharges.map((entry) => signed(entry, scale))));
}

function bearingsOf(document: PricedDocument, scale: number): Bearing[] {
  return [
    ...document.lines.map((line) => ({ taxes: keyed(line.taxes), amount: netOf(line, scale) })),
    ...document.allowancesCharges.map((entry) => ({
      taxes: keyed(entry.tax ? [{ ...entry.tax, name: '' }] : []),
      amount: signed(entry, scale),
    })),
    ...discountShares(document).map((share) => ({ taxes: keyed(share.taxes), amount: exact(share.amount).neg() })),
  ];
}

/** Each tax of the document with its base and amount, by rate, then category. */
function taxesOf(
  { pricesIncludeTax }: PricedDocument,
  bearings: Bearing[],
  scale: number,
  taxRounding: 'document' | 'line',
): TaxedAmount[] {
  const found = new Map<string, TaxedAmount>();
  const add = (tax: KeyedTax, taxable: Exact, amount: Exact) => {
    const known = found.get(tax.key);
    if (!known) {
      found.set(tax.key, { tax, taxable, amount });
      return;
    }
    known.taxable = known.taxable.plus(taxable);
    known.amount = known.amount.plus(amount);
    known.tax = named(known.tax, tax);
  };

  if (pricesIncludeTax) {
    for (const { taxes, amount } of taxRounding === 'document' ? bySet(bearings) : bearings) {
      const rates = taxes.map((tax) => exact(tax.rate));
      const base = round(amount.times('100').div(sum(['100', ...rates])), scale);
      const shares = allocate(amount.minus(base), rates, scale);
      taxes.forEach((tax, index) => add(tax, base, shares[index] ?? ZERO));
    }
  } else {
    for (const { taxes, amount } of bearings) {
      for (const tax of taxes) {
        const due = percent(amount, exact(tax.rate));
        add(tax, amount, taxRounding === 'line' ? round(due, scale) : due);
      }
    }
    for (const entry of found.values()) entry.amount = round(entry.amount, scale);
  }
  return [...found.values()].sort((a, b) => exact(a.tax.rate).cmp(exact(b.tax.rate)) || compare(a.tax.key, b.tax.key));
}

/** Bearings of the same taxes taken together, in an order that does not depend on theirs. */
function bySet(bearings: Bearing[]): Bearing[] {
  const sets = new Map<string, Bearing>();
  for (const { taxes, amount } of bearings) {
    const key = taxes.map((tax) => tax.key).join(' ');
    const set = sets.get(key);
    sets.set(key, {
      taxes: taxes.map((tax, index) => named(set?.taxes[index], tax)),
      amount: set ? set.amount.plus(amount) : amount,
    });
  }
  return [...sets.entries()].sort(([a], [b]) => compare(a, b)).map(([, set]) => set);
}

/**
 * Taxes are told apart by category and rate, as EN 16931 does, not by name ('TVA' and 'VAT' at 20 % are one).
 * Where a line bears two of the same (a state's and a city's), they stay two.
 */
function keyed(taxes: Tax[]): KeyedTax[] {
  const counts = new Map<string, number>();
  return taxes
    .map((tax) => ({ category: tax.category, name: tax.name, rate: toDecimal(tax.rate) }))
    .sort((a, b) => compare(a.category, b.category) || exact(a.rate).cmp(exact(b.rate)) || compare(a.name, b.name))
    .map((tax) => {
      const kind = `${tax.category}|${tax.rate}`;
      const count = counts.get(kind) ?? 0;
      counts.set(kind, count + 1);
      return { ...tax, key: `${kind}|${count}` };
    });
}

/** The one met first, unless it came from a document's allowance, which knows no name. */
function named(first: KeyedTax | undefined, next: KeyedTax): KeyedTax {
  return first && first.name !== '' ? first : next;
}

function plain({ category, name, rate }: KeyedTax): Tax {
  return { category, name, rate };
}

function signed(entry: AllowanceCharge, scale: number): Exact {
  const amount = rounded(entry.amount, scale);
  return entry.kind === 'allowance' ? amount.neg() : amount;
}

function rounded(value: Decimal, scale: number): Exact {
  return round(exact(value), scale);
}

function percent(value: Exact, rate: Exact): Exact {
  return value.times(rate).times('0.01');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
