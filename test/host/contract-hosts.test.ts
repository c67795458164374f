import { hostContract } from 'crm-invoice-merge/contract';
import { checkHost } from '../../plugin/host/check';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { eachHost, install } from '../support/hosts';
import { contractFixture } from './contract-fixture';

describe.each(eachHost)('the host %s', (_host, makeHost) => {
  const testHost = makeHost();

  describe.each(eachDatabase)('on %s', (_name, createDatabase) => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createDatabase();
      await install(database.knex, testHost);
    });
    afterAll(() => database.close());

    it('has nothing that checkHost finds wrong', async () => {
      expect(await checkHost(database.knex, testHost.map)).toEqual({ ok: true, faults: [] });
    });

    for (const { title, run } of hostContract(testHost.host))
      it(title, () => run(contractFixture(database.knex, testHost)));
  });
});
