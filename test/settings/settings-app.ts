/** A CRM with the plugin mounted, whose requests say who asks: for what admins and others do at their pages. */
import { load } from 'cheerio';
import type { CheerioAPI } from 'cheerio';
import express from 'express';
import request from 'supertest';
import type { Action, Options } from '../../plugin/contract';
import type { Actor } from '../../plugin/host/contract';
import type { Settings } from '../../plugin/settings/contract';
import type { TestDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { openMerging, type MergingFixture, type Plugin } from '../support/merging-fixture';

export const PEOPLE = {
  admin: { id: '1', name: 'Nadia Admin' },
  second: { id: '2', name: 'Omar Admin' },
  books: { id: '8', name: 'Bea Books' },
  sales: { id: '7', name: 'Sam Sales' },
  stranger: { id: '9', name: 'Nobody' },
} satisfies Record<string, Actor>;
export type Person = keyof typeof PEOPLE;

const NOT_SALES: Action[] = [
  ...(['merge.choose_settlement', 'settings.manage', 'payments.allocate'] as const),
  ...(['billing.manage', 'sales.view', 'handover.view'] as const),
];

export function mayDo(actor: Actor, action: Action): boolean {
  if (actor.id === PEOPLE.stranger.id) return false;
  if (actor.id === PEOPLE.sales.id) return !NOT_SALES.includes(action);
  return actor.id !== PEOPLE.books.id || action !== 'settings.manage';
}

type Req = express.Request;
export interface SettingsApp {
  app: express.Express;
  fixture: MergingFixture;
  merge: Plugin;
  logged: Record<string, unknown>[];
  get(who: Person | null, path: string, lang?: 'fr' | 'en'): Promise<{ status: number; $: CheerioAPI; text: string }>;
  post(
    who: Person,
    path: string,
    form: Record<string, unknown>,
  ): Promise<{ status: number; to: string; $: CheerioAPI }>;
  api(who: Person | null, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
  /** The settings as they are, but for what is given. */
  set(wanted: Partial<Settings>): Promise<void>;
}

/** Without csrf: writes must be same-origin. */
export async function openSettings(database: TestDatabase, options: Partial<Options<Req>> = {}): Promise<SettingsApp> {
  const fixture = await openMerging(database, crmHost());
  const app = express();
  const logged: Record<string, unknown>[] = [];
  const note = (message: string, fields?: Record<string, unknown>): unknown => logged.push({ message, ...fields });
  const merge = fixture.plugin({
    actor: (req) => PEOPLE[req.get('x-person') as Person] ?? null,
    authorize: mayDo,
    locale: (req) => req.get('x-lang'),
    csrf: undefined,
    logger: { debug: note, info: note, warn: note, error: note },
    ...options,
  });
  app.use(merge.mountPath, merge.router as unknown as express.RequestHandler);
  app.get('/invoices/:id/:page', (req, res, next) => {
    const page = req.params.page as 'edit' | 'preview' | 'create';
    const about = page === 'create' ? { customerId: () => req.params.id } : { invoiceId: () => req.params.id };
    const spec = { page, formId: 'invoice', createUrl: () => '/new', ...about };
    (merge.banner(spec) as unknown as express.RequestHandler)(req, res, (error?: unknown) => {
      if (error !== undefined) return next(error);
      res.send((res.locals.invoiceMerge as { banner: string }).banner);
    });
  });
  app.get(['/', '/settings'], (_req, res) => {
    res.send('the CRM’s own');
  });
  const base = merge.mountPath === '/' ? '' : merge.mountPath;
  const headers = (who: Person | null, lang = 'fr'): Record<string, string> => ({
    'x-lang': lang,
    ...(who && { 'x-person': who }),
    'sec-fetch-site': 'same-origin',
  });

  const api: SettingsApp['api'] = async (who, body) => {
    const path = `${base}/api/settings`;
    const asked = body ? request(app).put(path).send(body) : request(app).get(path);
    const reply = await asked.set(headers(who));
    return { status: reply.status, body: reply.body as Record<string, unknown> };
  };
  return {
    app,
    fixture,
    merge,
    logged,
    api,
    async get(who, path, lang) {
      const reply = await request(app).get(path).set(headers(who, lang)).set('Accept', 'text/html');
      return { status: reply.status, $: load(reply.text), text: reply.text };
    },
    async post(who, path, form) {
      const reply = await request(app)
        .post(`${base}${path}`)
        .type('form')
        .send(form)
        .set(headers(who))
        .set('Accept', 'text/html');
      return { status: reply.status, to: reply.headers.location ?? '', $: load(reply.text) };
    },
    async set(wanted) {
      const { body } = await api('admin');
      const reply = await api('admin', { ...body, ...wanted });
      if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
    },
  };
}
