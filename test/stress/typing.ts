/** What people type into an invoice's form, at random: three currencies, several taxes, discounts, negative lines. */
import type { Day, Invoice } from '../../plugin/host/contract';
import { minorUnit } from '../../plugin/money/currency';
import { totalOf } from '../../plugin/money/totals';
import type { Tax } from '../../plugin/money/types';
import type { InvoiceSpec, LineSpec, TestHost } from '../support/hosts';
import { totalsOf } from '../support/hosts/base';
import type { Chance } from './seed';

/** `count` of them, each once. */
export function pick<T>(luck: Chance, list: readonly T[], count: number): T[] {
  const left = [...list];
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(luck.upTo(left.length), 1)).flat();
}

let made = 0;
/** A number that no other thing of this run has. */
export const serial = (): number => (made += 1);

/** An amount of so many minor units. */
export const minor = (currency: string, units: number): string => {
  const scale = minorUnit(currency);
  return (units / 10 ** scale).toFixed(scale);
};

export const totalOfSpec = (spec: InvoiceSpec): string => totalOf(totalsOf(spec));

/** The form of an invoice as it stands. */
export const specOf = (invoice: Invoice): InvoiceSpec => ({
  customerId: invoice.customerId,
  issueDate: invoice.issueDate,
  dueDate: invoice.dueDate,
  currency: invoice.currency,
  lines: invoice.lines.map(
    ({ id, description, longDescription, quantity, unit, unitPrice, baseQuantity, taxes, allowancesCharges }) => ({
      ...{ id, description, longDescription, quantity, unit, unitPrice, baseQuantity, taxes, allowancesCharges },
    }),
  ),
  discount: invoice.discount,
  allowancesCharges: invoice.allowancesCharges,
  adjustment: invoice.adjustment,
  prepaid: invoice.prepaid,
});

const TAXES = ['20', '10', '5.5', '2.1'].map((rate): Tax => ({ category: 'S', name: 'TVA', rate }));
const ECO: Tax = { category: 'S', name: 'Eco', rate: '1.5' };

/** @param prefix begins the name of each line that is typed: by it the books know it again */
export function createTyping(testHost: TestHost, luck: Chance, customerId: string, prefix: string) {
  const { map } = testHost;
  const hasColumn = (part: unknown, column: string): boolean =>
    typeof part === 'object' && part !== null && column in part;
  const currencies = typeof map.invoices.currency === 'string' ? ['EUR', 'EUR', 'EUR', 'JPY', 'KWD'] : ['EUR'];
  const severalTaxes = hasColumn(map.taxes, 'table');
  const keepsLineAllowances = (map.allowances ?? []).some(({ of }) => of === 'line');
  // Two decimals are all that many hosts keep of a quantity.
  const quantities = ['1', '2', '3', '0.5', '7.25', '-1', '-0.5'];

  const price = (currency: string): string => minor(currency, 100 + luck.upTo(30_000));

  const newLine = (currency: string): LineSpec => ({
    description: `${prefix} line ${serial()}`,
    quantity: luck.of(quantities),
    unitPrice: price(currency),
    taxes: [luck.of(TAXES), ...(severalTaxes && luck.upTo(3) === 0 ? [ECO] : [])],
    allowancesCharges:
      keepsLineAllowances && luck.upTo(4) === 0
        ? [{ kind: 'allowance', amount: minor(currency, 37), reason: 'geste' }]
        : [],
  });

  const discount = (currency: string): InvoiceSpec['discount'] =>
    luck.of([
      null,
      null,
      { kind: 'percent', value: luck.of(['10', '3.5']), basis: 'before_tax' },
      { kind: 'percent', value: '2', basis: 'after_tax' },
      ...(hasColumn(map.invoices.discount, 'kind') && map.invoices.discount?.kind !== 'percent'
        ? [{ kind: 'amount', value: minor(currency, 99), basis: 'before_tax' } as const]
        : []),
    ]);

  return {
    /** Not negative, nearly always: a document below zero is no invoice that anybody pays. */
    newSpec(days: readonly Day[]): InvoiceSpec {
      const currency = luck.of(currencies);
      const lines = Array.from({ length: 1 + luck.upTo(3) }, () => newLine(currency));
      const [first] = lines;
      if (first && luck.upTo(20) > 0) Object.assign(first, { quantity: '9' });
      return {
        customerId,
        status: luck.of(['draft', 'unpaid', 'unpaid', 'overdue']),
        issueDate: luck.of(days),
        dueDate: '2026-12-31',
        currency,
        lines,
        discount: discount(currency),
        adjustment: minor(currency, luck.of([0, 0, -5, 12])),
      };
    },

    /** One line more, another price, one line less, or nothing. */
    edited(invoice: Invoice): InvoiceSpec {
      const spec = specOf(invoice);
      const change = luck.upTo(4);
      const [line] = pick(luck, invoice.lines, 1);
      if (change === 0) spec.lines.push(newLine(invoice.currency));
      if (change === 1)
        spec.lines = spec.lines.map((one) =>
          one.id === line?.id ? { ...one, unitPrice: price(invoice.currency) } : one,
        );
      if (change === 2 && spec.lines.length > 1) spec.lines = spec.lines.filter((one) => one.id !== line?.id);
      return spec;
    },
  };
}

export type Typing = ReturnType<typeof createTyping>;
