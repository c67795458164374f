import { hostContract } from 'crm-invoice-merge/contract';
import type { HostCrm } from '../../plugin/host/contract';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { testHosts } from '../support/hosts';
import { contractFixture, mount } from './contract-fixture';

type FunctionName = Exclude<keyof HostCrm, 'map'>;

/** Each function as it would be if somebody returned early: what it answers has the right shape and says nothing. */
const IDLE: { [name in FunctionName]: () => unknown } = {
  findCandidates: async () => [],
  loadInvoices: async () => [],
  touchInvoices: async () => undefined,
  appendLines: async () => undefined,
  removeLines: async () => undefined,
  updateInvoice: async () => undefined,
  createDrafts: async () => [],
  moveLinks: async () => [],
  restoreLinks: async () => [],
  cancelInvoices: async () => [],
  deleteInvoices: async () => [],
  restoreInvoices: async () => undefined,
  creditInvoices: async () => [],
  saveTotals: async () => undefined,
  allocateNumbers: async () => [],
  recordPayment: async () => '',
  createSale: async () => ({ invoiceId: '', number: null }),
  invoiceUrl: () => '',
};

/** For each function, a case that is about it and must be among those that fail. */
const CAUGHT_BY: { [name in FunctionName]?: string } = {};

describe.each(testHosts.map((host) => [host.name, host] as const))(
  'the contract suite on the host %s',
  (_host, testHost) => {
    const functions = (Object.keys(IDLE) as FunctionName[]).filter((name) => testHost.host[name] !== undefined);

    describe.each(eachDatabase.slice(0, 1))('on %s', (_name, createDatabase) => {
      let database: TestDatabase;
      beforeAll(async () => {
        database = await createDatabase();
        await mount(database.knex, testHost);
      });
      afterAll(() => database.close());

      it.each(functions)('fails a named case when %s returns early', async (name) => {
        const adapter = { ...testHost.host, [name]: IDLE[name] } as HostCrm;
        const failed: string[] = [];
        for (const { title, run } of hostContract(adapter))
          await run(contractFixture(database.knex, testHost, adapter)).catch(() => failed.push(title));
        console.log(name, failed);
        expect(failed).toContain(CAUGHT_BY[name]);
      });
    });
  },
);
