/** The eleven real invoices through the demo's JSON API and the plugin's: totals to the cent, merges, refusals. */
import Big from 'big.js';
import type { Merge } from '../../plugin/host/contract';
import type { PricedDocument, Totals } from '../../plugin/money/types';
import { allRows } from '../support/all-rows';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { realInvoices, type RealInvoice } from '../support/real-invoices';
import { DemoClient, mergeRequest, serveDemo, type DemoInvoice, type DemoServer, type Refused } from './demo-client';

const MERGES = '/invoice-merge/api/merges';

/** A real invoice as a program posts it. */
function bodyOf({ document }: RealInvoice): Record<string, unknown> {
  const lines = document.lines.map((line, index) => ({ ...line, description: `Item ${index + 1}` }));
  return { ...document, lines, issueDate: '2026-11-02', dueDate: '2026-12-02' };
}

const named = (source: string): RealInvoice => {
  const found = realInvoices.find((one) => one.source === source);
  if (!found) throw new Error(`no real invoice ${source}`);
  return found;
};

const taxesOf = (totals: Totals) =>
  totals.taxes
    .map(({ category, rate, taxable, tax }) => ({ category, rate: new Big(rate).toFixed(), taxable, tax }))
    .sort((a, b) => a.category.localeCompare(b.category) || Number(a.rate) - Number(b.rate));

const round = (amount: Big): Big => amount.round(2, Big.roundHalfUp);

/** What all lines of two such invoices come to under the rules of one: the facts of the invoice, doubled, tax computed once. */
function twice({ totals, taxes }: RealInvoice): Record<string, unknown> {
  const double = (amount: string): string => new Big(amount).times(2).toFixed(2);
  const both = taxes.map(({ category, rate, taxable }) => ({
    category,
    rate,
    taxable: double(taxable),
    tax: round(new Big(taxable).times(2).times(rate).div(100)).toFixed(2),
  }));
  const tax = both.reduce((sum, one) => sum.plus(one.tax), new Big(0));
  const gross = tax.plus(double(totals.taxExclusive)).toFixed(2);
  return {
    taxes: both,
    lineExtension: double(totals.lineExtension),
    allowances: double(totals.allowances),
    charges: double(totals.charges),
    taxExclusive: double(totals.taxExclusive),
    tax: tax.toFixed(2),
    taxInclusive: gross,
    payable: gross,
  };
}

