import { eachDatabase } from '../support/databases';
import { crmHost, type LineSpec } from '../support/hosts';
import { ACTORS, hiding, line, openMerging, refusal, type MergingFixture, type Save } from '../support/merging-fixture';

const percent = (value: string) => ({ kind: 'percent' as const, value, basis: 'before_tax' as const });

describe.each(eachDatabase)('what you see is what is saved, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  /** Refused, and not one row of any table is different. */
  async function refused(save: Save): Promise<Awaited<ReturnType<typeof refusal>>> {
    const before = await fixture.dump();
    const error = await refusal(fixture.save(save));
    expect(await fixture.dump()).toEqual(before);
    return error;
  }

  describe('the total', () => {
    const target = (discount?: string) =>
      fixture.invoice(customer, { lines: [line('Own', '100')], ...(discount && { discount: percent(discount) }) });
    const source = () => fixture.invoice(customer, { lines: [line('Theirs', '50')] });

    test.each(['server', 'form'] as const)(
      'T15 a discount of the target keeps off the merged lines: the sum of both is what is saved, lines by %s',
      async (mode) => {
        const [into, from] = [await target('10'), await source()];
        const { merge } = await fixture.save({ target: into, sources: [from], mode, shown: '168.00' });
        expect(merge).toMatchObject({ difference: '0.00', causes: [] });
        expect((await fixture.load(into)).total).toBe('168.00');
      },
    );

    test('T15 a page that gave the discount on the merged lines too is refused with both totals and that cause', async () => {
      const [into, from] = [await target('10'), await source()];
      const save: Save = { target: into, sources: [from], mode: 'form', shown: '162.00' };
      expect(await refused(save)).toMatchObject({
        code: 'IM_TOTAL_CHANGED',
        vars: {
          shown: '162.00',
          after: '168.00',
          causes: [{ code: 'discount', amount: '6.00' }],
          questions: [{ code: 'total_changed', causes: [{ code: 'discount', amount: '6.00' }] }],
        },
      });
      const { merge } = await fixture.save({ ...save, acknowledged: ['total_changed'] });
      expect(merge?.acknowledged).toEqual(['total_changed']);
      expect((await fixture.load(into)).total).toBe('168.00');
    });

    test('a page that rounded the tax line by line is refused with that cause', async () => {
      const into = await fixture.invoice(customer, { lines: [line('A', '0.33'), line('B', '0.33')] });
      const from = await fixture.invoice(customer, { lines: [line('C', '0.33')] });
      const save: Save = { target: into, sources: [from], mode: 'form', shown: '1.20' };
      expect(await refused(save)).toMatchObject({
        code: 'IM_TOTAL_CHANGED',
        vars: { shown: '1.20', after: '1.19', causes: [{ code: 'document_rounding', amount: '-0.01' }] },
      });
    });

    test.each(['server', 'form'] as const)(
      'what was typed after the total was shown is the cause, next to that of a host with other sums, lines by %s',
      async (mode) => {
        const [into, from] = [await target(), await source()];
        const { host } = fixture.crm;
        const plugin = fixture.plugin({
          host: {
            ...host,
            saveTotals: async (trx, id) => {
              const saved = await host.saveTotals(trx, id);
              return { ...saved, totals: { ...saved.totals, rounding: '0.05', payable: '192.05' } };
            },
          },
        });
        const { lines } = await fixture.formOf(into);
        const spec = { customerId: customer, lines: lines.map((one): LineSpec => ({ ...one, unitPrice: '110' })) };
        expect(await refused({ target: into, spec, sources: [from], mode, shown: '180.00', plugin })).toMatchObject({
          vars: {
            shown: '180.00',
            after: '192.05',
            causes: [
              { code: 'typed', amount: '12.00' },
              { code: 'host', amount: '0.05' },
            ],
          },
        });
      },
    );

    test('T13 a form that was sent without the rows, its total without them, is asked about the lines and is not merged', async () => {
      const [into, from] = [await target(), await source()];
      const save: Save = { target: into, sources: [from], mode: 'form', rows: () => [], shown: '120.00' };
      const error = await refused(save);
      expect(error).toMatchObject({
        code: 'IM_CARRIED_LINES_CHANGED',
        vars: { currency: 'EUR', lines: [{ sourceId: from, description: 'Theirs', now: null }] },
      });
      expect((await fixture.load(from)).status).toBe('unpaid');
    });

    test('T22 a merged row edited to nothing on a page that showed it so asks for the line, not for the total', async () => {
      const [into, from] = [await target(), await source()];
      const save: Save = {
        target: into,
        sources: [from],
        mode: 'form',
        rows: (rows) => rows.map((row) => ({ ...row, quantity: '0' })),
        shown: '120.00',
      };
      const { vars } = await refused(save);
      expect(vars.questions).toMatchObject([
        { code: 'carried_lines_changed', lines: [{ was: { quantity: '1' }, now: { quantity: '0' } }] },
      ]);
      const { merge } = await fixture.save({ ...save, acknowledged: ['carried_lines_changed'] });
      expect(merge?.causes).toEqual([{ code: 'lines', amount: '-60.00' }]);
    });
  });

  describe('fields of the host that are asked about', () => {
    async function withTerms(terms: (string | null)[]): Promise<string[]> {
      const { table, id } = fixture.crm.map.invoices;
      return Promise.all(
        terms.map(async (conditions) => {
          const invoice = await fixture.invoice(customer);
          await fixture
            .knex(table)
            .where({ [id]: invoice })
            .update({ conditions });
          return invoice;
        }),
      );
    }

    test('B15 T47 differing payment terms are named with all values, and the save goes through once agreed to', async () => {
      const [target = '', same = '', other = '', none = ''] = await withTerms([
        '30 jours',
        '30 jours',
        '45 jours',
        null,
      ]);
      const save: Save = { target, sources: [same, other, none] };
      const error = await refused(save);
      expect(error).toMatchObject({
        code: 'IM_FIELDS_DIFFER',
        status: 422,
        vars: {
          fields: [
            {
              column: 'conditions',
              value: '30 jours',
              others: [
                { invoiceId: other, value: '45 jours' },
                { invoiceId: none, value: null },
              ],
            },
          ],
        },
      });
      const { merge } = await fixture.save({ ...save, acknowledged: ['fields_differ'] });
      expect(merge?.acknowledged).toEqual(['fields_differ']);
    });

    test('the same on all is not asked about', async () => {
      const [target, source = ''] = await withTerms(['30 jours', '30 jours']);
      await expect(fixture.save({ target, sources: [source] })).resolves.toMatchObject({ replayed: false });
    });

    test('the lines of a source tell them before the save, in the words of the host', async () => {
      const [source = ''] = await withTerms(['45']);
      const words: Record<string, string> = { 'fields.conditions': 'Conditions', 'fields.conditions.45': '45 jours' };
      const plugin = fixture.plugin({ translate: (key) => words[key] });
      const { body } = await fixture.http(`/api/invoices/${source}/lines`, { plugin });
      expect(body.fields).toEqual([{ column: 'conditions', label: 'Conditions', value: '45', text: '45 jours' }]);
      const { body: plain } = await fixture.http(`/api/invoices/${source}/lines`);
      expect(plain.fields).toEqual([{ column: 'conditions', label: 'conditions', value: '45', text: '45' }]);
    });
  });

  test('“save without it” merges the others only, also where its box is ticked', async () => {
    const target = await fixture.invoice(customer);
    const [one, two, three] = [
      await fixture.invoice(customer),
      await fixture.invoice(customer),
      await fixture.invoice(customer),
    ];
    const body = { invoiceMergeWithout: `${one}~${three}` };
    const { merge } = await fixture.save({ target, sources: [one, two, three], body });
    expect(merge?.sources.map(({ invoiceId }) => invoiceId)).toEqual([two]);
    expect((await fixture.load(one)).status).toBe('unpaid');
  });

  test('a form without any field of the banner is warned about, once', async () => {
    const target = await fixture.invoice(customer);
    const warned: unknown[] = [];
    const plugin = fixture.plugin({
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: (_message, fields) => void warned.push(fields),
        error: () => undefined,
      },
    });
    const save = (form: object) =>
      plugin.transaction((trx) =>
        plugin.applyMerge(trx, { page: 'edit', invoiceId: target, form, actor: ACTORS.sales }, () =>
          Promise.resolve(target),
        ),
      );
    await save({});
    await fixture.save({ target, plugin });
    expect(warned).toEqual([]);
    await save({ customer });
    await save({ customer });
    expect(warned).toEqual([{ code: 'IM_FORM_WITHOUT_BANNER', page: 'edit' }]);
  });

  test('a customer of whom the person may see no invoice is not named', async () => {
    const [mine, theirs] = [await fixture.customer(), await fixture.customer()];
    await fixture.invoice(mine);
    const hidden = await fixture.invoice(theirs);
    const plugin = fixture.plugin({ scope: hiding(fixture.crm, [hidden]) });
    const banner = async (customerId: string, used = plugin): Promise<string> =>
      String((await fixture.http(`/banner?page=create&customerId=${customerId}`, { plugin: used })).body.html);
    const name = async (id: string): Promise<string> => {
      const { table, id: key, name: column } = fixture.crm.map.customers;
      const [row] = await fixture.rows(table, { [key]: id });
      return String(row?.[column]);
    };
    expect(await banner(mine)).toContain(await name(mine));
    expect(await banner(theirs)).not.toContain(await name(theirs));
    // Without a scope everybody sees all.
    expect(await banner(theirs, fixture.merge)).toContain(await name(theirs));
  });
});
