import request from 'supertest';
import { eachDatabase } from '../support/databases';
import { openSettings, type SettingsApp } from './settings-app';

const DEFAULTS = {
  enabled: true,
  preset: null,
  lockedUntil: null,
  directSaleInvoice: false,
  issued: { offered: ['cancel', 'delete'], default: 'cancel' },
  draft: { offered: ['cancel', 'delete'], default: 'cancel' },
  numbers: { fillGaps: true, freeCancelled: true },
};
const FORM = {
  issuedOffered: ['cancel', 'delete'],
  issuedDefault: 'cancel',
  draftOffered: ['cancel', 'delete'],
  draftDefault: 'cancel',
  numbers: ['fillGaps', 'freeCancelled'],
};

describe.each(eachDatabase)('the settings, on %s', (_name, createDatabase) => {
  let crm: SettingsApp;
  beforeAll(async () => {
    crm = await openSettings(await createDatabase());
  });
  beforeEach(async () => {
    await crm.fixture.knex('im_settings').delete();
    await crm.fixture.knex('im_activity').delete();
  });
  afterAll(() => crm.fixture.close());

  const version = async (): Promise<string> => String((await crm.api('admin')).body.version);
  const logRows = () => crm.fixture.rows('im_activity', { action: 'settings' });

  it('are those of the first day until somebody decides, and only who manages them may see or change them', async () => {
    expect(await crm.api('admin')).toEqual({ status: 200, body: { ...DEFAULTS, version: 0 } });
    for (const who of ['books', 'sales', 'stranger'] as const) {
      expect((await crm.api(who)).status).toBe(403);
      expect((await crm.api(who, { ...DEFAULTS, enabled: false, version: 0 })).status).toBe(403);
      expect((await crm.get(who, '/invoice-merge/settings')).status).toBe(403);
      expect((await crm.post(who, '/settings', { ...FORM, version: '0' })).status).toBe(403);
      expect((await crm.post(who, '/enabled', { enabled: '0' })).status).toBe(403);
    }
    expect((await crm.api(null)).status).toBe(401);
    expect((await crm.get(null, '/invoice-merge/settings')).status).toBe(401);
    expect((await crm.api('admin')).body).toEqual({ ...DEFAULTS, version: 0 });
    expect(await logRows()).toEqual([]);
  });

  it('are changed by the form, which says so, and the change is kept: who, when, before and after', async () => {
    const reply = await crm.post('admin', '/settings', {
      ...FORM,
      issuedOffered: 'cancel',
      draftDefault: 'delete',
      version: '0',
    });
    expect([reply.status, reply.to]).toEqual([303, '/invoice-merge/settings?done=saved']);
    const after = {
      ...DEFAULTS,
      issued: { offered: ['cancel'], default: 'cancel' },
      draft: { offered: ['cancel', 'delete'], default: 'delete' },
    };
    expect((await crm.api('admin')).body).toEqual({ ...after, version: 1 });
    const [logged, ...others] = await logRows();
    expect(others).toEqual([]);
    expect(logged).toMatchObject({ actor_id: '1', actor_name: 'Nadia Admin', at: '2026-11-21T10:00:00.000Z' });
    expect(JSON.parse(String(logged?.details))).toEqual({ before: DEFAULTS, after });

    const { $ } = await crm.get('admin', reply.to);
    expect($('[role=status]').text()).toBe('Les réglages sont enregistrés.');
    expect($('.im-log').text().replace(/\s+/g, ' ')).toContain(
      'Nadia Admin Factures émises : annuler (par défaut) (avant : annuler (par défaut), supprimer) Brouillons : annuler, supprimer (par défaut)',
    );
    const checked = $('input:checked')
      .toArray()
      .map(({ attribs }) => `${attribs.name} ${attribs.value}`);
    expect(checked).toEqual([
      'issuedOffered cancel',
      'issuedDefault cancel',
      'draftOffered cancel',
      'draftOffered delete',
      'draftDefault delete',
      'numbers fillGaps',
      'numbers freeCancelled',
    ]);
  });

  it('let numbers be changed by hand as the boxes say, and the log names what was allowed before', async () => {
    const { status } = await crm.post('admin', '/settings', { ...FORM, numbers: 'fillGaps', version: '0' });
    expect(status).toBe(303);
    const numbers = { fillGaps: true, freeCancelled: false };
    expect((await crm.api('admin')).body).toEqual({ ...DEFAULTS, numbers, version: 1 });
    const { $ } = await crm.get('admin', '/invoice-merge/settings');
    const ticked = $('[name=numbers]:checked').toArray();
    expect(ticked.map(({ attribs }) => attribs.value)).toEqual(['fillGaps']);
    expect($('.im-log li').text()).toContain(
      'Numéros\u202f: combler un trou (avant\u202f: combler un trou, libérer le numéro d’une facture annulée)',
    );
    await crm.post('admin', '/settings', { ...FORM, numbers: undefined, preset: 'france', version: '1' });
    // What holds, not what is stored for the day when no rule holds.
    expect((await crm.get('admin', '/invoice-merge')).$('.im-points').text()).toContain(
      'Numéros\u202f: combler un trou',
    );
  });

  it('are not changed by a form of another site', async () => {
    const form = { ...FORM, draftDefault: 'delete', version: '0' };
    for (const [path, posted] of [
      ['/settings', form],
      ['/enabled', { enabled: '0' }],
    ] as const) {
      const from = { 'x-person': 'admin', origin: 'https://elsewhere.example' };
      const reply = await request(crm.app).post(`/invoice-merge${path}`).type('form').send(posted).set(from);
      expect([reply.status, reply.body]).toMatchObject([403, { error: { code: 'IM_CROSS_SITE' } }]);
    }
    expect(await version()).toBe('0');
  });

  it('have no wrong state in the form: the default is offered even where its box is empty', async () => {
    await crm.post('admin', '/settings', { issuedDefault: 'delete', draftDefault: 'cancel', version: '0' });
    expect((await crm.api('admin')).body).toMatchObject({
      issued: { offered: ['delete'], default: 'delete' },
      draft: { offered: ['cancel'], default: 'cancel' },
    });
  });

  it('that are saved as they were leave no trace and make nobody’s form too old', async () => {
    expect((await crm.post('admin', '/settings', { ...FORM, version: '0' })).status).toBe(303);
    expect(await version()).toBe('0');
    expect(await logRows()).toEqual([]);
    expect((await crm.post('second', '/settings', { ...FORM, draftDefault: 'delete', version: '0' })).status).toBe(303);
  });

  it('refuse a form older than somebody’s change: who it was, what is set now, what was chosen still chosen', async () => {
    await crm.post('second', '/settings', { ...FORM, draftDefault: 'delete', version: '0' });
    const late = await crm.post('admin', '/settings', { ...FORM, issuedDefault: 'delete', version: '0' });
    expect(late.status).toBe(409);
    const told = late.$('[role=alert]').text().replace(/\s+/g, ' ');
    expect(told).toContain('modifiés par Omar Admin le 21/11/2026 à 11:00');
    expect(told).toContain('Brouillons : annuler, supprimer (par défaut)');
    expect(late.$('input[name=issuedDefault]:checked').attr('value')).toBe('delete');
    expect((await crm.api('admin')).body).toMatchObject({
      issued: { default: 'cancel' },
      draft: { default: 'delete' },
    });

    const again = { ...FORM, issuedDefault: 'delete', version: late.$('input[name=version]').attr('value') };
    expect((await crm.post('admin', '/settings', again)).status).toBe(303);
    expect((await crm.api('admin')).body).toMatchObject({
      issued: { default: 'delete' },
      draft: { default: 'cancel' },
    });
  });

  it('take one of two changes that come at the same moment, and tell the other over the API what is set now', async () => {
    for (const seen of [0, 1]) {
      const wanted = [
        { ...DEFAULTS, enabled: seen === 1, version: seen },
        { ...DEFAULTS, enabled: seen === 1, draft: { offered: ['delete'], default: 'delete' }, version: seen },
      ];
      const replies = await Promise.all(wanted.map((body, index) => crm.api(index ? 'second' : 'admin', body)));
      expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
      const [won, lost] = replies[0]?.status === 200 ? replies : [...replies].reverse();
      expect(lost?.body.error).toMatchObject({ code: 'IM_STALE_SETTINGS', vars: { now: won?.body } });
      expect((await crm.api('admin')).body).toEqual(won?.body);
    }
  });

  it.each([
    ['a default that is not offered', { issued: { offered: ['cancel'], default: 'delete' } }, 'issued.default'],
    ['nothing offered', { draft: { offered: [], default: 'cancel' } }, 'draft.offered'],
    ['a settlement that does not exist', { issued: { offered: ['burn'], default: 'burn' } }, 'issued.offered.0'],
    ['a misspelt name', { enabledd: false }, 'enabledd'],
  ])('refuse %s over the API, naming the field', async (_what, wrong, field) => {
    const { status, body } = await crm.api('admin', { ...DEFAULTS, version: 0, ...wrong });
    expect([status, body.error]).toMatchObject([400, { code: 'IM_PAYLOAD_INVALID', vars: { field } }]);
    expect((await crm.api('admin')).body).toEqual({ ...DEFAULTS, version: 0 });
  });

  it('are shown with what each choice does, in both languages, and with what French law says of it', async () => {
    const fr = (await crm.get('admin', '/invoice-merge/settings')).$;
    expect(fr('.im-law').text()).toContain('En France, une facture émise ne peut être ni annulée ni supprimée');
    const en = (await crm.get('admin', '/invoice-merge/settings', 'en')).$;
    for (const [$, words] of [
      [fr, ['Numéros', 'Rapports', 'TVA']],
      [en, ['Numbers', 'Reports', 'VAT']],
    ] as const) {
      const effects = $('.im-effect')
        .toArray()
        .map((one) => $(one).text());
      expect(effects).toHaveLength(5);
      for (const effect of effects) for (const word of words) expect(effect).toContain(word);
      expect($('body').text()).not.toMatch(/\b(settings|module|check)\.\w/);
    }
  });
});

