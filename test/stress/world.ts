/** A host with two servers and its people, who do something at random, one after the other or both at once. */
import { isPluginError } from '../../plugin/errors';
import { allRows } from '../support/all-rows';
import type { TestHost } from '../support/hosts';
import { ACTOR, actsOf, HostRefusal, TODAY, type Person } from './acts';
import { demandSame, keepBooks, type Books } from './books';
import type { Mounted } from './mounted';
import { chance } from './seed';
import { createTyping } from './typing';

export interface Playing {
  /** Does one thing, or two at once; says what, and how it was answered. */
  step(): Promise<string[]>;
  demandInvariants: Books['demand'];
}

export interface Rules {
  settlements: readonly string[];
  /** Nothing that was issued is changed by hand, and past months stay as they are. */
  lawful: boolean;
}

const MONTH = `${TODAY.slice(0, 7)}-01`;
const ACTS = [
  ...['create', 'create', 'create', 'create from sources', 'edit', 'edit', 'merge', 'merge', 'merge', 'undo'],
  ...['undo', 'pay', 'credit', 'delete', 'renumber', 'fill a gap', 'link'],
];
/** What a person is told who comes second, or asks for what cannot be. */
const REFUSED = [404, 409, 422];
let worlds = 0;

/** Everything of this world is one customer's: worlds share a database. */
export async function createWorld(
  servers: readonly Mounted[],
  testHost: TestHost,
  rules: Rules,
  name: string,
): Promise<Playing> {
  const [first] = servers;
  if (!first) throw new Error('no server');
  const luck = chance(name);
  const prefix = `w${(worlds += 1)}-${process.pid}`;
  const customerId = await testHost.createCustomer(first.knex, prefix);
  const named = (lines: readonly { description: string }[]): string[] =>
    lines.map(({ description }) => description).filter((text) => text.startsWith(prefix));
  const books = keepBooks(first.knex, testHost, first.merge, customerId, named, rules.lawful ? MONTH : null);
  const world = {
    ...{ testHost, books, prefix, named, taken: new Map() },
    ...rules,
    days: ['2026-09-12', '2026-10-30', TODAY],
  };
  // Chance of their own: what one does at the same time decides nothing of what the other chooses.
  const people = servers.map((server, index): Person => {
    const own = chance(`${name} ${index}`);
    return { ...server, luck: own, typing: createTyping(testHost, own, customerId, prefix) };
  });
  const acts = people.map((person) => actsOf(world, person));

  async function act(who: number, what: string, alone: boolean): Promise<string> {
    const before = alone ? await allRows(first!.knex) : null;
    const refused = async (why: string): Promise<string> => {
      if (before) demandSame(before, await allRows(first!.knex), `a refusal with ${why}`);
      return `${what}: ${why}`;
    };
    try {
      const outcome = (await acts[who]?.[what]?.(alone)) ?? '';
      return outcome.startsWith('IM_') ? await refused(outcome) : `${what}: ${outcome}`;
    } catch (error) {
      if (error instanceof HostRefusal) return refused('by the host');
      const busy = isPluginError(error) && error.code === 'IM_RETRY_EXHAUSTED' && !alone;
      if (!isPluginError(error) || !(busy || REFUSED.includes(error.status))) throw error;
      return refused(error.code);
    }
  }

  return {
    async step() {
      if (luck.upTo(3) > 0) return [await act(luck.upTo(people.length), luck.of(ACTS), true)];
      const both = people.map(() => luck.of(ACTS));
      // Both are over before either's failure is told: nothing runs on into the next step.
      const outcomes = await Promise.allSettled(both.map((what, who) => act(who, what, false)));
      return outcomes.map((outcome) => {
        if (outcome.status === 'rejected') throw outcome.reason as Error;
        return `${outcome.value} (two at once)`;
      });
    },
    demandInvariants: () => books.demand(),
  };
}

export { ACTOR, TODAY };
