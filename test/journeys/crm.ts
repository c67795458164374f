/// <reference lib="dom" />
/** The demo CRM with its customers and invoices behind a real port, and what people do in its pages. */
import { copyFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Knex } from 'knex';
import type { BrowserContext, Page } from 'playwright-core';
import { createDemo } from '../../demo/app';
import type { TestBrowser, PageOptions } from '../support/browser';
import { createDatabase, type DatabaseName } from '../support/databases';
import { oncePerRun } from '../support/once-per-run';

/** Today of the journeys: the days of the demo's invoices count from it. */
export const TODAY = '2026-11-21';

/** Boulangerie Martin: what of its invoices the journeys work with. */
export const OVEN = 'FA-2026-00031';
export const BAGS = 'FA-2026-00038';

export type Role = 'admin' | 'sales' | 'books';

export interface Crm {
  url: string;
  knex: Knex;
  /** The id of Boulangerie Martin's draft of today: 272,19 € with tax. */
  draft: string;
  /** The id of its other draft, of 18 days ago. */
  olderDraft: string;
  /** A page of a person who is signed in, at this path; a session of its own. */
  open(browser: TestBrowser, path: string, options?: PageOptions & { as?: Role; lang?: 'fr' | 'en' }): Promise<Page>;
  idOf(number: string): Promise<string>;
  invoice(id: string): Promise<Record<string, unknown> | undefined>;
  /** The lines of an invoice in their order: label, quantity x price. */
  lines(id: string): Promise<string[]>;
  close(): Promise<void>;
}

const openDemo = (databaseUrl: string) =>
  createDemo({
    ...{ databaseUrl, data: 'full', clock: () => new Date(`${TODAY}T10:00:00Z`) },
    // What other systems the journeys need listens here.
    allowedDestinations: ['127.0.0.1'],
  });

/** On SQLite the filled file is made once per run and copied. */
async function fillFile(databaseUrl: string): Promise<void> {
  const folder = await oncePerRun('crm', async (place) => (await openDemo(`sqlite:${place}/crm.db`)).close());
  copyFileSync(join(folder, 'crm.db'), databaseUrl.slice('sqlite:'.length));
}

/** A fresh database, filled as `npm start` fills it. */
export async function serveCrm(name: DatabaseName): Promise<Crm> {
  const database = await createDatabase(name);
  if (name === 'sqlite') await fillFile(database.url);
  const demo = await openDemo(database.url);
  const server = createServer(demo.app);
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { knex } = demo;
  const idOf = async (where: Record<string, unknown>): Promise<string> => {
    const row = await knex('crm_invoices').where(where).first<{ id: number } | undefined>('id');
    if (!row) throw new Error(`no invoice ${JSON.stringify(where)}`);
    return String(row.id);
  };
  const contexts: BrowserContext[] = [];
  const cookies = new Map<string, Promise<SessionCookie[]>>();
  return {
    url,
    knex,
    draft: await idOf({ client_id: 1, state: 'draft', issued_on: TODAY }),
    olderDraft: await idOf({ client_id: 1, state: 'draft', issued_on: '2026-11-03' }),
    async open(browser, path, { as = 'sales', lang = 'fr', ...options } = {}) {
      const page = await browser.openPage(options);
      contexts.push(page.context());
      const who = `${as} ${lang}`;
      const signedIn = cookies.get(who) ?? signIn(url, as, lang);
      cookies.set(who, signedIn);
      await page.context().addCookies(await signedIn);
      // Until it has loaded: who then saves and waits for the next page's load must not be told of this one's.
      await page.goto(url + path);
      return page;
    },
    idOf: (ref) => idOf({ ref }),
    invoice: (id) => knex('crm_invoices').where({ id }).first(),
    async lines(id) {
      const rows = await knex('crm_invoice_lines').where({ invoice_id: id }).orderBy('sort').orderBy('id');
      return rows.map(({ label, qty, price }) => `${label}, ${Number(qty)} x ${Number(price).toFixed(2)}`);
    },
    async close() {
      await Promise.all(contexts.map((context) => context.close()));
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await demo.close();
      await database.close();
    },
  };
}

