import type { Row } from '../../plugin/host/contract';
import { PluginError } from '../../plugin/errors';
import { knexHost } from '../../plugin/host/knex-host';
import { eachDatabase } from '../support/databases';
import { crmHost, perfexLikeHost } from '../support/hosts';
import { offerAll } from './fault-scenarios';
import { line, openMerging, refusal, VAT_10, type MergingFixture, type Save } from '../support/merging-fixture';

const modes = [['server'], ['form']] as const;

describe.each(eachDatabase)('what becomes of merged invoices, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  const link = (name: string, id: string, value: string): Promise<void> =>
    fixture.crm.addLink(fixture.knex, name, id, value);
  const rowOf = async (id: string): Promise<Row> => (await fixture.rows('app_factures', { id }))[0] ?? {};

  async function refused(save: Save): Promise<Awaited<ReturnType<typeof refusal>>> {
    const before = await fixture.dump();
    const error = await refusal(fixture.save(save));
    expect(await fixture.dump()).toEqual(before);
    return error;
  }

  test.each([
    ['2026-05-04', '2026-05-04'],
    ['2026-02-01', '2026-03-02'],
  ])(
    'B17 a credit note is dated as the target, and never before its invoice: into one of %s, %s',
    async (issueDate, date) => {
      await offerAll(fixture);
      const target = await fixture.invoice(customer, { issueDate });
      const source = await fixture.invoice(customer, { issueDate: '2026-03-02' });
      await fixture.save({ target, sources: [source], issued: 'credit' });
      await fixture.knex('im_settings').delete();
      const [note] = await fixture.rows('app_avoirs', { facture_id: source });
      expect(JSON.stringify(note?.emis_le)).toContain(date);
    },
  );

  describe('what pointed at them', () => {
    test.each(['cancel', 'delete'])(
      'T28 all three expenses of a source point at the target, settlement %s',
      async (issued) => {
        const target = await fixture.invoice(customer);
        const source = await fixture.invoice(customer);
        for (const value of ['Train', 'Hotel', 'Lunch']) await link('expenses', source, value);
        await fixture.save({ target, sources: [source], issued });
        const rows = await fixture.rows('app_frais', { facture_id: target });
        expect(rows.map(({ texte }) => texte)).toEqual(['Train', 'Hotel', 'Lunch']);
        expect(await fixture.rows('app_frais', { facture_id: source })).toEqual([]);
      },
    );

    test.each(['edit', 'create'] as const)(
      'T29 T30 a source with an estimate and expenses has both moved, on the %s page',
      async (page) => {
        const source = await fixture.invoice(customer);
        await link('estimates', source, 'D-1');
        await link('estimates', source, 'D-2');
        await link('expenses', source, 'Train');
        const target = page === 'edit' ? { target: await fixture.invoice(customer) } : {};
        const spec = page === 'create' ? { spec: { customerId: customer, lines: [line('New', '10')] } } : {};
        const { invoiceId } = await fixture.save({ ...target, ...spec, sources: [source] });
        expect(await fixture.rows('app_devis', { facture_id: invoiceId })).toHaveLength(2);
        expect(await fixture.rows('app_frais', { facture_id: invoiceId })).toHaveLength(1);
      },
    );

    test('T31 a line that is taken off a cancelled source later un-bills nothing: its tasks hang on the target', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const [sourceLine] = (await fixture.load(source)).lines;
      await link('lineExpenses', sourceLine?.id ?? '', 'Task');
      await fixture.save({ target, sources: [source] });
      await fixture.knex.transaction((trx) =>
        fixture.crm.saveInvoice(trx, source, { customerId: customer, lines: [] }),
      );
      const carried = (await fixture.load(target)).lines.find(({ sourceInvoiceId }) => sourceInvoiceId === source);
      expect(await fixture.rows('app_frais_lignes', { texte: 'Task', ligne_id: carried?.id })).toHaveLength(1);
      const edit = fixture.merge.transaction((trx) => fixture.merge.guard(trx, source, 'edit'));
      expect(await refusal(edit)).toMatchObject({ code: 'IM_MERGED', vars: { successorId: target } });
    });

    test.each(['cancel', 'delete'])(
      'T32 tags join without doubles, files are copied, subscriptions stay, settlement %s',
      async (issued) => {
        const target = await fixture.invoice(customer);
        const source = await fixture.invoice(customer);
        await link('tags', target, 'urgent');
        await link('tags', source, 'urgent');
        await link('tags', source, 'works');
        await link('attachments', source, 'plan.pdf');
        if (issued === 'cancel') await link('subscriptions', source, 'monthly');
        await fixture.save({ target, sources: [source], issued });
        expect(
          (await fixture.rows('app_etiquettes', { facture_id: target })).map(({ etiquette }) => etiquette),
        ).toEqual(['urgent', 'works']);
        expect(await fixture.rows('app_etiquettes', { facture_id: source })).toEqual([]);
        expect(await fixture.rows('app_pieces', { facture_id: target })).toMatchObject([{ texte: 'plan.pdf' }]);
        expect(await fixture.rows('app_pieces', { facture_id: source })).toHaveLength(issued === 'cancel' ? 1 : 0);
        expect(await fixture.rows('app_abonnements', { facture_id: source })).toHaveLength(issued === 'cancel' ? 1 : 0);
      },
    );

    test('T33 an order that is billed by two invoices keeps its state: only where it points changes', async () => {
      const target = await fixture.invoice(customer);
      const sources = [await fixture.invoice(customer), await fixture.invoice(customer)];
      for (const source of sources) await link('expenses', source, 'Order 7');
      await fixture
        .knex('app_frais')
        .whereIn('facture_id', sources)
        .update({ contenu: Buffer.from([0, 255, 7]) });
      const before = await fixture.knex('app_frais').whereIn('facture_id', sources).orderBy('id');
      await fixture.save({ target, sources });
      const after = await fixture.knex('app_frais').where('facture_id', target).orderBy('id');
      expect(after).toEqual((before as Row[]).map((row) => ({ ...row, facture_id: Number(target) })));
    });

    test.each(modes)('T24 T34 each line keeps its own task and its own account, lines by %s', async (mode) => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer, { lines: [line('Same', '50'), line('Same', '50')] });
      const { lines } = await fixture.load(source);
      for (const [index, { id }] of lines.entries()) {
        await link('lineExpenses', id, `Task ${index} of ${source}`);
        await fixture
          .knex('app_lignes')
          .where({ id })
          .update({ compte: `70${index}` });
      }
      await fixture.save({ target, sources: [source], mode });
      const carried = (await fixture.load(target)).lines.slice(1);
      expect(carried.map(({ sourceLineId }) => sourceLineId)).toEqual(lines.map(({ id }) => id));
      for (const [index, { id }] of carried.entries()) {
        expect(await fixture.rows('app_lignes', { id })).toMatchObject([{ compte: `70${index}` }]);
        expect(await fixture.rows('app_frais_lignes', { ligne_id: id })).toMatchObject([
          { texte: `Task ${index} of ${source}` },
        ]);
      }
    });
  });

  describe('cancelled', () => {
    test('T37 a draft uses up no number, neither its own nor the host’s next one', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer, { status: 'draft' });
      const before = await fixture.rows('app_reglages');
      await fixture.save({ target, sources: [source] });
      expect(await rowOf(source)).toMatchObject({ statut: 'annulee', numero: null });
      expect(await fixture.rows('app_reglages')).toEqual(before);
    });

    test('T58 an issued one keeps its number and was not sent; it is no longer reminded and says what it was merged into', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer, { note: 'Call first' });
      const before = await rowOf(source);
      await fixture.save({ target, sources: [source] });
      const { numero } = await rowOf(target);
      expect(await rowOf(source)).toEqual({
        ...before,
        statut: 'annulee',
        im_version: expect.anything() as unknown,
        im_merged_into_id: Number(target),
        im_merged_at: '2026-11-21T10:00:00.000Z',
        im_reminders_off: 1,
        note: `Call first\nFusionnée dans ${String(numero)} le 21/11/2026 par Bea Books`,
      });
    });

    test('the note bears the day of the business, not that of Greenwich', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const plugin = fixture.plugin({ clock: () => new Date('2026-11-21T23:30:00.000Z') });
      await fixture.save({ target, sources: [source], plugin });
      expect((await rowOf(source)).note).toContain('22/11/2026');
    });

    test('T45 the target keeps the highest reminder that was sent for any of them', async () => {
      const target = await fixture.invoice(customer);
      const sources = [await fixture.invoice(customer), await fixture.invoice(customer)];
      await fixture.knex('app_factures').where({ id: sources[0] }).update({ relances: 2 });
      await fixture.knex('app_factures').where({ id: target }).update({ relances: 1 });
      await fixture.save({ target, sources });
      expect((await rowOf(target)).relances).toBe(2);
    });
  });

  describe('deleted', () => {
    test('T59 their whole content and who did it stay on record', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer, {
        lines: [
          line('Kept in the record', '50', {
            allowancesCharges: [{ kind: 'allowance', amount: '5', reason: 'Loyal' }],
          }),
        ],
        allowancesCharges: [{ kind: 'charge', amount: '3', reason: 'Freight', tax: { category: 'S', rate: '20' } }],
        note: 'Original note',
      });
      const { number, total } = await fixture.load(source);
      const { merge } = await fixture.save({ target, sources: [source], issued: 'delete' });
      for (const [table, key] of [
        ['app_factures', 'id'],
        ['app_lignes', 'facture_id'],
        ['app_remises', 'facture_id'],
        ['app_journal', 'facture_id'],
      ] as const)
        expect(await fixture.rows(table, { [key]: source })).toEqual([]);
      const [record] = await fixture.rows('im_merge_sources', { merge_id: merge?.id });
      expect(record).toMatchObject({
        source_id: Number(source),
        number,
        status_before: 'unpaid',
        settlement: 'delete',
      });
      expect(Number(record?.total_minor) / 100).toBe(Number(total));
      const snapshot = JSON.parse(String(record?.snapshot)) as { tables: Record<string, Row[]> };
      expect(snapshot.tables).toMatchObject({
        app_factures: [{ numero: number, note: 'Original note' }],
        app_lignes: [{ libelle: 'Kept in the record' }],
        app_remises: [{ motif: 'Freight' }],
        app_remises_lignes: [{ motif: 'Loyal' }],
        app_journal: [{ texte: 'saved' }],
      });
      const [activity] = await fixture.rows('im_activity', { merge_id: merge?.id });
      expect(activity).toMatchObject({
        actor_id: '8',
        actor_name: 'Bea Books',
        action: 'merge',
        invoice_id: Number(target),
      });
    });

    test('T40 a host that deletes its last invoice only refuses any other, and nothing changes', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const newest = await fixture.invoice(customer);
      const { host } = fixture.crm;
      const plugin = fixture.plugin({
        host: {
          ...host,
          async deleteInvoices(trx, ids) {
            const [last] = (await trx('app_factures').orderBy('id', 'desc').limit(1).pluck('id')) as number[];
            for (const invoiceId of ids)
              if (invoiceId !== String(last)) throw new PluginError('IM_HOST_FAULT', 409, { invoiceId });
            return host.deleteInvoices(trx, ids);
          },
        },
      });
      const error = await refused({ target, sources: [source], issued: 'delete', plugin });
      expect(error).toMatchObject({ code: 'IM_HOST_FAULT', vars: { invoiceId: source } });
      await expect(fixture.save({ target, sources: [newest], issued: 'delete', plugin })).resolves.toBeDefined();
      expect(await fixture.rows('app_factures', { id: newest })).toEqual([]);
    });

    test('issued sources are deleted and drafts cancelled when both were chosen so; drafts follow otherwise', async () => {
      for (const [draft, left] of [
        ['cancel', 1],
        ['', 0],
      ] as const) {
        const target = await fixture.invoice(customer);
        const sources = [await fixture.invoice(customer), await fixture.invoice(customer, { status: 'draft' })];
        const { merge } = await fixture.save({ target, sources, issued: 'delete', draft });
        expect(merge?.sources.map(({ settlement }) => settlement)).toEqual(['delete', draft || 'delete']);
        expect(await fixture.rows('app_factures', { id: sources[0] })).toEqual([]);
        expect(await fixture.rows('app_factures', { id: sources[1] })).toHaveLength(left);
      }
    });

    test('the id of a deleted source that is posted again is refused, naming who merged it and where', async () => {
      const [target, other] = [await fixture.invoice(customer), await fixture.invoice(customer)];
      const source = await fixture.invoice(customer);
      const { version, number } = await fixture.load(source);
      await fixture.save({ target, sources: [source], issued: 'delete' });
      const error = await refused({ target: other, sources: [{ id: source, version }] });
      expect(error).toMatchObject({
        code: 'IM_STALE_SOURCE',
        status: 409,
        vars: {
          id: source,
          number,
          change: 'merged',
          successorId: target,
          by: 'Bea Books',
          at: '2026-11-21T10:00:00.000Z',
        },
      });
    });
  });

  test('a carried charge is remembered as a charge', async () => {
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer, {
      lines: [line('Two taxes', '100')],
      discount: { kind: 'amount', value: '-5', basis: 'before_tax' },
    });
    const map = { ...fixture.crm.map, allowances: fixture.crm.map.allowances?.filter(({ of }) => of === 'line') };
    const plugin = fixture.plugin({ host: knexHost(map) });
    const { merge } = await fixture.save({ target, sources: [source], plugin });
    expect(await fixture.rows('im_carried_lines', { merge_id: merge?.id })).toMatchObject([
      { kind: 'line' },
      { kind: 'charge', source_id: Number(source) },
    ]);
  });

  test('T62 texts with quotes, tags and </textarea> come as data and never as markup', async () => {
    const evil = `"><script>alert(1)</script></textarea><img src=x onerror='alert(2)'> & 'q'`;
    const by = await fixture.crm.createCustomer(fixture.knex, evil);
    const target = await fixture.invoice(by);
    const source = await fixture.invoice(by, {
      number: `A"><b>1</b>`,
      lines: [line(evil, '50', { longDescription: evil })],
    });
    const { body } = await fixture.http(`/api/invoices/${source}/lines`);
    expect(body).toMatchObject({ lines: [{ description: evil, longDescription: evil }] });
    const { body: page } = await fixture.http(`/banner?page=edit&invoiceId=${target}&formId=f`);
    const html = String(page.html);
    expect(html).toContain('&lt;b&gt;1&lt;/b&gt;');
    expect(html).not.toMatch(/<script>alert|<img|<b>1|<\/textarea>/);
    await fixture.save({ target, sources: [source] });
    expect((await fixture.load(target)).lines[1]).toMatchObject({ description: evil, longDescription: evil });
    const { body: preview } = await fixture.http(`/banner?page=edit&invoiceId=${source}&formId=f`);
    expect(String(preview.html)).not.toMatch(/<script>alert|<img|<b>1|<\/textarea>/);
  });
});

