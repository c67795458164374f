import type { Row } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { countStatements } from '../support/statement-counter';
import { crmHost, perfexLikeHost } from '../support/hosts';
import { ACTORS, hiding, line, openMerging, type MergingFixture } from '../support/merging-fixture';

describe.each(eachDatabase)('looking up what was merged, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  const numberOf = async (id: string): Promise<string> => (await fixture.load(id)).number ?? '';
  const issued = (description: string, price: string, issueDate: string, supply?: string): Promise<string> =>
    fixture.invoice(customer, { issueDate, lines: [line(description, price)] }).then(async (id) => {
      if (supply) await fixture.knex('app_lignes').where({ facture_id: id }).update({ livree_le: supply });
      return id;
    });

  describe('findByNumber', () => {
    test.each(['cancel', 'delete'])('leads from a merged number to the last invoice, settlement %s', async (how) => {
      const [a, b, c] = [
        await issued('A', '10', '2026-01-05'),
        await issued('B', '20', '2026-01-06'),
        await issued('C', '30', '2026-01-07'),
      ];
      const numbers = [await numberOf(a), await numberOf(b), await numberOf(c)];
      await fixture.save({ target: b, sources: [a], issued: how });
      await fixture.save({ target: c, sources: [b], issued: how });
      const found = await Promise.all(numbers.map((number) => fixture.merge.findByNumber(fixture.knex, ` ${number} `)));
      expect(found).toEqual([
        [{ invoiceId: c, how: 'merged' }],
        [{ invoiceId: c, how: 'merged' }],
        [{ invoiceId: c, how: 'itself' }],
      ]);
    });

    test('names both the document that bears the number anew and the one that replaced the old', async () => {
      const [a, b] = [await issued('A', '10', '2026-01-05'), await issued('B', '20', '2026-01-06')];
      const number = await numberOf(a);
      await fixture.save({ target: b, sources: [a], issued: 'delete' });
      const anew = await fixture.invoice(customer, { number });
      expect(await fixture.merge.findByNumber(fixture.knex, number)).toEqual([
        { invoiceId: anew, how: 'itself' },
        { invoiceId: b, how: 'merged' },
      ]);
    });

    test('finds nothing for what nobody bears, and for a person only what that person may see', async () => {
      const [a, b] = [await issued('A', '10', '2026-01-05'), await issued('B', '20', '2026-01-06')];
      const number = await numberOf(a);
      await fixture.save({ target: b, sources: [a] });
      const { knex } = fixture;
      const blind = fixture.plugin({ scope: hiding(fixture.crm, [b]) });
      expect(await fixture.merge.findByNumber(knex, 'FA-1999-00001')).toEqual([]);
      expect(await fixture.merge.findByNumber(knex, '  ')).toEqual([]);
      expect(await blind.findByNumber(knex, number, ACTORS.sales)).toEqual([]);
      expect(await blind.findByNumber(knex, number)).toEqual([{ invoiceId: b, how: 'merged' }]);
    });
  });

  describe('summary', () => {
    test('B10 groups the lines by the invoice they came from, through merges of merges, with the dates of supply', async () => {
      const a = await issued('A', '10', '2026-01-05', '2025-12-24');
      const b = await issued('B', '20', '2026-02-06');
      const c = await issued('C', '30', '2026-03-07');
      const numbers = [await numberOf(a), await numberOf(b)];
      await fixture.save({ target: b, sources: [a], mode: 'form' });
      await fixture.save({ target: c, sources: [b] });
      const lines = new Map((await fixture.load(c)).lines.map((one) => [one.description, one]));
      expect(await fixture.merge.summary(fixture.knex, c)).toEqual({
        replaces: [
          {
            invoiceId: a,
            number: numbers[0],
            date: '2026-01-05',
            total: '12.00',
            currency: 'EUR',
            settlement: 'cancel',
            creditNote: null,
            directly: false,
            lines: [{ lineId: lines.get('A')?.id, supplyDate: '2025-12-24' }],
          },
          {
            invoiceId: b,
            number: numbers[1],
            date: '2026-02-06',
            total: '36.00',
            currency: 'EUR',
            settlement: 'cancel',
            creditNote: null,
            directly: true,
            lines: [{ lineId: lines.get('B')?.id, supplyDate: '2026-02-06' }],
          },
        ],
      });
      expect(await fixture.merge.summary(fixture.knex, a)).toEqual({ replaces: [] });
    });

    test.each(['server', 'form'] as const)(
      'the carried lines themselves keep date of supply, VAT rate and mention, mode %s',
      async (mode) => {
        const reverse = { category: 'AE', name: 'Autoliquidation, art. 283-2 du CGI', rate: '0' };
        const source = await fixture.invoice(customer, {
          issueDate: '2026-09-30',
          lines: [line('Dated', '10'), line('Undated', '20', { taxes: [reverse] })],
        });
        await fixture
          .knex('app_lignes')
          .where({ facture_id: source, libelle: 'Dated' })
          .update({ livree_le: '2026-09-12' });
        const target = await fixture.invoice(customer, { lines: [line('Own', '5')] });
        await fixture.save({ target, sources: [source], mode });
        const rows = (await fixture.knex('app_lignes').where({ facture_id: target }).orderBy('rang')) as Row[];
        expect(rows.map((row) => [row.libelle, String(row.livree_le).slice(0, 10), row.tva_code, row.tva_nom])).toEqual(
          [
            ['Own', 'null', 'S', 'TVA 20 %'],
            ['Dated', '2026-09-12', 'S', 'TVA 20 %'],
            ['Undated', '2026-09-30', 'AE', reverse.name],
          ],
        );
      },
    );

    test('asks as little for many replaced invoices as for one', async () => {
      const count = async (sources: number): Promise<number> => {
        const ids = [];
        for (let index = 0; index < sources; index += 1) ids.push(await issued(`S${index}`, '1', '2026-01-05'));
        const target = await issued('T', '1', '2026-01-06');
        await fixture.save({ target, sources: ids });
        const counter = countStatements(fixture.knex);
        await fixture.merge.summary(fixture.knex, target);
        counter.restore();
        return counter.sent.length;
      };
      expect(await count(12)).toBe(await count(1));
    });
  });
});

