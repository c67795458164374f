/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launch, screenshot, type TestBrowser } from '../support/browser';
import { readCsv } from '../support/read-csv';
import { plainText, serveCrm, texts, type Crm } from './crm';

const PHONE = { width: 360, height: 740 };

let browser: TestBrowser;
let crm: Crm;
beforeAll(async () => {
  browser = await launch();
  // What is drawn does not depend on the database.
  crm = await serveCrm('sqlite');
  const admin = await crm.open(browser, '/till', { as: 'admin' });
  await admin.evaluate(async () => {
    const post = async (path: string, body: object): Promise<{ id: string }> => {
      const reply = await fetch(`/invoice-merge/api${path}`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      });
      return (await reply.json()) as { id: string };
    };
    const { id } = await post('/payment-methods', {
      ...{ kind: 'external_billing', name: 'Chambre', externalIdentifier: 'PMS', imageId: 'icon-bed' },
      ...{ requiresReference: true, referenceLabel: 'N° de chambre', referenceMask: '999' },
    });
    for (const module of ['direct_sale', 'invoices'])
      await post(`/order-modules/${module}/payment-methods`, { methodId: id });
  });
});
afterAll(async () => {
  await crm.close();
  await browser.close();
});

/** Nothing against WCAG 2.2 AA, nothing wider than the screen; dark on a phone. */
async function expectFit(page: Page, name: string): Promise<void> {
  const isPhone = (page.viewportSize()?.width ?? 0) < 500;
  await page.emulateMedia({ colorScheme: isPhone ? 'dark' : 'light' });
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .include('[data-im="page"]')
    .analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  // Everything that is pressed is 44 px high at least.
  const small = await page.$$eval('[data-im="page"] :is(button, select, input:not([type="hidden"]))', (all) =>
    all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML.slice(0, 80)),
  );
  expect(small).toEqual([]);
  await screenshot(page, `till-${name}-${isPhone ? 'phone' : 'desk'}`);
}

async function pick(page: Page, quantities: Record<string, number>): Promise<void> {
  for (const [code, quantity] of Object.entries(quantities))
    await page.locator(`[name="quantity_${code}"]`).fill(String(quantity));
  await page.locator('.till button.main').click();
  await page.waitForURL('**/checkout/sale/*');
}

