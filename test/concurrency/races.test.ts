/** A few rounds of each race, on every test run; `npm run test:stress` runs hundreds. */
import { createDatabase, type TestDatabase } from '../support/databases';
import {
  crossedPairs,
  mergeAgainstPayment,
  oneSourceTwoTargets,
  runRounds,
  sameFormTwice,
  total,
  twoMergesOneTarget,
  twoServers,
  type TwoServers,
} from './races';

const ROUNDS = 8;

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
    ['T10 merge one source into two targets: exactly one gets it', oneSourceTwoTargets],
    ['merge crossed targets and sources: exactly one gets through, and no deadlock reaches a person', crossedPairs],
    ['merge a source and take a payment for it: one of both, and neither is lost', mergeAgainstPayment],
    ['T12 save the same create form: one invoice with one number', sameFormTwice],
    [
      'merge two sources into one target: the older form is refused, saves without a version both arrive',
      twoMergesOneTarget,
    ],
  ] as const)('%s', async (_title, race) => {
    expect(total(await runRounds(ROUNDS, (round) => race(servers, round)))).toBe(ROUNDS);
  });
});
