/** A CRM with the plugin mounted, and people who make payment methods and put them in order, over HTTP. */
import { load, type CheerioAPI } from 'cheerio';
import express from 'express';
import type { Knex } from 'knex';
import request from 'supertest';
import type { Action, Options } from '../../plugin/contract';
import type { Id } from '../../plugin/host/contract';
import type { TestDatabase } from '../support/databases';
import { crmHost, type TestHost } from '../support/hosts';
import { openMerging, type MergingFixture } from '../support/merging-fixture';
import { PEOPLE, type Person } from '../settings/settings-app';

type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Json = Record<string, unknown>;

export interface Reply {
  status: number;
  body: Json & { error?: { code: string; message: string; vars: Json } };
}
export interface Method {
  id: Id;
  name: string;
  kind: string;
  externalIdentifier: string | null;
  requiresReference: boolean;
  referenceLabel: string | null;
  referenceMask: string | null;
  extended: boolean;
  imageId: string | null;
  imageUrl: string | null;
  archivedAt: string | null;
  active: boolean;
  pinned: boolean;
  uses: number;
}

/** What people do on one server: a plugin with database connections of its own. */
export interface Desk {
  app: express.Express;
  ask(verb: Verb, path: string, body?: object, who?: Person | null): Promise<Reply>;
  page(
    path: string,
    who?: Person | null,
    lang?: 'fr' | 'en',
  ): Promise<{ status: number; $: CheerioAPI; headers: Record<string, string> }>;
  /** As the form of a page posts it, without a script; `done` is what the page then says. */
  submit(
    path: string,
    form: Json,
    who?: Person | null,
    more?: Record<string, string>,
  ): Promise<{ status: number; to: string; $: CheerioAPI }>;
  make(name: string, fields?: Json): Promise<Method>;
  /** Names of what a module takes, in order. */
  names(module?: string): Promise<string[]>;
  ids(module?: string): Promise<Id[]>;
  version(module?: string): Promise<number>;
}

export interface BillingFixture extends Desk {
  fixture: MergingFixture;
  knex: Knex;
  /** One more server on the same database. */
  another(): Desk;
  /** As it was when it was opened: a database costs more than a test. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Admins manage; the others do what they do. */
const mayDo = (actor: { id: string }, action: Action): boolean =>
  action === 'billing.manage'
    ? [PEOPLE.admin.id, PEOPLE.second.id].includes(actor.id)
    : actor.id !== PEOPLE.stranger.id;

function openDesk(fixture: MergingFixture, knex: Knex, options: Partial<Options<express.Request>>): Desk {
  const app = express();
  const merge = fixture.plugin({
    ...{ knex, actor: (req) => PEOPLE[req.get('x-person') as Person] ?? null, authorize: mayDo },
    locale: (req) => req.get('x-lang'),
    csrf: undefined,
    ...options,
  });
  app.use(merge.mountPath, merge.router as unknown as express.RequestHandler);
  const base = merge.mountPath;
  const headers = (who: Person | null, lang = 'fr'): Record<string, string> => ({
    ...{ 'x-lang': lang, 'sec-fetch-site': 'same-origin' },
    ...(who && { 'x-person': who }),
  });

  const ask: Desk['ask'] = async (verb, path, body, who = 'admin') => {
    const asked = request(app)[verb](`${base}/api${path}`).set(headers(who));
    const reply = await (body ? asked.send(body) : asked);
    return { status: reply.status, body: reply.body as Reply['body'] };
  };
  const listed = async (module = 'direct_sale'): Promise<{ version: number; paymentMethods: Method[] }> =>
    (await ask('get', `/order-modules/${module}/payment-methods`)).body as never;

  return {
    app,
    ask,
    async page(path, who = 'admin', lang) {
      const reply = await request(app).get(`${base}${path}`).set(headers(who, lang)).set('Accept', 'text/html');
      return { status: reply.status, $: load(reply.text ?? ''), headers: reply.headers };
    },
    async submit(path, form, who = 'admin', more = {}) {
      const reply = await request(app)
        .post(`${base}${path}`)
        .type('form')
        .send(form)
        .set({ ...headers(who), Accept: 'text/html', ...more });
      return { status: reply.status, to: reply.headers.location ?? '', $: load(reply.text) };
    },
    async make(name, fields = {}) {
      const reply = await ask('post', '/payment-methods', { kind: 'external_billing', name, ...fields });
      if (reply.status !== 201) throw new Error(`${name}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return reply.body as unknown as Method;
    },
    names: async (module) => (await listed(module)).paymentMethods.map(({ name }) => name),
    ids: async (module) => (await listed(module)).paymentMethods.map(({ id }) => id),
    version: async (module) => (await listed(module)).version,
  };
}

const OWN = ['im_module_payment_methods', 'im_order_modules', 'im_images', 'im_activity', 'im_settings'];

export async function openBilling(
  database: TestDatabase,
  options: Partial<Options<express.Request>> = {},
  host: TestHost = crmHost(),
): Promise<BillingFixture> {
  const fixture = await openMerging(database, host);
  let second: Knex | undefined;
  return {
    ...openDesk(fixture, database.knex, options),
    fixture,
    knex: database.knex,
    another: () => openDesk(fixture, (second ??= database.connect()), options),
    async reset() {
      const { knex } = database;
      for (const table of [...OWN, 'app_reglements']) await knex(table).truncate();
      await knex('app_modes').where('id', '>', 3).delete();
      await knex('app_modes').update({ actif: true });
    },
    close: () => fixture.close(),
  };
}