interface SessionCookie {
  name: string;
  value: string;
  url: string;
}

/** What signing in leaves in a browser. The sign-in page itself is for tests of it: most open a page in the middle of a day's work. */
async function signIn(url: string, as: Role, lang: 'fr' | 'en'): Promise<SessionCookie[]> {
  let cookies: SessionCookie[] = [];
  const post = async (path: string, fields: Record<string, string>): Promise<void> => {
    const reply = await fetch(url + path, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: url, cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') },
      body: new URLSearchParams({ to: '/', ...fields }),
    });
    if (reply.status !== 303) throw new Error(`${path} answered ${reply.status} to ${as}`);
    cookies = reply.headers.getSetCookie().map((text) => {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      return { name, value, url };
    });
  };
  await post('/login', { email: `${as}@demo.test`, password: 'demo' });
  if (lang === 'en') await post('/language', { lang });
  return cookies;
}

/** As a person reads it: one blank for all kinds of blanks. */
export const plainText = (text: string): string => text.replace(/\s+/g, ' ').trim();

export const texts = async (page: Page, selector: string): Promise<string[]> =>
  (await page.locator(selector).allInnerTexts()).map(plainText);

/** Looks again until it is so; the last look's failure is the test's. */
export async function eventually(look: () => Promise<void>): Promise<void> {
  for (let left = 200; ; left -= 1) {
    try {
      return await look();
    } catch (error) {
      if (left === 0) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export const row = (page: Page, number: string) => page.locator('[data-im="banner"] li.im-row', { hasText: number });
export const box = (page: Page, number: string) => row(page, number).locator('input[type="checkbox"]');
export const saveButton = (page: Page) => page.locator('.actions [data-invoice-merge-submit]');

/** Ticks by a click on the number, one after the other, and waits for the lines. */
export async function tick(page: Page, ...numbers: string[]): Promise<void> {
  for (const number of numbers) {
    await row(page, number).locator('.im-number').click();
    await page.locator('[data-im="source"]', { hasText: number }).waitFor();
  }
  await added(page);
}

/** Until the totals of all that stands in the form are shown. */
export async function added(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const form = document.getElementById('invoice');
    const boxes = [...document.querySelectorAll<HTMLInputElement>('input[name="invoiceMergeSource"]')];
    // Ticks of other pages are hidden inputs.
    const chosen = boxes.filter((one) => one.checked || one.type === 'hidden').length;
    const shown = document.querySelector<HTMLInputElement>('input[name="invoiceMergeShown"]')?.value;
    const groups = document.querySelectorAll('.lines > [data-im="source"]').length;
    // The rows come first, their amounts with the host's answer.
    const amounts = [...document.querySelectorAll('[data-im="carried"] [data-line-total]')];
    const summed = amounts.every((one) => one.textContent !== '') && !form?.hasAttribute('aria-busy');
    return summed && chosen === groups && chosen > 0 === Boolean(shown);
  });
}

/** Saves with the page's button, and waits for the page that the server answers. */
export async function save(page: Page): Promise<void> {
  await Promise.all([page.waitForEvent('load'), saveButton(page).click()]);
}

/** The texts of the rows that a merge brought into the form. */
export const carriedRows = (page: Page): Promise<string[]> =>
  page.$$eval('[data-invoice-merge-rows] > [data-im="carried"] [data-invoice-merge="description"]', (fields) =>
    fields.map((field) => (field as HTMLInputElement).value),
  );

/** What the summary says, row by row: label, this invoice, merged, after. */
export async function summary(page: Page): Promise<string[][]> {
  const rows = await page.locator('[data-im="summary"] tbody tr').all();
  return Promise.all(
    rows.map(async (one) => (await one.locator('th, td').allTextContents()).map((text) => plainText(text))),
  );
}
