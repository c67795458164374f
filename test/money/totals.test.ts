import * as fc from 'fast-check';
import { exact, sum } from '../../plugin/money/decimal';
import { discountShares, exactTotal, invoiceTotals, totalOf } from '../../plugin/money/totals';
import type { PricedDocument } from '../../plugin/money/types';
import { mergeableDocuments, priced, pricedLine, vat } from '../support/priced-documents';
import { realInvoices } from '../support/real-invoices';

const plainTaxes = (document: PricedDocument, options = {}) =>
  invoiceTotals(document, options).taxes.map(({ category, rate, taxable, tax }) => [category, rate, taxable, tax]);

describe('totals of the real invoices', () => {
  it.each(realInvoices)('$source comes out to the cent', ({ document, nets, totals, taxes }) => {
    const result = invoiceTotals(document);
    expect(result).toMatchObject({ ...totals, adjustment: '0.00', rounding: '0.00' });
    expect(result.taxes.map(({ name: _name, ...tax }) => tax)).toEqual(taxes);
    const netOf = (line: PricedDocument['lines'][number]) =>
      invoiceTotals({ ...document, lines: [line], allowancesCharges: [] }).lineExtension;
    expect(document.lines.map(netOf)).toEqual(nets);
    expect(totalOf(result)).toBe(totals.taxInclusive);
  });
});

describe('taxes', () => {
  it('T18 two taxes on a line stay two, beside a line of one and one of none', () => {
    const document = priced([
      pricedLine('1', '100', vat('9'), vat('5')),
      pricedLine('2', '50', vat('5')),
      pricedLine('1', '10'),
      pricedLine('1', '7', vat('0', 'Z')),
    ]);
    expect(plainTaxes(document)).toEqual([
      ['Z', '0', '7.00', '0.00'],
      ['S', '5', '200.00', '10.00'],
      ['S', '9', '100.00', '9.00'],
    ]);
    expect(invoiceTotals(document)).toMatchObject({ taxExclusive: '217.00', tax: '19.00', taxInclusive: '236.00' });
  });

  it('two taxes of one rate on a line count twice and their base once each', () => {
    const city = { category: 'S', rate: '5', name: 'City' };
    const state = { category: 'S', rate: '5.00', name: 'State' };
    const { taxes, tax } = invoiceTotals(priced([pricedLine('1', '100', state, city)]));
    expect(taxes).toEqual([
      { ...city, taxable: '100.00', tax: '5.00' },
      { ...state, rate: '5', taxable: '100.00', tax: '5.00' },
    ]);
    expect(tax).toBe('10.00');
  });

  it('one rate written in two ways and under two names is one tax, named as first met', () => {
    const document = priced([
      pricedLine('1', '10', { category: 'S', rate: '20.00', name: 'TVA' }),
      pricedLine('1', '10', { category: 'S', rate: '20', name: 'VAT' }),
    ]);
    expect(invoiceTotals(document).taxes).toEqual([
      { category: 'S', rate: '20', name: 'TVA', taxable: '20.00', tax: '4.00' },
    ]);
  });

  it('T18 prices including tax hold both taxes of a line, and the total is what was written', () => {
    const document = priced([pricedLine('1', '114', vat('9'), vat('5')), pricedLine('1', '120', vat('20'))], {
      pricesIncludeTax: true,
    });
    expect(plainTaxes(document)).toEqual([
      ['S', '5', '100.00', '5.00'],
      ['S', '9', '100.00', '9.00'],
      ['S', '20', '100.00', '20.00'],
    ]);
    expect(invoiceTotals(document)).toMatchObject({ taxExclusive: '200.00', taxInclusive: '234.00' });
  });

  it('a document allowance lowers the base of its tax, also one that no line bears, also none', () => {
    const document = priced([pricedLine('1', '100', vat('20'))], {
      allowancesCharges: [
        { kind: 'allowance', amount: '10', tax: { category: 'S', rate: '20' } },
        { kind: 'charge', amount: '8', tax: { category: 'S', rate: '10' } },
        { kind: 'allowance', amount: '3' },
      ],
    });
    expect(plainTaxes(document)).toEqual([
      ['S', '10', '8.00', '0.80'],
      ['S', '20', '90.00', '18.00'],
    ]);
    expect(invoiceTotals(document)).toMatchObject({
      allowances: '13.00',
      charges: '8.00',
      taxExclusive: '95.00',
      taxInclusive: '113.80',
    });
  });
});

