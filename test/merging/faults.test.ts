import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { openMerging, type MergingFixture } from '../support/merging-fixture';
import { breakEverywhere, merging, offerAll } from './fault-scenarios';

/** Every statement of every act is broken by `npm run test:stress`; here every seventh. */
const EVERY = 7;

const LEFT = { cancel: ['annulee', 'annulee', 'annulee'], delete: [], credit: ['avoir', 'avoir'] };

describe.each(eachDatabase)('a save that breaks at any statement, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
    await offerAll(fixture);
  });
  afterAll(() => fixture.close());

  test.each(['cancel', 'delete', 'credit'] as const)(
    'T11 leaves everything as it was, or the merge whole, settlement %s',
    async (how) => {
      const { broken, counted, faults, statements } = await breakEverywhere(
        fixture,
        () => merging(fixture, how),
        EVERY,
      );
      console.log(`${fixture.database.name}, ${how}: ${faults} faults in ${statements} statements and COMMIT`);

      // The last fault lost the answer of a COMMIT that was done: the merge is whole, and asking again tells so.
      const whole = await fixture.load(broken.target);
      expect(whole.lines.map(({ description }) => description)).toEqual(['Own', 'Own too', 'A', 'B', 'C', 'D']);
      expect(whole.totals).toEqual((await fixture.load(counted.target)).totals);
      expect(await broken.attempt()).toMatchObject({
        invoiceId: broken.target,
        replayed: true,
        merge: { targetId: broken.target },
      });
      expect(await fixture.knex('app_factures').whereIn('id', broken.sources).pluck('statut')).toEqual(LEFT[how]);
      const [made] = await fixture.rows('im_merges', { target_id: broken.target });
      expect(await fixture.rows('im_merge_sources', { merge_id: made?.id })).toHaveLength(3);
    },
    // Two saves for each statement of a save: how long that takes says nothing.
    120_000,
  );
});
