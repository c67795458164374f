/** Whole invoices as a host gives them: lines, discounts, totals; and their addresses. */
import assert from 'node:assert/strict';
import Big from 'big.js';
import type { InvoiceLine } from '../contract';
import {
  assertAmount,
  assertText,
  contractCase,
  customer,
  EXTRA,
  invoiceRow,
  lineRows,
  loadOne,
  REDUCED,
  simple,
  STANDARD,
  taxesFor,
  twoLines,
  type ContractCase,
} from './fixture';

const shortOf = ({ description, quantity, unitPrice, taxes }: InvoiceLine): unknown[] => [
  description,
  new Big(quantity).toString(),
  new Big(unitPrice).toString(),
  taxes.map((tax) => new Big(tax.rate).toString()).sort(),
];

export const loadCases: ContractCase[] = [
  contractCase('loadInvoices gives the lines in their order, with their taxes', async (fixture) => {
    const { host } = fixture;
    const id = await fixture.createInvoice(
      simple(host, await customer(fixture), {
        lines: [
          { description: 'Zulu', quantity: '1.5', unitPrice: '10.00', taxes: taxesFor(host, [STANDARD, EXTRA]) },
          { description: 'Alpha', quantity: '3', unitPrice: '33.33', taxes: taxesFor(host, [REDUCED]) },
          { description: 'Mike <b>"&\'</b> é', quantity: '1', unitPrice: '0.05', taxes: [] },
        ],
      }),
    );
    const invoice = await loadOne(fixture, fixture.knex, id);
    const rates = (wanted: (typeof STANDARD)[]): string[] =>
      taxesFor(host, wanted)
        .map((tax) => tax.rate)
        .sort();
    // A line without tax may be kept as one taxed at 0 %.
    const read = invoice.lines.map(shortOf).map((line, index) => (index === 2 ? line.slice(0, 3) : line));
    assert.deepEqual(read, [
      ['Zulu', '1.5', '10', rates([STANDARD, EXTRA])],
      ['Alpha', '3', '33.33', rates([REDUCED])],
      ['Mike <b>"&\'</b> é', '1', '0.05'],
    ]);
    const stored = await lineRows(fixture, fixture.knex, id);
    assert.deepEqual(
      invoice.lines.map((line) => line.id),
      stored.map((row) => String(row[host.map.lines.id])),
    );
    assert.deepEqual(
      invoice.lines.map((line) => [line.sourceInvoiceId, line.sourceLineId]),
      [
        [null, null],
        [null, null],
        [null, null],
      ],
    );
  }),

  contractCase('loadInvoices gives totals that are right to the cent', async (fixture) => {
    const { host } = fixture;
    const lines = twoLines(host);
    lines.push(
      { description: 'Thirds', quantity: '3', unitPrice: '33.33', taxes: taxesFor(host, [STANDARD]) },
      { description: 'Small', quantity: '1', unitPrice: '0.05', taxes: taxesFor(host, [STANDARD]) },
    );
    const id = await fixture.createInvoice(simple(host, await customer(fixture), { lines }));
    const { totals, total, pricesIncludeTax } = await loadOne(fixture, fixture.knex, id);
    // Net: 200.04 at 20 % and 80.00 at 5.5 %; the same prices with tax included; or no taxes at all.
    const [exclusive, tax, inclusive] = !host.map.taxes
      ? (['280.04', '0', '280.04'] as const)
      : pricesIncludeTax
        ? (['242.53', '37.51', '280.04'] as const)
        : (['280.04', '44.41', '324.45'] as const);
    assertAmount(totals.taxExclusive, exclusive, 'totals.taxExclusive');
    assertAmount(totals.tax, tax, 'totals.tax');
    assertAmount(totals.taxInclusive, inclusive, 'totals.taxInclusive');
    assertAmount(totals.payable, inclusive, 'totals.payable');
    assertAmount(total, inclusive, 'total');
    const row = await invoiceRow(fixture, fixture.knex, id);
    assertAmount(row[host.map.invoices.total], inclusive, 'the total that the host itself stored');
  }),

  contractCase(
    'loadInvoices gives the discount of the document, and totals that count it',
    async (fixture) => {
      const { host } = fixture;
      const literal = host.map.invoices.discount;
      const kind = literal?.kind === 'amount' ? 'amount' : 'percent';
      const basis = literal?.basis === 'after_tax' ? 'after_tax' : 'before_tax';
      const id = await fixture.createInvoice(
        simple(host, await customer(fixture), { discount: { kind, value: '10', basis } }),
      );
      const plain = await loadOne(
        fixture,
        fixture.knex,
        await fixture.createInvoice(simple(host, await customer(fixture))),
      );
      const { discount, totals, total } = await loadOne(fixture, fixture.knex, id);
      assert.deepEqual([discount?.kind, discount?.basis], [kind, basis]);
      assertAmount(discount?.value, '10', 'discount.value');
      const off = new Big(plain.totals.payable).minus(totals.payable);
      if (kind === 'percent')
        assert.ok(
          off.minus(new Big(plain.totals.payable).times('0.1')).abs().lte('0.02'),
          `10 % took ${off.toFixed(2)} off ${plain.totals.payable}`,
        );
      else assert.ok(off.gte('10'), `a discount of 10 took ${off.toFixed(2)} off`);
      assertAmount(total, totals.payable, 'the total that the host itself stored');
    },
    (host) => host.map.invoices.discount !== undefined,
  ),

  contractCase(
    'loadInvoices gives the allowances and charges of the document',
    async (fixture) => {
      const { host } = fixture;
      const tax = { category: 'S', rate: '20' };
      const id = await fixture.createInvoice(
        simple(host, await customer(fixture), {
          allowancesCharges: [
            { kind: 'allowance', amount: '10.00', reason: 'Loyalty', tax },
            { kind: 'charge', amount: '5.00', reason: 'Freight', tax },
          ],
        }),
      );
      const { allowancesCharges, totals, total } = await loadOne(fixture, fixture.knex, id);
      assert.deepEqual(allowancesCharges.map(({ kind, amount }) => `${kind} ${new Big(amount).toFixed(2)}`).sort(), [
        'allowance 10.00',
        'charge 5.00',
      ]);
      assertAmount(totals.allowances, '10.00', 'totals.allowances');
      assertAmount(totals.charges, '5.00', 'totals.charges');
      assertAmount(total, totals.payable, 'the total that the host itself stored');
    },
    (host) => host.map.allowances?.some((one) => one.of === 'invoice') ?? false,
  ),

  contractCase(
    'loadInvoices gives the adjustment, and totals that count it',
    async (fixture) => {
      const id = await fixture.createInvoice(simple(fixture.host, await customer(fixture), { adjustment: '-3.25' }));
      const { adjustment, totals, total } = await loadOne(fixture, fixture.knex, id);
      assertAmount(adjustment, '-3.25', 'adjustment');
      assertAmount(totals.payable, new Big(totals.taxInclusive).minus('3.25').toFixed(2), 'totals.payable');
      assertAmount(total, totals.payable, 'the total that the host itself stored');
    },
    (host) => host.map.invoices.adjustment !== undefined,
  ),

  contractCase(
    'loadInvoices leaves out ids that do not exist, and mixes nothing up between invoices',
    async (fixture) => {
      const { host, knex } = fixture;
      const mine = await customer(fixture);
      const one = await fixture.createInvoice(simple(host, mine));
      const other = await fixture.createInvoice(
        simple(host, mine, { lines: [{ description: 'Other', quantity: '1', unitPrice: '7.00', taxes: [] }] }),
      );
      const gone = await fixture.createInvoice(simple(host, mine));
      await knex.transaction((trx) => host.deleteInvoices(trx, [gone]));
      const loaded = await host.loadInvoices(knex, [one, gone, other]);
      assert.deepEqual(
        new Map(loaded.map((invoice) => [invoice.id, invoice.lines.map((line) => line.description)])),
        new Map([
          [one, ['Two of these', 'One of those']],
          [other, ['Other']],
        ]),
      );
      assert.deepEqual(await host.loadInvoices(knex, []), []);
    },
  ),

  contractCase('invoiceUrl gives each page of an invoice its address', async ({ host }) => {
    const [preview, edit, open] = (['preview', 'edit', 'public'] as const).map((page) => host.invoiceUrl('4711', page));
    assertText(preview, 'the address of the preview');
    assertText(edit, 'the address of the edit page');
    assertText(open, 'the address of the public page');
    assert.ok(preview.includes('4711') && edit.includes('4711'), 'the addresses must lead to the invoice');
    assert.notEqual(preview, edit, 'preview and edit page must differ');
    assert.notEqual(host.invoiceUrl('4712', 'preview'), preview, 'two invoices must differ');
  }),
];
