/// <reference lib="dom" />
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
  saveButton,
  serveCrm,
  texts,
  tick,
  type Crm,
} from './crm';

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
  expect(complaints.filter((text) => !/the server responded with a status of (409|422)/.test(text))).toEqual([]);
});

const edit = (options?: Parameters<Crm['open']>[2]): Promise<Page> =>
  crm.open(browser, `/invoices/${crm.draft}/edit`, options);
const stateOf = async (number: string): Promise<unknown> => (await crm.invoice(await crm.idOf(number)))?.state;

/** Holds the lines of the next sources back until the answer is called. */
async function holdLines(page: Page): Promise<() => void> {
  let release = (): void => undefined;
  const free = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/api/invoices/lines', async (route) => {
    await free;
    await route.continue().catch(() => undefined);
  });
  return release;
}

const forceSubmit = (page: Page): Promise<unknown> =>
  Promise.all([
    page.waitForEvent('load'),
    page.evaluate(() => HTMLFormElement.prototype.submit.call(document.getElementById('invoice'))),
  ]);

it('merges on save without JavaScript', async () => {
  const page = await edit({ javaScriptEnabled: false });
  await row(page, OVEN).locator('.im-number').click();
  await row(page, BAGS).locator('.im-due').click();
  await page.locator('[name="lines[0][description]"]').fill('Farine de tradition');
  await save(page);
  expect(await texts(page, '.im-done > p')).toEqual([
    expect.stringMatching(/^2 factures fusionnées dans le brouillon du 2\d\/11\/2026 · /),
  ]);
  expect(await crm.lines(crm.draft)).toEqual([
    'Farine de tradition, 12 x 21.50',
    'Entretien du four, août, 1 x 560.00',
    'Sacs kraft, lot de 500, 8 x 24.00',
  ]);
  expect(Number((await crm.invoice(crm.draft))?.grand_total)).toBe(1107.39);
  expect([await stateOf(OVEN), await stateOf(BAGS)]).toEqual(['void', 'void']);
});

it('does not let sales staff delete merged invoices, and says who decides', async () => {
  const page = await edit();
  const choice = page.locator('[data-im="cancel"]');
  expect(await choice.isDisabled()).toBe(true);
  expect(await choice.isChecked()).toBe(true);
  expect(plainText(await page.locator('.im-settlement label').innerText())).toContain(
    'Ce choix revient à la comptabilité ; vous fusionnez avec le réglage habituel.',
  );
});

it('takes no total for that of the form while a later change waits for its own', async () => {
  const page = await edit();
  await tick(page, OVEN);
  const told = (): Promise<string> => page.locator('input[name="invoiceMergeShown"]').inputValue();
  const price = page.locator('[name="lines[0][unitPrice]"]');
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  let answer = (): void => undefined;
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/invoices/totals', async (route) => {
    await held;
    await route.continue();
  });
  const before = await told();
  await price.fill('22');
  await Promise.all([page.waitForRequest('**/invoices/totals'), page.clock.runFor(200)]);
  await price.fill('23');
  const answered = page.waitForResponse('**/invoices/totals');
  answer();
  await (await answered).finished();
  // By the time that a later answer is there, this one has been dealt with.
  await page.evaluate(() => fetch('/public/icon.svg').then(() => undefined));
  expect(await told()).toBe(before);
  expect(await page.locator('#invoice').getAttribute('aria-busy')).toBe('true');
  await page.clock.resume();
  await added(page);
  // 12 x 23,00 € at 5,5 %, and the oven's 604,80 €.
  expect(await told()).toBe('895.98');
});

it('T13: keeps Save disabled while lines load', async () => {
  const page = await edit();
  const release = await holdLines(page);
  await row(page, OVEN).locator('.im-number').click();
  await eventually(async () => expect(await saveButton(page).isDisabled()).toBe(true));
  expect(await carriedRows(page)).toEqual([]);
  release();
  await added(page);
  expect(await saveButton(page).isDisabled()).toBe(false);
});

it('T13: brings the lines in on the server when a form without them is sent all the same', async () => {
  const page = await edit();
  await holdLines(page);
  await row(page, OVEN).locator('.im-number').click();
  await eventually(async () => expect(await saveButton(page).isDisabled()).toBe(true));
  await forceSubmit(page);
  expect(await stateOf(OVEN)).toBe('void');
  expect(await crm.lines(crm.draft)).toContain('Entretien du four, août, 1 x 560.00');
});

