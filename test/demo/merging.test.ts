import { load } from 'cheerio';
import { eachDatabase } from '../support/databases';
import { startDemo, type RunningDemo } from './support';

const NNBSP = '\u202f';
const NBSP = '\u00a0';

/** The form's fields as a browser without JavaScript would post them. */
function fieldsOf(html: string): [string, string][] {
  const $ = load(html);
  return $('#invoice, noscript')
    .find('input, select, textarea')
    .add('[form="invoice"]')
    .toArray()
    .flatMap((element): [string, string][] => {
      const field = $(element);
      const name = field.attr('name');
      const kind = field.attr('type');
      if (!name || field.closest('template').length > 0 || field.is('button')) return [];
      if ((kind === 'checkbox' || kind === 'radio') && !field.is('[checked]')) return [];
      if (field.is('[disabled]')) return [];
      const value = field.is('select')
        ? (field.find('option[selected]').attr('value') ?? field.find('option[selected]').text())
        : field.val();
      return [[name, typeof value === 'string' ? value : '']];
    });
}

const encoded = (fields: [string, string][]): string => new URLSearchParams(fields).toString();

describe.each(eachDatabase)('merging in the demo CRM on %s', (name) => {
  let demo: RunningDemo;
  let target: string;
  beforeAll(async () => {
    demo = await startDemo(name);
    const draft = await demo
      .knex('crm_invoices')
      .where({ state: 'draft', client_id: 1, due_on: '2026-12-21' })
      .first<{ id: number }>('id');
    target = String(draft.id);
  });
  afterAll(() => demo.stop());

  it('offers the customer’s other open invoices on the edit page', async () => {
    const sales = await demo.as('sales');
    const page = await sales.get(`/invoices/${target}/edit`).expect(200);
    expect(page.text).toContain('FA-2026-00031');
    expect(page.text).toContain(`604,80${NBSP}€`);
    expect(page.text).toContain('FA-2026-00038');
  });

  it('merges two ticked invoices without JavaScript: cancelled, named, gone from report and reminders, links moved', async () => {
    const sales = await demo.as('sales');
    const [first, second] = [await demo.idOf('FA-2026-00031'), await demo.idOf('FA-2026-00038')];
    expect((await sales.get('/reminders')).text).toContain('FA-2026-00031');
    const page = await sales.get(`/invoices/${target}/edit`);
    const $ = load(page.text);
    const ticks = $('input[type=checkbox][name=invoiceMergeSource]')
      .toArray()
      .map((box) => String($(box).val()))
      .filter((value) => value.startsWith(`${first}~`) || value.startsWith(`${second}~`));
    expect(ticks).toHaveLength(2);
    const fields = fieldsOf(page.text);
    for (const tick of ticks) fields.push(['invoiceMergeSource', tick]);
    const saved = await sales.post(`/invoices/${target}`).type('form').send(encoded(fields));
    expect([saved.status, saved.headers.location]).toEqual([303, `/invoices/${target}`]);

    const sources = await demo.knex('crm_invoices').whereIn('id', [first, second]).pluck('state');
    expect(sources).toEqual(['void', 'void']);
    const preview = await sales.get(`/invoices/${target}`);
    expect(preview.text).toContain(`1${NNBSP}107,39${NBSP}€`);
    const said = (html: string) => load(html)('.im-done > p').text().replace(/\s+/g, ' ').trim();
    expect(said(preview.text)).toMatch(/^2 factures fusionnées dans le brouillon du [\d/]+ · 1 107,39 €$/);
    // It stays until it is dismissed, and that leads back to the page.
    const again = load((await sales.get(`/invoices/${target}`)).text)('.im-done form');
    const dismissed = await sales
      .post(again.attr('action') ?? '')
      .type('form')
      .send({ back: again.find('[name="back"]').attr('value') });
    expect([dismissed.status, dismissed.headers.location]).toEqual([303, `/invoices/${target}`]);
    expect(said((await sales.get(`/invoices/${target}`)).text)).toBe('');
    expect(preview.text).toContain('FA-2026-00031');
    expect((await sales.get('/reminders')).text.split('<h2>Pas relancées')[0]).not.toContain('FA-2026-00031');
    const moved = await demo.knex('crm_expenses').where({ invoice_id: target }).whereNotNull('line_id');
    expect(moved).toHaveLength(2);
    const tags = await demo.knex('crm_invoice_tags').where({ invoice_id: target });
    expect(tags).toHaveLength(3);
  });

  it('refuses a payment on a merged invoice and names the one that the money belongs to', async () => {
    const sales = await demo.as('sales');
    const source = await demo.idOf('FA-2026-00031');
    await sales.post(`/invoices/${target}/issue`).expect(303);
    const { ref } = await demo.knex('crm_invoices').where({ id: target }).first<{ ref: string }>('ref');
    expect(ref).toBe('FA-2026-00053');
    const page = await sales
      .post(`/invoices/${source}/payments`)
      .type('form')
      .send({ amount: '604,80', methodId: '3' });
    expect(page.status).toBe(409);
    expect(load(page.text)('[role=alert]').text()).toContain(ref);
    const api = await sales.post(`/api/invoices/${source}/payments`).send({ amount: '604.80' });
    expect(api.status).toBe(409);
    expect(api.body).toMatchObject({ error: { code: 'merged_elsewhere', vars: { number: ref, invoiceId: target } } });
    expect(await demo.knex('crm_payments').where({ invoice_id: source })).toEqual([]);
  });

  it.each(['reopen', 'delete'])('T49 refuses to %s a merged invoice and names its successor', async (act) => {
    const books = await demo.as('books');
    const source = await demo.idOf('FA-2026-00031');
    const page = await books.post(`/invoices/${source}/${act}`);
    expect(page.status).toBe(409);
    expect(load(page.text)('[role=alert]').text()).toContain('FA-2026-00053');
    expect(await demo.idOf('FA-2026-00031')).toBe(source);
  });

  it('refuses to save a merged invoice by the API and names its successor', async () => {
    const sales = await demo.as('sales');
    const source = await demo.idOf('FA-2026-00031');
    const answer = await sales.put(`/api/invoices/${source}`).send({ customerId: '1', lines: [] });
    expect(answer.status).toBe(409);
    expect((answer.body as { error: { message: string } }).error.message).toContain('FA-2026-00053');
  });

  it('counts a merged invoice once in the revenue: in the one that replaces it', async () => {
    const sales = await demo.as('sales');
    const $ = load((await sales.get('/reports/revenue?year=2026')).text);
    const counted = await demo.knex('crm_invoices').whereNotIn('state', ['draft', 'void']).where({ currency: 'EUR' });
    expect($('tfoot td').first().text()).toBe(String(counted.length));
  });

  it('keeps the lines and their source when the merged invoice is edited again', async () => {
    const sales = await demo.as('sales');
    const linesNow = () =>
      demo.knex('crm_invoice_lines').where({ invoice_id: target }).orderBy('sort').select<Record<string, unknown>[]>();
    const before = await linesNow();
    const fields = fieldsOf((await sales.get(`/invoices/${target}/edit`)).text).map(
      ([field, value]): [string, string] =>
        field === 'lines[0][description]' ? [field, 'Farine T65 bio, 25 kg'] : [field, value],
    );
    await sales.post(`/invoices/${target}`).type('form').send(encoded(fields)).expect(303);
    const after = await linesNow();
    expect(after).toEqual(
      before.map((line, index) => (index === 0 ? { ...line, label: 'Farine T65 bio, 25 kg' } : line)),
    );
  });

  it('refuses a form that is older than the invoice and gives back what was typed', async () => {
    const sales = await demo.as('sales');
    const id = await demo.idOf('FA-2026-00043');
    const opened = fieldsOf((await sales.get(`/invoices/${id}/edit`)).text);
    const typed = (text: string) =>
      encoded(opened.map(([field, value]) => [field, field === 'lines[0][description]' ? text : value]));
    await sales
      .put(`/api/invoices/${id}`)
      .send({ customerId: '2', lines: [{ description: 'API', unitPrice: '7' }] })
      .expect(200);
    const refused = await sales.post(`/invoices/${id}`).type('form').send(typed('Ma saisie'));
    expect(refused.status).toBe(409);
    expect(load(refused.text)('input[name="lines[0][description]"]').val()).toBe('Ma saisie');
    expect(await demo.knex('crm_invoice_lines').where({ invoice_id: id }).pluck('label')).toEqual(['API']);
  });

  it('makes one invoice of a save that was clicked twice', async () => {
    const sales = await demo.as('sales');
    const fields = fieldsOf((await sales.get('/invoices/new?customerId=3')).text).map(
      ([field, value]): [string, string] => {
        if (field === 'lines[0][description]') return [field, 'Vidange'];
        return field === 'lines[0][unitPrice]' ? [field, '80'] : [field, value];
      },
    );
    const send = () => sales.post('/invoices').type('form').send(encoded(fields));
    const [first, second] = [await send(), await send()];
    expect([first.status, second.headers.location]).toEqual([303, first.headers.location]);
    expect(await demo.knex('crm_invoice_lines').where({ label: 'Vidange' })).toHaveLength(1);
  });
});
