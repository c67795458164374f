/** What becomes of the sources, and how they come back. */
import assert from 'node:assert/strict';
import type { Id, Snapshot } from '../contract';
import {
  contractCase,
  documentRows,
  draftAndIssued,
  invoiceRow,
  lineRows,
  loadOne,
  openOf,
  rows,
  taxRows,
  type ContractCase,
} from './fixture';

function assertSnapshots(snapshots: Snapshot[], ids: Id[]): void {
  assert.ok(Array.isArray(snapshots), 'snapshots must be a list');
  assert.deepEqual(snapshots.map((one) => one.invoiceId).sort(), [...ids].sort(), 'one snapshot for each invoice');
  assert.deepEqual(JSON.parse(JSON.stringify(snapshots)), snapshots, 'snapshots are stored as JSON: only plain values');
}

export const settlingCases: ContractCase[] = [
  contractCase('cancelInvoices cancels drafts and issued invoices, and uses up no number', async (fixture) => {
    const { host, knex } = fixture;
    const { invoices } = host.map;
    const { mine, draft, issued, other } = await draftAndIssued(fixture);
    const before = { draft: await invoiceRow(fixture, knex, draft), issued: await loadOne(fixture, knex, issued) };
    const kept = await documentRows(fixture, knex, other);
    const { number: draftNumber } = await loadOne(fixture, knex, draft);
    const snapshots = await knex.transaction((trx) => host.cancelInvoices(trx, [draft, issued], 'Merged into 4711'));
    assertSnapshots(snapshots, [draft, issued]);

    const after = { draft: await loadOne(fixture, knex, draft), issued: await loadOne(fixture, knex, issued) };
    assert.deepEqual([after.draft.status, after.issued.status], ['cancelled', 'cancelled']);
    assert.deepEqual([after.draft.number, after.issued.number], [draftNumber, before.issued.number], 'numbers stay');
    assert.deepEqual(after.issued.lines, before.issued.lines, 'lines stay');
    assert.deepEqual(await openOf(fixture, mine), [other], 'cancelled invoices are no candidates');
    const row = await invoiceRow(fixture, knex, draft);
    if (invoices.sent)
      assert.deepEqual(row[invoices.sent], before.draft[invoices.sent], 'a draft does not become sent');
    if (invoices.note) {
      const note = String((await invoiceRow(fixture, knex, issued))[invoices.note]);
      assert.ok(note.includes('Merged into 4711'), `the note must be told on the invoice: ${note}`);
      assert.ok(note.includes('Written before'), `what was noted before must stay: ${note}`);
    }
    assert.deepEqual(await documentRows(fixture, knex, other), kept, 'another invoice must not change');
  }),

  contractCase('restoreInvoices puts cancelled invoices back as they were', async (fixture) => {
    const { host, knex } = fixture;
    const { draft, issued } = await draftAndIssued(fixture);
    const before = [await documentRows(fixture, knex, draft), await documentRows(fixture, knex, issued)];
    const snapshots = await knex.transaction((trx) => host.cancelInvoices(trx, [draft, issued], 'Merged into 4711'));
    const stored = JSON.parse(JSON.stringify(snapshots)) as Snapshot[];
    assert.equal((await loadOne(fixture, knex, issued)).status, 'cancelled');
    await knex.transaction((trx) => host.restoreInvoices(trx, stored));
    assert.deepEqual([await documentRows(fixture, knex, draft), await documentRows(fixture, knex, issued)], before);
  }),

  contractCase(
    'deleteInvoices takes invoices away with their lines, taxes and owned rows, and no others',
    async (fixture) => {
      const { host, knex } = fixture;
      const { map } = host;
      const { mine, draft, issued, other } = await draftAndIssued(fixture);
      const lineIds = [...(await lineRows(fixture, knex, draft)), ...(await lineRows(fixture, knex, issued))].map(
        (row) => row[map.lines.id],
      );
      const kept = await documentRows(fixture, knex, other);
      const snapshots = await knex.transaction((trx) => host.deleteInvoices(trx, [draft, issued]));
      assertSnapshots(snapshots, [draft, issued]);
      for (const id of [draft, issued]) {
        assert.deepEqual(
          await rows(knex, map.invoices.table, { [map.invoices.id]: id }),
          [],
          `${map.invoices.table} ${id}`,
        );
        assert.deepEqual(await lineRows(fixture, knex, id), [], `lines of ${id}`);
        for (const owned of map.owned)
          assert.deepEqual(
            await rows(knex, owned.table, { [owned.invoice]: id, ...owned.fixed }),
            [],
            `${owned.table} of ${id}`,
          );
        for (const allowance of map.allowances?.filter((one) => one.of === 'invoice') ?? [])
          assert.deepEqual(
            await rows(knex, allowance.table, { [allowance.key]: id }),
            [],
            `${allowance.table} of ${id}`,
          );
      }
      assert.equal(lineIds.length, 4);
      assert.deepEqual(await taxRows(fixture, knex, lineIds), [], 'taxes of lines that are gone');
      assert.deepEqual(await openOf(fixture, mine), [other]);
      assert.deepEqual(await documentRows(fixture, knex, other), kept, 'another invoice must not change');
    },
  ),

  contractCase('restoreInvoices inserts deleted invoices again, row for row with the same ids', async (fixture) => {
    const { host, knex } = fixture;
    const { draft, issued } = await draftAndIssued(fixture);
    const before = [await documentRows(fixture, knex, draft), await documentRows(fixture, knex, issued)];
    const version = (await loadOne(fixture, knex, issued)).version;
    const snapshots = await knex.transaction((trx) => host.deleteInvoices(trx, [draft, issued]));
    const stored = JSON.parse(JSON.stringify(snapshots)) as Snapshot[];
    assert.deepEqual(await host.loadInvoices(knex, [draft, issued]), []);
    await knex.transaction((trx) => host.restoreInvoices(trx, stored));
    assert.deepEqual([await documentRows(fixture, knex, draft), await documentRows(fixture, knex, issued)], before);
    assert.equal((await loadOne(fixture, knex, issued)).version, version, 'the version of the same content');
  }),
];
