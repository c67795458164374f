import { load } from 'cheerio';
import type { Candidate } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { line, openMerging, VAT_20, type MergingFixture } from '../support/merging-fixture';
import { countStatements, type StatementCounter } from '../support/statement-counter';

interface Listed {
  candidates: (Candidate & { version: string })[];
  page: number;
  pages: number;
  total: number;
  eligible: number;
}

describe.each(eachDatabase)('a customer’s candidates, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let counter: StatementCounter;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
    counter = countStatements(fixture.knex);
    // Whether delete is offered is asked of the schema once, not at every banner.
    await banner(await fixture.customer());
  });
  afterAll(() => fixture.close());

  async function list(customerId: string, query = ''): Promise<Listed> {
    const { status, body } = await fixture.http(`/api/candidates?customerId=${customerId}${query}`);
    expect(status).toBe(200);
    return body as unknown as Listed;
  }
  async function banner(customerId: string, query = ''): Promise<string> {
    const { body } = await fixture.http(`/banner?page=create&formId=invoice&customerId=${customerId}${query}`);
    return String(body.html);
  }
  const statements = async (work: () => Promise<unknown>): Promise<number> => {
    counter.reset();
    await work();
    return counter.sent.length;
  };

  /** Open invoices of one line, inserted in bulk from one that the host made. */
  async function manyOf(customer: string, count: number): Promise<void> {
    const { knex } = fixture;
    const model = await fixture.invoice(customer, { lines: [line('Model', '10')] });
    const [invoice] = await fixture.rows('app_factures', { id: model });
    const [row] = await fixture.rows('app_lignes', { facture_id: model });
    const copies = Array.from({ length: count - 1 }, () => ({ ...invoice, id: undefined }));
    if (copies.length > 0) await knex.batchInsert('app_factures', copies, 200);
    const ids = (await knex('app_factures')
      .where({ client_id: customer })
      .whereNot({ id: model })
      .pluck('id')) as number[];
    await knex.batchInsert(
      'app_lignes',
      ids.map((facture_id) => ({ ...row, id: undefined, facture_id })),
      200,
    );
  }

  it('T61 cost as many statements for 500 as for 5: in the banner, all of them, the next page, a search, the API', async () => {
    const asks = {
      banner: (customer: string) => banner(customer),
      all: (customer: string) => banner(customer, '&rows=all'),
      page: (customer: string) => banner(customer, '&choices=2&others=2'),
      search: (customer: string) => banner(customer, '&q=Model'),
      api: (customer: string) => list(customer),
    };
    const counts: Record<string, number>[] = [];
    for (const count of [5, 500]) {
      const customer = await fixture.customer();
      await manyOf(customer, count);
      const sent: Record<string, number> = {};
      for (const [name, ask] of Object.entries(asks)) sent[name] = await statements(() => ask(customer));
      counts.push(sent);
      expect((await list(customer)).total).toBe(count);
    }
    expect(counts[1]).toEqual(counts[0]);
    // The settings; heads, two reads of their taxes, the customer's name; then heads, lines and two of allowances of what is shown.
    expect(counts[0]).toEqual({ banner: 11, all: 11, page: 11, search: 11, api: 9 });
  });

  it('bring their lines a hundred at a call, in as many statements as one of them', async () => {
    const customer = await fixture.customer();
    await manyOf(customer, 100);
    const rows = await fixture.rows('app_factures', { client_id: customer });
    const ids = rows.map(({ id }) => Number(id)).sort((a, b) => a - b);
    const sourceIds = ids.map(String);
    type Brought = { sources: { source: { id: string } }[]; refused: { sourceId: string; error: { code: string } }[] };
    const ask = async (wanted: string[]): Promise<Brought> =>
      (await fixture.http('/api/invoices/lines', { body: { sourceIds: wanted } })).body as unknown as Brought;
    const one = await statements(() => ask(sourceIds.slice(0, 1)));
    expect(await statements(() => ask(sourceIds))).toBe(one);
    await fixture.knex('app_factures').where({ id: ids[1] }).update({ litige: true });
    const { sources, refused } = await ask([...sourceIds.slice(0, 99), '999999']);
    expect(sources.map(({ source }) => source.id)).toEqual([sourceIds[0], ...sourceIds.slice(2, 99)]);
    expect(refused).toMatchObject([
      {
        sourceId: sourceIds[1],
        error: { code: 'IM_NOT_MERGEABLE', message: expect.stringMatching(/litige/) as string },
      },
      { sourceId: '999999', error: { code: 'IM_NOT_FOUND' } },
    ]);
    const tooMany = Array.from({ length: 101 }, (_none, index) => String(index + 1));
    expect((await fixture.http('/api/invoices/lines', { body: { sourceIds: tooMany } })).status).toBe(400);
  });

  it('are read without their lines, but for the twenty that are shown', async () => {
    const customer = await fixture.customer();
    await manyOf(customer, 60);
    counter.reset();
    const html = await banner(customer);
    expect(html.match(/name="invoiceMergeSource"/g)).toHaveLength(20);
    const reads = counter.sent.filter(({ sql }) => /libelle/.test(sql));
    expect(reads).toHaveLength(1);
    expect(reads[0]?.bindings).toHaveLength(20);
  });

  it('come by pages of twenty, each with the version that a merge asks for', async () => {
    const customer = await fixture.customer();
    await manyOf(customer, 45);
    const pages = await Promise.all([1, 2, 3, 4].map((page) => list(customer, `&page=${page}`)));
    expect(pages.map(({ candidates }) => candidates.length)).toEqual([20, 20, 5, 0]);
    expect(pages[0]).toMatchObject({ page: 1, pages: 3, total: 45, eligible: 45 });
    const all = pages.flatMap(({ candidates }) => candidates);
    expect(new Set(all.map(({ id }) => id)).size).toBe(45);
    const last = all.at(-1)!;
    expect(last.version).toBe((await fixture.load(last.id)).version);
  });

  it('are counted over all pages, those that cannot be merged apart', async () => {
    const customer = await fixture.customer();
    await manyOf(customer, 30);
    const ids = (await fixture.knex('app_factures').where({ client_id: customer }).pluck('id')) as number[];
    await fixture.knex('app_factures').whereIn('id', ids.slice(0, 25)).update({ litige: 1 });
    expect(await list(customer)).toMatchObject({ total: 30, eligible: 5 });
    const $ = load(await banner(customer, '&others=2'));
    expect($('#im-title').text()).toMatch(/^5 factures de Customer \d+ peuvent être fusionnées ici$/);
    expect($('details summary').text()).toMatch(/^25 autres ne peuvent pas l’être/);
    expect($('details li')).toHaveLength(5);
    expect($('[data-im="others"] [data-im="range"]').text()).toBe('21–25 sur 25');
  });

  describe('searched', () => {
    let customer: string;
    const ids: Record<string, string> = {};
    const found = async (q: string): Promise<string[]> => {
      const { candidates, total, eligible } = await list(customer, `&q=${encodeURIComponent(q)}`);
      expect([total, eligible]).toEqual([candidates.length, candidates.length]);
      return candidates.map(({ id }) => Object.keys(ids).find((name) => ids[name] === id) ?? id);
    };
    beforeAll(async () => {
      customer = await fixture.customer();
      const make = (name: string, price: string, description: string, more = {}) =>
        fixture
          .invoice(customer, { number: `FS-2026-${name}`, lines: [line(description, price, more)] })
          .then((id) => (ids[name] = id));
      await make('oven', '504', 'Entretien du four');
      await make('bags', '1337.33', 'Sacs kraft 50%_lot');
      await make('flour', '80', 'Farine', { longDescription: 'Livrée quai n° 7, moulin !bis' });
      await make('rent', '1337', 'Loyer', { taxes: [{ ...VAT_20, rate: '0', category: 'Z' }] });
    });

    it.each([
      ['FS-2026-oven', ['oven']],
      ['fs-2026', ['oven', 'bags', 'flour', 'rent']],
      ['604,80', ['oven']],
      ['604.8', ['oven']],
      ['604,8', ['oven']],
      ['604', ['oven']],
      ['604,80 €', ['oven']],
      ['€604.80', ['oven']],
      ['604,80 EUR', ['oven']],
      ['1 604,80', ['bags']],
      ['1\u202f604,80\u00a0€', ['bags']],
      ['1,604.80', ['bags']],
      ['1.604,80', ['bags']],
      ['1 604', ['bags']],
      ['1,337', ['rent']],
      ['604,81', []],
      ['60', []],
      ['entretien DU', ['oven']],
      ['quai n° 7', ['flour']],
      ['%', ['bags']],
      ['50%_lot', ['bags']],
      ['50x_lot', []],
      ['_', ['bags']],
      ['!bis', ['flour']],
      ["l'O''; --", []],
      ['\\', []],
      ['  four  ', ['oven']],
    ])('for "%s" are %j', async (q, expected) => {
      expect(await found(q)).toEqual(expected);
    });

    it('say in the banner how many were found, and what selecting them all comes to', async () => {
      const said = async (q: string): Promise<string[]> => {
        const $ = load(await banner(customer, `&q=${q}`));
        return ['#im-title', '[data-im-action="all"]'].map((one) => $(one).text().replace(/\s/g, ' '));
      };
      expect(await said('fs-2026')).toEqual([
        '4 factures trouvées pour « fs-2026 » peuvent être fusionnées ici',
        'Tout sélectionner (4 trouvées · 3 642,60 €)',
      ]);
      expect((await said('oven'))[0]).toBe('1 facture trouvée pour « oven » peut être fusionnée ici');
      expect((await said('%25%25'))[0]).toBe('Aucune facture trouvée pour « %% » ne peut être fusionnée ici');
    });
  });

  it('of tax categories that do not go together say so without their lines being read', async () => {
    const customer = await fixture.customer();
    const outside = { taxes: [{ category: 'O', name: 'hors champ', rate: '0' }] };
    const target = await fixture.invoice(customer, { lines: [line('Own', '10')] });
    const source = await fixture.invoice(customer, { lines: [line('Outside', '10', outside)] });
    const charged = await fixture.invoice(customer, {
      allowancesCharges: [{ kind: 'charge', amount: '5', tax: { category: 'O', rate: '0' } }],
    });
    const { candidates } = await list(customer, `&invoiceId=${target}`);
    expect(candidates.map(({ id, reasons }) => [id, reasons.map(({ code }) => code)])).toEqual([
      [source, ['tax_category']],
      [charged, ['tax_category']],
    ]);
  });
});
