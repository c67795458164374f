import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { ACTORS, line, openMerging, type MergingFixture } from '../support/merging-fixture';
import { countStatements, type StatementCounter } from '../support/statement-counter';

const LINES_EACH = 20;

describe.each(eachDatabase)('the statements of a merge, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let counter: StatementCounter;
  beforeAll(async () => {
    // One connection: a statement beside the given transaction would wait for it for ever.
    fixture = await openMerging(await createDatabase({ min: 0, max: 1 }), crmHost());
    counter = countStatements(fixture.knex);
    // Whether delete is offered is asked of the schema once, not at every merge.
    await statementsOf(1, 'delete');
  });
  afterAll(() => fixture.close());

  /** Sources of LINES_EACH lines, inserted in bulk from one that the host made. */
  async function sourcesOf(customer: string, count: number): Promise<string[]> {
    const { knex } = fixture;
    const model = await fixture.invoice(customer, { lines: [line('Model', '10')] });
    const [invoice] = await fixture.rows('app_factures', { id: model });
    const [row] = await fixture.rows('app_lignes', { facture_id: model });
    const copy = { ...invoice, id: undefined, total_ttc: '240' };
    await knex('app_factures').insert(Array.from({ length: count }, () => copy));
    const ids = (await knex('app_factures').orderBy('id', 'desc').limit(count).pluck('id')) as number[];
    for (const facture_id of ids)
      await knex('app_lignes').insert(
        Array.from({ length: LINES_EACH }, () => ({ ...row, id: undefined, facture_id })),
      );
    return ids.map(String);
  }

  /** What applyMerge itself sends: the host's save does nothing. */
  async function statementsOf(count: number, issued: string): Promise<string[]> {
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const form = {
      invoiceMergeSource: await sourcesOf(customer, count),
      invoiceMergeIssued: issued,
      invoiceMergeKey: `counted-${customer}`,
    };
    counter.reset();
    const { merge } = await fixture.merge.transaction((trx) =>
      fixture.merge.applyMerge(trx, { page: 'edit', invoiceId: target, form, actor: ACTORS.books }, () =>
        Promise.resolve(target),
      ),
    );
    expect(merge?.sources).toHaveLength(count);
    expect(counter.sent.filter((one) => one.kind === 'statement' && !one.inTransaction)).toEqual([]);
    const { statements } = counter;
    expect((await fixture.load(target)).lines).toHaveLength(1 + count * LINES_EACH);
    return statements;
  }

  const inChunks = (statements: string[]): string[] => {
    const times = new Map<string, number>();
    for (const sql of statements) {
      const [what = ''] = /^(insert into|update|delete from) \S+|from \S+/.exec(sql) ?? [];
      const columns = sql.startsWith('select') ? `select ${sql.length > 60 ? sql.slice(7, 50) : ''}… ${what}` : what;
      times.set(columns, (times.get(columns) ?? 0) + 1);
    }
    return [...times].map(([what, count]) => `${count} x ${what}`);
  };

  // 40 (52): the settings, a few for the whole, for each mapped table and each link, why numbers are missing. 4 per 500
  // lines: reading what lines take along, inserting them, reading what hangs on them, recording them.
  test.each([
    ['cancel', 40],
    ['delete', 52],
  ] as const)('do not grow with the sources, only by 4 per 500 lines, settlement %s', async (issued, constant) => {
    const counts: Record<number, number> = {};
    let last: string[] = [];
    for (const count of [1, 10, 100]) {
      last = await statementsOf(count, issued);
      counts[count] = last.length;
    }
    expect(counts).toEqual({ 1: constant + 4, 10: constant + 4, 100: constant + 4 * 4 });
    const few = await statementsOf(1, issued);
    const grown = inChunks(last).filter((one) => !inChunks(few).includes(one));
    expect(grown).toHaveLength(4);
    expect(grown.join('\n')).toMatch(/insert into .app_lignes.[^]*insert into .im_carried_lines./);
  });

  test('a save without sources costs nine: its key, its lock, the target’s four tables, merges, earlier lines, its result', async () => {
    const target = await fixture.invoice(await fixture.customer());
    const form = { invoiceMergeKey: `plain-${target}` };
    counter.reset();
    await fixture.merge.transaction((trx) =>
      fixture.merge.applyMerge(trx, { page: 'edit', invoiceId: target, form, actor: ACTORS.sales }, () =>
        Promise.resolve(target),
      ),
    );
    expect(counter.statements).toHaveLength(9);
  });
});
