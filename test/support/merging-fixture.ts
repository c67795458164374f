/** A test host with the plugin mounted, and saves as a person would post them: one database for many tests. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import express from 'express';
import type { Knex } from 'knex';
import type { ApplyResult, InvoiceMergePlugin, Options } from '../../plugin/contract';
import { createInvoiceMerge } from '../../plugin/create-plugin';
import type { Actor, Id, Invoice, Query, Row, Trx } from '../../plugin/host/contract';
import type { AllowanceCharge, Tax } from '../../plugin/money/types';
import type { TestDatabase } from './databases';
import { PMS } from '../web/api-examples-handover';
import { install, type InvoiceSpec, type LineSpec, type TestHost } from './hosts';

export const VAT_20: Tax = { category: 'S', name: 'TVA 20 %', rate: '20' };
export const VAT_10: Tax = { category: 'S', name: 'TVA 10 %', rate: '10' };

/** Sales merge with the default settlement only, books may choose, a stranger may nothing. */
export const ACTORS = {
  sales: { id: '7', name: 'Sam Sales' },
  books: { id: '8', name: 'Bea Books' },
  stranger: { id: '9', name: 'Nobody' },
} satisfies Record<string, Actor>;

type Req = express.Request;
export type Plugin = InvoiceMergePlugin<Req>;

export function line(description: string, unitPrice: string, more: Partial<LineSpec> = {}): LineSpec {
  return { description, quantity: '1', unitPrice, taxes: [VAT_20], ...more };
}

export interface Save {
  /** Left out: the save creates an invoice. */
  target?: Id;
  /** What the form says of the invoice itself; default on an edit page: as it is. */
  spec?: InvoiceSpec;
  /** Ids get the version that they have now. */
  sources?: (Id | { id: Id; version: string | null })[];
  issued?: string;
  draft?: string;
  /** `form`: the host's own rows bear the lines. */
  mode?: 'server' | 'form';
  /** Changes the rows that came into the form. */
  rows?: (rows: LineSpec[]) => LineSpec[];
  key?: string | null;
  targetVersion?: string | null;
  shown?: string;
  acknowledged?: string[];
  actor?: Actor;
  /** Further fields of the posted body. */
  body?: Row;
  plugin?: Plugin;
  /** Runs inside the host's save, after it. */
  during?: (trx: Trx, invoiceId: Id) => Promise<void>;
  /** Told each time the host's own save is called. */
  onSave?: () => void;
  trx?: Trx;
}

export interface MergingFixture {
  database: TestDatabase;
  knex: Knex;
  crm: TestHost;
  merge: Plugin;
  /** The same host with other options. */
  plugin(options?: Partial<Options<Req>>): Plugin;
  customer(): Promise<Id>;
  invoice(customerId: Id, spec?: Partial<InvoiceSpec>): Promise<Id>;
  load(id: Id): Promise<Invoice>;
  /** The invoice as its edit form shows it. */
  formOf(id: Id): Promise<InvoiceSpec>;
  save(save: Save): Promise<ApplyResult>;
  /** All rows of all tables. */
  dump(): Promise<Record<string, Row[]>>;
  rows(table: string, where?: Row): Promise<Row[]>;
  /** The plugin's router, over HTTP. */
  http(path: string, how?: HttpAsk): Promise<HttpReply>;
  close(): Promise<void>;
}

export interface HttpAsk {
  actor?: Actor | null;
  plugin?: Plugin;
  body?: unknown;
  /** Of a body as JSON. Default: POST */
  method?: 'POST' | 'PUT' | 'DELETE';
  /** Posted as a page's form posts it. */
  form?: Record<string, string>;
}

export interface HttpReply {
  status: number;
  /** JSON, else `{ html }`, with the `location` of a redirect. */
  body: Record<string, unknown>;
}

/** What a save was refused with; fails when it went through. */
export async function refusal(attempt: Promise<unknown>): Promise<{ code: string; status: number; vars: Row }> {
  const error: unknown = await attempt.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown,
  );
  const { code, status, vars } = error as { code?: string; status?: number; vars?: Row };
  if (typeof code !== 'string' || !code.startsWith('IM_')) throw error;
  return { code, status: status ?? 0, vars: vars ?? {} };
}