it('sales staff sells at the counter by keyboard alone, is asked for the room, and sees what was recorded', async () => {
  const page = await crm.open(browser, '/till', { as: 'sales' });
  await pick(page, { breakfast: 2, wine: 1 });
  await expectFit(page, 'tiles');
  await page.locator('.im-tile', { hasText: 'Chambre' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForLoadState();
  // The question has the keys at once, and a telephone shows figures.
  const asked = page.getByLabel('N° de chambre');
  expect(await asked.evaluate((field) => field === document.activeElement)).toBe(true);
  expect(await asked.getAttribute('inputmode')).toBe('numeric');
  await page.keyboard.type('2');
  await page.keyboard.press('Enter');
  await page.locator('#im-fault').waitFor();
  await expectFit(page, 'step');
  expect(await asked.inputValue()).toBe('2');
  await page.keyboard.press('End');
  await page.keyboard.type('04');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/checkout/done/*');
  expect(plainText(await page.locator('.im-recorded').innerText())).toBe('Chambre 204 · 52,01 € enregistrés');
  await expectFit(page, 'done');
  await page.getByRole('link', { name: /Justificatif/ }).click();
  expect(await page.locator('.im-slip-title').innerText()).toContain('ceci n’est pas une facture');
  await expectFit(page, 'slip');
});

it('on a telephone without JavaScript a sale is split over two methods', async () => {
  const page = await crm.open(browser, '/till', { as: 'sales', viewport: PHONE, javaScriptEnabled: false });
  await pick(page, { lunch: 2 });
  await page.locator('.im-tile', { hasText: 'Espèces' }).click();
  await page.getByLabel('Montant').fill('20');
  await page.getByRole('button', { name: /^Encaisser/ }).click();
  expect(plainText(await page.locator('.im-due-amount').innerText())).toBe('Reste à régler 17,99 €');
  expect(await page.locator('.im-tile', { hasText: 'Chambre' }).isDisabled()).toBe(true);
  await page.locator('.im-tile', { hasText: 'Carte' }).click();
  await page.getByRole('button', { name: /^Encaisser/ }).click();
  await page.waitForURL('**/checkout/done/*');
  expect(await texts(page, '.im-recorded p')).toEqual([
    'Espèces · 20,00 € enregistrés',
    'Carte bancaire · 17,99 € enregistrés',
  ]);
  const dark = await crm.open(browser, '/till', { as: 'sales', viewport: PHONE });
  await pick(dark, { coffee: 1 });
  await expectFit(dark, 'tiles');
});

it('a bookkeeper takes the room’s payment of an invoice, finds it by reference, voids it, and takes along files that agree with the page', async () => {
  const invoice = await crm.idOf('FA-2026-00040');
  const page = await crm.open(browser, `/invoices/${invoice}`, { as: 'books' });
  await page.getByRole('link', { name: 'Encaisser' }).click();
  await page.locator('.im-tile', { hasText: 'Chambre' }).click();
  await page.getByLabel('N° de chambre').fill('112');
  await page.getByRole('button', { name: /Enregistrer/ }).click();
  await page.getByRole('link', { name: 'Retour à la facture' }).click();
  expect(await page.locator('.head .badge').innerText()).toBe('Réglée en externe');

  await page.goto(`${crm.url}/invoice-merge/sales`);
  await page.getByLabel('Référence externe').fill('112');
  await page.getByRole('button', { name: 'Filtrer' }).click();
  const rows = page.locator('.im-sales tbody tr');
  expect(await rows.count()).toBe(1);
  await rows.locator('a').first().click();
  await page.locator('summary', { hasText: 'Annuler ce paiement' }).click();
  const form = page.locator('form[action$="/void"]');
  await form.getByLabel('Motif').selectOption({ label: 'Erreur de saisie' });
  await expectFit(page, 'one');
  await form.getByRole('button').click();
  expect(await page.locator('.im-notice').innerText()).toBe('Paiement annulé.');

  await page.goto(`${crm.url}/invoice-merge/sales`);
  await expectFit(page, 'history');
  const shown = await texts(page, '.im-sales tbody tr td.im-figure');
  const total = plainText(await page.locator('.im-grand b').innerText());
  const download = async (label: string): Promise<string> => {
    const started = page.waitForEvent('download');
    await page.getByRole('link', { name: label }).click();
    return (await started).path();
  };
  const [header = [], ...lines] = readCsv(readFileSync(await download('Exporter (CSV)'), 'utf8').slice(1), ';').filter(
    ({ length }) => length > 1,
  );
  const gross = header.indexOf('Montant TTC');
  // '−230,40 €' on the page is '-230,40' in the file.
  const figure = (text: string): string => text.replace('−', '-').replace(/[^\d,-]/g, '');
  expect(lines.map((cells) => cells[gross])).toEqual([...shown, total].map(figure));
  const { default: readSheet } = await import('read-excel-file/node');
  const [sheet] = await readSheet(await download('Exporter (Excel)'));
  const amounts = sheet!.data.slice(1).map((row) => Number(row[gross]).toFixed(2).replace('.', ','));
  expect(amounts).toEqual([...shown, total].map(figure));
  expect(browser.complaints.filter((one) => !one.includes('422'))).toEqual([]);

  const phone = await crm.open(browser, '/invoice-merge/sales', { as: 'books', viewport: PHONE });
  await expectFit(phone, 'history');
});

it('what was sold over weeks is drawn, on a desk and on a telephone', async () => {
  const rows = await crm.knex('im_sale_payments').orderBy('id');
  const copy = rows.flatMap((row: Record<string, unknown>, index) =>
    [1, 2, 3, 5, 8, 13, 17].map((days) => {
      const day = new Date(Date.parse('2026-11-21') - days * 86_400_000).toISOString().slice(0, 10);
      return {
        ...{ ...row, id: undefined, request_key: null, host_payment_id: null, business_day: day },
        ...{ at: `${day}T1${index % 10}:00:00.000Z`, amount_minor: Number(row.amount_minor) + days * 137 },
      };
    }),
  );
  for (const one of copy) await crm.knex('im_sale_payments').insert({ ...one, id: undefined });
  for (const viewport of [{ width: 1280, height: 900 }, PHONE]) {
    const page = await crm.open(browser, '/invoice-merge/sales?from=2026-11-01&to=2026-11-21', {
      as: 'books',
      viewport,
    });
    const drawing = page.locator(viewport.width < 500 ? '.im-columns-narrow' : '.im-columns-wide');
    expect(await drawing.isVisible()).toBe(true);
    expect(await drawing.getAttribute('aria-label')).toBe('Ventes par jour, du 01/11/2026 au 21/11/2026');
    expect(await drawing.locator('rect.im-part').count()).toBeGreaterThan(10);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await screenshot(page, `till-chart-${viewport.width}`);
  }
});
