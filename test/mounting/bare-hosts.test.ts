/** Two tiny hosts, of Express 4 and of Express 5, made of the README's own code blocks, with the packed plugin in them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Page } from 'playwright-core';
import { createConsumer, EXPRESS_4, EXPRESS_5, packTarball, type Tarball } from '../packaging/consumer';
import { launch, type TestBrowser } from '../support/browser';
import { createDatabase, type TestDatabase } from '../support/databases';
import { BARE_HOST, createTables } from './bare-host';

let tarball: Tarball;
let browser: TestBrowser;
beforeAll(async () => {
  [tarball, browser] = await Promise.all([packTarball(), launch()]);
}, 120000);
afterAll(() => browser.close());

it('leaves a process that only requires it, and makes one, nothing to wait for and nothing changed (E7)', async () => {
  const consumer = createConsumer(tarball, 'idle', EXPRESS_5, {
    'idle.js': `const before = process.eventNames().join();
const { createInvoiceMerge, knexHost } = require('crm-invoice-merge');
const { knex } = require('knex');
const status = { column: 's', values: { draft: 'a', unpaid: 'b', overdue: 'c', partial: 'd', paid: 'e', cancelled: 'f' } };
const merge = createInvoiceMerge({
  mountPath: '/m', knex: knex({ client: 'mysql2', connection: {} }), actor: () => null, authorize: () => false,
  host: knexHost({
    invoices: { table: 'i', id: 'id', customer: 'c', number: 'n', issueDate: 'd', currency: { value: 'EUR' }, total: 't', status },
    lines: { table: 'l', id: 'id', invoice: 'i', description: 'd', quantity: 'q', unitPrice: 'p' },
    customers: { table: 'c', id: 'id', name: 'n' }, owned: [], links: [],
  }),
});
console.log(JSON.stringify({
  listeners: process.eventNames().join() === before,
  waiting: process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate|Socket|Server|Watcher/.test(name)),
  made: typeof merge.router,
}));`,
  });
  // Run until it ends by itself: a handle left open would be a time-out.
  expect(await consumer.run('idle.js')).toEqual({ listeners: true, waiting: [], made: 'function' });
});

/** Until its banner has the lines and totals of so many. */
async function settled(page: Page, ticked: number): Promise<void> {
  await page.waitForFunction(
    (count) =>
      document.querySelectorAll('[data-invoice-merge-rows] > [data-im="source"]').length === count &&
      document.querySelector<HTMLInputElement>('[name="invoiceMergeShown"]')?.value !== '',
    ticked,
  );
}

