/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import { eachDatabase } from '../support/databases';
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
  saveButton,
  serveCrm,
  texts,
  tick,
  type Crm,
} from './crm';

/** Boulangerie Martin's invoice in dollars. */
const MOULDS = 'FA-2026-00035';
const PHONE = { width: 360, height: 740 };

let browser: TestBrowser;
let crm: Crm;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  await crm.close();
  const complaints = browser.complaints.splice(0);
  // Chromium reports a refused save's status on the console: no fault of the page.
  expect(complaints.filter((text) => !/the server responded with a status of (409|422)/.test(text))).toEqual([]);
});

const stateOf = async (number: string): Promise<unknown> => (await crm.invoice(await crm.idOf(number)))?.state;
const newest = (): Promise<{ id: number; client_id: number; currency: string; grand_total: string } | undefined> =>
  crm.knex('crm_invoices').orderBy('id', 'desc').first();
const currency = (page: Page): Promise<string> => page.locator('select[name="currency"]').inputValue();
const dialogOf = (page: Page) => page.locator('dialog[data-im="dialog"]');
const ticked = (page: Page): Promise<number> => page.locator('input[name="invoiceMergeSource"]:checked').count();

describe.each(eachDatabase)('a customer’s open invoices become one, on %s', (name) => {
  beforeEach(async () => {
    crm = await serveCrm(name);
  });

  it('from the customer’s page: all are ticked, their lines come in by themselves, one save settles them', async () => {
    const page = await crm.open(browser, '/customers/1');
    await page.getByRole('link', { name: 'Fusionner les factures ouvertes (4)' }).click();
    await page.waitForURL(/\/invoices\/new/);
    await added(page);
    expect(await carriedRows(page)).toEqual([
      'Entretien du four, août',
      'Sacs kraft, lot de 500',
      'Location d’un pétrin, journée',
      'Farine T65, 25 kg',
    ]);
    expect(await saveButton(page).innerText()).toBe('Enregistrer et fusionner 4 factures');
    await save(page);
    const saved = await newest();
    expect({ ...saved, grand_total: Number(saved?.grand_total) }).toMatchObject({
      client_id: 1,
      currency: 'EUR',
      grand_total: 1203.39,
    });
    expect([await stateOf(OVEN), await stateOf(BAGS), await stateOf(MOULDS)]).toEqual(['void', 'void', 'late']);
    await page.goto(`${crm.url}/customers/1`);
    expect(await page.locator('[data-im="start"]').count()).toBe(0);
  });
});

// One database is enough here and below: what differs from the journey above happens in the browser.
describe('a customer’s open invoices become one', () => {
  beforeEach(async () => {
    crm = await serveCrm('sqlite');
  });

  it('without JavaScript: the same link, and the save brings the lines in', async () => {
    const page = await crm.open(browser, '/invoices', { javaScriptEnabled: false, lang: 'en', viewport: PHONE });
    await page.getByRole('link', { name: '4 to merge' }).click();
    expect(await ticked(page)).toBe(4);
    await save(page);
    expect(await texts(page, '[data-im="after"] .im-done p')).toEqual([
      expect.stringMatching(/^4 invoices merged into/),
    ]);
    const saved = await newest();
    expect(Number(saved?.grand_total)).toBe(1203.39);
    expect(await crm.lines(String(saved?.id))).toHaveLength(4);
    expect([await stateOf(OVEN), await stateOf(BAGS), await stateOf(MOULDS)]).toEqual(['void', 'void', 'late']);
  });
});

