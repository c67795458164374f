/** The lock, and the lines that a merge brings in and its undo takes out. */
import assert from 'node:assert/strict';
import Big from 'big.js';
import type { AllowanceCharge } from '../../money/types';
import type { CarriedLine, Id, Trx } from '../contract';
import {
  assertAmount,
  carriedFrom,
  contractCase,
  documentRows,
  EXTRA,
  hasSeveralConnections,
  invoiceRow,
  lineRows,
  loadOne,
  ownColumn,
  pair,
  REDUCED,
  rolledBack,
  STANDARD,
  statementsOf,
  taxesFor,
  taxRows,
  type ContractCase,
  type ContractFixture,
} from './fixture';

export const touchCases: ContractCase[] = [
  contractCase('touchInvoices writes the counter of all of them with one UPDATE, and nothing else', async (fixture) => {
    const { host, knex } = fixture;
    const { target, source } = await pair(fixture);
    const { source: other } = await pair(fixture);
    const before = await Promise.all([target, source, other].map((id) => documentRows(fixture, knex, id)));
    const version = ownColumn(fixture, 'version');
    const counters = async (trx: Trx): Promise<number[]> => {
      const found: number[] = [];
      for (const id of [target, source, other]) found.push(Number((await invoiceRow(fixture, trx, id))[version] ?? 0));
      return found;
    };
    await knex.transaction(async (trx) => {
      const start = await counters(trx);
      for (const times of [1, 2]) {
        const statements = await statementsOf(trx, () => host.touchInvoices(trx, [target, source]));
        assert.equal(statements.length, 1, `touchInvoices must be one statement: ${statements.join('; ')}`);
        assert.match(statements[0] ?? '', /^update /i, 'touchInvoices must write');
        const now = await counters(trx);
        const changed = now.map((counter, index) => counter !== start[index]);
        assert.deepEqual(changed, [true, true, false], `which rows have another ${version} after ${times}`);
        now.forEach((counter, index) => (start[index] = counter));
      }
    });
    assert.deepEqual(await Promise.all([target, source, other].map((id) => documentRows(fixture, knex, id))), before);
  }),

  contractCase('touchInvoices keeps every other transaction from the row until it ends', async (fixture) => {
    const { host, knex } = fixture;
    const { target } = await pair(fixture);
    const { invoices } = host.map;
    if (!hasSeveralConnections(knex)) return;
    await knex.transaction(async (trx) => {
      await host.touchInvoices(trx, [target]);
      const other = await knex.transaction();
      try {
        await assert.rejects(
          async () =>
            other(invoices.table)
              .where({ [invoices.id]: target })
              .forUpdate()
              .noWait(),
          'another transaction must not get the row',
        );
      } finally {
        await other.rollback();
      }
    });
  }),
];

