/** Hundreds of rounds of each race between two servers of the demo CRM, each on a Galera node of its own: no lock reaches across. */
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
} from '../concurrency/races';
import { creditOnBoth, demandNoGap, numbersOnBoth, undoAgainst } from '../concurrency/races-after';
import { createDatabaseOn, type TestDatabase } from '../support/databases';
import { startGalera, type GaleraCluster } from '../support/galera-cluster';
import { say } from './seed';

const ROUNDS = 200;
const YEAR = 2031;

describe('two servers on two Galera nodes', () => {
  let cluster: GaleraCluster;
  let database: TestDatabase;
  let servers: TwoServers;
  /** What the nodes refused, and the servers ran again. */
  const conflicts = { 'at COMMIT': 0, before: 0 };

  beforeAll(async () => {
    cluster = await startGalera();
    const [first, second] = cluster.nodes;
    database = await createDatabaseOn(first.url, 'mariadb');
    servers = await twoServers(database, {
      otherUrl: database.url.replace(first.url, second.url),
      settled: cluster.settled,
    });
    for (const handle of servers.handles)
      handle.on('query-error', ({ errno }: { errno?: number }, { sql }: { sql: string }) => {
        if (errno === 1213) conflicts[/^COMMIT/i.test(sql) ? 'at COMMIT' : 'before'] += 1;
      });
    const path = '/invoice-merge/api/settings';
    const { body } = await servers.one.json<Record<string, unknown>>('GET', path);
    const issued = { offered: ['cancel', 'delete', 'credit'], default: 'cancel' };
    await servers.one.json('PUT', path, { ...body, issued });
  });
  afterAll(async () => {
    await servers.close();
    await database.close();
    await cluster.stop();
  });

  it.each([
    ['one source into two targets: exactly one gets it', oneSourceTwoTargets],
    ['crossed targets and sources: exactly one gets through', crossedPairs],
    ['a merge against a payment of its source: one of both, neither lost', mergeAgainstPayment],
    ['the same create form twice: one invoice, one number', sameFormTwice],
    ['two merges into one target', twoMergesOneTarget],
    ['an undo against another, a merge of its target, a payment of its target', undoAgainst],
    ['two merges with credit notes: each under a number of its own', creditOnBoth],
    [
      'two new invoices: each under a number of its own',
      (on: TwoServers, round: number) => numbersOnBoth(on, round, YEAR),
    ],
  ] as const)(`${ROUNDS} rounds of %s`, async (title, race) => {
    const before = { ...conflicts };
    const counts = await runRounds(ROUNDS, (round) => race(servers, round));
    const outcomes = [...counts].sort().map(([outcome, count]) => `${count} x ${outcome}`);
    const refused = (['at COMMIT', 'before'] as const).map((when) => `${conflicts[when] - before[when]} ${when}`);
    say(
      `${total(counts)} rounds on two nodes of ${title} (run again: ${refused.join(', ')})\n  ${outcomes.join('\n  ')}`,
    );
    expect(total(counts)).toBe(ROUNDS);
    expect(conflicts['at COMMIT'] - before['at COMMIT']).toBeGreaterThan(0);
  });

  it('has given every number of both series once, without a gap', async () => {
    await cluster.settled();
    const { knex } = database;
    demandNoGap((await knex('crm_invoices').where('ref', 'like', `FA-${YEAR}-%`).pluck('ref')) as string[]);
    demandNoGap(
      (await knex('im_merge_sources').whereNotNull('credit_note_number').pluck('credit_note_number')) as string[],
    );
  });
});
