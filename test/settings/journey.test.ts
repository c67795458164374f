/// <reference lib="dom" />
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launch, screenshot, type TestBrowser } from '../support/browser';
import { plainText, serveCrm, type Crm } from '../journeys/crm';

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

async function demandGood(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(STANDARDS).analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))).toEqual([]);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBe(page.viewportSize()?.width);
  const small = await page.$$eval('[data-im="page"] :is(label, button, a)', (elements) =>
    elements
      .filter((one) => one.getBoundingClientRect().height < 44 || one.getBoundingClientRect().width < 44)
      .map((one) => one.textContent),
  );
  expect(small).toEqual([]);
}

it.each([
  ['fr', 'Désactiver la fusion', 'La fusion de factures est désactivée.', 'Activer la fusion', undefined],
  ['en', 'Switch merging off', 'Invoice merging is switched off.', 'Switch merging on', PHONE],
] as const)(
  'the admin switches merging off and on, in %s: the banner of the sales person goes and comes back',
  async (lang, off, said, on, viewport) => {
    const edit = `/invoices/${crm.draft}/edit`;
    const colorScheme = viewport ? 'dark' : 'light';
    const admin = await crm.open(browser, '/invoice-merge', { as: 'admin', lang, viewport, colorScheme });
    const sales = await crm.open(browser, edit, { lang, viewport, javaScriptEnabled: false });
    const banner = sales.locator('[data-im="banner"]');
    await banner.waitFor();
    await admin.getByRole('button', { name: off }).click();
    expect(plainText((await admin.getByRole('status').textContent()) ?? '')).toBe(said);
    await sales.goto(`${crm.url}${edit}`);
    expect(await banner.count()).toBe(0);
    expect(await sales.locator('form#invoice').count()).toBe(1);
    await demandGood(admin);
    await admin.getByRole('button', { name: on }).click();
    await sales.goto(`${crm.url}${edit}`);
    await banner.waitFor();
  },
);

/** Where the business invoices: asked at the first visit, and nothing is saved without. */
const answer = (page: Page): Promise<void> => page.locator('input[name="preset"][value="none"]').check();

it.each([
  ['fr', undefined],
  ['en', PHONE],
] as const)(
  'the admin changes the settings without JavaScript, inside the CRM’s own menu, in %s; the choice is kept',
  async (lang, viewport) => {
    const options = { as: 'admin', lang, viewport, javaScriptEnabled: false } as const;
    const page = await crm.open(browser, '/invoices', options);
    const [title, drafts, cancelled, byDefault, save, saved] =
      lang === 'fr'
        ? [
            'Réglages',
            'Brouillons',
            'Supprimer',
            'Par défaut',
            'Enregistrer les réglages',
            'Les réglages sont enregistrés.',
          ]
        : ['Settings', 'Drafts', 'Cancel', 'Default', 'Save the settings', 'The settings are saved.'];
    await page.getByRole('navigation').getByRole('link', { name: title }).click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(title);
    expect(await page.title()).toContain(title);
    expect(await page.locator('header nav [aria-current]').textContent()).toBe(title);
    await answer(page);
    const choice = page.getByRole('group', { name: drafts }).getByRole('group', { name: cancelled });
    await choice.getByRole('radio', { name: byDefault }).check();
    await page.getByRole('button', { name: save }).click();
    expect(await page.getByRole('status').textContent()).toBe(saved);
    expect(await choice.getByRole('radio', { name: byDefault }).isChecked()).toBe(true);
    expect(plainText((await page.locator('.im-log li').first().textContent()) ?? '')).toMatch(
      /Nadia Bernard .*\((par défaut|default)\)/,
    );
    await screenshot(page, `settings-${lang}`);
  },
);

it.each([
  ['light', undefined],
  ['dark', PHONE],
] as const)(
  'the settings page refused to one of two admins has no fault against WCAG 2.2 AA, %s',
  async (colorScheme, viewport) => {
    const open = () => crm.open(browser, '/invoice-merge/settings', { as: 'admin', viewport, colorScheme });
    const [page, other] = [await open(), await open()];
    await answer(page);
    await answer(other);
    const issued = other.getByRole('group', { name: 'Factures émises' });
    const box = issued.getByRole('group', { name: 'Supprimer' }).getByRole('checkbox');
    await box.setChecked(!(await box.isChecked()));
    await other.getByRole('button', { name: 'Enregistrer les réglages' }).click();
    await page.getByRole('button', { name: 'Enregistrer les réglages' }).click();
    await page.getByRole('alert').waitFor();
    // The browser itself notes the status of the refusal.
    browser.complaints.splice(0).forEach((one) => expect(one).toContain('409'));
    await demandGood(page);
    await screenshot(page, `settings-refused-${colorScheme}`);
  },
);
