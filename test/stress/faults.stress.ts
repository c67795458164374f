/** Every statement of a merge, an undo and a correction, and their COMMIT, broken before and after: all as it was, or all done. */
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { openMerging, type MergingFixture } from '../support/merging-fixture';
import { breakEverywhere, correcting, merging, offerAll, undoing, type Breakable } from '../merging/fault-scenarios';
import { say } from './seed';

const acts: [string, (fixture: MergingFixture) => Promise<Breakable>][] = [
  ['a merge that cancels', (fixture) => merging(fixture, 'cancel')],
  ['a merge that deletes', (fixture) => merging(fixture, 'delete')],
  ['a merge with credit notes', (fixture) => merging(fixture, 'credit')],
  ['the undo of a merge that cancelled', (fixture) => undoing(fixture, 'cancel')],
  ['the undo of a merge that deleted', (fixture) => undoing(fixture, 'delete')],
  ['the correction of a merge with credit notes', (fixture) => correcting(fixture)],
];

describe.each(eachDatabase)('on %s', (name, createDatabase) => {
  it.each(acts)(
    '%s leaves the whole database as it was, whatever breaks it, and can be done then',
    async (what, make) => {
      const fixture = await openMerging(await createDatabase(), crmHost());
      await offerAll(fixture);
      const { broken, counted, faults, statements } = await breakEverywhere(fixture, () => make(fixture), 1);
      say(`${faults} faults in ${statements} statements and COMMIT of ${what}, on ${name}`);
      // The last one lost the answer of a COMMIT that was done.
      const whole = await fixture.load(broken.target);
      expect(whole.totals).toEqual((await fixture.load(counted.target)).totals);
      // Once again and another time: the act itself goes through where nothing breaks it.
      await (await make(fixture)).attempt();
      await fixture.close();
    },
  );
});
