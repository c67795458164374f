/** A few rounds of each race, on every test run; the stress tests run a hundred, also between two nodes of a cluster. */
import { runRounds, total, twoServers, type TwoServers } from '../concurrency/races';
import { createDatabase, type TestDatabase } from '../support/databases';
import { giveAgainstAllocation, giveAgainstUndo, sameNumberTwice } from './races';

const ROUNDS = 10;

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
    ['give one number to two invoices: one of them gets it', sameNumberTwice, 2041],
    ['give the number of a merged invoice and undo its merge: it is borne once', giveAgainstUndo, 2042],
    ['fill a gap and number a new invoice: each bears its own', giveAgainstAllocation, 2043],
  ] as const)('%s', async (_title, race, year) => {
    expect(total(await runRounds(ROUNDS, (round) => race(servers, round, year)))).toBe(ROUNDS);
  });
});