describe.each(eachDatabase)('numbers kept in parts, on %s', (_name, createDatabase) => {
  test('are found as people write them', async () => {
    const fixture = await openMerging(await createDatabase(), perfexLikeHost());
    try {
      const customer = await fixture.customer();
      const [a, b] = [await fixture.invoice(customer), await fixture.invoice(customer)];
      const [oldNumber, number] = [(await fixture.load(a)).number ?? '', (await fixture.load(b)).number ?? ''];
      expect(await fixture.merge.findByNumber(fixture.knex, oldNumber)).toEqual([{ invoiceId: a, how: 'itself' }]);
      await fixture.save({ target: b, sources: [a] });
      expect(await fixture.merge.findByNumber(fixture.knex, oldNumber)).toEqual([{ invoiceId: b, how: 'merged' }]);
      expect(await fixture.merge.findByNumber(fixture.knex, number)).toEqual([{ invoiceId: b, how: 'itself' }]);
    } finally {
      await fixture.close();
    }
  });
});

describe.each(eachDatabase)('what waits for somebody, on %s', (_name, createDatabase) => {
  test('B12 T39 the module page names drafts that hold up issued invoices, until they are issued, to those who may see them', async () => {
    const fixture = await openMerging(await createDatabase(), crmHost());
    try {
      const customer = await fixture.customer();
      const dated = (status: 'draft' | 'unpaid') => ({ status, issueDate: '2026-11-05', lines: [line('T', '10')] });
      const target = await fixture.invoice(customer, dated('draft'));
      const sources = [await fixture.invoice(customer), await fixture.invoice(customer, dated('draft'))];
      const other = await fixture.invoice(customer, dated('draft'));
      await fixture.save({ target, sources });
      await fixture.save({ target: other, sources: [await fixture.invoice(customer, dated('draft'))] });
      const page = async (plugin = fixture.merge): Promise<string> =>
        String((await fixture.http('/', { plugin })).body.html).replace(/\s+/g, ' ');
      const sentence = 'Brouillon du 05/11/2026 (Customer 1) attend d’être émis : 120,00 € ne sont ni dus ni relancés.';
      const shown = await page();
      expect(shown.split(sentence)).toHaveLength(2);
      expect(shown).toContain(`href="/invoices/${target}"`);
      expect(shown).not.toContain(`href="/invoices/${other}"`);
      expect(await page(fixture.plugin({ scope: hiding(fixture.crm, [target]) }))).not.toContain('attend d’être émis');
      await fixture.knex('app_factures').where({ id: target }).update({ statut: 'a_payer' });
      expect(await page()).not.toContain('attend d’être émis');
    } finally {
      await fixture.close();
    }
  });
});
