/// <reference lib="dom" />
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { plainText, serveCrm, type Crm } from '../journeys/crm';
import { launch, screenshot, type TestBrowser } from '../support/browser';

// On SQLite: the pages are the same on every database, and what they store is tried on each in modules.test.ts.

const PHONE = { width: 360, height: 740 };
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];
/** Longer than the 300 ms after which a row is held, and shorter. */
const HOLD = 450;
const NO_HOLD = 20;

let browser: TestBrowser;
let crm: Crm;
let direct: string;
beforeAll(async () => {
  browser = await launch();
  crm = await serveCrm('sqlite');
  const page = await crm.open(browser, '/invoice-merge/order-modules', { as: 'admin' });
  direct = (await page.getByRole('link', { name: 'Modes de paiement de Vente directe' }).getAttribute('href')) ?? '';
  await page.context().close();
});
afterAll(async () => {
  await crm.close();
  await browser.close();
});
afterEach(() => expect(browser.complaints.splice(0)).toEqual([]));

const namesOf = (page: Page): Promise<string[]> =>
  page
    .locator('[data-im="order"] > li')
    .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.imName ?? ''));
/** What the next person reads, whatever this page shows. */
async function kept(): Promise<string[]> {
  const rows: { label: string }[] = await crm
    .knex('im_module_payment_methods')
    .join('crm_payment_methods', 'crm_payment_methods.id', 'im_module_payment_methods.method_id')
    .where({ module_id: direct.split('/').at(-1) })
    .whereNull('im_archived_at')
    .orderBy('position')
    .select('label');
  return rows.map(({ label }) => label);
}
const rowOf = (page: Page, name: string) => page.locator(`[data-im="order"] > li[data-im-name="${name}"]`);

async function boxOf(page: Page, name: string): Promise<{ x: number; y: number; height: number }> {
  const box = await rowOf(page, name).boundingBox();
  if (!box) throw new Error(`${name} is not in sight`);
  // At the name: the buttons at the end are pressed, not dragged.
  return { x: box.x + 90, y: box.y, height: box.height };
}

async function dragByMouse(page: Page, from: string, to: string, hold: number): Promise<void> {
  const [a, z] = [await boxOf(page, from), await boxOf(page, to)];
  await page.mouse.move(a.x, a.y + a.height / 2);
  await page.mouse.down();
  await page.waitForTimeout(hold);
  await page.mouse.move(a.x, a.y + a.height / 2 + 8, { steps: 3 });
  await page.mouse.move(z.x, z.y + z.height * (z.y > a.y ? 0.75 : 0.25), { steps: 12 });
  await page.waitForTimeout(150);
  await page.mouse.up();
  await page.waitForTimeout(200);
}

async function dragByFinger(page: Page, from: string, to: string, hold: number): Promise<void> {
  const [a, z] = [await boxOf(page, from), await boxOf(page, to)];
  const finger = await page.context().newCDPSession(page);
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', y?: number): Promise<unknown> =>
    finger.send('Input.dispatchTouchEvent', {
      type,
      touchPoints:
        y === undefined ? [] : [{ x: Math.round(a.x), y: Math.round(y), id: 1, radiusX: 4, radiusY: 4, force: 1 }],
    });
  const [start, end] = [a.y + a.height / 2, z.y + z.height * (z.y > a.y ? 0.75 : 0.25)];
  await send('touchStart', start);
  await page.waitForTimeout(hold);
  for (let step = 1; step <= 15; step += 1) {
    await send('touchMove', start + ((end - start) * step) / 15);
    await page.waitForTimeout(16);
  }
  await page.waitForTimeout(150);
  await send('touchEnd');
  await page.waitForTimeout(200);
}

async function demandGood(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(STANDARDS).analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(page.viewportSize()?.width);
  const small = await page.$$eval('[data-im="page"] :is(label, button, summary, a)', (elements) =>
    elements
      .filter((one) => one.getBoundingClientRect().height > 0 && !one.classList.contains('im-whole'))
      .filter((one) => one.getBoundingClientRect().height < 44 || one.getBoundingClientRect().width < 44)
      .map((one) => one.textContent?.trim()),
  );
  expect(small).toEqual([]);
}

const said = async (page: Page): Promise<string> =>
  plainText((await page.locator('[data-im="said"]:visible').textContent()) ?? '');

