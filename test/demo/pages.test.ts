import { load } from 'cheerio';
import request from 'supertest';
import { eachDatabase } from '../support/databases';
import { startDemo, type RunningDemo } from './support';

const NBSP = '\u00a0';

describe.each(eachDatabase)('the demo CRM’s pages on %s', (name) => {
  let demo: RunningDemo;
  beforeAll(async () => {
    demo = await startDemo(name);
  });
  afterAll(() => demo.stop());

  it('leads who is not signed in to the sign-in page and back', async () => {
    const answer = await request(demo.app).get('/customers/1').set('Accept', 'text/html');
    expect(answer.headers.location).toBe('/login?to=%2Fcustomers%2F1');
    for (const path of ['/api/customers', '/invoice-merge/api/series'])
      for (const accept of ['*/*', 'text/html'])
        expect((await request(demo.app).get(path).set('Accept', accept)).status).toBe(401);
  });

  it('refuses a write that comes from another site', async () => {
    const sales = await demo.as('sales');
    const answer = await sales.post('/api/customers').set('Origin', 'http://elsewhere.test').send({ name: 'Nobody' });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: { code: 'cross_site' } });
    const toPlugin = await sales.post('/invoice-merge/api/merges').set('Origin', 'http://elsewhere.test').send({});
    expect([toPlugin.status, toPlugin.body]).toMatchObject([403, { error: { code: 'cross_site' } }]);
  });

  it('finds invoices by number and by customer, and narrows them by state', async () => {
    const sales = await demo.as('sales');
    const rowsOf = async (query: string) => load((await sales.get(`/invoices?${query}`)).text)('tbody tr').length;
    expect(await rowsOf('q=00031')).toBe(1);
    expect(await rowsOf('q=boulangerie&state=late')).toBe(2);
    expect(await rowsOf('q=100%25')).toBe(0);
    expect(await rowsOf('page=3')).toBe(20);
  });

  it.each([
    '/customers',
    '/customers/1',
    '/estimates',
    '/estimates/1',
    '/expenses',
    '/reports/revenue',
    '/reports/aged',
    '/reminders',
    '/invoices/new',
    '/invoices/31',
    '/invoices/31/print',
  ])('shows %s in both languages without a missing word', async (path) => {
    const sales = await demo.as('sales');
    const french = await sales.get(path).expect(200);
    await sales.post('/language').type('form').send({ lang: 'en', to: path }).expect(303);
    const english = await sales.get(path).expect(200);
    expect(load(french.text)('html').attr('lang')).toBe('fr');
    expect(load(english.text)('html').attr('lang')).toBe('en');
    for (const page of [french, english])
      expect(load(page.text)('body').text()).not.toMatch(
        /\b(nav|fields|invoices?|totals|form|state|reminders|customers|estimates|papers|revenue|aged|document|public)\.[a-z_]+/,
      );
  });

  it('adds the form up as the save will, with the merged rows outside the percentage discount', async () => {
    const sales = await demo.as('sales');
    const form = {
      currency: 'EUR',
      discountValue: '10',
      'lines[0][description]': 'Farine',
      'lines[0][quantity]': '12',
      'lines[0][unitPrice]': '21,50',
      'lines[0][taxRate]': '5,5',
      'lines[1][key]': '31.53',
      'lines[1][description]': 'Entretien',
      'lines[1][quantity]': '1',
      'lines[1][unitPrice]': '560',
      'lines[1][taxRate]': '20',
    };
    const answer = await sales.post('/invoices/totals').set('Accept', 'application/json').type('form').send(form);
    const body = answer.body as { total: string; own: { total: string }; lines: Record<string, string> };
    // 258.00 less 25.80, and 5.5 % of it; 560.00 and 20 % of it
    expect(body.own.total).toBe('244.97');
    expect(body.total).toBe('916.97');
    expect(body.lines).toEqual({ 0: `258,00${NBSP}€`, 1: `560,00${NBSP}€` });
  });

  it('gives a refused form back as it was typed, with what is wrong at the top and at the button', async () => {
    const sales = await demo.as('sales');
    const answer = await sales.post('/invoices').type('form').send({
      customerId: '2',
      currency: 'EUR',
      issueDate: '2026-11-21',
      'lines[0][description]': 'Linge',
      'lines[0][unitPrice]': 'douze',
    });
    expect(answer.status).toBe(400);
    const $ = load(answer.text);
    expect($('input[name="lines[0][unitPrice]"]').val()).toBe('douze');
    expect($('[aria-invalid=true]').attr('name')).toBe('lines[0][unitPrice]');
    expect($('select[name=customerId]').val()).toBe('2');
    expect($('.refusal').text()).toContain('Ligne 1');
  });

  it('books a part payment, then the rest, and says so', async () => {
    const sales = await demo.as('sales');
    const id = await demo.idOf('FA-2026-00048');
    const stateNow = async () =>
      (await demo.knex('crm_invoices').where({ id }).first<{ state: string }>('state')).state;
    await sales.post(`/invoices/${id}/payments`).type('form').send({ amount: '91,84', methodId: '2' }).expect(303);
    expect(await stateNow()).toBe('part');
    await sales.post(`/invoices/${id}/payments`).type('form').send({ amount: '200,00', methodId: '2' }).expect(303);
    expect(await stateNow()).toBe('settled');
    expect((await sales.get(`/invoices/${id}`)).text).toContain('Paiement enregistré sur FA-2026-00048');
  });

  it('cancels, reinstates and deletes an invoice', async () => {
    const sales = await demo.as('sales');
    const id = await demo.idOf('FA-2026-00052');
    const stateNow = async () =>
      (await demo.knex('crm_invoices').where({ id }).first<{ state: string } | undefined>('state'))?.state;
    await sales.post(`/invoices/${id}/cancel`).expect(303);
    expect(await stateNow()).toBe('void');
    await sales.post(`/invoices/${id}/reopen`).expect(303);
    expect(await stateNow()).toBe('open');
    await sales.post(`/invoices/${id}/delete`).expect(303);
    expect(await stateNow()).toBeUndefined();
    expect(await demo.knex('crm_invoice_lines').where({ invoice_id: id })).toEqual([]);
  });

  it('logs each due reminder once, and raises its level', async () => {
    const sales = await demo.as('sales');
    const before = await demo.knex('crm_invoices').where({ ref: 'FA-2026-00036' }).first<{ dunning_level: number }>();
    await sales.post('/reminders').expect(303);
    const after = await demo.knex('crm_invoices').where({ ref: 'FA-2026-00036' }).first<{ dunning_level: number }>();
    expect([before.dunning_level, after.dunning_level]).toEqual([0, 1]);
    const logged = await demo.knex('crm_reminder_log');
    await sales.post('/reminders').expect(303);
    expect(await demo.knex('crm_reminder_log')).toHaveLength(logged.length);
  });
});