describe('rounding', () => {
  it('T20 ten lines of 3.60 at 5.5 % make 37.98 rounded per document, 38.00 per line', () => {
    const lines = Array.from({ length: 10 }, () => pricedLine('1', '3.60', vat('5.5')));
    expect(invoiceTotals(priced(lines)).taxInclusive).toBe('37.98');
    expect(invoiceTotals(priced(lines), { taxRounding: 'line' }).taxInclusive).toBe('38.00');
    expect(invoiceTotals(priced([pricedLine('10', '3.60', vat('5.5'))]), { taxRounding: 'line' }).tax).toBe('1.98');
  });

  it('T20 the tax is the rounded base x rate: 16 x 348.35 less 4 % at 22 % is 6527.81', () => {
    const document = priced([pricedLine('16', '348.35', vat('22'))], {
      discount: { kind: 'percent', value: '4', basis: 'before_tax' },
    });
    expect(invoiceTotals(document)).toMatchObject({ allowances: '222.94', taxExclusive: '5350.66', tax: '1177.15' });
    expect(invoiceTotals(document).taxInclusive).toBe('6527.81');
  });

  it('T19 three times 10,000 including 7.5 % leaves no fraction', () => {
    const document = priced([pricedLine('3', '10000', vat('7.5'))], { pricesIncludeTax: true });
    expect(invoiceTotals(document)).toMatchObject({ taxExclusive: '27906.98', tax: '2093.02', payable: '30000.00' });
  });

  it('T20 prices including tax are rounded per document or per line as well', () => {
    const lines = Array.from({ length: 10 }, () => pricedLine('1', '3.60', vat('5.5')));
    const document = priced(lines, { pricesIncludeTax: true });
    expect(invoiceTotals(document)).toMatchObject({ taxExclusive: '34.12', tax: '1.88', taxInclusive: '36.00' });
    expect(invoiceTotals(document, { taxRounding: 'line' })).toMatchObject({ taxExclusive: '34.10', tax: '1.90' });
  });

  it('a yen has no decimals and a Kuwaiti dinar three', () => {
    const line = [pricedLine('3', '33.3335', vat('10'))];
    expect(invoiceTotals(priced(line, { currency: 'JPY' }))).toMatchObject({ taxExclusive: '100', tax: '10' });
    expect(invoiceTotals(priced(line, { currency: 'KWD' }))).toMatchObject({
      taxExclusive: '100.001',
      tax: '10.000',
      taxInclusive: '110.001',
    });
  });

  it('the exact total is the total before tax was rounded', () => {
    expect(exactTotal(priced([pricedLine('1', '0.33', vat('5.5'))]))).toBe('0.34815');
  });
});

describe('discounts', () => {
  const twoRates = [pricedLine('1', '10.01', vat('20')), pricedLine('1', '20.02', vat('5.5'))];

  it('before tax lowers each base in proportion, to the cent of the whole', () => {
    const document = priced(twoRates, { discount: { kind: 'percent', value: '10', basis: 'before_tax' } });
    expect(discountShares(document).map((share) => share.amount)).toEqual(['1.00', '2.00']);
    expect(invoiceTotals(document)).toMatchObject({ allowances: '3.00', taxExclusive: '27.03' });
  });

  it('a fixed amount before tax is spread in full', () => {
    const document = priced(twoRates, { discount: { kind: 'amount', value: '5', basis: 'before_tax' } });
    expect(discountShares(document).map((share) => share.amount)).toEqual(['1.67', '3.33']);
  });

  it('a fixed amount is borne by the prevailing side when a credit nearly balances the sale', () => {
    const lines = [pricedLine('1', '100', vat('20')), pricedLine('-1', '99', vat('10'))];
    const document = priced(lines, { discount: { kind: 'amount', value: '10', basis: 'before_tax' } });
    expect(discountShares(document)).toMatchObject([{ taxes: [{ rate: '20' }], amount: '10.00' }]);
  });

  it('a fixed amount is shared by what balances out, and not by a section line', () => {
    const lines = [pricedLine('0', '0'), pricedLine('1', '100', vat('20')), pricedLine('-1', '100', vat('10'))];
    const document = priced(lines, { discount: { kind: 'amount', value: '10', basis: 'before_tax' } });
    expect(discountShares(document).map(({ taxes, amount }) => [taxes[0]?.rate, amount])).toEqual([
      ['10', '5.00'],
      ['20', '5.00'],
    ]);
  });

  it('gives the odd cent to the same tax whatever the order of the lines', () => {
    const lines = [pricedLine('1', '10', vat('20')), pricedLine('1', '10', vat('10'))];
    const discount = { kind: 'amount' as const, value: '0.05', basis: 'before_tax' as const };
    const shares = discountShares(priced(lines, { discount }));
    expect(shares.map(({ taxes, amount }) => [taxes[0]?.rate, amount])).toEqual([
      ['10', '0.03'],
      ['20', '0.02'],
    ]);
    expect(discountShares(priced([...lines].reverse(), { discount }))).toEqual(shares);
  });

  it('after tax it stands below the total, with the adjustment, and touches no tax', () => {
    const document = priced(twoRates, {
      discount: { kind: 'percent', value: '10', basis: 'after_tax' },
      adjustment: '0.50',
      prepaid: '2',
    });
    expect(invoiceTotals(document)).toMatchObject({
      allowances: '0.00',
      taxInclusive: '33.13',
      adjustment: '-2.81',
      prepaid: '2.00',
      payable: '28.32',
    });
    expect(totalOf(invoiceTotals(document))).toBe('30.32');
  });

  it('on a document without lines is a discount that bears no tax', () => {
    const document = priced([], { discount: { kind: 'amount', value: '5', basis: 'before_tax' } });
    expect(discountShares(document)).toEqual([{ taxes: [], amount: '5.00' }]);
    expect(invoiceTotals(document).payable).toBe('-5.00');
  });
});

