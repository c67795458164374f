import { PluginError } from '../../plugin/errors';
import { CHANGE, EXPLAINED, numberOf } from './fake-numbering';
import { createNumbersApp, type NumbersApp } from './numbers-app';

let crm: NumbersApp;
beforeEach(() => {
  crm = createNumbersApp();
});

const SERIES = '/numbers/series?key=FA-2026-';
const GAP = '/numbers/gap?key=FA-2026-&n=24';
const INVOICE = '/numbers/invoices/49';
const GIVE = `${INVOICE}/give?number=${numberOf(24)}`;
const PAGES = [
  '/numbers',
  SERIES,
  '/numbers/print?key=FA-2026-',
  '/numbers/unmatched',
  GAP,
  '/numbers/gap?key=FA-2026-&n=29',
  '/numbers/gap?key=FA-2026-&n=36',
  INVOICE,
  GIVE,
];
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

it.each(PAGES)(
  '%s has its words in both languages, one heading, and is for those only who may view numbers',
  async (path) => {
    crm.fake.changes = [CHANGE];
    for (const lang of ['fr', 'en'] as const) {
      const { status, $ } = await crm.get(path, lang);
      expect(status).toBe(200);
      expect($('h1')).toHaveLength(1);
      expect($('body').text()).not.toMatch(/\b(numbers|errors|status|notices)\.\w|undefined|\[object/);
    }
    crm.fake.may.clear();
    expect((await crm.get(path)).status).toBe(403);
  },
);

it('lists the series with their last, next and missing numbers, and what fits none; without any it says what will be here', async () => {
  const { $ } = await crm.get('/numbers');
  const rows = $('tbody tr')
    .toArray()
    .map((row) =>
      $(row)
        .find('th, td')
        .toArray()
        .map((cell) => plain($(cell).text())),
    );
  expect(rows).toEqual([
    ['FA-2026Factures · en cours', 'FA-2026-00052', 'FA-2026-00053', '47', '5, dont 1 justifié'],
    ['INV-…-24Factures', 'INV-0310-24', 'INV-0311-24', '310', 'aucun'],
    ['AV-2026Avoirs · en cours', 'AV-2026-00004', 'AV-2026-00005', '3', '1, justifié'],
  ]);
  // A key may hold braces and slashes: it stands in the query.
  expect($('tbody a').eq(1).attr('href')).toBe('/crm/merge/numbers/series?key=INV-%7Bseq%7D-24');
  expect($('.im-links a').attr('href')).toBe('/crm/merge/numbers/unmatched?type=invoice&page=1');
  crm.fake.list = [];
  expect((await crm.get('/numbers')).$('[data-im=page]').text()).toContain('émettez une facture');
});

it('draws the numbers twice and says the same in words', async () => {
  const { $ } = await crm.get(SERIES);
  for (const name of ['wide', 'narrow']) {
    const svg = $(`.im-${name} svg`);
    const [title, description] = svg
      .attr('aria-labelledby')!
      .split(' ')
      .map((id) => plain($(`#${id}`).text()));
    expect(title).toBe('Numéros 00001 à 00052 de la série FA-2026');
    expect(description).toBe(
      '46 attribués, 1 porté par une facture annulée, 4 manquants, 1 manquant, justifié, manquants : 00024, 00028 à 00030.',
    );
    expect(svg.find('.im-cancelled').attr('fill')).toBe(`url(#${svg.find('pattern').attr('id')})`);
  }
});

it('says of each gap why it is there, between which documents, and what can be done', async () => {
  const { $ } = await crm.get(SERIES);
  const [deleted, range, explained] = $('.im-gap-card')
    .toArray()
    .map((one) => $(one));
  expect(plain(deleted!.text())).toContain(
    'Numéro manquant : FA-2026-00024 Supprimée lors de la fusion n° 12 par Claire, le 21/11/2026 à 11:00',
  );
  expect(
    deleted!
      .find('a')
      .toArray()
      .map((link) => $(link).attr('href')),
  ).toEqual([
    '/crm/merge/merges/12',
    '/invoices/23',
    '/invoices/25',
    '/crm/merge/numbers/gap?key=FA-2026-&n=24#im-give',
    '/crm/merge/numbers/gap?key=FA-2026-&n=24#im-explain',
  ]);
  expect(plain(range!.text())).toContain('Numéros manquants : FA-2026-00028 à FA-2026-00030 (3)');
  expect(plain(range!.text())).toContain('FA-2026-00028 : sa facture porte maintenant le numéro FA-2026-00049');
  // Out of the person's sight: told, not linked.
  expect(plain(range!.find('dd').last().text())).toBe('FA-2026-00031 19/08/2026');
  expect(range!.find('dd').last().find('a')).toHaveLength(0);
  expect(plain(explained!.text())).toContain('Justifié par Bea Books le 21/11/2026 à 11:00 : « Imprimée par erreur');
  expect(explained!.find('.im-button').last().attr('href')).toContain('#im-withdraw');
  const borne = $('.im-borne li')
    .toArray()
    .map((one) => plain($(one).text()));
  expect(borne[0]).toBe('FA-2026-00009 12/03/2026 · annulée Libérer ce numéro…');
  expect(borne[1]).toContain('annulée, fusionnée dans FA-2026-00042');
  expect($('.im-borne .im-button').first().attr('href')).toBe('/crm/merge/numbers/invoices/9#im-free');
});

it('shows who may only view no act at all, and takes none from them', async () => {
  crm.fake.may.delete('numbers.adjust');
  crm.fake.changes = [CHANGE];
  for (const path of [SERIES, GAP, INVOICE]) {
    const { $ } = await crm.get(path);
    expect($('[data-im=page] form')).toHaveLength(0);
    expect($('.im-gap-acts, .im-borne .im-button')).toHaveLength(0);
  }
  expect((await crm.get(GIVE)).status).toBe(403);
});

it('turns each list’s page without losing the other’s', async () => {
  crm.fake.strip = { ...crm.fake.strip, page: 2, pages: 3 };
  const { $ } = await crm.get(`${SERIES}&strip=2&page=1&cancelled=3`);
  const links = $('a[rel=next]')
    .toArray()
    .map((link) => $(link).attr('href'));
  expect(links).toEqual([
    '/crm/merge/numbers/series?key=FA-2026-&cancelled=3&strip=3',
    '/crm/merge/numbers/series?key=FA-2026-&page=2&cancelled=3&strip=2#im-gaps',
  ]);
  expect((await crm.get('/numbers/series?key=NO-')).status).toBe(404);
});

describe('a gap', () => {
  const explain = { key: 'FA-2026-', n: '24', from: '24', to: '24', reason: 'Détruite avant d’être remise' };

  it('offers the invoices that could get its number, each with what it will ask', async () => {
    const { $ } = await crm.get(GAP);
    expect(
      $('.im-takers a')
        .toArray()
        .map((link) => $(link).attr('href')),
    ).toEqual([
      '/crm/merge/numbers/invoices/49/give?number=FA-2026-00024',
      '/crm/merge/numbers/invoices/61/give?number=FA-2026-00024',
    ]);
    expect(plain($('.im-takers li').first().text())).toContain(
      'FA-2026-00049 du 22/11/2026 · Boulangerie Martin · ImpayéeÀ confirmer : facture émise.',
    );
    // Of several missing numbers any one can be given.
    const range = await crm.get('/numbers/gap?key=FA-2026-&n=29');
    expect(range.$('.im-takers a').first().attr('href')).toContain('FA-2026-00029');
    expect(range.$('#im-explain [name=from]').attr('value')).toBe('28');
  });

  it('is explained in writing, and the series says so', async () => {
    const reply = await crm.post('/numbers/gap/explain', explain);
    expect([reply.status, reply.to]).toEqual([303, '/crm/merge/numbers/series?key=FA-2026-&done=explained']);
    const { reason } = explain;
    expect(crm.fake.calls).toEqual([
      ['explain', { series: 'FA-2026-', from: 24, to: 24, reason }, expect.objectContaining({ id: '8' })],
    ]);
    expect((await crm.get(`${SERIES}&done=explained`)).$('[role=status]').text()).toBe('Le trou est justifié.');
  });

  it('keeps what was typed where the explanation is refused, and asks nobody without a reason', async () => {
    const empty = await crm.post('/numbers/gap/explain', { ...explain, reason: '  ' });
    expect([empty.status, empty.$('[role=alert]').text().trim()]).toEqual([
      422,
      'Indiquez le motif\u202f: rien n’a été modifié.',
    ]);
    expect(crm.fake.calls).toEqual([]);
    crm.fake.fails = new PluginError('IM_GAP_EXPLAINED', 409, { number: numberOf(24) });
    const late = await crm.post('/numbers/gap/explain', explain);
    expect(late.status).toBe(409);
    expect(late.$('[role=alert]').text()).toContain('est déjà justifié');
    expect(late.$('#im-explain textarea').text()).toBe(explain.reason);
  });

  it('whose explanation is withdrawn needs a reason too', async () => {
    const { from, to } = EXPLAINED;
    const withdrawn = await crm.post('/numbers/gap/withdraw', {
      key: 'FA-2026-',
      n: '36',
      from,
      to,
      reason: 'Retrouvée',
    });
    expect(withdrawn.to).toContain('done=withdrawn');
    expect(crm.fake.calls[0]?.slice(0, 2)).toEqual(['withdraw', { series: 'FA-2026-', from, to, reason: 'Retrouvée' }]);
  });

  it('of which a part is explained can be explained further: the form begins with the rest', async () => {
    const part = { ...EXPLAINED, from: 28, to: 28 };
    crm.fake.gaps = crm.fake.gaps.map((gap) => (gap.from === 28 ? { ...gap, explanations: [part] } : gap));
    const { $ } = await crm.get('/numbers/gap?key=FA-2026-&n=28');
    expect(['from', 'to'].map((name) => $(`#im-explain [name=${name}]`).attr('value'))).toEqual(['29', '30']);
    expect(plain($('.im-why').text())).toContain('00028 à 00028, justifiés par Bea Books');
    const links = (await crm.get(SERIES)).$('#gap-28 .im-gap-acts a').toArray();
    expect(links.map(({ attribs }) => attribs.href?.split('#')[1])).toEqual(['im-give', 'im-explain', 'im-withdraw']);
  });

  it('that is filled meanwhile is told so, with the way back', async () => {
    const { status, $ } = await crm.get('/numbers/gap?key=FA-2026-&n=25');
    expect([status, $('.im-up a').attr('href')]).toEqual([404, '/crm/merge/numbers/series?key=FA-2026-']);
    expect($('[data-im=page]').text()).toContain('Ce numéro ne manque pas');
  });
});

describe('an invoice’s number', () => {
  it('is given after what is asked was ticked and a reason written', async () => {
    const { $ } = await crm.get(GIVE);
    const boxes = $('[name=confirm]')
      .toArray()
      .map((box) => [$(box).attr('value'), $(box).attr('required') !== undefined]);
    expect(boxes).toEqual([
      ['issued', true],
      ['date_order', true],
    ]);
    expect(plain($('.im-confirms').text())).toContain(
      'FA-2026-00025, qui suit, est datée du 06/07/2026. J’en réponds.',
    );
    expect($('textarea').attr('required')).toBeDefined();
    expect(plain($('.im-confirms').text())).toContain(
      'Son ancien numéro, FA-2026-00049, restera sans facture, et apparaîtra',
    );
    const sent = { number: numberOf(24), reason: 'Demande du client', confirm: ['issued', 'date_order'] };
    const reply = await crm.post(`${INVOICE}/give`, sent);
    expect([reply.status, reply.to]).toEqual([303, '/crm/merge/numbers/invoices/49?done=given']);
    expect(crm.fake.calls).toEqual([['give', { invoiceId: '49', ...sent }, expect.anything()]]);
  });

  it('that asks for a reason alone shows no box, and answers the question with it', async () => {
    const { $ } = await crm.get(`${INVOICE}/give?number=${numberOf(36)}`);
    expect($('[type=checkbox]')).toHaveLength(0);
    expect($('[type=hidden][name=confirm]').attr('value')).toBe('reason');
  });

  it('that somebody took meanwhile is refused with who bears it, and what was typed stays', async () => {
    const document = { id: '7', number: numberOf(24), date: '2026-06-30' };
    crm.fake.fails = new PluginError('IM_NUMBER_TAKEN', 409, { number: numberOf(24), document });
    const late = await crm.post(`${INVOICE}/give`, { number: numberOf(24), reason: 'Parce que', confirm: 'issued' });
    expect(late.status).toBe(409);
    expect(plain(late.$('[role=alert]').text())).toContain('Ce numéro, FA-2026-00024, est déjà pris');
    expect(late.$('[role=alert] a').attr('href')).toBe('/invoices/7');
    expect(late.$('textarea').text()).toBe('Parce que');
    expect(late.$('[value=issued]').attr('checked')).toBeDefined();
  });

  it('asks what only the save knew of, also of a number that was typed', async () => {
    const questions = [{ code: 'gap_of_issued', vars: { number: numberOf(12) } }];
    crm.fake.fails = new PluginError('IM_NUMBER_QUESTIONS', 422, { number: numberOf(12), questions });
    const asked = await crm.post(`${INVOICE}/give`, { number: numberOf(12), reason: '' });
    expect(asked.status).toBe(422);
    expect(plain(asked.$('.im-confirms').text())).toContain(
      'Le numéro FA-2026-00012 a déjà été porté par une facture émise',
    );
    crm.fake.fails = new PluginError('IM_NUMBER_REFUSED', 422, {
      refusals: [{ code: 'other_series', vars: { series: 'FA-2026-' } }],
    });
    const refused = await crm.post(`${INVOICE}/give`, { number: 'AV-2026-00001', reason: '' });
    expect(plain(refused.$('[role=alert]').text())).toBe(
      'Le numéro reste tel qu’il est, rien n’a été modifié. Ce numéro est d’une autre série que la facture (FA-2026-). Choisissez-en un de sa série.',
    );
  });

  it('of a cancelled one is freed with a reason where the settings allow, and says why not under French rules', async () => {
    crm.fake.free = {
      ...crm.fake.free,
      ...{ invoice: { id: '9', number: numberOf(9), date: '2026-03-12', status: 'cancelled' }, free: [] },
      ...{ refusals: [{ code: 'cancelled', vars: {} }], freeing: { refusals: [] } },
    };
    const { $ } = await crm.get('/numbers/invoices/9');
    expect($('#im-free form').attr('action')).toBe('/crm/merge/numbers/invoices/9/free');
    expect($('#im-give').text()).toContain('Cette facture est annulée');
    expect((await crm.post('/numbers/invoices/9/free', { reason: '' })).status).toBe(422);
    const freed = await crm.post('/numbers/invoices/9/free', { reason: 'Doublon' });
    expect(freed.to).toBe('/crm/merge/numbers/invoices/9?done=freed');
    expect(crm.fake.calls).toEqual([['free', { invoiceId: '9', reason: 'Doublon' }, expect.anything()]]);
    crm.fake.free.freeing = { refusals: [{ code: 'france', vars: {} }] };
    const france = await crm.get('/numbers/invoices/9');
    expect(france.$('#im-free form')).toHaveLength(0);
    expect(france.$('#im-free').text()).toContain('En France, une facture annulée garde son numéro');
  });

  it('shows every change with who, when and why, and the way back while there is one', async () => {
    const undone = { at: CHANGE.at, by: CHANGE.actor, reason: 'Erreur de saisie' };
    crm.fake.changes = [CHANGE, { ...CHANGE, id: '2', undone, undo: null }];
    crm.fake.former = [numberOf(28)];
    const { $ } = await crm.get(INVOICE);
    const [last, before] = $('.im-log li')
      .toArray()
      .map((one) => plain($(one).text()));
    expect(last).toContain(
      'FA-2026-00028 → FA-2026-00049 21/11/2026 à 11:00 · Bea Books · « Le client a déjà comptabilisé ce numéro. »',
    );
    expect(last).toContain('Confirmé : facture émise, ordre des dates.');
    expect(last).toContain('La facture retrouve FA-2026-00028.');
    expect(before).toContain('Repris le 21/11/2026 à 11:00 par Bea Books : « Erreur de saisie »');
    expect(plain($('.im-facts-row').text())).toContain('Ancien numéroFA-2026-00028');
    const reply = await crm.post('/numbers/changes/3/undo', { invoiceId: '49', reason: 'Erreur' });
    expect(reply.to).toBe('/crm/merge/numbers/invoices/49?done=numberUndone');
    crm.fake.changes = [{ ...CHANGE, undo: { refusals: [{ code: 'taken', vars: { number: numberOf(28) } }] } }];
    const barred = await crm.get(INVOICE);
    expect(barred.$('details')).toHaveLength(0);
    expect(barred.$('.im-log').text()).toContain('FA-2026-00028 est porté par une autre facture à présent');
  });
});

it('prints the gaps without anybody’s menu: as of when, by whom, each with its cause and explanation', async () => {
  const { $ } = await crm.get('/numbers/print?key=FA-2026-');
  expect(plain($('main p').slice(1, 3).text())).toContain('État du 21/11/2026 à 11:00, établi par Bea Books.');
  const rows = $('tbody tr')
    .toArray()
    .map((row) => plain($(row).text()));
  expect(rows).toHaveLength(3);
  expect(rows[1]).toContain('FA-2026-00028 à FA-2026-00030 3 FA-2026-00027 du 21/07/2026');
  expect(rows[2]).toContain('Justifié par Bea Books');
});
