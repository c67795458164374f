import { load } from 'cheerio';
import express from 'express';
import request from 'supertest';
import { PluginError } from '../../plugin/errors';
import { createTranslator } from '../../plugin/i18n';
import { createAssets } from '../../plugin/web/assets';
import { createErrorHandler } from '../../plugin/web/error-handler';
import { route } from '../../plugin/web/guards';
import { createPages, type PageContent, type PageDeps } from '../../plugin/web/page';
import { createRender } from '../../plugin/web/render';

const CONTENT: PageContent = { view: 'error', vm: { message: 'What it says', code: 'IM_X' }, title: 'A & B' };
const translator = createTranslator();

function app(options: Partial<PageDeps> & { locale?: string; content?: Partial<PageContent> } = {}): express.Express {
  const { locale, content, ...more } = options;
  const assets = createAssets('/m');
  const wordsOf = () => translator(locale);
  const pages = createPages({ wordsOf, render: createRender(), urls: { pages: '/m', asset: assets.url }, ...more });
  const router = express.Router();
  router.get(
    '/page',
    route((req, res) => pages.send(req, res, { ...CONTENT, ...content })),
  );
  router.post('/form', (_req, res) => pages.redirect(res, '/page', 'saved'));
  router.get('/refused', (_req, _res, next) => next(new PluginError('IM_FORBIDDEN', 403)));
  router.use(createErrorHandler({ wordsOf, pages, log: () => undefined }));
  const whole = express();
  whole.use('/m', router);
  whole.use(((error: unknown, _req, res, _next) => {
    res.status(500).send(`host: ${String(error)}`);
  }) as express.ErrorRequestHandler);
  return whole;
}

const html = async (from: express.Express, path = '/m/page') =>
  load((await request(from).get(path).set('Accept', 'text/html').expect(200)).text);

describe('a page of ours', () => {
  it('is a whole document of its own where the host gives no frame: title, language, dark mode, styles with the nonce', async () => {
    const $ = await html(app({ locale: 'en', nonce: () => 'N0nce' }));
    expect($('html').attr('lang')).toBe('en');
    expect($('title').text()).toBe('A & B · Invoice merging');
    expect($('meta[name=color-scheme]').attr('content')).toBe('light dark');
    expect($('meta[name=viewport]').attr('content')).toContain('width=device-width');
    expect($('main [data-im=page] h1').text()).toBe('A & B');
    expect(
      $('link[rel=stylesheet]')
        .toArray()
        .map((link) => [link.attribs.href, link.attribs.nonce]),
    ).toEqual([
      [expect.stringMatching(/^\/m\/assets\/[\w-]+\/css\/banner\.css$/), 'N0nce'],
      [expect.stringMatching(/^\/m\/assets\/[\w-]+\/css\/pages\.css$/), 'N0nce'],
    ]);
    expect($('script, style, [style]').length).toBe(0);
  });

  it('stands in the host’s frame where it gives one, which learns the title', async () => {
    const $ = await html(
      app({
        layout: (inner, { title }) =>
          Promise.resolve(`<title>${title.length}</title><nav></nav><section>${inner}</section>`),
      }),
    );
    expect($('title').text()).toBe('5');
    expect($('nav + section > [data-im=page] h1').text()).toBe('A & B');
    expect($('main').length).toBe(0);
  });

  it('is kept by no cache', async () => {
    const reply = await request(app()).get('/m/page').expect(200);
    expect(reply.headers['cache-control']).toBe('no-store');
  });

  it('says after a redirect only what it has words for, whatever the address brings', async () => {
    const from = app({ content: { notices: ['saved'] } });
    const reply = await request(from).post('/m/form').expect(303);
    expect(reply.headers.location).toBe('/m/page?done=saved');
    expect((await html(from, reply.headers.location))('[role=status]').text()).toBe('Les réglages sont enregistrés.');
    for (const done of ['', 'switchedOff', 'constructor', '<b>x', 'saved&done=saved'])
      expect((await html(from, `/m/page?done=${done}`))('[role=status]').length).toBe(0);
  });

  it('answers an error in the same frame, in words, with its status', async () => {
    const reply = await request(app({ layout: (inner) => `<header>CRM</header>${inner}` }))
      .get('/m/refused')
      .set('Accept', 'text/html')
      .expect(403);
    const $ = load(reply.text);
    expect($('header').text()).toBe('CRM');
    expect($('h1').text()).toBe('Ce n’est pas possible');
    expect($('[role=alert]').text()).toContain('Vous n’avez pas le droit de faire cela');
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no such view'))],
    ['answers something else than a page', () => undefined as unknown as string],
  ])('leaves it to the host when its frame %s, and sends nothing half', async (_what, layout) => {
    const reply = await request(app({ layout })).get('/m/page').set('Accept', 'text/html').expect(500);
    expect(reply.text).toMatch(/^host: /);
  });
});
