import type { Knex } from 'knex';
import { markMethodUsed } from '../../plugin/host/payment-methods';
import { runTransaction } from '../../plugin/host/transaction';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, perfexLikeHost } from '../support/hosts';
import { PEOPLE } from '../settings/settings-app';
import { openBilling, type BillingFixture, type Method } from './billing-fixture';

const { map } = crmHost();
const METHODS = 'app_modes';

describe.each(eachDatabase)('payment methods on %s', (_name, createDatabase) => {
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

  const row = (id: string): Promise<Record<string, unknown> | undefined> => knex(METHODS).where({ id }).first();
  /** As a host records a payment by itself, which knows nothing of the plugin. */
  const pay = async (method: Method, more: object = {}): Promise<void> => {
    await knex('app_reglements').insert({
      ...{ facture_id: 1, montant: '10', mode: method.id, regle_le: '2026-11-20', ...more },
    });
  };

  test('lists the methods of the CRM first, Cash among them, and external ones by name', async () => {
    await billing.make('Spa');
    await billing.make('Écurie', { kind: 'external_payment' });
    const { body } = await billing.ask('get', '/payment-methods');
    const list = body.paymentMethods as Method[];
    expect(list.map(({ name, kind, pinned }) => [name, kind, pinned])).toEqual([
      ['Espèces', 'internal', true],
      ['Carte', 'internal', false],
      ['Virement', 'internal', false],
      ['Écurie', 'external_payment', false],
      ['Spa', 'external_billing', false],
    ]);
    expect(body).toMatchObject({ page: 1, pages: 1, total: 5 });
  });

  test('E1 a blank external identifier is none, and two methods may have none', async () => {
    const [first, second] = [
      await billing.make('Chambre', { externalIdentifier: '' }),
      await billing.make('Spa', { externalIdentifier: ' \u00a0\u200b' }),
    ];
    expect([first.externalIdentifier, second.externalIdentifier]).toEqual([null, null]);
    expect((await row(first.id))?.im_external_identifier).toBeNull();
    expect((await row(second.id))?.im_external_identifier).toBeNull();
  });

  test('E2 after "Chambre" no other spelling of it is taken: the refusal names the one that has the name', async () => {
    await billing.make('Chambre');
    for (const name of [
      'Chambre',
      'chambre',
      'Chambré',
      ' Chambre  ',
      'Cham\u200bbre',
      'Chambre\u0301',
      'ＣＨＡＭＢＲＥ',
    ]) {
      const reply = await billing.ask('post', '/payment-methods', { kind: 'external_payment', name });
      expect([name, reply.status, reply.body.error?.code]).toEqual([name, 409, 'IM_METHOD_NAME_TAKEN']);
      expect(reply.body.error?.message).toContain('«\u202fChambre\u202f»');
    }
    expect((await billing.ask('get', '/payment-methods')).body.total).toBe(4);
  });

  test('E2 neither a name of the CRM’s own nor an archived one can be taken; one’s own spelling can change', async () => {
    const room = await billing.make('Chambre');
    expect((await billing.ask('post', '/payment-methods', { kind: 'external_payment', name: 'carte' })).status).toBe(
      409,
    );
    await billing.ask('post', `/payment-methods/${room.id}/archive`);
    expect((await billing.ask('post', '/payment-methods', { kind: 'external_payment', name: 'CHAMBRE' })).status).toBe(
      409,
    );
    const renamed = await billing.ask('patch', `/payment-methods/${room.id}`, { name: 'CHAMBRÉ' });
    expect([renamed.status, renamed.body.name]).toEqual([200, 'CHAMBRÉ']);
  });

  test('E2 two admins on two servers give one name at once: one method', async () => {
    const other = billing.another();
    for (let round = 0; round < 6; round += 1) {
      const body = { kind: 'external_billing', name: `Chambre ${round}` };
      const replies = await Promise.all(
        [billing, other, billing, other].map((desk) => desk.ask('post', '/payment-methods', body)),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
      expect(await knex(METHODS).where({ libelle: body.name })).toHaveLength(1);
    }
  });

  test('E3 a name is compared in the form in which it is kept: without what nobody sees, composed, trimmed', async () => {
    const made = await billing.make('  Note\u200b de\u00a0 la\tchambre\u202e ');
    expect(made.name).toBe('Note de la chambre');
    expect((await row(made.id))?.libelle).toBe('Note de la chambre');
    const again = await billing.ask('post', '/payment-methods', {
      kind: 'external_billing',
      name: 'Note de la\u2009chambre',
    });
    expect(again.status).toBe(409);
  });

  test('a name that is empty to the eye, or too long, is refused in words, and nothing is made', async () => {
    for (const name of ['', '   ', '\u200b\u200c', '\u3164', '\u2800', 'x'.repeat(81)]) {
      const reply = await billing.ask('post', '/payment-methods', { kind: 'external_billing', name });
      const { code, vars, message } = reply.body.error ?? {};
      expect([name, reply.status, code, vars?.field]).toEqual([name, 422, 'IM_METHOD_INVALID', 'name']);
      expect(message).toMatch(/vide ou trop long/);
    }
    expect(await knex(METHODS)).toHaveLength(3);
  });

  test('E4 what a change leaves out stays; the form of the page takes away a tick that is not there any more', async () => {
    const room = await billing.make('Chambre', {
      ...{ imageId: 'icon-bed', requiresReference: true, referenceLabel: 'N° de chambre', referenceMask: '999' },
      externalIdentifier: 'PMS',
    });
    const changed = await billing.ask('patch', `/payment-methods/${room.id}`, { name: 'Suite' });
    expect(changed.body).toEqual({ ...room, name: 'Suite' });
    // A box that is not ticked is not posted; the picture is, by its radio button.
    const { $ } = await billing.page(`/payment-methods/${room.id}`);
    const value = (name: string): string => String($(`[name="${name}"]`).val());
    expect($('[name="requiresReference"]').attr('checked')).toBeDefined();
    const saved = await billing.submit(`/payment-methods/${room.id}`, {
      ...{ name: value('name'), externalIdentifier: value('externalIdentifier') },
      ...{ referenceLabel: value('referenceLabel'), referenceMask: value('referenceMask') },
      imageId: String($('[name="imageId"]:checked').val()),
    });
    expect([saved.status, saved.to]).toEqual([303, '/invoice-merge/payment-methods?done=methodSaved']);
    const { body } = await billing.ask('get', `/payment-methods/${room.id}`);
    expect(body).toEqual({ ...room, name: 'Suite', requiresReference: false });
  });

  test('a refused form comes back as it was typed, with the reason at the field', async () => {
    await billing.make('Chambre');
    const posted = { kind: 'external_payment', name: 'chambre', externalIdentifier: 'X-1', requiresReference: '1' };
    const { status, $ } = await billing.submit('/payment-methods', posted);
    expect(status).toBe(409);
    expect([$('[name="name"]').val(), $('[name="externalIdentifier"]').val()]).toEqual(['chambre', 'X-1']);
    expect($('[name="requiresReference"]').attr('checked')).toBeDefined();
    expect($('[name="name"]').attr('aria-describedby')).toContain('im-fault-name');
    expect($('#im-fault-name').text()).toContain('Chambre');
  });

  test('a format that describes no reference is refused at its field', async () => {
    for (const referenceMask of ['Chambre', 'X\\', 'B-B']) {
      const body = { kind: 'external_billing', name: 'Spa', referenceMask };
      const reply = await billing.ask('post', '/payment-methods', body);
      expect([referenceMask, reply.status, reply.body.error?.vars.field]).toEqual([
        referenceMask,
        422,
        'referenceMask',
      ]);
    }
  });

  test('E7 what excludes each other is refused by the server: a payment is never handed over, a kind never changes', async () => {
    const voucher = await billing.make('Bon', { kind: 'external_payment' });
    const extended = await billing.ask('patch', `/payment-methods/${voucher.id}`, { integrationId: '1' });
    expect([extended.status, extended.body.error?.code]).toEqual([422, 'IM_METHOD_INVALID']);
    const turned = await billing.ask('patch', `/payment-methods/${voucher.id}`, { kind: 'external_billing' });
    expect([turned.status, turned.body.error?.code]).toEqual([400, 'IM_PAYLOAD_INVALID']);
    expect((await billing.ask('get', `/payment-methods/${voucher.id}`)).body).toEqual(voucher);
  });

  test('E6 without a connection an extended method cannot be saved, and the form says why', async () => {
    const reply = await billing.ask('post', '/payment-methods', {
      ...{ kind: 'external_billing', name: 'Hôtel', integrationId: '7' },
    });
    expect([reply.status, reply.body.error?.code]).toEqual([422, 'IM_INTEGRATION_MISSING']);
    const form = await billing.submit('/payment-methods', { kind: 'external_billing', name: 'Hôtel', extended: '1' });
    expect([form.status, form.$('#im-fault-integrationId').text()]).toEqual([
      422,
      expect.stringContaining('besoin d’une connexion') as string,
    ]);
    expect(await knex(METHODS).where({ libelle: 'Hôtel' })).toEqual([]);
  });

  test('E8 a method that was never used is deleted, and is in no module any more', async () => {
    const room = await billing.make('Chambre');
    await billing.ask('post', '/order-modules/direct_sale/payment-methods', { methodId: room.id });
    const reply = await billing.ask('delete', `/payment-methods/${room.id}`);
    expect([reply.status, reply.body]).toEqual([200, { deleted: true }]);
    expect(await row(room.id)).toBeUndefined();
    expect(await knex('im_module_payment_methods').where({ method_id: room.id })).toEqual([]);
    expect(await billing.names()).toEqual(['Espèces', 'Carte', 'Virement']);
    expect((await billing.ask('get', `/payment-methods/${room.id}`)).status).toBe(404);
  });

  test('E8 a used one is not: the refusal says how often, and the page offers to archive it', async () => {
    const room = await billing.make('Chambre');
    await pay(room);
    await pay(room);
    const reply = await billing.ask('delete', `/payment-methods/${room.id}`);
    expect([reply.status, reply.body.error?.code, reply.body.error?.vars]).toEqual([
      409,
      'IM_METHOD_USED',
      { name: 'Chambre', count: 2 },
    ]);
    expect(reply.body.error?.message).toContain('utilisé 2 fois');
    expect((await billing.ask('get', `/payment-methods/${room.id}`)).body.uses).toBe(2);
    const { $ } = await billing.page(`/payment-methods/${room.id}`);
    expect($('main').text()).toContain('Utilisé 2 fois\u202f: vous pouvez l’archiver, pas le supprimer.');
    expect([$('form[action$="/archive"]').length, $('form[action$="/remove"]').length]).toEqual([1, 0]);
  });

  test('E8 a method that a payment has marked as used stays, also where its payments are in no table that is counted', async () => {
    const room = await billing.make('Chambre');
    await knex.transaction((trx) => markMethodUsed(trx, map, room.id, '2026-11-21T10:00:00.000Z'));
    const reply = await billing.ask('delete', `/payment-methods/${room.id}`);
    expect([reply.status, reply.body.error?.vars]).toEqual([409, { name: 'Chambre', count: 1 }]);
    expect(await row(room.id)).toBeDefined();
  });

  test('E8 a deletion that races a first payment leaves no payment without its method', async () => {
    const other = database.connect();
    const outcomes: string[] = [];
    for (let round = 0; round < 8; round += 1) {
      const room = await billing.make(`Chambre ${round}`);
      const paying = runTransaction(other, async (trx) => {
        const isThere = await markMethodUsed(trx, map, room.id, '2026-11-21T10:00:00.000Z');
        if (!isThere) return 'gone';
        await trx('app_reglements').insert({ facture_id: 1, montant: '10', mode: room.id, regle_le: '2026-11-20' });
        return 'paid';
      });
      const [paid, removed] = await Promise.all([paying, billing.ask('delete', `/payment-methods/${room.id}`)]);
      outcomes.push(`${paid} ${removed.status}`);
      expect(['paid 409', 'gone 200']).toContain(outcomes.at(-1));
      expect((await row(room.id)) !== undefined).toBe(paid === 'paid');
    }
  });

  test('E9 archived, it is offered nowhere at once; restored, it is last wherever it was', async () => {
    const [room, spa] = [await billing.make('Chambre'), await billing.make('Spa')];
    for (const module of ['direct_sale', 'invoices'])
      await billing.ask('post', `/order-modules/${module}/payment-methods`, { methodIds: [room.id, spa.id] });
    const archived = await billing.ask('post', `/payment-methods/${room.id}/archive`);
    expect([archived.status, archived.body.archivedAt, archived.body.active]).toEqual([
      200,
      '2026-11-21T10:00:00.000Z',
      false,
    ]);
    for (const module of ['direct_sale', 'invoices'])
      expect(await billing.names(module)).toEqual(['Espèces', 'Carte', 'Virement', 'Spa']);
    // The CRM's own forms offer what is active there.
    expect(Number((await row(room.id))?.actif)).toBe(0);
    expect((await billing.page('/order-modules/direct_sale')).$('[name="methodIds"]').length).toBe(0);
    const restored = await billing.ask('post', `/payment-methods/${room.id}/restore`);
    expect([restored.body.archivedAt, restored.body.active]).toEqual([null, true]);
    for (const module of ['direct_sale', 'invoices'])
      expect(await billing.names(module)).toEqual(['Espèces', 'Carte', 'Virement', 'Spa', 'Chambre']);
    const positions = await knex('im_module_payment_methods')
      .where({ module_id: 1 })
      .orderBy('position')
      .pluck('position');
    expect(positions.map(Number)).toEqual([0, 1, 2, 3, 4]);
  });

  test('E10 renaming a used method changes no record of an old payment', async () => {
    const room = await billing.make('Chambre');
    await pay(room, { im_method_snapshot: JSON.stringify({ name: 'Chambre' }) });
    const before = await knex('app_reglements');
    await billing.ask('patch', `/payment-methods/${room.id}`, { name: 'Suite' });
    expect(await knex('app_reglements')).toEqual(before);
    expect(before[0]).toMatchObject({ mode: room.id, im_method_snapshot: '{"name":"Chambre"}' });
  });

  test('E12 whoever is no admin is told 403 by every route, page and API alike, and nothing changes', async () => {
    const room = await billing.make('Chambre');
    const order = { ids: await billing.ids(), version: 0 };
    const before = await billing.fixture.dump();
    for (const who of ['books', 'sales', 'stranger'] as const) {
      for (const [verb, path, body] of [
        ...[
          ['get', '/payment-methods'],
          ['get', `/payment-methods/${room.id}`],
          ['get', '/order-modules'],
        ],
        ['post', '/payment-methods', { kind: 'external_payment', name: 'Bon' }],
        ['patch', `/payment-methods/${room.id}`, { name: 'Bon' }],
        ['delete', `/payment-methods/${room.id}`],
        ['post', `/payment-methods/${room.id}/archive`],
        ['post', `/payment-methods/${room.id}/restore`],
        ['put', `/payment-methods/${room.id}/image`, { imageId: 'icon-bed' }],
        ['post', '/images', { file: 'AAAA' }],
        ['post', '/order-modules', { name: 'Bar' }],
        ['patch', '/order-modules/1', { name: 'Bar' }],
        ['get', '/order-modules/1/payment-methods'],
        ['post', '/order-modules/1/payment-methods', { methodId: room.id }],
        ['delete', `/order-modules/1/payment-methods/${room.id}`],
        ['put', '/order-modules/1/order', order],
        ['post', '/order-modules/1/undo', { version: 0 }],
      ] as [Parameters<typeof billing.ask>[0], string, object | undefined][]) {
        const reply = await billing.ask(verb, path, body, who);
        expect([who, verb, path, reply.status, reply.body.error?.code]).toEqual([who, verb, path, 403, 'IM_FORBIDDEN']);
      }
      for (const path of ['', '/new', `/${room.id}`])
        expect((await billing.page(`/payment-methods${path}`, who)).status).toBe(403);
      for (const path of ['', '/1']) expect((await billing.page(`/order-modules${path}`, who)).status).toBe(403);
      for (const path of ['', `/${room.id}`, `/${room.id}/archive`, `/${room.id}/restore`, `/${room.id}/remove`])
        expect((await billing.submit(`/payment-methods${path}`, { name: 'Bon' }, who)).status).toBe(403);
      for (const path of ['', '/1/name', '/1/add', '/1/remove', '/1/move', '/1/undo'])
        expect((await billing.submit(`/order-modules${path}`, { name: 'Bon' }, who)).status).toBe(403);
    }
    const elsewhere = await billing.submit('/payment-methods', { kind: 'external_payment', name: 'Bon' }, 'admin', {
      'sec-fetch-site': 'cross-site',
    });
    expect(elsewhere.status).toBe(403);
    expect(await billing.fixture.dump()).toEqual(before);
  });

  test('the methods of the CRM itself are not changed, archived or deleted here', async () => {
    for (const [verb, path, body] of [
      ['patch', '/payment-methods/2', { name: 'CB' }],
      ['delete', '/payment-methods/2', undefined],
      ['post', '/payment-methods/2/archive', undefined],
    ] as const) {
      const reply = await billing.ask(verb, path, body);
      expect([path, reply.status, reply.body.error?.code]).toEqual([path, 422, 'IM_METHOD_BUILTIN']);
    }
  });

  test('who made, renamed, archived and deleted what is kept, with before and after', async () => {
    const room = await billing.make('Chambre');
    await billing.ask('patch', `/payment-methods/${room.id}`, { name: 'Suite' });
    // Nothing changed, nothing to keep.
    await billing.ask('patch', `/payment-methods/${room.id}`, { name: 'Suite' });
    await billing.ask('post', `/payment-methods/${room.id}/archive`);
    await billing.ask('delete', `/payment-methods/${room.id}`);
    const log = await knex('im_activity')
      .where({ action: 'billing.method' })
      .orderBy('id')
      .select<{ actor_name: string; details: string }[]>('actor_name', 'details');
    const told = log.map(({ actor_name, details }) => {
      const { act, before, after } = JSON.parse(String(details)) as {
        act: string;
        before: { name: string } | null;
        after: { name: string } | null;
      };
      return [actor_name, act, before?.name, after?.name];
    });
    const { name } = PEOPLE.admin;
    expect(told).toEqual([
      [name, 'create', undefined, 'Chambre'],
      [name, 'change', 'Chambre', 'Suite'],
      [name, 'archive', 'Suite', 'Suite'],
      [name, 'delete', 'Suite', undefined],
    ]);
  });

  test('E65 an id of another thing, or of none, is not found: 404 by every route', async () => {
    for (const id of ['999', '1x', 'direct_sale', 'icon-bed'])
      for (const [verb, path] of [
        ['get', `/payment-methods/${id}`],
        ['delete', `/payment-methods/${id}`],
        ['post', `/payment-methods/${id}/archive`],
        ['delete', `/payment-methods/${id}`],
      ] as const)
        expect([path, (await billing.ask(verb, path)).status]).toEqual([path, 404]);
    for (const id of ['999', '1x', 'bar'])
      expect([id, (await billing.ask('get', `/order-modules/${id}/payment-methods`)).status]).toEqual([id, 404]);
  });

  test('E65 pages speak French first and English when asked; every picture is beside the name of its method', async () => {
    await billing.make('Chambre', { imageId: 'icon-bed' });
    const french = await billing.page('/payment-methods');
    expect(french.$('h1').text()).toBe('Modes de paiement externes');
    const english = await billing.page('/payment-methods', 'admin', 'en');
    expect(english.$('h1').text()).toBe('External payment methods');
    // The name stands beside it: said twice, it would be read twice.
    french.$('.im-method img').each((_index, image) => {
      expect(french.$(image).attr('alt')).toBe('');
      expect(french.$(image).closest('.im-method').find('b').text()).not.toBe('');
    });
    const gallery = await billing.page('/payment-methods/new?kind=external_billing', 'admin', 'en');
    const names = gallery.$('[data-im="gallery"] img').map((_index, image) => gallery.$(image).attr('alt') ?? '');
    expect(names.length).toBeGreaterThanOrEqual(24);
    expect([...names].every((name) => name !== '')).toBe(true);
    expect([...names]).toContain('Bed');
  });
});

test.each(eachDatabase)(
  'a host that knows Cash by its name, and demands more columns, works too: %s',
  async (_name, open) => {
    const billing = await openBilling(await open(), {}, perfexLikeHost());
    const room = await billing.make('Room');
    expect(await billing.names()).toEqual(['Cash', 'Bank']);
    await billing.ask('post', '/order-modules/invoices/payment-methods', { methodId: room.id });
    expect(await billing.names('invoices')).toEqual(['Cash', 'Bank', 'Room']);
    await billing.close();
  },
);
