/** The fields of the document itself, and its totals. */
import assert from 'node:assert/strict';
import Big from 'big.js';
import type { AllowanceCharge } from '../../money/types';
import type { HostCrm, Id, Invoice } from '../contract';
import {
  assertAmount,
  carriedFrom,
  contractCase,
  customer,
  documentRows,
  invoiceRow,
  loadOne,
  pair,
  simple,
  type ContractCase,
  type ContractFixture,
} from './fixture';

type Change = Parameters<HostCrm['updateInvoice']>[2];

/** Applies the change, and sees that only this invoice has it. */
async function updated(fixture: ContractFixture, id: Id, other: Id, change: Change): Promise<Invoice> {
  const before = await documentRows(fixture, fixture.knex, other);
  await fixture.knex.transaction((trx) => fixture.host.updateInvoice(trx, id, change));
  assert.deepEqual(await documentRows(fixture, fixture.knex, other), before, 'another invoice must not change');
  return loadOne(fixture, fixture.knex, id);
}

export const updateCases: ContractCase[] = [
  contractCase('updateInvoice issues a draft: number, status and dates', async (fixture) => {
    const { host, knex } = fixture;
    const mine = await customer(fixture);
    const draft = await fixture.createInvoice(simple(host, mine, { status: 'draft' }));
    const other = await fixture.createInvoice(simple(host, mine));
    const [number] = await knex.transaction((trx) => host.allocateNumbers(trx, 'invoice', 1, '2026-03-20'));
    const dates = { issueDate: '2026-03-20', dueDate: '2036-04-20' };
    const after = await updated(fixture, draft, other, { number, status: 'unpaid', ...dates });
    assert.deepEqual(
      [after.number, after.status, after.issueDate, after.dueDate],
      [number, 'unpaid', '2026-03-20', host.map.invoices.dueDate ? '2036-04-20' : null],
    );
  }),

  contractCase(
    'updateInvoice sets the discount of a document, and takes it off',
    async (fixture) => {
      const { host } = fixture;
      const { target, source } = await pair(fixture);
      const mapped = host.map.invoices.discount;
      const kind = mapped?.kind === 'amount' ? 'amount' : 'percent';
      const basis = mapped?.basis === 'after_tax' ? 'after_tax' : 'before_tax';
      const { discount } = await updated(fixture, target, source, { discount: { kind, value: '5', basis } });
      assert.deepEqual([discount?.kind, discount?.basis], [kind, basis]);
      assertAmount(discount?.value, '5', 'discount.value');
      const none = (await updated(fixture, target, source, { discount: null })).discount;
      assertAmount(none?.value ?? '0', '0', 'discount.value once taken off');
    },
    ({ map }) => map.invoices.discount !== undefined,
  ),

  contractCase(
    'updateInvoice sets the adjustment',
    async (fixture) => {
      const { target, source } = await pair(fixture);
      assertAmount((await updated(fixture, target, source, { adjustment: '-7.77' })).adjustment, '-7.77', 'adjustment');
    },
    ({ map }) => map.invoices.adjustment !== undefined,
  ),

  contractCase(
    'updateInvoice replaces the allowances and charges of a document',
    async (fixture) => {
      const { target, source } = await pair(fixture);
      const tax = { category: 'S', rate: '20' };
      for (const amounts of [['2.00', '3.00'], ['4.00'], []]) {
        const allowancesCharges = amounts.map((amount): AllowanceCharge => ({
          kind: 'allowance',
          amount,
          reason: 'Loyalty',
          tax,
        }));
        const after = await updated(fixture, target, source, { allowancesCharges });
        assert.deepEqual(after.allowancesCharges.map(({ amount }) => new Big(amount).toFixed(2)).sort(), amounts);
      }
    },
    ({ map }) => map.allowances?.some((one) => one.of === 'invoice') ?? false,
  ),

  contractCase(
    'updateInvoice raises the reminder level',
    async (fixture) => {
      const { target, source } = await pair(fixture);
      assert.equal((await updated(fixture, target, source, { reminderLevel: 2 })).reminderLevel, 2);
    },
    ({ map }) => map.invoices.reminderLevel !== undefined,
  ),

  contractCase('updateInvoice leaves alone what the change does not name', async (fixture) => {
    const { target, source } = await pair(fixture);
    const before = await documentRows(fixture, fixture.knex, target);
    const { issueDate } = await loadOne(fixture, fixture.knex, target);
    await updated(fixture, target, source, { issueDate });
    await updated(fixture, target, source, {});
    assert.deepEqual(await documentRows(fixture, fixture.knex, target), before);
  }),
];

export const totalCases: ContractCase[] = [
  contractCase('saveTotals stores and answers the totals of the lines as they are now', async (fixture) => {
    const { host, knex } = fixture;
    const { invoices } = host.map;
    const { target, source } = await pair(fixture);
    const carried = carriedFrom(await loadOne(fixture, knex, source));
    const { totals, status } = await knex.transaction(async (trx) => {
      await host.appendLines(trx, target, carried);
      return host.saveTotals(trx, target);
    });
    const after = await loadOne(fixture, knex, target);
    // Net: 110.00 at 20 % and 80.00 at 5.5 %.
    const [exclusive, tax, total] = !host.map.taxes
      ? (['190.00', '0', '190.00'] as const)
      : after.pricesIncludeTax
        ? (['167.50', '22.50', '190.00'] as const)
        : (['190.00', '26.40', '216.40'] as const);
    assertAmount(totals.taxExclusive, exclusive, 'totals.taxExclusive');
    assertAmount(totals.tax, tax, 'totals.tax');
    assertAmount(totals.payable, total, 'totals.payable');
    const row = await invoiceRow(fixture, knex, target);
    assertAmount(row[invoices.total], total, `the stored ${invoices.total}`);
    if (invoices.taxTotal) assertAmount(row[invoices.taxTotal], tax, `the stored ${invoices.taxTotal}`);
    assert.equal(status, 'unpaid', 'the status that saveTotals answers');
    assert.deepEqual(after.totals, totals, 'loadInvoices and saveTotals must agree');
  }),

  contractCase('saveTotals lets the status follow the payments, and a draft stay a draft', async (fixture) => {
    const { host, knex } = fixture;
    const { target: paid, source } = await pair(fixture);
    await fixture.pay(paid, (await loadOne(fixture, knex, paid)).total);
    const carried = carriedFrom(await loadOne(fixture, knex, source));
    const { status } = await knex.transaction(async (trx) => {
      await host.appendLines(trx, paid, carried);
      return host.saveTotals(trx, paid);
    });
    assert.equal(status, 'partial', 'a paid invoice that received lines');
    assert.equal((await loadOne(fixture, knex, paid)).status, 'partial');
    const draft = await fixture.createInvoice(simple(host, await customer(fixture), { status: 'draft' }));
    assert.equal((await knex.transaction((trx) => host.saveTotals(trx, draft))).status, 'draft');
    assert.equal((await loadOne(fixture, knex, draft)).status, 'draft');
  }),
];