test('an admin makes "Chambre" with a picture and a required reference, and adds it last to direct sale with another', async () => {
  const page = await crm.open(browser, '/invoice-merge/settings', { as: 'admin' });
  await page.getByRole('link', { name: 'Modes de paiement externes' }).click();
  await page.getByRole('link', { name: 'Ajouter un mode de paiement externe' }).click();
  await page.getByRole('link', { name: 'Facturation externe' }).click();
  await page.getByText('Changer l’image').click();
  await page.getByRole('radio', { name: 'Lit', exact: true }).check({ force: true });
  expect(await page.locator('[data-im="picture"]').getAttribute('src')).toMatch(/\/icons\/bed\.svg$/);
  await page.getByLabel('Nom', { exact: true }).fill('Chambre');
  await page.getByLabel('Identifiant externe').fill('PMS-ROOM');
  await page.getByRole('switch', { name: 'Référence externe obligatoire' }).check();
  await page.getByLabel('Libellé de la référence').fill('N° de chambre');
  await page.getByLabel('Format').fill('999');
  expect(plainText((await page.locator('[data-im="example"]').textContent()) ?? '')).toBe('Exemple : 123');
  // Handing over needs a connection, which is not there yet.
  expect(await page.getByRole('switch', { name: 'Transmettre la vente' }).isDisabled()).toBe(true);
  await screenshot(page, 'billing-method-form');
  await page.getByRole('button', { name: 'Créer ce mode' }).click();
  const row = page.locator('.im-method', { hasText: 'Chambre' });
  expect(plainText((await row.textContent()) ?? '')).toMatch(
    /identifiant PMS-ROOM · demande : N° de chambre \(exemple : 123\)/,
  );
  for (const name of ['Bon cadeau', 'Spa']) {
    await page.goto(`${crm.url}/invoice-merge/payment-methods/new?kind=external_payment`);
    await page.getByLabel('Nom', { exact: true }).fill(name);
    await page.getByRole('button', { name: 'Créer ce mode' }).click();
  }

  // Beside the till of the same name in the menu of the CRM.
  await page.locator('[data-im="page"]').getByRole('link', { name: 'Vente directe', exact: true }).click();
  await page.getByRole('link', { name: 'Ajouter un mode de paiement' }).click();
  const dialog = page.getByRole('dialog', { name: 'Ajouter à Vente directe' });
  // Against the order of the list: they come in the order in which they are chosen.
  await dialog.getByText('Chambre').click();
  await dialog.getByText('Bon cadeau').click();
  expect(plainText((await dialog.getByRole('status').textContent()) ?? '')).toBe(
    'Dans cet ordre : Chambre et Bon cadeau',
  );
  await screenshot(page, 'billing-add');
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await page.getByRole('status').filter({ hasText: 'La liste est complétée.' }).waitFor();
  expect(await namesOf(page)).toEqual(['Espèces', 'Carte bancaire', 'Virement', 'Chambre', 'Bon cadeau']);
  expect(await kept()).toEqual(await namesOf(page));
});

test('E17 held, a method is dragged by mouse; moved without holding it stays; E16 nothing goes above Cash', async () => {
  const page = await crm.open(browser, direct, { as: 'admin' });
  const before = await namesOf(page);
  await dragByMouse(page, 'Chambre', 'Carte bancaire', NO_HOLD);
  expect(await namesOf(page)).toEqual(before);
  await dragByMouse(page, 'Chambre', 'Carte bancaire', HOLD);
  await page.locator('[data-im="said"]:visible').waitFor();
  expect(await said(page)).toBe('Chambre est maintenant en position 2 sur 5. C’est enregistré.');
  const moved = ['Espèces', 'Chambre', 'Carte bancaire', 'Virement', 'Bon cadeau'];
  expect([await namesOf(page), await kept()]).toEqual([moved, moved]);
  await dragByMouse(page, 'Virement', 'Espèces', HOLD);
  await dragByMouse(page, 'Espèces', 'Virement', HOLD);
  expect((await namesOf(page))[0]).toBe('Espèces');
  await page.reload();
  expect((await namesOf(page))[0]).toBe('Espèces');
  expect(await kept()).toEqual(await namesOf(page));
  await screenshot(page, 'billing-order');
  await page.getByRole('button', { name: 'Défaire le dernier changement' }).click();
  await page.getByRole('status').filter({ hasText: 'défait' }).waitFor();
});

test('E17 held, a method is dragged by finger, without a menu of the browser’s; a swipe over the list changes nothing', async () => {
  const page = await crm.open(browser, direct, { as: 'admin', viewport: PHONE, colorScheme: 'dark', hasTouch: true });
  await page.evaluate(() => {
    addEventListener('contextmenu', (event) => {
      document.body.dataset.menu = event.defaultPrevented ? 'prevented' : 'shown';
    });
  });
  const before = await namesOf(page);
  await rowOf(page, 'Bon cadeau').scrollIntoViewIfNeeded();
  await dragByFinger(page, 'Bon cadeau', before.at(-2) ?? '', NO_HOLD);
  expect(await namesOf(page)).toEqual(before);
  await rowOf(page, 'Bon cadeau').scrollIntoViewIfNeeded();
  await dragByFinger(page, 'Bon cadeau', before.at(-2) ?? '', HOLD);
  await page.locator('[data-im="said"]:visible').waitFor();
  const moved = [...before.slice(0, -2), 'Bon cadeau', before.at(-2) ?? ''];
  expect([await namesOf(page), await kept()]).toEqual([moved, moved]);
  await rowOf(page, 'Bon cadeau').dispatchEvent('pointerdown', { pointerType: 'touch' });
  await rowOf(page, 'Bon cadeau').dispatchEvent('contextmenu');
  expect(await page.evaluate(() => document.body.dataset.menu)).not.toBe('shown');
  await demandGood(page);
  await screenshot(page, 'billing-order-phone');
});

