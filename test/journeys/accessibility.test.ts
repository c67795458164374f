/// <reference lib="dom" />
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import {
  added,
  BAGS,
  box,
  carriedRows,
  eventually,
  OVEN,
  plainText,
  row,
  save,
  serveCrm,
  tick,
  type Crm,
  type Role,
} from './crm';

const WIDE = { width: 1120, height: 900 };
const PHONE = { width: 360, height: 740 };
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];

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
afterEach(() => expect(browser.complaints.splice(0)).toEqual([]));

const edit = (options?: Parameters<Crm['open']>[2]): Promise<Page> =>
  crm.open(browser, `/invoices/${crm.draft}/edit`, options);

async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(STANDARDS).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

it.each([
  ['fr', 'a desk', WIDE],
  ['fr', 'a phone', PHONE],
  ['en', 'a desk', WIDE],
  ['en', 'a phone', PHONE],
] as const)(
  'has no fault against WCAG 2.2 AA with two invoices ticked: %s, %s, light and dark',
  async (lang, _place, viewport) => {
    const page = await edit({ lang, viewport });
    await tick(page, OVEN, BAGS);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect({ colorScheme, faults: await faults(page) }).toEqual({ colorScheme, faults: [] });
    }
  },
);

/** Path by page, in the world where OVEN and BAGS were merged and more was paid than they cost. */
type Places = { oven: string; target: string; partPaid: string; publicPage: string };
const PLUGIN_PAGES: [what: string, path: (at: Places) => string, as?: Role][] = [
  ['the module page', () => '/invoice-merge', 'admin'],
  ['the settings', () => '/invoice-merge/settings', 'admin'],
  ['the series of numbers', () => '/invoice-merge/numbers'],
  ['a series with a cancelled number', () => '/invoice-merge/numbers/series?key=FA-2026-'],
  ['payments to allocate', () => '/invoice-merge/payments-to-allocate'],
  ['one of them', () => '/invoice-merge/payments-to-allocate/1'],
  ['the letter to the customer', ({ target }) => `/invoices/${target}#im-tell`],
  ['a new invoice of a customer with many', () => '/invoices/new?customerId=13'],
  ['a new invoice in several currencies', () => '/invoices/new?customerId=14'],
];
const PAGES: typeof PLUGIN_PAGES = [
  ...PLUGIN_PAGES,
  ['a merged invoice', ({ oven }) => `/invoices/${oven}`],
  ['one that is paid in part', ({ partPaid }) => `/invoices/${partPaid}`],
  ['the customer’s own page', ({ publicPage }) => publicPage],
  ['the print', ({ target }) => `/invoices/${target}/print`],
  ['a customer', () => '/customers/1'],
  ['the invoices, searched', () => `/invoices?q=${OVEN}`],
  ['a new invoice', () => '/invoices/new'],
  ['revenue', () => '/reports/revenue'],
  ['aged receivables', () => '/reports/aged'],
  ['reminders', () => '/reminders'],
  ['estimates', () => '/estimates'],
];

describe('after a merge', () => {
  let after: Crm;
  let places: Places;
  beforeAll(async () => {
    after = await serveCrm('sqlite');
    const [target, oven] = [after.draft, await after.idOf(OVEN)];
    const page = await after.open(browser, `/invoices/${oven}`, { as: 'books' });
    const publicPage = (await page.getByRole('link', { name: 'Page du client' }).getAttribute('href')) ?? '';
    places = { oven, target, publicPage, partPaid: await after.idOf('FA-2026-00027') };
    await page.goto(`${after.url}/invoices/${target}/edit`);
    await tick(page, OVEN, BAGS);
    await Promise.all([page.waitForEvent('load'), page.locator('.actions [data-invoice-merge-issue]').click()]);
    await page.goto(`${after.url}/invoices/${oven}`);
    await page.getByLabel('Montant reçu (EUR)').fill('1 200,00');
    await page.getByRole('button', { name: 'Enregistrer le paiement' }).click();
    await page.getByRole('button', { name: /^Enregistrer sur/ }).click();
    await page.getByText('enregistrés sur').first().waitFor();
    // The question on which invoice to book is answered with a status that Chromium reports.
    browser.complaints.splice(0);
  });
  afterAll(() => after.close());

  describe.each([
    ['fr', 'a desk', WIDE, 'light', PLUGIN_PAGES],
    // So tall that the bar with the buttons lies over nothing: a link half under it would be a target too small.
    ['en', 'a phone', { ...PHONE, height: 6000 }, 'dark', PAGES],
  ] as const)('has no fault, nor scrolls sideways: %s, %s', (lang, _place, viewport, colorScheme, pages) => {
    const signedIn = new Map<Role, Page>();
    it.each(pages)('%s', async (_what, path, as = 'books') => {
      const page = signedIn.get(as) ?? (await after.open(browser, '/expenses', { as, lang, viewport, colorScheme }));
      signedIn.set(as, page);
      await page.goto(after.url + path(places));
      expect(await faults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
    });
  });
});

it('works with the keyboard alone: space ticks, the focus stays, and what happened is said aloud', async () => {
  const page = await edit();
  const said = async (): Promise<string> => plainText((await page.locator('[data-im="live"]').textContent()) ?? '');
  const focused = (number: string): Promise<boolean> =>
    box(page, number).evaluate((element) => element === document.activeElement);
  for (let presses = 0; !(await focused(OVEN)); presses += 1) {
    expect(presses).toBeLessThan(30);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Space');
  await added(page);
  expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
  expect(await focused(OVEN)).toBe(true);
  await eventually(async () => expect(await said()).toBe(`1 ligne ajoutée depuis ${OVEN}.`));
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
    `Voir ${OVEN} (nouvel onglet)`,
  );
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  await added(page);
  expect(await carriedRows(page)).toEqual([]);
  expect(await focused(OVEN)).toBe(true);
  expect(await said()).toBe(`Les lignes de ${OVEN} sont retirées.`);

  await tick(page, BAGS);
  await page.getByRole('button', { name: `Retirer la facture ${BAGS}` }).focus();
  await page.keyboard.press('Enter');
  await added(page);
  expect(await focused(BAGS)).toBe(true);
});

it('fits a phone: nothing scrolls sideways, and what is touched is at least 44 px high', async () => {
  const page = await edit({ viewport: PHONE });
  await row(page, OVEN).waitFor();
  await tick(page, OVEN, BAGS);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
  const small = await page.$$eval(
    '[data-im="banner"] :is(label, a, button, summary), [data-im="source"] button',
    (elements) =>
      elements
        .filter((element) => element.getClientRects().length > 0)
        .map((element) => ({
          text: element.textContent?.trim() || element.getAttribute('aria-label'),
          height: Math.round(element.getBoundingClientRect().height),
          width: Math.round(element.getBoundingClientRect().width),
        }))
        .filter(({ height, width }) => height < 44 || width < 44),
  );
  expect(small).toEqual([]);
});

it('has no fault either where a save was refused and rows were put aside, on a phone', async () => {
  const page = await edit();
  await tick(page, OVEN, BAGS);
  await crm
    .knex('crm_invoice_lines')
    .where({ invoice_id: await crm.idOf(BAGS) })
    .update({ details: 'Livrés' });
  await save(page);
  await page.locator('[data-im="kept"] li').waitFor();
  await page.setViewportSize(PHONE);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect({ colorScheme, faults: await faults(page) }).toEqual({ colorScheme, faults: [] });
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
  // Chromium reports the refusal's status on the console.
  expect(browser.complaints.splice(0)).toEqual([expect.stringContaining('status of 409')]);
});
