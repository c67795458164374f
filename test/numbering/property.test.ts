import fc from 'fast-check';
import { eachDatabase } from '../support/databases';
import { hostWith, openNumbers, type NumbersFixture } from './numbers-fixture';
import { acts, player } from './random-acts';

/** The long campaign is test/stress/numbers-acts.stress.ts. */
const RUNS = { sqlite: 6, mariadb: 3, mysql: 3 };

describe.each(eachDatabase)('random acts on numbers on %s', (name, createDatabase) => {
  let fixture: NumbersFixture;
  beforeAll(async () => {
    fixture = await openNumbers(await createDatabase(), hostWith({ patterns: ['FA-{yyyy}-{seq:5}'] }));
  });
  afterAll(() => fixture.close());

  test('the page says after each what the documents say: create, delete, merge, give, free, explain, undo', async () => {
    let year = 2030;
    const succeeded = new Set<string>();
    await fc.assert(
      fc.asyncProperty(acts, async (wanted) => {
        const { run, done } = player(fixture, (year += 1));
        await run(wanted);
        done.filter((one) => / 20[01]$/.test(one)).forEach((one) => succeeded.add(one.split(' ')[0] ?? ''));
      }),
      { numRuns: RUNS[name], endOnFailure: true },
    );
    // Acts that were all refused would have proved nothing.
    if (name === 'sqlite') expect([...succeeded]).toEqual(expect.arrayContaining(['create', 'merge']));
  });
});
