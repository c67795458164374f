/**
 * Eleven real invoices as figures: what they bill and what they must come to.
 * Facts taken from ConnectingEurope/eInvoicing-EN16931, ubl/examples (EUPL 1.2), the validation artefacts of EN 16931.
 */
import type { AllowanceCharge, Decimal, PricedDocument, PricedLine, Tax, Totals } from '../../plugin/money/types';

export interface RealInvoice {
  /** File name in ubl/examples. */
  source: string;
  document: PricedDocument;
  /** Net amount of each line. */
  nets: Decimal[];
  totals: Omit<Totals, 'taxes' | 'adjustment' | 'rounding'>;
  taxes: { category: string; rate: Decimal; taxable: Decimal; tax: Decimal }[];
  /** Why it does not merge with a copy of itself; null when it does. */
  refused: 'negative_total' | 'payments' | null;
}

const vat = (rate: Decimal, category = 'S'): Tax => ({ category, rate, name: category === 'S' ? `VAT ${rate}%` : '' });
const entry = (kind: AllowanceCharge['kind'], amount: Decimal, tax?: Tax): AllowanceCharge =>
  tax ? { kind, amount, tax: { category: tax.category, rate: tax.rate } } : { kind, amount };

function line(quantity: Decimal, unitPrice: Decimal, tax: Tax, more: Partial<PricedLine> = {}): PricedLine {
  return { quantity, unitPrice, baseQuantity: '1', taxes: [tax], allowancesCharges: [], ...more };
}

function document(currency: string, lines: PricedLine[], more: Partial<PricedDocument> = {}): PricedDocument {
  const bare = { pricesIncludeTax: false, allowancesCharges: [], discount: null, adjustment: '0', prepaid: '0' };
  return { currency, lines, ...bare, ...more };
}

function totals(net: Decimal, tax: Decimal, gross: Decimal, more: Partial<Totals> = {}): RealInvoice['totals'] {
  const none = { allowances: '0.00', charges: '0.00', prepaid: '0.00' };
  return { lineExtension: net, taxExclusive: net, tax, taxInclusive: gross, payable: gross, ...none, ...more };
}

const machines = [line('1000', '1.00', vat('25')), line('100', '5.00', vat('25')), line('500', '5.00', vat('12'))];
const machineTaxes = [
  { category: 'S', rate: '12', taxable: '2500.00', tax: '300.00' },
  { category: 'S', rate: '25', taxable: '1500.00', tax: '375.00' },
];

