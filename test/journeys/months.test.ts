/// <reference lib="dom" />
/** B4, B22: what merging does to months that may be declared is told before the save, and kept with the merge. */
import { launch, type TestBrowser } from '../support/browser';
import { BAGS, OVEN, plainText, save, saveButton, serveCrm, texts, tick, added, type Crm } from './crm';

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

const acknowledged = async (): Promise<unknown> => {
  const merge = await crm.knex('im_merges').orderBy('id', 'desc').first<{ acknowledged: string }>('acknowledged');
  return JSON.parse(merge.acknowledged);
};

it('tells the VAT of each earlier month, by the date in the form, and keeps that it was told', async () => {
  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
  const warning = page.locator('[data-im="earlier_month"]');
  const due = page.locator('[name="dueDate"]');
  await tick(page, OVEN, BAGS);
  expect(plainText(await warning.innerText())).toBe(
    'La TVA d’août 2026 (100,80 €) a pu être déclarée ; un avoir serait nécessaire. La TVA d’octobre 2026 (38,40 €) a pu être déclarée ; un avoir serait nécessaire.',
  );
  await page.locator('[name="issueDate"]').fill('2026-10-31');
  expect(plainText(await warning.innerText())).toMatch(/^La TVA d’août 2026 .*nécessaire\.$/);
  expect(await warning.innerText()).not.toContain('octobre');
  // A save that is refused for something else asks no question about it, and warns again.
  await due.fill('2026-10-01');
  await save(page);
  await added(page);
  expect(await texts(page, '.im-questions')).toEqual([]);
  expect(await warning.isVisible()).toBe(true);
  await due.fill('2026-12-21');
  await save(page);
  expect(await acknowledged()).toEqual(['earlier_month']);

  const plain = await crm.open(browser, `/invoices/new?customerId=2`, { javaScriptEnabled: false });
  await plain.locator('li.im-row', { hasText: 'FA-2026-00036' }).locator('input').check();
  await Promise.all([plain.waitForEvent('load'), saveButton(plain).click()]);
  expect(new URL(plain.url()).pathname).toMatch(/^\/invoices\/\d+$/);
  expect(await acknowledged()).toEqual([]);

  const admin = await crm.open(browser, '/invoice-merge/settings', { as: 'admin' });
  await admin.locator('input[name="preset"][value="eu"]').check();
  await Promise.all([admin.waitForEvent('load'), admin.locator('.im-save button').click()]);
  await page.goto(`${crm.url}/invoices/new?customerId=10&invoiceMergeAll=1`);
  await added(page);
  expect(await warning.isVisible()).toBe(false);
  expect(plainText(await page.locator('[data-im="several_months"]').innerText())).toContain(
    'juin 2026 et septembre 2026',
  );
  expect(await page.locator('[data-im-action="all"]').getAttribute('aria-checked')).toBe('true');
  await Promise.all([page.waitForEvent('load'), page.locator('[data-invoice-merge-issue]').click()]);
  expect(await acknowledged()).toEqual(['several_months']);
});