it('T13: cancels nothing when the lines of one of two are missing in the form that is sent', async () => {
  const page = await edit();
  await tick(page, OVEN);
  await holdLines(page);
  await row(page, BAGS).locator('.im-number').click();
  await eventually(async () => expect(await saveButton(page).isDisabled()).toBe(true));
  await forceSubmit(page);
  expect([await stateOf(OVEN), await stateOf(BAGS)]).toEqual(['late', 'open']);
  expect(await crm.lines(crm.draft)).toEqual(['Farine T65, 25 kg, 12 x 21.50']);
});

it('asks about a changed price of a merged line by the line’s name, and saves once that is confirmed', async () => {
  const page = await edit();
  await tick(page, BAGS);
  await save(page);
  await page.getByRole('link', { name: 'Modifier', exact: true }).click();
  await page.locator('[name="lines[1][unitPrice]"]').fill('20');
  await save(page);
  expect(await crm.lines(crm.draft)).toContain('Sacs kraft, lot de 500, 8 x 24.00');
  expect(await page.locator('[name="lines[1][unitPrice]"]').inputValue()).toBe('20');
  const question = page.locator('.im-questions label');
  expect(plainText(await question.innerText())).toMatch(/Je l’ai voulu\.$/);
  expect(await texts(page, '.im-about li')).toEqual(['Sacs kraft, lot de 500 : 8 × 24,00 € → 8 × 20,00 €']);
  await question.click();
  await save(page);
  expect(await texts(page, '[data-notice]')).toEqual(['Le brouillon est enregistré.']);
  expect(await crm.lines(crm.draft)).toContain('Sacs kraft, lot de 500, 8 x 20.00');
});

it('keeps ticks and lines in agreement after reload and back', async () => {
  const page = await edit();
  await tick(page, OVEN, BAGS);
  await page.reload();
  await added(page);
  expect((await carriedRows(page)).sort()).toEqual(['Entretien du four, août', 'Sacs kraft, lot de 500']);
  expect([await box(page, OVEN).isChecked(), await box(page, BAGS).isChecked()]).toEqual([true, true]);
  await row(page, BAGS).locator('.im-number').click();
  await added(page);
  await page.getByRole('link', { name: 'Clients' }).click();
  await page.waitForURL('**/customers');
  await page.goBack();
  await added(page);
  expect([await box(page, OVEN).isChecked(), await box(page, BAGS).isChecked()]).toEqual([true, false]);
  expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
});

it('asks before a change of customer takes merged lines out of a new invoice, and leaves own lines in', async () => {
  const page = await crm.open(browser, '/invoices/new');
  const customer = page.locator('select[name="customerId"]');
  const chosen = (): Promise<string> =>
    customer.evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.label ?? '');
  await customer.selectOption({ label: 'Boulangerie Martin' });
  await row(page, OVEN).waitFor();
  await page.locator('[name="lines[0][description]"]').fill('Pelle à four');
  await tick(page, OVEN);
  const dialog = page.locator('dialog[data-im="dialog"]');

  await customer.selectOption({ label: 'Café de la Marine' });
  expect(plainText(await dialog.locator('p').innerText())).toBe('Retirer la facture fusionnée de Boulangerie Martin ?');
  await dialog.getByRole('button', { name: 'Garder Boulangerie Martin' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await chosen()).toBe('Boulangerie Martin');
  expect(await carriedRows(page)).toEqual(['Entretien du four, août']);

  await customer.selectOption({ label: 'Café de la Marine' });
  await dialog.getByRole('button', { name: 'Retirer et changer de client' }).click();
  await row(page, OVEN).waitFor({ state: 'detached' });
  await page.locator('#im-title', { hasText: 'Café de la Marine' }).waitFor();
  expect(await chosen()).toBe('Café de la Marine');
  expect(await carriedRows(page)).toEqual([]);
  expect(await page.locator('[name="lines[0][description]"]').inputValue()).toBe('Pelle à four');
});

it('T62: brings a description full of quotes and markup in as the text it is', async () => {
  const nasty = `</textarea></script><script>window.broken=1</script>"'><img src=x onerror="window.broken=2"> & &lt;b&gt;`;
  const bags = await crm.idOf(BAGS);
  await crm.knex('crm_invoice_lines').where({ invoice_id: bags }).update({ label: nasty, details: nasty });
  await crm.knex('crm_clients').where({ id: 1 }).update({ company: nasty });
  const page = await edit();
  await tick(page, BAGS);
  expect(await carriedRows(page)).toEqual([nasty]);
  await save(page);
  expect(await texts(page, 'table.lines-read td.lead')).toEqual(['Farine T65, 25 kg', `${nasty} ${nasty}`]);
  expect(await crm.knex('crm_invoice_lines').where({ invoice_id: crm.draft, label: nasty }).pluck('details')).toEqual([
    nasty,
  ]);
  expect(await page.evaluate(() => 'broken' in window)).toBe(false);
});
