/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import { eachDatabase } from '../support/databases';
import {
  added,
  BAGS,
  box,
  carriedRows,
  OVEN,
  plainText,
  row,
  save,
  saveButton,
  serveCrm,
  texts,
  tick,
  TODAY,
  type Crm,
} from './crm';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** Chromium reports a refused save's status on the console: no fault of the page. */
const complaints = (): string[] =>
  browser.complaints.splice(0).filter((text) => !/the server responded with a status of (409|422)/.test(text));

const ownText = (page: Page) => page.locator('[name="lines[0][description]"]');
const refusal = async (page: Page): Promise<string> =>
  plainText(await page.locator('[data-im="banner"] [role="alert"]').innerText());

describe.each(eachDatabase)('two people at the same invoices, on %s', (name) => {
  let crm: Crm;
  beforeEach(async () => {
    crm = await serveCrm(name);
  });
  afterEach(async () => {
    await crm.close();
    expect(complaints()).toEqual([]);
  });

  it('refuse the save of a form that is older than a merge: what was merged stays, what was typed is in the form', async () => {
    const path = `/invoices/${crm.draft}/edit`;
    const [tabA, tabB] = [await crm.open(browser, path), await crm.open(browser, path, { as: 'books' })];
    await ownText(tabA).fill('Farine de tradition');
    await tick(tabA, OVEN);
    await tick(tabB, BAGS);
    await save(tabB);
    await save(tabA);

    expect(await refusal(tabA)).toMatch(/^Cette facture a été modifiée .* votre saisie est conservée/);
    await tabA.locator('[data-im="source"]', { hasText: OVEN }).waitFor();
    expect(await ownText(tabA).inputValue()).toBe('Farine de tradition');
    expect(await box(tabA, OVEN).isChecked()).toBe(true);
    expect(await carriedRows(tabA)).toEqual(['Entretien du four, août']);
    expect(await crm.lines(crm.draft)).toEqual(['Farine T65, 25 kg, 12 x 21.50', 'Sacs kraft, lot de 500, 8 x 24.00']);
    expect(await crm.invoice(await crm.idOf(OVEN))).toMatchObject({ state: 'late' });
    expect(await crm.invoice(await crm.idOf(BAGS))).toMatchObject({ state: 'void' });

    const [now] = await Promise.all([
      tabA.waitForEvent('popup'),
      tabA.locator('[data-im="banner"] [role="alert"] a').click(),
    ]);
    await now.getByText('Sacs kraft, lot de 500').waitFor();
  });

  it('make one invoice of a double click on the save of a new one', async () => {
    const page = await crm.open(browser, '/invoices/new');
    await page.locator('select[name="customerId"]').selectOption({ label: 'Boulangerie Martin' });
    await row(page, BAGS).waitFor();
    await ownText(page).fill('Pelle à four');
    await page.locator('[name="lines[0][unitPrice]"]').fill('48');
    await tick(page, BAGS);
    // What the browser makes of two clicks depends on its speed; the server gets the form twice at the same time here.
    const answers: (string | undefined)[] = [];
    await page.route('**/invoices', async (route) => {
      const headers = { ...route.request().headers(), origin: crm.url };
      const twice = await Promise.all([1, 2].map(() => route.fetch({ maxRedirects: 0, headers })));
      answers.push(...twice.map((response) => response.headers().location));
      await route.fulfill({ response: twice[1] }).catch(() => undefined);
    });
    await saveButton(page).dblclick();
    await page.waitForURL(/\/invoices\/\d+$/);
    const id = page.url().split('/').at(-1) ?? '';
    const made = await crm
      .knex('crm_invoices')
      .where({ client_id: 1, issued_on: TODAY })
      .whereNot({ id: crm.draft })
      .select<{ id: number }[]>('id');
    expect(made).toEqual([{ id: Number(id) }]);
    expect(new Set(answers)).toEqual(new Set([`/invoices/${id}`]));
    expect(await crm.lines(id)).toEqual(['Pelle à four, 1 x 48.00', 'Sacs kraft, lot de 500, 8 x 24.00']);
    expect(Number((await crm.invoice(id))?.grand_total)).toBe(288);
    expect(await crm.invoice(await crm.idOf(BAGS))).toMatchObject({ state: 'void' });
  });

  it('untick only the invoice that a colleague merged meanwhile, say who did it, and save without it', async () => {
    const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
    await ownText(page).fill('Farine de tradition');
    await tick(page, OVEN, BAGS);
    await page.locator('[data-im="carried"] [data-invoice-merge="description"]').first().fill('Four : entretien');
    await added(page);
    const colleague = await crm.open(browser, `/invoices/${crm.olderDraft}/edit`, { as: 'books' });
    await tick(colleague, BAGS);
    await save(colleague);

    await save(page);
    expect(await refusal(page)).toMatch(
      new RegExp(`^${BAGS} vient d’être fusionnée dans Brouillon du 03/11/2026 par Claire Fontaine le 21/11/2026`),
    );
    await added(page);
    expect(await box(page, OVEN).isChecked()).toBe(true);
    expect(await page.locator('input[name="invoiceMergeSource"]:checked').count()).toBe(1);
    expect(await carriedRows(page)).toEqual(['Four : entretien']);
    expect(await ownText(page).inputValue()).toBe('Farine de tradition');
    expect(await crm.invoice(await crm.idOf(OVEN))).toMatchObject({ state: 'late' });

    expect(await saveButton(page).innerText()).toBe('Enregistrer et fusionner 1 facture');
    await save(page);
    expect(await texts(page, '.im-done > p')).toEqual([
      expect.stringMatching(/^1 facture fusionnée dans le brouillon du 2\d\/11\/2026 · /),
    ]);
    expect(await crm.lines(crm.draft)).toEqual(['Farine de tradition, 12 x 21.50', 'Four : entretien, 1 x 560.00']);
    expect(await crm.lines(crm.olderDraft)).toContain('Sacs kraft, lot de 500, 8 x 24.00');
  });
});
