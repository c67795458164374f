/** Cents and goods that other software loses or doubles when invoices are merged: see pitfalls.test.ts. */
import { knexHost } from '../../plugin/host/knex-host';
import type { Tax } from '../../plugin/money/types';
import { eachDatabase } from '../support/databases';
import { crmHost, type InvoiceSpec, type LineSpec } from '../support/hosts';
import { line, openMerging, reasonsOf, refusal, type MergingFixture, type Plugin } from '../support/merging-fixture';

const modes = [['server'], ['form']] as const;
const untaxed: Tax = { category: 'Z', name: 'TVA 0 %', rate: '0' };
const vat = (rate: string): Tax => ({ category: 'S', name: `TVA ${rate} %`, rate });

describe.each(eachDatabase)('money and goods through a merge, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  async function invoices(...specs: Partial<InvoiceSpec>[]): Promise<string[]> {
    const ids: string[] = [];
    for (const spec of specs) ids.push(await fixture.invoice(customer, spec));
    return ids;
  }
  const storedTotal = async (id: string): Promise<number> =>
    Number((await fixture.rows('app_factures', { id }))[0]?.total_ttc);
  /** Lines as the database has them, without what the host adds. */
  const storedLines = async (id: string) =>
    (await fixture.knex('app_lignes').where({ facture_id: id }).orderBy('rang')).map(
      (row: { libelle: string; quantite: unknown; unite: string; prix: unknown }) =>
        [row.libelle, Number(row.quantite), row.unite, Number(row.prix)] as const,
    );
  /** The plugin on the same tables under other rules of the host. */
  const ruledBy = (more: object, ofInvoices: object = {}): Plugin => {
    const { map } = fixture.crm;
    return fixture.plugin({ host: knexHost({ ...map, ...more, invoices: { ...map.invoices, ...ofInvoices } }) });
  };

  test.each<[string, string, [quantity: string, price: string, rounding: string][], string]>([
    [
      '250.50 rounded to 250 and 50.50 rounded to 50',
      'EUR',
      [
        ['1', '250.50', '-0.50'],
        ['1', '50.50', '-0.50'],
      ],
      '300.00',
    ],
    ['three times 0.001', 'KWD', Array(3).fill(['1', '0.001', '0']) as never, '0.003'],
    ['seven times 1.2 at 0.5', 'EUR', Array(7).fill(['1.2', '0.5', '0']) as never, '4.20'],
  ])('T19 %s (%s) come to what they were', async (_what, currency, parts, total) => {
    const [target = '', ...sources] = await invoices(
      ...parts.map(([quantity, price, adjustment]) => ({
        currency,
        adjustment,
        lines: [line('Part', price, { quantity, taxes: [untaxed] })],
      })),
    );
    const { merge } = await fixture.save({ target, sources });
    expect(merge).toMatchObject({ difference: /0$/.test(total) ? '0.00' : '0.000', causes: [] });
    expect(await storedTotal(target)).toBe(Number(total));
    expect((await fixture.load(target)).total).toBe(total);
  });

  test('T19 three times 10,000 including 7.5 %, twice, are 60,000 and no fraction', async () => {
    const plugin = ruledBy({}, { pricesIncludeTax: true });
    const host = knexHost({ ...fixture.crm.map, invoices: { ...fixture.crm.map.invoices, pricesIncludeTax: true } });
    const spec = { lines: [line('Including', '10000', { quantity: '3', taxes: [vat('7.5')] })] };
    const [target = '', source = ''] = await invoices(spec, spec);
    for (const id of [target, source]) await fixture.knex.transaction((trx) => host.saveTotals(trx, id));
    expect(await storedTotal(source)).toBe(30000);
    const { merge } = await fixture.save({
      target,
      targetVersion: null,
      sources: [{ id: source, version: null }],
      plugin,
    });
    expect(merge).toMatchObject({ difference: '0.00', causes: [] });
    expect(await storedTotal(target)).toBe(60000);
  });

  test.each([
    ['document', '37.98', '1.98', '-0.02'],
    ['line', '38.00', '2.00', '0.00'],
  ])('T20 ten times 3.60 at 5.5 %%, rounded by %s, are %s', async (taxRounding, total, tax, difference) => {
    const [target = '', ...sources] = await invoices(
      ...Array.from({ length: 10 }, () => ({ lines: [line('Bread', '3.60', { taxes: [vat('5.5')] })] })),
    );
    const plugin = ruledBy({ taxRounding });
    const { merge } = await fixture.save({ target, sources, plugin });
    expect(merge).toMatchObject({
      difference,
      totalsAfter: { payable: total, taxes: [{ rate: '5.5', taxable: '36.00', tax }] },
    });
    expect(await storedTotal(target)).toBe(Number(total));
  });

  test.each(modes)('T20 16 x 348.35 less 4 %% at 22 %% stay 6527.81, lines by %s', async (mode) => {
    const [target = '', source = ''] = await invoices(
      { lines: [line('Own', '10')] },
      {
        lines: [line('Sixteen', '348.35', { quantity: '16', taxes: [vat('22')] })],
        discount: { kind: 'percent', value: '4', basis: 'before_tax' },
      },
    );
    expect(await storedTotal(source)).toBe(6527.81);
    const { merge } = await fixture.save({ target, sources: [source], mode });
    expect(merge).toMatchObject({ difference: '0.00', causes: [] });
    expect((await fixture.load(target)).totals.taxes).toMatchObject([
      { rate: '20', taxable: '10.00', tax: '2.00' },
      { rate: '22', taxable: '5350.66', tax: '1177.15' },
    ]);
    expect(await storedTotal(target)).toBe(6539.81);
  });

  test.each(modes)('T23 what a promotion makes free keeps its price and its allowance, lines by %s', async (mode) => {
    const promotion = { kind: 'allowance' as const, amount: '50', reason: 'Promotion' };
    const [target = '', source = ''] = await invoices(
      { lines: [line('Own', '10')] },
      { lines: [line('Free today', '50', { allowancesCharges: [promotion] }), line('Gift', '0'), line('Paid', '80')] },
    );
    await fixture.save({ target, sources: [source], mode });
    expect(await storedLines(target)).toEqual([
      ['Own', 1, '', 10],
      ['Free today', 1, '', 50],
      ['Gift', 1, '', 0],
      ['Paid', 1, '', 80],
    ]);
    expect((await fixture.load(target)).lines[1]?.allowancesCharges).toMatchObject([{ ...promotion, amount: '50' }]);
    expect(await storedTotal(target)).toBe(108);
  });

  test.each(modes)('T25 equal lines are not summed, least of all hours with pieces, lines by %s', async (mode) => {
    const same = (unit: string, more: Partial<LineSpec> = {}): LineSpec => line('Fitting', '40', { unit, ...more });
    const [target = '', ...sources] = await invoices(
      { lines: [same('h')] },
      { lines: [same('h', { quantity: '2', longDescription: 'Serial 117' }), same('pce', { quantity: '3' })] },
      { lines: [same('h', { quantity: '2', longDescription: 'Serial 118' })] },
    );
    await fixture.save({ target, sources, mode });
    expect(await storedLines(target)).toEqual([
      ['Fitting', 1, 'h', 40],
      ['Fitting', 2, 'h', 40],
      ['Fitting', 3, 'pce', 40],
      ['Fitting', 2, 'h', 40],
    ]);
    const { lines } = await fixture.load(target);
    expect(lines.map(({ longDescription }) => longDescription)).toEqual([null, 'Serial 117', null, 'Serial 118']);
  });

  test.each(['cancel', 'delete'])('T26 goods leave the stock once, settlement %s', async (issued) => {
    const [target = '', source = ''] = await invoices({}, { lines: [line('Sacks', '5', { quantity: '3' })] });
    const [sold] = (await fixture.load(source)).lines;
    await fixture.crm.addLink(fixture.knex, 'lineExpenses', sold?.id ?? '', `stock -3 for ${customer}`);
    const before = await fixture.rows('app_frais_lignes');
    await fixture.save({ target, sources: [source], issued });
    const carried = (await fixture.load(target)).lines.find(({ sourceLineId }) => sourceLineId === sold?.id);
    expect(await fixture.rows('app_frais_lignes')).toEqual(
      before.map((row) => (row.ligne_id === Number(sold?.id) ? { ...row, ligne_id: Number(carried?.id) } : row)),
    );
  });

  test('T36 a return goes with what it returns; alone, or as a credit note, it is refused', async () => {
    const [target = '', original = '', back = '', creditNote = ''] = await invoices(
      { lines: [line('Own', '10')] },
      { lines: [line('Table', '100')] },
      { lines: [line('Table, returned', '100', { quantity: '-1' })] },
      {},
    );
    await fixture.knex('app_factures').where({ id: creditNote }).update({ type: 'avoir' });
    const refusedFor = async (...sources: string[]): Promise<string[]> =>
      reasonsOf(await refusal(fixture.save({ target, sources })), sources.at(-1) ?? '');
    expect(await refusedFor(back)).toEqual(['negative_total']);
    expect(await refusedFor(original, creditNote)).toEqual(['kind']);
    const { merge } = await fixture.save({ target, sources: [original, back] });
    expect(merge).toMatchObject({ difference: '0.00', causes: [] });
    expect(await storedTotal(target)).toBe(12);
  });
});
