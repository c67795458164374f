/** Hundreds of rounds of each race between two servers of the demo CRM on one MariaDB. */
import {
  crossedPairs,
  deadlocks,
  mergeAgainstPayment,
  oneSourceTwoTargets,
  runRounds,
  sameFormTwice,
  total,
  twoMergesOneTarget,
  twoServers,
  type TwoServers,
} from '../concurrency/races';
import { createDatabase, type TestDatabase } from '../support/databases';
import { say } from './seed';

const ROUNDS = 200;

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
    ['one source into two targets: exactly one gets it', oneSourceTwoTargets],
    ['crossed targets and sources: no deadlock reaches a person', crossedPairs],
    ['a merge against a payment of its source: one of both, neither lost', mergeAgainstPayment],
    ['the same create form twice: one invoice, one number', sameFormTwice],
    ['two merges into one target', twoMergesOneTarget],
  ] as const)(`${ROUNDS} rounds of %s`, async (title, race) => {
    const before = await deadlocks(servers);
    const counts = await runRounds(ROUNDS, (round) => race(servers, round));
    const outcomes = [...counts].sort().map(([outcome, count]) => `${count} x ${outcome}`);
    const broken = (await deadlocks(servers)) - before;
    say(`${total(counts)} rounds of ${title} (${broken} deadlocks)\n  ${outcomes.join('\n  ')}`);
    expect(total(counts)).toBe(ROUNDS);
    // The locking write comes first and in one order: whoever comes second waits, and nobody has to be sent back.
    expect(broken).toBe(0);
  });
});
