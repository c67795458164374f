import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ejs from 'ejs';
import type express from 'express';
import request from 'supertest';
import type { MergingFixture } from '../support/merging-fixture';
import { countStatements } from '../support/statement-counter';
import { eachVersion, openHost, openInvoices, someInvoices, type MountedHost } from './mounted';
import { blockWith } from './readme';

let fixture: MergingFixture;
let views: string;
beforeAll(async () => {
  fixture = await openInvoices();
  views = mkdtempSync(join(tmpdir(), 'im-views-'));
  const line = blockWith('data-invoice-merge-rows', 'html').split('\n')[0] ?? '';
  mkdirSync(join(views, 'partials'));
  // Names that ours have too: the host's must not be taken for them.
  for (const name of ['banner', 'banner-preview', 'error', 'partials/status'])
    writeFileSync(join(views, `${name}.ejs`), 'the host’s own');
  writeFileSync(join(views, 'page.ejs'), `<main>${line}</main>`);
  writeFileSync(join(views, 'page-of-questions.ejs'), `<main>${line.replace('<%-', '<?-').replace('%>', '?>')}</main>`);
  writeFileSync(join(views, 'layout.ejs'), '<html><%- body %></html>');
  writeFileSync(join(views, 'page.indented'), 'main\n  banner');
});
afterAll(() => fixture.close());

type Page = (req: express.Request, res: express.Response) => void;
const renders =
  (view: string): Page =>
  (_req, res) =>
    res.render(view);

/** A banner anew has another key. */
const withoutKey = (html: string): string => html.replace(/[0-9a-f-]{36}/g, 'KEY');
const bannerOf = (html: string): string =>
  withoutKey(/<link[^>]*>\s*<section data-im="banner".*<\/script>/s.exec(html)?.[0] ?? `no banner in ${html}`);

/** As pug does: indentation instead of tags, and what it is given escaped unless asked otherwise. */
function indentedEngine(path: string, locals: object, done: (error: unknown, html?: string) => void): void {
  const { invoiceMerge } = locals as { invoiceMerge?: { banner: string } };
  done(null, `<main data-from="${path.endsWith('.indented')}">${invoiceMerge?.banner ?? ''}</main>`);
}

/** As express-ejs-layouts does: replaces res.render by one that puts the page into a layout. */
const layouts: express.RequestHandler = (_req, res, next) => {
  type Render = (view: string, done?: (error: Error, html: string) => void) => void;
  const render: Render = res.render.bind(res);
  res.render = (view: string) =>
    render(view, (error, body) => {
      if (error) throw error;
      Object.assign(res.locals, { body });
      render('layout');
    });
  next();
};

