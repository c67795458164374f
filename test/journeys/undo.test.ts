/// <reference lib="dom" />
/** B18: a merge was a mistake. Sales staff undo it; where credit notes were issued, a bookkeeper corrects it. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launch, screenshot, type TestBrowser } from '../support/browser';
import { BAGS, OVEN, plainText, save, serveCrm, texts, tick, type Crm } from './crm';

let browser: TestBrowser;
let crm: Crm;
beforeAll(async () => {
  browser = await launch();
  crm = await serveCrm('sqlite');
});
afterAll(async () => {
  await crm.close();
  await browser.close();
});

/** What hangs on invoices, and the invoices themselves: not the counter of their locks. */
async function stand(): Promise<unknown> {
  const invoices = await crm.knex('crm_invoices').where({ client_id: 1 }).orderBy('id');
  const tables = ['crm_invoice_lines', 'crm_invoice_adjustments', 'crm_expenses', 'crm_notes', 'crm_attachments'];
  return [
    invoices.map((row: Record<string, unknown>) => ({ ...row, im_version: null })),
    ...(await Promise.all(tables.map((table) => crm.knex(table).orderBy('id')))),
  ];
}

const press = (page: Page, name: string) =>
  Promise.all([page.waitForEvent('load'), page.getByRole('button', { name }).click()]);

async function clean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
}

it('sales staff undo from the message what they merged; merged with credit notes, a bookkeeper corrects it', async () => {
  const before = await stand();
  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
  await tick(page, OVEN, BAGS);
  await save(page);
  expect(await stand()).not.toEqual(before);
  await page.locator('.im-done').getByRole('link', { name: 'Défaire' }).click();
  await page.waitForURL(/\/merges\/\d+#im-undo$/);
  await page.setViewportSize({ width: 360, height: 740 });
  await clean(page);
  await page.getByLabel('Motif').fill('Le client veut deux factures');
  await press(page, 'Défaire la fusion');
  expect((await texts(page, '.im-ended p')).slice(1)).toEqual(['Motif : Le client veut deux factures']);
  await clean(page);
  await screenshot(page, 'merge-undone');
  expect(await stand()).toEqual(before);
  await page.goto(`${crm.url}/invoices/${crm.draft}`);
  expect(await page.locator('.im-done, #im-banner .im-plain').count()).toBe(0);

  // Under France the merged invoices are settled by credit notes, which stay.
  const admin = await crm.open(browser, '/invoice-merge/settings', { as: 'admin' });
  await admin.locator('input[name="preset"][value="france"]').check();
  const submit = admin.locator(
    'main form[method="post"] button[type="submit"], main form[method="post"] button:not([type])',
  );
  await Promise.all([admin.waitForEvent('load'), submit.last().click()]);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${crm.url}/invoices/${crm.draft}/edit`);
  await tick(page, OVEN, BAGS);
  await Promise.all([page.waitForEvent('load'), page.locator('[data-invoice-merge-issue]').click()]);
  // Nothing offers what the law bars; the page of the merge says why.
  expect(await page.getByRole('link', { name: 'Défaire' }).count()).toBe(0);
  await page.locator('.im-merge a').click();
  await page.waitForURL(/\/merges\/\d+$/);
  expect((await texts(page, 'section#im-undo li')).at(0)).toMatch(
    /^Les factures fusionnées ont été soldées par avoir \(AV-2026-00003 et AV-2026-00004\)/,
  );
  expect((await texts(page, 'section#im-undo li')).at(-1)).toMatch(/Adressez-vous à la comptabilité\.$/);
  expect(await page.getByRole('button', { name: /^(Défaire|Corriger)/ }).count()).toBe(0);

  const books = await crm.open(browser, new URL(page.url()).pathname, {
    as: 'books',
    viewport: { width: 360, height: 740 },
  });
  await clean(books);
  await screenshot(books, 'merge-to-correct');
  await books.getByLabel('Motif').fill('Deux chantiers, deux commandes');
  await press(books, 'Corriger cette fusion');
  expect((await texts(books, '.im-ended p')).join(' ')).toMatch(
    /^Corrigée le .* par Claire Fontaine : soldée par l’avoir AV-2026-00005\. Motif : Deux chantiers, deux commandes$/,
  );
  await clean(books);
  await screenshot(books, 'merge-corrected');
  expect(await crm.invoice(crm.draft)).toMatchObject({ state: 'credited' });
  expect(await texts(books, '.im-ended a')).toEqual([
    `Brouillon pour ${OVEN}`,
    `Brouillon pour ${BAGS}`,
    'Brouillon pour les autres lignes',
  ]);
  await books.locator('.im-ended a').first().click();
  await books.waitForURL(/\/invoices\/\d+$/);
  const draft = new URL(books.url()).pathname.split('/').at(-1) ?? '';
  const { grand_total: total, ...rest } = (await crm.invoice(draft)) ?? {};
  expect(rest).toMatchObject({ state: 'draft', ref: null });
  expect(Number(total)).toBe(604.8);
  expect(plainText(await books.locator('main').innerText())).toContain('Entretien du four, août');

  // Whoever opens the invoice or the history reads it there.
  await books.goto(`${crm.url}/invoices/${crm.draft}`);
  const link = books.locator('.im-merge a');
  expect((await texts(books, '.im-merge a')).map((text) => text.replace(/^.* par /, ''))).toEqual([
    'Hugo Lemaire, corrigée',
  ]);
  expect(await books.locator('.im-done').count()).toBe(0);
  const url = await link.getAttribute('href');
  await books.goto(`${crm.url}/invoice-merge/history`);
  const rows = await texts(books, 'tbody tr');
  expect(rows.filter((row) => /Corrigée/.test(row))).toHaveLength(1);
  expect(rows.filter((row) => /Défaite/.test(row))).toHaveLength(1);
  expect(await books.locator(`a[href="${url}"]`).count()).toBeGreaterThan(0);
  expect(browser.complaints).toEqual([]);
});
