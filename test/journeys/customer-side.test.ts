import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import { OVEN, plainText, serveCrm, type Crm } from './crm';

let browser: TestBrowser;
let crm: Crm;
beforeAll(async () => {
  [browser, crm] = await Promise.all([launch(), serveCrm('sqlite')]);
});
afterAll(async () => {
  await browser.close();
  await crm.close();
});

const fits = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

describe('papers, the customer’s page and the printed sheet', () => {
  it('attaches a file and writes a note without JavaScript, and gives the file back', async () => {
    const path = `/invoices/${await crm.idOf(OVEN)}`;
    const page = await crm.open(browser, path, { javaScriptEnabled: false });
    const content = Buffer.from('Bon signé le 12 août\n');
    await page
      .getByLabel('Fichier')
      .setInputFiles({ name: 'bon du 12 août.txt', mimeType: 'text/html', buffer: content });
    await page.getByRole('button', { name: 'Joindre' }).click();
    await page.getByLabel('Nouvelle note').fill('Reçu le bon signé');
    await page.getByRole('button', { name: 'Ajouter la note' }).click();
    expect(plainText(await page.locator('.notes li').first().innerText())).toContain('Reçu le bon signé Hugo Lemaire');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'bon du 12 août.txt' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('bon du 12 août.txt');
    const stream = await download.createReadStream();
    const read: Buffer[] = [];
    for await (const part of stream) read.push(part as Buffer);
    expect(Buffer.concat(read).equals(content)).toBe(true);
  });

  it('lets a customer pay on his telephone without signing in, and thanks him', async () => {
    const staff = await crm.open(browser, `/invoices/${await crm.idOf('FA-2026-00047')}`);
    const link = await staff.getByRole('link', { name: 'Page du client' }).getAttribute('href');
    const page = await browser.openPage({ viewport: { width: 360, height: 740 } });
    await page.goto(`${crm.url}${link}`);
    expect(await fits(page)).toBe(true);
    await page.getByRole('button', { name: /^Payer 179,28/ }).click();
    expect(await fits(page)).toBe(true);
    await page.getByRole('button', { name: 'Confirmer le paiement' }).click();
    expect(plainText(await page.getByRole('status').innerText())).toBe(
      'Votre paiement de 179,28 € est reçu et porté sur la facture FA-2026-00047. Merci !',
    );
    expect(await page.getByRole('button', { name: /Payer/ }).count()).toBe(0);
    await page.context().close();
  });

  it('prints an invoice on one A4 sheet, black on white also for who works in the dark', async () => {
    const id = await crm.idOf(OVEN);
    const page = await crm.open(browser, `/invoices/${id}/print`, { colorScheme: 'dark' });
    expect(await page.getByRole('button', { name: 'Imprimer' }).isVisible()).toBe(true);
    const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true });
    expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
    await page.emulateMedia({ media: 'print' });
    const colours = await page.locator('.document').evaluate((sheet) => {
      const { backgroundColor, color } = getComputedStyle(sheet);
      return { backgroundColor, color };
    });
    expect(colours).toEqual({ backgroundColor: 'rgb(255, 255, 255)', color: 'rgb(27, 36, 48)' });
    expect(await page.getByRole('button', { name: 'Imprimer' }).isVisible()).toBe(false);
  });

  // A test for each page: axe takes its time with a long one.
  describe.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)('in the %s, %i px wide', (colorScheme, width) => {
    let page: Page;
    beforeAll(async () => {
      const oven = `/invoices/${await crm.idOf(OVEN)}`;
      page = await crm.open(browser, oven, { colorScheme, viewport: { width, height: 800 } });
    });

    it.each([
      ...['Page du client', '/estimates', '/estimates/1', '/customers/14'],
      ...['/reports/revenue', '/reports/aged', '/reminders'],
    ])('%s has no accessibility fault', async (where) => {
      if (where.startsWith('/')) await page.goto(crm.url + where);
      else await page.goto(crm.url + (await page.getByRole('link', { name: where }).getAttribute('href')));
      expect(await fits(page)).toBe(true);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    });
  });

  it('complains of nothing in the console', () => {
    expect(browser.complaints).toEqual([]);
  });
});
