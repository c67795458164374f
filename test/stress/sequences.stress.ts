/** Random sequences from two connections: what must hold is looked at after every step. */
import type { Knex } from 'knex';
import { createDatabase, type DatabaseName, type TestDatabase } from '../support/databases';
import { crmHost, install, perfexLikeHost, rewritingHost } from '../support/hosts';
import { mount, type Mounted } from './mounted';
import { say, SEED } from './seed';
import { ACTOR, createWorld, TODAY, type Rules } from './world';

interface SqliteConnection {
  pragma(text: string): unknown;
}

const SEQUENCES = 6;
const STEPS = 70;

const ALL = ['cancel', 'delete', 'credit'];
const NONE: Rules = { settlements: ALL, lawful: false };
// What is not offered is asked for too.
const FRANCE: Rules = { settlements: ['credit', 'credit', 'credit', 'cancel'], lawful: true };

/** One thread serves both connections: whoever waited inside the driver would keep the other from ever finishing. */
async function neverWait(knex: Knex): Promise<void> {
  const { pool } = knex.client as {
    pool: { on(event: string, told: (id: number, made: SqliteConnection) => void): void };
  };
  pool.on('createSuccess', (_id, connection) => void connection.pragma('busy_timeout = 0'));
  await knex.raw('PRAGMA busy_timeout = 0');
}

const campaigns = [
  { hostName: 'crm', makeHost: crmHost, preset: 'none', rules: NONE },
  { hostName: 'rewriting', makeHost: rewritingHost, preset: 'none', rules: NONE },
  { hostName: 'perfex-like', makeHost: perfexLikeHost, preset: 'none', rules: NONE },
  { hostName: 'crm', makeHost: crmHost, preset: 'france', rules: FRANCE },
  { hostName: 'perfex-like', makeHost: perfexLikeHost, preset: 'france', rules: FRANCE },
].flatMap((one) => (['sqlite', 'mariadb'] as DatabaseName[]).map((database) => ({ ...one, database })));

describe.each(campaigns)('the $hostName host under $preset on $database', (campaign) => {
  const { hostName, makeHost, preset, rules, database: name } = campaign;
  let database: TestDatabase;
  let servers: Mounted[];
  const counts = new Map<string, number>();
  beforeAll(async () => {
    database = await createDatabase(name);
    const other = database.connect();
    if (name === 'sqlite') for (const knex of [database.knex, other]) await neverWait(knex);
    const host = await install(database.knex, makeHost());
    servers = await Promise.all(
      [database.knex, other].map((knex) => mount(knex, host, ACTOR, () => new Date(`${TODAY}T10:00:00Z`))),
    );
    const settings = {
      ...{ enabled: true, preset, lockedUntil: null, directSaleInvoice: false, version: 0 },
      issued: { offered: ALL, default: 'cancel' },
      draft: { offered: ['cancel', 'delete'], default: 'cancel' },
      numbers: { fillGaps: true, freeCancelled: true },
    };
    expect(await servers[0]?.put('/api/settings', settings)).toBe(200);
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await database.close();
    const list = [...counts].sort().map(([what, count]) => `${count} x ${what}`);
    say(`Sequences on ${hostName} under ${preset}, ${name} (STRESS_SEED=${SEED})\n  ${list.join('\n  ')}`);
  });

  it.each(Array.from({ length: SEQUENCES }, (_none, index) => index + 1))(
    `sequence %i of ${STEPS} steps: nothing owed, listed, linked or numbered wrongly after any of them`,
    async (sequence) => {
      const world = await createWorld(servers, makeHost(), rules, `${hostName} ${preset} ${sequence}`);
      const done: string[] = [];
      for (let step = 1; step <= STEPS; step += 1) {
        try {
          const outcomes = await world.step();
          done.push(...outcomes);
          for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
          await world.demandInvariants();
        } catch (error) {
          const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
          throw new Error(`STRESS_SEED=${SEED}, step ${step} after ${done.slice(-5).join(', ')}: ${told}`, {
            cause: error,
          });
        }
      }
    },
  );
});