export const lineCases: ContractCase[] = [
  contractCase(
    'appendLines puts the lines after the target’s own, with taxes, and says where each came from',
    async (fixture) => {
      const { host, knex } = fixture;
      const { lines: mapped } = host.map;
      const { target, source } = await pair(fixture);
      const [firstRow] = await lineRows(fixture, knex, source);
      for (const column of mapped.copy ?? [])
        await knex(mapped.table)
          .where({ [mapped.id]: firstRow?.[mapped.id] })
          .update({ [column]: '9' })
          // A foreign key or a rule of the host may forbid this value: then the line's own is compared.
          .catch(() => undefined);
      const loaded = await loadOne(fixture, knex, source);
      const own = await documentRows(fixture, knex, target);
      const before = await documentRows(fixture, knex, source);
      const carried = carriedFrom(loaded);
      await knex.transaction((trx) => host.appendLines(trx, target, carried));

      const after = await loadOne(fixture, knex, target);
      assert.deepEqual(
        after.lines.map((line) => line.description),
        ['Own', 'Two of these', 'One of those'],
      );
      after.lines.slice(1).forEach((line, index) => {
        const from = loaded.lines[index];
        assert.ok(from);
        const expected = { ...from, id: line.id, sourceInvoiceId: source, sourceLineId: from.id };
        assert.deepEqual(line, expected, 'a carried line has the content of its source line and names it');
        assert.notEqual(line.id, from.id);
      });
      const stored = (await lineRows(fixture, knex, target)).slice(1);
      const original = await lineRows(fixture, knex, source);
      stored.forEach((row, index) => {
        assert.equal(String(row[ownColumn(fixture, 'source_invoice_id')]), source);
        assert.equal(String(row[ownColumn(fixture, 'source_line_id')]), String(original[index]?.[mapped.id]));
        for (const column of mapped.copy ?? [])
          assert.deepEqual(row[column], original[index]?.[column], `copied column ${column}`);
      });
      if (mapped.position) {
        const positions = (await lineRows(fixture, knex, target)).map((row) => Number(row[mapped.position as string]));
        assert.equal(new Set(positions).size, 3, `each line needs its own position: ${positions.join(', ')}`);
      }
      assert.deepEqual(await documentRows(fixture, knex, source), before, 'the source itself must not change');
      const { lines: remaining = [] } = await documentRows(fixture, knex, target);
      for (const row of own.lines ?? []) assert.ok(remaining.some((one) => one[mapped.id] === row[mapped.id]));
    },
  ),

  contractCase('appendLines needs no more statements for many lines than for few', async (fixture) => {
    const { host, knex } = fixture;
    const { target, source } = await pair(fixture);
    const [line] = carriedFrom(await loadOne(fixture, knex, source));
    const counts: number[] = [];
    for (const many of [2, 40])
      await rolledBack(knex, async (trx) => {
        const lines = Array.from({ length: many }, (_none, index) => ({
          ...(line as CarriedLine),
          key: `line ${index}`,
        }));
        counts.push((await statementsOf(trx, () => host.appendLines(trx, target, lines))).length);
      });
    assert.equal(counts[1], counts[0], `${counts[0]} statements for 2 lines, ${counts[1]} for 40`);
  }),

  contractCase(
    'appendLines keeps a carried discount as a line of quantity -1 without a source line',
    async (fixture) => {
      const { host, knex } = fixture;
      const { target, source } = await pair(fixture);
      const discount = await madeLine(fixture, source, {
        quantity: '-1',
        unitPrice: '12.34',
        kind: 'allowance',
        sourceLineId: null,
      });
      await knex.transaction((trx) => host.appendLines(trx, target, [discount]));
      const line = (await loadOne(fixture, knex, target)).lines[1];
      assertAmount(line?.quantity, '-1', 'quantity');
      assertAmount(line?.unitPrice, '12.34', 'unitPrice');
      assert.deepEqual([line?.sourceInvoiceId, line?.sourceLineId], [source, null]);
    },
  ),

  contractCase(
    'appendLines keeps two taxes of one line, and the zero quantity of a heading',
    async (fixture) => {
      const { host, knex } = fixture;
      const { target, source } = await pair(fixture);
      const lines = [
        await madeLine(fixture, source, { description: 'Heading', quantity: '0', taxes: [] }),
        await madeLine(fixture, source, { taxes: [STANDARD, EXTRA] }),
      ];
      await knex.transaction((trx) => host.appendLines(trx, target, lines));
      const [, heading, taxed] = (await loadOne(fixture, knex, target)).lines;
      assertAmount(heading?.quantity, '0', 'quantity of the heading');
      assert.deepEqual(
        taxed?.taxes.map((tax) => Number(tax.rate)).sort((a, b) => a - b),
        [2, 20],
      );
      const stored = await taxRows(fixture, knex, [taxed?.id]);
      const { taxes } = host.map;
      if (taxes && 'table' in taxes && taxes.invoice)
        assert.deepEqual(
          stored.map((row) => String(row[taxes.invoice as string])),
          [target, target],
        );
    },
    ({ map }) => map.taxes !== undefined && 'table' in map.taxes,
  ),

  contractCase(
    'appendLines keeps the allowances and charges of a line',
    async (fixture) => {
      const { host, knex } = fixture;
      const { target, source } = await pair(fixture);
      const allowancesCharges: AllowanceCharge[] = [{ kind: 'allowance', amount: '3.00', reason: 'Scratched' }];
      const line = await madeLine(fixture, source, { allowancesCharges });
      await knex.transaction((trx) => host.appendLines(trx, target, [line]));
      const after = (await loadOne(fixture, knex, target)).lines[1];
      assert.deepEqual(
        after?.allowancesCharges.map(({ kind, amount }) => [kind, new Big(amount).toFixed(2)]),
        [['allowance', '3.00']],
      );
    },
    ({ map }) => map.allowances?.some((one) => one.of === 'line') ?? false,
  ),

  contractCase(
    'removeLines takes the lines out with everything that belongs to them, and no others',
    async (fixture) => {
      const { host, knex } = fixture;
      const { target, source } = await pair(fixture);
      const before = [await documentRows(fixture, knex, target), await documentRows(fixture, knex, source)];
      const carried = carriedFrom(await loadOne(fixture, knex, source));
      await knex.transaction((trx) => host.appendLines(trx, target, carried));
      const added = (await loadOne(fixture, knex, target)).lines.slice(1).map((line) => line.id);
      assert.equal(added.length, 2, 'appendLines must have added two lines');
      await knex.transaction((trx) => host.removeLines(trx, target, added));
      assert.deepEqual([await documentRows(fixture, knex, target), await documentRows(fixture, knex, source)], before);
      assert.deepEqual(await taxRows(fixture, knex, added), [], 'tax rows of lines that are gone');
    },
  ),
];

async function madeLine(fixture: ContractFixture, source: Id, change: Partial<CarriedLine>): Promise<CarriedLine> {
  const [line] = carriedFrom(await loadOne(fixture, fixture.knex, source));
  assert.ok(line, 'a source must have lines');
  return { ...line, taxes: taxesFor(fixture.host, [REDUCED]), ...change };
}