describe('every document', () => {
  const anyDocument = mergeableDocuments.map(([first]) => first ?? priced([]));
  const options = fc.constantFrom({}, { taxRounding: 'line' as const });

  it('adds up: bases, taxes, total, payable', () => {
    fc.assert(
      fc.property(anyDocument, options, (document, rounding) => {
        const totals = invoiceTotals(document, rounding);
        expect(sum(totals.taxes.map((tax) => tax.tax)).eq(exact(totals.tax))).toBe(true);
        expect(sum([totals.taxExclusive, totals.tax]).eq(exact(totals.taxInclusive))).toBe(true);
        expect(sum([totals.taxInclusive, totals.adjustment]).eq(exact(totals.payable))).toBe(true);
        const before = sum([totals.lineExtension, totals.charges]).minus(exact(totals.allowances));
        expect(before.eq(exact(document.pricesIncludeTax ? totals.taxInclusive : totals.taxExclusive))).toBe(true);
      }),
      { seed: 20261121 },
    );
  });

  it('comes to the same whatever the order of its lines', () => {
    fc.assert(
      fc.property(anyDocument, options, (document, rounding) => {
        const reversed = { ...document, lines: [...document.lines].reverse() };
        expect(invoiceTotals(reversed, rounding)).toEqual(invoiceTotals(document, rounding));
      }),
      { seed: 20261121 },
    );
  });

  it('negated comes to the mirrored amounts', () => {
    const minus = (value: string) =>
      /^-?0*\.?0*$/.test(value) || value.startsWith('-') ? value.replace('-', '') : `-${value}`;
    fc.assert(
      fc.property(anyDocument, options, (document, rounding) => {
        const entries = (list: PricedDocument['allowancesCharges']) =>
          list.map((entry) => ({ ...entry, amount: minus(entry.amount) }));
        const { discount } = document;
        const negated: PricedDocument = {
          ...document,
          lines: document.lines.map((line) => ({
            ...line,
            quantity: minus(line.quantity),
            allowancesCharges: entries(line.allowancesCharges),
          })),
          allowancesCharges: entries(document.allowancesCharges),
          discount: discount?.kind === 'amount' ? { ...discount, value: minus(discount.value) } : discount,
          adjustment: minus(document.adjustment),
        };
        const { taxes, ...amounts } = invoiceTotals(document, rounding);
        const mirrored = invoiceTotals(negated, rounding);
        expect(mirrored).toMatchObject(Object.fromEntries(Object.entries(amounts).map(([k, v]) => [k, minus(v)])));
        expect(mirrored.taxes).toEqual(
          taxes.map((tax) => ({ ...tax, taxable: minus(tax.taxable), tax: minus(tax.tax) })),
        );
      }),
      { seed: 20261121 },
    );
  });

  it('refuses a base quantity of zero with the field', () => {
    const line = { ...pricedLine('1', '1'), baseQuantity: '0.00' };
    expect(() => invoiceTotals(priced([line]))).toThrow('baseQuantity');
  });
});
