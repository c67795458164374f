/** The credit note that this CRM itself makes of an invoice, and what its pages and reports say of credit notes. */
import { load } from 'cheerio';
import { eachDatabase } from '../support/databases';
import { startDemo, type RunningDemo } from './support';

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
/** 5 % off, of Hôtel des Tilleuls. */
const DISCOUNTED = 'FA-2026-00048';

describe.each(eachDatabase)('credit notes of the demo CRM on %s', (name) => {
  let demo: RunningDemo;
  beforeAll(async () => void (demo = await startDemo(name)));
  afterAll(() => demo.stop());

  it('settle an invoice to the cent: it keeps its number and its month, the credit note counts below zero on its own day', async () => {
    const sales = await demo.as('sales');
    const pageOf = async (path: string) => load((await sales.get(path).expect(200)).text);
    const id = await demo.idOf(DISCOUNTED);
    const csv = async () => (await sales.get('/reports/revenue.csv?year=2026').expect(200)).text.split('\r\n');
    const monthOf = (lines: string[], month: string) =>
      lines.find((line) => line.startsWith(`${month};EUR`))?.split(';');
    const aged = async () => plain((await pageOf('/reports/aged'))('tbody tr:contains("Tilleuls")').first().text());
    const before = await csv();
    expect(await aged()).toContain('1 105,44 €');

    await sales.post(`/invoices/${id}/credit`).expect(303);
    await sales.post(`/invoices/${id}/credit`).expect(409);
    const $ = await pageOf(`/invoices/${id}`);
    expect(plain($('h1').text())).toBe(`${DISCOUNTED} Soldée par avoir`);
    expect(plain($('.told').text())).toBe('Soldée par avoir AV-2026-00003 du 21/11/2026');
    expect($('form[action$="/payments"], form[action$="/cancel"], form[action$="/delete"]')).toHaveLength(0);
    const link = $('.told a').attr('href') ?? '';
    const note = await pageOf(link);
    // 80 pieces at 3.20 are 256.00, less 5 %.
    expect(plain(note('.lines-read').text())).toContain('Remise20 %−12,80 €');
    expect(plain(note('.totals .total').text())).toBe('TTC291,84 €');
    const paper = await pageOf(`${link}/print`);
    expect(plain(paper('.document').text())).toContain(`Avoir sur la facture ${DISCOUNTED} du`);
    const outside = load((await sales.get(note('.acts a').first().attr('href') ?? '').expect(200)).text);
    expect(plain(outside('.document .title').text())).toBe('AvoirAV-2026-00003');

    // The invoice stays in its month, the credit note takes the same off the month that it was made in.
    const after = await csv();
    expect(monthOf(before, '2026-11')?.slice(2, 5)).toEqual(['22', '0', '9625,4']);
    expect(monthOf(after, '2026-11')?.slice(2, 5)).toEqual(['22', '1', '9382,2']);
    expect(after.filter((line) => !line.startsWith('2026-11'))).toEqual(
      before.filter((line) => !line.startsWith('2026-11')),
    );
    expect(await aged()).toContain('813,60 €');
    expect(await demo.knex('crm_payments').where({ invoice_id: id })).toEqual([]);
    expect(plain((await pageOf('/invoices?q=AV-2026-00003'))('main').text())).toContain('AV-2026-00003');
    const bin = await sales.post(`/invoices/${id}/payments`).type('form').send({ amount: '10', methodId: '1' });
    expect(bin.status).toBe(409);
  });
});
