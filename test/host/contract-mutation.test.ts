import { hostContract } from 'crm-invoice-merge/contract';
import type { HostCrm } from '../../plugin/host/contract';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { eachHost, install } from '../support/hosts';
import { contractFixture } from './contract-fixture';

type FunctionName = Exclude<keyof HostCrm, 'map'>;

/** Each function as it would be if somebody returned early, and the cases that must notice (those that apply to the host). */
const IDLE: { [name in FunctionName]: { answer: () => unknown; caughtBy: string[] } } = {
  findCandidates: {
    answer: async () => [],
    caughtBy: [
      'findCandidates lists all open documents of the customers, oldest first, and nobody else’s',
      'findCandidates reports what eligibility is judged from',
      'findCandidates leaves out the invoice in hand',
      'findCandidates searches by number, by amount and by the text of the lines',
      'findCandidates shows a person only what restrict lets through',
    ],
  },
  loadInvoices: {
    answer: async () => [],
    caughtBy: [
      'loadInvoices gives the lines in their order, with their taxes',
      'loadInvoices gives totals that are right to the cent',
      'loadInvoices gives the discount of the document, and totals that count it',
      'loadInvoices gives the allowances and charges of the document',
      'loadInvoices gives the adjustment, and totals that count it',
      'loadInvoices leaves out ids that do not exist, and mixes nothing up between invoices',
      'loadInvoices gives a version that only changes with the content',
      'loadInvoices gives another version when anything mapped is changed',
    ],
  },
  touchInvoices: {
    answer: async () => undefined,
    caughtBy: ['touchInvoices writes the counter of all of them with one UPDATE, and nothing else'],
  },
  appendLines: {
    answer: async () => undefined,
    caughtBy: [
      'appendLines puts the lines after the target’s own, with taxes, and says where each came from',
      'appendLines keeps a carried discount as a line of quantity -1 without a source line',
      'appendLines keeps two taxes of one line, and the zero quantity of a heading',
      'appendLines keeps the allowances and charges of a line',
    ],
  },
  removeLines: {
    answer: async () => undefined,
    caughtBy: ['removeLines takes the lines out with everything that belongs to them, and no others'],
  },
  updateInvoice: {
    answer: async () => undefined,
    caughtBy: [
      'updateInvoice issues a draft: number, status and dates',
      'updateInvoice sets the discount of a document, and takes it off',
      'updateInvoice sets the adjustment',
      'updateInvoice replaces the allowances and charges of a document',
      'updateInvoice raises the reminder level',
    ],
  },
  moveLinks: {
    answer: async () => [],
    caughtBy: [
      'moveLinks moves all rows of a source to the target, and restoreLinks gives all of them back',
      'moveLinks takes along the links of several sources, and leaves the target’s own in place',
      'moveLinks gives each carried line the links of its own source line',
      'moveLinks copies what the source keeps, and restoreLinks takes the copies away',
      'moveLinks copies to each carried line what its own source line keeps, and restoreLinks takes the copies away',
      'moveLinks leaves the target its own where an invoice bears one only, and restoreLinks changes none of it',
      'moveLinks drops a row that the target already has, and restoreLinks brings it back',
    ],
  },
  restoreLinks: {
    answer: async () => [],
    caughtBy: [
      'moveLinks moves all rows of a source to the target, and restoreLinks gives all of them back',
      'moveLinks gives each carried line the links of its own source line',
      'moveLinks copies what the source keeps, and restoreLinks takes the copies away',
      'moveLinks copies to each carried line what its own source line keeps, and restoreLinks takes the copies away',
      'restoreLinks leaves, and names, a copy that was changed since',
      'restoreLinks leaves, and names, a link that points elsewhere by now',
    ],
  },
  cancelInvoices: {
    answer: async () => [],
    caughtBy: [
      'cancelInvoices cancels drafts and issued invoices, and uses up no number',
      'restoreInvoices puts cancelled invoices back as they were',
    ],
  },
  deleteInvoices: {
    answer: async () => [],
    caughtBy: [
      'deleteInvoices takes invoices away with their lines, taxes and owned rows, and no others',
      'restoreInvoices inserts deleted invoices again, row for row with the same ids',
    ],
  },
  creditInvoices: {
    answer: async () => [],
    caughtBy: [
      'creditInvoices issues one credit note per invoice, in their order, with number, date and the invoice’s amounts',
      'creditInvoices gives each credit note its own invoice’s lines and taxes',
      'creditInvoices applies the credit note to its invoice, which is open no more, keeps number and lines and is not cancelled',
    ],
  },
  createDrafts: {
    answer: async () => [],
    caughtBy: [
      'createDrafts opens a draft for each part of an invoice, without number, with its lines and taxes, and leaves the invoice alone',
    ],
  },
  restoreInvoices: {
    answer: async () => undefined,
    caughtBy: [
      'restoreInvoices puts cancelled invoices back as they were',
      'restoreInvoices inserts deleted invoices again, row for row with the same ids',
    ],
  },
  saveTotals: {
    answer: async () => undefined,
    caughtBy: [
      'saveTotals stores and answers the totals of the lines as they are now',
      'saveTotals lets the status follow the payments, and a draft stay a draft',
    ],
  },
  allocateNumbers: {
    answer: async () => [],
    caughtBy: [
      'allocateNumbers gives consecutive numbers of the series, and goes on after them once documents bear them',
      'allocateNumbers goes on after the highest number that a document bears, and keeps the host’s own next number right',
    ],
  },
  recordPayment: {
    answer: async () => '1',
    caughtBy: ['recordPayment stores a payment of this invoice, which its totals and status then follow'],
  },
  createSale: {
    answer: async () => ({ invoiceId: '1', number: null }),
    caughtBy: ['createSale makes an open, numbered invoice of the basket, which its payment then settles'],
  },
  invoiceUrl: { answer: () => '', caughtBy: ['invoiceUrl gives each page of an invoice its address'] },
};

it('names only cases that the contract suite has', () => {
  const titles = hostContract().map(({ title }) => title);
  expect(Object.values(IDLE).flatMap(({ caughtBy }) => caughtBy.filter((title) => !titles.includes(title)))).toEqual(
    [],
  );
});

describe.each(eachHost)('the contract suite on the host %s', (_host, makeHost) => {
  const testHost = makeHost();

  const functions = (Object.keys(IDLE) as FunctionName[]).filter((name) => testHost.host[name] !== undefined);

  describe.each(eachDatabase)('on %s', (_name, createDatabase) => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createDatabase();
      await install(database.knex, testHost);
    });
    afterAll(() => database.close());

    it.each(functions)('fails in the cases about %s when it returns early', async (name) => {
      const { answer, caughtBy } = IDLE[name];
      const adapter = { ...testHost.host, [name]: answer };
      const about = hostContract(adapter).filter(({ title }) => caughtBy.includes(title));
      const failed: string[] = [];
      for (const { title, run } of about)
        await run(contractFixture(database.knex, testHost, adapter)).catch(() => failed.push(title));
      expect(about).not.toEqual([]);
      expect(failed).toEqual(about.map(({ title }) => title));
    });
  });
});
