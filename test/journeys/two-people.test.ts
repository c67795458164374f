/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import { added, BAGS, box, carriedRows, OVEN, plainText, row, save, serveCrm, texts, tick, type Crm } from './crm';

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
  const complaints = browser.complaints.splice(0);
  // Chromium reports a refused save's status on the console: no fault of the page.
  expect(complaints.filter((text) => !/the server responded with a status of 409/.test(text))).toEqual([]);
});

const stateOf = async (number: string): Promise<unknown> => (await crm.invoice(await crm.idOf(number)))?.state;
const told = (page: Page): Promise<string[]> => texts(page, '#im-alert p');

/** Claire is quicker: the oven's invoice goes into the older draft, which she issues. */
async function claireMergesTheOven(): Promise<string> {
  const page = await crm.open(browser, `/invoices/${crm.olderDraft}/edit`, { as: 'books' });
  await tick(page, OVEN);
  await Promise.all([page.waitForEvent('load'), page.locator('.actions [data-invoice-merge-issue]').click()]);
  return String((await crm.invoice(crm.olderDraft))?.ref);
}

/** Whose page it is, and how it is opened and filled in before somebody else is quicker. */
const pages = [
  ['the edit page', () => `/invoices/${crm.draft}/edit`],
  ['the create page', () => '/invoices/new?customerId=1'],
] as const;

/** The invoice that a save has led to. */
const savedId = (page: Page): string => /\/invoices\/(\d+)$/.exec(page.url())?.[1] ?? '';

describe.each(pages)('somebody else merges the same invoice first, on %s', (_name, path) => {
  it('the form comes back as typed, the lines of what is gone are put aside to be copied, and it saves without it', async () => {
    const page = await crm.open(browser, path());
    await page.locator('[name="lines[0][description]"]').fill('Farine de tradition');
    await page.locator('[name="lines[0][unitPrice]"]').fill('21,50');
    await tick(page, OVEN, BAGS);
    await page.locator('[data-im="carried"] [data-invoice-merge="description"]').first().fill('Four : deux visites');
    const number = await claireMergesTheOven();
    await save(page);

    expect((await told(page))[0]).toMatch(new RegExp(`^${OVEN} vient d’être fusionnée dans ${number} par .+ Voir$`));
    expect((await told(page))[1]).toBe('Rien n’a été enregistré, votre saisie est conservée.');
    expect(await page.locator('#im-alert a').getAttribute('href')).toBe(`/invoices/${crm.olderDraft}`);
    await added(page);
    expect(await page.locator('[name="lines[0][description]"]').inputValue()).toBe('Farine de tradition');
    expect(await row(page, OVEN).count()).toBe(0);
    expect(await box(page, BAGS).isChecked()).toBe(true);
    expect(await carriedRows(page)).toEqual(['Sacs kraft, lot de 500']);
    const kept = page.locator('[data-im="kept"]');
    expect(plainText(await kept.innerText())).toContain(`Vos lignes de ${OVEN}, gardées ici`);
    expect(await texts(page, '[data-im="kept"] li .im-description')).toEqual([
      'Four : deux visites',
      `Remise de la facture ${OVEN} (TVA 20 %)`,
    ]);
    expect(await stateOf(BAGS)).toBe('open');

    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Enregistrer sans elle' }).click()]);
    expect((await crm.lines(savedId(page))).map((line) => line.split(',')[0])).toEqual([
      'Farine de tradition',
      'Sacs kraft',
    ]);
    expect(await stateOf(BAGS)).toBe('void');
    expect((await crm.invoice(crm.olderDraft))?.state).toBe('open');
  });

  it('all of it also without JavaScript', async () => {
    const page = await crm.open(browser, path(), { javaScriptEnabled: false });
    await page.locator('[name="lines[0][description]"]').fill('Farine de tradition');
    await page.locator('[name="lines[0][unitPrice]"]').fill('21,50');
    await row(page, OVEN).locator('.im-number').click();
    await row(page, BAGS).locator('.im-number').click();
    const number = await claireMergesTheOven();
    await save(page);
    expect((await told(page))[0]).toMatch(new RegExp(`^${OVEN} vient d’être fusionnée dans ${number} par .+ Voir$`));
    expect(await page.locator('[name="lines[0][description]"]').inputValue()).toBe('Farine de tradition');
    expect(await box(page, BAGS).isChecked()).toBe(true);
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Enregistrer sans elle' }).click()]);
    expect((await crm.lines(savedId(page))).map((line) => line.split(',')[0])).toEqual([
      'Farine de tradition',
      'Sacs kraft',
    ]);
    expect(await stateOf(BAGS)).toBe('void');
  });
});

it('one who pressed “save and issue” issues it also without what is gone', async () => {
  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
  await tick(page, OVEN, BAGS);
  await claireMergesTheOven();
  await Promise.all([page.waitForEvent('load'), page.locator('.actions [data-invoice-merge-issue]').click()]);
  await added(page);
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Enregistrer sans elle' }).click()]);
  expect(await crm.invoice(crm.draft)).toMatchObject({ state: 'open' });
});

it('a source that was changed and ticked again is saved without, by the button that says so', async () => {
  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`, { javaScriptEnabled: false });
  await row(page, BAGS).locator('.im-number').click();
  await crm
    .knex('crm_invoice_lines')
    .where({ invoice_id: await crm.idOf(BAGS) })
    .update({ details: 'Livrés' });
  await save(page);
  expect(await told(page)).toEqual([
    `${BAGS} a été modifiée depuis l’affichage. Voir`,
    'Rien n’a été enregistré, votre saisie est conservée.',
  ]);
  expect(await box(page, BAGS).isChecked()).toBe(false);
  await row(page, BAGS).locator('.im-number').click();
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Enregistrer sans elle' }).click()]);
  expect(await texts(page, '[data-notice]')).toEqual(['Le brouillon est enregistré.']);
  expect(await stateOf(BAGS)).toBe('open');
});

it('T9 an invoice that was paid meanwhile says so, keeps its payment, and is not merged', async () => {
  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
  await tick(page, BAGS);
  const id = await crm.idOf(BAGS);
  const { id: method } = await crm.knex('crm_payment_methods').first<{ id: number }>('id');
  await crm.knex('crm_payments').insert({ invoice_id: id, amount: '230.40', method_id: method, paid_on: '2026-11-21' });
  await crm.knex('crm_invoices').where({ id }).update({ state: 'settled' });
  await save(page);
  expect((await told(page))[0]).toBe(
    `${BAGS} a été modifiée depuis l’affichage : déjà payée et déjà payée en partie (230,40 €). Voir`,
  );
  expect(await carriedRows(page)).toEqual([]);
  expect(await stateOf(BAGS)).toBe('settled');
});