describe.each([
  ['Express 4', 'bare-4', EXPRESS_4],
  ['Express 5', 'bare-5', EXPRESS_5],
])('a host of %s that follows the README', (_version, name, packages) => {
  let database: TestDatabase;
  let host: ChildProcess;
  let url: string;
  let found: { ok: boolean; faults: unknown[] };

  beforeAll(async () => {
    database = await createDatabase('mariadb');
    await createTables(database.knex);
    const consumer = createConsumer(tarball, name, packages, BARE_HOST);
    await consumer.compile('types.d.ts', 'server.ts');
    host = spawn(process.execPath, ['server.js'], {
      cwd: consumer.folder,
      env: { ...process.env, DATABASE_URL: database.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await new Promise<string[]>((resolve, reject) => {
      createInterface({ input: host.stdout! }).once('line', (text) => resolve([text]));
      host.once('exit', (code) => reject(new Error(`the host ended with ${code}`)));
    });
    const said = JSON.parse(line ?? '') as { port: number; found: typeof found };
    url = `http://127.0.0.1:${said.port}`;
    found = said.found;
  }, 120000);
  afterAll(async () => {
    host.kill();
    await database.close();
  });

  const invoice = (id: number) => database.knex('invoices').where({ id }).first<Record<string, unknown>>();

  it('compiles, and checkHost finds nothing wrong', () => {
    expect(found).toEqual({ ok: true, faults: [] });
  });

  it('shows the banner, takes the ticked invoices’ lines as rows, saves, and the others are cancelled', async () => {
    const page = await browser.openPage();
    await page.goto(`${url}/invoices/1/edit`);
    await page.locator('.im-number', { hasText: 'FA-2026-00001' }).click();
    await page.locator('.im-number', { hasText: 'FA-2026-00002' }).click();
    await settled(page, 2);
    const rows = await page.$$eval('[data-invoice-merge-rows] [data-invoice-merge="description"]', (all) =>
      all.map((field) => (field as HTMLInputElement).value),
    );
    expect(rows).toEqual(['Work of 1', 'Work of 2', 'Work of 3', expect.stringContaining('Remise')]);
    await page.getByRole('button', { name: 'Enregistrer et fusionner 2 factures' }).first().click();
    await page.waitForSelector('#total, #refused');
    expect(await page.locator('#refused').allInnerTexts()).toEqual([]);
    // 120.00 + 36.00 + 48.00
    expect(await page.locator('#total').innerText()).toBe('204.00');
    await expect(invoice(2)).resolves.toMatchObject({ status: 'void', im_merged_into_id: 1 });
    await expect(invoice(3)).resolves.toMatchObject({ status: 'void', im_merged_into_id: 1 });
    expect(await database.knex('expenses').pluck('invoice_id')).toEqual([1]);
    expect(browser.complaints).toEqual([]);
  });

  it('gives a form that is older than the invoice back as it was typed, with the reason', async () => {
    const page = await browser.openPage();
    await page.goto(`${url}/invoices/1/edit`);
    await database.knex('invoices').where({ id: 1 }).update({ adjustment: '1.00' });
    await page.locator('[name="note"]').fill('typed by hand');
    const [reply] = await Promise.all([
      page.waitForResponse((one) => one.request().method() === 'POST'),
      page.locator('[data-invoice-merge-submit]').click(),
    ]);
    expect(reply.status()).toBe(409);
    await page.waitForSelector('#refused');
    expect(await page.locator('[name="note"]').inputValue()).toBe('typed by hand');
    expect(await page.locator('[data-im-error]').getAttribute('data-im-error')).toBe('IM_STALE_TARGET');
    await expect(invoice(1)).resolves.not.toMatchObject({ internal_note: 'typed by hand' });
    browser.complaints.length = 0;
  });

  it('creates an invoice, refuses money for a merged one, and answers its own failures', async () => {
    const post = (path: string, fields: Record<string, string>): Promise<Response> =>
      fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
    const line = { 'lines[0][description]': 'New', 'lines[0][quantity]': '1', 'lines[0][unit_price]': '10' };
    const made = await post('/invoices', {
      ...line,
      'lines[0][vat_rate]': '20',
      'lines[0][vat_category]': 'S',
      customer_id: '1',
      note: '',
    });
    expect([made.status, made.headers.get('location')]).toEqual([303, '/invoices/4']);
    const paid = await post('/invoices/2/payments', { amount: '36.00' });
    expect([paid.status, await paid.text()]).toEqual([409, expect.stringContaining('fusionnée')]);
    expect(await database.knex('payments')).toEqual([]);
    const failed = await post('/invoices/4', { customer_id: 'nobody', note: '', ...line });
    expect([failed.status, await failed.text()]).toEqual([500, 'the host failed']);
  });

  it('leads old links and old numbers to the invoice that stands, and books money for a merged one there', async () => {
    const link = await fetch(`${url}/public/2`, { redirect: 'manual' });
    expect([link.status, link.headers.get('location')]).toEqual([302, '/public/1']);
    const page = (await (await fetch(`${url}/public/1`)).json()) as { number: string }[];
    expect(page.map(({ number }) => number)).toEqual(['FA-2026-00001', 'FA-2026-00002']);
    const found = await fetch(`${url}/search?q=FA-2026-00002`);
    expect(await found.json()).toEqual([{ invoiceId: '1', how: 'merged' }]);
    await database.knex('invoices').where({ id: 1 }).update({ status: 'sent' });
    const payment = {
      ...{ key: 'tr_4711', invoiceId: '2', amount: '36.00', currency: 'EUR', date: '2026-11-22' },
      ...{ methodId: 'card', reference: 'FA-2026-00001' },
    };
    const send = () => fetch(`${url}/gateway`, { method: 'POST', body: new URLSearchParams(payment) });
    expect([(await send()).status, (await send()).status]).toEqual([204, 204]);
    const payments = await database.knex('payments').select('invoice_id', 'amount');
    expect(payments).toEqual([{ invoice_id: 1, amount: '36.00' }]);
  });
});
