/** Random priced documents for property tests, and short ways to write one. */
import * as fc from 'fast-check';
import type { Discount, PricedDocument, PricedLine, Tax } from '../../plugin/money/types';

export const vat = (rate: string, category = 'S'): Tax => ({ category, rate, name: `VAT ${rate}%` });

export function pricedLine(quantity: string, unitPrice: string, ...taxes: Tax[]): PricedLine {
  return { quantity, unitPrice, baseQuantity: '1', taxes, allowancesCharges: [] };
}

export function priced(lines: PricedLine[], more: Partial<PricedDocument> = {}): PricedDocument {
  const bare = { pricesIncludeTax: false, allowancesCharges: [], discount: null, adjustment: '0', prepaid: '0' };
  return { currency: 'EUR', lines, ...bare, ...more };
}

const decimal = (min: number, max: number, scale: number) =>
  fc.bigInt({ min: BigInt(min) * 10n ** BigInt(scale), max: BigInt(max) * 10n ** BigInt(scale) }).map((n) => {
    const digits = (n < 0n ? -n : n).toString().padStart(scale + 1, '0');
    return `${n < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}.${digits.slice(-scale)}`;
  });

const taxSets: fc.Arbitrary<Tax[]> = fc.constantFrom(
  [],
  [vat('20')],
  [vat('5.5')],
  [vat('0', 'Z')],
  [vat('9'), vat('7')],
  [
    { category: 'S', rate: '5', name: 'City' },
    { category: 'S', rate: '5', name: 'State' },
  ],
);

const anyLine: fc.Arbitrary<PricedLine> = fc.record({
  quantity: decimal(-5, 50, 2),
  unitPrice: decimal(0, 300, 4),
  baseQuantity: fc.constantFrom('1', '12'),
  taxes: taxSets,
  allowancesCharges: fc.array(
    fc.record({ kind: fc.constantFrom('allowance' as const, 'charge' as const), amount: decimal(0, 20, 2) }),
    { maxLength: 1 },
  ),
});

const anyDiscount: fc.Arbitrary<Discount | null> = fc.option(
  fc.record({
    kind: fc.constantFrom('percent' as const, 'amount' as const),
    value: decimal(0, 100, 2),
    basis: fc.constantFrom('before_tax' as const, 'after_tax' as const),
  }),
);

/** Documents of one currency and price basis, so that they may merge. */
export const mergeableDocuments: fc.Arbitrary<PricedDocument[]> = fc
  .tuple(fc.constantFrom('EUR', 'JPY', 'KWD'), fc.boolean())
  .chain(([currency, pricesIncludeTax]) =>
    fc.array(
      fc.record({
        currency: fc.constant(currency),
        pricesIncludeTax: fc.constant(pricesIncludeTax),
        lines: fc.array(anyLine, { maxLength: 5 }),
        allowancesCharges: fc.array(
          fc.record({
            kind: fc.constantFrom('allowance' as const, 'charge' as const),
            amount: decimal(0, 50, 2),
            tax: fc.constantFrom(vat('20'), vat('10'), undefined),
          }),
          { maxLength: 2 },
        ),
        discount: anyDiscount,
        adjustment: decimal(-5, 5, 2),
        prepaid: fc.constant('0'),
      }),
      { minLength: 2, maxLength: 4 },
    ),
  );
