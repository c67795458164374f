/** Hosts of Express 4 and 5 with the plugin in them, whose Router may be of the other version; mounted in every way. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type express from 'express';
import type { BannerSpec, InvoiceMergePlugin, Options } from '../../plugin/contract';
import type { Actor, Id } from '../../plugin/host/contract';
import { createDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { openMerging, type MergingFixture } from '../support/merging-fixture';

export type Express = typeof express;
export type Version = 'express-v4' | 'express';

/** The host's Express, and the one that the plugin finds. They differ where npm installed two. */
export const eachPair: [host: Version, plugin: Version][] = [
  ['express-v4', 'express-v4'],
  ['express', 'express'],
  ['express-v4', 'express'],
  ['express', 'express-v4'],
];
/** `describe.each(eachVersion)`: a host with one Express. */
export const eachVersion: Version[] = ['express-v4', 'express'];

export const expressOf = (version: Version): Express => jest.requireActual<Express>(version);

type Package = typeof import('../../plugin/index');
const packages = new Map<Version, Package>();

/** The plugin as it is loaded where `require('express')` gives this version. */
export function pluginOf(version: Version): Package {
  let loaded = packages.get(version);
  if (!loaded) {
    // As in a host whose npm has put one copy there for both.
    const ejs = jest.requireActual<object>('ejs');
    jest.isolateModules(() => {
      jest.doMock('ejs', () => ejs);
      jest.doMock('express', () => jest.requireActual<Express>(version));
      loaded = jest.requireActual<Package>('../../plugin/index');
      jest.dontMock('express');
      jest.dontMock('ejs');
    });
    packages.set(version, loaded!);
  }
  return loaded!;
}

export type Place = 'at /' | 'under a path' | 'in a nested Router' | 'behind a proxy that strips a prefix';
export const PLACES: Record<Place, { mountPath: string; publicPath?: string; front: string }> = {
  'at /': { mountPath: '/', front: '' },
  'under a path': { mountPath: '/billing/merge', front: '' },
  'in a nested Router': { mountPath: '/crm/merge', front: '' },
  'behind a proxy that strips a prefix': { mountPath: '/merge', publicPath: '/crm/merge', front: '/crm' },
};

/** Of the fixture's people, who is signed in. */
export const ADA: Actor = { id: '8', name: 'Ada' };

export interface HostOptions {
  host?: Version;
  plugin?: Version;
  place?: Place;
  options?: Partial<Options<express.Request>>;
  /** Before the plugin's router: sign-in, CSRF, parsers. */
  before?: (express: Express) => express.RequestHandler[];
  /** After it: the parsers of the host's own forms. */
  parsers?: (express: Express) => express.RequestHandler[];
  /** Before everything else, to configure the application. */
  configure?: (app: express.Express) => void;
  /** The host's form page round the banner. */
  page?: (req: express.Request, res: express.Response) => void;
  /** More of the banner's spec on the edit page. */
  spec?: Partial<BannerSpec<express.Request>>;
  /** Mounts the router elsewhere than the options say. */
  mountAt?: string;
}

export interface MountedHost {
  app: express.Express;
  /** The application as browsers reach it. */
  front: RequestListener;
  merge: InvoiceMergePlugin<express.Request>;
  warnings: Record<string, unknown>[];
  errors: Record<string, unknown>[];
  /** What came to the host's error handler when the answer was on its way already. */
  late: unknown[];
  actor: { now: Actor | null };
}

export const plainPage = (req: express.Request, res: express.Response): void => {
  const { invoiceMerge } = res.locals as { invoiceMerge?: { banner: string } };
  res.type('html').send(`<!doctype html><html lang="fr"><title>CRM</title><link rel="icon" href="/icon.svg">
<main>${invoiceMerge?.banner ?? ''}<form id="invoice" method="post" action="/invoices/${String(req.params.id)}"><button>Enregistrer</button></form></main></html>`);
};

