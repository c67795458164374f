/** Hundreds of rounds of random changes of one list by three servers at once, on each database. */
import { openBilling } from '../billing/billing-fixture';
import { oneOrder, shuffle } from '../billing/shuffling';
import { eachDatabase } from '../support/databases';
import { say, SEED } from './seed';

const ROUNDS = 300;

it.each(eachDatabase)(
  `${ROUNDS} rounds of attaching, detaching, archiving, restoring, ordering and undoing on %s: one order, Cash first`,
  async (name, createDatabase) => {
    const billing = await openBilling(await createDatabase());
    const [other, third] = [billing.another(), billing.another()];
    const counts = await shuffle([billing, other, third], { rounds: ROUNDS, seed: SEED });
    await oneOrder(billing, other);
    const answers = Object.entries(counts).sort();
    say(`${name}, seed ${SEED}: ${answers.map(([answer, count]) => `${count} x ${answer}`).join(', ')}`);
    await billing.close();
  },
);
