/** A small host: its invoice pages with the banner in them, and merging's routes under a path. */
import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import type { BannerSpec } from '../../plugin/contract';
import type { Actor, Db } from '../../plugin/host/contract';
import { createTranslator } from '../../plugin/i18n';
import { createBanner } from '../../plugin/merging/banner';
import type { MergingPageDeps } from '../../plugin/merging/banner-deps';
import { mergingEndpoints } from '../../plugin/merging/endpoints';
import { mergingRoutes } from '../../plugin/merging/routes';
import { createAssets } from '../../plugin/web/assets';
import { createApi } from '../../plugin/web/endpoints';
import { createErrorHandler } from '../../plugin/web/error-handler';
import { createPages } from '../../plugin/web/page';
import { createRender } from '../../plugin/web/render';
import { actor, createFakeMerging } from './fake-merging';
import type { FakeMerging } from './fake-merging';

export interface MergingApp {
  app: Express;
  fake: FakeMerging;
  logged: string[];
  /** Changes before a request what the host's page does. */
  host: {
    actor: Actor | null;
    /** What `authorize` answers to the API. */
    mayAct: boolean;
    locale: string | undefined;
    spec: Partial<BannerSpec<express.Request>>;
    page: (html: string) => string;
  };
}

const BASE = '/crm/merge';

export function createMergingApp(
  options: { csrf?: MergingPageDeps['csrf']; nonce?: string; parsed?: RequestHandler; csp?: boolean } = {},
): MergingApp {
  const fake = createFakeMerging();
  const logged: string[] = [];
  const host: MergingApp['host'] = {
    actor,
    mayAct: true,
    locale: undefined,
    spec: {},
    page: (html) => `<!doctype html><html lang="fr"><title>CRM</title><main>${html}</main>`,
  };
  const translator = createTranslator();
  const render = createRender();
  const assets = createAssets(BASE);
  const deps: MergingPageDeps = {
    // The fake service never looks at it.
    db: undefined as unknown as Db,
    service: fake.service,
    actorOf: async () => host.actor,
    wordsOf: () => translator(host.locale),
    render,
    urls: {
      base: BASE,
      pages: BASE,
      asset: assets.url,
      invoice: (id, page) => `/invoices/${id}${page === 'edit' ? '/edit' : ''}`,
    },
    csrf: options.csrf,
    ...(options.nonce !== undefined && { nonce: () => options.nonce }),
  };
  const banner = createBanner(deps);
  const plugin = express.Router();
  plugin.use(assets.router);
  plugin.use(
    createApi(mergingEndpoints(deps), { ...deps, base: BASE, csrf: options.csrf, authorize: () => host.mayAct }),
  );
  plugin.use(mergingRoutes({ ...deps, banner }));
  const log = (message: string): unknown => logged.push(message);
  const { wordsOf } = deps;
  const frame = createPages({ wordsOf, render, urls: { pages: BASE, asset: assets.url } });
  plugin.use(createErrorHandler({ wordsOf, pages: frame, log }));

  const app = express();
  if (options.csp) app.use(helmet());
  if (options.parsed) app.use(options.parsed);
  app.use(BASE, plugin);
  const pages: [string, BannerSpec<express.Request>][] = [
    ['/invoices/new', { page: 'create', formId: 'invoice', customerField: 'customer_id' }],
    ['/invoices/:id/edit', { page: 'edit', formId: 'invoice', invoiceId: (req) => String(req.params.id) }],
    ['/invoices/:id', { page: 'preview', invoiceId: (req) => String(req.params.id) }],
  ];
  for (const [path, spec] of pages) {
    app.get(path, (req, res, next) => {
      banner
        .render(req, res, { ...spec, ...host.spec })
        .then((html) => {
          res.send(host.page(html));
        })
        .catch(next);
    });
  }
  app.use(((error: unknown, _req, res, _next) => {
    res.status(500).send(`host: ${String(error)}`);
  }) as express.ErrorRequestHandler);
  return { app, fake, logged, host };
}