describe.each(eachDatabase)('the real invoices through the API on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let server: DemoServer;
  let admin: DemoClient;

  beforeAll(async () => {
    database = await createDatabase();
    server = await serveDemo(database.url);
    admin = await DemoClient.signedIn(server.url);
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  const post = async (real: RealInvoice, customerId?: string): Promise<DemoInvoice> =>
    admin.invoice(customerId ?? (await admin.customer(real.source)), bodyOf(real));

  const pair = async (real: RealInvoice): Promise<[DemoInvoice, DemoInvoice]> => {
    const first = await post(real);
    return [first, await post(real, first.customerId)];
  };

  it.each(realInvoices.map((real) => [real.source, real] as const))('%s comes out to the cent', async (_file, real) => {
    const invoice = await admin.read((await post(real)).id);
    expect(invoice.totals).toMatchObject(real.totals);
    expect(taxesOf(invoice.totals)).toEqual(real.taxes);
    expect(invoice.total).toBe(real.totals.taxInclusive);
    expect(invoice.number).toMatch(/^FA-2026-\d{5}$/);
    expect(invoice.lines.map((line) => line.description)).toEqual(real.nets.map((_net, index) => `Item ${index + 1}`));
  });

  const mergeable = realInvoices.filter((real) => real.refused === null);
  it('may merge eight of the eleven', () => expect(mergeable).toHaveLength(8));

  it.each(mergeable.map((real) => [real.source, real] as const))(
    'A copy of %s merges into it, and all lines together come out to the cent',
    async (_file, real) => {
      const [first, copy] = await pair(real);
      const { status, body } = await admin.merge(first, [copy]);
      expect({ status, body }).toMatchObject({ status: 201, body: { merge: { targetId: first.id } } });
      const { taxes, ...totals } = twice(real);
      const after = await admin.read(first.id);
      expect(after.totals).toMatchObject(totals);
      expect(taxesOf(after.totals)).toEqual(taxes);
      expect(after.total).toBe(totals.taxInclusive);
      expect(body.merge.totalsAfter).toEqual(after.totals);
      expect(body.merge.difference).toBe(
        new Big(after.total).minus(new Big(real.totals.taxInclusive).times(2)).toFixed(2),
      );
      expect(after.lines).toHaveLength(2 * real.nets.length);
      expect(after.mergedFrom).toEqual([copy.id]);
      expect(await admin.read(copy.id)).toMatchObject({
        status: 'cancelled',
        number: copy.number,
        mergedInto: first.id,
        remindersOff: true,
      });
    },
  );

  const refusals: [string, RealInvoice][] = realInvoices
    .filter((real) => real.refused !== null)
    .map((real) => [real.source, real]);
  it.each(refusals)('A copy of %s is refused, and nothing changes', async (_file, real) => {
    const [first, copy] = await pair(real);
    const before = await allRows(database.knex);
    const { status, body } = await admin.merge(first, [copy]);
    expect(status).toBe(422);
    const { invoices, reason } = body.error.vars as {
      invoices?: { invoiceId: string; reasons: { code: string }[] }[];
      reason?: { code: string };
    };
    // A prepaid target is closed by its own payment; a negative result is the sources' doing.
    const reasons = invoices?.flatMap((one) => one.reasons.map(({ code }) => code)) ?? [reason?.code];
    expect(reasons).toContain(real.refused);
    expect(await allRows(database.knex)).toEqual(before);
  });

  it('A prepaid source is refused with its payments also by a target that nobody paid', async () => {
    const prepaid = await post(named('ubl-tc434-example5.xml'));
    const target = await post(named('ubl-tc434-example4.xml'), prepaid.customerId);
    const { status, body } = await admin.merge(target, [prepaid]);
    expect(status).toBe(422);
    const refused: unknown = expect.arrayContaining([
      { code: 'payments', vars: { count: 1, sum: '2337.50', currency: 'DKK' } },
    ]);
    expect(body.error).toMatchObject({
      code: 'IM_NOT_MERGEABLE',
      vars: { invoices: [{ invoiceId: prepaid.id, reasons: refused }] },
    });
  });

  const plain = (currency: string): Partial<PricedDocument> & Record<string, unknown> => ({
    currency,
    issueDate: '2026-11-03',
    lines: [
      { description: 'Work', quantity: '2', unitPrice: '50.00', taxes: [{ category: 'S', rate: '25' }] },
    ] as never,
  });
  const split = named('FT G2G_TD01 con Allegato, Bonifico e Split Payment.xml');
  it.each([
    ['O beside S', 'SEK', bodyOf(named('ubl-tc434-example7.xml'))],
    ['B beside S', 'EUR', { ...bodyOf(split), prepaid: '0' }],
  ])('%s is refused with tax_category, whichever of them is the target', async (_what, currency, special) => {
    const customerId = await admin.customer('Two kinds of tax');
    const [one, other] = [await admin.invoice(customerId, special), await admin.invoice(customerId, plain(currency))];
    const before = await allRows(database.knex);
    for (const [target, source] of [
      [one, other],
      [other, one],
    ] as const) {
      const { status, body } = await admin.merge(target, [source]);
      expect({ status, error: body.error }).toMatchObject({
        status: 422,
        error: { code: 'IM_NOT_MERGEABLE', vars: { invoices: [{ reasons: [{ code: 'tax_category' }] }] } },
      });
    }
    expect(await allRows(database.knex)).toEqual(before);
  });

  it('The same key again answers 200 with the same merge and changes nothing in any table', async () => {
    const [first, copy] = await pair(named('issue116.xml'));
    const request = mergeRequest(first, [copy]);
    const made = await admin.json<{ merge: Merge }>('POST', MERGES, request);
    expect(made.status).toBe(201);
    const before = await allRows(database.knex);
    for (let again = 0; again < 2; again += 1) {
      expect(await admin.json('POST', MERGES, request)).toEqual({ status: 200, body: made.body });
    }
    expect(await allRows(database.knex)).toEqual(before);
  });

  it('The same key with another wish is refused with the invoice that it saved', async () => {
    const [first, copy] = await pair(named('issue116.xml'));
    const third = await post(named('issue116.xml'), first.customerId);
    const request = mergeRequest(first, [copy]);
    await admin.json('POST', MERGES, request);
    const before = await allRows(database.knex);
    const other = mergeRequest(await admin.read(first.id), [third], { key: request.key });
    expect(await admin.json('POST', MERGES, other)).toMatchObject({
      status: 409,
      body: { error: { code: 'IM_KEY_REUSED', vars: { invoiceId: first.id } } },
    });
    expect(await allRows(database.knex)).toEqual(before);
  });

  it('An invoice posted again with the same key answers 200 with the first one', async () => {
    const real = named('ubl-tc434-example9.xml');
    const customerId = await admin.customer('Posts twice');
    const body = { customerId, ...bodyOf(real), invoiceMergeKey: 'posted-twice-1' };
    const made = await admin.json<DemoInvoice>('POST', '/api/invoices', body);
    expect(made.status).toBe(201);
    const before = await allRows(database.knex);
    expect(await admin.json('POST', '/api/invoices', body)).toEqual({ status: 200, body: made.body });
    expect(await allRows(database.knex)).toEqual(before);
  });

  it('Bodies that are no merge or no invoice answer 400 and change nothing', async () => {
    const [first, copy] = await pair(named('ubl-tc434-example9.xml'));
    const good = mergeRequest(first, [copy]);
    const line = { description: 'Work', quantity: '1', unitPrice: '1.00' };
    const before = await allRows(database.knex);
    const bad: [string, unknown][] = [
      [MERGES, '{'],
      [MERGES, {}],
      [MERGES, []],
      [MERGES, { ...good, sources: [] }],
      [MERGES, { ...good, sources: [{ id: copy.id }] }],
      [MERGES, { ...good, sources: copy.id }],
      [MERGES, { ...good, key: 'short' }],
      [MERGES, { ...good, key: undefined }],
      [MERGES, { ...good, settlement: { issued: 'burn', draft: 'cancel' } }],
      [MERGES, { ...good, shownTotal: '12,50' }],
      [MERGES, { ...good, acknowledged: ['Total Changed'] }],
      ['/api/invoices', '{'],
      ['/api/invoices', {}],
      ['/api/invoices', { customerId: first.customerId, lines: [{ ...line, unitPrice: '1e3' }] }],
      ['/api/invoices', { customerId: first.customerId, lines: [{ ...line, quantity: 'NaN' }] }],
      ['/api/invoices', { customerId: first.customerId, lines: [line], issueDate: '2026-02-30' }],
      ['/api/invoices', { customerId: first.customerId, lines: [line], invoiceMergeKey: 'no' }],
      ['/api/customers', { name: '' }],
      [`/api/invoices/${first.id}/payments`, { amount: '-1' }],
      [`/api/invoices/${first.id}/payments`, { amount: 'all' }],
    ];
    const answers = await Promise.all(
      bad.map(async ([path, body]) => [path, body, (await admin.json('POST', path, body)).status]),
    );
    expect(answers).toEqual(bad.map(([path, body]) => [path, body, 400]));
    expect(await allRows(database.knex)).toEqual(before);
  });

  it('Nobody signed in is answered 401, and another site’s page 403; neither changes anything', async () => {
    const [first, copy] = await pair(named('ubl-tc434-example9.xml'));
    const before = await allRows(database.knex);
    const writes: [string, unknown][] = [
      [MERGES, mergeRequest(first, [copy])],
      ['/api/invoices', { customerId: first.customerId, ...bodyOf(named('ubl-tc434-example9.xml')) }],
      [`/api/invoices/${first.id}/payments`, { amount: '1.00' }],
      ['/api/customers', { name: 'Nobody' }],
    ];
    const stranger = new DemoClient(server.url);
    const elsewhere = admin.from('https://elsewhere.test');
    for (const [path, body] of writes) {
      expect([path, (await stranger.json<Refused>('POST', path, body)).status]).toEqual([path, 401]);
      expect([path, (await elsewhere.json<Refused>('POST', path, body)).status]).toEqual([path, 403]);
    }
    expect((await stranger.json('GET', `/api/invoices/${first.id}`)).status).toBe(401);
    expect(await allRows(database.knex)).toEqual(before);
  });
});
