/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { launch, type TestBrowser } from '../support/browser';
import { readCsv } from '../support/read-csv';
import { BAGS, OVEN, plainText, serveCrm, texts, type Crm } from './crm';
import { mergeOverApi } from './numbers-acts';

const NUMBERS = '/invoice-merge/numbers';
const SERIES = `${NUMBERS}/series?key=FA-2026-`;
const PHONE = { width: 360, height: 740 };

let browser: TestBrowser;
beforeAll(async () => {
  browser = await launch();
});
const opened: Crm[] = [];
const openCrm = async (): Promise<Crm> => {
  const crm = await serveCrm('sqlite');
  opened.push(crm);
  return crm;
};
afterAll(async () => {
  for (const crm of opened) await crm.close();
  await browser.close();
});
afterEach(() => expect(browser.complaints.splice(0)).toEqual([]));

/** Nothing against WCAG 2.2 AA, nothing wider than the screen, nothing to touch that is smaller than a finger. */
async function expectFit(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  const small = await page.$$eval('[data-im="page"] :is(.im-button, summary, .im-up a, .im-tick)', (elements) =>
    elements
      .filter((one) => one.getClientRects().length > 0 && one.getBoundingClientRect().height < 44)
      .map((one) => one.textContent),
  );
  expect(small).toEqual([]);
}

const card = (page: Page, number: string) => page.locator('.im-gap-card', { hasText: number }).first();
const pageText = async (page: Page): Promise<string> => plainText(await page.locator('[data-im="page"]').innerText());

describe('a bookkeeper, on SQLite', () => {
  let crm: Crm;
  beforeAll(async () => {
    crm = await openCrm();
  });

  it('sees the gaps of a merge with their cause, gives one number, explains another, and takes the list along', async () => {
    const page = await crm.open(browser, `/invoices/${crm.draft}`, { as: 'books' });
    await mergeOverApi(page, crm, [OVEN, BAGS], 'delete');
    await page.getByRole('link', { name: 'Numéros' }).click();
    await page.getByRole('link', { name: 'FA-2026', exact: true }).click();
    const gap = card(page, OVEN);
    expect(plainText(await gap.innerText())).toMatch(
      /Numéro manquant : FA-2026-00031 Supprimée lors de la fusion n° \d+ par .+, le 21\/11\/2026 à 11:00/,
    );
    expect(plainText(await gap.innerText())).toContain('Avant FA-2026-00030 06/08/2026 Après FA-2026-00032 18/08/2026');

    await gap.getByRole('link', { name: `Attribuer le numéro ${OVEN}` }).click();
    await expectFit(page);
    await page.getByLabel('Numéro ou client').fill('FA-2026-00033');
    await page.getByRole('button', { name: 'Rechercher' }).click();
    await page.getByRole('link', { name: `Attribuer ${OVEN} à FA-2026-00033` }).click();
    await expectFit(page);
    // Nothing goes through unless each question is ticked and a reason is written.
    for (const box of await page.getByRole('checkbox').all()) await box.check();
    await page.getByLabel('Motif').fill('Le client a déjà comptabilisé ce numéro');
    await page.getByRole('button', { name: `Attribuer ${OVEN}` }).click();
    await page.getByText('Le numéro est attribué.').waitFor();
    expect(await texts(page, 'h1')).toEqual([`Numéro de ${OVEN}`]);
    expect(await pageText(page)).toContain('FA-2026-00033 → FA-2026-00031');

    await page.goto(crm.url + SERIES);
    expect(plainText(await card(page, 'FA-2026-00033').innerText())).toContain(
      'Sa facture porte maintenant le numéro FA-2026-00031',
    );
    await card(page, BAGS)
      .getByRole('link', { name: `Justifier le trou ${BAGS}` })
      .click();
    await page.locator('#im-explain').getByLabel('Motif').fill('Sacs facturés deux fois, jamais envoyée');
    await page.getByRole('button', { name: 'Justifier' }).click();
    await page.getByText('Le trou est justifié.').waitFor();
    expect(plainText(await card(page, BAGS).innerText())).toContain('« Sacs facturés deux fois, jamais envoyée »');

    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Exporter (CSV)' }).click();
    const rows = readCsv(readFileSync(await (await download).path(), 'utf8').slice(1), ';');
    const written = rows.filter((cells) => cells.some((cell) => cell.includes(BAGS)));
    expect(written.flat().join(' ')).toContain('Sacs facturés deux fois, jamais envoyée');
    await page.getByRole('link', { name: 'Version imprimable' }).click();
    await page.waitForURL('**/numbers/print**');
    expect(await pageText(page)).toContain('Sacs facturés deux fois, jamais envoyée');
    // Paper has no menu.
    expect(await page.locator('nav').count()).toBe(0);
  });

  it('finds the invoice by the number that it had, and takes the change back', async () => {
    const page = await crm.open(browser, '/invoices?q=FA-2026-00033', { as: 'books' });
    await page.getByText('FA-2026-00033 est l’ancien numéro de').waitFor();
    await page.getByRole('status').getByRole('link', { name: OVEN }).click();
    expect(plainText(await page.locator('[data-im="number"]').innerText())).toContain('Ancien numéro : FA-2026-00033.');
    await page.getByRole('link', { name: 'Voir les changements de numéro' }).click();
    await page.getByText('Reprendre ce changement…').click();
    await page.getByLabel('Motif').fill('Mauvaise facture');
    await page.getByRole('button', { name: 'Reprendre le changement' }).click();
    await page.getByText('Le changement de numéro est repris.').waitFor();
    expect(await texts(page, 'h1')).toEqual(['Numéro de FA-2026-00033']);
    await page.goto(crm.url + SERIES);
    expect(plainText(await card(page, OVEN).innerText())).toContain('Supprimée lors de la fusion');
  });
});

