import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { ACTORS, hiding, line, openMerging, type MergingFixture } from '../support/merging-fixture';
import { countStatements } from '../support/statement-counter';

describe.each(eachDatabase)('how many of a customer’s invoices could be merged, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  afterAll(() => fixture.close());

  const counted = async (customerIds: string[], plugin = fixture.merge, actor = ACTORS.books) => [
    ...(await plugin.mergeable(fixture.knex, { customerIds, actor })),
  ];

  it('counts what goes into one new invoice, customer by customer, and leaves out who has none', async () => {
    const [many, few, none] = [await fixture.customer(), await fixture.customer(), await fixture.customer()];
    for (const spec of [{}, { status: 'draft' as const }, { dueDate: '2026-01-31', status: 'overdue' as const }])
      await fixture.invoice(many, spec);
    await fixture.invoice(many, { status: 'cancelled' });
    await fixture.invoice(many, { currency: 'USD' });
    await fixture.invoice(many, { currency: 'USD' });
    await fixture.invoice(few);
    await fixture.invoice(none, { status: 'cancelled' });
    expect(new Map(await counted([many, none, few, many, '999999']))).toEqual(
      new Map([
        [many, 3],
        [few, 1],
      ]),
    );
  });

  it('counts no invoices that do not go together by their tax', async () => {
    const customer = await fixture.customer();
    const taxed = (category: string, rate: string) => ({
      lines: [{ ...line('Work', '100'), taxes: [{ category, name: 'TVA', rate }] }],
    });
    await fixture.invoice(customer, taxed('S', '20'));
    await fixture.invoice(customer, taxed('O', '0'));
    await fixture.invoice(customer, taxed('S', '10'));
    expect(await counted([customer])).toEqual([[customer, 2]]);
  });

  it('answers as many as the create page ticks for invoiceMergeAll=1', async () => {
    const customer = await fixture.customer();
    await fixture.invoice(customer, { currency: 'USD' });
    for (let left = 2; left > 0; left -= 1) await fixture.invoice(customer);
    const req = { url: `/invoices/new?customerId=${customer}&invoiceMergeAll=1`, headers: {} };
    const plugin = fixture.plugin({ actor: () => ACTORS.books, csrf: undefined });
    const html = await plugin.renderBanner(req as never, {} as never, { page: 'create', formId: 'invoice' });
    const boxes = html.match(/<input type="checkbox"[^>]*name="invoiceMergeSource"[^>]* checked/g);
    expect(boxes).toHaveLength(2);
    expect(await counted([customer])).toEqual([[customer, 2]]);
  });

  it('shows nobody a number that is of no use to them, nor what is out of their sight', async () => {
    const customer = await fixture.customer();
    const ids = [await fixture.invoice(customer), await fixture.invoice(customer), await fixture.invoice(customer)];
    expect(await counted([customer], fixture.merge, ACTORS.stranger)).toEqual([]);
    const looksOnly = fixture.plugin({ authorize: (_actor, action) => action === 'merge.view' });
    expect(await counted([customer], looksOnly)).toEqual([]);
    const scoped = fixture.plugin({ scope: hiding(fixture.crm, ids.slice(0, 1)) });
    expect(await counted([customer], scoped)).toEqual([[customer, 2]]);
    const hooked = fixture.plugin({ hooks: { candidates: (list) => list.slice(1) } });
    expect(await counted([customer], hooked)).toEqual([[customer, 2]]);
  });

  it('sends as many statements for 5 invoices as for 500, and for 1 customer as for 100', async () => {
    const counter = countStatements(fixture.knex);
    const customer = await fixture.customer();
    const model = await fixture.invoice(customer);
    const [invoice] = await fixture.rows('app_factures', { id: model });
    const [row] = await fixture.rows('app_lignes', { facture_id: model });
    const grow = async (count: number): Promise<void> => {
      const ids: number[] = [];
      await fixture.knex('app_factures').insert(Array.from({ length: count }, () => ({ ...invoice, id: undefined })));
      ids.push(...((await fixture.knex('app_factures').orderBy('id', 'desc').limit(count).pluck('id')) as number[]));
      await fixture.knex('app_lignes').insert(ids.map((facture_id) => ({ ...row, id: undefined, facture_id })));
    };
    const statements = async (customerIds: string[], expected: number): Promise<number> => {
      counter.reset();
      expect(new Map(await counted(customerIds)).get(customer)).toBe(expected);
      return counter.statements.length;
    };
    await grow(4);
    const few = await statements([customer], 5);
    await grow(495);
    const customers = Array.from({ length: 99 }, (_one, index) => String(100_000 + index));
    expect([await statements([customer], 500), await statements([customer, ...customers], 500)]).toEqual([few, few]);
    expect(few).toBeLessThanOrEqual(4);
  });
});
