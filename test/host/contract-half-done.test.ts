/** Adapters whose functions do most of their work: the contract suite must see what they leave out. */
import { hostContract } from 'crm-invoice-merge/contract';
import type { HostCrm } from '../../plugin/host/contract';
import { knexHost } from '../../plugin/host/knex-host';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install, perfexLikeHost, type TestHost } from '../support/hosts';
import { contractFixture } from './contract-fixture';

type HalfDone = (whole: HostCrm) => Partial<HostCrm>;

const ON_CRM: [string, string, HalfDone][] = [
  [
    'findCandidates that gives the newest first',
    'findCandidates lists all open documents of the customers, oldest first, and nobody else’s',
    (whole) => ({ findCandidates: async (db, q) => (await whole.findCandidates(db, q)).reverse() }),
  ],
  [
    'findCandidates that ignores what a person may see',
    'findCandidates shows a person only what restrict lets through',
    (whole) => ({ findCandidates: (db, q) => whole.findCandidates(db, { ...q, restrict: () => undefined }) }),
  ],
  [
    'loadInvoices whose version is that of the first reading',
    'loadInvoices gives another version when anything mapped is changed',
    (whole) => ({
      loadInvoices: async (db, ids) => (await whole.loadInvoices(db, ids)).map((one) => ({ ...one, version: one.id })),
    }),
  ],
  [
    'loadInvoices that asks once for each invoice',
    'findCandidates and loadInvoices need no more statements for many invoices than for few',
    (whole) => ({
      loadInvoices: async (db, ids) => {
        const all = [];
        for (const id of ids) all.push(...(await whole.loadInvoices(db, [id])));
        return all;
      },
    }),
  ],
  [
    'touchInvoices that locks the first only',
    'touchInvoices writes the counter of all of them with one UPDATE, and nothing else',
    (whole) => ({ touchInvoices: (trx, ids) => whole.touchInvoices(trx, ids.slice(0, 1)) }),
  ],
  [
    'touchInvoices that only reads for update',
    'touchInvoices writes the counter of all of them with one UPDATE, and nothing else',
    ({ map }) => ({
      touchInvoices: async (trx, ids) => {
        await trx(map.invoices.table).whereIn(map.invoices.id, ids).forUpdate();
      },
    }),
  ],
  [
    'appendLines that forgets the tax',
    'appendLines puts the lines after the target’s own, with taxes, and says where each came from',
    (whole) => ({
      appendLines: (trx, id, lines) =>
        whole.appendLines(
          trx,
          id,
          lines.map((line) => ({ ...line, taxes: [] })),
        ),
    }),
  ],
  [
    'appendLines that leaves the host’s own columns of a line behind',
    'appendLines puts the lines after the target’s own, with taxes, and says where each came from',
    ({ map }) => {
      const other = knexHost({ ...map, lines: { ...map.lines, copy: [] } });
      return { appendLines: (trx, id, lines) => other.appendLines(trx, id, lines) };
    },
  ],
  [
    'appendLines that inserts line by line',
    'appendLines needs no more statements for many lines than for few',
    (whole) => ({
      appendLines: async (trx, id, lines) => {
        for (const line of lines) await whole.appendLines(trx, id, [line]);
      },
    }),
  ],
  [
    'updateInvoice that forgets the due date',
    'updateInvoice issues a draft: number, status and dates',
    (whole) => ({
      updateInvoice: (trx, id, { dueDate: _forgotten, ...change }) => whole.updateInvoice(trx, id, change),
    }),
  ],
  [
    'moveLinks that moves the first row only, as Perfex does',
    'moveLinks moves all rows of a source to the target, and restoreLinks gives all of them back',
    (whole) => ({
      moveLinks: async (trx, from, target) => {
        const [first, ...rest] = await whole.moveLinks(trx, from, target);
        await whole.restoreLinks(trx, rest);
        return first ? [first] : [];
      },
    }),
  ],
  [
    'moveLinks that gives all links of lines to one line',
    'moveLinks gives each carried line the links of its own source line',
    (whole) => ({
      moveLinks: (trx, { invoiceIds, lineIds }, target) =>
        whole.moveLinks(trx, { invoiceIds, lineIds: lineIds.map(([from]) => [from, lineIds[0]?.[1] ?? '']) }, target),
    }),
  ],
  [
    'cancelInvoices that forgets the note',
    'cancelInvoices cancels drafts and issued invoices, and uses up no number',
    (whole) => ({ cancelInvoices: (trx, ids) => whole.cancelInvoices(trx, ids, '') }),
  ],
  [
    'cancelInvoices that marks drafts as sent',
    'cancelInvoices cancels drafts and issued invoices, and uses up no number',
    (whole) => ({
      cancelInvoices: async (trx, ids, note) => {
        const snapshots = await whole.cancelInvoices(trx, ids, note);
        const { table, id, sent } = whole.map.invoices;
        await trx(table)
          .whereIn(id, ids)
          .update({ [sent ?? '']: '2026-03-20' });
        return snapshots;
      },
    }),
  ],
  [
    'restoreInvoices that brings back no lines',
    'restoreInvoices inserts deleted invoices again, row for row with the same ids',
    (whole) => ({
      restoreInvoices: (trx, snapshots) =>
        whole.restoreInvoices(
          trx,
          snapshots.map(({ invoiceId, tables }) => ({ invoiceId, tables: { ...tables, [whole.map.lines.table]: [] } })),
        ),
    }),
  ],
  [
    'saveTotals that stores nothing',
    'saveTotals stores and answers the totals of the lines as they are now',
    (whole) => ({
      saveTotals: async (trx, id) => {
        const [invoice] = await whole.loadInvoices(trx, [id]);
        if (!invoice) throw new Error('gone');
        return { totals: invoice.totals, status: invoice.status };
      },
    }),
  ],
  [
    'allocateNumbers that counts on from a number it keeps to itself',
    'allocateNumbers goes on after the highest number that a document bears, and keeps the host’s own next number right',
    () => {
      let last = 90000;
      return {
        allocateNumbers: async (_trx, _type, count) => Array.from({ length: count }, () => `FA-2026-${++last}`),
      };
    },
  ],
  [
    'deleteInvoices that leaves the owned rows',
    'deleteInvoices takes invoices away with their lines, taxes and owned rows, and no others',
    (whole) => ({
      deleteInvoices: async (trx, ids) => {
        const [owned] = whole.map.owned;
        const kept = owned ? ((await trx(owned.table).whereIn(owned.invoice, ids)) as Record<string, unknown>[]) : [];
        const snapshots = await whole.deleteInvoices(trx, ids);
        if (owned) for (const row of kept) await trx(owned.table).insert(row);
        return snapshots;
      },
    }),
  ],
];

