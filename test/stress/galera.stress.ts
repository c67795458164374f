/** Hundreds of rounds of each race between two servers of the demo CRM, each on a Galera node of its own: no lock reaches across. */
import {
  crossedPairs,
  line,
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
import { openDatabase } from '../../demo/database';
import { migrate, pending } from '../../migrations';
import type { DemoClient, DemoInvoice } from '../demo/demo-client';
import { createHost, map, schemaText } from '../migrations/host';
import { eventually } from '../support/eventually';
import { createDatabaseOn, type TestDatabase } from '../support/databases';
import { startGalera, untilReady, type GaleraCluster } from '../support/galera-cluster';
import { giveAgainstAllocation, giveAgainstUndo, sameNumberTwice } from '../numbering/races';
import { say } from './seed';

const ROUNDS = 200;
const MIGRATIONS = 25;
/** A series that nothing else numbers; the next year's too. */
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
    for (const { knex } of servers.demos)
      knex.on('query-error', ({ errno }: { errno?: number }, { sql }: { sql: string }) => {
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
    ['one number for two invoices', (on: TwoServers, round: number) => sameNumberTwice(on, round, YEAR + 10)],
    [
      'the number of a merged invoice given away, and its merge undone',
      (on: TwoServers, round: number) => giveAgainstUndo(on, round, YEAR + 11),
    ],
    [
      'a gap filled, and a new invoice numbered',
      (on: TwoServers, round: number) => giveAgainstAllocation(on, round, YEAR + 12),
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
    // Nodes that never clashed would have proved nothing.
    expect(conflicts['at COMMIT'] + conflicts.before).toBeGreaterThan(before['at COMMIT'] + before.before);
  });

  it('has given every number of both series once, without a gap', async () => {
    await cluster.settled();
    const { knex } = database;
    demandNoGap((await knex('crm_invoices').where('ref', 'like', `FA-${YEAR}-%`).pluck('ref')) as string[]);
    const credits = knex('im_merge_sources').whereNotNull('credit_note_number').pluck('credit_note_number');
    demandNoGap((await credits) as string[]);
    expect(conflicts['at COMMIT']).toBeGreaterThan(0);
  });

  it('gives numbers to eight connections at once, and sends nobody back', async () => {
    const { demos } = servers;
    const given: string[] = [];
    const workers = Array.from({ length: 8 }, (_none, index) => index);
    let next = 0;
    await Promise.all(
      workers.map(async (worker) => {
        const { merge } = demos[worker % 2 === 0 ? 0 : 1];
        while ((next += 1) <= ROUNDS)
          given.push(
            ...(await merge.transaction((trx) => merge.numbers.allocate(trx, 'invoice', 1, `${YEAR + 1}-06-30`))),
          );
      }),
    );
    expect(given).toHaveLength(ROUNDS);
    demandNoGap(given);
  });

  it('migrates from both nodes at once: every step by exactly one of them, and both show one whole schema', async () => {
    const [first, second] = cluster.nodes;
    const alone = await createDatabaseOn(first.url, 'mariadb');
    await createHost(alone.knex, 'mariadb');
    const steps = await migrate(alone.knex, map);
    const whole = await schemaText(alone.knex, 'mariadb');
    await alone.close();
    for (let round = 0; round < MIGRATIONS; round += 1) {
      const here = await createDatabaseOn(first.url, 'mariadb');
      await createHost(here.knex, 'mariadb');
      await cluster.settled();
      const there = openDatabase(here.url.replace(first.url, second.url));
      const applied = await Promise.all([migrate(here.knex, map), migrate(there, map)]);
      await cluster.settled();
      expect(applied.flat().sort()).toEqual([...steps].sort());
      expect(await schemaText(here.knex, 'mariadb')).toEqual(whole);
      expect(await schemaText(there, 'mariadb')).toEqual(whole);
      expect([await pending(here.knex, map), await pending(there, map)]).toEqual([[], []]);
      await there.destroy();
      await here.close();
    }
    say(`${MIGRATIONS} migrations from two nodes at once`);
  });

  it('answers 503 while the nodes do not see each other, and goes on once they do', async () => {
    const [, second] = cluster.nodes;
    const customerId = await servers.one.customer('Cut off');
    const { id } = await servers.one.invoice(customerId, { lines: [line('before', '10.00')] });
    await second.isolate(true);
    for (const { merge } of servers.demos)
      await eventually(() =>
        expect(merge.transaction((trx) => merge.guard(trx, id, 'edit'))).rejects.toMatchObject({
          code: 'IM_RETRY_EXHAUSTED',
          status: 503,
        }),
      );
    await second.isolate(false);
    for (const node of cluster.nodes) await untilReady(node, '2');
    for (const { merge } of servers.demos) await merge.transaction((trx) => merge.guard(trx, id, 'edit'));
  });

  it('has lost nothing that it answered once a node is dead and the other goes on alone', async () => {
    const [first, second] = cluster.nodes;
    const customerId = await servers.one.customer('Killed');
    await cluster.settled();
    const answered: string[] = [];
    let isDead = false;
    const write = async (client: DemoClient): Promise<void> => {
      for (let n = 0; !isDead; n += 1) {
        const form = { customerId, lines: [line(`${client.url} ${n}`, '10.00')] };
        const { status, body } = await client.json<DemoInvoice>('POST', '/api/invoices', form);
        if (status === 201) answered.push(body.id);
        if (answered.length === 40) {
          isDead = true;
          await second.stop();
        }
      }
    };
    await Promise.all([write(servers.one), write(servers.other)]);
    await eventually(async () => expect(await first.status('wsrep_cluster_status')).toBe('non-Primary'));
    await first.goOnAlone();
    await untilReady(first, '1');
    const kept = await database.knex('crm_invoices').where({ client_id: customerId }).pluck<number[]>('id');
    expect(kept.map(String)).toEqual(expect.arrayContaining(answered));
    await servers.one.invoice(customerId, { lines: [line('alone', '10.00')] });
  });
});
