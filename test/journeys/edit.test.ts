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
  summary,
  texts,
  tick,
  type Crm,
} from './crm';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** The year's revenue without tax, as the report shows it. */
async function revenue(page: Page, crm: Crm): Promise<number> {
  await page.goto(`${crm.url}/reports/revenue`);
  const cells = await texts(page, 'section[aria-label="EUR"] tfoot td[data-label="HT"]');
  return Number((cells[0] ?? '').replace(/[^\d,]/g, '').replace(',', '.'));
}

async function reminded(page: Page, crm: Crm): Promise<string[]> {
  await page.goto(`${crm.url}/reminders`);
  return texts(page, 'table.list td.lead');
}

const provenance = async (page: Page): Promise<string> =>
  plainText(await page.locator('[data-im="banner"]').innerText());

describe.each(eachDatabase)('a draft is edited and two invoices are merged into it, on %s', (name) => {
  let crm: Crm;
  beforeEach(async () => {
    crm = await serveCrm(name);
  });
  afterEach(async () => {
    await crm.close();
    expect(browser.complaints.splice(0)).toEqual([]);
  });

  it('shows lines and totals at once, saves them, and takes the merged ones out of reports and reminders', async () => {
    const [oven, bags] = [await crm.idOf(OVEN), await crm.idOf(BAGS)];
    const office = await crm.open(browser, '/reports/revenue');
    const before = await revenue(office, crm);
    expect(await reminded(office, crm)).toContain(OVEN);

    const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
    expect(plainText(await page.locator('#im-title').innerText())).toBe(
      '3 factures de Boulangerie Martin peuvent être fusionnées ici',
    );
    await row(page, OVEN).locator('.im-due').click();
    await added(page);
    await row(page, BAGS).locator('.im-number').click();
    await added(page);
    expect(await box(page, OVEN).isChecked()).toBe(true);
    expect(await box(page, BAGS).isChecked()).toBe(true);
    expect(await texts(page, '[data-im="source"] .im-source-text')).toEqual([
      `De la facture ${OVEN} du 13/08/2026 · 604,80 €`,
      `De la facture ${BAGS} du 31/10/2026 · 230,40 €`,
    ]);
    expect(await carriedRows(page)).toEqual(['Entretien du four, août', 'Sacs kraft, lot de 500']);

    const [invoicePage] = await Promise.all([page.waitForEvent('popup'), row(page, OVEN).locator('a.im-open').click()]);
    await invoicePage.waitForURL(`**/invoices/${oven}`);
    await invoicePage.close();
    expect(await box(page, OVEN).isChecked()).toBe(true);

    await row(page, BAGS).locator('.im-number').click();
    await added(page);
    expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
    await tick(page, BAGS);
    await page.getByRole('button', { name: `Retirer la facture ${BAGS}` }).click();
    await added(page);
    expect(await box(page, BAGS).isChecked()).toBe(false);
    expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
    await tick(page, BAGS);

    await eventually(async () =>
      expect(await summary(page)).toEqual([
        ['HT', '258,00 €', '696,00 €', '954,00 €'],
        ['TVA 5,5 %', '14,19 €', '0,00 €', '14,19 €'],
        ['TVA 20 %', '0,00 €', '139,20 €', '139,20 €'],
        ['TTC', '272,19 €', '835,20 €', '1 107,39 €'],
      ]),
    );
    expect(plainText(await page.locator('.im-difference').innerText())).toBe(
      'Le total après fusion est exactement la somme des deux.',
    );

    await page.locator('[data-im="carried"] [data-invoice-merge="description"]').first().fill('Four : entretien');
    await added(page);
    expect(await saveButton(page).innerText()).toBe('Enregistrer et fusionner 2 factures');
    await save(page);
    expect(new URL(page.url()).pathname).toBe(`/invoices/${crm.draft}`);
    expect(plainText(await page.locator('.im-done > p').innerText())).toMatch(
      /^2 factures fusionnées dans le brouillon du 2\d\/11\/2026 · /,
    );
    expect(plainText(await page.locator('.totals').innerText())).toContain('1 107,39 €');

    expect(await crm.lines(crm.draft)).toEqual([
      'Farine T65, 25 kg, 12 x 21.50',
      'Four : entretien, 1 x 560.00',
      'Sacs kraft, lot de 500, 8 x 24.00',
    ]);
    const discounts = await crm
      .knex('crm_invoice_adjustments')
      .where({ invoice_id: crm.draft })
      .select<{ direction: string; amount: string }[]>('direction', 'amount');
    expect(discounts.map(({ direction, amount }) => [direction, Number(amount)])).toEqual([['allowance', 56]]);
    expect(Number((await crm.invoice(crm.draft))?.grand_total)).toBe(1107.39);
    for (const [id, number] of [
      [oven, OVEN],
      [bags, BAGS],
    ] as const) {
      expect(await crm.invoice(id)).toMatchObject({ state: 'void', ref: number });
      await page.goto(`${crm.url}/invoices/${id}`);
      expect(await provenance(page)).toMatch(/^Fusionnée dans Brouillon.* le 21\/11\/2026.* par Hugo Lemaire /);
    }
    await page.locator('[data-im="banner"] a').first().click();
    await page.waitForURL(`**/invoices/${crm.draft}`);

    expect(await revenue(office, crm)).toBeCloseTo(before - 696, 2);
    expect(await reminded(office, crm)).not.toContain(OVEN);
    for (const table of ['crm_expenses', 'crm_estimates']) {
      expect(await crm.knex(table).whereIn('invoice_id', [oven, bags])).toEqual([]);
    }
    expect(await crm.knex('crm_expenses').where({ invoice_id: crm.draft })).toHaveLength(3);

    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Émettre' }).click()]);
    await page.goto(`${crm.url}/invoices/${oven}`);
    expect(await provenance(page)).toMatch(/^Fusionnée dans FA-2026-00053 le 21\/11\/2026.* par Hugo Lemaire /);
    expect(await revenue(office, crm)).toBeCloseTo(before + 258, 2);
  });
});