describe('where the business invoices, and until when its books are closed', () => {
  it('is asked at the first visit, kept with its log in words, and leaves the stored choice as it was', async () => {
    const [, createDatabase] = eachDatabase[0]!;
    const crm = await openSettings(await createDatabase());
    const first = (await crm.get('admin', '/invoice-merge/settings')).$;
    expect(first('legend').first().text()).toBe('Où votre entreprise facture-t-elle\u202f?');
    expect(first('[name=preset]:checked')).toHaveLength(0);
    expect((await crm.get('admin', '/invoice-merge')).$('main').text()).toContain(
      'ce que le droit français ne permet pas',
    );

    const answer = { ...FORM, preset: 'france', lockedUntil: '2026-09-30', version: '0' };
    expect((await crm.post('admin', '/settings', answer)).status).toBe(303);
    const stored = { ...DEFAULTS, preset: 'france', lockedUntil: '2026-09-30', version: 1 };
    expect((await crm.api('admin')).body).toEqual(stored);
    const later = (await crm.get('admin', '/invoice-merge/settings')).$;
    expect(later('.im-log').text()).toContain('Règles\u202f: France (avant\u202f: pas encore choisies)');
    expect(later('.im-log').text()).toContain('Période close jusqu’au 30/09/2026 (avant\u202f: aucune)');
    const module = (await crm.get('admin', '/invoice-merge')).$('main').text();
    expect(module).toContain('Factures émises\u202f: créer un avoir (par défaut)');
    expect(module).toContain('Période close jusqu’au 30/09/2026');
    for (const wrong of [{ preset: 'mars' }, { lockedUntil: '2026-02-30' }])
      expect((await crm.api('admin', { ...stored, ...wrong })).status).toBe(400);
    await crm.fixture.close();
  });

  it('cannot be France or the EU where the host keeps no credit notes, and the page says why', async () => {
    const [, createDatabase] = eachDatabase[0]!;
    const plain = await openSettings(await createDatabase());
    const { host } = plain.fixture.crm;
    const without = await openSettings(await createDatabase(), { host: { ...host, creditInvoices: undefined } });
    const { $ } = await without.get('admin', '/invoice-merge/settings');
    expect(
      $('[name=preset][disabled]')
        .toArray()
        .map((one) => $(one).attr('value')),
    ).toEqual(['france', 'eu']);
    expect($('.im-preset .im-alarm').first().text()).toContain('votre CRM ne tient pas d’avoirs');
    for (const wanted of [{ preset: 'eu' }, { issued: { offered: ['credit'], default: 'credit' } }])
      expect(await without.api('admin', { ...DEFAULTS, version: 0, ...wanted })).toMatchObject({
        status: 422,
        body: { error: { code: 'IM_CREDIT_UNAVAILABLE' } },
      });
    await plain.fixture.close();
    await without.fixture.close();
  });
});

