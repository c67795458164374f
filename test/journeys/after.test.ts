/** What people do once invoices were merged: read what happened, tell the customer, book late money, find old numbers. */
import type { Row } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { launch, screenshot, type TestBrowser } from '../support/browser';
import { BAGS, OVEN, plainText, save, serveCrm, texts, tick, type Crm } from './crm';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

describe.each(eachDatabase)('after a merge, on %s', (name) => {
  let crm: Crm;
  beforeAll(async () => {
    crm = await serveCrm(name);
  });
  afterAll(() => crm.close());

  test('a bookkeeper tells the customer, books a transfer that names the old number, and allocates what was too much', async () => {
    const page = await crm.open(browser, `/invoices/${crm.draft}`, { as: 'books' });
    await page.getByRole('button', { name: 'Émettre' }).click();
    await page.goto(`${crm.url}/invoices/${crm.draft}/edit`);
    await tick(page, OVEN, BAGS);
    await save(page);

    // The message stays over reloads, until it is put away.
    const { ref } = (await crm.invoice(crm.draft)) as { ref: string };
    const said = `2 factures fusionnées dans ${ref} · 1 107,39 €`;
    expect(await texts(page, '.im-done > p')).toEqual([said]);
    await page.reload();
    expect(await texts(page, '.im-done > p')).toEqual([said]);
    await page.locator('.im-done').getByRole('link', { name: 'Prévenir le client' }).click();
    const letter = page.locator('.im-letter').first();
    await letter.getByRole('button', { name: 'Copier le texte' }).waitFor();
    expect(plainText(await letter.locator('textarea').inputValue())).toContain(
      `La facture ${ref} du 21/11/2026 les remplace.`,
    );
    await screenshot(page, 'after-letter');
    await letter.getByRole('button', { name: 'Marquer comme envoyé' }).click();
    await page.getByText('Client prévenu le 21/11/2026 à 11:00').waitFor();
    await page.getByRole('button', { name: 'Fermer ce message' }).click();
    await page.locator('#im-tell').waitFor();
    expect(await page.locator('.im-done').count()).toBe(0);

    // The transfer quotes the old number: searching it finds the new invoice.
    await page.goto(`${crm.url}/invoices?q=${OVEN.toLowerCase()}`);
    await page.getByText(`${OVEN} a été fusionnée dans`).getByRole('link', { name: ref }).waitFor();
    await screenshot(page, 'after-search');

    // Paying the settled one asks first, then books on the one that stands, with the old number kept.
    const oven = await crm.idOf(OVEN);
    await page.goto(`${crm.url}/invoices/${oven}`);
    await page.getByLabel('Montant reçu (EUR)').fill('1 200,00');
    await page.getByRole('button', { name: 'Enregistrer le paiement' }).click();
    await page.getByText(`${OVEN} a été fusionnée dans ${ref}. Enregistrer 1 200,00 € sur celle-ci ?`).waitFor();
    expect(await crm.knex('crm_payments').where({ invoice_id: crm.draft })).toEqual([]);
    await screenshot(page, 'after-pay-question');
    await page.getByRole('button', { name: `Enregistrer sur ${ref}` }).click();
    await page.getByText(`1 107,39 € enregistrés sur ${ref}, reçus pour ${OVEN}`).waitFor();
    const [paid, ...more] = (await crm.knex('crm_payments').where({ invoice_id: crm.draft })) as Row[];
    expect([Number(paid?.amount), paid?.remark, more]).toEqual([1107.39, `Reçu pour ${OVEN}`, []]);
    expect(await crm.invoice(crm.draft)).toMatchObject({ state: 'settled' });

    // What was too much waits, and goes where the bookkeeper says.
    await page.goto(`${crm.url}/invoice-merge/payments-to-allocate`);
    expect(await texts(page, '.im-money b')).toEqual(['92,61 €']);
    await screenshot(page, 'payments-to-allocate');

    // Closed by mistake, with a reason; reopened from the list that keeps it.
    await page.getByRole('link', { name: 'Affecter 92,61 €' }).click();
    await page.getByText('Clore sans l’affecter').click();
    await screenshot(page, 'payment-closing');
    await page.getByLabel('Motif').fill('Remboursé au client le 20/11/2026');
    await page.getByRole('button', { name: 'Clore 92,61 €' }).click();
    await page.getByText('Aucun paiement à affecter').waitFor();
    await page.getByRole('link', { name: '1 paiement clos' }).click();
    await page
      .getByText('Clos par Claire Fontaine le 21/11/2026 à 11:00 : Remboursé au client le 20/11/2026')
      .waitFor();
    await screenshot(page, 'payments-closed');
    await page.getByRole('button', { name: 'Rouvrir 92,61 €' }).click();

    await page.getByRole('link', { name: 'Affecter 92,61 €' }).click();
    await page.getByText('À quelle facture l’affecter ?').waitFor();
    await page.getByText('Une autre facture').click();
    await page.getByLabel('Numéro de facture').fill(OVEN);
    await page.getByRole('button', { name: 'Affecter', exact: true }).click();
    // The old number leads to the new invoice, which is paid: said so, and the payment still waits.
    await page.getByText(`${ref} est déjà payée en entier`).waitFor();
    await screenshot(page, 'payment-refused');
    const choice = page.locator('.im-target').first();
    const chosen = plainText(await choice.innerText()).split(' ')[0] ?? '';
    await choice.click();
    await page.getByRole('button', { name: 'Affecter 92,61 €' }).click();
    await page.getByText('Aucun paiement à affecter').waitFor();
    const [row] = (await crm
      .knex('crm_payments')
      .where({ invoice_id: await crm.idOf(chosen), amount: 92.61 })) as Row[];
    expect(row).toMatchObject({ remark: `Reçu pour ${OVEN}` });
    // The statuses of refusals, and of the icon that a page without the host's frame has not.
    expect(browser.complaints.filter((one) => !one.startsWith('Failed to load resource'))).toEqual([]);
  });
});

