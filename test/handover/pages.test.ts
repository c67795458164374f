/** Who may open the pages of hand-overs and act in them, and what they say; asked directly, not by what is shown. */
import { load, type CheerioAPI } from 'cheerio';
import express from 'express';
import request from 'supertest';
import type { Action } from '../../plugin/contract';
import { createOutbox } from '../../plugin/handover/outbox';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { openMerging, type MergingFixture } from '../support/merging-fixture';

const MAY: Record<string, Action[]> = {
  admin: ['billing.manage', 'handover.view', 'handover.resend', 'settings.manage'],
  books: ['handover.view', 'handover.resend'],
  reader: ['handover.view'],
  sales: ['checkout.take', 'sales.view'],
};

describe.each(eachDatabase)('the pages of hand-overs, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let app: express.Express;
  let connection: string;
  let handoverId: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
    const merge = fixture.plugin({
      actor: (req) =>
        req.get('x-person') ? { id: req.get('x-person')!, name: `${req.get('x-person')} Person` } : null,
      authorize: (actor, action) => MAY[actor.id]?.includes(action) ?? false,
      locale: (req) => req.get('x-lang'),
      csrf: undefined,
    });
    app = express();
    app.use(merge.mountPath, merge.router as unknown as express.RequestHandler);
    const made = await post('admin', '/connections', { kind: 'function', name: 'PMS <b>1</b>', functionName: 'pms' });
    connection = made.to.replace(/\?.*/, '').split('/').at(-1)!;
    const quiet = (): void => undefined;
    const { handovers } = createOutbox({
      ...{
        knex: fixture.knex,
        prefix: 'im_',
        onOutcome: () => Promise.resolve(),
        clock: () => new Date('2026-11-21T10:00:00Z'),
      },
      functions: { pms: { deliver: () => Promise.reject(new Error('later')) } },
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
    handoverId = await fixture.merge.transaction(async (trx) => {
      const line = { description: 'Menu', quantity: '1', unitPrice: '10', taxes: [] };
      const basket = { customerId: null, currency: 'EUR', lines: [line], actor: { id: '7', name: 'Sam Sales' } };
      const { saleId } = await fixture.merge.billing.openSale(trx, basket);
      const begun = await handovers.begin(trx, {
        ...{
          saleId,
          currency: 'EUR',
          lines: [line],
          note: null,
          customer: null,
          reference: '<img src=x onerror=alert(1)>',
        },
        ...{
          method: { id: '4', name: 'Chambre', externalIdentifier: null, integrationId: connection },
          actor: basket.actor,
        },
        module: { id: '1', name: 'Vente directe' },
        totals: { taxExclusive: '10', tax: '0', taxInclusive: '10', payable: '10', taxes: [] },
      });
      return begun.handoverId;
    });
    await handovers.deliver(handoverId);
  });
  afterAll(() => fixture.close());

  interface Seen {
    status: number;
    to: string;
    $: CheerioAPI;
    text: string;
  }
  const seen = (reply: request.Response): Seen => ({
    ...{
      status: reply.status,
      to: reply.headers.location ?? '',
      $: load(reply.text),
      text: load(reply.text)('body').text(),
    },
  });
  const headers = (who: string | null, lang = 'fr') => ({
    ...(who && { 'x-person': who }),
    'x-lang': lang,
    accept: 'text/html',
  });
  const get = async (who: string | null, path: string, lang?: string): Promise<Seen> =>
    seen(await request(app).get(`/invoice-merge${path}`).set(headers(who, lang)));
  const post = async (who: string | null, path: string, form: object, from = 'same-origin'): Promise<Seen> =>
    seen(
      await request(app)
        .post(`/invoice-merge${path}`)
        .type('form')
        .send(form)
        .set({ ...headers(who), 'sec-fetch-site': from }),
    );
  const rows = () => Promise.all(['im_integrations', 'im_handovers'].map((table) => fixture.knex(table).orderBy('id')));

  it('open for whom they are meant, and nothing is written by anybody else, however it is asked', async () => {
    const one = { name: 'Other', functionName: 'pms', version: '1' };
    const acts: [string, object, string[]][] = [
      ['/connections', { kind: 'function', ...one }, ['admin']],
      [`/connections/${connection}`, one, ['admin']],
      ...['test', 'rotate', 'enabled', 'remove'].map((act): [string, object, string[]] => [
        `/connections/${connection}/${act}`,
        { enabled: '0' },
        ['admin'],
      ]),
      ...['check', 'resend', 'cancel', 'settle'].map((act): [string, object, string[]] => [
        `/handovers/${handoverId}/${act}`,
        { reason: 'Because', outcome: 'accepted', confirm: '1' },
        ['admin', 'books'],
      ]),
    ];
    const before = await rows();
    for (const [path, form, allowed] of acts) {
      for (const who of ['admin', 'books', 'reader', 'sales'].filter((name) => !allowed.includes(name)))
        expect([path, who, (await post(who, path, form)).status]).toEqual([path, who, 403]);
      expect([path, (await post(null, path, form)).status]).toEqual([path, 401]);
      expect([path, (await post('admin', path, form, 'cross-site')).status]).toEqual([path, 403]);
    }
    expect(await rows()).toEqual(before);
    const pages: [string, string[]][] = [
      ['/connections', ['admin']],
      ['/connections/new?kind=webhook', ['admin']],
      [`/connections/${connection}`, ['admin']],
      ['/handovers', ['admin', 'books', 'reader']],
      [`/handovers/${handoverId}`, ['admin', 'books', 'reader']],
    ];
    for (const [path, allowed] of pages) {
      for (const who of ['admin', 'books', 'reader', 'sales'])
        expect([path, who, (await get(who, path)).status]).toEqual([path, who, allowed.includes(who) ? 200 : 403]);
      expect([path, (await get(null, path)).status]).toEqual([path, 401]);
    }
    for (const path of ['/connections/999', '/connections/x', '/handovers/999', '/handovers/x'])
      expect([path, (await get('admin', path)).status]).toEqual([path, 404]);
  });

  it('show what came from outside as text, and buttons only to whom they are for', async () => {
    const { $, text } = await get('books', `/handovers/${handoverId}`);
    expect($('img')).toHaveLength(0);
    expect(text).toContain('<img src=x onerror=alert(1)>');
    expect(text).toContain('PMS <b>1</b>');
    expect(text).toContain('Ne refaites pas la vente.');
    expect($('form').length).toBe(3);
    expect((await get('reader', `/handovers/${handoverId}`)).$('form').length).toBe(0);
    expect($('script[src*="js/live.js"]')).toHaveLength(1);
    expect($('[data-im-live]')).toHaveLength(1);
    expect($('script:not([src]), [onclick], [style]')).toHaveLength(0);
  });

  it('speak English to whoever does', async () => {
    expect((await get('books', '/handovers', 'en')).text).toContain('Journal of hand-overs');
    expect((await get('admin', '/connections', 'en')).text).toContain('Connections');
  });

  it('filter the journal by state and reference, and find nothing in words', async () => {
    expect((await get('books', '/handovers?state=waiting')).$('.im-handed-row')).toHaveLength(1);
    expect((await get('books', '/handovers?state=accepted')).text).toContain('Aucune transmission ne correspond');
    expect(
      (await get('books', `/handovers?search=${encodeURIComponent('<img src=x onerror=alert(1)>')}`)).$(
        '.im-handed-row',
      ),
    ).toHaveLength(1);
    expect((await get('books', '/handovers?search=nothing')).$('.im-handed-row')).toHaveLength(0);
    expect((await get('books', '/handovers?state=nonsense')).status).toBe(400);
  });

  it('refuse a connection at its field, with what was typed, and never give a value back', async () => {
    const typed = {
      ...{ kind: 'webhook', name: 'Hôtel', url: 'https://10.0.0.1/', quotedKey: '1' },
      ...{ headerName: ['X-Key', ''], headerValue: ['not-to-be-seen', ''] },
    };
    const { status, $, text } = await post('admin', '/connections', typed);
    expect(status).toBe(422);
    expect($('[role=alert]').text()).toContain('réseau privé');
    expect($('input[name=url]').attr('aria-invalid')).toBe('true');
    expect($('input[name=url]').val()).toBe('https://10.0.0.1/');
    expect($('input[name=headerName]').first().val()).toBe('X-Key');
    expect(text + $.html()).not.toContain('not-to-be-seen');
  });

  it('say why an act is not done, at its button, and cancel or settle only with a reason', async () => {
    const nothing = await post('books', `/handovers/${handoverId}/cancel`, { reason: ' ' });
    expect([nothing.status, nothing.$('[role=alert]').text()]).toEqual([
      422,
      expect.stringContaining('Il manque le motif'),
    ]);
    expect(nothing.$('details[open] input[name=reason]')).toHaveLength(1);
    const settled = await post('books', `/handovers/${handoverId}/settle`, {
      outcome: 'accepted',
      reason: 'Mme Petit',
    });
    expect([settled.status, settled.to]).toEqual([303, `/invoice-merge/handovers/${handoverId}?done=handoverSettled`]);
    const again = await post('books', `/handovers/${handoverId}/settle`, { outcome: 'cancelled', reason: 'Mme Petit' });
    expect([again.status, again.$('[role=alert]').text()]).toEqual([409, expect.stringContaining('close')]);
    const page = await get('books', settled.to.replace('/invoice-merge', ''));
    expect(page.text.replace(/\s+/g, ' ')).toContain(
      'books Person a indiqué le 21/11/2026 à 11:00 que PMS <b>1</b> a bien la vente',
    );
    expect(page.$('[data-im-live]')).toHaveLength(0);
  });
});
