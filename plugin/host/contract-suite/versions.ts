/** The version of an invoice, by which the plugin sees that somebody changed it. */
import assert from 'node:assert/strict';
import type { Id, Row, Trx } from '../contract';
import {
  assertText,
  contractCase,
  customer,
  hasSeveralConnections,
  invoiceRow,
  lineRows,
  loadOne,
  rolledBack,
  simple,
  taxRows,
  type ContractCase,
  type ContractFixture,
} from './fixture';

export const versionCases: ContractCase[] = [
  contractCase('loadInvoices gives a version that only changes with the content', async (fixture) => {
    const { host, knex } = fixture;
    const id = await fixture.createInvoice(simple(host, await customer(fixture)));
    const { version } = await loadOne(fixture, knex, id);
    assertText(version, 'version');
    assert.equal((await loadOne(fixture, knex, id)).version, version, 'read again');
    await knex.transaction(async (trx) => {
      await host.touchInvoices(trx, [id]);
      assert.equal((await loadOne(fixture, trx, id)).version, version, 'read in a transaction, after touchInvoices');
    });
    await fixture.pay(id, '1.00');
    assert.notEqual((await loadOne(fixture, knex, id)).version, version, 'after a payment');
  }),

  contractCase('loadInvoices gives another version when anything mapped is changed', async (fixture) => {
    const { host, knex } = fixture;
    const id = await fixture.createInvoice(simple(host, await customer(fixture)));
    const { version } = await loadOne(fixture, knex, id);
    for (const [what, change] of changesOf(fixture, id))
      await rolledBack(knex, async (trx) => {
        await change(trx);
        assert.notEqual((await loadOne(fixture, trx, id)).version, version, `the version must change with ${what}`);
      });
    assert.equal((await loadOne(fixture, knex, id)).version, version, 'the same content again');
  }),

  contractCase('loadInvoices in a transaction sees what others committed since it began', async (fixture) => {
    const { host, knex } = fixture;
    if (!hasSeveralConnections(knex)) return;
    const id = await fixture.createInvoice(simple(host, await customer(fixture)));
    const { version } = await loadOne(fixture, knex, id);
    await knex.transaction(
      async (trx) => {
        // The first plain read fixes what a transaction of this level sees of plain reads ever after.
        await invoiceRow(fixture, trx, id);
        await fixture.pay(id, '1.00');
        const seen = await host.loadInvoices(trx, [id]).catch((error: { errno?: number }) => {
          // MariaDB 11.6+ refuses instead (ER_CHECKREAD): the owner runs the transaction again.
          if (error.errno !== 1020) throw error;
          return [];
        });
        assert.notEqual(seen[0]?.version, version, 'the payment that was committed meanwhile');
      },
      { isolationLevel: 'repeatable read' },
    );
  }),
];

/** One raw change for each mapped column of the invoice, of its lines and of its taxes. */
function changesOf(fixture: ContractFixture, id: Id): [string, (trx: Trx) => Promise<unknown>][] {
  const { invoices, lines, taxes } = fixture.host.map;
  const ofInvoice = (
    entry: string,
    column: string | undefined,
    value: unknown,
  ): [string, (trx: Trx) => Promise<unknown>][] =>
    column === undefined
      ? []
      : [
          [
            `invoices.${entry}`,
            (trx) =>
              trx(invoices.table)
                .where({ [invoices.id]: id })
                .update({ [column]: value }),
          ],
        ];
  const firstLine = async (trx: Trx): Promise<Row> => (await lineRows(fixture, trx, id))[0] as Row;
  const ofLine = (
    entry: string,
    column: string | undefined,
    value: unknown,
  ): [string, (trx: Trx) => Promise<unknown>][] =>
    column === undefined
      ? []
      : [
          [
            `lines.${entry}`,
            async (trx) =>
              trx(lines.table)
                .where({ [lines.id]: (await firstLine(trx))[lines.id] })
                .update({ [column]: value }),
          ],
        ];
  return [
    ...ofInvoice('issueDate', invoices.issueDate, '2026-03-09'),
    ...ofInvoice('dueDate', invoices.dueDate, '2036-05-05'),
    ...ofInvoice('total', invoices.total, '1.23'),
    ...ofInvoice('adjustment', invoices.adjustment, '1.25'),
    ...ofInvoice('note', invoices.note, 'Another note'),
    ...ofInvoice('discount.value', invoices.discount?.value, '3'),
    ...ofLine('description', lines.description, 'Another text'),
    ...ofLine('longDescription', lines.longDescription, 'Another long text'),
    ...ofLine('quantity', lines.quantity, '9'),
    ...ofLine('unit', lines.unit, 'kg'),
    ...ofLine('unitPrice', lines.unitPrice, '51.00'),
    ...ofLine('supplyDate', lines.supplyDate, '2026-01-15'),
    ...(taxes && !('table' in taxes) ? ofLine('tax rate', taxes.rate, '7') : []),
    ...(taxes && 'table' in taxes
      ? ([
          [
            'taxes.rate',
            async (trx) => {
              const line = await firstLine(trx);
              assert.equal((await taxRows(fixture, trx, [line[lines.id]])).length, 1, 'tax rows of the first line');
              return trx(taxes.table)
                .where({ [taxes.line]: line[lines.id], ...taxes.fixed })
                .update({ [taxes.rate]: '7' });
            },
          ],
        ] as [string, (trx: Trx) => Promise<unknown>][])
      : []),
    [
      'a line that is gone',
      async (trx) =>
        trx(lines.table)
          .where({ [lines.id]: (await firstLine(trx))[lines.id] })
          .delete(),
    ],
  ];
}
