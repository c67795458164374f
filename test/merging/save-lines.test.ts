import { eachDatabase } from '../support/databases';
import { crmHost, perfexLikeHost, rewritingHost, type LineSpec } from '../support/hosts';
import { ACTORS, line, openMerging, refusal, VAT_10, type MergingFixture, type Save } from '../support/merging-fixture';

const hosts = [
  ['crm', crmHost],
  ['perfex-like', perfexLikeHost],
  ['rewriting', rewritingHost],
] as const;
/** Each host on each database would say little more: the hosts differ in their code, the databases in their types. */
const everywhere = eachDatabase
  .flatMap(([database, createDatabase]) =>
    hosts.map(([host, makeHost]) => [host, database, makeHost, createDatabase] as const),
  )
  .filter(([host, database]) => host === 'crm' || (host === 'rewriting') === (database === 'sqlite'));
const modes = [['server'], ['form']] as const;

describe.each(everywhere)('lines and totals on the %s host, on %s', (name, _database, makeHost, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), makeHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  async function refused(save: Save): Promise<Awaited<ReturnType<typeof refusal>>> {
    const before = await fixture.dump();
    const error = await refusal(fixture.save(save));
    expect(await fixture.dump()).toEqual(before);
    return error;
  }

  async function linesOf(id: string): Promise<string[]> {
    const { lines } = await fixture.load(id);
    return lines.map((one) => `${one.quantity} x ${one.unitPrice} ${one.description}`);
  }

  describe('money', () => {
    test.each(modes)('T15 the target’s 10 %% stay 10 %% of its own lines only, lines by %s', async (mode) => {
      const target = await fixture.invoice(customer, {
        lines: [line('Own', '100')],
        discount: { kind: 'percent', value: '10', basis: 'before_tax' },
      });
      const source = await fixture.invoice(customer, { lines: [line('Full price', '50')] });
      expect((await fixture.load(target)).total).toBe('108.00');
      const { merge } = await fixture.save({ target, sources: [source], mode });
      const after = await fixture.load(target);
      expect(after).toMatchObject({ total: '168.00', discount: null });
      expect(after.totals).toMatchObject({ taxExclusive: '140.00', tax: '28.00', payable: '168.00' });
      expect(merge).toMatchObject({ difference: '0.00', causes: [], totalsBefore: { payable: '108.00' } });
      // Where documents have allowances it is one, elsewhere a line of quantity -1: no price is negative.
      if (name === 'perfex-like')
        expect(await linesOf(target)).toEqual([
          '1 x 100 Own',
          '1 x 50 Full price',
          expect.stringMatching(/^-1 x 10 Remise de cette facture, devenue fixe/),
        ]);
      else expect(after.allowancesCharges).toMatchObject([{ kind: 'allowance', amount: '10', tax: { rate: '20' } }]);
    });

    test.each(modes)('an odd percentage over two rates is fixed to the cent, lines by %s', async (mode) => {
      const target = await fixture.invoice(customer, {
        lines: [line('A', '33.33'), line('B', '66.67', { taxes: [VAT_10] }), line('C', '0.01')],
        discount: { kind: 'percent', value: '7.77', basis: 'before_tax' },
      });
      const source = await fixture.invoice(customer, { lines: [line('D', '10')] });
      const before = await fixture.load(target);
      const { merge } = await fixture.save({ target, sources: [source], mode });
      const after = await fixture.load(target);
      expect(after.discount).toBeNull();
      expect(after.totals.taxExclusive).toBe((Number(before.totals.taxExclusive) + 10).toFixed(2));
      expect(after.total).toBe((Number(before.total) + 12).toFixed(2));
      expect(merge?.difference).toBe('0.00');
    });

    test.each(modes)(
      'T16 a source’s discount before tax comes along under the source’s number, lines by %s',
      async (mode) => {
        const target = await fixture.invoice(customer);
        const source = await fixture.invoice(customer, {
          lines: [line('Twenty', '100'), line('Ten', '50', { taxes: [VAT_10] })],
          discount: { kind: 'percent', value: '10', basis: 'before_tax' },
        });
        const { number, total } = await fixture.load(source);
        expect(total).toBe('157.50');
        await fixture.save({ target, sources: [source], mode });
        const after = await fixture.load(target);
        expect(after.total).toBe('277.50');
        if (name === 'perfex-like')
          expect(await linesOf(target)).toEqual([
            '1 x 100 Work',
            '1 x 100 Twenty',
            '1 x 50 Ten',
            expect.stringMatching(new RegExp(`^-1 x (10|5) .*${number}.* (20|10)`)),
            expect.stringMatching(new RegExp(`^-1 x (10|5) .*${number}.* (20|10)`)),
          ]);
        else {
          expect(after.allowancesCharges).toHaveLength(2);
          for (const one of after.allowancesCharges) expect(one.reason).toContain(number);
        }
      },
    );

    test.each(modes)(
      'T16 T17 a source’s discount after tax and its adjustment go into the target’s adjustment, lines by %s',
      async (mode) => {
        const target = await fixture.invoice(customer, { adjustment: '0.25' });
        const sources = [
          await fixture.invoice(customer, { discount: { kind: 'percent', value: '10', basis: 'after_tax' } }),
          await fixture.invoice(customer, { adjustment: '-1.50' }),
          await fixture.invoice(customer, { adjustment: '4.75' }),
        ];
        const { merge } = await fixture.save({ target, sources, mode });
        // 0.25 - 12.00 - 1.50 + 4.75
        expect(await fixture.load(target)).toMatchObject({ total: '471.50', adjustment: '-8.5' });
        expect(merge).toMatchObject({ difference: '0.00' });
      },
    );

    test('T21 a total that the form made up is not believed', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const { table, id, total, taxTotal } = fixture.crm.map.invoices;
      await fixture.save({
        target,
        sources: [source],
        body: { subtotal: '1', total: '1', total_tax: '0' },
        during: async (trx, invoiceId) =>
          void (await trx(table)
            .where({ [id]: invoiceId })
            .update({ [total]: '1.00', [taxTotal ?? total]: '0' })),
      });
      const [row] = await fixture.rows(table, { [id]: target });
      expect(Number(row?.[total])).toBe(240);
      expect(Number(row?.[taxTotal ?? ''])).toBe(40);
    });

    test('a shown total that is not the saved one is asked about with both totals and the cause', async () => {
      const target = await fixture.invoice(customer, { lines: [line('A', '0.33')] });
      const source = await fixture.invoice(customer, { lines: [line('B', '0.33')] });
      const error = await refused({ target, sources: [source], shown: '0.80' });
      expect(error).toMatchObject({
        code: 'IM_TOTAL_CHANGED',
        status: 422,
        vars: { shown: '0.80', after: '0.79', currency: 'EUR', causes: [{ code: 'rounding', amount: '-0.01' }] },
      });
      const { merge } = await fixture.save({
        target,
        sources: [source],
        shown: '0.80',
        acknowledged: ['total_changed'],
      });
      expect(merge).toMatchObject({ difference: '-0.01', acknowledged: ['total_changed'] });
      expect((await fixture.load(target)).total).toBe('0.79');
    });

    test.each([
      ['shown', '0.79'],
      ['not shown', undefined],
    ] as const)(
      'a difference of pure rounding that was %s is not asked about, and is kept with the merge',
      async (_what, shown) => {
        const target = await fixture.invoice(customer, { lines: [line('A', '0.33')] });
        const source = await fixture.invoice(customer, { lines: [line('B', '0.33')] });
        const { merge } = await fixture.save({ target, sources: [source], ...(shown && { shown }) });
        expect(merge).toMatchObject({ difference: '-0.01', causes: [{ code: 'rounding', amount: '-0.01' }] });
      },
    );

    test('a total that the host computes otherwise is asked about although nothing was shown', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const { host } = fixture.crm;
      const plugin = fixture.plugin({
        host: {
          ...host,
          saveTotals: async (trx, id) => {
            const saved = await host.saveTotals(trx, id);
            return { ...saved, totals: { ...saved.totals, rounding: '0.05', payable: '240.05' } };
          },
        },
      });
      const error = await refused({ target, sources: [source], plugin });
      expect(error).toMatchObject({
        code: 'IM_TOTAL_CHANGED',
        vars: { shown: '240.00', after: '240.05', causes: [{ code: 'host', amount: '0.05' }] },
      });
    });

    test('a source whose stored total is not what its lines come to is asked about: no cent is lost silently', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const { table, id, total } = fixture.crm.map.invoices;
      await fixture
        .knex(table)
        .where({ [id]: source })
        .update({ [total]: '120.01' });
      const error = await refused({ target, sources: [source] });
      expect(error).toMatchObject({
        code: 'IM_TOTAL_CHANGED',
        vars: { shown: '240.01', after: '240.00', causes: [{ code: 'host', amount: '-0.01' }] },
      });
      const { body } = await fixture.http('/api/merges/preview', { body: { targetId: target, sourceIds: [source] } });
      expect(body).toMatchObject({ difference: '-0.01', causes: [{ code: 'host', amount: '-0.01' }] });
    });

    test('a result below zero is refused for the negative source', async () => {
      const target = await fixture.invoice(customer, { lines: [line('A', '10')] });
      const source = await fixture.invoice(customer, { lines: [line('Back', '50', { quantity: '-1' })] });
      const error = await refused({ target, sources: [source] });
      expect(error).toMatchObject({ code: 'IM_NOT_MERGEABLE' });
      expect(JSON.stringify(error.vars)).toContain('negative_total');
    });
  });

  describe('lines that come along', () => {
    test('T13 a form that was sent before its rows had arrived is asked about, and the source stays open', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer, { lines: [line('Late', '50')] });
      const error = await refused({ target, sources: [source], mode: 'form', rows: () => [] });
      expect(error).toMatchObject({
        code: 'IM_CARRIED_LINES_CHANGED',
        status: 422,
        vars: { lines: [{ sourceId: source, description: 'Late', now: null }] },
      });
    });

    test.each(modes)(
      'T14 a source without lines is cancelled and linked, and the target’s total stands, lines by %s',
      async (mode) => {
        const target = await fixture.invoice(customer);
        const source = await fixture.invoice(customer, { lines: [] });
        const { merge } = await fixture.save({ target, sources: [source], mode });
        expect(await fixture.load(source)).toMatchObject({ status: 'cancelled', mergedIntoId: target });
        expect(await fixture.load(target)).toMatchObject({ status: 'unpaid', total: '120.00' });
        expect(merge?.sources).toMatchObject([{ invoiceId: source, total: '0.00', settlement: 'cancel' }]);
      },
    );

    test.each([
      ['edited to 0', { quantity: '0' }],
      ['edited to a negative quantity', { quantity: '-2' }],
      ['given another price', { unitPrice: '49' }],
      ['given another tax', { taxes: [VAT_10] }],
      ['taken out', null],
    ] as [string, Partial<LineSpec> | null][])(
      'T22 a row %s while its source stays ticked is named and asked about',
      async (_what, change) => {
        const target = await fixture.invoice(customer);
        const source = await fixture.invoice(customer, { lines: [line('First', '50'), line('Second', '60')] });
        const save: Save = {
          target,
          sources: [source],
          mode: 'form',
          rows: (rows) =>
            rows.flatMap((row) =>
              row.description === 'First' ? (change === null ? [] : [{ ...row, ...change }]) : [row],
            ),
        };
        const error = await refused(save);
        expect(error).toMatchObject({ code: 'IM_CARRIED_LINES_CHANGED' });
        expect(error.vars.lines).toMatchObject([
          { sourceId: source, description: 'First', was: { quantity: '1', unitPrice: '50' } },
        ]);
        const questions = (error.vars.questions as { code: string }[]).map(({ code }) => code);
        expect(questions).toEqual(['carried_lines_changed', 'total_changed']);
        // One answer is not the other.
        expect(await refused({ ...save, acknowledged: ['carried_lines_changed'] })).toMatchObject({
          code: 'IM_TOTAL_CHANGED',
        });
        const saved = await fixture.save({ ...save, acknowledged: questions });
        expect(saved.merge?.acknowledged).toEqual(questions);
        expect((await fixture.load(source)).status).toBe('cancelled');
      },
    );

    test('two carried lines that a host’s save answers with one row are not taken for two', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer, { lines: [line('Twin', '50'), line('Twin', '50')] });
      const { body } = await fixture.http(`/api/invoices/${source}/lines`);
      const keys = (body.lines as { key: string }[]).map(({ key }) => key);
      const form = { invoiceMergeSource: source, invoiceMergeLines: 'form' };
      const applied = fixture.merge.transaction((trx) =>
        fixture.merge.applyMerge(trx, { page: 'edit', invoiceId: target, form, actor: ACTORS.books }, async () => {
          const spec = { customerId: customer, lines: [line('Work', '100'), line('Twin', '50', { key: 'one' })] };
          const { carried } = await fixture.crm.saveInvoice(trx, target, spec);
          return { invoiceId: target, carried: keys.map((key) => ({ key, lineId: carried[0]?.lineId ?? '' })) };
        }),
      );
      expect(await refusal(applied)).toMatchObject({ code: 'IM_CARRIED_LINES_CHANGED' });
    });

    test.each(modes)(
      'T48 sections and notes of quantity 0, long texts and units survive, lines by %s',
      async (mode) => {
        const target = await fixture.invoice(customer);
        const source = await fixture.invoice(customer, {
          lines: [
            line('Section', '0', { quantity: '0', taxes: [], longDescription: 'Two\nlines' }),
            line('Hours', '80', { quantity: '1.5', unit: 'h' }),
          ],
        });
        await fixture.save({ target, sources: [source], mode });
        expect((await fixture.load(target)).lines.slice(1)).toMatchObject([
          { description: 'Section', quantity: '0', longDescription: 'Two\nlines', taxes: [], sourceInvoiceId: source },
          { description: 'Hours', quantity: '1.5', unit: 'h', taxes: [{ rate: '20' }], sourceInvoiceId: source },
        ]);
      },
    );
  });

  describe('lines that came earlier', () => {
    async function merged(): Promise<{ target: string; source: string }> {
      const target = await fixture.invoice(customer, { lines: [line('Own', '100')] });
      const source = await fixture.invoice(customer, { lines: [line('Came', '50'), line('Too', '60')] });
      await fixture.save({ target, sources: [source] });
      return { target, source };
    }

    test('are known again when the host has re-inserted all lines', async () => {
      const { target, source } = await merged();
      const { retagged } = await fixture.save({ target });
      expect(retagged).toBe(name === 'rewriting' ? 2 : 0);
      expect((await fixture.load(target)).lines.map(({ sourceInvoiceId }) => sourceInvoiceId)).toEqual([
        null,
        source,
        source,
      ]);
      // And again: what was found once is found the next time.
      await expect(fixture.save({ target })).resolves.toMatchObject({ retagged: name === 'rewriting' ? 2 : 0 });
    });

    test('are asked about when changed or gone, saved once confirmed, and not asked about again', async () => {
      const { target, source } = await merged();
      const spec = await fixture.formOf(target);
      spec.lines = spec.lines.flatMap((one) =>
        one.description === 'Too' ? [] : [one.description === 'Came' ? { ...one, unitPrice: '45' } : one],
      );
      const error = await refused({ target, spec });
      expect(error).toMatchObject({ code: 'IM_CARRIED_LINES_CHANGED', status: 422 });
      expect(error.vars.lines).toEqual([
        {
          sourceId: source,
          description: 'Came',
          was: { quantity: '1', unitPrice: '50' },
          now: { quantity: '1', unitPrice: '45' },
        },
        { sourceId: source, description: 'Too', was: { quantity: '1', unitPrice: '60' }, now: null },
      ]);
      await fixture.save({ target, spec, acknowledged: ['carried_lines_changed'] });
      expect(await linesOf(target)).toEqual(['1 x 100 Own', '1 x 45 Came']);
      await expect(fixture.save({ target })).resolves.toMatchObject({ merge: null });
    });

    test('may be reworded without a question', async () => {
      const { target, source } = await merged();
      const spec = await fixture.formOf(target);
      spec.lines = spec.lines.map((one) => (one.description === 'Came' ? { ...one, description: 'Said better' } : one));
      await fixture.save({ target, spec });
      const { lines } = await fixture.load(target);
      expect(lines[1]).toMatchObject({ description: 'Said better', sourceInvoiceId: source });
      await expect(fixture.save({ target })).resolves.toMatchObject({ merge: null });
    });

    test('are not taken for an equal line that comes now: the one that is gone is still asked about', async () => {
      const target = await fixture.invoice(customer, { lines: [line('Own', '100')] });
      const first = await fixture.invoice(customer, { lines: [line('Monthly fee', '50')] });
      await fixture.save({ target, sources: [first] });
      const second = await fixture.invoice(customer, { lines: [line('Monthly fee', '50')] });
      const spec = await fixture.formOf(target);
      spec.lines = spec.lines.filter(({ description }) => description === 'Own');
      for (const [mode] of modes) {
        const error = await refused({ target, spec, sources: [second], mode });
        expect(error).toMatchObject({
          code: 'IM_CARRIED_LINES_CHANGED',
          vars: { lines: [{ sourceId: first, now: null }] },
        });
      }
    });

    test('stay told apart when a second merge brings equal ones', async () => {
      const target = await fixture.invoice(customer, { lines: [line('Own', '100')] });
      const [first, second] = [
        await fixture.invoice(customer, { lines: [line('Monthly fee', '50')] }),
        await fixture.invoice(customer, { lines: [line('Monthly fee', '50')] }),
      ];
      await fixture.save({ target, sources: [first], mode: 'form' });
      await fixture.save({ target, sources: [second], mode: 'form' });
      const { lines, total } = await fixture.load(target);
      expect(lines.map(({ sourceInvoiceId }) => sourceInvoiceId)).toEqual([null, first, second]);
      expect(total).toBe('240.00');
      await expect(fixture.save({ target })).resolves.toMatchObject({ merge: null });
    });
  });

  test('a target that was changed since its form was opened is refused, with who merged into it last', async () => {
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const { version } = await fixture.load(target);
    await fixture.save({ target, sources: [source] });
    const error = await refused({ target, targetVersion: version });
    expect(error).toMatchObject({
      code: 'IM_STALE_TARGET',
      status: 409,
      vars: {
        invoiceId: target,
        url: `/invoices/${target}/edit`,
        lastMerge: { by: 'Bea Books', at: '2026-11-21T10:00:00.000Z' },
      },
    });
    // A save of the host's own API, without a version, is not checked for age.
    await expect(fixture.save({ target, targetVersion: null })).resolves.toMatchObject({ merge: null });
  });

  test('a source that was edited since it was shown is refused by its number', async () => {
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const { version, number } = await fixture.load(source);
    await fixture.knex.transaction(async (trx) => {
      await fixture.crm.saveInvoice(trx, source, { customerId: customer, lines: [line('Work', '101')] });
    });
    expect(await refused({ target, sources: [{ id: source, version }] })).toMatchObject({
      code: 'IM_STALE_SOURCE',
      status: 409,
      vars: { id: source, number, stale: [{ id: source, change: 'edited' }] },
    });
  });

  test('locking, marking and time passing do not make an open form stale', async () => {
    const target = await fixture.invoice(customer);
    const { version } = await fixture.load(target);
    await fixture.merge.transaction((trx) => fixture.merge.guard(trx, target, 'edit'));
    await expect(fixture.save({ target, targetVersion: version })).resolves.toMatchObject({ merge: null });
  });
});
