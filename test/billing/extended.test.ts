import type { IntegrationChoice, MethodService, ModuleService } from '../../plugin/billing/contract';
import { createMethods } from '../../plugin/billing/service-methods';
import { createModules } from '../../plugin/billing/service-modules';
import { createBillingStore } from '../../plugin/billing/store';
import { createImageStore } from '../../plugin/billing/store-images';
import { eachDatabase } from '../support/databases';
import { statuslessHost } from '../support/hosts';
import { openMerging, refusal } from '../support/merging-fixture';
import { PEOPLE } from '../settings/settings-app';
import { openBilling, type BillingFixture } from './billing-fixture';

const FIELDS = {
  ...{ name: 'Hôtel', externalIdentifier: null, requiresReference: false, referenceLabel: null, referenceMask: null },
  ...{ imageId: null, integrationId: null },
};

describe.each(eachDatabase)('extended methods on %s', (_name, createDatabase) => {
  let billing: BillingFixture;
  let known: IntegrationChoice[];
  let methods: MethodService;
  let modules: ModuleService;
  beforeAll(async () => {
    billing = await openBilling(await createDatabase());
    const deps = {
      ...{ knex: billing.knex, map: billing.fixture.crm.map, clock: () => new Date('2026-11-21T10:00:00.000Z') },
      ...{ store: createBillingStore('im_'), images: createImageStore('im_'), countUses: [] },
      authorize: () => true,
      integrations: () => Promise.resolve(known),
      builtinNames: () => [],
    };
    const made = createModules(deps);
    modules = made;
    methods = createMethods(deps, made.methodMoved);
  });
  beforeEach(async () => {
    await billing.reset();
    known = [{ id: '7', name: 'Hôtel du Parc', enabled: true }];
  });
  afterAll(() => billing.close());

  test('E6 with a connection a method is saved as extended, and can be used', async () => {
    const hotel = await methods.create(PEOPLE.admin, 'external_billing', { ...FIELDS, integrationId: '7' });
    expect(hotel).toMatchObject({ extended: true, integrationId: '7', unavailable: null, active: true });
  });

  test.each([
    ['removed', [], 'integration_missing'],
    ['switched off', [{ id: '7', name: 'Hôtel du Parc', enabled: false }], 'integration_disabled'],
  ] as const)(
    'E6 its connection %s, the method stays extended and listed, and says why it cannot be used',
    async (_what, left, why) => {
      const hotel = await methods.create(PEOPLE.admin, 'external_billing', { ...FIELDS, integrationId: '7' });
      await modules.attach(PEOPLE.admin, 'direct_sale', [hotel.id]);
      known = [...left];
      const { methods: offered } = await modules.methods(billing.knex, 'direct_sale');
      expect(offered.at(-1)).toMatchObject({ id: hotel.id, extended: true, unavailable: why });
      // Its other fields can be changed meanwhile; another method cannot take a connection that is gone.
      const renamed = await methods.change(PEOPLE.admin, hotel.id, { name: 'Le Parc', integrationId: '7' });
      expect(renamed.extended).toBe(true);
      if (why === 'integration_missing')
        expect(
          await refusal(methods.create(PEOPLE.admin, 'external_billing', { ...FIELDS, integrationId: '7' })),
        ).toMatchObject({ code: 'IM_INTEGRATION_MISSING', status: 422 });
    },
  );

  test('E5 a method that was used becomes extended, and back: the payments that it has stay as they are', async () => {
    const room = await methods.create(PEOPLE.admin, 'external_billing', FIELDS);
    await billing
      .knex('app_reglements')
      .insert({ facture_id: 1, montant: '10', mode: room.id, regle_le: '2026-11-20' });
    const before = await billing.knex('app_reglements');
    expect((await methods.change(PEOPLE.admin, room.id, { integrationId: '7' })).extended).toBe(true);
    expect((await methods.change(PEOPLE.admin, room.id, { integrationId: null })).extended).toBe(false);
    expect(await billing.knex('app_reglements')).toEqual(before);
    expect((await methods.uses(billing.knex, [room.id])).get(room.id)).toBe(1);
  });

  test('E23 the order may change at any time; what a method is, an external payment or billing, never', async () => {
    const room = await billing.make('Chambre');
    await billing.knex.transaction((trx) => methods.markUsed(trx, room.id));
    await billing.ask('post', '/order-modules/direct_sale/payment-methods', { methodId: room.id });
    const [cash = '', ...others] = await billing.ids();
    const body = { ids: [cash, ...others.reverse()], version: await billing.version() };
    expect((await billing.ask('put', '/order-modules/direct_sale/order', body)).status).toBe(200);
    const turned = await billing.ask('patch', `/payment-methods/${room.id}`, { kind: 'external_payment' });
    expect(turned.status).toBe(400);
  });

  test('E8 a payment with a method that was deleted meanwhile is refused', async () => {
    const room = await billing.make('Chambre');
    await methods.remove(PEOPLE.admin, room.id);
    expect(await refusal(billing.knex.transaction((trx) => methods.markUsed(trx, room.id)))).toMatchObject({
      code: 'IM_NOT_FOUND',
    });
  });
});

test('a host that has not said where its payment methods are has no billing API, and its page says so', async () => {
  const [open] = eachDatabase.map(([, create]) => create);
  const database = await open!();
  const fixture = await openMerging(database, statuslessHost());
  const merged = await fixture.http('/payment-methods', { plugin: fixture.plugin({ actor: () => PEOPLE.admin }) });
  expect(merged.status).toBe(200);
  expect(JSON.stringify(merged.body)).toContain('n’a pas indiqué où sont ses modes de paiement');
  const api = await fixture.http('/api/payment-methods', { plugin: fixture.plugin({ actor: () => PEOPLE.admin }) });
  expect(api.status).toBe(404);
  expect((await fixture.merge.checkHost()).faults.filter(({ where }) => where.includes('order_modules'))).toEqual([]);
  await fixture.close();
});
