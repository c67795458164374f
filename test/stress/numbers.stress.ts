/** Numbers given to eight connections at once, some of whose transactions roll back: distinct, and without a gap. */
import { createInvoiceMerge } from '../../plugin/create-plugin';
import type { TableMap } from '../../plugin/host/contract';
import { knexHost } from '../../plugin/host/knex-host';
import { createDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install } from '../support/hosts';
import { runRounds, total, twoServers, type TwoServers } from '../concurrency/races';
import { giveAgainstAllocation, giveAgainstUndo, sameNumberTwice } from '../numbering/races';
import { chance, say, SEED } from './seed';

const CONNECTIONS = 8;
const NUMBERS = 1000;
const ROUNDS = 100;
const DAY = '2026-11-21';
const ROLL_BACK = new Error('rolled back on purpose');

const { map } = crmHost();
const withoutSetting: TableMap = {
  ...map,
  series: { ...map.series, invoice: { patterns: map.series?.invoice?.patterns ?? [] } },
};

describe.each([
  ['a host with a next-number setting', map],
  ['a host without one', withoutSetting],
])('%s', (title, tableMap) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase('mariadb');
    await install(database.knex, crmHost());
  });
  afterAll(() => database.close());

  it(`gives ${NUMBERS} numbers to ${CONNECTIONS} connections, distinct and without a gap, whatever is rolled back`, async () => {
    const given: string[] = [];
    let rolledBack = 0;
    let unused = 0;
    const customer = await crmHost().createCustomer(database.knex, 'Numbers');

    const work = async (index: number): Promise<void> => {
      const knex = database.connect({ max: 1 });
      const luck = chance(`${title} ${index}`);
      const merge = createInvoiceMerge({
        mountPath: '/m',
        knex,
        host: knexHost(tableMap),
        actor: () => null,
        authorize: () => false,
      });
      while (given.length < NUMBERS) {
        const count = 1 + luck.upTo(3);
        const fate = luck.upTo(10);
        try {
          const numbers = await merge.transaction(async (trx) => {
            const allocated = await merge.numbers.allocate(trx, 'invoice', count, DAY);
            // A number may be given and not borne: it is not given again all the same.
            if (fate !== 9)
              await trx(map.invoices.table).insert(
                allocated.map((numero) => ({
                  client_id: customer,
                  numero,
                  statut: 'a_payer',
                  emise_le: DAY,
                  devise: 'EUR',
                })),
              );
            if (fate < 3) throw ROLL_BACK;
            return allocated;
          });
          given.push(...numbers);
          if (fate === 9) unused += count;
        } catch (error) {
          if (error !== ROLL_BACK) throw error;
          rolledBack += count;
        }
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_none, index) => work(index)));

    say(
      `${given.length} numbers to ${CONNECTIONS} connections on ${title}, ${rolledBack} more rolled back, ` +
        `${unused} given and not borne (STRESS_SEED=${SEED})`,
    );
    const expected = given.map((_number, index) => `FA-2026-${String(index + 1).padStart(5, '0')}`);
    expect([...given].sort()).toEqual(expected);
  });
});

describe('two servers on one MariaDB', () => {
  let database: TestDatabase;
  let servers: TwoServers;
  beforeAll(async () => {
    database = await createDatabase('mariadb');
    servers = await twoServers(database);
  });
  afterAll(async () => {
    await servers.close();
    await database.close();
  });

  it.each([
    ['one number for two invoices: one of them gets it', sameNumberTwice, 2041],
    ['the number of a merged invoice given away, and its merge undone: it is borne once', giveAgainstUndo, 2042],
    ['a gap filled, and a new invoice numbered: each bears its own', giveAgainstAllocation, 2043],
  ] as const)(`${ROUNDS} rounds of %s`, async (title, race, year) => {
    const counts = await runRounds(ROUNDS, (round) => race(servers, round, year));
    const outcomes = [...counts].sort().map(([outcome, count]) => `${count} x ${outcome}`);
    say(`${total(counts)} rounds of ${title}\n  ${outcomes.join('\n  ')}`);
    expect(total(counts)).toBe(ROUNDS);
  });
});
