/** Hundreds of random sequences of acts on numbers: after each act the pages say what the documents say. */
import fc from 'fast-check';
import { hostWith, openNumbers, type NumbersFixture } from '../numbering/numbers-fixture';
import { acts, player } from '../numbering/random-acts';
import { createDatabase } from '../support/databases';
import { say, SEED } from './seed';

const RUNS = { sqlite: 300, mariadb: 80 } as const;

describe.each(['sqlite', 'mariadb'] as const)('numbers by hand on %s', (name) => {
  let fixture: NumbersFixture;
  beforeAll(async () => {
    fixture = await openNumbers(await createDatabase(name), hostWith({ patterns: ['FA-{yyyy}-{seq:5}'] }));
  });
  afterAll(() => fixture.close());

  it(`${RUNS[name]} sequences of creating, deleting, merging, giving, freeing, explaining, taking back`, async () => {
    let year = 2030;
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(acts, async (wanted) => {
        const { run, done } = player(fixture, (year += 1));
        await run(wanted);
        for (const one of done) outcomes.set(one, (outcomes.get(one) ?? 0) + 1);
      }),
      { numRuns: RUNS[name], seed: SEED, endOnFailure: true },
    );
    const list = [...outcomes].sort().map(([outcome, count]) => `${count} x ${outcome}`);
    say(`${RUNS[name]} sequences of acts on numbers on ${name} (STRESS_SEED=${SEED})\n  ${list.join('\n  ')}`);
    for (const act of ['remove', 'merge', 'undoMerge', 'give', 'free', 'undoChange'])
      expect(outcomes.get(`${act} 200`)).toBeGreaterThan(5);
  });
});
