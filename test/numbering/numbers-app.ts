/** Numbering's pages over a fake service, in no host's frame. */
import { load } from 'cheerio';
import type { CheerioAPI } from 'cheerio';
import express from 'express';
import helmet from 'helmet';
import request from 'supertest';
import type { Db } from '../../plugin/host/contract';
import { createTranslator } from '../../plugin/i18n';
import { numbersRoutes } from '../../plugin/numbering/routes';
import { createAssets } from '../../plugin/web/assets';
import { createErrorHandler } from '../../plugin/web/error-handler';
import { createPages } from '../../plugin/web/page';
import { createRender } from '../../plugin/web/render';
import { BOOKS, createFakeNumbering, type FakeNumbering } from './fake-numbering';

const BASE = '/crm/merge';

export interface NumbersApp {
  app: express.Express;
  fake: FakeNumbering;
  get(path: string, lang?: 'fr' | 'en'): Promise<{ status: number; $: CheerioAPI; text: string }>;
  post(path: string, form: Record<string, unknown>): Promise<{ status: number; to: string; $: CheerioAPI }>;
}

export function createNumbersApp(): NumbersApp {
  const fake = createFakeNumbering();
  const translator = createTranslator();
  const assets = createAssets(BASE);
  const wordsOf = (req: { headers: Record<string, unknown> }): ReturnType<typeof translator> =>
    translator((req.headers['x-lang'] as string | undefined) ?? 'fr');
  const pages = createPages({ wordsOf, render: createRender(), urls: { pages: BASE, asset: assets.url } });
  const app = express();
  app.use(helmet());
  const plugin = express.Router();
  plugin.use(assets.router);
  plugin.use(
    numbersRoutes({
      // The fake service never looks at it.
      db: undefined as unknown as Db,
      ...{ service: fake.service, pages, wordsOf },
      actorOf: async (req) => (req.headers['x-nobody'] ? null : BOOKS),
      urls: { base: BASE, invoice: (id) => `/invoices/${id}` },
      opensMerges: async () => true,
      clock: () => new Date('2026-11-21T10:00:00Z'),
    }),
  );
  plugin.use(createErrorHandler({ wordsOf, pages, log: () => undefined }));
  app.use(BASE, plugin);
  const sameOrigin = { 'sec-fetch-site': 'same-origin', Accept: 'text/html' };
  return {
    app,
    fake,
    async get(path, lang = 'fr') {
      const reply = await request(app)
        .get(BASE + path)
        .set({ ...sameOrigin, 'x-lang': lang });
      return { status: reply.status, $: load(reply.text), text: reply.text };
    },
    async post(path, form) {
      const reply = await request(app)
        .post(BASE + path)
        .type('form')
        .send(form)
        .set(sameOrigin);
      return { status: reply.status, to: reply.headers.location ?? '', $: load(reply.text) };
    },
  };
}
