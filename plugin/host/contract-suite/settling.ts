/** What becomes of the sources, and how they come back; numbers; and that nothing escapes the transaction. */
import assert from 'node:assert/strict';
import type { HostCrm, Id, NumberPattern, Snapshot, Trx } from '../contract';
import {
  carriedFrom,
  contractCase,
  customer,
  documentRows,
  invoiceRow,
  lineRows,
  loadOne,
  rolledBack,
  rows,
  simple,
  taxRows,
  type ContractCase,
  type ContractFixture,
} from './fixture';

async function draftAndIssued(fixture: ContractFixture): Promise<{ mine: Id; draft: Id; issued: Id; other: Id }> {
  const { host, createInvoice } = fixture;
  const mine = await customer(fixture);
  return {
    mine,
    draft: await createInvoice(simple(host, mine, { status: 'draft' })),
    issued: await createInvoice(simple(host, mine, { note: host.map.invoices.note && 'Written before' })),
    other: await createInvoice(simple(host, mine)),
  };
}

function assertSnapshots(snapshots: Snapshot[], ids: Id[]): void {
  assert.ok(Array.isArray(snapshots), 'snapshots must be a list');
  assert.deepEqual(snapshots.map((one) => one.invoiceId).sort(), [...ids].sort(), 'one snapshot for each invoice');
  assert.deepEqual(JSON.parse(JSON.stringify(snapshots)), snapshots, 'snapshots are stored as JSON: only plain values');
}

const open = async ({ knex, host }: ContractFixture, customerId: Id): Promise<Id[]> =>
  (await host.findCandidates(knex, { customerId, restrict: () => undefined })).map((head) => head.id);

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
    assert.deepEqual(await open(fixture, mine), [other], 'cancelled invoices are no candidates');
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
      assert.deepEqual(await open(fixture, mine), [other]);
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

// ---------------------------------------------------------------- numbers

const TOKEN = /\{(seq|yyyy|yy|mm)(?::(\d+))?\}/g;

/** The number that a pattern gives on 2026-03-20. */
function composed(pattern: NumberPattern, sequence: number): string {
  const parts: Record<string, string> = { yyyy: '2026', yy: '26', mm: '03' };
  return pattern.replace(TOKEN, (_all, name: string, width?: string) =>
    name === 'seq' ? String(sequence).padStart(Number(width ?? 0), '0') : (parts[name] ?? ''),
  );
}

/** The sequence number of a number that fits the pattern on 2026-03-20. */
function sequenceOf(pattern: NumberPattern, number: string): number {
  const digits = /\d+/g;
  for (const match of number.matchAll(digits))
    for (let length = 1; length <= match[0].length; length++)
      for (let start = 0; start + length <= match[0].length; start++) {
        const sequence = Number(match[0].slice(start, start + length));
        if (composed(pattern, sequence) === number) return sequence;
      }
  return assert.fail(`${number} does not fit the pattern ${pattern}`);
}

const invoicePattern = ({ map }: HostCrm): NumberPattern | undefined => map.series?.invoice?.patterns[0];
const allocate = (
  fixture: ContractFixture,
  count: number,
  type: 'invoice' | 'credit_note' = 'invoice',
): Promise<string[]> => fixture.knex.transaction((trx) => fixture.host.allocateNumbers(trx, type, count, '2026-03-20'));

export const numberCases: ContractCase[] = [
  contractCase(
    'allocateNumbers gives consecutive numbers of the series, and none of them twice',
    async (fixture) => {
      const pattern = invoicePattern(fixture.host) ?? '';
      const numbers = [...(await allocate(fixture, 3)), ...(await allocate(fixture, 2))];
      const sequences = numbers.map((number) => sequenceOf(pattern, number));
      const [first = 0] = sequences;
      assert.deepEqual(sequences, [first, first + 1, first + 2, first + 3, first + 4], numbers.join(', '));
      assert.deepEqual(await allocate(fixture, 0), []);
    },
    (host) => invoicePattern(host) !== undefined,
  ),

  contractCase(
    'allocateNumbers goes on after the highest number that a document bears, and keeps the host’s own next number right',
    async (fixture) => {
      const { host, knex } = fixture;
      const pattern = invoicePattern(host) ?? '';
      const [last = ''] = await allocate(fixture, 1);
      const highest = sequenceOf(pattern, last) + 7;
      const id = await fixture.createInvoice(
        simple(host, await customer(fixture), { number: composed(pattern, highest), issueDate: '2026-03-20' }),
      );
      assert.equal(
        (await loadOne(fixture, knex, id)).number,
        composed(pattern, highest),
        'createInvoice must give the number asked for',
      );
      assert.deepEqual(await allocate(fixture, 2), [composed(pattern, highest + 1), composed(pattern, highest + 2)]);
      const next = host.map.series?.invoice?.next;
      if (next) {
        const [row] = await rows(knex, next.table, next.where);
        assert.equal(Number(row?.[next.column]), highest + 3, 'the next number of the host’s own setting');
      }
    },
    (host) => invoicePattern(host) !== undefined,
  ),

  contractCase(
    'allocateNumbers numbers credit notes in their own series',
    async (fixture) => {
      const pattern = fixture.host.map.series?.creditNote?.patterns[0] ?? '';
      const [first = '', second = ''] = await allocate(fixture, 2, 'credit_note');
      assert.equal(sequenceOf(pattern, second), sequenceOf(pattern, first) + 1);
    },
    ({ map }) => map.series?.creditNote !== undefined,
  ),
];

// ---------------------------------------------------------------- transaction and the host's own code

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
    const carried = await carriedFrom(fixture, knex, await loadOne(fixture, knex, issued));
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
      const carried = await carriedFrom(fixture, knex, await loadOne(fixture, knex, source));
      await knex.transaction(async (trx) => {
        await host.appendLines(trx, target, carried);
        await host.saveTotals(trx, target);
      });
      const before = await loadOne(fixture, knex, target);
      const lines = [
        ...simple(host, mine).lines,
        ...simple(host, mine).lines.map((line, index) => ({ ...line, key: carried[index]?.key })),
      ];
      await knex.transaction((trx) => fixture.saveInvoice(trx, target, simple(host, mine, { lines })));
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

  contractCase('The host’s own payment is seen, and settles an invoice', async (fixture) => {
    const { host, knex } = fixture;
    const mine = await customer(fixture);
    const id = await fixture.createInvoice(simple(host, mine));
    const { total } = await loadOne(fixture, knex, id);
    await fixture.pay(id, total);
    const paid = await loadOne(fixture, knex, id);
    assert.deepEqual([paid.status, paid.payments.count, Number(paid.payments.sum)], ['paid', 1, Number(total)]);
    assert.deepEqual(await open(fixture, mine), [], 'a paid invoice is no candidate');
  }),

  contractCase('The host’s own delete leaves nothing of an invoice', async (fixture) => {
    const { host, knex } = fixture;
    const remove = fixture.deleteInvoice;
    if (!remove) return;
    const mine = await customer(fixture);
    const id = await fixture.createInvoice(simple(host, mine, { status: 'draft' }));
    await knex.transaction((trx) => remove(trx, id));
    assert.deepEqual(await host.loadInvoices(knex, [id]), []);
    assert.deepEqual(await open(fixture, mine), []);
    assert.deepEqual(await lineRows(fixture, knex, id), []);
  }),
];