describe.each(eachVersion)('a host of %s', (version) => {
  const ejsViews = (app: express.Express): void => {
    app.set('views', views);
    app.set('view engine', 'ejs');
  };
  const edit = async (host: MountedHost, target: string, query = '') =>
    (await request(host.front).get(`/invoices/${target}/edit${query}`).expect(200)).text;

  it('gets the same banner whatever draws its pages: nothing, EJS, layouts, another engine, views of our names (V1)', async () => {
    const { target } = await someInvoices(fixture);
    const plain = bannerOf(await edit(openHost(fixture, { host: version }), target));
    const engines: [string, (app: express.Express) => void, Page, express.RequestHandler[]][] = [
      ['ejs', ejsViews, renders('page'), []],
      ['layouts', ejsViews, renders('page'), [layouts]],
      [
        'indented',
        (app) => {
          app.set('views', views);
          app.engine('indented', indentedEngine);
          app.set('view engine', 'indented');
        },
        renders('page'),
        [],
      ],
    ];
    for (const [name, configure, page, before] of engines) {
      const text = await edit(openHost(fixture, { host: version, configure, page, before: () => before }), target);
      expect([name, bannerOf(text)]).toEqual([name, plain]);
    }
  });

  it('keeps its view options to itself: delimiters of all EJS, options, root, cache (V2)', async () => {
    const { target } = await someInvoices(fixture);
    const plain = bannerOf(await edit(openHost(fixture, { host: version }), target));
    const configure = (app: express.Express): void => {
      ejsViews(app);
      app.set('view options', { root: '/nowhere', views: ['/nowhere'] });
      app.enable('view cache');
      app.locals.vm = { title: 'the host’s' };
    };
    const host = openHost(fixture, { host: version, configure, page: renders('page-of-questions') });
    ejs.delimiter = '?';
    try {
      expect(bannerOf(await edit(host, target))).toBe(plain);
    } finally {
      ejs.delimiter = '%';
    }
  });

  it('has one key more in res.locals, and finds its own as they were (V3)', async () => {
    const { target } = await someInvoices(fixture);
    const seen: Record<string, unknown>[] = [];
    const own = { banner: 'mine', title: 'mine', user: { name: 'Ada' } };
    const host = openHost(fixture, {
      host: version,
      before: () => [(_req, res, next) => (Object.assign(res.locals, own), next())],
      page: (_req, res) => {
        seen.push({ ...res.locals });
        res.send('ok');
      },
    });
    await edit(host, target);
    expect(seen).toEqual([{ ...own, invoiceMerge: { banner: expect.stringContaining('im-banner') as string } }]);
  });

  it('lets no query reach a template as its options (V4)', async () => {
    const { target } = await someInvoices(fixture);
    const host = openHost(fixture, {
      host: version,
      configure: (app) => {
        ejsViews(app);
        app.set('query parser', 'extended');
      },
      page: renders('page'),
    });
    const attack = [
      'settings[view options][outputFunctionName]=x;process.mainModule.pwned=1;s',
      'settings[view options][client]=true&settings[view options][escapeFunction]=1;pwned',
      'delimiter=?&cache=1&vm[title]=pwned&client=true',
    ].join('&');
    const plain = bannerOf(await edit(host, target));
    expect(bannerOf(await edit(host, target, `?${attack}`))).toBe(plain);
    const again = await request(host.front).get(
      `/billing/merge/banner?page=edit&invoiceId=${target}&formId=invoice&${attack}`,
    );
    expect([again.status, bannerOf(again.text)]).toEqual([200, plain]);
    const failed = await request(host.front)
      .get(`/billing/merge/banner?page=none&${attack}`)
      .set('Accept', 'text/html');
    expect([failed.status, failed.text.includes('pwned')]).toEqual([400, false]);
    expect(failed.text).toContain('IM_PAYLOAD_INVALID');
  });

  it('renders a page without our middleware by the README’s line (V5)', async () => {
    const host = openHost(fixture, { host: version, configure: ejsViews, page: renders('page') });
    expect((await request(host.front).get('/plain').expect(200)).text).toBe('<main></main>');
  });

  it('prints text, not a promise, and no form, also with a synchronous template (V6, V10)', async () => {
    const { target } = await someInvoices(fixture);
    const host = openHost(fixture, { host: version, configure: ejsViews, page: renders('page') });
    for (const path of [`/invoices/${target}/edit`, `/invoices/${target}`, '/invoices/new']) {
      const { text } = await request(host.front).get(path).expect(200);
      expect(text).not.toContain('[object');
      expect(text).not.toContain('undefined');
      expect(text.toLowerCase()).not.toContain('<form');
      expect(text).toContain('data-im="banner"');
    }
  });

  it('keeps hostile names inert in text, attributes and JSON, read from the database (V8)', async () => {
    const name = `"><img src=x onerror=alert(1)></script><script>alert(2)</script>'`;
    const customerId = await fixture.crm.createCustomer(fixture.knex, name);
    const target = await fixture.invoice(customerId);
    await fixture.invoice(customerId, { number: `"><b>${target}` });
    const text = await edit(openHost(fixture, { host: version }), target);
    for (const raw of ['<img', '<script>', '"><b>', '</script><']) expect(text).not.toContain(raw);
    expect(text).toContain('&lt;img');
  });

  it('shows its page with an empty banner, and one line in the log, when the banner fails (V9)', async () => {
    const { target } = await someInvoices(fixture);
    for (const options of [
      { authorize: () => Promise.reject(new Error('directory is down')) },
      { actor: () => Promise.reject(new Error('session store is down')) },
      {
        hooks: {
          candidates: () => {
            throw new Error('hook is down');
          },
        },
      },
      {
        locale: () => {
          throw new Error('no locale');
        },
      },
    ]) {
      const host = openHost(fixture, { host: version, options });
      expect(await edit(host, target)).not.toContain('data-im');
      expect(host.errors).toEqual([{ message: 'banner failed', page: 'edit', error: expect.any(Error) as Error }]);
    }
  });

  it('asks the database nothing for somebody who is not signed in (C11)', async () => {
    const { target } = await someInvoices(fixture);
    const host = openHost(fixture, { host: version });
    host.actor.now = null;
    const counter = countStatements(fixture.knex);
    for (const path of [`/invoices/${target}/edit`, `/invoices/${target}`, '/invoices/new?customerId=1'])
      expect((await request(host.front).get(path).expect(200)).text).not.toContain('data-im');
    counter.restore();
    expect(counter.sent).toEqual([]);
  });
});
