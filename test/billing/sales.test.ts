import { randomUUID } from 'node:crypto';
import request from 'supertest';
import type { Row } from '../../plugin/host/contract';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { readCsv } from '../support/read-csv';
import type { Reply } from './billing-fixture';
import { article, codeOf, DRINKS, openTill, taken, type TillFixture, type Transaction } from './till-fixture';

const WHY = { reason: 'entry_error' };

describe.each(eachDatabase)('the history of sales on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let till: TillFixture;
  beforeAll(async () => {
    database = await createDatabase();
    till = await openTill(database);
  });
  beforeEach(async () => {
    till.setNow('2026-11-21T10:00:00Z');
    for (const table of ['im_sales', 'im_sale_payments', 'im_sale_payment_taxes', 'im_activity', 'app_reglements'])
      await till.knex(table).truncate();
  });
  afterAll(() => till.close());

  const room = (amount: string, reference = '204') => ({ methodId: till.room.id, amount, reference });
  const cash = (amount: string) => ({ methodId: till.cash, amount });
  const act = (id: string, path: string, body: object, who: 'books' | 'sales' = 'books'): Promise<Reply> =>
    till.ask('post', `/sales/${id}/${path}`, { ...WHY, ...body }, who);
  const sellRoom = async (reference = '204', lines = DRINKS): Promise<Transaction> =>
    taken(await till.sell(lines, [room('12.00', reference)]))[0]!;
  const amountsOf = (rows: Transaction[]): string[] => rows.map(({ amount }) => amount);

  async function download(format: 'csv' | 'xlsx', query = '', lang = 'fr') {
    return request(till.app)
      .get(`/invoice-merge/api/sales/export.${format}${query}`)
      .set({ 'x-person': 'books', 'x-lang': lang })
      .buffer(true)
      .parse((res, done) => {
        const parts: Buffer[] = [];
        res.on('data', (part: Buffer) => parts.push(part));
        res.on('end', () => done(null, Buffer.concat(parts)));
      });
  }
  const csvRows = async (query = '', lang = 'fr'): Promise<string[][]> => {
    const text = ((await download('csv', query, lang)).body as Buffer).toString('utf8');
    expect(text.charCodeAt(0)).toBe(0xfeff);
    return readCsv(text.slice(1), lang === 'fr' ? ';' : ',').filter((row) => row.length > 1 || row[0] !== '');
  };

  test('E35 a row shows method, external identifier, reference, note, amount, person, module and time, and is found by its reference', async () => {
    const [made] = taken(await till.sell(DRINKS, [{ ...room('12.00', '204'), note: 'Terrasse, côté mer' }]));
    await sellRoom('205');
    const page = await till.page('/sales?reference=204', 'books');
    const row = page.$('.im-sales tbody tr');
    expect(row).toHaveLength(1);
    const text = row.text().replace(/\s+/g, ' ');
    for (const part of ['Chambre', 'PMS', '204', 'Terrasse, côté mer', '12,00 €', 'Sam Sales · Vente directe'])
      expect(text).toContain(part);
    expect(text).toContain('21/11/2026 à 11:00');
    expect((await till.sales('?text=c%C3%B4t%C3%A9%20mer')).sales.map(({ id }) => id)).toEqual([made!.id]);
    expect((await till.sales(`?text=${made!.slipNumber}`)).sales.map(({ id }) => id)).toEqual([made!.id]);
  });

  test('E29 a reference is found exactly: "1" finds neither "100" nor "01"; "1*" finds what begins so', async () => {
    for (const reference of ['1', '100', '01', '1A', '1a'])
      taken(await till.sell(DRINKS, [{ methodId: till.voucher.id, amount: '12.00', reference }]));
    const found = async (asked: string) =>
      (await till.sales(`?reference=${encodeURIComponent(asked)}`)).sales.map(({ reference }) => reference).sort();
    expect(await found('1')).toEqual(['1']);
    expect(await found('1*')).toEqual(['1', '100', '1A', '1a']);
    expect(await found('1A')).toEqual(['1A']);
    expect(await found('%')).toEqual([]);
    expect(await found('*')).toHaveLength(5);
  });

  test('E35 an archived method is still in the filter, and its sales under the name that they bear', async () => {
    const spa = await till.make('Spa');
    await till.ask('post', '/order-modules/direct_sale/payment-methods', { methodId: spa.id });
    taken(await till.sell(DRINKS, [{ methodId: spa.id, amount: '12.00' }]));
    await till.ask('patch', `/payment-methods/${spa.id}`, { name: 'Bien-être' });
    await till.ask('post', `/payment-methods/${spa.id}/archive`, {});
    const page = await till.page(`/sales?methodId=${spa.id}`, 'books');
    expect(page.$('select[name="methodId"] option[selected]').text()).toBe('Spa');
    expect(page.$('.im-sales tbody tr').text()).toContain('Spa');
    expect((await till.ask('get', `/payment-methods/${spa.id}`)).body.uses).toBe(1);
  });

  test('E36 the row of a method whose own row the CRM has deleted stays in list, totals and file', async () => {
    const gone = await till.make('Ancien');
    await till.ask('post', '/order-modules/direct_sale/payment-methods', { methodId: gone.id });
    taken(await till.sell(DRINKS, [{ methodId: gone.id, amount: '12.00' }]));
    await till.knex('app_modes').where({ id: gone.id }).delete();
    const { sales, totals } = await till.sales();
    expect([sales[0]?.method.name, totals[0]?.externalBilling]).toEqual(['Ancien', '12.00']);
    expect((await csvRows())[1]).toContain('Ancien');
  });

  test('E32 external amounts are in totals of their own: neither in the drawer nor among what was taken here', async () => {
    await sellRoom();
    taken(
      await till.sell(DRINKS, [
        { methodId: till.voucher.id, amount: '5.00' },
        cash('4.00'),
        { methodId: till.card, amount: '3.00' },
      ]),
    );
    const { totals } = await till.sales();
    expect(totals).toEqual([
      {
        ...{ currency: 'EUR', total: '24.00', count: 4, cash: '4.00', internal: '7.00' },
        ...{ externalPayments: '5.00', externalBilling: '12.00' },
      },
    ]);
    const page = await till.page('/sales', 'books');
    expect(
      page
        .$('.im-kind-amount')
        .toArray()
        .map((one) => page.$(one).text().replace(/\s/g, ' ')),
    ).toEqual([...['7,00 €', '5,00 €', '12,00 €']]);
  });

  test('E37 what was voided leaves the totals and stays in the list; voided today, it lands today', async () => {
    till.setNow('2026-11-20T22:30:00Z'); // 23:30 in Paris
    const made = await sellRoom();
    till.setNow('2026-11-21T08:00:00Z');
    const [voided] = taken(await act(made.id, 'void', {}));
    expect([voided?.amount, voided?.day, voided?.reversesId, voided?.reference]).toEqual([
      '-12.00',
      '2026-11-21',
      made.id,
      '204',
    ]);
    const { sales, totals } = await till.sales();
    expect(sales.map(({ amount, state }) => [amount, state])).toEqual([
      ['-12.00', 'void'],
      ['12.00', 'voided'],
    ]);
    expect(totals[0]?.total).toBe('0.00');
    expect(amountsOf((await till.sales('?from=2026-11-20&to=2026-11-20')).sales)).toEqual(['12.00']);
    expect(amountsOf((await till.sales('?act=voids')).sales)).toEqual(['-12.00']);
  });

  test('E37 a period begins and ends with the day of the business, also when the clocks change', async () => {
    // 29 March 2026 has 23 hours in Paris, 25 October has 25.
    const at = ['2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z', '2026-03-29T22:00:00Z'];
    const autumn = ['2026-10-24T21:59:59Z', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', '2026-10-25T23:00:00Z'];
    for (const [index, iso] of [...at, ...autumn].entries()) {
      till.setNow(iso);
      await sellRoom(`20${index}`);
    }
    const found = async (day: string) =>
      (await till.sales(`?from=${day}&to=${day}`)).sales.map(({ reference, day: own }) => [reference, own]).reverse();
    expect(await found('2026-03-29')).toEqual([
      ['201', '2026-03-29'],
      ['202', '2026-03-29'],
    ]);
    expect(await found('2026-10-25')).toEqual([
      ['205', '2026-10-25'],
      ['206', '2026-10-25'],
    ]);
  });

  test('E38 cells that a spreadsheet would run are text, amounts below zero stay numbers, and a line break stays in its cell', async () => {
    const formulas = ['=1+1', '+2', '-3', '@SUM(A1)', '＝1'];
    const made: Transaction[] = [];
    for (const reference of formulas)
      made.push(
        taken(
          await till.sell(DRINKS, [{ methodId: till.voucher.id, amount: '12.00', reference, note: 'a\nb;"c"' }]),
        )[0]!,
      );
    taken(await act(made[0]!.id, 'refund', { amount: '5.00', methodId: till.voucher.id }));
    const [header = [], refund = [], ...rows] = await csvRows();
    const column = (name: string): number => header.indexOf(name);
    expect(refund[column('Montant TTC')]).toBe('-5,00');
    expect(refund[header.findIndex((name) => name.startsWith('TVA'))]).toBe('-0,83');
    const cells = rows.slice(0, 5).map((row) => row[column('Référence externe')]);
    expect(cells.reverse()).toEqual(formulas.map((one) => `'${one}`));
    expect(rows[0]?.[column('Note')]).toBe('a\nb;"c"');
    const [english = []] = await csvRows('', 'en');
    expect(english).toContain('External reference');
  });

  test('E39 the file is what the filter shows, in its order, with its total, and is logged', async () => {
    for (let index = 0; index < 6; index++) {
      till.setNow(`2026-11-2${Math.floor(index / 2)}T10:00:00Z`);
      await sellRoom(`20${index}`);
    }
    await till.sell(DRINKS, [cash('12.00')]);
    const query = `?from=2026-11-21&methodId=${till.room.id}`;
    const { sales, totals } = await till.sales(query);
    const [header = [], ...rows] = await csvRows(query);
    const total = rows.pop()!;
    expect(rows.map(([id]) => id)).toEqual(sales.map(({ id }) => id));
    expect(total[header.indexOf('Montant TTC')]).toBe(totals[0]?.total.replace('.', ','));
    const { default: readXlsxFile } = await import('read-excel-file/node');
    const sheet = await readXlsxFile((await download('xlsx', query)).body as Buffer);
    const data = sheet[0]!.data;
    expect(data.slice(1, -1).map((row) => row[0] as string)).toEqual(sales.map(({ id }) => id));
    expect(data.at(-1)?.[header.indexOf('Montant TTC')]).toBe(Number(totals[0]?.total));
    const first = data[1]?.[header.indexOf('Date et heure')] as unknown as Date;
    // The clock on the wall in Paris.
    expect(new Date(Math.round(first.getTime() / 1000) * 1000).toISOString()).toBe('2026-11-22T11:00:00.000Z');
    const logged = (await till.knex('im_activity').where({ action: 'sales.export' })) as Row[];
    expect(logged.map(({ actor_name, details }): unknown[] => [actor_name, JSON.parse(String(details))])).toEqual([
      ['Bea Books', expect.objectContaining({ format: 'csv', rows: 4 })],
      [
        'Bea Books',
        expect.objectContaining({ format: 'xlsx', rows: 4, filter: { from: '2026-11-21', methodId: till.room.id } }),
      ],
    ]);
  });

  test('E39 each person’s history and file have what that person may see', async () => {
    await sellRoom('201');
    taken(await till.sell(DRINKS, [room('12.00', '202')], { who: 'books' }));
    expect((await till.sales('', 'sales')).sales.map(({ reference }) => reference)).toEqual(['201']);
    expect((await till.sales()).total).toBe(2);
    const [own] = (await till.sales('?reference=202')).sales;
    expect((await till.page(`/sales/${own!.id}`, 'sales')).status).toBe(404);
    for (const path of ['/sales/export.csv', '/sales/export.xlsx'])
      expect(codeOf(await till.ask('get', path, undefined, 'sales'))).toBe('403 IM_FORBIDDEN');
    const bodies = { void: {}, refund: { amount: '1.00', methodId: till.cash }, method: { methodId: till.cash } };
    for (const [path, body] of Object.entries(bodies))
      expect([path, codeOf(await act(own!.id, path, body, 'sales'))]).toEqual([path, '403 IM_FORBIDDEN']);
  });

  test('E41 E43 a sale paid with a method that is archived by now is refunded with that method', async () => {
    const spa = await till.make('Hammam');
    await till.ask('post', '/order-modules/direct_sale/payment-methods', { methodId: spa.id });
    const [made] = taken(await till.sell(DRINKS, [{ methodId: spa.id, amount: '12.00', reference: 'A' }]));
    await till.ask('post', `/payment-methods/${spa.id}/archive`, {});
    const page = await till.page(`/sales/${made!.id}`, 'books');
    expect(page.$('form[action$="/refund"] option[selected]').first().text()).toBe('Hammam');
    const [refund] = taken(await act(made!.id, 'refund', { amount: '12.00', methodId: spa.id }));
    expect([refund?.method.name, refund?.reference, refund?.amount]).toEqual(['Hammam', 'A', '-12.00']);
  });

  test('E42 refunds in parts carry the reference over, and together never exceed what was paid, also at once', async () => {
    const made = await sellRoom();
    const refund = (amount: string, key?: string) => act(made.id, 'refund', { amount, methodId: till.room.id, key });
    const key = randomUUID();
    expect([(await refund('5.00', key)).status, (await refund('5.00', key)).status]).toEqual([201, 200]);
    const both = await Promise.all([refund('5.00'), refund('5.00')]);
    expect(both.map(codeOf).sort()).toEqual(['201', '409 IM_NOTHING_LEFT']);
    expect(codeOf(await refund('2.01'))).toBe('409 IM_NOTHING_LEFT');
    taken(await refund('2.00'));
    const { sales, totals } = await till.sales('?reference=204');
    expect([amountsOf(sales), totals[0]?.total]).toEqual([['-2.00', '-5.00', '-5.00', '12.00'], '0.00']);
    const tax = sales.reduce((sum, { vat }) => sum + Math.round(Number(vat[0]?.tax) * 100), 0);
    expect(tax).toBe(0);
    expect((await till.page(`/sales/${made.id}`, 'books')).$('.im-page, [data-im="page"]').text()).toContain(
      'Remboursé',
    );
  });

  test('E42 what another system collects is given back there: the page says so, and no cash is paid out for it', async () => {
    const made = await sellRoom();
    expect((await till.page(`/sales/${made.id}`, 'books')).$('[data-im="page"]').text()).toContain('est ailleurs');
    expect(codeOf(await act(made.id, 'refund', { amount: '1.00', methodId: till.cash }))).toBe('422 IM_PAYOUT_REFUSED');
    const [paid] = taken(await till.sell(DRINKS, [cash('12.00')]));
    expect(codeOf(await act(paid!.id, 'refund', { amount: '1.00', methodId: till.room.id }))).toBe(
      '422 IM_PAYOUT_REFUSED',
    );
    const [out] = taken(await act(paid!.id, 'refund', { amount: '1.00', methodId: till.card }));
    expect(out?.method.name).toBe('Carte');
  });

  test('E44 a void needs a reason, and "other" says which; the invoice is due again by the host’s own sums', async () => {
    const invoiceId = await till.openInvoice();
    const [made] = taken(await till.take(invoiceId, [cash('120.00')]));
    for (const body of [
      {},
      { reason: '' },
      { reason: ' \u200b' },
      { reason: 'other' },
      { reason: 'other', reasonText: '\u200b ' },
    ])
      expect(codeOf(await till.ask('post', `/sales/${made!.id}/void`, body, 'books'))).toBe('400 IM_PAYLOAD_INVALID');
    const page = await till.submit(`/sales/${made!.id}/void`, { reason: '' }, 'books');
    expect([page.status, page.$('[role="alert"]').text()]).toEqual([
      422,
      expect.stringContaining('Choisissez un motif'),
    ]);
    taken(await act(made!.id, 'void', { reason: 'other', reasonText: 'Mauvais client' }));
    expect((await till.fixture.load(invoiceId)).status).toBe('unpaid');
    const rows = (await till.knex('app_reglements').where({ facture_id: invoiceId }).orderBy('id')) as Row[];
    expect(rows.map((row) => [Number(row.montant), row.im_reverses_payment_id, row.im_reason])).toEqual([
      [120, null, null],
      [-120, rows[0]?.id, 'Autre\u202f: Mauvais client'],
    ]);
    expect(codeOf(await act(made!.id, 'void', {}))).toBe('409 IM_NOTHING_LEFT');
  });

  test('E44 a program may give the reason in words, which are kept as those of "other"', async () => {
    const made = await sellRoom();
    const [row] = taken(
      await till.ask('post', `/sales/${made.id}/void`, { reason: ' Mauvaise\u200b chambre ' }, 'books'),
    );
    expect(row).toMatchObject({ act: 'void', reason: 'other', reasonText: 'Mauvaise chambre' });
  });

  test('the wrong room is put right: the same method with another reference, as three records', async () => {
    const made = await sellRoom('204');
    expect((await till.page(`/sales/${made.id}`, 'books')).$('form[action$="/method"] option').text()).toContain(
      'Chambre, autre référence',
    );
    const move = (reference: string) => act(made.id, 'method', { methodId: till.room.id, reference });
    const refused = await move('204');
    expect([codeOf(refused), refused.body.error?.vars.why]).toEqual(['422 IM_MOVE_REFUSED', 'same']);
    expect(taken(await move('205')).map(({ act: what, amount, reference }) => [what, amount, reference])).toEqual([
      ['correction', '-12.00', '204'],
      ['replacement', '12.00', '205'],
    ]);
    const { totals } = await till.sales('?reference=204');
    expect(totals[0]?.externalBilling).toBe('0.00');
    const history = await till.page('/sales?reference=205', 'books');
    expect(history.$('[data-im="page"]').text()).toContain('se déclare là-bas');
    const [paid] = taken(await till.sell(DRINKS, [cash('12.00')]));
    expect(codeOf(await act(paid!.id, 'method', { methodId: till.cash }))).toBe('422 IM_MOVE_REFUSED');
  });

  test('changing the method afterwards keeps all three records, on the invoice too', async () => {
    const invoiceId = await till.openInvoice();
    const [made] = taken(await till.take(invoiceId, [cash('120.00')]));
    expect(codeOf(await act(made!.id, 'method', { methodId: till.room.id }))).toBe('422 IM_REFERENCE_MISSING');
    const moved = taken(await act(made!.id, 'method', { methodId: till.room.id, reference: '117' }));
    expect(
      moved.map(({ act: what, amount, method, reversesId, reference }) => [
        what,
        amount,
        method.name,
        reversesId,
        reference,
      ]),
    ).toEqual([
      ['correction', '-120.00', 'Espèces', made!.id, null],
      ['replacement', '120.00', 'Chambre', made!.id, '117'],
    ]);
    const { sales, totals } = await till.sales();
    expect(sales.map(({ state }) => state)).toEqual(['recorded', 'correction', 'moved']);
    expect([totals[0]?.cash, totals[0]?.externalBilling]).toEqual(['0.00', '120.00']);
    expect((await till.fixture.load(invoiceId)).status).toBe('paid');
    expect(await till.knex('app_reglements').where({ facture_id: invoiceId })).toHaveLength(3);
    const sold = await sellRoom();
    // The other system invoices it: it cannot become cash of an invoice that is not there.
    expect(codeOf(await act(sold.id, 'method', { methodId: till.cash }))).toBe('422 IM_MOVE_REFUSED');
  });

  test('a payment that was voided, refunded or moved is no base for more, nor is what reverses it', async () => {
    const made = await sellRoom();
    const [voided] = taken(await act(made.id, 'void', {}));
    for (const id of [made.id, voided!.id])
      for (const [path, body] of [
        ['void', {}],
        ['refund', { amount: '1.00', methodId: till.room.id }],
      ] as const)
        expect(codeOf(await act(id, path, body))).toBe('409 IM_NOTHING_LEFT');
    expect(codeOf(await act('999999', 'void', {}))).toBe('404 IM_NOT_FOUND');
  });

  test('the slip of a sale that another system invoices says that it is no invoice, and shows no VAT', async () => {
    const made = await sellRoom();
    const slip = await till.page(`/slips/${made.saleId}`, 'sales');
    const text = slip.$('.im-slip').text().replace(/\s+/g, ' ');
    expect(text).toContain('Justificatif — ceci n’est pas une facture');
    expect(text).toContain(made.slipNumber);
    expect(text).toContain('Chambre · 204');
    expect(text).not.toMatch(/TVA|10,00/);
    const [paid] = taken(await till.sell(DRINKS, [cash('12.00')]));
    expect((await till.page(`/slips/${paid!.saleId}`, 'sales')).status).toBe(404);
  });

  test('a reference that was used in the last ten minutes is mentioned once, never refused', async () => {
    await sellRoom('301');
    const saleId = await till.openSale();
    const form = { key: randomUUID(), confirm: till.room.id, amount: '12,00', reference: '301' };
    const path = `/checkout/sale/${saleId}`;
    const asked = await till.submit(path, form, 'sales');
    expect(asked.$('[role="alert"]').text()).toContain('301');
    expect((await till.submit(path, { ...form, mentioned: '301' }, 'sales')).status).toBe(303);
    till.setNow('2026-11-21T10:10:01Z');
    const later = { ...form, key: randomUUID() };
    expect((await till.submit(`/checkout/sale/${await till.openSale()}`, later, 'sales')).status).toBe(303);
  });

  test('two currencies have totals each', async () => {
    await sellRoom();
    const yen = { customerId: null, currency: 'JPY', lines: [article('1000', { taxes: [] })] };
    const payments = [{ methodId: till.room.id, amount: '1000', reference: '204' }];
    taken(
      await till.ask(
        'post',
        '/order-modules/direct_sale/checkout',
        { sale: yen, payments, key: randomUUID() },
        'sales',
      ),
    );
    expect((await till.sales()).totals.map(({ currency, total }) => [currency, total])).toEqual([
      ['EUR', '12.00'],
      ['JPY', '1000'],
    ]);
    const rows = await csvRows();
    expect(rows.slice(-2).map((row) => row[12])).toEqual(['12,00', '1000']);
  });
});
