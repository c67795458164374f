import { eachDatabase } from '../support/databases';
import { crmHost, eachHost } from '../support/hosts';
import {
  ACTORS,
  hiding,
  line,
  openMerging,
  reasonsOf,
  refusal,
  type MergingFixture,
  type Save,
} from '../support/merging-fixture';

describe.each(eachDatabase)('what a save claims is checked again, on %s', (name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  afterAll(() => fixture.close());

  /** Refused, and not one row of any table is different. */
  async function refused(save: Save): Promise<Awaited<ReturnType<typeof refusal>>> {
    const before = await fixture.dump();
    const error = await refusal(fixture.save(save));
    expect(await fixture.dump()).toEqual(before);
    return error;
  }

  test('T1 an invoice of another customer is refused, and nothing changes', async () => {
    const target = await fixture.invoice(await fixture.customer());
    const source = await fixture.invoice(await fixture.customer());
    const error = await refused({ target, sources: [source] });
    expect(error).toMatchObject({ code: 'IM_NOT_MERGEABLE', status: 422 });
    expect(reasonsOf(error, source)).toEqual(['customer']);
  });

  test('T1 a form that changes the customer to the one of the source takes nothing from the target’s customer', async () => {
    const [mine, other] = [await fixture.customer(), await fixture.customer()];
    const target = await fixture.invoice(mine);
    const source = await fixture.invoice(mine);
    const spec = { ...(await fixture.formOf(target)), customerId: other };
    expect(reasonsOf(await refused({ target, spec, sources: [source] }), source)).toEqual(['customer']);
  });

  test.each([
    ['paid', ['status', 'payments']],
    ['partial', ['status', 'payments']],
    ['cancelled', ['status']],
  ] as const)('T2 a posted source that is %s is refused', async (status, reasons) => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer, { status: status === 'cancelled' ? status : 'unpaid' });
    if (status !== 'cancelled') await fixture.crm.pay(fixture.knex, source, status === 'paid' ? '120' : '20');
    expect(reasonsOf(await refused({ target, sources: [source] }), source)).toEqual(reasons);
  });

  test('T2 T27 a posted source with a credit applied to it is refused', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    await fixture.knex('app_imputations').insert({ facture_id: source, montant: '5' });
    expect(reasonsOf(await refused({ target, sources: [source] }), source)).toEqual(['credits']);
  });

  test('T3 a source in another currency is refused, whether the target is saved or new', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer, { currency: 'USD' });
    expect(reasonsOf(await refused({ target, sources: [source] }), source)).toEqual(['currency']);
    const spec = { customerId: customer, currency: 'EUR', lines: [line('New', '10')] };
    expect(reasonsOf(await refused({ spec, sources: [source] }), source)).toEqual(['currency']);
  });

  test('T4 an invoice is not merged into itself', async () => {
    const target = await fixture.invoice(await fixture.customer());
    expect(reasonsOf(await refused({ target, sources: [target] }), target)).toEqual(['self']);
  });

  test('T5 an invoice posted twice is merged once', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer, { lines: [line('Once', '50')] });
    const { merge } = await fixture.save({ target, sources: [source, source] });
    expect(merge?.sources).toHaveLength(1);
    const { lines, total } = await fixture.load(target);
    expect(lines.map(({ description }) => description)).toEqual(['Work', 'Once']);
    expect(total).toBe('180.00');
  });

  test('T6 who may not choose the settlement merges with the default and is refused to delete', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const error = await refused({ target, sources: [source], issued: 'delete', actor: ACTORS.sales });
    expect(error).toMatchObject({ code: 'IM_SETTLEMENT_FORBIDDEN', status: 403 });
    await fixture.save({ target, sources: [source], issued: 'cancel', actor: ACTORS.sales });
    expect((await fixture.load(source)).status).toBe('cancelled');
  });

  test('T6 who may not merge at all is refused, and may still save the invoice without sources', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const error = await refused({ target, sources: [source], actor: ACTORS.stranger });
    expect(error).toMatchObject({ code: 'IM_FORBIDDEN', status: 403 });
    await expect(fixture.save({ target, actor: ACTORS.stranger })).resolves.toMatchObject({ merge: null });
  });

  test('T7 an invoice that the person may not see does not exist: its lines and a save that names it answer 404', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const [seen, hidden] = [await fixture.invoice(customer), await fixture.invoice(customer)];
    const plugin = fixture.plugin({ scope: hiding(fixture.crm, [hidden]) });
    expect(await fixture.http(`/api/invoices/${seen}/lines`, { plugin })).toMatchObject({ status: 200 });
    const unknown = await fixture.http('/api/invoices/99999999/lines', { plugin });
    const reply = await fixture.http(`/api/invoices/${hidden}/lines`, { plugin });
    expect(reply.status).toBe(404);
    expect(JSON.stringify(reply.body).replaceAll(hidden, '')).toBe(
      JSON.stringify(unknown.body).replaceAll('99999999', ''),
    );
    expect(await refused({ target, sources: [hidden], plugin })).toMatchObject({ code: 'IM_NOT_FOUND', status: 404 });
    const list = await fixture.http(`/api/candidates?customerId=${customer}&invoiceId=${target}`, { plugin });
    expect((list.body.candidates as { id: string }[]).map(({ id }) => id)).toEqual([seen]);
    const asTarget = fixture.plugin({ scope: hiding(fixture.crm, [target]) });
    expect(await refused({ target, sources: [seen], plugin: asTarget })).toMatchObject({ code: 'IM_NOT_FOUND' });
  });

  test('T7 what a hidden invoice was merged into is not told', async () => {
    const customer = await fixture.customer();
    const [first, second] = [await fixture.invoice(customer), await fixture.invoice(customer)];
    for (const issued of ['cancel', 'delete']) {
      const source = await fixture.invoice(customer);
      const { version } = await fixture.load(source);
      await fixture.save({ target: first, sources: [source], issued });
      const plugin = fixture.plugin({ scope: hiding(fixture.crm, [first, source]) });
      const error = await refused({ target: second, sources: [{ id: source, version }], plugin });
      expect(error).toMatchObject({ code: 'IM_NOT_FOUND', status: 404 });
    }
  });

  test('T7 of a source in sight people read that it was merged, of a successor out of sight nothing', async () => {
    const customer = await fixture.customer();
    const [first, second] = [await fixture.invoice(customer), await fixture.invoice(customer)];
    const source = await fixture.invoice(customer);
    const { version, number } = await fixture.load(source);
    await fixture.save({ target: first, sources: [source] });
    const { number: secret } = await fixture.load(first);
    const plugin = fixture.plugin({ scope: hiding(fixture.crm, [first]) });
    const stale = await refused({ target: second, sources: [{ id: source, version }], plugin });
    expect(stale).toMatchObject({ code: 'IM_STALE_SOURCE', vars: { id: source, number, change: 'merged' } });
    const edited = await refused({ target: source, sources: [], plugin });
    expect(edited).toMatchObject({ code: 'IM_MERGED', vars: { invoiceId: source, number } });
    const lines = await fixture.http(`/api/invoices/${source}/lines`, { plugin });
    expect(lines.status).toBe(422);
    for (const told of [stale.vars, edited.vars, lines.body]) {
      const text = JSON.stringify(told);
      for (const word of [
        `"${first}"`,
        `/${first}"`,
        secret ?? '',
        ACTORS.sales.name,
        ACTORS.books.name,
        'successor',
        '"other"',
        '"at"',
      ])
        expect(text).not.toContain(word);
    }
  });

  test.each([
    ['paid', '120', { code: 'status', vars: { status: 'paid' } }],
    ['partial', '20', { code: 'payments', vars: { sum: '20.00' } }],
    ['cancelled', null, { code: 'status', vars: { status: 'cancelled' } }],
  ] as const)('T8 nothing is merged into an invoice that is %s', async (status, amount, reason) => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer, { status: status === 'cancelled' ? status : 'unpaid' });
    if (amount) await fixture.crm.pay(fixture.knex, target, amount);
    const source = await fixture.invoice(customer);
    expect(await refused({ target, sources: [source] })).toMatchObject({
      code: 'IM_TARGET_CLOSED',
      status: 422,
      vars: { reason },
    });
  });

  test('T8 a save that itself closes the target merges nothing', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const spec = { ...(await fixture.formOf(target)), status: 'paid' as const };
    expect(await refused({ target, spec, sources: [source] })).toMatchObject({ code: 'IM_TARGET_CLOSED' });
  });

  test('T9 a source that was paid after the form was opened is refused, and the payment stays', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const { version } = await fixture.load(source);
    await fixture.crm.pay(fixture.knex, source, '120');
    const error = await refused({ target, sources: [{ id: source, version }], issued: 'delete' });
    expect(error).toMatchObject({ code: 'IM_STALE_SOURCE', status: 409, vars: { id: source, change: 'edited' } });
    expect(await fixture.rows('app_reglements', { facture_id: source })).toHaveLength(1);
    // Posted without a version, the status still speaks against it.
    const unversioned = await refused({ target, sources: [{ id: source, version: null }] });
    expect(reasonsOf(unversioned, source)).toEqual(['status', 'payments']);
  });

  test('T10 two people merge one source into two invoices at once: one wins, the other’s lines are not kept', async () => {
    const customer = await fixture.customer();
    const targets = [await fixture.invoice(customer), await fixture.invoice(customer)];
    const source = await fixture.invoice(customer, { lines: [line('Wanted twice', '50')] });
    const second = name === 'sqlite' ? null : fixture.database.connect();
    const rival = second ? fixture.plugin({ knex: second }) : fixture.merge;
    const { version } = await fixture.load(source);
    const saves = targets.map((target, index) =>
      fixture.save({ target, sources: [{ id: source, version }], ...(index === 1 && { plugin: rival }) }),
    );
    const results = await Promise.allSettled(saves);
    const lost = results.filter((result) => result.status === 'rejected');
    expect(lost).toHaveLength(1);
    expect(lost[0]?.reason).toMatchObject({ code: 'IM_STALE_SOURCE', status: 409 });
    const bearing = await fixture.rows('app_lignes', { libelle: 'Wanted twice' });
    expect(bearing).toHaveLength(2);
    expect(await fixture.rows('im_merge_sources', { source_id: source })).toHaveLength(1);
  });

  test('T12 a double click saves once and answers the first invoice; a retry with another form is told so', async () => {
    const customer = await fixture.customer();
    const source = await fixture.invoice(customer);
    const key = 'double-click-1';
    const { version } = await fixture.load(source);
    let saves = 0;
    const save: Save = {
      spec: { customerId: customer, lines: [line('New', '10')] },
      sources: [{ id: source, version }],
      key: `${key}-${customer}`,
      onSave: () => (saves += 1),
    };
    const results = await Promise.all([fixture.save(save), fixture.save(save)]);
    expect(saves).toBe(1);
    expect(new Set(results.map(({ invoiceId }) => invoiceId)).size).toBe(1);
    expect(results.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
    expect(results[0]?.merge).toEqual(results[1]?.merge);
    expect(await fixture.rows('app_factures', { client_id: customer })).toHaveLength(2);

    const other = await refused({ ...save, body: { note: 'changed' } });
    const invoiceId = results[0]?.invoiceId;
    expect(other).toMatchObject({
      code: 'IM_KEY_REUSED',
      status: 409,
      vars: { invoiceId, url: `/invoices/${invoiceId}` },
    });
    expect(saves).toBe(1);
  });

  test('a create page without sources that is sent twice makes one invoice', async () => {
    const customer = await fixture.customer();
    const save: Save = { spec: { customerId: customer, lines: [line('New', '10')] }, key: `create-${customer}-twice` };
    const first = await fixture.save(save);
    expect(await fixture.save(save)).toEqual({ invoiceId: first.invoiceId, merge: null, replayed: true, retagged: 0 });
    expect(await fixture.rows('app_factures', { client_id: customer })).toHaveLength(1);
    // The same key from another person is not that person's save.
    expect(await refused({ ...save, actor: ACTORS.sales })).toMatchObject({ code: 'IM_KEY_REUSED' });
  });

  test('a refused save gives its key back: the corrected form is saved with it', async () => {
    const customer = await fixture.customer();
    const key = `again-${customer}-please`;
    const target = await fixture.invoice(customer);
    await refused({ target, sources: [target], key });
    await expect(fixture.save({ target, key })).resolves.toMatchObject({ replayed: false });
  });

  test('T60 a hook that answers foreign ids adds none, and one that takes a candidate away refuses it at the save', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const foreign = await fixture.invoice(await fixture.customer());
    const [kept, taken, doubted] = [
      await fixture.invoice(customer),
      await fixture.invoice(customer),
      await fixture.invoice(customer),
    ];
    const plugin = fixture.plugin({
      hooks: {
        candidates: (list) => [
          ...list
            .filter(({ id }) => id !== taken)
            .map((one) =>
              one.id === doubted
                ? { ...one, reasons: [{ code: 'host' as const, vars: {} }] }
                : { ...one, total: '0.01', version: 'forged', eligible: true },
            ),
          ...(list[0] ? [{ ...list[0], id: foreign }] : []),
        ],
      },
    });
    const path = `/api/candidates?customerId=${customer}&invoiceId=${target}`;
    const { body } = await fixture.http(path, { plugin });
    expect(body.candidates).toMatchObject([
      { id: kept, total: '120.00', eligible: true },
      { id: doubted, eligible: false, reasons: [{ code: 'host' }] },
    ]);
    expect(reasonsOf(await refused({ target, sources: [kept, taken], plugin }), taken)).toEqual(['host']);
    expect(reasonsOf(await refused({ target, sources: [doubted], plugin }), doubted)).toEqual(['host']);
    expect(reasonsOf(await refused({ target, sources: [foreign], plugin }), foreign)).toContain('customer');
  });

  test.each([
    ['nothing', undefined],
    ['a text', 'all of them'],
    ['rubbish', [null, 7, { id: 5 }]],
  ])('T60 a candidates hook that answers %s lets nothing through', async (_what, answer) => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const plugin = fixture.plugin({ hooks: { candidates: () => answer as never } });
    const error = await refused({ target, sources: [source], plugin });
    expect(error.code).toBe(Array.isArray(answer) ? 'IM_NOT_MERGEABLE' : 'IM_HOOK_INVALID');
  });

  test('T63 a save without a choice merges nothing, and one with a single source merges it', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    expect(await fixture.save({ target })).toMatchObject({ merge: null, replayed: false });
    expect(await fixture.save({ target, body: { invoiceMergeSource: '' } }).catch((e: unknown) => e)).toMatchObject({
      code: 'IM_PAYLOAD_INVALID',
    });
    expect((await fixture.save({ target, sources: [source] })).merge?.sources).toHaveLength(1);
  });

  test('a closed period refuses sources and targets dated in it, and the day after is open', async () => {
    const customer = await fixture.customer();
    const plugin = fixture.plugin({ hooks: { lockedUntil: () => '2026-03-02' } });
    const [closed, open] = [
      await fixture.invoice(customer, { issueDate: '2026-03-02' }),
      await fixture.invoice(customer, { issueDate: '2026-03-03' }),
    ];
    expect(reasonsOf(await refused({ target: open, sources: [closed], plugin }), closed)).toEqual(['locked']);
    expect(await refused({ target: closed, sources: [open], plugin })).toMatchObject({ code: 'IM_TARGET_CLOSED' });
    const spec = { customerId: customer, issueDate: '2026-03-01', lines: [line('New', '10')] };
    expect(await refused({ spec, sources: [open], plugin })).toMatchObject({ code: 'IM_TARGET_CLOSED' });
    const target = await fixture.invoice(customer, { issueDate: '2026-03-04' });
    await expect(fixture.save({ target, sources: [open], plugin })).resolves.toMatchObject({ replayed: false });
  });

  test('credit is not offered yet, and delete only while every column that points at an invoice is mapped', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    expect(await refused({ target, sources: [source], issued: 'credit' })).toMatchObject({
      code: 'IM_SETTLEMENT_NOT_OFFERED',
      status: 422,
    });
    const links = fixture.crm.map.links.filter((link) => link.name !== 'estimates');
    const host = { ...fixture.crm.host, map: { ...fixture.crm.map, links } };
    const error = await refused({ target, sources: [source], issued: 'delete', plugin: fixture.plugin({ host }) });
    expect(error.code).toBe('IM_SETTLEMENT_NOT_OFFERED');
    expect(JSON.stringify(error.vars)).toContain('app_devis.facture_id');
  });

  test('a source that something refuses to leave (a dispute) is not merged', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    await fixture.crm.addLink(fixture.knex, 'disputes', source);
    expect(reasonsOf(await refused({ target, sources: [source] }), source)).toEqual(['link']);
  });

  test('a source with a row that stays with it is cancelled, not deleted', async () => {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    await fixture.crm.addLink(fixture.knex, 'subscriptions', source);
    expect(reasonsOf(await refused({ target, sources: [source], issued: 'delete' }), source)).toEqual(['link']);
    await fixture.save({ target, sources: [source], issued: 'cancel' });
    expect(await fixture.rows('app_abonnements', { facture_id: source })).toHaveLength(1);
  });

  test('without a transaction, or in one that is over, nothing is saved', async () => {
    const target = await fixture.invoice(await fixture.customer());
    const over = await fixture.knex.transaction();
    await over.rollback();
    for (const trx of [fixture.knex as never, over]) {
      expect(await refused({ target, trx })).toMatchObject({ code: 'IM_TRX_REQUIRED', status: 500 });
      const guarded = refusal(fixture.merge.guard(trx, target, 'pay'));
      expect(await guarded).toMatchObject({ code: 'IM_TRX_REQUIRED' });
      const numbers = refusal(fixture.merge.numbers.allocate(trx, 'invoice', 1, '2026-11-21'));
      expect(await numbers).toMatchObject({ code: 'IM_TRX_REQUIRED' });
    }
  });
});

