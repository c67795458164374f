import { load as parseHtml } from 'cheerio';
import type { Action } from '../../plugin/contract';
import type { Actor, Id } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import {
  ACTORS,
  hiding,
  line,
  openMerging,
  type HttpAsk,
  type HttpReply,
  type MergingFixture,
} from '../support/merging-fixture';

const DAY = '2026-11-21';

/** As a person reads it: one blank for all kinds of blanks. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

function read({ body }: HttpReply) {
  const $ = parseHtml(String(body.html));
  const all = (selector: string): string[] =>
    $(selector)
      .toArray()
      .map((one) => plain($(one).text()));
  return {
    title: plain($('h1').text()),
    alert: plain($('[role="alert"]').text()),
    ended: plain($('.im-ended').text()),
    refusals: all('section#im-undo li'),
    ticks: all('#im-undo .im-tick'),
    typed: all('textarea'),
    forms: $('form')
      .toArray()
      .map((one) => $(one).attr('action')?.split('/').at(-1)),
    drafts: $('.im-ended a')
      .toArray()
      .map((one) => $(one).attr('href') ?? ''),
    text: plain($('main').text() || $('body').text()),
  };
}

describe.each(eachDatabase)('the page of one merge on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let target: Id;
  let source: Id;
  let mergeId: Id;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    const customer = await fixture.customer();
    target = await fixture.invoice(customer, { lines: [line('Own', '10')] });
    source = await fixture.invoice(customer, { lines: [line('Brought', '20')] });
    const saved = await fixture.save({ target, sources: [source], actor: ACTORS.sales });
    mergeId = saved.merge?.id ?? '';
  });
  afterAll(() => fixture.close());

  const only = (...allowed: [Actor, Action][]) =>
    fixture.plugin({
      authorize: (actor, action) => allowed.some(([one, what]) => one.id === actor.id && what === action),
    });
  const show = (how: HttpAsk = {}) => fixture.http(`/merges/${mergeId}`, how);
  const post = (act: 'undo' | 'correct', form: Record<string, string>, how: HttpAsk = {}) =>
    fixture.http(`/merges/${mergeId}/${act}`, { form: { _csrf: 'token', ...form }, ...how });
  const send = () =>
    fixture
      .knex('app_factures')
      .where({ id: target })
      .update({ envoyee_le: `${DAY} 10:00:00` });
  const numberOf = async (id: Id) => (await fixture.load(id)).number ?? '';

  test('is for readers of the history and for whoever may undo; the author’s own right ends with sending', async () => {
    const plugin = only(
      [ACTORS.books, 'merge.history'],
      [ACTORS.sales, 'merge.undo_own'],
      [ACTORS.stranger, 'merge.undo_own'],
    );
    const reader = await show({ plugin });
    expect([reader.status, read(reader).forms]).toEqual([200, []]);
    expect(read(reader).text).toContain('Vous ne pouvez pas défaire cette fusion.');
    expect(read(await show({ plugin, actor: ACTORS.sales }))).toMatchObject({
      title: `Fusion dans ${await numberOf(target)}`,
      forms: ['undo'],
    });
    // Neither a merge of their own nor the history.
    expect((await show({ plugin, actor: ACTORS.stranger })).status).toBe(403);
    expect((await show({ plugin: fixture.plugin({ scope: hiding(fixture.crm, [target]) }) })).status).toBe(404);
    expect((await fixture.http('/merges/999999')).status).toBe(404);
    await send();
    const late = read(await show({ plugin, actor: ACTORS.sales }));
    expect(late.refusals).toEqual([
      `${await numberOf(target)} a déjà été envoyée au client. Une personne de la comptabilité peut confirmer, puis prévenir le client.`,
    ]);
    const before = await fixture.dump();
    const form = { reason: 'Trop tard', confirmSent: 'yes' };
    expect((await post('undo', form, { plugin, actor: ACTORS.sales })).status).toBe(403);
    expect((await post('undo', form, { plugin, actor: ACTORS.books })).status).toBe(403);
    expect(await fixture.dump()).toEqual(before);
  });

  test('undoes by its form: 303 to itself, where it says who and why; whoever comes later is told so', async () => {
    expect(await post('undo', { reason: 'Mauvais client' })).toMatchObject({
      status: 303,
      body: { location: `/invoice-merge/merges/${mergeId}` },
    });
    expect((await fixture.load(source)).status).toBe('unpaid');
    expect((await fixture.load(target)).lines.map(({ description }) => description)).toEqual(['Own']);
    const ended = 'Défaite le 21/11/2026 à 11:00 par Bea Books. Motif : Mauvais client';
    expect(read(await show())).toMatchObject({ ended, forms: [], alert: '' });
    const late = await post('undo', { reason: 'Encore' });
    expect([late.status, read(late).alert, read(late).ended]).toEqual([
      409,
      'Quelqu’un vous a devancé : rien n’a été modifié.',
      ended,
    ]);
  });

  test('a refused form comes back with what was typed, each reason said once, and nothing changed', async () => {
    await send();
    const before = await fixture.dump();
    const unticked = await post('undo', { reason: 'Deux fois la même' });
    expect([unticked.status, read(unticked)]).toEqual([
      422,
      expect.objectContaining({
        alert:
          'La fusion n’est pas défaite : rien n’a été modifié. Cochez ce qui est demandé plus bas, puis recommencez.',
        ticks: [
          `${await numberOf(target)} a déjà été envoyée au client : je le préviens que les factures d’origine sont de nouveau à payer.`,
        ],
        typed: ['Deux fois la même', ''],
        forms: ['undo', 'correct'],
      }),
    ]);
    expect(read(await post('undo', { reason: '  ' })).alert).toBe('Indiquez le motif : rien n’a été modifié.');
    expect(await fixture.dump()).toEqual(before);

    // Paid since: neither of the two ways is left.
    await fixture.crm.pay(fixture.knex, target, '36');
    const paid = await post('undo', { reason: 'Deux fois la même', confirmSent: 'yes' });
    expect(read(paid)).toMatchObject({
      alert: 'La fusion n’est pas défaite : rien n’a été modifié. Les raisons sont plus bas.',
      forms: [],
    });
    const { refusals, text } = read(paid);
    expect(refusals).toHaveLength(1);
    expect(text.split('est déjà payée')).toHaveLength(2);
    expect((await fixture.load(source)).status).toBe('cancelled');
  });

  test('a merge whose invoice was sent is undone once that is confirmed', async () => {
    await send();
    expect((await post('undo', { reason: 'Convenu', confirmSent: 'yes' })).status).toBe(303);
    expect((await fixture.load(source)).status).toBe('unpaid');
  });

  test.each(['page', 'API'])(
    'a number that another invoice bears by now is replaced by choice, on the %s',
    async (by) => {
      const old = await numberOf(source);
      const customer = (await fixture.load(source)).customerId;
      const other = await fixture.invoice(customer, { number: `X-${old}` });
      await fixture.knex('app_factures').where({ id: other }).update({ numero: old });
      const choice = { reason: 'Mauvais client', numberTaken: 'new_number' };
      const before = await fixture.dump();
      if (by === 'page') {
        const asked = await post('undo', { reason: choice.reason });
        expect([asked.status, read(asked).ticks, read(asked).typed]).toEqual([
          422,
          [
            `Le numéro ${old} est porté par une autre facture : donner le prochain numéro de la série. L’ancien sera noté sur la facture.`,
          ],
          [choice.reason],
        ]);
      } else {
        const refused = await fixture.http(`/api/merges/${mergeId}/undo`, { body: { reason: choice.reason } });
        expect(refused).toMatchObject({ status: 422, body: { error: { code: 'IM_UNDO_REFUSED' } } });
      }
      expect(await fixture.dump()).toEqual(before);

      if (by === 'page') expect((await post('undo', choice)).status).toBe(303);
      else expect((await fixture.http(`/api/merges/${mergeId}/undo`, { body: choice })).status).toBe(200);
      const [row] = await fixture.rows('app_factures', { id: source });
      const back = await fixture.load(source);
      const given = back.number ?? '';
      expect([back.status, await numberOf(other)]).toEqual(['unpaid', old]);
      expect(await fixture.rows('app_factures', { numero: given })).toHaveLength(1);
      expect(given).toMatch(/^FA-2026-\d{5}$/);
      expect(row?.note).toContain(old);
      expect(read(await show()).ended).toContain(`${old} est revenue sous le numéro ${given}.`);
    },
  );

  test('corrects by its form, and says why where today is closed or the right is missing', async () => {
    await send();
    await fixture.knex('app_factures').where({ id: target }).update({ transmise: true });
    const closed = fixture.plugin({ hooks: { lockedUntil: () => DAY } });
    const before = await fixture.dump();
    const refused = await post('correct', { reason: 'Deux chantiers' }, { plugin: closed });
    expect([refused.status, read(refused).alert, read(refused).forms]).toEqual([
      422,
      'La fusion n’est pas corrigée : rien n’a été modifié. Les raisons sont plus bas.',
      [],
    ]);
    expect(read(refused).refusals.at(-1)).toBe(
      'La période est close jusqu’au 21/11/2026, aujourd’hui compris. Attendez le premier jour ouvert pour dater l’avoir.',
    );
    const own = only([ACTORS.sales, 'merge.undo_own']);
    expect(read(await show({ plugin: own, actor: ACTORS.sales })).refusals.at(-1)).toBe(
      'Corriger la fusion demande un droit que vous n’avez pas. Adressez-vous à la comptabilité.',
    );
    expect((await post('correct', { reason: 'x' }, { plugin: own, actor: ACTORS.sales })).status).toBe(403);
    expect(await fixture.dump()).toEqual(before);

    expect(read(await show()).forms).toEqual(['correct']);
    expect((await post('correct', { reason: 'Deux chantiers' })).status).toBe(303);
    const [note, ...more] = await fixture.rows('app_avoirs', { facture_id: target });
    const { ended, drafts, forms } = read(await show());
    expect([more, drafts.length, forms]).toEqual([[], 2, []]);
    expect(ended).toContain(
      `Corrigée le 21/11/2026 à 11:00 par Bea Books : soldée par l’avoir ${String(note?.numero)}. Motif : Deux chantiers`,
    );
  });
});
