/** Money that is allocated to an invoice by a person. */
import assert from 'node:assert/strict';
import {
  assertAmount,
  assertText,
  contractCase,
  customer,
  loadOne,
  rows,
  simple,
  twoLines,
  type ContractCase,
} from './fixture';

export const paymentCases: ContractCase[] = [
  contractCase(
    'recordPayment stores a payment of this invoice, which its totals and status then follow',
    async (fixture) => {
      const { host, knex } = fixture;
      const { payments } = host.map;
      if (!host.recordPayment || !payments) return;
      const invoiceId = await fixture.createInvoice(simple(host, await customer(fixture)));
      // A payment method that the host knows: the one of its own payments.
      const other = await fixture.createInvoice(simple(host, await customer(fixture)));
      await fixture.pay(other, '1.00');
      const [{ [payments.method]: methodId } = {}] = await rows(knex, payments.table, { [payments.invoice]: other });

      const { recordPayment } = host;
      const id = await knex.transaction(async (trx) => {
        const stored = await recordPayment(trx, {
          invoiceId,
          methodId: String(methodId),
          amount: '12.34',
          date: '2026-03-15',
          note: 'Received for FA-1',
          columns: {},
        });
        await host.saveTotals(trx, invoiceId);
        return stored;
      });
      assertText(id, 'recordPayment answers the id of the payment, which');
      const [row, ...more] = await rows(knex, payments.table, { [payments.invoice]: invoiceId });
      assert.ok(row, `recordPayment must store a row in ${payments.table}`);
      assert.deepEqual(more, [], 'one payment is one row');
      assert.equal(String(row[payments.id]), id);
      assertAmount(row[payments.amount], '12.34', payments.amount);
      assert.equal(String(row[payments.method]), String(methodId), payments.method);
      if (payments.note) assert.equal(row[payments.note], 'Received for FA-1', payments.note);
      const paid = await loadOne(fixture, knex, invoiceId);
      assert.equal(paid.payments.count, 1);
      assertAmount(paid.payments.sum, '12.34', 'the sum of its payments');
      assert.equal(paid.status, 'partial');
      assert.equal((await loadOne(fixture, knex, other)).payments.count, 1, 'another invoice must not change');
    },
    (host) => host.recordPayment !== undefined && host.map.payments !== undefined,
  ),

  contractCase(
    'createSale makes an open, numbered invoice of the basket, which its payment then settles',
    async (fixture) => {
      const { host, knex } = fixture;
      const { payments } = host.map;
      if (!host.createSale || !host.recordPayment || !payments) return;
      const { createSale, recordPayment } = host;
      const buyer = await customer(fixture);
      // A payment method that the host knows: the one of its own payments.
      const other = await fixture.createInvoice(simple(host, buyer));
      await fixture.pay(other, '1.00');
      const [{ [payments.method]: methodId } = {}] = await rows(knex, payments.table, { [payments.invoice]: other });
      const lines = twoLines(host).map(({ description, quantity, unitPrice, taxes }) => ({
        ...{ description, quantity, unitPrice, taxes },
      }));
      const sale = { customerId: buyer, currency: 'EUR', date: '2026-03-15', lines, actor: { id: '1', name: 'Till' } };
      const made = await knex.transaction((trx) => createSale(trx, sale));
      assertText(made?.invoiceId, 'createSale answers the id of the invoice, which');
      const invoice = await loadOne(fixture, knex, made.invoiceId);
      assert.equal(invoice.customerId, buyer, 'the invoice of this customer');
      assert.equal(invoice.status, 'unpaid', 'open: its payment is recorded next');
      assert.ok(invoice.number, 'it bears a number');
      assert.equal(made.number, invoice.number, 'and createSale answers it');
      assert.deepEqual(
        invoice.lines.map(({ description }) => description),
        lines.map(({ description }) => description),
      );
      await knex.transaction(async (trx) => {
        const amount = invoice.total;
        const columns = {};
        const date = '2026-03-15';
        await recordPayment(trx, {
          ...{ invoiceId: made.invoiceId, methodId: String(methodId), amount, date, note: '', columns },
        });
        await host.saveTotals(trx, made.invoiceId);
      });
      assert.equal((await loadOne(fixture, knex, made.invoiceId)).status, 'paid');
    },
    (host) => host.createSale !== undefined && host.recordPayment !== undefined && host.map.payments !== undefined,
  ),
];
