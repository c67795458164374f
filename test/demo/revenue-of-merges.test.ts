/** B3, B17: what a merge of September's invoices in November does to revenue and VAT, month by month and rate by rate. */
import { eachDatabase, type TestDatabase } from '../support/databases';
import { DemoClient, newKey, serveDemo, type DemoInvoice, type DemoServer } from './demo-client';

const line = (description: string, unitPrice: string, rate: string) => ({
  description,
  quantity: '1',
  unitPrice,
  taxes: [{ category: 'S', rate }],
});
/** 90.00 at 20 %, 36.00 at 5.5 % once the 10 % are off. */
const september = (day: string) => ({
  issueDate: `2026-09-${day}`,
  dueDate: `2026-10-${day}`,
  lines: [line('Entretien', '100.00', '20'), line('Farine', '40.00', '5.5')],
  discount: { kind: 'percent', value: '10', basis: 'before_tax' },
});

/** By month: net, VAT 20 %, VAT 5.5 %, in cents. */
type Months = Record<string, number[]>;

describe.each(eachDatabase)('merging September’s invoices in November on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let server: DemoServer;
  let books: DemoClient;
  beforeAll(async () => {
    database = await createDatabase();
    server = await serveDemo(database.url);
    books = await DemoClient.signedIn(server.url, 'books', 'en');
    const admin = await DemoClient.signedIn(server.url, 'admin', 'fr');
    const { body } = await admin.json<Record<string, unknown>>('GET', '/invoice-merge/api/settings');
    const issued = { offered: ['cancel', 'delete', 'credit'], default: 'cancel' };
    const changed = await admin.json('PUT', '/invoice-merge/api/settings', { ...body, preset: 'none', issued });
    expect(changed.status).toBe(200);
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  /** As the report's own file says it. */
  async function months(): Promise<Months> {
    const reply = await books.text('/reports/revenue.csv?year=2026');
    const [head = [], ...rows] = reply
      .replace('\ufeff', '')
      .trim()
      .split('\r\n')
      .map((row) => row.split(','));
    const columns = ['Net', 'VAT 20%', 'VAT 5.5%'].map((name) => head.indexOf(name));
    expect(columns).not.toContain(-1);
    const cents = (row: string[]) => columns.map((at) => Math.round(Number(row[at]) * 100));
    return Object.fromEntries(rows.map((row): [string, number[]] => [row[0] ?? '', cents(row)]));
  }

  const difference = (before: Months, after: Months, month: string): number[] =>
    (after[month] ?? [0, 0, 0]).map((amount, index) => amount - (before[month]?.[index] ?? 0));

  async function mergeBy(settlement: string): Promise<{
    sources: DemoInvoice[];
    target: DemoInvoice;
    changes: { september: number[]; november: number[] };
  }> {
    const customerId = await books.customer(`Minoterie, ${settlement}`);
    const sources = [
      await books.invoice(customerId, september('10')),
      await books.invoice(customerId, september('24')),
      await books.invoice(customerId, september('28')),
    ];
    const before = await months();
    const target = await books.invoice(customerId, {
      issueDate: '2026-11-20',
      status: 'unpaid',
      lines: [line('Conseil', '50.00', '20')],
      invoiceMergeKey: newKey(),
      invoiceMergeSource: sources.map(({ id, version }) => `${id}~${version}`),
      invoiceMergeIssued: settlement,
      invoiceMergeDraft: 'cancel',
    });
    const after = await months();
    const changes = { september: difference(before, after, '2026-09'), november: difference(before, after, '2026-11') };
    return { sources, target, changes };
  }

  const ALL_THREE = [37800, 5400, 594];
  const OWN = [5000, 1000, 0];
  const negative = (amounts: number[]): number[] => amounts.map((amount) => 0 - amount);

  it.each(['cancel', 'delete'])('moves revenue and VAT from September to November with %s', async (settlement) => {
    const { changes } = await mergeBy(settlement);
    expect(changes).toEqual({
      september: negative(ALL_THREE),
      november: OWN.map((amount, index) => amount + (ALL_THREE[index] ?? 0)),
    });
  });

  it('leaves September as it was declared with credit notes, and adds to November what the new invoice itself sells', async () => {
    const { knex } = server.demo;
    const notesBefore = Number((await knex('crm_credit_notes').count({ n: '*' }))[0]?.n);
    const { sources, target, changes } = await mergeBy('credit');
    expect(changes).toEqual({ september: [0, 0, 0], november: OWN });

    // Three invoices, three credit notes in their own series, one new invoice in its own.
    const ids = sources.map(({ id }) => id);
    const notes = await knex('crm_credit_notes').whereIn('invoice_id', ids).orderBy('id').select();
    expect(notesBefore).toBe(0);
    expect(notes.map((note: { ref: string; issued_on: string }) => [note.ref, note.issued_on])).toEqual(
      [1, 2, 3].map((number) => [`AV-2026-0000${number}`, '2026-11-20']),
    );
    const numbers = [...sources, target].map(({ number }) => Number(number?.slice(-5)));
    expect(numbers).toEqual(numbers.map((_number, index) => (numbers[0] ?? 0) + index));
    expect(await knex('crm_payments').whereIn('invoice_id', ids)).toEqual([]);
    expect(await knex('crm_invoices').whereIn('id', ids).pluck('state')).toEqual(ids.map(() => 'credited'));

    // Its money and its number lead to the new invoice, and it is neither credited nor brought back again.
    const [first] = sources;
    expect(await server.demo.merge.findByNumber(knex, first?.number ?? '')).toEqual([
      { invoiceId: target.id, how: 'merged' },
    ]);
    const { replaces } = await server.demo.merge.summary(knex, target.id);
    expect(replaces.map(({ creditNote }) => creditNote)).toEqual(notes.map(({ ref }: { ref: string }) => ref));
    const paid = await books.json('POST', `/api/invoices/${first?.id}/payments`, { amount: '10.00' });
    expect(paid).toMatchObject({ status: 409, body: { error: { code: 'merged_elsewhere' } } });
    const received = await server.demo.merge.transaction((trx) =>
      server.demo.merge.receivePayment(
        trx,
        { key: 'tr_1', invoiceId: first?.id ?? '', ...MONEY, date: '2026-11-20' },
        async (to) => expect(to.invoiceId).toBe(target.id),
      ),
    );
    expect(received.recorded).toEqual({ invoiceId: target.id, amount: '36.00', mergedFrom: first?.id });
    for (const act of ['credit', 'edit', 'cancel', 'reopen', 'delete'] as const)
      await expect(
        server.demo.merge.transaction((trx) => server.demo.merge.guard(trx, first?.id ?? '', act)),
      ).rejects.toMatchObject({ code: 'IM_MERGED', vars: { successorId: target.id } });
  });
});

const MONEY = { amount: '36.00', currency: 'EUR', methodId: '3', reference: 'old number' };