describe('the module page', () => {
  it('tells the admin in words, French or English, what the host check finds and how to mend it', async () => {
    const [, createDatabase] = eachDatabase[0]!;
    const crm = await openSettings(await createDatabase());
    const { host } = crm.fixture.crm;
    const links = host.map.links.filter((link) => link.name !== 'estimates');
    const broken = { ...host, map: { ...host.map, links, customers: { ...host.map.customers, table: 'clients' } } };
    const other = await openSettings(await createDatabase(), { host: broken });
    const [sound, fr, en] = [
      (await crm.get('admin', '/invoice-merge')).$('main').text(),
      (await other.get('admin', '/invoice-merge')).$('.im-points li').text(),
      (await other.get('admin', '/invoice-merge', 'en')).$('.im-points li').text(),
    ];
    expect(sound).toContain('Tout est en ordre');
    expect(fr).toContain('La table «\u202fclients\u202f», nommée par customers dans la carte des tables, n’existe pas');
    expect(fr).toContain('app_devis.facture_id semble désigner une facture');
    expect(fr).toContain(
      `{ name: 'app_devis', table: 'app_devis', id: 'id', to: 'invoice', column: 'facture_id', policy: 'move' }`,
    );
    expect(en).toContain('The table ‘clients’, which customers of the table map names, is not in this database');
    expect(en).toContain('or, where its rows go with a deleted invoice, to owned {');
    const { $ } = await other.get('admin', '/invoice-merge/settings');
    expect($('.im-alarm').text()).toContain('la suppression n’est proposée à personne');
    // What hosts get from checkHost() keeps its shape.
    for (const fault of (await other.merge.checkHost()).faults)
      expect(Object.keys(fault)).toEqual(['code', 'where', 'mend']);
    await Promise.all([crm.fixture.close(), other.fixture.close()]);
  });

  it('shows no button and no check to who may merge only, and refuses who may nothing', async () => {
    const [, createDatabase] = eachDatabase[0]!;
    const crm = await openSettings(await createDatabase());
    const { $, status } = await crm.get('sales', '/invoice-merge');
    expect([status, $('button').length]).toEqual([200, 0]);
    // Then a card for each further feature that they may open.
    expect($('h2').text()).toMatch(/^ActivéeHistorique des fusionsNumérotation/);
    expect($('h2').text()).not.toMatch(/Réglages|Vérification/);
    expect($('a').attr('href')).toBe('/invoice-merge/history');
    expect((await crm.get('stranger', '/invoice-merge')).status).toBe(403);
    expect((await crm.get(null, '/invoice-merge')).status).toBe(401);
    await crm.fixture.close();
  });

  it('leaves a host that mounts the plugin at its root its own first page and settings', async () => {
    const [, createDatabase] = eachDatabase[0]!;
    const crm = await openSettings(await createDatabase(), { mountPath: '/' });
    expect((await crm.get('admin', '/')).text).toBe('the CRM’s own');
    expect((await crm.get('admin', '/settings')).text).toBe('the CRM’s own');
    const { $ } = await crm.get('admin', '/invoice-merge');
    expect($('form').attr('action')).toBe('/invoice-merge/enabled');
    const reply = await crm.post('admin', '/invoice-merge/enabled', { enabled: '0' });
    expect([reply.status, reply.to]).toEqual([303, '/invoice-merge?done=switchedOff']);
    await crm.fixture.close();
  });
});
