/** The demo CRM behind a real port, and a person who is signed in to it: tests talk to it as browsers and programs do. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { load, type CheerioAPI } from 'cheerio';
import { createDemo, type DemoApp } from '../../demo/app';
import type { Invoice, Merge } from '../../plugin/host/contract';
import type { PricedDocument } from '../../plugin/money/types';

export type Role = 'admin' | 'sales' | 'books';
export type DemoInvoice = Invoice & { mergedInto: string | null; mergedFrom: string[]; remindersOff: boolean };
export type Fields = [name: string, value: string][];

export interface Answer<T> {
  status: number;
  body: T;
}
export interface Refused {
  error: { code: string; message: string; vars: Record<string, unknown> };
}
export interface Page {
  status: number;
  location: string | null;
  $: CheerioAPI;
}

export interface DemoServer {
  demo: DemoApp;
  url: string;
  close(): Promise<void>;
}

/** Today of these tests: the demo's days and delays count from it. */
export const TODAY = '2026-11-21';

/** Serves an empty demo CRM on a free port of the loopback address. */
export async function serveDemo(databaseUrl: string): Promise<DemoServer> {
  const demo = await createDemo({ databaseUrl, data: 'empty', clock: () => new Date(`${TODAY}T10:00:00Z`) });
  const server = createServer(demo.app);
  // A connection that it closes while the next request is on its way would look like a fault.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    demo,
    url,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await demo.close();
    },
  };
}

export class DemoClient {
  private readonly cookies = new Map<string, string>();

  constructor(
    readonly url: string,
    /** What the requests say of where they come from. */
    private readonly origin = url,
  ) {}

  /** A session of its own, as from another browser. */
  static async signedIn(url: string, role: Role = 'admin', language?: 'fr' | 'en'): Promise<DemoClient> {
    const client = new DemoClient(url);
    const page = await client.submit('/login', [
      ['email', `${role}@demo.test`],
      ['password', 'demo'],
    ]);
    if (page.status !== 303) throw new Error(`sign-in answered ${page.status}`);
    if (language) await client.submit('/language', [['lang', language]]);
    return client;
  }

  /** The same session, seen from another site's page. */
  from(origin: string): DemoClient {
    return this.copy(this.url, origin);
  }

  /** The same session on another server of the same database. */
  onServer(url: string): DemoClient {
    return this.copy(url, url);
  }

  private copy(url: string, origin: string): DemoClient {
    const other = new DemoClient(url, origin);
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  private async send(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Response> {
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        origin: this.origin,
        ...headers,
      },
      body,
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.cookies.set(name, value);
    }
    return response;
  }

  async json<T = Refused>(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<Answer<T>> {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const response = await this.send(method, path, headers, text);
    return { status: response.status, body: (await response.json()) as T };
  }

  async page(path: string): Promise<Page> {
    return readPage(await this.send('GET', path, { accept: 'text/html' }));
  }

  /** A file that is not a page. */
  async text(path: string): Promise<string> {
    return (await this.send('GET', path, {})).text();
  }

  /** Posts an HTML form. */
  async submit(path: string, fields: Fields): Promise<Page> {
    const headers = { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' };
    return readPage(await this.send('POST', path, headers, new URLSearchParams(fields).toString()));
  }

  // ------------------------------------------------------------ what most tests begin with

  async customer(name: string): Promise<string> {
    return (await this.json<{ id: string }>('POST', '/api/customers', { name })).body.id;
  }

  async invoice(customerId: string, input: Record<string, unknown> | PricedDocument): Promise<DemoInvoice> {
    const { status, body } = await this.json<DemoInvoice>('POST', '/api/invoices', { customerId, ...input });
    if (status !== 201) throw new Error(`the invoice was refused: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  async read(id: string): Promise<DemoInvoice> {
    return (await this.json<DemoInvoice>('GET', `/api/invoices/${id}`)).body;
  }

  /** Merges by the API what is there now. */
  async merge(
    target: DemoInvoice,
    sources: DemoInvoice[],
    more: Record<string, unknown> = {},
  ): Promise<Answer<Refused & { merge: Merge }>> {
    return this.json('POST', '/invoice-merge/api/merges', mergeRequest(target, sources, more));
  }
}

let keys = 0;
/** A save key that no other request has. */
export const newKey = (): string => `key-${process.pid}-${(keys += 1)}-${Date.now()}`;

export const mergeRequest = (
  target: DemoInvoice,
  sources: DemoInvoice[],
  more: Record<string, unknown> = {},
): Record<string, unknown> => ({
  targetId: target.id,
  targetVersion: target.version,
  sources: sources.map(({ id, version }) => ({ id, version })),
  settlement: { issued: 'cancel', draft: 'cancel' },
  key: newKey(),
  ...more,
});

async function readPage(response: Response): Promise<Page> {
  // As a browser without JavaScript reads it: what stands in <noscript> is part of the page.
  const $ = load(await response.text(), { scriptingEnabled: false });
  return { status: response.status, location: response.headers.get('location'), $ };
}

/** What a browser without JavaScript would post: the form's controls and those elsewhere that name it. */
export function formFields({ $ }: Page, formId: string): Fields {
  const fields: Fields = [];
  const controls = $(`#${formId} :is(input, select, textarea), :is(input, select, textarea)[form="${formId}"]`);
  for (const element of controls.toArray()) {
    const control = $(element);
    const name = control.attr('name');
    const type = control.attr('type') ?? '';
    // What waits in a <template> is no control of the page.
    if (!name || control.is('[disabled]') || control.closest('template').length > 0) continue;
    if (['submit', 'button', 'image', 'reset'].includes(type)) continue;
    if (['checkbox', 'radio'].includes(type) && !control.is('[checked]')) continue;
    if (control.is('select')) {
      const chosen = control.find('option[selected]').first();
      const option = chosen.length > 0 ? chosen : control.find('option').first();
      fields.push([name, option.attr('value') ?? option.text().trim()]);
    } else if (control.is('textarea')) fields.push([name, control.text()]);
    else fields.push([name, control.attr('value') ?? (type === 'checkbox' ? 'on' : '')]);
  }
  return fields;
}

/** The form with this field set to these values, in place of the first that it had. */
export function withField(fields: Fields, name: string, ...values: string[]): Fields {
  const at = fields.findIndex(([one]) => one === name);
  const rest = fields.filter(([one]) => one !== name);
  rest.splice(at < 0 ? rest.length : at, 0, ...values.map((value): [string, string] => [name, value]));
  return rest;
}

export const fieldOf = (fields: Fields, name: string): string | undefined => fields.find(([one]) => one === name)?.[1];
