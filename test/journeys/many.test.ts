/// <reference lib="dom" />
import { launch, type TestBrowser } from '../support/browser';
import { eachDatabase } from '../support/databases';
import { added, BAGS, eventually, OVEN, plainText, row, save, serveCrm, texts, type Crm } from './crm';

const MORE = 42;
const numberOf = (index: number): string => `FA-2025-${String(index).padStart(5, '0')}`;

let browser: TestBrowser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

describe.each(eachDatabase)('a customer with dozens of open invoices, on %s', (name) => {
  let crm: Crm;
  beforeEach(async () => {
    crm = await serveCrm(name);
    await addInvoices(MORE);
  });
  afterEach(async () => {
    await crm.close();
    expect(browser.complaints.splice(0)).toEqual([]);
  });

  /** Copies of the bags' invoice, older than all others. */
  async function addInvoices(count: number): Promise<void> {
    const id = await crm.idOf(BAGS);
    const invoice = await crm.invoice(id);
    const lines = (await crm.knex('crm_invoice_lines').where({ invoice_id: id })) as Record<string, unknown>[];
    for (let index = 1; index <= count; index += 1) {
      await crm
        .knex('crm_invoices')
        .insert({ ...invoice, id: undefined, ref: numberOf(index), issued_on: '2026-01-05' });
      const copy = await crm.idOf(numberOf(index));
      await crm
        .knex('crm_invoice_lines')
        .insert(lines.map((line) => ({ ...line, id: undefined, invoice_id: copy, label: `Sacs ${numberOf(index)}` })));
    }
  }

  it('is searched, ticked on three pages and reloaded, and all that was ticked is merged', async () => {
    const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
    expect(plainText(await page.locator('#im-title').innerText())).toBe(
      '45 factures de Boulangerie Martin peuvent être fusionnées ici',
    );
    const tick = async (number: string): Promise<void> => {
      await row(page, number).locator('.im-number').click();
      await page.locator('[data-im="source"]', { hasText: number }).waitFor();
    };
    await tick(numberOf(3));
    await page.getByRole('button', { name: 'Suivantes' }).click();
    await row(page, numberOf(25)).waitFor();
    await tick(numberOf(25));
    await page.getByRole('searchbox').fill('604,80');
    await row(page, OVEN).waitFor();
    await tick(OVEN);
    await page.getByRole('searchbox').fill('sacs kraft');
    await row(page, BAGS).waitFor();
    await tick(BAGS);
    await added(page);
    await page.reload();
    await added(page);
    expect(plainText(await page.locator('[data-im="count"]').innerText())).toBe(
      '4 sélectionnées · + 1 296,00 €, dont 3 hors de cette page',
    );
    await page.getByRole('button', { name: `Retirer la facture ${BAGS}` }).click();
    await added(page);
    await save(page);
    expect(new URL(page.url()).pathname).toBe(`/invoices/${crm.draft}`);
    for (const number of [numberOf(3), numberOf(25), OVEN])
      expect(await crm.invoice(await crm.idOf(number))).toMatchObject({ state: 'void' });
    expect(await crm.invoice(await crm.idOf(BAGS))).not.toMatchObject({ state: 'void' });
    expect(Number((await crm.invoice(crm.draft))?.grand_total)).toBe(1337.79);
  });

  it('has all of them merged by one click, each with its lines', async () => {
    const page = await crm.open(browser, `/invoices/${crm.draft}/edit`);
    await page.getByRole('checkbox', { name: 'Tout sélectionner (45' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.lines > [data-im="source"]').length === 45);
    await added(page);
    expect((await texts(page, '[data-im="count"]'))[0]).toBe(
      '45 sélectionnées · + 10 608,00 €, dont 25 hors de cette page',
    );
    await save(page);
    expect(new URL(page.url()).pathname).toBe(`/invoices/${crm.draft}`);
    await eventually(async () =>
      expect(await crm.knex('crm_invoices').where({ state: 'void' }).where('ref', 'like', 'FA-2025-%')).toHaveLength(
        MORE,
      ),
    );
    expect(await crm.lines(crm.draft)).toHaveLength(1 + 45);
  });
});