/** The reasons that a refusal gives for an invoice. */
export function reasonsOf({ vars }: { vars: Row }, invoiceId: Id): string[] {
  const invoices = (vars.invoices ?? []) as { invoiceId: Id; reasons: { code: string }[] }[];
  return invoices.filter((one) => one.invoiceId === invoiceId).flatMap((one) => one.reasons.map(({ code }) => code));
}

const lineSpec = (one: Invoice['lines'][number]): LineSpec => ({
  id: one.id,
  description: one.description,
  longDescription: one.longDescription,
  quantity: one.quantity,
  unit: one.unit,
  unitPrice: one.unitPrice,
  baseQuantity: one.baseQuantity,
  taxes: one.taxes,
  allowancesCharges: one.allowancesCharges,
});

export async function openMerging(database: TestDatabase, crm: TestHost): Promise<MergingFixture> {
  const { knex } = database;
  // What a power cut would leave is not what these tests ask.
  if (database.name === 'sqlite') await knex.raw('PRAGMA synchronous = OFF');
  await install(knex, crm);
  const servers: Server[] = [];
  let customers = 0;
  let person: Actor | null = null;

  const plugin = (options: Partial<Options<Req>> = {}): Plugin =>
    createInvoiceMerge<Req>({
      mountPath: '/invoice-merge',
      knex,
      host: crm.host,
      actor: () => person,
      authorize: (actor, action) =>
        actor.id !== ACTORS.stranger.id && (action !== 'merge.choose_settlement' || actor.id === ACTORS.books.id),
      clock: () => new Date('2026-11-21T10:00:00.000Z'),
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      secretKey: 'a key of the tests that is long enough',
      allowedDestinations: ['127.0.0.1'],
      integrations: { pms: PMS },
      csrf: { token: () => 'token', fieldName: '_csrf', headerName: 'x-csrf' },
      ...options,
    });
  const merge = plugin();

  async function load(id: Id): Promise<Invoice> {
    const [invoice] = await crm.host.loadInvoices(knex, [id]);
    if (!invoice) throw new Error(`invoice ${id} does not exist`);
    return invoice;
  }

  async function formOf(id: Id): Promise<InvoiceSpec> {
    const invoice = await load(id);
    const { customerId, issueDate, dueDate, currency, discount, allowancesCharges, adjustment, prepaid } = invoice;
    return {
      customerId,
      issueDate,
      dueDate,
      currency,
      discount,
      allowancesCharges,
      adjustment,
      prepaid,
      lines: invoice.lines.map(lineSpec),
    };
  }

  const addressOf = new Map<Plugin, Promise<string>>();
  const serve = (served: Plugin): Promise<string> =>
    new Promise((resolve) => {
      const app = express();
      app.use(served.mountPath, served.router as unknown as express.RequestHandler);
      const server = app.listen(0, '127.0.0.1', () =>
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}${served.mountPath}`),
      );
      // A connection that it closes while the next request is on its way would look like a fault.
      server.keepAliveTimeout = 0;
      servers.push(server);
    });

  const http: MergingFixture['http'] = async (path, how = {}) => {
    const served = how.plugin ?? merge;
    const address = addressOf.get(served) ?? serve(served);
    addressOf.set(served, address);
    person = how.actor === undefined ? ACTORS.books : how.actor;
    const reply = await fetch(`${await address}${path}`, {
      headers: {
        accept: how.form ? 'text/html' : 'application/json',
        'content-type': how.form ? 'application/x-www-form-urlencoded' : 'application/json',
        'sec-fetch-site': 'same-origin',
      },
      redirect: 'manual',
      ...(how.form && { method: 'POST', body: new URLSearchParams(how.form).toString() }),
      ...(how.body !== undefined && { method: how.method ?? 'POST', body: JSON.stringify(how.body) }),
    });
    const text = await reply.text();
    const isJson = reply.headers.get('content-type')?.includes('json');
    const page = { html: text, location: reply.headers.get('location') };
    return { status: reply.status, body: (isJson ? JSON.parse(text) : page) as Record<string, unknown> };
  };

  /** What the banner's script brings into the form for these sources. */
  async function broughtRows(sources: Id[]): Promise<{ rows: LineSpec[]; allowancesCharges: AllowanceCharge[] }> {
    const rows: LineSpec[] = [];
    const allowancesCharges: AllowanceCharge[] = [];
    for (const id of sources) {
      const { body } = await http(`/api/invoices/${id}/lines`);
      for (const { key, ...carried } of (body.lines ?? []) as (Invoice['lines'][number] & { key: string })[])
        rows.push({ ...lineSpec(carried), id: undefined, key });
      allowancesCharges.push(...((body.allowancesCharges ?? []) as AllowanceCharge[]));
    }
    return { rows, allowancesCharges };
  }

  async function save(wanted: Save): Promise<ApplyResult> {
    const { target, mode = 'server', plugin: used = merge, actor = ACTORS.books } = wanted;
    const sources = await Promise.all(
      (wanted.sources ?? []).map(async (one) =>
        typeof one === 'string' ? { id: one, version: (await load(one)).version } : one,
      ),
    );
    const spec = wanted.spec ?? (target === undefined ? undefined : await formOf(target));
    if (!spec) throw new Error('a new invoice needs a spec');
    const form = { ...spec };
    if (mode === 'form') {
      const brought = await broughtRows([...new Set(sources.map(({ id }) => id))]);
      const { rows = (all: LineSpec[]) => all } = wanted;
      form.lines = [...spec.lines, ...rows(brought.rows)];
      form.allowancesCharges = [...(spec.allowancesCharges ?? []), ...brought.allowancesCharges];
    }
    const targetVersion =
      wanted.targetVersion === undefined && target !== undefined ? (await load(target)).version : wanted.targetVersion;
    const body = {
      _csrf: randomUUID(),
      customer: spec.customerId,
      invoiceMergeSource: sources.map(({ id, version }) => (version === null ? id : `${id}~${version}`)),
      invoiceMergeIssued: wanted.issued ?? '',
      invoiceMergeDraft: wanted.draft ?? '',
      invoiceMergeKey: wanted.key === undefined ? randomUUID() : (wanted.key ?? ''),
      invoiceMergeTarget: targetVersion ?? '',
      invoiceMergeShown: wanted.shown ?? '',
      invoiceMergeAcknowledged: wanted.acknowledged ?? [],
      invoiceMergeLines: mode,
      ...wanted.body,
    };
    const input = {
      page: target === undefined ? ('create' as const) : ('edit' as const),
      ...(target !== undefined && { invoiceId: target }),
      form: body,
      actor,
    };
    const work = (trx: Trx): Promise<ApplyResult> =>
      used.applyMerge(trx, input, async () => {
        wanted.onSave?.();
        const saved = await crm.saveInvoice(trx, target ?? null, form);
        await wanted.during?.(trx, saved.invoiceId);
        return mode === 'form' ? saved : saved.invoiceId;
      });
    return wanted.trx ? work(wanted.trx) : used.transaction(work);
  }

  async function tables(): Promise<string[]> {
    if (database.name === 'sqlite')
      return knex('sqlite_master')
        .where({ type: 'table' })
        .whereNot('name', 'like', 'sqlite_%')
        .orderBy('name')
        .pluck('name');
    return knex('information_schema.TABLES')
      .whereRaw('TABLE_SCHEMA = DATABASE()')
      .orderBy('TABLE_NAME')
      .pluck('TABLE_NAME');
  }

  return {
    database,
    knex,
    crm,
    merge,
    plugin,
    customer: () => crm.createCustomer(knex, `Customer ${++customers}`),
    invoice: (customerId, spec = {}) => crm.createInvoice(knex, { customerId, lines: [line('Work', '100')], ...spec }),
    load,
    formOf,
    save,
    http,
    async dump() {
      const all = await Promise.all(
        (await tables()).map(async (table): Promise<[string, Row[]]> => {
          const rows = (await knex(table).select()) as Row[];
          return [table, rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))];
        }),
      );
      return Object.fromEntries(all);
    },
    rows: (table, where = {}) => knex(table).where(where as Record<string, string>),
    async close() {
      await Promise.all(
        servers.map((server) => {
          const closed = new Promise((done) => server.close(done));
          server.closeAllConnections();
          return closed;
        }),
      );
      await database.close();
    },
  };
}

/** Scope of a person who sees no invoice of these ids. */
export const hiding =
  (crm: TestHost, ids: Id[]) =>
  (query: Query, _actor: Actor, alias: string): void =>
    void query.whereNotIn(`${alias}.${crm.map.invoices.id}`, ids);
