import type { Invoice, Reason } from '../../plugin/host/contract';
import { carriedFrom, mergedTotals } from '../../plugin/merging/combine';
import {
  reasonsAgainst,
  reasonsAgainstTogether,
  targetRefusal,
  type MergeContext,
  type TargetContext,
} from '../../plugin/merging/rules';
import { totalOf } from '../../plugin/money/totals';
import { invoiceOf } from '../support/invoices';
import { priced, pricedLine, vat } from '../support/priced-documents';
import { realInvoices } from '../support/real-invoices';

const bill = (more: Parameters<typeof priced>[1] = {}) => priced([pricedLine('1', '100', vat('20'))], more);
const target = invoiceOf('1', bill(), { companyId: '3', mustMatch: { billing_address: '12' } });
const source = invoiceOf('2', bill(), { companyId: '3', mustMatch: { billing_address: '12' } });
const context: MergeContext & TargetContext = {
  ...{ target, customerId: '7', hostKeepsAdjustment: true, lockedUntil: null },
  ...{ credit: false, issuedTargets: true },
};
const words = { discount: () => '', allowance: () => '', charge: () => '' };

const against = (more: Partial<Invoice>, about: Partial<MergeContext> = {}) =>
  reasonsAgainst({ ...source, ...more }, { ...context, ...about });
const codes = (reasons: { code: Reason }[]) => reasons.map((reason) => reason.code);
const taxed = (category: string, id = '2') => invoiceOf(id, priced([pricedLine('1', '100', vat('0', category))]));

describe('a source', () => {
  it.each(['draft', 'unpaid', 'overdue'] as const)('that is %s may merge, also into a new invoice', (status) => {
    expect(against({ status })).toEqual([]);
    expect(against({ status }, { target: null, currency: 'EUR' })).toEqual([]);
    expect(against({ status }, { target: null })).toEqual([]);
  });

  it.each<[Reason, Partial<Invoice>, Record<string, unknown>]>([
    ['status', { status: 'paid' }, { status: 'paid' }],
    ['status', { status: 'partial' }, { status: 'partial' }],
    ['status', { status: 'cancelled' }, { status: 'cancelled' }],
    ['kind', { ordinary: false }, {}],
    ['customer', { customerId: '8' }, {}],
    ['company', { companyId: '4' }, {}],
    ['company', { companyId: null }, {}],
    ['self', { id: '1' }, {}],
    ['payments', { payments: { count: 2, sum: '40.00' } }, { count: 2, sum: '40.00', currency: 'EUR' }],
    ['credits', { credits: { count: 1, sum: '5.00' } }, { count: 1, sum: '5.00', currency: 'EUR' }],
    ['credits', { credited: true }, { count: 0, sum: '0.00', currency: 'EUR' }],
    ['recurring', { recurring: true }, {}],
    ['merged', { mergedIntoId: '99' }, {}],
    ['price_basis', { pricesIncludeTax: true }, { pricesIncludeTax: true }],
    ['must_match', { mustMatch: { billing_address: '13' } }, { fields: ['billing_address'] }],
    ['must_match', { mustMatch: { billing_address: '12', vat_regime: 'x' } }, { fields: ['vat_regime'] }],
    ['link', { refusingLinks: ['deliveries'] }, { links: ['deliveries'] }],
    ['transmitted', { transmitted: true }, {}],
    ['blocked', { blocked: true }, {}],
  ])('is refused with %s when %j', (code, more, vars) => {
    expect(against(more)).toEqual([{ code, vars }]);
  });

  it("T3 in another currency than the target's, or than the one that its form says by now, is refused", () => {
    const dollars = { currency: 'USD' };
    expect(against(dollars)).toEqual([{ code: 'currency', vars: { currency: 'USD', expected: 'EUR' } }]);
    expect(codes(against(dollars, { target: null, currency: 'EUR' }))).toEqual(['currency']);
    expect(against(dollars, { target: null })).toEqual([]);
    expect(codes(against({}, { currency: 'USD' }))).toEqual(['currency']);
    expect(codes(against(dollars, { currency: 'USD' }))).toEqual([]);
  });

  it('dated in a closed period is refused, the day after is not', () => {
    expect(against({}, { lockedUntil: '2026-11-02' })).toEqual([
      { code: 'locked', vars: { issueDate: '2026-11-02', lockedUntil: '2026-11-02' } },
    ]);
    expect(against({}, { lockedUntil: '2026-11-01' })).toEqual([]);
  });

  it('T17 with an adjustment or a discount after tax is refused only by a host that keeps no adjustment', () => {
    const withAdjustment = invoiceOf('2', bill({ adjustment: '-0.02' }), {
      companyId: '3',
      mustMatch: target.mustMatch,
    });
    const afterTax = bill({ discount: { kind: 'percent', value: '5', basis: 'after_tax' } });
    const discounted = invoiceOf('2', afterTax, { companyId: '3', mustMatch: target.mustMatch });
    expect(reasonsAgainst(withAdjustment, context)).toEqual([]);
    expect(reasonsAgainst(withAdjustment, { ...context, hostKeepsAdjustment: false })).toEqual([
      { code: 'discount_after_tax', vars: {} },
    ]);
    expect(codes(reasonsAgainst(discounted, { ...context, hostKeepsAdjustment: false }))).toEqual([
      'discount_after_tax',
    ]);
  });

  it('gets all its reasons at once', () => {
    expect(codes(against({ status: 'partial', payments: { count: 1, sum: '1.00' }, blocked: true }))).toEqual([
      'status',
      'payments',
      'blocked',
    ]);
  });

  it.each([
    ['O', 'S', ['tax_category']],
    ['S', 'O', ['tax_category']],
    ['E', 'O', ['tax_category']],
    ['B', 'S', ['tax_category']],
    ['S', 'B', ['tax_category']],
    ['O', 'O', []],
    ['B', 'B', []],
    ['B', 'E', []],
    ['E', 'S', []],
  ])('of tax category %s into one of %s: %j', (own, other, expected) => {
    const into = taxed(other, '1');
    expect(codes(reasonsAgainst(taxed(own), { ...context, target: into }))).toEqual(expected);
  });

  it('whose document allowance alone is of category O is refused beside S', () => {
    const allowance = { kind: 'allowance' as const, amount: '1', tax: { category: 'O', rate: '0' } };
    const { taxCategories } = invoiceOf('2', bill({ allowancesCharges: [allowance] }));
    expect(against({ taxCategories })).toEqual([{ code: 'tax_category', vars: { category: 'O', other: 'S' } }]);
  });
});

