/** What the host’s own save, payment and delete do to a merge, and that nothing escapes the transaction. */
import assert from 'node:assert/strict';
import type { Trx } from '../contract';
import {
  carriedFrom,
  contractCase,
  customer,
  documentRows,
  draftAndIssued,
  lineRows,
  loadOne,
  openOf,
  rolledBack,
  simple,
  type ContractCase,
} from './fixture';

export const transactionCases: ContractCase[] = [
  contractCase('Nothing of a merge stays when its transaction rolls back', async (fixture) => {
    const { host, knex } = fixture;
    const { draft, issued, other: target } = await draftAndIssued(fixture);
    const all = async (db: typeof knex | Trx): Promise<unknown[]> => [
      await documentRows(fixture, db, target),
      await documentRows(fixture, db, draft),
      await documentRows(fixture, db, issued),
    ];
    const before = await all(knex);
    const carried = carriedFrom(await loadOne(fixture, knex, issued));
    await rolledBack(knex, async (trx) => {
      await host.touchInvoices(trx, [target, draft, issued]);
      await host.appendLines(trx, target, carried);
      await host.moveLinks(trx, { invoiceIds: [draft, issued], lineIds: [] }, target);
      await host.updateInvoice(trx, target, { issueDate: '2026-03-21' });
      await host.saveTotals(trx, target);
      await host.cancelInvoices(trx, [issued], 'Merged into 4711');
      await host.deleteInvoices(trx, [draft]);
      assert.notDeepEqual(
        await documentRows(fixture, trx, target),
        before[0],
        'the transaction must see its own writes',
      );
    });
    assert.deepEqual(await all(knex), before);
  }),

  contractCase(
    'The host’s own save keeps the tags of carried lines, or loses them without mixing them up',
    async (fixture) => {
      const { host, knex } = fixture;
      const mine = await customer(fixture);
      const [target, source] = [
        await fixture.createInvoice(simple(host, mine)),
        await fixture.createInvoice(simple(host, mine)),
      ];
      const carried = carriedFrom(await loadOne(fixture, knex, source));
      await knex.transaction(async (trx) => {
        await host.appendLines(trx, target, carried);
        await host.saveTotals(trx, target);
      });
      const before = await loadOne(fixture, knex, target);
      const lines = simple(host, mine).lines.concat(simple(host, mine).lines);
      const named = lines.map((line, index) => ({ ...line, id: before.lines[index]?.id }));
      await knex.transaction((trx) => fixture.saveInvoice(trx, target, simple(host, mine, { lines: named })));
      const after = await loadOne(fixture, knex, target);
      const short = (invoice: typeof after): string[] =>
        invoice.lines.map(
          (line) =>
            `${line.description} ${Number(line.quantity)} ${Number(line.unitPrice)} ${JSON.stringify(line.taxes)}`,
        );
      assert.deepEqual(short(after).sort(), short(before).sort(), 'the same lines, found again by their content');
      for (const line of after.lines) {
        if (line.sourceLineId === null) continue;
        const from = carried.find((one) => one.sourceLineId === line.sourceLineId);
        assert.deepEqual(
          [line.description, line.sourceInvoiceId],
          [from?.description, source],
          'a tag on another line',
        );
      }
      assert.equal(after.totals.payable, before.totals.payable);
    },
  ),

  contractCase(
    'The host’s own save answers which saved line bears which key, where it answers keys at all',
    async (fixture) => {
      const { host, knex } = fixture;
      const mine = await customer(fixture);
      const target = await fixture.createInvoice(simple(host, mine));
      const own = (await loadOne(fixture, knex, target)).lines;
      const lines = [
        ...simple(host, mine).lines.map((line, index) => ({ ...line, id: own[index]?.id })),
        ...simple(host, mine).lines.map((line) => ({ ...line, key: `key of ${line.description}` })),
      ];
      const saved = await knex.transaction((trx) => fixture.saveInvoice(trx, target, simple(host, mine, { lines })));
      const after = await loadOne(fixture, knex, target);
      assert.equal(after.lines.length, 4);
      if (typeof saved === 'string' || saved.carried.length === 0) return;
      const keys = saved.carried.map(({ key, lineId }) => [key, after.lines.findIndex((line) => line.id === lineId)]);
      assert.deepEqual(keys, [
        ['key of Two of these', 2],
        ['key of One of those', 3],
      ]);
    },
  ),

  contractCase('The host’s own payment is seen, and settles an invoice', async (fixture) => {
    const { host, knex } = fixture;
    const mine = await customer(fixture);
    const id = await fixture.createInvoice(simple(host, mine));
    const { total } = await loadOne(fixture, knex, id);
    await fixture.pay(id, total);
    const paid = await loadOne(fixture, knex, id);
    assert.deepEqual([paid.status, paid.payments.count, Number(paid.payments.sum)], ['paid', 1, Number(total)]);
    assert.deepEqual(await openOf(fixture, mine), [], 'a paid invoice is no candidate');
  }),

  contractCase('The host’s own delete leaves nothing of an invoice', async (fixture) => {
    const { host, knex } = fixture;
    const remove = fixture.deleteInvoice;
    if (!remove) return;
    const mine = await customer(fixture);
    const id = await fixture.createInvoice(simple(host, mine, { status: 'draft' }));
    await knex.transaction((trx) => remove(trx, id));
    assert.deepEqual(await host.loadInvoices(knex, [id]), []);
    assert.deepEqual(await openOf(fixture, mine), []);
    assert.deepEqual(await lineRows(fixture, knex, id), []);
  }),
];
