import { load } from 'cheerio';
import type TestAgent from 'supertest/lib/agent';
import { eachDatabase } from '../support/databases';
import { startDemo, type RunningDemo } from './support';

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

describe.each(eachDatabase)('estimates, reports and reminders of the demo CRM on %s', (name) => {
  let demo: RunningDemo;
  let sales: TestAgent;
  beforeAll(async () => {
    demo = await startDemo(name);
    sales = await demo.as('sales');
  });
  afterAll(() => demo.stop());
  const pageOf = async (path: string) => load((await sales.get(path).expect(200)).text);

  it('makes one draft of an estimate, however often it is asked for, and links both', async () => {
    const { id } = await demo
      .knex('crm_estimates')
      .where({ label: 'Révision de la chambre de pousse' })
      .first<{ id: number }>();
    expect(plain((await pageOf(`/estimates/${id}`))('.acts button').text())).toBe('Facturer ce devis');
    const [first, second] = await Promise.all([
      sales.post(`/estimates/${id}/invoice`),
      sales.post(`/estimates/${id}/invoice`),
    ]);
    expect([first.status, second.status]).toEqual([303, 303]);
    const { invoice_id: made } = await demo
      .knex('crm_estimates')
      .where({ id })
      .first<{ invoice_id: number }>('invoice_id');
    expect([first.headers.location, second.headers.location].sort()).toEqual([
      `/invoices/${made}`,
      `/invoices/${made}/edit`,
    ]);
    expect(await demo.knex('crm_invoice_lines').where({ label: 'Révision de la chambre de pousse' })).toHaveLength(1);
    const $ = await pageOf(`/invoices/${made}`);
    expect(plain($('.totals .total').text())).toContain('453,60 €');
    expect(plain($('aside').text())).toContain('DE-2026-018');
    expect((await pageOf(`/estimates/${id}`))('.acts a').attr('href')).toBe(`/invoices/${made}`);
  });

  it('ages what is owed by its due date, less what was paid, customer by customer', async () => {
    const $ = await pageOf('/reports/aged');
    const cells = (row: string) =>
      $(`section tbody tr:contains("${row}")`)
        .first()
        .find('td')
        .toArray()
        .map((cell) => plain($(cell).text()));
    // 31 is 70 days late, 38 not due, 27 was paid in part and is 99 days late.
    expect(cells('Boulangerie Martin')).toEqual(['230,40 €', '—', '—', '604,80 €', '138,91 €', '974,11 €']);
    await sales
      .post(`/invoices/${await demo.idOf('FA-2026-00027')}/payments`)
      .type('form')
      .send({ amount: '38,91', methodId: '2' });
    const again = await pageOf('/reports/aged');
    expect(plain(again('tbody tr:contains("Boulangerie Martin")').first().text())).toContain('100,00 €');
  });

  it('draws both reports with their figures in words, once for wide and once for narrow pages', async () => {
    const aged = await pageOf('/reports/aged');
    const summary = String(aged('svg[role=img]').first().attr('aria-label'));
    expect(plain(summary)).toMatch(/^Reste dû : [\d ]+,\d\d €, dont Non échu [\d ]+,\d\d €, 1 à 30 jours/);
    const revenue = await pageOf('/reports/revenue?year=2026');
    expect(
      revenue('section')
        .first()
        .find('svg[role=img]')
        .toArray()
        .map((svg) => revenue(svg).attr('class')),
    ).toEqual(['wide', 'narrow']);
    expect(revenue('section').first().find('svg.wide .part title').first().text()).toMatch(/^janvier 2026 · TVA 20/);
  });

  it('exports both for spreadsheets: numbers as numbers, a name that looks like a formula as text', async () => {
    await demo.knex('crm_clients').where({ id: 2 }).update({ company: '=HYPERLINK("http://x")' });
    const french = await sales.get('/reports/aged.csv').expect(200);
    expect(french.headers['content-disposition']).toContain('balance-agee-2026-11-21.csv');
    expect(french.text).toMatch(/^\ufeffClient;Devise;Non échu;/);
    expect(french.text).toContain(`"'=HYPERLINK(""http://x"")";EUR;1105,44;`);
    await sales.post('/language').type('form').send({ lang: 'en', to: '/' });
    const english = await sales.get('/reports/revenue.csv?year=2026').expect(200);
    expect(english.text.split('\r\n')[1]).toMatch(/^2026-01,EUR,4,0,2669\.2,/);
    await sales.post('/language').type('form').send({ lang: 'fr', to: '/' });
  });

  it('logs with each reminder what the customer would read, stops after the third and says why others get none', async () => {
    await demo.knex('crm_invoices').where({ ref: 'FA-2026-00032' }).update({ on_hold: true });
    await demo.knex('crm_invoices').where({ ref: 'FA-2026-00029' }).update({ dunning_level: 3 });
    await demo.knex('crm_clients').where({ company: 'Traiteur Bonnefoy' }).update({ email: null });
    await sales.post('/reminders').expect(303);
    const $ = await pageOf('/reminders');
    const entry = plain($('ul.log li:contains("FA-2026-00031")').first().text());
    expect(entry).toContain('Dernière relance avant mise en demeure : facture FA-2026-00031');
    expect(entry).toContain('échue le 12/09/2026, reste impayée : 604,80 €');
    const why = plain($('.skipped').text());
    expect(why).toMatch(/FA-2026-00032 [^]*?En litige : suspendue\./);
    expect(why).toMatch(/FA-2026-00029 [^]*?Trois relances sont déjà parties : à appeler\./);
    expect(plain($('ul.log li:contains("FA-2026-00019")').text())).toContain('relance 1 à adresse postale');
    expect(why).toMatch(/FA-2026-00031 [^]*?Relancée il y a moins de sept jours\./);
  });
});
