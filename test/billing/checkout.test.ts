import { randomUUID } from 'node:crypto';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { line } from '../support/merging-fixture';
import { article, codeOf, DRINKS, openTill, taken, type TillFixture } from './till-fixture';

describe.each(eachDatabase)('the checkout on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  let till: TillFixture;
  beforeAll(async () => {
    database = await createDatabase();
    till = await openTill(database);
  });
  afterAll(() => till.close());

  const room = (amount: string, reference: string | null = '204') => ({ methodId: till.room.id, amount, reference });
  const cash = (amount: string) => ({ methodId: till.cash, amount });
  const rowsOf = async (table: string, where: Record<string, string> = {}): Promise<Record<string, unknown>[]> =>
    till.knex(table).where(where);
  const counts = async (): Promise<number[]> =>
    Promise.all(['im_sale_payments', 'app_reglements', 'app_factures'].map(async (one) => (await rowsOf(one)).length));

  test('E26 a required reference of blanks, no-break spaces or zero-width characters only is refused, and nothing is kept', async () => {
    const before = await counts();
    for (const blank of [null, '', '   ', '\u00a0\u202f', '\u200b\u200b', '\u2060\ufeff \u00ad', '\u3164', '\u2800'])
      expect([blank, codeOf(await till.sell(DRINKS, [room('12.00', blank)]))]).toEqual([
        blank,
        '422 IM_REFERENCE_MISSING',
      ]);
    expect(await counts()).toEqual(before);
  });

  test('E26 where no reference is required an empty one is kept as none', async () => {
    const [paid] = taken(
      await till.sell(DRINKS, [{ methodId: till.voucher.id, amount: '12.00', reference: ' \u200b ' }]),
    );
    expect(paid?.reference).toBeNull();
    expect((await rowsOf('im_sale_payments', { id: paid!.id }))[0]?.reference).toBeNull();
  });

  test('E27 a sale split over two rooms keeps a reference each, and VAT shares that add up to the cent', async () => {
    const lines = [
      article('3.33', { quantity: '3' }),
      article('5.01', { taxes: [{ category: 'S', name: '', rate: '5.5' }] }),
    ];
    const parts = taken(await till.sell(lines, [room('5.76', '204'), room('5.76', '205'), room('5.76', '206')]));
    expect(parts.map(({ reference, amount }) => [reference, amount])).toEqual([
      ['204', '5.76'],
      ['205', '5.76'],
      ['206', '5.76'],
    ]);
    const sumOf = (rate: string, what: 'base' | 'tax'): string =>
      (
        parts.reduce((sum, { vat }) => sum + Math.round(Number(vat.find((one) => one.rate === rate)![what]) * 100), 0) /
        100
      ).toFixed(2);
    expect([sumOf('20', 'base'), sumOf('20', 'tax'), sumOf('5.5', 'base'), sumOf('5.5', 'tax')]).toEqual([
      ...['9.99', '2.00', '5.01', '0.28'],
    ]);
  });

  test('E28 a reference that becomes required after the page was opened is asked for, and the basket stays', async () => {
    const saleId = await till.openSale();
    const page = await till.page(`/checkout/sale/${saleId}`, 'sales');
    const key = page.$('input[name="key"]').val() as string;
    await till.ask('patch', `/payment-methods/${till.voucher.id}`, {
      requiresReference: true,
      referenceLabel: 'Bon n°',
    });
    const refused = await till.submit(
      `/checkout/sale/${saleId}`,
      { key, confirm: till.voucher.id, amount: '12,00', reference: '', note: 'Table 4' },
      'sales',
    );
    expect(refused.status).toBe(422);
    expect(refused.$('#im-fault').text()).toContain('Bon n°');
    expect([refused.$('input[name="amount"]').val(), refused.$('input[name="note"]').val()]).toEqual([
      '12,00',
      'Table 4',
    ]);
    expect((await rowsOf('im_sales', { id: saleId }))[0]?.state).toBe('open');
    await till.ask('patch', `/payment-methods/${till.voucher.id}`, { requiresReference: false, referenceLabel: null });
  });

  test.each([
    ['0012', '0012'],
    ['  12-B ', '12-B'],
    ['=1+1', '=1+1'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['غرفة ٢٠٤ 🛏️', 'غرفة ٢٠٤ 🛏️'],
    ['e\u0301te\u0301', 'été'],
  ])('E29 the reference %j stays text, as %j, and is inert on the pages', async (typed, kept) => {
    const [paid] = taken(await till.sell(DRINKS, [{ methodId: till.voucher.id, amount: '12.00', reference: typed }]));
    expect(paid?.reference).toBe(kept);
    const page = await till.page(`/sales/${paid!.id}`, 'books');
    expect(page.$('td[data-label="Référence externe"]').first().text().trim()).toBe(kept);
    expect(page.$('img[onerror]')).toHaveLength(0);
  });

  test('E29 a reference is of the form that its method asks for, 255 characters at most', async () => {
    for (const wrong of ['12', '1234', '20A', '2 4'])
      expect(codeOf(await till.sell(DRINKS, [room('12.00', wrong)]))).toBe('422 IM_REFERENCE_ILL_FORMED');
    const voucher = (reference: string) =>
      till.sell(DRINKS, [{ methodId: till.voucher.id, amount: '12.00', reference }]);
    expect(codeOf(await voucher('é'.repeat(256)))).toBe('422 IM_REFERENCE_ILL_FORMED');
    expect(taken(await voucher('🛏'.repeat(255)))[0]?.reference).toBe('🛏'.repeat(255));
  });

  test('E30 more than is due is refused, of a basket and of an invoice, and no change is given', async () => {
    expect(codeOf(await till.sell(DRINKS, [room('12.01')]))).toBe('422 IM_OVER_PAID');
    expect(codeOf(await till.sell(DRINKS, [cash('10.00'), cash('2.01')]))).toBe('422 IM_OVER_PAID');
    const invoiceId = await till.openInvoice();
    expect(codeOf(await till.take(invoiceId, [cash('120.01')]))).toBe('422 IM_OVER_PAID');
    expect(taken(await till.take(invoiceId, [cash('20.00')]))).toHaveLength(1);
    expect(codeOf(await till.take(invoiceId, [cash('100.01')]))).toBe('422 IM_OVER_PAID');
    expect(codeOf(await till.sell(DRINKS, [cash('11.99')]))).toBe('422 IM_UNDER_PAID');
  });

  test('E30 a sale of 0.00 is recorded with one method at 0.00; elsewhere nothing is no amount', async () => {
    const free = [article('10'), article('10', { quantity: '-1' })];
    expect(taken(await till.sell(free, [room('0.00')])).map(({ amount }) => amount)).toEqual(['0.00']);
    expect(codeOf(await till.sell(free, [room('0.00'), room('0.00')]))).toBe('422 IM_OVER_PAID');
    for (const amount of ['0', '0.00', '-1', '0.001', '12.005'])
      expect([amount, codeOf(await till.sell(DRINKS, [cash('12.00'), cash(amount)]))]).toEqual([
        amount,
        '422 IM_AMOUNT_INVALID',
      ]);
    expect(codeOf(await till.sell([article('10', { quantity: '-1' })], [cash('12.00')]))).toBe(
      '400 IM_PAYLOAD_INVALID',
    );
  });

  test('E31 a double click, a retry and the back button record one payment', async () => {
    const [key, invoiceId] = [randomUUID(), await till.openInvoice()];
    const both = await Promise.all([1, 2].map(() => till.take(invoiceId, [cash('20.00')], { key })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect(taken(both[0]!)[0]?.id).toBe(taken(both[1]!)[0]?.id);
    expect((await till.take(invoiceId, [cash('20.00')], { key })).status).toBe(200);
    expect(await rowsOf('app_reglements', { facture_id: invoiceId })).toHaveLength(1);
    // The same key for something else is no replay.
    const reused = await till.take(invoiceId, [cash('21.00')], { key });
    expect([codeOf(reused), reused.body.error?.message]).toEqual([
      '409 IM_KEY_REUSED',
      expect.stringContaining('historique des ventes'),
    ]);
    expect(codeOf(await till.take(await till.openInvoice(), [cash('20.00')], { key }))).toBe('409 IM_KEY_REUSED');

    const saleId = await till.openSale();
    const path = `/checkout/sale/${saleId}`;
    const form = { key: randomUUID(), confirm: till.room.id, amount: '12,00', reference: '310' };
    const clicks = await Promise.all([1, 2].map(() => till.submit(path, form, 'sales')));
    const back = await till.submit(path, form, 'sales');
    for (const { status, to } of [...clicks, back])
      expect([status, to]).toEqual([303, `/invoice-merge/checkout/done/${saleId}`]);
    expect(await rowsOf('im_sale_payments', { sale_id: saleId })).toHaveLength(1);
  });

  test('E33 a method that is archived or taken out meanwhile is refused in plain words, and the basket stays', async () => {
    const spa = await till.make('Spa');
    await till.ask('post', '/order-modules/direct_sale/payment-methods', { methodId: spa.id });
    const saleId = await till.openSale();
    const key = randomUUID();
    await till.ask('post', `/payment-methods/${spa.id}/archive`, {});
    const again = await till.submit(`/checkout/sale/${saleId}`, { key, confirm: spa.id, amount: '12,00' }, 'sales');
    expect(again.status).toBe(422);
    expect(again.$('[role="alert"]').text()).toContain('n’est plus proposé ici');
    expect(
      again
        .$('.im-tile-name')
        .toArray()
        .map((one) => again.$(one).text()),
    ).not.toContain('Spa');
    expect((await rowsOf('im_sales', { id: saleId }))[0]?.state).toBe('open');
  });

  test('E34 a method of no module or of another module is refused to a direct request', async () => {
    const bar = await till.make('Bar');
    const { body } = await till.ask('post', '/order-modules', { name: 'Terrasse' });
    await till.ask('post', `/order-modules/${String(body.id)}/payment-methods`, { methodId: bar.id });
    for (const methodId of [bar.id, '999', 'abc'])
      expect(codeOf(await till.sell(DRINKS, [{ methodId, amount: '12.00' }]))).toBe('422 IM_METHOD_UNAVAILABLE');
    const there = { module: String(body.id) };
    expect(taken(await till.sell(DRINKS, [{ methodId: bar.id, amount: '12.00' }], there))).toHaveLength(1);
    // A basket of the one is not paid at the other.
    const saleId = await till.openSale();
    const elsewhere = { saleId, payments: [{ methodId: bar.id, amount: '12.00' }], key: randomUUID() };
    const reply = await till.ask('post', `/order-modules/${String(body.id)}/checkout`, elsewhere, 'sales');
    expect(codeOf(reply)).toBe('404 IM_NOT_FOUND');
  });

  test('one part of a sale invoiced here and another elsewhere is refused, unless the settings say that all is invoiced here', async () => {
    const mixed = () => till.sell(DRINKS, [room('6.00'), cash('6.00')]);
    const refused = await mixed();
    expect([codeOf(refused), refused.body.error?.vars.why]).toEqual(['422 IM_METHOD_UNAVAILABLE', 'mixed']);
    const { body: settings } = await till.ask('get', '/settings');
    await till.ask('put', '/settings', { ...settings, directSaleInvoice: true });
    const [billed, paid] = taken(await mixed());
    expect([billed?.invoiceId, billed?.slipNumber]).toEqual([paid?.invoiceId, null]);
    expect(paid?.invoiceNumber).toMatch(/^FA-/);
    const { body: now } = await till.ask('get', '/settings');
    await till.ask('put', '/settings', { ...now, directSaleInvoice: false });
  });

  test('a draft, a cancelled and a paid invoice take no payment, and say why', async () => {
    const draft = await till.openInvoice({ status: 'draft', number: null });
    const cancelled = await till.openInvoice({ status: 'cancelled' });
    const paid = await till.openInvoice();
    await till.take(paid, [cash('120.00')]);
    for (const [id, why] of [
      [draft, 'draft'],
      [cancelled, 'cancelled'],
      [paid, 'paid'],
    ] as const) {
      const reply = await till.take(id, [cash('1.00')]);
      expect([codeOf(reply), reply.body.error?.vars.why]).toEqual(['422 IM_NOT_PAYABLE', why]);
      expect((await till.page(`/checkout/invoice/${id}`, 'sales')).status).toBe(422);
    }
  });

  test('an invoice that was merged is not paid; its page leads to the one that replaces it', async () => {
    const { fixture } = till;
    const customer = await fixture.customer();
    const [source, target] = [await fixture.invoice(customer), await fixture.invoice(customer)];
    await fixture.save({ target, sources: [source], issued: 'cancel' });
    expect(codeOf(await till.take(source, [cash('1.00')]))).toBe('409 IM_MERGED');
    const page = await till.page(`/checkout/invoice/${source}`, 'sales');
    expect(page.$('a.im-main').attr('href')).toBe(`/invoice-merge/checkout/invoice/${target}`);
    expect(taken(await till.take(target, [cash('240.00')]))).toHaveLength(1);
  });

  test('of a merge and a payment of the same invoice at once one happens, and the money is counted once', async () => {
    const { fixture } = till;
    for (let round = 0; round < 4; round++) {
      const customer = await fixture.customer();
      const [source, target] = [await fixture.invoice(customer), await fixture.invoice(customer)];
      const save = fixture.save({ target, sources: [source], issued: 'cancel' }).then(
        () => 'merged',
        (error: { code?: string }) => error.code,
      );
      const [merged, paid] = await Promise.all([save, till.take(source, [cash('120.00')])]);
      const rows = await rowsOf('app_reglements', { facture_id: source });
      if (merged === 'merged') expect([codeOf(paid), rows.length]).toEqual(['409 IM_MERGED', 0]);
      else expect([paid.status, rows.length, merged]).toEqual([201, 1, expect.stringMatching(/^IM_/)]);
    }
  });

  test('a plain billing of an invoice settles it externally: it keeps its number and leaves what can be merged', async () => {
    const { fixture } = till;
    const customer = await fixture.customer();
    const [invoiceId, other] = [await fixture.invoice(customer), await fixture.invoice(customer)];
    const before = await fixture.load(invoiceId);
    const [paid] = taken(await till.take(invoiceId, [room('120.00', '112')]));
    const after = await fixture.load(invoiceId);
    expect([after.number, after.status, paid?.invoiceNumber]).toEqual([before.number, 'paid', before.number]);
    const [known] = await fixture.merge.billing.paymentsOf(till.knex, invoiceId);
    expect(known).toMatchObject({ settledExternally: true, reference: '112', amount: '120.00', act: 'payment' });
    expect(known?.hostPaymentId).toBe(String((await rowsOf('app_reglements', { facture_id: invoiceId }))[0]?.id));
    const { body } = await till.ask('get', `/candidates?customerId=${customer}&invoiceId=${other}`, undefined, 'books');
    expect(JSON.stringify(body.candidates)).not.toContain(`"${invoiceId}"`);
  });

  test('the host’s own row says reference, method as it was, module, key and person', async () => {
    const [key, invoiceId] = [randomUUID(), await till.openInvoice()];
    await till.take(invoiceId, [{ ...room('20.00', '115'), note: 'Minibar' }], { key });
    const [row] = await rowsOf('app_reglements', { facture_id: invoiceId });
    expect(row).toMatchObject({ im_external_reference: '115', im_request_key: key, im_actor: 'Sam Sales' });
    expect(JSON.parse(String(row?.im_method_snapshot))).toMatchObject({ name: 'Chambre', externalIdentifier: 'PMS' });
  });

  test('a payment stops on a fault before its end with nothing of it kept', async () => {
    const invoiceId = await till.openInvoice({ lines: [line('Work', '10')] });
    const { merge, crm } = till.fixture;
    const before = await counts();
    const broken = { ...crm.host, saveTotals: () => Promise.reject(new Error('the disk is full')) };
    const plugin = till.fixture.plugin({ host: broken });
    const attempt = plugin.transaction((trx) =>
      plugin.billing.takePayment(trx, {
        ...{ invoiceId, payments: [cash('12.00')], key: randomUUID(), actor: { id: '7', name: 'Sam Sales' } },
      }),
    );
    await expect(attempt).rejects.toThrow('the disk is full');
    expect(await counts()).toEqual(before);
    expect(merge.billing.checkoutUrl({ invoiceId })).toBe(`/invoice-merge/checkout/invoice/${invoiceId}`);
  });

  test('who may not take payments neither sees the page nor takes one', async () => {
    const invoiceId = await till.openInvoice();
    expect(codeOf(await till.take(invoiceId, [cash('1.00')], { who: 'stranger' }))).toBe('403 IM_FORBIDDEN');
    for (const path of [`/checkout/invoice/${invoiceId}`, `/checkout/sale/${await till.openSale()}`, '/sales'])
      expect([path, (await till.page(path, 'stranger')).status]).toEqual([path, 403]);
    const plugin = till.fixture.plugin({ scope: (query) => void query.whereRaw('1 = 0') });
    const hidden = plugin.transaction((trx) =>
      plugin.billing.takePayment(trx, {
        ...{ invoiceId, payments: [cash('1.00')], key: randomUUID(), actor: { id: '7', name: 'Sam Sales' } },
      }),
    );
    await expect(hidden).rejects.toMatchObject({ code: 'IM_NOT_FOUND' });
  });
});