describe.each(eachHost)('saves that create, on the %s host', (_name, makeHost) => {
  const [[, createDatabase] = []] = eachDatabase;
  let fixture: MergingFixture;
  beforeAll(async () => {
    if (createDatabase) fixture = await openMerging(await createDatabase(), makeHost());
  });
  afterAll(() => fixture.close());

  test.each(['server', 'form'] as const)('a new invoice takes two others over, lines by %s', async (mode) => {
    const customer = await fixture.customer();
    const sources = [
      await fixture.invoice(customer, { lines: [line('A', '10'), line('B', '20')] }),
      await fixture.invoice(customer, { status: 'draft', lines: [line('C', '30')] }),
    ];
    const spec = { customerId: customer, lines: [line('New', '40')] };
    const { invoiceId, merge } = await fixture.save({ spec, sources, mode });
    const saved = await fixture.load(invoiceId);
    expect(saved.lines.map(({ description, sourceInvoiceId }) => [description, sourceInvoiceId])).toEqual([
      ['New', null],
      ['A', sources[0]],
      ['B', sources[0]],
      ['C', sources[1]],
    ]);
    expect(saved.total).toBe('120.00');
    expect(merge).toMatchObject({ targetId: invoiceId, totalsBefore: null, difference: '0.00' });
    for (const id of sources)
      expect(await fixture.load(id)).toMatchObject({ status: 'cancelled', mergedIntoId: invoiceId });
  });
});
