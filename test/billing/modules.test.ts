import type { Knex } from 'knex';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { openBilling, type BillingFixture, type Reply } from './billing-fixture';
import { oneOrder, shuffle } from './shuffling';

const DIRECT = '/order-modules/direct_sale';

describe.each(eachDatabase)('order modules on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let billing: BillingFixture;
  let knex: Knex;
  beforeAll(async () => {
    database = await createDatabase();
    billing = await openBilling(database);
    knex = billing.knex;
  });
  beforeEach(() => billing.reset());
  afterAll(() => billing.close());

  const attach = (body: object, module = 'direct_sale'): Promise<Reply> =>
    billing.ask('post', `/order-modules/${module}/payment-methods`, body);
  const order = async (ids: string[], version?: number): Promise<Reply> =>
    billing.ask('put', `${DIRECT}/order`, { ids, version: version ?? (await billing.version()) });
  const codeOf = ({ status, body }: Reply): string => `${status} ${body.error?.code}`;
  /** Chambre, Spa and Bar, attached to direct sale. */
  const withThree = async () => {
    const [room, spa, bar] = [await billing.make('Chambre'), await billing.make('Spa'), await billing.make('Bar')];
    await attach({ methodIds: [room.id, spa.id, bar.id] });
    return { room, spa, bar };
  };

  test('direct sale and invoices are there at first use, once, with the methods of the CRM, Cash first', async () => {
    const other = billing.another();
    const [one, two] = await Promise.all([billing, other].map((desk) => desk.ask('get', '/order-modules')));
    for (const reply of [one, two])
      expect((reply?.body.orderModules as { name: string; builtin: string }[]).map((m) => [m.name, m.builtin])).toEqual(
        [
          ['Vente directe', 'direct_sale'],
          ['Factures', 'invoices'],
        ],
      );
    expect(await knex('im_order_modules')).toHaveLength(2);
    expect(await billing.names()).toEqual(['Espèces', 'Carte', 'Virement']);
  });

  test('an admin makes one more module; a name that is taken, also by a built-in one in either language, is refused', async () => {
    const made = await billing.ask('post', '/order-modules', { name: ' Bar ' });
    expect([made.status, made.body.name]).toEqual([201, 'Bar']);
    expect(await billing.names(String(made.body.id))).toEqual(['Espèces', 'Carte', 'Virement']);
    for (const name of ['bar', 'VENTE DIRECTE', 'Direct sale'])
      expect(codeOf(await billing.ask('post', '/order-modules', { name }))).toBe('409 IM_MODULE_NAME_TAKEN');
    const renamed = await billing.ask('patch', DIRECT, { name: 'Comptoir' });
    expect([renamed.status, renamed.body.name, renamed.body.builtin]).toEqual([200, 'Comptoir', 'direct_sale']);
  });

  test('E13 attached, a method is last, and in that module only', async () => {
    const room = await billing.make('Chambre');
    const reply = await attach({ methodId: room.id });
    expect(reply.status).toBe(200);
    expect(await billing.names()).toEqual(['Espèces', 'Carte', 'Virement', 'Chambre']);
    expect(await billing.names('invoices')).toEqual(['Espèces', 'Carte', 'Virement']);
  });

  test('E13 attached twice at once, by a double click or from two tabs, it is there once', async () => {
    const room = await billing.make('Chambre');
    const other = billing.another();
    const replies = await Promise.all(
      [billing, other, billing].map((desk) => desk.ask('post', `${DIRECT}/payment-methods`, { methodId: room.id })),
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await billing.names()).toEqual(['Espèces', 'Carte', 'Virement', 'Chambre']);
    expect(await billing.version()).toBe(1);
  });

  test('E13 three attached at once are last, in the order chosen, over the API and by the form', async () => {
    const [room, spa, bar] = [await billing.make('Chambre'), await billing.make('Spa'), await billing.make('Bar')];
    await attach({ methodIds: [spa.id, bar.id, room.id] });
    expect(await billing.names()).toEqual(['Espèces', 'Carte', 'Virement', 'Spa', 'Bar', 'Chambre']);
    const form = await billing.submit('/order-modules/2/add', { methodIds: [bar.id, room.id, spa.id] });
    expect([form.status, form.to]).toEqual([303, '/invoice-merge/order-modules/2?done=methodsAdded']);
    expect(await billing.names('invoices')).toEqual(['Espèces', 'Carte', 'Virement', 'Bar', 'Chambre', 'Spa']);
  });

  test('E14 an archived method, or one that does not exist, is refused, and none of the others is attached', async () => {
    const [room, spa] = [await billing.make('Chambre'), await billing.make('Spa')];
    await billing.ask('post', `/payment-methods/${room.id}/archive`);
    expect(codeOf(await attach({ methodIds: [spa.id, room.id] }))).toBe('409 IM_METHOD_ARCHIVED');
    const missing = await attach({ methodIds: [spa.id, '999'] });
    expect(codeOf(missing)).toBe('404 IM_NOT_FOUND');
    expect(missing.body.error?.message).toContain('mode de paiement');
    expect(codeOf(await attach({}))).toBe('400 IM_PAYLOAD_INVALID');
    // What the CRM has switched off itself is not offered either.
    await knex('app_modes').where({ id: 2 }).update({ actif: false });
    expect(await billing.names()).toEqual(['Espèces', 'Virement']);
    expect(codeOf(await attach({ methodId: '2' }))).toBe('409 IM_METHOD_ARCHIVED');
  });

  test('E15 the server refuses an order whose first is not Cash, and moving or removing Cash, by API and by form', async () => {
    await withThree();
    const before = await billing.ids();
    const [cash = '', ...others] = before;
    for (const ids of [
      [...others, cash],
      [others[0] ?? '', cash, ...others.slice(1)],
    ])
      expect(codeOf(await order(ids))).toBe('422 IM_CASH_PINNED');
    expect(codeOf(await billing.ask('delete', `${DIRECT}/payment-methods/${cash}`))).toBe('422 IM_CASH_PINNED');
    const version = await billing.version();
    const down = await billing.submit('/order-modules/1/move', { methodId: cash, to: 'down', version });
    const removed = await billing.submit('/order-modules/1/remove', { methodId: cash });
    expect([down.status, removed.status]).toEqual([422, 422]);
    expect(removed.$('main').text()).toContain('Espèces reste toujours en première position');
    // The first that can move goes no higher.
    await billing.submit('/order-modules/1/move', { methodId: others[0], to: 'up', version });
    expect(await billing.ids()).toEqual(before);
    expect(await billing.version()).toBe(version);
    const { $ } = await billing.page('/order-modules/1');
    expect($('.im-pinned form').length).toBe(0);
    expect($('.im-pinned').text()).toContain('Espèces reste toujours en première position.');
  });

  test('E18 the same buttons move a method without a script; the first has no way up and the last no way down', async () => {
    const { spa } = await withThree();
    const version = await billing.version();
    const moved = await billing.submit('/order-modules/1/move', { methodId: spa.id, to: 'up', version });
    expect([moved.status, moved.to]).toEqual([303, '/invoice-merge/order-modules/1?done=orderSaved']);
    expect(await billing.names()).toEqual(['Espèces', 'Carte', 'Virement', 'Spa', 'Chambre', 'Bar']);
    const { $ } = await billing.page('/order-modules/1?done=orderSaved');
    expect($('[role="status"]').first().text()).toBe('L’ordre est enregistré.');
    const disabled = $('.im-order [aria-disabled="true"]').map((_index, one) => $(one).attr('aria-label') ?? '');
    expect([...disabled]).toEqual(['Monter Carte', 'Descendre Bar']);
  });

  test('E19 a list that lacks what was added meanwhile is refused with the list as it is now', async () => {
    const { room } = await withThree();
    const [seen, version] = [await billing.ids(), await billing.version()];
    const pool = await billing.make('Piscine');
    await attach({ methodId: pool.id });
    const reply = await order(seen, version);
    expect([reply.status, reply.body.error?.code, reply.body.error?.vars]).toEqual([
      409,
      'IM_STALE_ORDER',
      { version: version + 1, ids: [...seen, pool.id] },
    ]);
    const form = await billing.submit('/order-modules/1/move', { methodId: room.id, to: 'down', version });
    expect(form.to).toBe('/invoice-merge/order-modules/1?done=orderStale');
    expect(await billing.ids()).toEqual([...seen, pool.id]);
  });

  test('E19 unknown, foreign, repeated ids and an empty list are refused, and nothing changes', async () => {
    await withThree();
    const stranger = await billing.make('Piscine');
    const [ids, before] = [await billing.ids(), await billing.fixture.dump()];
    for (const [wrong, answer] of [
      [[...ids.slice(0, -1), '999'], '409 IM_STALE_ORDER'],
      [[...ids.slice(0, -1), stranger.id], '409 IM_STALE_ORDER'],
      [ids.slice(0, -1), '409 IM_STALE_ORDER'],
      [[...ids.slice(0, -1), ids[1] ?? ''], '400 IM_PAYLOAD_INVALID'],
      [[], '400 IM_PAYLOAD_INVALID'],
    ] as const)
      expect([wrong, codeOf(await order([...wrong], 1))]).toEqual([wrong, answer]);
    expect(await billing.fixture.dump()).toEqual(before);
  });

  test('E20 methods at the same position are all there, in one order, and the next change gives each its own', async () => {
    const { spa } = await withThree();
    await knex('im_module_payment_methods').where({ module_id: 1 }).update({ position: 3 });
    const all = await billing.names();
    expect([...all].sort()).toEqual(['Bar', 'Carte', 'Chambre', 'Espèces', 'Spa', 'Virement']);
    expect(await billing.names()).toEqual(all);
    const version = await billing.version();
    await billing.submit('/order-modules/1/move', { methodId: spa.id, to: 'up', version });
    const positions = await knex('im_module_payment_methods').where({ module_id: 1 }).orderBy('position');
    expect(positions.map(({ position }) => Number(position))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('E21 E22 a list is turned round whole, at the first save and at every other, and is so when it is read again', async () => {
    await withThree();
    const [cash = '', ...others] = await billing.ids();
    let expected = others;
    for (let round = 0; round < 3; round += 1) {
      expected = [...expected].reverse();
      const reply = await order([cash, ...expected]);
      expect([reply.status, reply.body.version]).toEqual([200, round + 2]);
      expect(await billing.another().ids()).toEqual([cash, ...expected]);
    }
    // The same order again is no change, and makes nobody's list too old.
    expect((await order([cash, ...expected])).body.version).toBe(4);
  });

  test('E24 another module keeps its own order; a built-in method that was removed comes back last, Cash never leaves', async () => {
    const { room } = await withThree();
    await attach({ methodIds: [room.id] }, 'invoices');
    const before = await billing.names('invoices');
    const [cash = '', ...others] = await billing.ids();
    await order([cash, ...[...others].reverse()]);
    const card = others[0] ?? '';
    expect((await billing.ask('delete', `${DIRECT}/payment-methods/${card}`)).status).toBe(200);
    // Removed twice is removed.
    expect((await billing.ask('delete', `${DIRECT}/payment-methods/${card}`)).status).toBe(200);
    await attach({ methodIds: [card, cash] });
    expect(await billing.names()).toEqual(['Espèces', 'Bar', 'Spa', 'Chambre', 'Virement', 'Carte']);
    expect(await billing.names('invoices')).toEqual(before);
  });

  test('E24 where Cash was missing, because the CRM had it switched off, it comes back first', async () => {
    await knex('app_modes').where({ id: 1 }).update({ actif: false });
    const { spa } = await withThree();
    expect(await billing.names()).toEqual(['Carte', 'Virement', 'Chambre', 'Spa', 'Bar']);
    const ids = await billing.ids();
    expect((await order([spa.id, ...ids.filter((id) => id !== spa.id)])).status).toBe(200);
    await knex('app_modes').where({ id: 1 }).update({ actif: true });
    await attach({ methodId: '1' });
    expect(await billing.names()).toEqual(['Espèces', 'Spa', 'Carte', 'Virement', 'Chambre', 'Bar']);
  });

  test('the last change is undone, whatever it was, and made again; a list that changed since is left alone', async () => {
    const { room, spa } = await withThree();
    const undo = async (version?: number): Promise<Reply> =>
      billing.ask('post', `${DIRECT}/undo`, { version: version ?? (await billing.version()) });
    const all = await billing.names();
    await billing.ask('delete', `${DIRECT}/payment-methods/${room.id}`);
    const seen = await billing.version();
    expect((await undo()).status).toBe(200);
    expect(await billing.names()).toEqual(all);
    expect(codeOf(await undo(seen))).toBe('409 IM_STALE_ORDER');
    await undo();
    expect(await billing.names()).toEqual(all.filter((name) => name !== 'Chambre'));
    // What an archive took out comes back by restoring, not by an undo.
    await billing.ask('post', `/payment-methods/${spa.id}/archive`);
    expect(codeOf(await undo())).toBe('409 IM_NOTHING_TO_UNDO');
    expect((await billing.page('/order-modules/1')).$('.im-undo').attr('hidden')).toBeDefined();
  });

  test('E25 random changes from two servers at once leave one order: Cash first, nothing twice, nothing lost', async () => {
    const counts = await shuffle([billing, billing.another()], { rounds: 12, seed: 20_261_127 });
    expect(Object.keys(counts).length).toBeGreaterThan(3);
    await oneOrder(billing, billing.another());
  });
});
