/** Which invoices a host offers as candidates, and what it tells about them. */
import assert from 'node:assert/strict';
import type { Id, InvoiceHead } from '../contract';
import {
  assertAmount,
  contractCase,
  customer,
  loadOne,
  simple,
  statementsOf,
  twoLines,
  type ContractCase,
  type ContractFixture,
} from './fixture';

type Find = { customerIds: Id[]; exclude?: Id; search?: string; restrictTo?: Id[] };

async function find({ knex, host }: ContractFixture, { restrictTo, ...q }: Find): Promise<InvoiceHead[]> {
  const heads = await host.findCandidates(knex, {
    ...q,
    restrict(query, alias) {
      if (restrictTo) void query.whereIn(`${alias}.${host.map.invoices.id}`, restrictTo);
    },
  });
  assert.ok(Array.isArray(heads), 'findCandidates must give a list');
  return heads;
}
const idsOf = (heads: InvoiceHead[]): Id[] => heads.map((head) => head.id);

export const candidateCases: ContractCase[] = [
  contractCase(
    'findCandidates lists all open documents of the customers, oldest first, and nobody else’s',
    async (fixture) => {
      const { host, createInvoice } = fixture;
      const mine = await customer(fixture);
      const make = (issueDate: string, more = {}): Promise<Id> =>
        createInvoice(simple(host, mine, { issueDate, ...more }));
      const third = await make('2026-03-03');
      const first = await make('2026-03-01', { status: 'overdue', dueDate: '2026-03-15' });
      const second = await make('2026-03-02', { status: 'draft' });
      const paid = await make('2026-02-01');
      await fixture.pay(paid, (await loadOne(fixture, fixture.knex, paid)).total);
      await make('2026-02-02', { status: 'cancelled' });
      const neighbour = await customer(fixture);
      const others = await createInvoice(simple(host, neighbour, { issueDate: '2026-03-04' }));
      await createInvoice(simple(host, await customer(fixture)));
      assert.deepEqual(idsOf(await find(fixture, { customerIds: [mine] })), [first, second, third]);
      assert.deepEqual(
        (await find(fixture, { customerIds: [mine, neighbour] })).map((head) => [head.customerId, head.id]),
        [...[first, second, third].map((id) => [mine, id]), [neighbour, others]],
      );
      assert.deepEqual(await find(fixture, { customerIds: [] }), []);
    },
  ),

  contractCase('findCandidates reports what eligibility is judged from', async (fixture) => {
    const { host } = fixture;
    const mine = await customer(fixture);
    const id = await fixture.createInvoice(simple(host, mine));
    await fixture.pay(id, '10.00');
    const [head] = await find(fixture, { customerIds: [mine] });
    assert.ok(head, 'a part-paid invoice is open: findCandidates must list it');
    const loaded = await loadOne(fixture, fixture.knex, id);
    assert.deepEqual(
      [head.id, head.customerId, head.issueDate, head.dueDate, head.number, head.currency, head.status],
      [
        id,
        mine,
        '2026-03-02',
        host.map.invoices.dueDate ? '2036-04-01' : null,
        loaded.number,
        loaded.currency,
        'partial',
      ],
    );
    assertAmount(head.total, loaded.total, 'total of the candidate');
    assert.equal(head.payments.count, 1, 'payments.count of the candidate');
    assertAmount(head.payments.sum, '10.00', 'payments.sum of the candidate');
    assert.deepEqual(
      [[...head.taxCategories].sort(), head.adjusted],
      [
        [...new Set(loaded.lines.flatMap((line) => line.taxes.map(({ category }) => category)))].sort(),
        loaded.adjusted,
      ],
      'taxCategories and adjusted of the candidate, which is judged without its lines',
    );
    assert.deepEqual([...loaded.taxCategories].sort(), [...head.taxCategories].sort(), 'taxCategories of the invoice');
    assert.equal(head.mergedIntoId, null);
    assert.deepEqual(head.refusingLinks, []);
  }),

  contractCase('findCandidates leaves out the invoice in hand', async (fixture) => {
    const mine = await customer(fixture);
    const target = await fixture.createInvoice(simple(fixture.host, mine));
    const other = await fixture.createInvoice(simple(fixture.host, mine));
    assert.deepEqual(idsOf(await find(fixture, { customerIds: [mine], exclude: target })), [other]);
  }),

  contractCase('findCandidates searches by number, by amount and by the text of the lines', async (fixture) => {
    const { host } = fixture;
    const mine = await customer(fixture);
    const line = { ...(twoLines(host)[0] as ReturnType<typeof twoLines>[number]), quantity: '1' };
    const wanted = await fixture.createInvoice(
      simple(host, mine, { lines: [{ ...line, description: 'Quokka feed', unitPrice: '4711.13', taxes: [] }] }),
    );
    await fixture.createInvoice(
      simple(host, mine, { lines: [{ ...line, description: 'Zebra feed', unitPrice: '20.00', taxes: [] }] }),
    );
    const { number } = await loadOne(fixture, fixture.knex, wanted);
    for (const search of ['Quokka', '4711.13', ...(number === null ? [] : [number])])
      assert.deepEqual(idsOf(await find(fixture, { customerIds: [mine], search })), [wanted], `search for ${search}`);
    assert.deepEqual(await find(fixture, { customerIds: [mine], search: '100 % nothing_of this' }), []);
  }),

  contractCase('findCandidates shows a person only what restrict lets through', async (fixture) => {
    const mine = await customer(fixture);
    await fixture.createInvoice(simple(fixture.host, mine));
    const visible = await fixture.createInvoice(simple(fixture.host, mine));
    assert.deepEqual(idsOf(await find(fixture, { customerIds: [mine], restrictTo: [visible] })), [visible]);
  }),

  contractCase(
    'findCandidates and loadInvoices need no more statements for many invoices than for few',
    async (fixture) => {
      const { host, knex } = fixture;
      const mine = await customer(fixture);
      const ids: Id[] = [];
      const counts: number[][] = [];
      for (const many of [2, 8]) {
        while (ids.length < many) ids.push(await fixture.createInvoice(simple(host, mine)));
        counts.push([
          (await statementsOf(knex, () => find(fixture, { customerIds: [mine] }))).length,
          (await statementsOf(knex, () => host.loadInvoices(knex, ids))).length,
        ]);
      }
      assert.deepEqual(counts[1], counts[0], 'statements for 8 invoices as for 2');
    },
  ),
];
