/// <reference lib="dom" />
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import { eventually } from '../support/eventually';
import { createMergingApp, type MergingApp } from './merging-app';

/** How hosts let a customer be chosen: what stands in the form, and what their script does. */
const PICKERS = {
  datalist: `<input name="customer_id" list="all"><datalist id="all"><option value="3">Boulangerie Martin</option><option value="4">Garage Petit</option></datalist>`,
  hidden: '<input type="hidden" name="customer_id">',
};

let browser: TestBrowser;
let setup: MergingApp;
let server: Server;
let page: Page;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

async function open(picker: string): Promise<void> {
  setup = createMergingApp({ csp: true });
  setup.host.spec = { customerField: 'customer_id', currencyField: 'currency' };
  setup.host.page = (html) => `<!doctype html><html lang="fr"><title>CRM</title><main>${html}
    <form id="invoice">${picker}<input name="currency"></form></main>`;
  setup.app.get('/favicon.ico', (_req, res) => void res.status(204).end());
  server = setup.app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  page = await browser.openPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/invoices/new`);
}
afterEach(async () => {
  await page.context().close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(browser.complaints.splice(0)).toEqual([]);
});

const shown = (): Promise<void> => page.locator('#im-title', { hasText: 'Boulangerie Martin' }).waitFor();
const tell = (detail: object): Promise<void> =>
  page.evaluate(
    (told) => void document.dispatchEvent(new CustomEvent('invoice-merge:customer', { detail: told })),
    detail,
  );
const tickFirst = async (): Promise<void> => {
  await page.locator('[data-im="list"] .im-number').first().click();
  await page.locator('.im-group').waitFor();
};
const groups = (): Promise<number> => page.locator('.im-group').count();

it('C1 follows a text field with suggestions, typed or taken from the list', async () => {
  await open(PICKERS.datalist);
  await page.locator('[name="customer_id"]').pressSequentially('3');
  await page.keyboard.press('Tab');
  await shown();
  await page.locator('[name="customer_id"]').fill('');
  await page.keyboard.press('Tab');
  await page.locator('[data-im="placeholder"]').waitFor();
  await page.locator('[name="customer_id"]').evaluate((field: HTMLInputElement) => {
    field.value = '3';
    field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertReplacementText' }));
  });
  await shown();
});

it('C1 hears of a customer from a picker that is no field, and tells it when the person kept the old one', async () => {
  await open(PICKERS.hidden);
  await tell({ customerId: 3, currency: 'EUR' });
  await shown();
  await tickFirst();
  await page.evaluate(() => {
    document.addEventListener('invoice-merge:kept', (event) => {
      document.title = JSON.stringify((event as CustomEvent).detail);
    });
  });
  // In two steps, as a host does that looks up the customer's currency: one question.
  await tell({ customerId: '4' });
  await tell({ customerId: '4', currency: 'USD' });
  expect(await page.locator('dialog').count()).toBe(1);
  await page.locator('dialog button').first().click();
  await eventually(async () => expect(await page.title()).toBe('{"customerId":"3","currency":"EUR"}'));
  expect(await groups()).toBe(1);

  setup.fake.list = { ...setup.fake.list, customer: { id: '4', name: 'Garage Petit' } };
  await tell({ customerId: '4' });
  await page.locator('dialog button').last().click();
  await page.locator('#im-title', { hasText: 'Garage Petit' }).waitFor();
  expect(await groups()).toBe(0);
});

it('lets the first tick decide a currency that nobody has chosen', async () => {
  await open(PICKERS.hidden);
  await tell({ customerId: '3' });
  await shown();
  expect(await page.locator('[name="currency"]').inputValue()).toBe('');
  await tickFirst();
  expect(await page.locator('[name="currency"]').inputValue()).toBe('EUR');
  expect(await groups()).toBe(1);
});