describe.each(eachDatabase)('a host in Perfex’s shape, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), perfexLikeHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  test('T37 T58 a cancelled draft has no number and nothing counts as sent', async () => {
    const target = await fixture.invoice(customer);
    const sources = [await fixture.invoice(customer, { status: 'draft' }), await fixture.invoice(customer)];
    const options = await fixture.rows('tbloptions');
    const [, issued] = await Promise.all(sources.map((id) => fixture.rows('tblinvoices', { id })));
    await fixture.save({ target, sources });
    expect(await fixture.rows('tblinvoices', { id: sources[0] })).toMatchObject([{ status: 5, number: null, sent: 0 }]);
    expect(await fixture.rows('tblinvoices', { id: sources[1] })).toMatchObject([
      { status: 5, number: issued?.[0]?.number, sent: 0 },
    ]);
    expect(await fixture.rows('tbloptions')).toEqual(options);
  });

  test('T18 two taxes on a line, and 0 % beside 5 %, are stored as they were and not averaged', async () => {
    const taxed = (description: string, ...rates: string[]) =>
      line(description, '100', { taxes: rates.map((rate) => ({ category: 'S', name: `Tax ${rate}`, rate })) });
    const target = await fixture.invoice(customer, { lines: [taxed('Own', '5')] });
    const source = await fixture.invoice(customer, { lines: [taxed('Free', '0'), taxed('Both', '5', '9')] });
    await fixture.save({ target, sources: [source] });
    const stored = await fixture
      .knex('tblitem_tax as t')
      .join('tblitemable as l', 'l.id', 't.itemid')
      .where({ 'l.rel_id': target, 't.rel_type': 'invoice' })
      .orderBy(['l.item_order', 't.taxrate'])
      .select('l.description', 't.taxname', 't.taxrate');
    expect((stored as Row[]).map((row) => [row.description, row.taxname, Number(row.taxrate)])).toEqual([
      ['Own', 'Tax 5', 5],
      ['Free', 'Tax 0', 0],
      ['Both', 'Tax 5', 5],
      ['Both', 'Tax 9', 9],
    ]);
    const { totals } = await fixture.load(target);
    expect(totals.taxes.map(({ rate, taxable, tax }) => [rate, taxable, tax])).toEqual([
      ['0', '100.00', '0.00'],
      ['5', '200.00', '10.00'],
      ['9', '100.00', '9.00'],
    ]);
  });

  test.each(['cancel', 'delete'])(
    'T28 T32 expenses, tags and files follow; other documents in the shared tables stay, settlement %s',
    async (issued) => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer, {
        lines: [line('A', '10'), line('B', '20', { taxes: [VAT_10] })],
      });
      // An estimate with the same id as the source.
      const shared = { rel_id: source, rel_type: 'estimate' };
      await fixture.knex('tblitemable').insert({ ...shared, description: 'Estimate', qty: 1, rate: 1, item_order: 1 });
      await fixture.knex('tbltaggables').insert({ ...shared, tag_id: 5 });
      for (const value of ['1', '2', '3']) await fixture.crm.addLink(fixture.knex, 'expenses', source, value);
      await fixture.crm.addLink(fixture.knex, 'tags', source, '5');
      await fixture.crm.addLink(fixture.knex, 'files', source, 'plan.pdf');
      await fixture.save({ target, sources: [source], issued });
      expect(await fixture.rows('tblexpenses', { invoiceid: target })).toHaveLength(3);
      expect(await fixture.rows('tbltaggables', { rel_id: target })).toMatchObject([
        { rel_type: 'invoice', tag_id: 5 },
      ]);
      expect(await fixture.rows('tblfiles', { rel_id: target })).toMatchObject([{ file_name: 'plan.pdf' }]);
      expect(await fixture.rows('tblitemable', shared)).toHaveLength(1);
      expect(await fixture.rows('tbltaggables', shared)).toHaveLength(1);
      expect((await fixture.load(target)).totals.taxes.map(({ rate, tax }) => `${rate}: ${tax}`).sort()).toEqual([
        '10: 2.00',
        '20: 22.00',
      ]);
    },
  );
});