/** A host over the fixture's invoices: edit page, create page, preview page, save. */
export function openHost(fixture: MergingFixture, how: HostOptions = {}): MountedHost {
  const { host = 'express', place = 'under a path', page = plainPage } = how;
  const web = expressOf(host);
  const { mountPath, publicPath, front } = PLACES[place];
  const warnings: Record<string, unknown>[] = [];
  const errors: Record<string, unknown>[] = [];
  const late: unknown[] = [];
  const actor: MountedHost['actor'] = { now: ADA };
  const keep = (list: Record<string, unknown>[]) => (message: string, fields?: Record<string, unknown>) =>
    void list.push({ message, ...fields });
  const merge = pluginOf(how.plugin ?? host).createInvoiceMerge<express.Request>({
    mountPath,
    ...(publicPath !== undefined && { publicPath }),
    knex: fixture.knex,
    host: fixture.crm.host,
    actor: () => actor.now,
    authorize: () => true,
    clock: () => new Date('2026-11-21T10:00:00.000Z'),
    logger: { debug: () => undefined, info: () => undefined, warn: keep(warnings), error: keep(errors) },
    ...how.options,
  });

  const app = web();
  how.configure?.(app);
  app.get(['/icon.svg', '/favicon.ico'], (_req, res) => void res.status(204).end());
  for (const handler of how.before?.(web) ?? []) app.use(handler);
  const router = merge.router as unknown as express.RequestHandler;
  if (how.mountAt !== undefined) app.use(how.mountAt, router);
  else if (place === 'in a nested Router') {
    const outer = web.Router();
    const inner = web.Router();
    inner.use('/merge', router);
    outer.use('/crm', inner);
    app.use(outer);
  } else app.use(mountPath, router);
  for (const handler of how.parsers?.(web) ?? [web.urlencoded({ extended: true })]) app.use(handler);

  const invoiceId = (req: express.Request): Id => String(req.params.id);
  app.get('/invoices/new', merge.banner({ page: 'create', formId: 'invoice', customerField: 'customer_id' }), page);
  app.get('/invoices/:id/edit', merge.banner({ page: 'edit', formId: 'invoice', invoiceId, ...how.spec }), page);
  app.get('/invoices/:id', merge.banner({ page: 'preview', invoiceId }), page);
  app.get('/plain', page);
  app.post('/invoices/:id', (req, res, next) => {
    const id = invoiceId(req);
    const form: unknown = req.body;
    merge
      .transaction((trx) =>
        merge.applyMerge(trx, { page: 'edit', invoiceId: id, form, actor: ADA }, () => Promise.resolve(id)),
      )
      .then(({ invoiceId: saved, merge: made }) => res.json({ saved, merged: made?.sources.length ?? 0 }))
      .catch(next);
  });
  const failed: express.ErrorRequestHandler = (error: Error & { status?: number }, req, res, _next) => {
    if (res.headersSent) return void late.push(error);
    res.status(error.status ?? 500).send(`host: ${merge.explain(error, req) ?? String(error)}`);
  };
  app.use((_req, res) => void res.status(404).send('host: not here'));
  app.use(failed);

  const stripped: RequestListener = (req, res) => {
    if (!req.url?.startsWith(front)) {
      res.writeHead(502).end();
      return;
    }
    req.url = req.url.slice(front.length) || '/';
    app(req, res);
  };
  return { app, front: front === '' ? app : stripped, merge, warnings, errors, late, actor };
}

/** One SQLite database for a whole file: how it is mounted matters to no database. */
export const openInvoices = async (): Promise<MergingFixture> => openMerging(await createDatabase('sqlite'), crmHost());

/** A customer with an invoice to edit and others to merge into it. */
export async function someInvoices(fixture: MergingFixture, others = 2): Promise<{ target: Id; sources: Id[] }> {
  const customer = await fixture.customer();
  const target = await fixture.invoice(customer);
  const sources: Id[] = [];
  for (let left = others; left > 0; left -= 1) sources.push(await fixture.invoice(customer));
  return { target, sources };
}

/** Behind a real port, for a browser. */
export async function listen(front: RequestListener): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer(front);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
