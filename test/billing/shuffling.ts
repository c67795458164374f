/** Random changes of a module's list by people on several servers, and what must hold after each round, whoever wins. */
import fc from 'fast-check';
import type { Knex } from 'knex';
import { chance, type Chance } from '../stress/seed';
import type { BillingFixture, Desk, Method } from './billing-fixture';

const MODULE = '/order-modules/direct_sale';
const NAMES = ['Chambre', 'Spa', 'Bar', 'Golf', 'Bateau', 'Navette'];

type Act = (desk: Desk, methods: Method[], luck: Chance) => Promise<number>;

const ACTS: Record<string, Act> = {
  attach: async (desk, methods, luck) =>
    (await desk.ask('post', `${MODULE}/payment-methods`, { methodIds: some(methods, luck) })).status,
  detach: async (desk, methods, luck) =>
    (await desk.ask('delete', `${MODULE}/payment-methods/${luck.of(methods).id}`)).status,
  archive: async (desk, methods, luck) =>
    (await desk.ask('post', `/payment-methods/${luck.of(methods).id}/archive`)).status,
  restore: async (desk, methods, luck) =>
    (await desk.ask('post', `/payment-methods/${luck.of(methods).id}/restore`)).status,
  async reorder(desk, _methods, luck) {
    const { body } = await desk.ask('get', `${MODULE}/payment-methods`);
    const [cash = '', ...others] = (body.paymentMethods as Method[]).map(({ id }) => id);
    const ids = [cash, ...others.sort(() => luck.upTo(3) - 1)];
    return (await desk.ask('put', `${MODULE}/order`, { ids, version: body.version })).status;
  },
  async undo(desk) {
    const { body } = await desk.ask('get', `${MODULE}/payment-methods`);
    return (await desk.ask('post', `${MODULE}/undo`, { version: body.version })).status;
  },
};

function some(methods: Method[], luck: Chance): string[] {
  const count = 1 + luck.upTo(3);
  return [...new Set(Array.from({ length: count }, () => luck.of(methods).id))];
}

/** Every status that a person may be answered: done, or refused for what another did. */
const EXPECTED = [200, 409];

/** @returns how often each act was answered how: `reorder 409` */
export async function shuffle(
  [first, ...others]: [BillingFixture, ...Desk[]],
  { rounds, seed }: { rounds: number; seed: number },
): Promise<Record<string, number>> {
  const luck = chance('payment methods', seed);
  const methods: Method[] = [];
  for (const name of NAMES) methods.push(await first.make(name));
  await first.ids();
  const counts: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1) {
    const acts = [first, ...others].map((desk) => [desk, luck.of(Object.keys(ACTS))] as const);
    const answers = await Promise.all(
      acts.map(async ([desk, act]) => [act, (await ACTS[act]?.(desk, methods, luck)) ?? 0] as const),
    );
    for (const [act, status] of answers) {
      counts[`${act} ${status}`] = (counts[`${act} ${status}`] ?? 0) + 1;
      if (!EXPECTED.includes(status)) throw new Error(`seed ${seed}, round ${round}: ${act} was answered ${status}`);
    }
    await demandWhole(first, `seed ${seed}, round ${round}`);
  }
  return counts;
}

/** Cash first, every other once, positions without a gap, and nothing but what was attached. */
export async function demandWhole(desk: BillingFixture, where: string): Promise<void> {
  const rows = await rowsOf(desk.knex);
  const positions = rows.map(({ position }) => Number(position));
  const ids = rows.map(({ method_id }) => String(method_id));
  expect([where, positions]).toEqual([where, rows.map((_row, index) => index)]);
  expect([where, new Set(ids).size]).toEqual([where, ids.length]);
  const shown = await desk.ids();
  const { body } = await desk.ask('get', '/payment-methods');
  const usable = (body.paymentMethods as Method[]).filter(({ active }) => active).map(({ id }) => id);
  expect([where, shown]).toEqual([where, ids.filter((id) => usable.includes(id))]);
  expect([where, shown[0]]).toEqual([where, '1']);
}

const rowsOf = (knex: Knex): Promise<{ method_id: unknown; position: unknown }[]> =>
  knex('im_module_payment_methods').where({ module_id: 1 }).orderBy('position').select('method_id', 'position');

/** Two servers read the same list, and by the log of changes nobody has lost anything: each began where the last had ended. */
export async function oneOrder(one: BillingFixture, other: Desk): Promise<void> {
  expect(await one.ids()).toEqual(await other.ids());
  const log = await one
    .knex('im_activity')
    .where({ action: 'billing.module' })
    .orderBy('id')
    .select<{ details: string }[]>('details');
  const sorted = (ids: string[]): string[] => [...ids].sort();
  let last: string[] | null = null;
  for (const [index, { details }] of log.entries()) {
    const { act, before, after } = JSON.parse(details) as { act: string; before: string[]; after: string[] };
    // Archiving and restoring change the order only.
    if (last) expect([index, sorted(before)]).toEqual([index, sorted(last)]);
    const gone = before.filter((id) => !after.includes(id));
    const come = after.filter((id) => !before.includes(id));
    if (act === 'attach') expect([index, gone]).toEqual([index, []]);
    if (act === 'detach') expect([index, gone.length, come]).toEqual([index, 1, []]);
    if (act === 'reorder') expect([index, gone, come]).toEqual([index, [], []]);
    last = after;
  }
  expect(log.length).toBeGreaterThan(0);
}

/** Lists and what may be done with them, for the pure rules. */
export const lists = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 8 });
