import { load, type CheerioAPI } from 'cheerio';
import request from 'supertest';
import type TestAgent from 'supertest/lib/agent';
import { eachDatabase } from '../support/databases';
import { mergeRequest, type DemoInvoice } from './demo-client';
import { startDemo, type RunningDemo } from './support';

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

describe.each(eachDatabase)('what a customer of the demo CRM sees of his invoices, on %s', (name) => {
  let demo: RunningDemo;
  let books: TestAgent;
  /** Nobody is signed in. */
  let customer: TestAgent;
  /** Boulangerie Martin's: late, open, and the draft that both are merged into. */
  let oven: string;
  let bags: string;
  let target: string;
  let links: Record<'oven' | 'bags', string>;
  /** Opened before the merge, confirmed after it. */
  let inFlight: string;

  const linkOf = async (id: string): Promise<string> =>
    String(load((await books.get(`/invoices/${id}`)).text)('a[href^="/p/"]').attr('href'));
  const see = async (path: string): Promise<CheerioAPI> => load((await customer.get(path).expect(200)).text);
  const payFields = ($: CheerioAPI) => ({
    invoice: String($('input[name=invoice]').val()),
    amount: String($('input[name=amount]').val()),
  });
  const paid = (id: string) => demo.knex('crm_payments').where({ invoice_id: id }).pluck('amount');
  const read = async (id: string) => (await books.get(`/api/invoices/${id}`)).body as DemoInvoice;

  beforeAll(async () => {
    demo = await startDemo(name);
    books = await demo.as('books');
    customer = request.agent(demo.app).set('Origin', 'http://crm.test').set('Host', 'crm.test');
    [oven, bags] = [await demo.idOf('FA-2026-00031'), await demo.idOf('FA-2026-00038')];
    links = { oven: await linkOf(oven), bags: await linkOf(bags) };
    const draft = await demo
      .knex('crm_invoices')
      .where({ state: 'draft', due_on: '2026-12-21' })
      .first<{ id: number }>();
    target = String(draft.id);
  });
  afterAll(() => demo.stop());

  it('is one invoice, with what French law wants on it, and nothing without the link', async () => {
    const text = plain((await see(links.oven))('main').text());
    for (const words of [
      'FA-2026-00031',
      'SIRET 829 140 375 00017',
      'SIREN 410 223 341',
      'TVA intracommunautaire FR92410223341',
      'Échéance12/09/2026',
      'livré ou exécuté le',
      'trois fois l’intérêt légal',
      'indemnité forfaitaire pour frais de recouvrement de 40 €',
      'pas d’escompte',
      'RCS Nantes',
    ])
      expect(text).toContain(words);
    const $ = await see(links.oven);
    const vat = $('.vat tbody tr')
      .toArray()
      .map((row) =>
        $(row)
          .find('th, td')
          .toArray()
          .map((cell) => plain($(cell).text())),
      );
    expect(vat).toEqual([['20 %', '504,00 €', '100,80 €']]);
    expect((await customer.get('/invoices/31')).status).toBe(303);
    const forged = links.oven.replace(/^\/p\/\d+/, `/p/${bags}`);
    expect((await customer.get(forged)).status).toBe(404);
    expect((await customer.get('/p/31')).status).toBe(404);
  });

  it('is printed as a sheet of its own, for the customer and for staff', async () => {
    const sheet = await see(`${links.oven}/print`);
    expect(plain(sheet('.document').text())).toContain('FA-2026-00031');
    expect(sheet('nav, .pay-box')).toHaveLength(0);
    const draft = load((await books.get(`/invoices/${target}/print`).expect(200)).text);
    expect(plain(draft('.stamp').text())).toBe('Brouillon : ce n’est pas une facture');
  });

  it('is paid at the bank, once, and not when the payer gives up', async () => {
    const link = await linkOf(await demo.idOf('FA-2026-00047'));
    const fields = payFields(await see(link));
    const left = await customer.post(`${link}/pay`).type('form').send(fields).expect(303);
    await customer.post(String(left.headers.location)).type('form').send({ answer: 'leave' }).expect(303);
    expect(await paid(fields.invoice)).toEqual([]);
    const { headers } = await customer.post(`${link}/pay`).type('form').send(fields).expect(303);
    const bank = String(headers.location);
    expect(plain((await see(bank))('main').text())).toContain('Atelier Loire Services');
    for (let times = 0; times < 2; times += 1)
      await customer.post(bank).type('form').send({ answer: 'pay' }).expect(303);
    expect(await paid(fields.invoice)).toHaveLength(1);
    expect((await read(fields.invoice)).status).toBe('paid');
    const $ = await see(`${link}?order=${bank.split('/').pop()}`);
    expect(plain($('[role=status]').text())).toMatch(
      /^Votre paiement de 179,28 € est reçu et porté sur la facture FA-2026-00047/,
    );
    expect($('input[name=amount]')).toHaveLength(0);
  });

  describe('after a merge', () => {
    let shownBefore: { invoice: string; amount: string };
    beforeAll(async () => {
      shownBefore = payFields(await see(links.oven));
      const opened = await customer
        .post(`${links.bags}/pay`)
        .type('form')
        .send(payFields(await see(links.bags)));
      inFlight = String(opened.headers.location);
      const [into, first, second] = [await read(target), await read(oven), await read(bags)];
      const settlement = { issued: 'delete', draft: 'cancel' };
      await books
        .post('/invoice-merge/api/merges')
        .send(mergeRequest(into, [first, second], { settlement }))
        .expect(201);
    });

    it('says that the new invoice is being prepared while that is a draft, and shows nothing of it', async () => {
      const text = plain((await see(links.oven))('main').text());
      expect(text).toContain('La facture FA-2026-00031 est regroupée avec d’autres');
      expect(text).not.toContain('Farine');
      expect((await customer.post(`${links.oven}/pay`).type('form').send(shownBefore)).status).toBe(409);
      await books.post(`/invoices/${target}/issue`).expect(303);
    });

    it('B9 leads from the old link to the new invoice, which names what it replaces, source by source', async () => {
      const $ = await see(links.oven);
      expect(plain($('h1').text())).toContain('FA-2026-00053');
      expect(plain($('.told').text())).toContain(
        'La facture FA-2026-00031 a été remplacée par la facture FA-2026-00053',
      );
      expect(plain($('.replaces').text())).toBe(
        'Cette facture remplace les factures FA-2026-00031 du 13/08/2026 (604,80 €) et FA-2026-00038 du 31/10/2026 (230,40 €).',
      );
      const groups = $('.document > table tbody')
        .toArray()
        .map((group) =>
          $(group)
            .find('.source, .lead b, .lead:not(:has(b))')
            .toArray()
            .map((one) => plain($(one).text())),
        );
      expect(groups).toEqual([
        ['Farine T65, 25 kg'],
        ['De la facture FA-2026-00031 du 13/08/2026', 'Entretien du four, août'],
        ['De la facture FA-2026-00038 du 31/10/2026', 'Sacs kraft, lot de 500'],
        [expect.stringMatching(/^Remise de la facture FA-2026-00031/)],
      ]);
      expect(plain($('.document').text())).toContain('livré ou exécuté le 11/08/2026');
    });

    it('T53 takes no payment for the old one from a page that was open before', async () => {
      const refused = await customer.post(`${links.oven}/pay`).type('form').send(shownBefore);
      expect(refused.status).toBe(409);
      expect(plain(load(refused.text)('[role=alert]').text())).toBe(
        'La facture affichée a été remplacée par la facture FA-2026-00053, que voici. Rien n’a été débité.',
      );
      expect(await demo.knex('crm_bank_orders').where({ order_no: oven })).toEqual([]);
    });

    it('B8 T53 books money that was on its way for the old one on the new', async () => {
      await customer.post(inFlight).type('form').send({ answer: 'pay' }).expect(303);
      expect((await paid(target)).map(Number)).toEqual([230.4]);
      expect((await read(target)).payments).toMatchObject({ sum: '230.40' });
      const $ = await see(links.bags);
      expect($('input[name=amount]').val()).toBe('876.99');
    });
  });

  it('B9 says that it annuls what was cancelled after the customer had it, and only that', async () => {
    const bill = (description: string) => ({
      ...{ customerId: '2', issueDate: '2026-11-02', dueDate: '2026-12-02' },
      lines: [{ description, quantity: '1', unitPrice: '10.00', taxes: [{ category: 'S', rate: '20' }] }],
    });
    const make = async (what: string) =>
      (await books.post('/api/invoices').send(bill(what)).expect(201)).body as DemoInvoice;
    const [into, sent, kept] = [await make('New'), await make('Sent'), await make('Kept')];
    await demo.knex('crm_invoices').where({ id: sent.id }).update({ sent_on: '2026-11-03' });
    const settlement = { issued: 'cancel', draft: 'cancel' };
    await books
      .post('/invoice-merge/api/merges')
      .send(mergeRequest(into, [await read(sent.id), kept], { settlement }))
      .expect(201);
    const $ = load((await books.get(`/invoices/${into.id}/print`).expect(200)).text);
    expect(
      $('.replaces')
        .toArray()
        .map((one) => plain($(one).text())),
    ).toEqual([
      `Cette facture annule et remplace la facture ${sent.number} du 02/11/2026 (12,00 €).`,
      `Elle remplace aussi la facture ${kept.number} du 02/11/2026 (12,00 €).`,
    ]);
  });
});