test('E18 by keyboard alone a method goes up and down: it is announced, the focus stays, and it does not pass Cash', async () => {
  const page = await crm.open(browser, direct, { as: 'admin' });
  const before = await namesOf(page);
  const last = before.at(-1) ?? '';
  const up = rowOf(page, last).getByRole('button', { name: `Monter ${last}` });
  await up.focus();
  // Once more than there are places.
  for (let press = 0; press < before.length; press += 1) {
    await page.keyboard.press('Enter');
    expect(await up.evaluate((button) => button === document.activeElement)).toBe(true);
  }
  await page.locator('[data-im="said"]', { hasText: 'position 2 sur 5' }).waitFor();
  const [cash = '', ...others] = before;
  expect(await namesOf(page)).toEqual([cash, last, ...others.slice(0, -1)]);
  expect(await up.getAttribute('aria-disabled')).toBe('true');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.locator('[data-im="said"]', { hasText: 'position 3 sur 5' }).waitFor();
  expect(await kept()).toEqual(await namesOf(page));
  expect(await rowOf(page, cash).getByRole('button').count()).toBe(0);
});

test('E19 a list that another admin has changed meanwhile is shown as it is, and the page says so', async () => {
  const page = await crm.open(browser, direct, { as: 'admin' });
  const other = await crm.open(browser, direct, { as: 'admin', javaScriptEnabled: false });
  await other.getByRole('button', { name: 'Retirer Bon cadeau de Vente directe' }).click();
  await other.getByRole('status').filter({ hasText: 'retiré' }).waitFor();
  await page
    .getByRole('button', { name: /^Monter (?!Bon)/, disabled: false })
    .last()
    .click();
  await page.getByRole('status').filter({ hasText: 'La liste a changé entre-temps' }).waitFor();
  browser.complaints.splice(0).forEach((one) => expect(one).toContain('409'));
  expect(await namesOf(page)).not.toContain('Bon cadeau');
  expect(await kept()).toEqual(await namesOf(page));
  // Without a script the window is part of the page.
  await other.getByRole('link', { name: 'Ajouter un mode de paiement' }).click();
  await other.getByLabel('Bon cadeau').check();
  await other.getByRole('button', { name: 'Ajouter', exact: true }).click();
  expect((await namesOf(other)).at(-1)).toBe('Bon cadeau');
});

test('a picture of one’s own is shown at once, and kept with the method', async () => {
  const page = await crm.open(browser, '/invoice-merge/payment-methods/new?kind=external_payment', { as: 'admin' });
  await page.getByText('Changer l’image').click();
  const square = sharp({ create: { width: 300, height: 300, channels: 3, background: '#0a7' } });
  await page.getByLabel('Ou votre propre image').setInputFiles({
    ...{ name: 'logo.png', mimeType: 'image/png', buffer: await square.png().toBuffer() },
  });
  await page.locator('[data-im="uploaded"]', { hasText: 'L’image est prête' }).waitFor();
  const shown = page.locator('[data-im="picture"]');
  expect(await shown.getAttribute('src')).toMatch(/\/payment-images\/[\w-]{43}$/);
  expect(await shown.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(256);
  await page.getByLabel('Ou votre propre image').setInputFiles({
    ...{ name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from('<svg onload="alert(1)">') },
  });
  await page.locator('[data-im="uploaded"]', { hasText: 'SVG' }).waitFor();
  browser.complaints.splice(0).forEach((one) => expect(one).toContain('422'));
  await page.getByLabel('Nom', { exact: true }).fill('Partenaire');
  await page.getByRole('button', { name: 'Créer ce mode' }).click();
  const picture = page.locator('.im-method', { hasText: 'Partenaire' }).locator('img');
  expect(await picture.getAttribute('src')).toMatch(/\/payment-images\//);
});

const FORM = 'payment-methods/new?kind=external_billing';
test.each([
  ['fr', 'light', undefined, [FORM]],
  ['en', 'dark', PHONE, ['payment-methods', FORM, 'order-modules']],
] as const)(
  'E65 the pages have no fault against WCAG 2.2 AA, in %s, %s',
  async (lang, colorScheme, viewport, paths) => {
    const page = await crm.open(browser, '/invoice-merge/payment-methods', {
      as: 'admin',
      lang,
      colorScheme,
      viewport,
    });
    for (const path of paths) {
      await page.goto(`${crm.url}/invoice-merge/${path}`);
      if (path === FORM) await page.locator('summary.im-symbol').click();
      await demandGood(page);
      await screenshot(page, `billing-${path.replace(/\W+/g, '-')}-${lang}`);
    }
  },
);
