/** Takes docs/edit-page.png, docs/after-merge.png and docs/numbers.png again: `npx jest --testMatch '**\/docs-picture.ts'`, then look at it. */
import { join } from 'node:path';
import { launch, screenshot, type TestBrowser } from '../support/browser';
import { BAGS, OVEN, serveCrm, tick, type Crm } from './crm';
import { explainOverApi, mergeOverApi } from './numbers-acts';

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

it('shows the edit page with two invoices ticked', async () => {
  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`, { viewport: { width: 1120, height: 1240 } });
  await tick(page, OVEN, BAGS);
  await page.evaluate('document.activeElement.blur()');
  await page.mouse.move(0, 0);
  // From the heading to the buttons: the rest would only make the file larger.
  const [y, end] = await page.evaluate<[number, number]>(
    `[document.querySelector('h1').getBoundingClientRect().top + scrollY - 4,
      document.querySelector('.actions').getBoundingClientRect().bottom + scrollY + 16]`,
  );
  const path = join(__dirname, '../../docs/edit-page.png');
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y, width: 1120, height: end - y } });
});

it.each([
  ['phone', 360, 'light', 'fr'],
  ['dark', 1120, 'dark', 'fr'],
  ['phone-dark-english', 360, 'dark', 'en'],
  ['english', 1120, 'light', 'en'],
] as const)('keeps the other looks under .tmp/screenshots: %s', async (name, width, colorScheme, lang) => {
  const viewport = { width, height: 900 };
  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`, { viewport, colorScheme, lang });
  await tick(page, OVEN, BAGS);
  await page.evaluate('document.activeElement.blur()');
  await screenshot(page, `edit-${name}`);
  await page.screenshot({ path: join(__dirname, `../../.tmp/screenshots/edit-${name}-fold.png`) });
  await page.locator('[data-im="carried"]').last().scrollIntoViewIfNeeded();
  await page.screenshot({ path: join(__dirname, `../../.tmp/screenshots/edit-${name}-mid.png`) });
});

it('shows what stands on top of the invoice once it is saved, with the letter', async () => {
  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`, { viewport: { width: 1120, height: 900 } });
  await tick(page, OVEN, BAGS);
  await Promise.all([page.waitForEvent('load'), page.locator('.actions [data-invoice-merge-issue]').click()]);
  await page.locator('.im-done a').first().click();
  await page.getByRole('button', { name: 'Copier le texte' }).first().waitFor();
  await page.evaluate('document.activeElement.blur()');
  await page.mouse.move(0, 0);
  const [y, end] = await page.evaluate<[number, number]>(
    `[document.querySelector('.head').getBoundingClientRect().top + scrollY,
      document.querySelector('[data-im="banner"]').getBoundingClientRect().bottom + scrollY + 12]`,
  );
  const path = join(__dirname, '../../docs/after-merge.png');
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y, width: 1120, height: end - y } });
});

it('shows a series with two gaps, one of them explained, and what can be done', async () => {
  const other = await serveCrm('sqlite');
  const page = await other.open(browser, `/invoices/${other.draft}`, {
    as: 'books',
    viewport: { width: 1120, height: 900 },
  });
  await mergeOverApi(page, other, [OVEN, BAGS], 'delete');
  await explainOverApi(page, 'FA-2026-', 38, 'Sacs facturés deux fois, facture jamais envoyée');
  await page.goto(`${other.url}/invoice-merge/numbers/series?key=FA-2026-`);
  const [y, end] = await page.evaluate<[number, number]>(
    `[document.querySelector('h1').getBoundingClientRect().top + scrollY - 8,
      document.querySelector('[data-im="page"]').getBoundingClientRect().bottom + scrollY + 12]`,
  );
  const path = join(__dirname, '../../docs/numbers.png');
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y, width: 1120, height: end - y } });
  for (const [name, at] of [
    ['list', '/numbers'],
    ['series', '/numbers/series?key=FA-2026-'],
    ['gap', '/numbers/gap?key=FA-2026-&n=31'],
    ['invoice', `/numbers/invoices/${await other.idOf('FA-2026-00032')}`],
    ['give', `/numbers/invoices/${await other.idOf('FA-2026-00032')}/give?number=${OVEN}`],
    ['settings', '/settings'],
  ] as const)
    for (const [width, colorScheme] of [
      [1280, 'light'],
      [360, 'dark'],
    ] as const) {
      const as = name === 'settings' ? 'admin' : 'books';
      const shot = await other.open(browser, `/invoice-merge${at}`, {
        as,
        viewport: { width, height: 900 },
        colorScheme,
      });
      await screenshot(shot, `numbers-${name}-${width}`);
    }
  await other.close();
});
