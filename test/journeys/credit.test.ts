/// <reference lib="dom" />
/** B1, B12, B17: sales staff merge issued invoices into a draft where the law wants credit notes. */
import { launch, type TestBrowser } from '../support/browser';
import { BAGS, eventually, OVEN, plainText, saveButton, serveCrm, texts, tick, type Crm } from './crm';

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

it('merges with credit notes as sales staff under France: the same save issues the draft, and everything names the credit notes', async () => {
  const admin = await crm.open(browser, '/invoice-merge/settings', { as: 'admin' });
  await admin.locator('input[name="preset"][value="france"]').check();
  const submit = admin.locator(
    'main form[method="post"] button[type="submit"], main form[method="post"] button:not([type])',
  );
  await Promise.all([admin.waitForEvent('load'), submit.last().click()]);

  // Without JavaScript a draft that stays one is refused, and the form comes back as it was.
  const plain = await crm.open(browser, `/invoices/${crm.draft}/edit`, { javaScriptEnabled: false });
  await plain.locator('li.im-row', { hasText: BAGS }).locator('input').check();
  await Promise.all([plain.waitForEvent('load'), saveButton(plain).click()]);
  expect(await plain.locator('[data-im-error]').getAttribute('data-im-error')).toBe('IM_TARGET_NOT_ISSUED');
  expect(await plain.locator('li.im-row', { hasText: BAGS }).locator('input').isChecked()).toBe(true);
  expect(await crm.knex('crm_credit_notes').where({ client_id: 1 })).toEqual([]);

  const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
  const issue = page.locator('[data-invoice-merge-issue]');
  await tick(page, OVEN, BAGS);
  expect(plainText(await page.locator('.im-settlement').innerText())).toContain(
    'Chaque facture émise sera soldée par un avoir et gardera son numéro.',
  );
  expect(await page.locator('input[name="invoiceMergeIssued"]').getAttribute('value')).toBe('credit');
  expect(await saveButton(page).isDisabled()).toBe(true);
  expect(plainText(await issue.innerText())).toBe('Émettre et fusionner');
  // Nothing issued is ticked any more: a draft may stay one.
  await page.locator('li.im-row .im-number', { hasText: OVEN }).click();
  await page.locator('li.im-row .im-number', { hasText: BAGS }).click();
  await eventually(async () => expect(await saveButton(page).isDisabled()).toBe(false));
  await tick(page, OVEN, BAGS);
  await Promise.all([page.waitForEvent('load'), issue.click()]);

  expect(await texts(page, '#im-banner .im-plain')).toEqual([
    `${OVEN} du 13/08/2026 · 604,80 € · soldée par avoir AV-2026-00003`,
    `${BAGS} du 31/10/2026 · 230,40 € · soldée par avoir AV-2026-00004`,
  ]);
  expect(await page.locator('textarea').first().inputValue()).toContain(
    'Les avoirs AV-2026-00003 et AV-2026-00004, ci-joints, soldent les anciennes factures',
  );
  expect(await crm.invoice(crm.draft)).toMatchObject({ state: 'open', ref: 'FA-2026-00053' });
  const path = new URL(page.url()).pathname;
  await page.goto(`${crm.url}${path}/print`);
  expect(plainText(await page.locator('.replaces').innerText())).toBe(
    `Cette facture annule et remplace les factures ${OVEN} du 13/08/2026 (604,80 €, avoir AV-2026-00003) et ${BAGS} du 31/10/2026 (230,40 €, avoir AV-2026-00004).`,
  );

  // The merged invoice, its credit note and the report, as a telephone shows them.
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${crm.url}/invoices/${await crm.idOf(OVEN)}`);
  expect(plainText(await page.locator('h1').innerText())).toBe(`${OVEN} Soldée par avoir`);
  expect(plainText(await page.locator('#im-banner').innerText())).toContain(
    'Soldée par avoir AV-2026-00003, fusionnée dans FA-2026-00053',
  );
  await Promise.all([page.waitForEvent('load'), page.locator('.told a').click()]);
  expect(plainText(await page.locator('main').innerText())).toContain('604,80 €');
  for (const one of [new URL(page.url()).pathname, '/credit-notes', '/reports/revenue', `${path}`]) {
    await page.goto(crm.url + one);
    expect([one, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([one, 360]);
  }
});
