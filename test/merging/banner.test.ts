import { load, type CheerioAPI } from 'cheerio';
import request from 'supertest';
import { PluginError } from '../../plugin/errors';
import { createMergingApp } from '../web/merging-app';
import type { MergingApp } from '../web/merging-app';

const V = 'v'.repeat(22);

async function page(setup: MergingApp, path = '/invoices/42/edit') {
  const reply = await request(setup.app).get(path).expect(200);
  return { html: reply.text, $: load(reply.text) };
}

describe('the banner', () => {
  let setup: MergingApp;
  beforeEach(() => {
    setup = createMergingApp({ csp: true });
  });

  it('lists what can be merged, with number, state, due day and amount, and ticks nothing by itself', async () => {
    const { $ } = await page(setup);
    expect($('#im-title').text()).toBe('3 factures de Boulangerie Martin peuvent être fusionnées ici');
    const rows = $('[data-im="list"] .im-row')
      .map((_index, row) => $(row).find('label').text().replace(/\s+/g, ' ').trim())
      .get();
    expect(rows).toEqual([
      'FA-2026-00031 En retard échue le 12/09/2026 604,80 €',
      'FA-2026-00038 Impayée échéance 30/11/2026 230,40 €',
      'Brouillon du 03/11/2026 Brouillon sans échéance 96,00 €',
    ]);
    expect($('input:checked[name="invoiceMergeSource"]')).toHaveLength(0);
    expect($('input[name="invoiceMergeSource"]').first().attr('value')).toBe(`31~${V}`);
    expect($('[data-im-action="all"]').text().replace(/\s/g, ' ')).toBe('Tout sélectionner (3 · 931,20 €)');
  });

  it('C0 makes the whole row the label of its box, and the link to the invoice a thing of its own', async () => {
    const { $ } = await page(setup);
    const label = $('[data-im="list"] label').first();
    expect(label.find('.im-number').text()).toBe('FA-2026-00031');
    expect(label.find('a')).toHaveLength(0);
    const link = $('[data-im="list"] a').first();
    expect([link.attr('href'), link.attr('target'), link.attr('aria-label')]).toEqual([
      '/invoices/31',
      '_blank',
      'Voir FA-2026-00031 (nouvel onglet)',
    ]);
  });

  it('says of each invoice that cannot be merged why', async () => {
    const { $ } = await page(setup);
    const text = $('details').text().replace(/\s+/g, ' ');
    expect($('details summary').text()).toBe('2 autres ne peuvent pas l’être\u202f: voir pourquoi');
    expect(text).toContain('déjà payée en partie (100,00 €)');
    expect(text).toContain('elle est dans une autre devise (USD)');
    expect($('details input')).toHaveLength(0);
  });

  it('puts every control into the host’s form by its id', async () => {
    const { $ } = await page(setup);
    const outside = $('[data-im="banner"] input[name]').filter((_index, input) => $(input).attr('form') !== 'invoice');
    expect(outside).toHaveLength(0);
    expect($('input[name="invoiceMergeTarget"]').attr('value')).toBe('t'.repeat(22));
    expect($('input[name="invoiceMergeLines"]').attr('value')).toBe('server');
  });

  it('makes a fresh key at every render', async () => {
    const keys = await Promise.all([page(setup), page(setup)]);
    const [one, two] = keys.map(({ $ }) => $('input[name="invoiceMergeKey"]').attr('value'));
    expect(one).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
    expect(one).not.toBe(two);
  });

  it('V6 has no form of its own', async () => {
    for (const path of ['/invoices/42/edit', '/invoices/42', '/invoices/new']) {
      const { html } = await page(setup, path);
      expect(html).not.toMatch(/<\/?form/i);
    }
  });

  it('V7 gives every button a type, and prefixes every id and class', async () => {
    const { $ } = await page(setup);
    expect($('button').length).toBeGreaterThan(0);
    expect($('button:not([type="button"])')).toHaveLength(0);
    const names = $('main *')
      .toArray()
      .flatMap((element) => [$(element).attr('id') ?? '', ...($(element).attr('class') ?? '').split(' ')])
      .filter(Boolean);
    expect(names.filter((name) => !name.startsWith('im-'))).toEqual([]);
  });

  it('V8 keeps a customer’s and an invoice’s name inert in text, attributes and JSON', async () => {
    const evil = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>$t(errors.title){n}';
    setup.fake.list = {
      ...setup.fake.list,
      customer: { id: '3', name: evil },
      candidates: setup.fake.list.candidates.map((one) => ({ ...one, number: evil })),
    };
    const { $, html } = await page(setup);
    expect($('img')).toHaveLength(0);
    expect($('script')).toHaveLength(1);
    expect(html).not.toContain('<script>alert');
    expect($('#im-title').text()).toContain(evil);
    const config = JSON.parse($('#im-banner').attr('data-im-config') ?? '') as { customer: string };
    expect(config.customer).toBe(evil);
  });

  it('C1 has no inline script, style or handler, and loads only from under its base', async () => {
    for (const path of ['/invoices/42/edit', '/invoices/42', '/invoices/new']) {
      const { $ } = await page(setup, path);
      expect($('[style]')).toHaveLength(0);
      expect($('style')).toHaveLength(0);
      const handlers = $('main *')
        .toArray()
        .flatMap((element) => ('attribs' in element ? Object.keys(element.attribs) : []))
        .filter((name) => name.startsWith('on'));
      expect(handlers).toEqual([]);
      for (const script of $('script').toArray()) {
        expect($(script).attr('src')).toMatch(/^\/crm\/merge\/assets\/[\w-]{12}\/js\//);
        expect($(script).text()).toBe('');
      }
      expect($('link').attr('href')).toMatch(/^\/crm\/merge\/assets\/[\w-]{12}\/css\//);
    }
  });

  it('C2 carries the host’s nonce on each tag that loads something, and none without it', async () => {
    const { $ } = await page(createMergingApp({ nonce: 'n0nce' }));
    expect([$('script').attr('nonce'), $('link').attr('nonce')]).toEqual(['n0nce', 'n0nce']);
    expect((await page(setup)).html).not.toContain('nonce');
  });

  it('C11 is empty for an anonymous visitor, and asks the database nothing', async () => {
    setup.host.actor = null;
    for (const path of ['/invoices/42/edit', '/invoices/42', '/invoices/new']) {
      expect((await page(setup, path)).$('main').html()).toBe('');
    }
    expect(setup.fake.calls).toEqual([]);
  });

  it('is empty for whoever may not see merges', async () => {
    setup.fake.fail.demand = new PluginError('IM_FORBIDDEN', 403);
    expect((await page(setup)).$('main').html()).toBe('');
  });

  it('rejects when the database does, so that its caller can log it', async () => {
    setup.fake.fail.candidates = new Error('connection lost');
    const reply = await request(setup.app).get('/invoices/42/edit');
    expect([reply.status, reply.text]).toEqual([500, 'host: Error: connection lost']);
  });

  it('speaks English to who asks for it, and to who asks for a language that it lacks', async () => {
    for (const locale of ['en', 'de']) {
      setup.host.locale = locale;
      const { $ } = await page(setup);
      expect($('#im-title').text()).toBe('3 of Boulangerie Martin’s invoices can be merged here');
      expect($('.im-due').first().text()).toBe('was due 12 Sept 2026');
      expect($('.im-amount').first().text()).toBe('€604.80');
    }
  });

  it('shows no key of a text anywhere', async () => {
    for (const locale of ['fr', 'en']) {
      setup.host.locale = locale;
      for (const path of ['/invoices/42/edit', '/invoices/42', '/invoices/new']) {
        const { $ } = await page(setup, path);
        expect($('main').text()).not.toMatch(/\b(banner|rows|settlement|status|errors|questions|summary)\.\w/);
        expect($('main').text()).not.toMatch(/[{}⟦⟧\0]/);
      }
    }
  });
});

describe('the banner on the create page', () => {
  it('asks for the customer first, and says how without JavaScript', async () => {
    const setup = createMergingApp();
    const { $, html } = await page(setup, '/invoices/new');
    expect($('[data-im="placeholder"]').text()).toContain('Choisissez d’abord le client');
    expect(html).toContain('/invoices/new?customerId=1');
    expect(setup.fake.calls).not.toContain('candidates');
  });

  it('lists the invoices of the customer in the address', async () => {
    const { $ } = await page(createMergingApp(), '/invoices/new?customerId=3');
    expect($('[data-im="list"] input')).toHaveLength(3);
  });
});

describe('C6 the banner’s place', () => {
  it('says why a part-paid invoice receives nothing', async () => {
    const setup = createMergingApp();
    setup.fake.list = { ...setup.fake.list, refusal: { code: 'status', vars: { status: 'partial' } } };
    const { $ } = await page(setup);
    expect($('.im-hint').text()).toBe('Cette facture est payée en partie\u202f: rien ne peut y être fusionné.');
    expect($('input[type="checkbox"]')).toHaveLength(0);
  });

  it('shows nothing without candidates, but still sends the fields of every save', async () => {
    const setup = createMergingApp();
    setup.fake.list = { ...setup.fake.list, candidates: [] };
    const { $ } = await page(setup);
    expect($('#im-banner').attr('data-im-state')).toBe('empty');
    expect($('#im-banner .im-head')).toHaveLength(0);
    expect(
      $('#im-banner input')
        .map((_index, input) => $(input).attr('name'))
        .get(),
    ).toEqual(['invoiceMergeKey', 'invoiceMergeTarget', 'invoiceMergeShown', 'invoiceMergeLines']);
    expect((await page(setup, '/invoices/42')).$('main').html()).toBe('');
  });

  it('offers Edit on the preview page to who may merge, a sentence to the others', async () => {
    const setup = createMergingApp();
    const may = await page(setup, '/invoices/42');
    expect(may.$('a.im-main').attr('href')).toBe('/invoices/42/edit#im-first');
    expect((await page(setup, '/invoices/42/edit')).$('#im-first').attr('data-im-id')).toBe('31');
    expect(may.$('input')).toHaveLength(0);
    setup.fake.service.demand = async (_who, action) => {
      if (action === 'merge.apply') throw new PluginError('IM_FORBIDDEN', 403);
    };
    const mayNot = await page(setup, '/invoices/42');
    expect(mayNot.$('a.im-main')).toHaveLength(0);
    expect(mayNot.$('main').text()).toContain('demandez à une personne qui en a le droit');
  });

  it('says on a settled source what it was merged into, and on a target what it replaces', async () => {
    const setup = createMergingApp();
    const by = { id: '7', name: 'Claire' };
    const at = '2026-11-21T13:32:00.000Z';
    setup.fake.merges = {
      mergedInto: {
        ...{ invoiceId: '42', mergeId: '5', number: 'FA-2026-00042', date: '2026-11-21' },
        ...{ at, by, settlement: 'cancel', creditNote: null, corrected: false },
      },
      replaces: [],
    };
    const settled = (await page(setup, '/invoices/31')).$('main a');
    expect(settled.first().text()).toBe('Fusionnée dans FA-2026-00042 le 21/11/2026 à 14:32 par Claire');
    expect(settled.last().attr('href')).toMatch(/\/merges\/5$/);
    expect(setup.fake.calls).not.toContain('candidates');
    const source = {
      number: 'FA-2026-00031',
      date: '2026-08-12',
      total: '604.80',
      currency: 'EUR',
      mergeId: '1',
      at,
      by,
      corrected: false,
    };
    setup.fake.merges = {
      mergedInto: null,
      replaces: [
        { ...source, invoiceId: '31', settlement: 'cancel', creditNote: null },
        { ...source, invoiceId: '32', settlement: 'delete', creditNote: null },
      ],
    };
    const { $ } = await page(setup, '/invoices/42');
    expect($('details summary').first().text()).toBe('Remplace 2 factures');
    expect($('.im-plain').first().text().replace(/\s/g, ' ')).toBe('FA-2026-00031 du 12/08/2026 · 604,80 € · annulée');
    expect($('.im-plain a')).toHaveLength(1);
  });
});

describe('the choice of settlement', () => {
  it('is a ticked box over a hidden "delete" of the same name', async () => {
    const { $ } = await page(createMergingApp());
    const fields = $('input[name="invoiceMergeIssued"]')
      .map((_index, input) => $(input).attr('value'))
      .get();
    expect(fields).toEqual(['delete', 'cancel']);
    expect($('[data-im="cancel"]').is(':checked')).toBe(true);
  });

  it('is shown disabled with the reason to who may not choose, and posts the default', async () => {
    const setup = createMergingApp();
    setup.fake.offer = {
      ...setup.fake.offer,
      mayChoose: false,
      draft: { offered: ['cancel', 'delete'], default: 'delete' },
    };
    const { $ } = await page(setup);
    expect($('[data-im="cancel"]').is(':disabled')).toBe(true);
    expect($('[data-im="cancel"]').attr('name')).toBeUndefined();
    expect($('.im-settlement').text()).toContain('Ce choix revient à la comptabilité');
    expect($('input[name="invoiceMergeIssued"]').attr('value')).toBe('cancel');
    expect($('input[name="invoiceMergeDraft"]').attr('value')).toBe('delete');
  });

  it('is one of three with a sentence each where credit notes are offered, and keeps the others from who may not choose', async () => {
    const setup = createMergingApp();
    const rules = {
      issued: { offered: ['cancel' as const, 'delete' as const, 'credit' as const], default: 'cancel' as const },
    };
    setup.fake.offer = { ...setup.fake.offer, ...rules };
    const radios = ($: CheerioAPI) =>
      $('input[type="radio"][name="invoiceMergeIssued"]')
        .toArray()
        .map((one) => [$(one).attr('value'), $(one).is('[checked]'), $(one).is('[disabled]')]);
    const free = await page(setup);
    expect(radios(free.$)).toEqual([
      ['cancel', true, false],
      ['delete', false, false],
      ['credit', false, false],
    ]);
    expect(free.$('.im-radios small')).toHaveLength(3);
    // Drafts have no number that a credit note could name.
    expect(free.$('[data-im="cancel-drafts"]').closest('label').text()).toContain('il n’y a pas d’avoir à créer');
    setup.fake.offer = { ...setup.fake.offer, mayChoose: false };
    const bound = await page(setup);
    expect(radios(bound.$).map(([, , disabled]) => disabled)).toEqual([false, true, true]);
    expect(
      bound
        .$('.im-settlement')
        .text()
        .match(/Ce choix revient à la comptabilité/g),
    ).toHaveLength(1);
  });

  it('is a sentence where deleting is not offered, with what stands in its way', async () => {
    const setup = createMergingApp();
    setup.fake.offer = {
      ...setup.fake.offer,
      issued: { offered: ['cancel'], default: 'cancel' },
      draft: { offered: ['cancel'], default: 'cancel' },
      deleteBlockedBy: [{ where: 'crm_notes.invoice_id', mend: 'map it' }],
    };
    const { $ } = await page(setup);
    expect($('[data-im="cancel"]')).toHaveLength(0);
    expect($('.im-settlement').text()).toContain('seront marquées comme annulées');
    expect($('.im-settlement').text()).toContain('crm_notes.invoice_id');
    expect($('input[name="invoiceMergeIssued"]').attr('value')).toBe('cancel');
  });
});

describe('C3 after a refused save', () => {
  const form = {
    invoiceMergeSource: [`31~${V}`, `38~${V}`],
    invoiceMergeIssued: 'delete',
    invoiceMergeKey: 'key-of-the-first-try',
    invoiceMergeTarget: 'typed-against',
    invoiceMergeShown: '1107.39',
    invoiceMergeLines: 'form',
  };
  let setup: MergingApp;
  beforeEach(() => {
    setup = createMergingApp();
    setup.host.spec = { form };
  });
  const ticked = ($: ReturnType<typeof load>): (string | undefined)[] =>
    $('input:checked[name="invoiceMergeSource"]')
      .map((_index, box) => $(box).attr('data-im-id'))
      .get();

  it('gives the choice back with a fresh key and the version that was typed against', async () => {
    setup.host.spec.error = new PluginError('IM_STALE_TARGET', 409, {
      by: { id: '9', name: 'Paul' },
      at: '2026-11-21T13:32:00.000Z',
    });
    const { $ } = await page(setup);
    expect(ticked($)).toEqual(['31', '38']);
    expect($('[data-im="cancel"]').is(':checked')).toBe(false);
    expect($('input[name="invoiceMergeKey"]').attr('value')).not.toBe(form.invoiceMergeKey);
    expect($('input[name="invoiceMergeTarget"]').attr('value')).toBe('typed-against');
    expect($('input[name="invoiceMergeLines"]').attr('value')).toBe('form');
    const alert = $('[role="alert"]');
    expect(alert.text()).toContain('a été modifiée par Paul le 21/11/2026 à 14:32 depuis que vous l’avez ouverte');
    expect(alert.text()).toContain('rechargez cette page');
    expect(alert.find('a').attr('href')).toBe('/invoices/42');
  });

  it('unticks only the invoice that is stale and says so on its row', async () => {
    const merged = {
      id: '31',
      number: 'FA-2026-00031',
      change: 'merged',
      other: { number: 'FA-2026-00044', issueDate: '2026-11-21' },
      by: 'Claire',
      at: '2026-03-21T13:32:00.000Z',
      url: '/invoices/44',
    };
    setup.host.spec.error = new PluginError('IM_STALE_SOURCE', 409, { ...merged, stale: [merged] });
    const { $ } = await page(setup);
    expect(ticked($)).toEqual(['38']);
    const words = 'FA-2026-00031 vient d’être fusionnée dans FA-2026-00044 par Claire le 21/03/2026 à 14:32.';
    expect($('[role="alert"] p').first().text()).toBe(`${words} Voir`);
    expect($('[role="alert"] a').attr('href')).toBe('/invoices/44');
    expect($('[role="alert"] p').last().text()).toBe('Rien n’a été enregistré, votre saisie est conservée.');
    const without = $('button[type="submit"]');
    expect([without.text(), without.attr('name'), without.attr('value'), without.attr('form')]).toEqual([
      'Enregistrer sans elle',
      'invoiceMergeWithout',
      '31',
      'invoice',
    ]);
    expect($('[data-im="kept"]').attr('data-im-id')).toBe('31');
    expect($('.im-problem').text()).toBe('déjà fusionnée dans FA-2026-00044');
  });

  it('unticks an invoice whose version is not the one posted', async () => {
    setup.host.spec.form = { ...form, invoiceMergeSource: [`31~other`, `38~${V}`] };
    const { $ } = await page(setup);
    expect(ticked($)).toEqual(['38']);
    expect($('.im-problem').text()).toContain('modifiée depuis l’affichage');
  });

  it('names the reasons of those that cannot be merged', async () => {
    const reasons = [{ code: 'payments', vars: { sum: '10.00', currency: 'EUR' } }];
    setup.host.spec.error = new PluginError('IM_NOT_MERGEABLE', 422, {
      invoices: [{ invoiceId: '38', number: 'FA-2026-00038', reasons }],
    });
    const { $ } = await page(setup);
    expect(ticked($)).toEqual(['31']);
    expect($('[role="alert"]').text().replace(/\s+/g, ' ')).toContain(
      'FA-2026-00038 : déjà payée en partie (10,00 €).',
    );
  });

  const oven = {
    sourceId: '31',
    description: 'Four',
    was: { quantity: '1', unitPrice: '560' },
    now: { quantity: '1', unitPrice: '500' },
  };
  const bags = { sourceId: '38', description: 'Sacs', was: { quantity: '8', unitPrice: '24' }, now: null };

  it('asks its questions as boxes, each with what it is about, and keeps those answered before', async () => {
    setup.host.spec = {
      form: { ...form, invoiceMergeAcknowledged: 'other_question' },
      error: new PluginError('IM_TOTAL_CHANGED', 422, {
        questions: [
          {
            code: 'total_changed',
            shown: '1107.39',
            after: '1097.40',
            currency: 'EUR',
            causes: [
              { code: 'rounding', amount: '0.01' },
              { code: 'discount', amount: '-10.00' },
            ],
          },
          { code: 'IM_CARRIED_LINES_CHANGED', lines: [oven, bags], currency: 'EUR' },
          {
            code: 'fields_differ',
            fields: [
              {
                column: 'payment_terms',
                value: '30 jours',
                others: [
                  { invoiceId: '31', number: 'FA-2026-00031', issueDate: '2026-09-12', value: '45 jours' },
                  { invoiceId: '38', number: null, issueDate: '2026-11-03', value: null },
                ],
              },
            ],
          },
        ],
      }),
    };
    const { $ } = await page(setup);
    const boxes = $('.im-questions input[name="invoiceMergeAcknowledged"]');
    expect(boxes.map((_index, box) => $(box).attr('value')).get()).toEqual([
      'other_question',
      'total_changed',
      'carried_lines_changed',
      'fields_differ',
    ]);
    expect(boxes.filter(':checked').attr('value')).toBe('other_question');
    expect($('.im-questions').text().replace(/\s/g, ' ')).toContain('1 107,39 € → 1 097,40 €');
    const details = $('.im-about li').map((_index, detail) => $(detail).text().replace(/\s/g, ' '));
    expect(details.get()).toEqual([
      'arrondi de la TVA (+0,01 €)',
      'remise de cette facture, qui ne porte pas sur les lignes fusionnées (−10,00 €)',
      'Four : 1 × 560,00 € → 1 × 500,00 €',
      'Sacs : 8 × 24,00 €, retirée',
      'payment_terms : 30 jours ici, 45 jours sur FA-2026-00031 et non renseigné sur Brouillon du 03/11/2026',
    ]);
    expect(boxes.eq(1).attr('aria-describedby')).toBe($('.im-about').first().attr('id'));
  });

  it('asks a single question from the error’s own variables', async () => {
    setup.host.spec.error = new PluginError('IM_CARRIED_LINES_CHANGED', 422, { lines: [oven] });
    const { $ } = await page(setup);
    expect($('input[name="invoiceMergeAcknowledged"]').attr('value')).toBe('carried_lines_changed');
  });

  it('comes back whole when the form was malformed, and passes over errors that are not ours', async () => {
    setup.host.spec = {
      form: { invoiceMergeSource: { a: 1 } },
      error: new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'x' }),
    };
    expect((await page(setup)).$('[role="alert"]').text()).toContain('(champ x)');
    setup.host.spec = { form, error: new Error('the host’s own') };
    expect((await page(setup)).$('[role="alert"]')).toHaveLength(0);
  });
});
