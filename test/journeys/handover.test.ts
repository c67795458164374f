/// <reference lib="dom" />
/** Handing sales over, as admins, sales staff and bookkeepers do it in the demo. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { answer, hangUp, openReceiver, type Receiver } from '../handover/receiver';
import { launch, screenshot, type TestBrowser } from '../support/browser';
import { plainText, serveCrm, TODAY, type Crm } from './crm';

// On SQLite alone: what the two databases differ in is asked in test/handover.
describe('hand-overs in Chromium, on sqlite', () => {
  let crm: Crm;
  let browser: TestBrowser;
  let pms: Receiver;
  let connection: string;
  beforeAll(async () => {
    [crm, browser] = [await serveCrm('sqlite'), await launch()];
    pms = await openReceiver(() => new Date(`${TODAY}T10:00:00Z`));
  });
  afterAll(async () => {
    await Promise.all([browser.close(), pms.close()]);
    await crm.close();
  });
  beforeEach(() => void (pms.received.length = 0));

  const said = async (page: Page): Promise<string> => plainText(await page.locator('main').innerText());
  const press = async (page: Page, name: string | RegExp): Promise<void> => {
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name }).click()]);
  };

  /** Rings up two of the first article and comes to the payment page. */
  async function ringUp(page: Page): Promise<void> {
    await page.goto(`${crm.url}/till`);
    await page.locator('.articles input').first().fill('2');
    await Promise.all([page.waitForEvent('load'), page.locator('.till button.main').click()]);
  }

  async function payBy(page: Page, method: string, reference?: string): Promise<void> {
    await press(page, new RegExp(`^${method}`));
    if (reference !== undefined) await page.locator('input[name="reference"]').fill(reference);
    await Promise.all([page.waitForEvent('load'), page.locator('button[name="confirm"]').click()]);
  }

  it('an admin adds a connection, is shown its secret this once, and tries it', async () => {
    const page = await crm.open(browser, '/invoice-merge/connections', { as: 'admin' });
    await screenshot(page, 'connections-empty');
    await page.getByRole('link', { name: 'Ajouter une adresse' }).click();
    await page.getByLabel('Nom', { exact: true }).fill('PMS de l’hôtel');
    await page.getByLabel('Adresse', { exact: true }).fill('http://192.168.1.9/ventes');
    await page.getByLabel('En-tête 1').fill('X-Hotel');
    await page.getByLabel('Valeur 1').fill('clé-secrète');
    await press(page, 'Créer la connexion');
    expect(plainText(await page.locator('[role="alert"]').innerText())).toContain('L’adresse doit commencer par https');
    await screenshot(page, 'connection-refused');
    await page.getByLabel('Adresse', { exact: true }).fill(pms.url);
    await page.getByLabel('Valeur 1').fill('abc');
    await press(page, 'Créer la connexion');
    pms.secret = await page.locator('.im-secret').inputValue();
    expect(pms.secret).toMatch(/^whsec_/);
    await screenshot(page, 'connection-secret');
    await page.getByRole('link', { name: 'Je l’ai copié' }).click();
    await page.waitForURL(/connections\/\d+$/);
    connection = page.url().split('/').at(-1)!;
    await press(page, 'Essayer la connexion');
    expect(plainText(await page.locator('.im-tested').innerText())).toBe('La connexion fonctionne (réponse 200).');
    expect(pms.received).toMatchObject([{ type: 'external_billing.test', fault: null, headers: { 'x-hotel': 'abc' } }]);
    expect(await page.content()).not.toContain(pms.secret.slice(6));
    await screenshot(page, 'connection');
  });

  it('and makes Chambre an extended method of Direct sale', async () => {
    const page = await crm.open(browser, '/invoice-merge/payment-methods/new?kind=external_billing', { as: 'admin' });
    await page.locator('input[name="name"]').fill('Chambre');
    await page.locator('input[name="requiresReference"]').check();
    await page.locator('input[name="referenceLabel"]').fill('N° de chambre');
    await page.locator('input[name="extended"]').check();
    await page.locator('select[name="integrationId"]').selectOption({ label: 'PMS de l’hôtel' });
    await screenshot(page, 'method-extended');
    await press(page, /^Créer/);
    await page.goto(`${crm.url}/invoice-merge/order-modules`);
    await page
      .locator('main')
      .getByRole('link', { name: /Vente directe/ })
      .click();
    await page.waitForURL(/order-modules\/\d+/);
    await screenshot(page, 'module-for-extended');
    await page.locator('[data-im="open-add"]').click();
    await page.locator('.im-pick-method', { hasText: 'Chambre' }).click();
    await Promise.all([page.waitForEvent('load'), page.locator('#im-add button.im-main').click()]);
    expect(await said(page)).toContain('Chambre');
    await page.goto(`${crm.url}/invoice-merge/connections/${connection}`);
    expect(await said(page)).toContain('Utilisée par : Chambre.');
  });

  it('sales staff hand a sale over: it is no payment, no invoice and not in Sales history', async () => {
    const before = await crm.knex('crm_invoices').count({ n: '*' });
    const page = await crm.open(browser, '/till');
    await ringUp(page);
    await screenshot(page, 'checkout-with-extended');
    await payBy(page, 'Chambre', '0012');
    expect(await said(page)).toContain('R-1');
    await screenshot(page, 'handed-over');
    expect(pms.received).toMatchObject([
      { fault: null, data: { reference: '0012', module: { name: 'Vente directe' }, method: { name: 'Chambre' } } },
    ]);
    expect(await crm.knex('crm_invoices').count({ n: '*' })).toEqual(before);
    expect(await crm.knex('im_sale_payments')).toEqual([]);
    await page.goto(`${crm.url}/invoice-merge/sales`);
    expect(await said(page)).toMatch(/1 vente transmise à un autre système/);
  });

  it('a refused sale is back at payment with the reason, and is paid another way', async () => {
    pms.replies.push(answer(422, { reason: 'Chambre 99 inconnue' }));
    const page = await crm.open(browser, '/till');
    await ringUp(page);
    await payBy(page, 'Chambre', '99');
    expect(await said(page)).toContain('Chambre 99 inconnue');
    await screenshot(page, 'checkout-rejected');
    await press(page, /^Espèces/);
    await Promise.all([page.waitForEvent('load'), page.locator('button[name="confirm"]').click()]);
    expect(await crm.knex('im_sale_payments')).toHaveLength(1);
  });

  it('a sale that waits says so, offers no second way, and is resolved by Check now', async () => {
    pms.replies.push(hangUp);
    const page = await crm.open(browser, '/till');
    await ringUp(page);
    await payBy(page, 'Chambre', '14');
    expect(await said(page)).toContain('En attente de PMS de l’hôtel. Ne refaites pas la vente.');
    expect(await page.locator('.im-tile').count()).toBe(0);
    await screenshot(page, 'waiting');
    // Meanwhile a bookkeeper looks at the same sale, and sees it resolved without touching anything.
    const books = await crm.open(browser, '/invoice-merge/handovers?state=waiting', { as: 'books' });
    await screenshot(books, 'journal-waiting');
    await books.locator('.im-handed-row a').first().click();
    await books.waitForURL(/handovers\/\d+$/);
    expect(await said(books)).toContain('En attente de PMS de l’hôtel. Ne refaites pas la vente.');
    await screenshot(books, 'handover-waiting');
    await press(page, 'Vérifier maintenant');
    expect(await said(page)).toContain('R-1');
    await books.getByText('a accepté la vente').waitFor();
    expect(new Set(pms.received.map(({ id }) => id)).size).toBe(1);
  });

  it('a bookkeeper resends an accepted sale only once asked, and sees the later invoice number', async () => {
    const page = await crm.open(browser, '/invoice-merge/handovers', { as: 'books' });
    expect(await page.locator('.im-handed-row').count()).toBe(3);
    await screenshot(page, 'journal');
    await page.locator('.im-handed-row a').first().click();
    await page.locator('summary', { hasText: 'Envoyer de nouveau' }).click();
    await screenshot(page, 'handover-resend');
    await press(page, 'Envoyer de nouveau');
    expect(await said(page)).toContain('Le message est parti une fois de plus.');
    expect(pms.received).toHaveLength(1);
    const body = JSON.stringify({
      type: 'external_billing.invoice.issued',
      data: {
        ...{ handoverId: pms.received[0]!.id, invoiceNumber: 'H-2026-114', invoiceDate: TODAY },
        invoiceUrl: 'https://pms.example/invoices/114',
      },
    });
    const signed = pms.signed(body, new Date(`${TODAY}T10:00:00Z`));
    const told = await fetch(`${crm.url}/invoice-merge/callbacks/${connection}`, { method: 'POST', ...signed });
    expect([told.status, await told.json()]).toEqual([200, { result: 'recorded', replayed: false }]);
    await page.reload();
    const link = page.getByRole('link', { name: /H-2026-114/ });
    expect(await link.getAttribute('href')).toBe('https://pms.example/invoices/114');
    await screenshot(page, 'handover-invoiced');
  });

  it('what is unsure is settled by hand, with a name and a reason', async () => {
    pms.replies.push(answer(500));
    const till = await crm.open(browser, '/till');
    await ringUp(till);
    await payBy(till, 'Chambre', '7');
    const page = await crm.open(browser, '/invoice-merge/handovers', { as: 'books' });
    await page.locator('.im-handed-row a').first().click();
    await page.locator('summary', { hasText: 'Indiquer leur réponse' }).click();
    await page.getByLabel('PMS de l’hôtel a la vente').check();
    await page.getByLabel('Qui l’a dit, et quand').fill('Mme Petit, à 11 h');
    await screenshot(page, 'handover-settle');
    await press(page, 'Enregistrer leur réponse');
    expect(await said(page)).toContain('a bien la vente');
    expect(await said(page)).toContain('Mme Petit, à 11 h');
  });

  it('at 360 px in the dark nothing is cut off, and no page has a fault against WCAG 2.2 AA', async () => {
    const small = { viewport: { width: 360, height: 780 }, colorScheme: 'dark' as const };
    for (const [path, name] of [
      ['/invoice-merge/handovers', 'journal-360'],
      ['/invoice-merge/handovers/1', 'handover-360'],
      [`/invoice-merge/connections/${connection}`, 'connection-360'],
      ['/invoice-merge/connections', 'connections-360'],
    ] as const) {
      const page = await crm.open(browser, path, { as: 'admin', ...small });
      await screenshot(page, name);
      expect([name, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([name, 360]);
      const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
      const { violations } = await axe.analyze();
      expect([
        name,
        violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`)),
      ]).toEqual([...[name, []]]);
    }
    // A refused form is told by its status too.
    expect(browser.complaints.filter((one) => !one.includes('status of 4'))).toEqual([]);
  });
});
