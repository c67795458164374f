/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import { readCsv } from '../support/read-csv';
import { BAGS, OVEN, plainText, serveCrm, type Crm } from './crm';

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

/** Nothing against WCAG 2.2 AA, nothing wider than the screen; dark on a phone. */
async function expectFit(page: Page): Promise<void> {
  const isPhone = (page.viewportSize()?.width ?? 0) < 500;
  await page.emulateMedia({ colorScheme: isPhone ? 'dark' : 'light' });
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
}

async function openLineage(page: Page): Promise<void> {
  for (const summary of ['.im-lineage-details > summary', '.im-inwords > summary']) await page.locator(summary).click();
}

it('a bookkeeper finds a merge again without JavaScript, and takes it along as a file', async () => {
  const sources = [await crm.idOf(OVEN), await crm.idOf(BAGS)];
  const books = await crm.open(browser, `/invoices/${crm.draft}`, { as: 'books' });
  const status = await books.evaluate(
    async ([targetId, ids]) => {
      const headers = { 'content-type': 'application/json' };
      const versions = await Promise.all(
        ids.map(async (id) => {
          const reply = await fetch(`/invoice-merge/api/invoices/${id}/lines`);
          return ((await reply.json()) as { source: { id: string; version: string } }).source;
        }),
      );
      const body = JSON.stringify({
        ...{ targetId, sources: versions.map(({ id, version }) => ({ id, version })), key: 'history-journey' },
        ...{ settlement: { issued: 'cancel', draft: 'cancel' }, acknowledged: ['total_changed', 'fields_differ'] },
      });
      return (await fetch('/invoice-merge/api/merges', { method: 'POST', headers, body })).status;
    },
    [crm.draft, sources] as const,
  );
  expect(status).toBe(201);
  await books.reload();
  await books.locator('[data-im="after"]').getByRole('link', { name: 'Historique' }).click();
  await books.waitForURL('**/invoice-merge/history');
  await expectFit(books);

  const plain = await crm.open(browser, '/invoice-merge/history', {
    ...{ as: 'books', viewport: { width: 360, height: 740 }, javaScriptEnabled: false },
  });
  await plain.getByLabel('Client').fill('martin');
  await plain.getByRole('button', { name: 'Filtrer' }).click();
  expect(plainText(await plain.locator('tfoot').innerText())).toContain('1 107,39 €');
  const download = plain.waitForEvent('download');
  await plain.getByRole('link', { name: 'Exporter (CSV)' }).click();
  const file = await (await download).path();
  const [header, ...rows] = readCsv(readFileSync(file, 'utf8').slice(1), ';');
  expect(rows.map((cells) => cells[header!.indexOf('Facture d’origine')])).toEqual([OVEN, BAGS]);
  expect(rows.map((cells) => cells[header!.indexOf('Après TTC')])).toEqual(['1107,39', '']);
  await plain.getByLabel('Client').fill('personne');
  await plain.getByRole('button', { name: 'Filtrer' }).click();
  expect(await plain.locator('[data-im="page"]').innerText()).toContain('Aucune fusion ne correspond');
  expect(browser.complaints).toEqual([]);
});

it('the drawing of where an invoice comes from leads there, on a phone and on a desk', async () => {
  for (const viewport of [
    { width: 360, height: 740 },
    { width: 1280, height: 900 },
  ]) {
    const page = await crm.open(browser, `/invoices/${crm.draft}`, { as: 'books', viewport });
    await openLineage(page);
    await expectFit(page);
    const drawing = page.locator(viewport.width < 500 ? '.im-narrow' : '.im-wide');
    expect(await drawing.locator('.im-name').allTextContents()).toEqual([OVEN, BAGS, 'Brouillon du 21/11/2026']);
    await drawing.getByRole('link', { name: BAGS }).click();
    await page.waitForURL(`**/invoices/${await crm.idOf(BAGS)}`);
  }
  const phone = await crm.open(browser, '/invoice-merge/history', {
    as: 'books',
    viewport: { width: 360, height: 740 },
  });
  await expectFit(phone);
  expect(browser.complaints).toEqual([]);
});
