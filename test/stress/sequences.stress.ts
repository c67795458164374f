/** Random sequences of creating, editing, merging, paying and deleting: what must hold is looked at after every step. */
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install, rewritingHost } from '../support/hosts';
import { chance, say, SEED } from './seed';
import { createWorld, type World } from './world';

const SEQUENCES = 6;
const STEPS = 70;

describe.each([
  ['crm', crmHost],
  ['rewriting', rewritingHost],
])('the %s host', (hostName, makeHost) => {
  describe.each(eachDatabase)('on %s', (name, createDatabase) => {
    let database: TestDatabase;
    const counts = new Map<string, number>();
    beforeAll(async () => {
      database = await createDatabase();
      await install(database.knex, makeHost());
    });
    afterAll(async () => {
      await database.close();
      const list = [...counts].sort().map(([what, count]) => `${count} x ${what}`);
      say(`Sequences on ${hostName}, ${name} (STRESS_SEED=${SEED})\n  ${list.join('\n  ')}`);
    });

    it.each(Array.from({ length: SEQUENCES }, (_none, index) => index + 1))(
      `sequence %i of ${STEPS} steps: nothing owed, listed, linked or numbered wrongly after any of them`,
      async (sequence) => {
        const luck = chance(`${hostName} ${sequence}`);
        const world: World = await createWorld(database.knex, makeHost(), luck);
        const done: string[] = [];
        for (let step = 1; step <= STEPS; step += 1) {
          try {
            const outcome = await world.step();
            done.push(outcome);
            counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
            await world.demandInvariants();
          } catch (error) {
            throw new Error(
              `STRESS_SEED=${SEED}, step ${step} after ${done.slice(-5).join(', ')}: ${
                error instanceof Error ? (error.stack ?? error.message) : String(error)
              }`,
              { cause: error },
            );
          }
        }
      },
    );
  });
});