describe('on the create page', () => {
  beforeEach(async () => {
    crm = await serveCrm('sqlite');
  });

  it('takes what was unticked after "all" for the person’s last word, also after a reload', async () => {
    const page = await crm.open(browser, '/invoices/new?customerId=1&invoiceMergeAll=1');
    await added(page);
    await row(page, BAGS).locator('.im-number').click();
    await added(page);
    await page.reload();
    await added(page);
    expect([await ticked(page), await box(page, BAGS).isChecked()]).toEqual([3, false]);
    expect(await carriedRows(page)).toHaveLength(3);
  });

  it('C1: shows the banner by keyboard alone as soon as the customer is chosen, at 360 px', async () => {
    const page = await crm.open(browser, '/invoices/new', { lang: 'en', viewport: PHONE });
    expect(await texts(page, '[data-im="placeholder"]')).toEqual([
      expect.stringContaining('Choose the customer first'),
    ]);
    await page.locator('select[name="customerId"]').focus();
    await page.keyboard.type('Boul');
    await page.locator('#im-title', { hasText: '4 of Boulangerie Martin’s invoices' }).waitFor();
    expect(new URL(page.url()).search).toBe('');
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute('name') ?? '');
    expect(await focused()).toBe('customerId');
    for (let presses = 0; (await focused()) !== 'invoiceMergeSource'; presses += 1) {
      expect(presses).toBeLessThan(20);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Space');
    await added(page);
    expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);

    // Escape is no: nothing is taken out, the customer stands again where it was, the focus with it.
    await page.locator('select[name="customerId"]').focus();
    await page.keyboard.type('Caf');
    await dialogOf(page).waitFor();
    await page.keyboard.press('Escape');
    await dialogOf(page).waitFor({ state: 'detached' });
    expect(await page.locator('select[name="customerId"] option:checked').innerText()).toBe('Boulangerie Martin');
    expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
    expect(await focused()).toBe('customerId');
  });

  it('C1: asks before a change of currency takes merged lines out, and leaves own lines in', async () => {
    const page = await crm.open(browser, '/invoices/new?customerId=1');
    await page.locator('[name="lines[0][description]"]').fill('Pelle à four');
    await tick(page, OVEN, BAGS);
    const money = page.locator('select[name="currency"]');

    await money.selectOption('USD');
    expect(plainText(await dialogOf(page).locator('p').innerText())).toBe('Retirer les 2 factures fusionnées en EUR ?');
    await dialogOf(page).getByRole('button', { name: 'Garder EUR' }).click();
    await eventually(async () => expect(await currency(page)).toBe('EUR'));
    expect(await carriedRows(page)).toEqual(['Entretien du four, août', 'Sacs kraft, lot de 500']);

    await money.selectOption('USD');
    await dialogOf(page).getByRole('button', { name: 'Retirer et changer de devise' }).click();
    await row(page, MOULDS).locator('input').waitFor();
    expect([await currency(page), await carriedRows(page)]).toEqual(['USD', []]);
    expect(await page.locator('[name="lines[0][description]"]').inputValue()).toBe('Pelle à four');
    await tick(page, MOULDS);
    await save(page);
    expect(await newest()).toMatchObject({ client_id: 1, currency: 'USD' });
    expect([await stateOf(MOULDS), await stateOf(OVEN)]).toEqual(['void', 'late']);
  });

  it('says in which currency it merges, and the way to another one sets the form’s', async () => {
    const page = await crm.open(browser, '/invoices/new?customerId=1');
    expect(plainText(await page.locator('.im-currencies').innerText())).toBe(
      'Une facture n’a qu’une devise : celles en EUR sont proposées ici. Fusionner plutôt celle en USD',
    );
    expect(await row(page, MOULDS).locator('input').count()).toBe(0);
    await page.getByRole('link', { name: 'Fusionner plutôt celle en USD' }).click();
    await row(page, MOULDS).locator('input').waitFor();
    expect(await currency(page)).toBe('USD');
    expect(await page.getByRole('link', { name: 'Fusionner plutôt les 4 en EUR' }).count()).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('im-banner');
  });

  it('without JavaScript the way to another currency is an address', async () => {
    const page = await crm.open(browser, '/invoices/new?customerId=1', { javaScriptEnabled: false });
    await page.getByRole('link', { name: 'Fusionner plutôt celle en USD' }).click();
    expect(await currency(page)).toBe('USD');
    await row(page, MOULDS).locator('.im-number').click();
    await save(page);
    expect(await newest()).toMatchObject({ client_id: 1, currency: 'USD' });
    expect(await stateOf(MOULDS)).toBe('void');
  });

  it('"all" of a customer who owes mostly dollars makes an invoice in dollars', async () => {
    await crm.knex('crm_invoices').where({ client_id: 1, state: 'draft' }).update({ currency: 'USD' });
    const page = await crm.open(browser, '/customers/1');
    await page.getByRole('link', { name: 'Fusionner les factures ouvertes (3)' }).click();
    await added(page);
    expect([await currency(page), await ticked(page), (await carriedRows(page)).length]).toEqual(['USD', 3, 3]);
    await save(page);
    expect(await newest()).toMatchObject({ client_id: 1, currency: 'USD' });
  });

  it('lets a customer without open invoices be chosen, and shows nothing then', async () => {
    await crm.knex('crm_clients').insert({ company: 'Zinc et Cie' });
    const page = await crm.open(browser, '/invoices/new');
    await page.locator('select[name="customerId"]').selectOption({ label: 'Zinc et Cie' });
    await page.locator('#im-banner[data-im-state="empty"]').waitFor({ state: 'attached' });
    expect((await page.locator('#im-banner').boundingBox())?.height ?? 0).toBeLessThan(2);
  });
});

describe('on the edit page', () => {
  beforeEach(async () => {
    crm = await serveCrm('sqlite');
  });

  it('C1: another customer is asked about as well, and then has the invoices that can be merged', async () => {
    const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
    await tick(page, OVEN);
    const customer = page.locator('select[name="customerId"]');
    await customer.selectOption({ label: 'Hôtel des Tilleuls' });
    expect(plainText(await dialogOf(page).locator('p').innerText())).toBe(
      'Retirer la facture fusionnée de Boulangerie Martin ?',
    );
    await dialogOf(page).getByRole('button', { name: 'Retirer et changer de client' }).click();
    await page.locator('#im-title', { hasText: 'Hôtel des Tilleuls' }).waitFor();
    expect(await carriedRows(page)).toEqual([]);
    const [first = ''] = await texts(page, '[data-im="list"] .im-number');
    await tick(page, first);
    await save(page);
    expect(await crm.invoice(crm.draft)).toMatchObject({ client_id: 2 });
    expect(await stateOf(first)).toBe('void');
    expect(await crm.lines(crm.draft)).toContain('Farine T65, 25 kg, 12 x 21.50');
  });

  it('C1: lists what is in the currency that the form says by now', async () => {
    const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
    await page.locator('select[name="currency"]').selectOption('USD');
    await row(page, MOULDS).locator('input').waitFor();
    await tick(page, MOULDS);
    await save(page);
    expect(await crm.invoice(crm.draft)).toMatchObject({ currency: 'USD' });
    expect(await stateOf(MOULDS)).toBe('void');
  });
});