it('frees the number of a merged, cancelled invoice by keyboard on a dark phone, gives it away, and the undo of the merge takes the next one; on SQLite', async () => {
  const crm = await openCrm();
  const scripted = await crm.open(browser, `/invoices/${crm.draft}`, { as: 'books' });
  await mergeOverApi(scripted, crm, [OVEN], 'cancel');
  const page = await crm.open(browser, SERIES, {
    ...{ as: 'books', viewport: PHONE, colorScheme: 'dark' },
  });
  await expectFit(page);
  expect(plainText(await page.locator('.im-borne li', { hasText: OVEN }).innerText())).toContain(
    'annulée, fusionnée dans',
  );
  await page.getByRole('link', { name: `Libérer le numéro ${OVEN}` }).press('Enter');
  await page.locator('#im-free').getByLabel('Motif').focus();
  await page.keyboard.type('Facture jamais remise');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('Le numéro est libéré.').waitFor();
  expect(await pageText(page)).toContain(`Ancien numéro ${OVEN}`);
  await expectFit(page);
  await page.getByRole('link', { name: 'Voir la facture' }).press('Enter');
  expect(plainText(await page.locator('h1').innerText())).toContain(`${OVEN} (annulée)`);
  await page.goto(`${crm.url}/customers/1`);
  await page.getByRole('link', { name: `${OVEN} (annulée)` }).waitFor();
  await page.goto(`${crm.url}/invoices?q=${OVEN}`);
  await page.getByText(`${OVEN} a été fusionnée dans`).waitFor();

  const other = await crm.idOf('FA-2026-00032');
  await page.goto(`${crm.url}${NUMBERS}/invoices/${other}`);
  await page.getByRole('link', { name: `Attribuer ${OVEN}` }).press('Enter');
  for (const box of await page.getByRole('checkbox').all()) {
    await box.focus();
    await page.keyboard.press('Space');
  }
  await page.getByLabel('Motif').focus();
  await page.keyboard.type('Suite de la série');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('Le numéro est attribué.').waitFor();

  await page.goto(`${crm.url}/invoice-merge/history`);
  await page.getByRole('link', { name: /^Fusion n°/ }).press('Enter');
  await page.locator('#im-undo').getByLabel('Motif').fill('Fusion faite par erreur');
  await page.locator('#im-undo').getByRole('checkbox').check();
  await page.locator('#im-undo').getByRole('button').click();
  await page.getByText(`${OVEN} est revenue sous le numéro`).waitFor();
});

it('is told under French rules why the number of a cancelled invoice stays, in English too; on SQLite', async () => {
  const crm = await openCrm();
  const admin = await crm.open(browser, '/invoice-merge/settings', { as: 'admin' });
  await admin.getByRole('radio', { name: 'France' }).check();
  await admin.getByRole('button', { name: 'Enregistrer les réglages' }).click();
  const page = await crm.open(browser, `${NUMBERS}/invoices/${await crm.idOf('FA-2026-00009')}#im-free`, {
    as: 'books',
    lang: 'en',
  });
  expect(plainText(await page.locator('#im-free').innerText())).toContain(
    'In France a cancelled invoice keeps its number',
  );
  expect(await page.getByRole('button', { name: /Free/ }).count()).toBe(0);
  const sales = await crm.open(browser, SERIES, { as: 'sales' });
  expect(await sales.locator('.im-gap-acts').count()).toBe(0);
});