describe('a target', () => {
  it.each(['draft', 'unpaid', 'overdue'] as const)('that is %s may receive', (status) => {
    expect(targetRefusal({ ...target, status }, context)).toBeNull();
  });

  it.each<[Reason, Partial<Invoice>]>([
    ['payments', { status: 'partial', payments: { count: 1, sum: '10.00' } }],
    ['status', { status: 'partial' }],
    ['status', { status: 'paid', payments: { count: 1, sum: '120.00' } }],
    ['status', { status: 'cancelled' }],
    ['merged', { status: 'cancelled', mergedIntoId: '5' }],
    ['kind', { ordinary: false }],
    ['payments', { payments: { count: 1, sum: '10.00' } }],
    ['credits', { credits: { count: 1, sum: '10.00' } }],
    ['recurring', { recurring: true }],
    ['transmitted', { transmitted: true }],
  ])('is refused with %s when %j', (code, more) => {
    expect(targetRefusal({ ...target, ...more }, context)).toMatchObject({ code });
  });

  it('dated in a closed period may not receive', () => {
    expect(targetRefusal(target, { ...context, lockedUntil: '2026-12-31' })).toMatchObject({ code: 'locked' });
  });
});

describe('a whole choice', () => {
  it.each([
    ['O', 'S'],
    ['B', 'S'],
  ])('of sources with tax categories %s and %s is refused, for the later one', (first, second) => {
    expect(reasonsAgainstTogether(null, [taxed(first, '2'), taxed(second, '3')], '200.00')).toMatchObject([
      { invoiceId: '3', reasons: [{ code: 'tax_category' }] },
    ]);
  });

  it('into a new invoice is refused when price basis, company, currency or fields differ among the sources', () => {
    const other = invoiceOf('3', bill({ pricesIncludeTax: true, currency: 'USD' }), {
      mustMatch: { billing_address: '14' },
    });
    const [refused, ...rest] = reasonsAgainstTogether(null, [source, other], '200.00');
    expect(rest).toEqual([]);
    expect(refused?.invoiceId).toBe('3');
    expect(codes(refused?.reasons ?? [])).toEqual(['company', 'price_basis', 'must_match', 'currency']);
  });

  it('that comes to less than nothing is refused for the negative sources; to nothing at all it may', () => {
    const refund = invoiceOf('3', priced([pricedLine('-1', '250', vat('20'))]));
    const sources = [invoiceOf('2', bill()), refund];
    expect(reasonsAgainstTogether(null, sources, '-180.00')).toEqual([
      { invoiceId: '3', reasons: [{ code: 'negative_total', vars: { total: '-180.00', currency: 'EUR' } }] },
    ]);
    expect(reasonsAgainstTogether(null, sources, '0.00')).toEqual([]);
  });

  it('into a target that is itself negative is refused for every source', () => {
    const refused = reasonsAgainstTogether(target, [source, { ...source, id: '3' }], '-1.00');
    expect(refused.map((one) => one.invoiceId)).toEqual(['2', '3']);
  });
});

describe('the real invoices', () => {
  it.each(realInvoices)('$source with a copy of itself: $refused', ({ document, refused }) => {
    const into = invoiceOf('1', document);
    const copy = invoiceOf('2', document);
    const after = mergedTotals(into, [carriedFrom(copy, 'allowances', words)], { into: 'allowances' });
    const reasons = [
      ...reasonsAgainst(copy, { ...context, target: into }),
      ...reasonsAgainstTogether(into, [copy], totalOf(after)).flatMap((one) => one.reasons),
    ];
    expect(codes(reasons)).toEqual(refused ? [refused] : []);
    expect(targetRefusal(into, context)?.code ?? null).toBe(refused === 'payments' ? 'payments' : null);
  });

  it('the one outside VAT does not merge with the others of its currency, nor split payment with the ordinary', () => {
    const named = (part: string) => realInvoices.find((one) => one.source.includes(part))!.document;
    const pairs = [
      [named('example7'), named('issue116')],
      [named('Split Payment'), named('example9')],
    ] as const;
    for (const [one, other] of pairs) {
      const into = { ...context, target: invoiceOf('1', one) };
      expect(codes(reasonsAgainst(invoiceOf('2', other), into))).toEqual(['tax_category']);
    }
  });
});