export const realInvoices: RealInvoice[] = [
  {
    source: 'BIS3_Invoice_negativ.XML',
    document: document('DKK', [line('-1', '625743.54', vat('25'))]),
    nets: ['-625743.54'],
    totals: totals('-625743.54', '-156435.89', '-782179.43'),
    taxes: [{ category: 'S', rate: '25', taxable: '-625743.54', tax: '-156435.89' }],
    refused: 'negative_total',
  },
  {
    source: 'BIS3_Invoice_positive.XML',
    document: document('DKK', [line('1', '625743.54', vat('25'))]),
    nets: ['625743.54'],
    totals: totals('625743.54', '156435.89', '782179.43'),
    taxes: [{ category: 'S', rate: '25', taxable: '625743.54', tax: '156435.89' }],
    refused: null,
  },
  {
    source: 'FT G2G_TD01 con Allegato, Bonifico e Split Payment.xml',
    document: document('EUR', [line('20', '62.30', vat('22', 'B'))], { prepaid: '274.12' }),
    nets: ['1246.00'],
    totals: totals('1246.00', '274.12', '1520.12', { prepaid: '274.12', payable: '1246.00' }),
    taxes: [{ category: 'B', rate: '22', taxable: '1246.00', tax: '274.12' }],
    refused: 'payments',
  },
  {
    source: 'issue116.xml',
    document: document(
      'SEK',
      [
        line('1', '100', vat('6')),
        line('1', '50', vat('12')),
        line('1', '150', vat('12')),
        line('1', '400', vat('25')),
      ],
      {
        allowancesCharges: [
          entry('allowance', '0', vat('6')),
          entry('allowance', '1', vat('0', 'E')),
          entry('charge', '1', vat('0', 'E')),
          entry('charge', '0', vat('0', 'E')),
        ],
      },
    ),
    nets: ['100.00', '50.00', '150.00', '400.00'],
    totals: totals('700.00', '130.00', '830.00', { allowances: '1.00', charges: '1.00' }),
    taxes: [
      { category: 'E', rate: '0', taxable: '0.00', tax: '0.00' },
      { category: 'S', rate: '6', taxable: '100.00', tax: '6.00' },
      { category: 'S', rate: '12', taxable: '200.00', tax: '24.00' },
      { category: 'S', rate: '25', taxable: '400.00', tax: '100.00' },
    ],
    refused: null,
  },
  {
    source: 'sample-discount-price.xml',
    document: document('EUR', [line('100.000', '0.1212', vat('25'))]),
    nets: ['12.12'],
    totals: totals('12.12', '3.03', '15.15'),
    taxes: [{ category: 'S', rate: '25', taxable: '12.12', tax: '3.03' }],
    refused: null,
  },
  {
    source: 'ubl-tc434-example4.xml',
    document: document('DKK', machines),
    nets: ['1000.00', '500.00', '2500.00'],
    totals: totals('4000.00', '675.00', '4675.00'),
    taxes: machineTaxes,
    refused: null,
  },
  {
    source: 'ubl-tc434-example5.xml',
    document: document(
      'DKK',
      [
        line('1000', '1.00', vat('25'), {
          allowancesCharges: [entry('allowance', '100.00'), entry('charge', '100.00')],
        }),
        ...machines.slice(1),
      ],
      {
        allowancesCharges: [entry('allowance', '150.00', vat('25')), entry('charge', '150.00', vat('25'))],
        prepaid: '2337.50',
      },
    ),
    nets: ['1000.00', '500.00', '2500.00'],
    totals: totals('4000.00', '675.00', '4675.00', {
      allowances: '150.00',
      charges: '150.00',
      prepaid: '2337.50',
      payable: '2337.50',
    }),
    taxes: machineTaxes,
    refused: 'payments',
  },
  {
    source: 'ubl-tc434-example6.xml',
    document: document('DKK', machines),
    nets: ['1000.00', '500.00', '2500.00'],
    totals: totals('4000.00', '675.00', '4675.00'),
    taxes: machineTaxes,
    refused: null,
  },
  {
    source: 'ubl-tc434-example7.xml',
    document: document('SEK', [line('1', '2500.00', vat('0', 'O')), line('1', '700.00', vat('0', 'O'))]),
    nets: ['2500.00', '700.00'],
    totals: totals('3200.00', '0.00', '3200.00'),
    taxes: [{ category: 'O', rate: '0', taxable: '3200.00', tax: '0.00' }],
    refused: null,
  },
  {
    source: 'ubl-tc434-example8.xml',
    document: document('EUR', [
      line('16000', '0.00880', vat('21')),
      line('16000', '0.00101', vat('21')),
      line('132', '15.24', vat('21'), { baseQuantity: '12' }),
      line('58', '1.53', vat('21')),
      line('1', '441.00', vat('21'), { baseQuantity: '12' }),
      line('1', '678.00', vat('21'), { baseQuantity: '12' }),
      line('1', '83.34', vat('21')),
      line('1', '190.31', vat('21')),
      line('1', '64.21', vat('21')),
      line('1', '64.46', vat('21')),
    ]),
    nets: ['140.80', '16.16', '167.64', '88.74', '36.75', '56.50', '83.34', '190.31', '64.21', '64.46'],
    totals: totals('908.91', '190.87', '1099.78'),
    taxes: [{ category: 'S', rate: '21', taxable: '908.91', tax: '190.87' }],
    refused: null,
  },
  {
    source: 'ubl-tc434-example9.xml',
    document: document('EUR', [line('3', '49.00', vat('21'))]),
    nets: ['147.00'],
    totals: totals('147.00', '30.87', '177.87'),
    taxes: [{ category: 'S', rate: '21', taxable: '147.00', tax: '30.87' }],
    refused: null,
  },
];
