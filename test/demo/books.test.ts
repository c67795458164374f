/** What each act is in the books: a row of the design's table each, every cell looked at from outside. */
import { randomUUID } from 'node:crypto';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { DemoClient, serveDemo, TODAY, type DemoServer } from './demo-client';

/** In euros, but for the count of invoices. */
interface Books {
  /** Invoices that bear a number. */
  numbers: number;
  history: number;
  externalPayments: number;
  externalBilling: number;
  receivable: number;
  cash: number;
  received: number;
  revenue: number;
}
const NOTHING: Books = {
  ...{ numbers: 0, history: 0, externalPayments: 0, externalBilling: 0 },
  ...{ receivable: 0, cash: 0, received: 0, revenue: 0 },
};

describe.each(eachDatabase)('what each act is in the books, on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let server: DemoServer;
  let admin: DemoClient;
  let sales: DemoClient;
  const methods: Record<string, string> = { cash: '1', card: '2', transfer: '3' };
  let customer: string;
  beforeAll(async () => {
    database = await createDatabase();
    server = await serveDemo(database.url);
    admin = await DemoClient.signedIn(server.url, 'admin');
    sales = await DemoClient.signedIn(server.url, 'sales');
    customer = await admin.customer('Hôtel des Tilleuls');
    for (const [key, kind, name] of [
      ['voucher', 'external_payment', 'Bon cadeau'],
      ['room', 'external_billing', 'Chambre'],
    ] as const) {
      const { body } = await admin.json<{ id: string }>('POST', '/invoice-merge/api/payment-methods', { kind, name });
      methods[key] = body.id;
      for (const module of ['direct_sale', 'invoices'])
        await admin.json('POST', `/invoice-merge/api/order-modules/${module}/payment-methods`, { methodId: body.id });
    }
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  /** The last figure of the line that begins so. */
  const lastFigure = (csv: string, begins: string): number => {
    const line = csv.split('\r\n').find((one) => one.startsWith(begins));
    return line ? Number(line.split(';').at(-1)!.replace(',', '.')) : 0;
  };

  async function books(): Promise<Books> {
    const { knex, merge } = server.demo;
    const { body } = await admin.json<{ totals: Record<string, string>[] }>('GET', '/invoice-merge/api/sales');
    const total = body.totals.find(({ currency }) => currency === 'EUR');
    const payments = knex('crm_payments as p').sum({ amount: 'p.amount' });
    merge.received(payments, { payments: 'p' });
    const [money] = (await payments) as { amount: string | number | null }[];
    const aged = await admin.text('/reports/aged.csv');
    const receivable = aged
      .split('\r\n')
      .slice(1)
      .map((line) => Number((line.split(';').at(-1) ?? '0').replace(',', '.')));
    return {
      numbers: (await knex('crm_invoices').whereNotNull('ref').select('id')).length,
      history: Number(total?.total ?? 0),
      externalPayments: Number(total?.externalPayments ?? 0),
      externalBilling: Number(total?.externalBilling ?? 0),
      receivable: receivable.reduce((sum, amount) => sum + amount, 0),
      cash: Number(total?.cash ?? 0),
      received: Number(money?.amount ?? 0),
      revenue: lastFigure(await admin.text('/reports/revenue.csv'), TODAY.slice(0, 7)),
    };
  }

  /** What an act has changed. */
  async function changeOf(act: () => Promise<unknown>): Promise<Books> {
    const before = await books();
    await act();
    const after = await books();
    const keys = Object.keys(NOTHING) as (keyof Books)[];
    return Object.fromEntries(keys.map((key) => [key, Math.round((after[key] - before[key]) * 100) / 100])) as never;
  }

  /** 120.00 with VAT. */
  const lines = [
    { description: 'Séminaire', quantity: '1', unitPrice: '100.00', taxes: [{ category: 'S', name: '', rate: '20' }] },
  ];
  const issue = async (): Promise<string> =>
    (await admin.invoice(customer, { status: 'unpaid', currency: 'EUR', lines, issueDate: TODAY, dueDate: TODAY })).id;
  async function checkout(module: string, what: object, method: string, amount = '120.00') {
    const payments = [{ methodId: methods[method], amount, reference: '204' }];
    const { status, body } = await sales.json<{ saleId: string }>(
      'POST',
      `/invoice-merge/api/order-modules/${module}/checkout`,
      { ...what, payments, key: randomUUID() },
    );
    if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body;
  }
  const pay = (invoiceId: string, method: string) => checkout('invoices', { invoiceId }, method);
  const sell = (method: string) =>
    checkout('direct_sale', { sale: { customerId: customer, currency: 'EUR', lines } }, method);

  test('issuing is revenue and receivable, and no sale', async () => {
    expect(await changeOf(issue)).toEqual({ ...NOTHING, numbers: 1, receivable: 120, revenue: 120 });
  });

  test.each([
    ['cash', { cash: 120 }],
    ['card', {}],
    ['transfer', {}],
  ])('%s for an invoice settles the receivable and is received; revenue was the invoice', async (method, more) => {
    const id = await issue();
    const change = await changeOf(() => pay(id, method));
    expect(change).toEqual({ ...NOTHING, history: 120, receivable: -120, received: 120, ...more });
  });

  test('an external payment of an invoice settles it, is received on a line of its own, and is no cash', async () => {
    const id = await issue();
    const change = await changeOf(() => pay(id, 'voucher'));
    expect(change).toEqual({ ...NOTHING, history: 120, externalPayments: 120, receivable: -120, received: 120 });
  });

  test('plain billing of an invoice settles it externally: nothing is received, revenue stays once, its number its own', async () => {
    const id = await issue();
    const { number } = await admin.read(id);
    const change = await changeOf(() => pay(id, 'room'));
    expect(change).toEqual({ ...NOTHING, history: 120, externalBilling: 120, receivable: -120 });
    expect(await admin.read(id)).toMatchObject({ number, status: 'paid' });
    const { $ } = await sales.page(`/invoices/${id}`);
    expect($('.head .badge').text()).toBe('Réglée en externe');
  });

  test.each([
    ['cash', { cash: 120 }],
    ['card', {}],
    ['voucher', { externalPayments: 120 }],
  ])('a direct sale by %s is invoiced here, paid, and revenue once', async (method, more) => {
    const change = await changeOf(() => sell(method));
    expect(change).toEqual({ ...NOTHING, numbers: 1, history: 120, received: 120, revenue: 120, ...more });
  });

  test('plain billing of a direct sale has no number, no revenue and no receivable: a slip, and its own total', async () => {
    let saleId = '';
    const change = await changeOf(async () => ({ saleId } = await sell('room')));
    expect(change).toEqual({ ...NOTHING, history: 120, externalBilling: 120 });
    const { $ } = await sales.page(`/invoice-merge/slips/${saleId}`);
    expect($('.im-slip-title').text()).toBe('Justificatif — ceci n’est pas une facture');
  });

  test('with directSaleInvoice it is invoiced here, settled externally, and revenue once', async () => {
    const set = async (directSaleInvoice: boolean): Promise<void> => {
      const { body } = await admin.json<object>('GET', '/invoice-merge/api/settings');
      await admin.json('PUT', '/invoice-merge/api/settings', { ...body, directSaleInvoice });
    };
    await set(true);
    const change = await changeOf(() => sell('room'));
    expect(change).toEqual({ ...NOTHING, numbers: 1, history: 120, externalBilling: 120, revenue: 120 });
    await set(false);
  });

  test('a void takes back what the payment was, and the invoice is owed again', async () => {
    const id = await issue();
    await pay(id, 'cash');
    const owed = async () =>
      Number(
        (await admin.page('/customers'))
          .$('td')
          .last()
          .text()
          .replace(/[^\d,]/g, '')
          .replace(',', '.') || 0,
      );
    const before = await owed();
    const { body } = await admin.json<{ sales: { id: string }[] }>('GET', '/invoice-merge/api/sales');
    const change = await changeOf(() =>
      admin.json('POST', `/invoice-merge/api/sales/${body.sales[0]!.id}/void`, { reason: 'entry_error' }),
    );
    expect(change).toEqual({ ...NOTHING, history: -120, receivable: 120, cash: -120, received: -120 });
    for (const path of ['/invoices', '/customers', `/customers/${customer}`, `/invoices/${id}`, '/reminders'])
      expect([path, (await admin.page(path)).status]).toEqual([path, 200]);
    expect((await owed()) - before).toBe(120);
  });

  test('the counter sells: articles are picked, the checkout leads back to it', async () => {
    const picked = await sales.submit('/till', [
      ['quantity_coffee', '2'],
      ['customerId', ''],
    ]);
    expect([picked.status, picked.location]).toEqual([
      303,
      expect.stringMatching(/\/invoice-merge\/checkout\/sale\/\d+$/),
    ]);
    const page = await sales.page(picked.location!);
    expect(page.$('.im-up a').attr('href')).toBe('/till');
    expect(page.$('.im-due-amount b').text().replace(/\s/g, ' ')).toBe('5,50 €');
    expect((await sales.submit('/till', [['quantity_coffee', '0']])).status).toBe(422);
    expect((await sales.submit('/till', [['quantity_coffee', '-1']])).status).toBe(422);
  });
});