const ON_PERFEX_LIKE: [string, string, HalfDone][] = [
  [
    'moveLinks that gives an invoice two values of one custom field',
    'moveLinks leaves the target its own where an invoice bears one only, and restoreLinks changes none of it',
    ({ map }) => {
      const other = knexHost({ ...map, links: map.links.map(({ unique: _forgotten, ...link }) => link) });
      return { moveLinks: (trx, from, target) => other.moveLinks(trx, from, target) };
    },
  ],
  [
    'moveLinks that copies nothing to lines',
    'moveLinks copies to each carried line what its own source line keeps, and restoreLinks takes the copies away',
    (whole) => ({
      moveLinks: (trx, { invoiceIds }, target) => whole.moveLinks(trx, { invoiceIds, lineIds: [] }, target),
    }),
  ],
  [
    'restoreLinks that removes what somebody has written meanwhile',
    'restoreLinks leaves, and names, a copy that was changed since',
    (whole) => ({
      restoreLinks: async (trx, moved) => {
        const left = await whole.restoreLinks(trx, moved);
        for (const { link, row } of left) {
          const { table, id } = whole.map.links.find(({ name }) => name === link) ?? {};
          if (table && typeof id === 'string')
            await trx(table)
              .where({ [id]: row[id] as number })
              .delete();
        }
        return [];
      },
    }),
  ],
  [
    'removeLines that leaves the tax rows',
    'removeLines takes the lines out with everything that belongs to them, and no others',
    ({ map }) => ({
      removeLines: async (trx, _target, lineIds) => {
        await trx(map.lines.table).whereIn(map.lines.id, lineIds).delete();
      },
    }),
  ],
  [
    'removeLines that takes out all lines',
    'removeLines takes the lines out with everything that belongs to them, and no others',
    (whole) => ({
      removeLines: async (trx, target) => {
        const [invoice] = await whole.loadInvoices(trx, [target]);
        await whole.removeLines(trx, target, invoice?.lines.map((line) => line.id) ?? []);
      },
    }),
  ],
  [
    'appendLines that keeps one tax of two',
    'appendLines keeps two taxes of one line, and the zero quantity of a heading',
    (whole) => ({
      appendLines: (trx, id, lines) =>
        whole.appendLines(
          trx,
          id,
          lines.map((line) => ({ ...line, taxes: line.taxes.slice(0, 1) })),
        ),
    }),
  ],
];

describe.each([
  ['crm', crmHost, ON_CRM],
  ['perfex-like', perfexLikeHost, ON_PERFEX_LIKE],
] as [string, () => TestHost, [string, string, HalfDone][]][])(
  'the contract suite on the host %s',
  (_host, makeHost, halfDone) => {
    const testHost = makeHost();
    describe.each(eachDatabase)('on %s', (_name, createDatabase) => {
      let database: TestDatabase;
      beforeAll(async () => {
        database = await createDatabase();
        await install(database.knex, testHost);
      });
      afterAll(() => database.close());

      it.each(halfDone)('does not accept %s', async (_what, title, change) => {
        const adapter = { ...testHost.host, ...change(testHost.host) };
        const found = hostContract(adapter).find((one) => one.title === title);
        if (!found) throw new Error(`no case is called: ${title}`);
        await expect(found.run(contractFixture(database.knex, testHost, adapter))).rejects.toMatchObject({
          code: 'ERR_ASSERTION',
        });
      });
    });
  },
);