// One database is enough: what a save deletes on each is proven by merging's own tests.
describe('a draft is edited and two invoices are merged into it', () => {
  let crm: Crm;
  beforeEach(async () => {
    crm = await serveCrm('sqlite');
  });
  afterEach(async () => {
    await crm.close();
    expect(browser.complaints.splice(0)).toEqual([]);
  });

  it('deletes them, once the bookkeeper has read which gaps that leaves and unticked the box', async () => {
    const [oven, bags] = [await crm.idOf(OVEN), await crm.idOf(BAGS)];
    const page = await crm.open(browser, `/invoices/${crm.draft}/edit`, { as: 'books' });
    await tick(page, OVEN, BAGS);
    const note = page.locator('[data-im="gap-note"]');
    expect(plainText(await note.innerText())).toBe('Leurs numéros restent utilisés : aucun trou.');
    await page.getByText('Marquer les factures fusionnées comme annulées au lieu de les supprimer').click();
    expect(plainText(await note.innerText())).toBe(
      `Les supprimer laisse 2 trous dans la numérotation (${OVEN}, ${BAGS}).`,
    );
    await save(page);
    expect(new URL(page.url()).pathname).toBe(`/invoices/${crm.draft}`);
    expect(await crm.invoice(oven)).toBeUndefined();
    expect(await crm.invoice(bags)).toBeUndefined();
    expect(await crm.lines(crm.draft)).toHaveLength(3);
    expect(await texts(page, '[data-im="banner"] .im-plain')).toEqual([
      `${OVEN} du 13/08/2026 · 604,80 € · supprimée`,
      `${BAGS} du 31/10/2026 · 230,40 € · supprimée`,
    ]);
  });
});
