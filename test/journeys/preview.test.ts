/// <reference lib="dom" />
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import { added, BAGS, eventually, OVEN, plainText, save, serveCrm, texts, tick, type Crm } from './crm';

const PHONE = { width: 360, height: 740 };
/** Boulangerie Martin's invoice that is paid in part. */
const PART_PAID = 'FA-2026-00027';

let browser: TestBrowser;
let crm: Crm;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  crm = await serveCrm('sqlite');
});
afterEach(async () => {
  await crm.close();
  expect(browser.complaints.splice(0)).toEqual([]);
});

const banner = async (page: Page): Promise<string> => plainText(await page.locator('#im-banner').innerText());
const focusedId = (page: Page): Promise<string> => page.evaluate(() => document.activeElement?.id ?? '');

describe('C6 the preview page', () => {
  it.each([
    ['fr', 'Modifier pour fusionner', true],
    ['en', 'Edit to merge', true],
    ['en', 'Edit to merge', false],
  ] as const)(
    'shows what can be merged, and Edit leads to its first row: %s, "%s", with JavaScript: %s',
    async (lang, label, javaScriptEnabled) => {
      const page = await crm.open(browser, `/invoices/${crm.draft}`, { lang, viewport: PHONE, javaScriptEnabled });
      expect(await texts(page, '#im-banner .im-number')).toHaveLength(3);
      expect(await page.locator('#im-banner input').count()).toBe(0);
      await page.getByRole('link', { name: label }).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/edit#im-first$/);
      await eventually(async () =>
        expect(await page.locator('#im-first').evaluate((box) => box === document.activeElement)).toBe(true),
      );
      const first = await page.locator('#im-first').boundingBox();
      expect(first && first.y >= 0 && first.y < PHONE.height).toBe(true);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
      if (!javaScriptEnabled) return;
      await page.keyboard.press('Space');
      await added(page);
      expect(await focusedId(page)).toBe('im-first');
    },
  );

  it('says of a part-paid invoice why nothing can be merged into it, and nothing where there would be nothing', async () => {
    const id = await crm.idOf(PART_PAID);
    const page = await crm.open(browser, `/invoices/${id}`);
    expect(await banner(page)).toBe('Cette facture est payée en partie : rien ne peut y être fusionné.');
    await page.goto(`${crm.url}/invoices/${id}/edit`);
    expect(await banner(page)).toContain('Cette facture est payée en partie : rien ne peut y être fusionné.');
    expect(await page.locator('#im-banner input[type="checkbox"]').count()).toBe(0);

    await crm.knex('crm_invoices').where({ client_id: 1 }).whereIn('state', ['draft', 'open', 'late']).update({
      state: 'void',
    });
    await page.goto(`${crm.url}/invoices/${id}`);
    expect(await page.locator('#im-banner').count()).toBe(0);
  });

  it('names what an invoice replaces and what became of a merged one, and offers neither a button', async () => {
    const page = await crm.open(browser, `/invoices/${crm.draft}/edit`, { lang: 'en' });
    await tick(page, OVEN, BAGS);
    await save(page);
    const oven = await crm.idOf(OVEN);
    await page.goto(`${crm.url}/invoices/${crm.draft}`);
    expect(await texts(page, '#im-banner .im-plain')).toEqual([
      `${OVEN} of 13 Aug 2026 · €604.80 · cancelled`,
      `${BAGS} of 31 Oct 2026 · €230.40 · cancelled`,
    ]);
    await page.locator('#im-banner .im-plain a').first().click();
    await page.waitForURL(`**/invoices/${oven}`);
    expect(await banner(page)).toMatch(/^Merged into Draft of 2\d Nov 2026 on 21 Nov 2026.* by Hugo Lemaire /);
    expect(await page.locator('#im-banner .im-button').count()).toBe(0);
    const { violations } = await new AxeBuilder({ page }).include('#im-banner').analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  });
});
