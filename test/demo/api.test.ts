import { eachDatabase } from '../support/databases';
import { startDemo, type RunningDemo } from './support';

interface InvoiceJson {
  id: string;
  number: string | null;
  lines: { id: string; description: string; unitPrice: string }[];
}
const invoiceOf = (answer: { body: unknown }) => answer.body as InvoiceJson;
const idOf = (answer: { body: unknown }) => (answer.body as { id: string }).id;
const errorOf = (answer: { body: unknown }) => (answer.body as { error: { code: string; vars: unknown } }).error;

const line = (description: string, unitPrice: string) => ({
  description,
  quantity: '2',
  unitPrice,
  taxes: [{ category: 'S', name: 'TVA', rate: '20' }],
});

describe.each(eachDatabase)('the demo CRM’s JSON API on %s', (name) => {
  let demo: RunningDemo;
  beforeAll(async () => {
    demo = await startDemo(name, 'empty');
  });
  afterAll(() => demo.stop());

  it('computes the totals of a new invoice and gives it a number, unless it is a draft', async () => {
    const sales = await demo.as('sales');
    const customer = await sales.post('/api/customers').send({ name: 'Épicerie Bleue' }).expect(201);
    const body = {
      customerId: idOf(customer),
      currency: 'EUR',
      lines: [line('Thé', '10.005')],
      allowancesCharges: [],
    };
    const issued = await sales.post('/api/invoices').send({ ...body, status: 'unpaid' });
    expect(issued.status).toBe(201);
    expect(issued.body).toMatchObject({
      number: 'FA-2026-00001',
      status: 'unpaid',
      total: '24.01',
      issueDate: '2026-11-21',
      mergedInto: null,
      mergedFrom: [],
      remindersOff: false,
    });
    const draft = await sales
      .post('/api/invoices')
      .send({ ...body, status: 'draft' })
      .expect(201);
    expect(draft.body).toMatchObject({ number: null, status: 'draft' });
  });

  it('keeps the ids of lines that are edited, and takes out those that are left out', async () => {
    const sales = await demo.as('sales');
    const customer = await sales.post('/api/customers').send({ name: 'Fleuriste' });
    const body = { customerId: idOf(customer), lines: [line('Roses', '3'), line('Tulipes', '2')] };
    const made = invoiceOf(await sales.post('/api/invoices').send(body));
    const [roses] = made.lines;
    const edited = await sales
      .put(`/api/invoices/${made.id}`)
      .send({ ...body, lines: [line('Pivoines', '5'), { ...roses, unitPrice: '4' }] })
      .expect(200);
    expect(invoiceOf(edited).lines.map((one) => one.description)).toEqual(['Pivoines', 'Roses']);
    expect(invoiceOf(edited).lines[1]).toMatchObject({ id: roses?.id, unitPrice: '4' });
    expect(edited.body).toMatchObject({ number: made.number, total: '21.60' });
  });

  it('takes a payment, in cash unless another method is named', async () => {
    const sales = await demo.as('sales');
    const customer = await sales.post('/api/customers').send({ name: 'Librairie' });
    const made = invoiceOf(
      await sales.post('/api/invoices').send({ customerId: idOf(customer), lines: [line('Livres', '5')] }),
    );
    const paid = await sales.post(`/api/invoices/${made.id}/payments`).send({ amount: '12.00' });
    expect([paid.status, (paid.body as { methodId: string }).methodId]).toEqual([201, '1']);
    expect((await sales.get(`/api/invoices/${made.id}`)).body).toMatchObject({ status: 'paid' });
  });

  it('says what it cannot read', async () => {
    const sales = await demo.as('sales');
    const wrong = await sales
      .post('/api/invoices')
      .send({ customerId: '1', lines: [{ description: 'x', unitPrice: 'cher' }] });
    expect(wrong.status).toBe(400);
    expect(errorOf(wrong)).toMatchObject({ code: 'invalid', vars: { fields: ['lines.0.unitPrice'] } });
    const nobody = await sales.post('/api/invoices').send({ customerId: '999', lines: [] });
    expect([nobody.status, errorOf(nobody).code]).toEqual([422, 'unknown_customer']);
    const broken = await sales.post('/api/invoices').type('json').send('{');
    expect([broken.status, errorOf(broken).code]).toEqual([400, 'unreadable']);
    expect((await sales.get('/api/invoices/999')).status).toBe(404);
  });
});
