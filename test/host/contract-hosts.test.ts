import { hostContract } from 'crm-invoice-merge/contract';
import { checkHost } from '../../plugin/host/check';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { testHosts } from '../support/hosts';
import { contractFixture, mount } from './contract-fixture';

describe.each(testHosts.map((host) => [host.name, host] as const))('the host %s', (_host, testHost) => {
  describe.each(eachDatabase)('on %s', (_name, createDatabase) => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createDatabase();
      await mount(database.knex, testHost);
    });
    afterAll(() => database.close());

    it('has nothing that checkHost finds wrong', async () => {
      expect(await checkHost(database.knex, testHost.map)).toEqual({ ok: true, faults: [] });
    });

    for (const { title, run } of hostContract(testHost.host))
      it(title, () => run(contractFixture(database.knex, testHost)));
  });
});
