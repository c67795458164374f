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
  expect(complaints.filter((text) => !/the server responded with a status of 40[01]/.test(text))).toEqual([]);
});

const edit = (options?: Parameters<Crm['open']>[2]): Promise<Page> =>
  crm.open(browser, `/invoices/${crm.draft}/edit`, options);
const firstCarried = (page: Page) => page.locator('[data-im="carried"] [data-invoice-merge="description"]').first();
const signInAgain = (page: Page): Promise<unknown> => page.getByRole('button', { name: 'sales@demo.test' }).click();

it.each([
  ['a quantity that is none', 'quantity', 'beaucoup', 'quantité'],
  ['no description', 'description', '', 'désignation|description|article'],
])('a save that the host refuses for %s keeps ticks, rows and all that was typed', async (_what, field, typed) => {
  const page = await edit();
  await tick(page, OVEN, BAGS);
  await firstCarried(page).fill('Four : deux visites');
  await page.locator(`[name="lines[0][${field}]"]`).fill(typed);
  await save(page);
  expect(await page.locator('[role="alert"].refusal').count()).toBe(1);
  expect(await page.locator(`[name="lines[0][${field}]"]`).inputValue()).toBe(typed);
  expect(await page.locator('.im-unticked').count()).toBe(0);
  await eventually(async () => expect(await saveButton(page).isDisabled()).toBe(false));
  expect([await box(page, OVEN).isChecked(), await box(page, BAGS).isChecked()]).toEqual([true, true]);
  expect(await carriedRows(page)).toEqual(['Four : deux visites', 'Sacs kraft, lot de 500']);
  await page.locator(`[name="lines[0][${field}]"]`).fill(field === 'quantity' ? '12' : 'Farine T65, 25 kg');
  await added(page);
  await save(page);
  expect((await crm.lines(crm.draft)).slice(0, 2)).toEqual([
    'Farine T65, 25 kg, 12 x 21.50',
    'Four : deux visites, 1 x 560.00',
  ]);
});

it('a source that changed while the host refused the save is unticked, named, and its rows are put aside', async () => {
  const page = await edit();
  await tick(page, OVEN, BAGS);
  await page.locator('[name="lines[0][quantity]"]').fill('beaucoup');
  await crm
    .knex('crm_invoice_lines')
    .where({ invoice_id: await crm.idOf(BAGS) })
    .update({ details: 'Livrés' });
  await save(page);
  expect(await texts(page, '.im-unticked > p.im-note')).toEqual([`${BAGS} a été modifiée depuis l’affichage.`]);
  expect(await texts(page, '[data-im="kept"] .im-description')).toEqual(['Sacs kraft, lot de 500']);
  expect([await box(page, OVEN).isChecked(), await box(page, BAGS).isChecked()]).toEqual([true, false]);
  expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
});

it.each([
  ['with', true],
  ['without', false],
])(
  'the session ends between load and save: after signing in again the form is as it was, %s JavaScript',
  async (_how, javaScriptEnabled) => {
    const page = await edit({ javaScriptEnabled });
    await page.locator('[name="lines[0][description]"]').fill('Farine de tradition');
    await row(page, OVEN).locator('.im-number').click();
    if (javaScriptEnabled) {
      await added(page);
      await firstCarried(page).fill('Four : deux visites');
    }
    await page.context().clearCookies();
    await save(page);
    expect(plainText(await page.locator('.door').innerText())).toContain(
      'Votre session a expiré. Votre saisie est gardée',
    );
    await signInAgain(page);
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Reprendre ma saisie' }).click();
    await page.locator('#im-banner').waitFor();
    expect(await texts(page, '[data-notice]')).toEqual([
      expect.stringMatching(/^Vous êtes de nouveau connecté : votre saisie/),
    ]);
    expect(await page.locator('[name="lines[0][description]"]').inputValue()).toBe('Farine de tradition');
    expect(await box(page, OVEN).isChecked()).toBe(true);
    if (javaScriptEnabled) {
      await added(page);
      expect(await carriedRows(page)).toEqual(['Four : deux visites']);
    }
    expect((await crm.invoice(await crm.idOf(OVEN)))?.state).toBe('late');
    await save(page);
    expect((await crm.lines(crm.draft)).slice(0, 2)).toEqual([
      'Farine de tradition, 12 x 21.50',
      `${javaScriptEnabled ? 'Four : deux visites' : 'Entretien du four, août'}, 1 x 560.00`,
    ]);
  },
);

it('a tick after the session has ended says so with a link, not that the server is silent', async () => {
  const page = await edit();
  // Its scripts are behind the sign-in too.
  await page.locator('[data-im="actions"]').waitFor();
  await page.context().clearCookies();
  await row(page, OVEN).locator('.im-number').click();
  const live = page.locator('[data-im="live"]');
  await live.locator('a').waitFor();
  expect(plainText(await live.innerText())).toBe(
    'Votre session a expiré. Rien n’est perdu, cette page garde votre saisie : reconnectez-vous dans un autre onglet, puis recommencez ici. Se reconnecter (nouvel onglet)',
  );
  expect(await box(page, OVEN).isChecked()).toBe(false);
  const [popup] = await Promise.all([page.waitForEvent('popup'), live.locator('a').click()]);
  await signInAgain(popup);
  await popup.locator('#im-banner').waitFor();
  await tick(page, OVEN);
  expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
});

it('after a reload, a tick of an invoice that has changed is not brought back, and the page says so', async () => {
  const page = await edit();
  await tick(page, OVEN, BAGS);
  await crm
    .knex('crm_invoice_lines')
    .where({ invoice_id: await crm.idOf(BAGS) })
    .update({ details: 'Livrés' });
  await page.reload();
  await added(page);
  await eventually(async () =>
    expect(await texts(page, '[data-im="live"]')).toEqual([
      expect.stringMatching(
        /^Vos factures cochées ont été retrouvées .* 1 facture cochée avant le rechargement a changé entre-temps et n’est plus cochée\.$/,
      ),
    ]),
  );
  expect(await carriedRows(page)).toEqual(['Entretien du four, août']);
  expect([await box(page, OVEN).isChecked(), await box(page, BAGS).isChecked()]).toEqual([true, false]);
});

it('back to a form that was saved shows ticks and rows that agree', async () => {
  const page = await edit();
  await tick(page, OVEN);
  await save(page);
  await page.goBack();
  await page.locator('#im-banner').waitFor();
  await eventually(async () => expect(await saveButton(page).isDisabled()).toBe(false));
  const ticked = await page.locator('input[name="invoiceMergeSource"]:checked').count();
  expect(await page.locator('.lines > [data-im="source"]').count()).toBe(ticked);
});