test.each([
  ['fr', 'light', 1280],
  ['en', 'dark', 360],
] as const)('the pages after a merge, in %s, %s, %i px, stay inside the window', async (lang, colorScheme, width) => {
  const crm = await serveCrm('sqlite');
  try {
    const viewport = { width, height: 900 };
    const page = await crm.open(browser, `/invoices/${crm.draft}`, { as: 'books', lang, colorScheme, viewport });
    await page.getByRole('button', { name: /^(Émettre|Issue)$/ }).click();
    const load = async (id: string) =>
      (await (await page.request.get(`${crm.url}/api/invoices/${id}`)).json()) as { id: string; version: string };
    const target = await load(crm.draft);
    const sources = [await load(await crm.idOf(OVEN)), await load(await crm.idOf(BAGS))];
    const merged = await page.request.post(`${crm.url}/invoice-merge/api/merges`, {
      headers: { origin: crm.url },
      data: {
        targetId: target.id,
        sources: sources.map(({ id, version }) => ({ id, version })),
        settlement: { issued: 'cancel', draft: 'cancel' },
        key: 'journey-after',
      },
    });
    expect(merged.status()).toBe(201);
    await crm.knex('im_received_payments').insert({
      request_key: 'look',
      meant_for: sources[0]?.id,
      meant_number: OVEN,
      target_id: target.id,
      customer_id: 1,
      currency: 'EUR',
      amount_minor: 60480,
      recorded_minor: 0,
      waiting_minor: 60480,
      waits_because: 'paid',
      paid_on: '2026-11-20',
      method_id: '2',
      reference: 'VIR SEPA RECU DE BOULANGERIE MARTIN REF FA-2026-00031 E2E 4711-0815',
      host_columns: '{}',
      received_at: '2026-11-21T10:00:00.000Z',
      version: 0,
    });
    for (const [what, path] of [
      ['message', `/invoices/${target.id}?again=1#im-tell`],
      ['payments', '/invoice-merge/payments-to-allocate'],
      ['payment', '/invoice-merge/payments-to-allocate/1'],
    ] as const) {
      await page.goto(crm.url + path);
      await page.locator('[data-im="after"], [data-im="page"]').first().waitFor();
      await screenshot(page, `after-${what}-${lang}-${width}`);
      expect([what, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)]).toEqual([
        what,
        true,
      ]);
    }
  } finally {
    await crm.close();
  }
});
