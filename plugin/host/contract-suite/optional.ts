/** The functions that a host may have: each case applies only where the function is present. */
import assert from 'node:assert/strict';
import Big from 'big.js';
import {
  assertAmount,
  contractCase,
  customer,
  loadOne,
  rows,
  simple,
  taxesFor,
  STANDARD,
  type ContractCase,
} from './fixture';

export const optionalCases: ContractCase[] = [
  contractCase(
    'createDrafts copies invoices as drafts without number',
    async (fixture) => {
      const { host, knex } = fixture;
      const mine = await customer(fixture);
      const like = await loadOne(fixture, knex, await fixture.createInvoice(simple(host, mine)));
      const ids = await knex.transaction((trx) => host.createDrafts?.(trx, [like]) ?? Promise.resolve([]));
      assert.equal(ids.length, 1);
      const copy = await loadOne(fixture, knex, ids[0] ?? '');
      assert.notEqual(copy.id, like.id);
      assert.deepEqual([copy.status, copy.number, copy.customerId], ['draft', null, mine]);
      assert.deepEqual(
        copy.lines.map(({ id: _id, ...line }) => line),
        like.lines.map(({ id: _id, ...line }) => line),
      );
      assertAmount(copy.totals.payable, like.totals.payable, 'totals.payable');
    },
    (host) => host.createDrafts !== undefined,
  ),

  contractCase(
    'creditInvoices credits each invoice to the cent, under the number given, applied to it',
    async (fixture) => {
      const { host, knex } = fixture;
      const invoice = await loadOne(fixture, knex, await fixture.createInvoice(simple(host, await customer(fixture))));
      const [number = ''] = await knex.transaction((trx) => host.allocateNumbers(trx, 'credit_note', 1, '2026-03-20'));
      const made = await knex.transaction(
        (trx) => host.creditInvoices?.(trx, [invoice], [number], '2026-03-20') ?? Promise.resolve([]),
      );
      assert.deepEqual(
        made.map((one) => [one.invoiceId, one.number]),
        [[invoice.id, number]],
      );
      const { credits, credited } = await loadOne(fixture, knex, invoice.id);
      assert.equal(credited, true);
      assert.equal(credits.count, 1);
      assertAmount(credits.sum, invoice.totals.payable, 'credits.sum');
    },
    (host) => host.creditInvoices !== undefined,
  ),

  contractCase(
    'recordPayment books a payment of the amount on the invoice',
    async (fixture) => {
      const { host, knex } = fixture;
      const { paymentMethods, payments } = host.map;
      if (!paymentMethods || !payments) return;
      const invoiceId = await fixture.createInvoice(simple(host, await customer(fixture)));
      const [method] = await rows(knex, paymentMethods.table, paymentMethods.cash);
      assert.ok(method, 'the host must have the payment method Cash');
      const payment = { invoiceId, methodId: String(method[paymentMethods.id]), amount: '12.34', date: '2026-03-20' };
      const id = await knex.transaction((trx) =>
        host.recordPayment?.(trx, { ...payment, note: 'Contract', columns: {} }),
      );
      const [row] = await rows(knex, payments.table, { [payments.id]: id });
      assert.ok(row, 'recordPayment must give the id of its row');
      assertAmount(row[payments.amount], '12.34', 'the stored amount');
      const { payments: booked } = await loadOne(fixture, knex, invoiceId);
      assert.deepEqual([booked.count, new Big(booked.sum).toFixed(2)], [1, '12.34']);
    },
    (host) =>
      host.recordPayment !== undefined && host.map.payments !== undefined && host.map.paymentMethods !== undefined,
  ),

  contractCase(
    'createSale makes the host’s own document of a direct sale',
    async (fixture) => {
      const { host, knex } = fixture;
      const customerId = await customer(fixture);
      const lines = [{ description: 'Sold', quantity: '2', unitPrice: '5.00', taxes: taxesFor(host, [STANDARD]) }];
      const sale = await knex.transaction((trx) => host.createSale?.(trx, { customerId, currency: 'EUR', lines }));
      const invoice = await loadOne(fixture, knex, sale?.invoiceId ?? '');
      assert.deepEqual([invoice.number, invoice.customerId, invoice.lines.length], [sale?.number, customerId, 1]);
    },
    (host) => host.createSale !== undefined,
  ),
];
