import { eachDatabase } from '../support/databases';
import { crmHost, perfexLikeHost } from '../support/hosts';
import { line, openMerging, type MergingFixture } from '../support/merging-fixture';
import { countStatements, type StatementCounter } from '../support/statement-counter';

const LINES = 20;

describe.each(eachDatabase)('the statements of a merge, on %s', (_name, createDatabase) => {
  describe.each([
    ['crm', crmHost, 'app_factures', 'app_lignes', 'facture_id'],
  ] as const)('%s host', (_host, makeHost, invoices, lines, key) => {
    let fixture: MergingFixture;
    let counter: StatementCounter;
    beforeAll(async () => {
      // One connection: a statement beside the given transaction would wait for ever.
      fixture = await openMerging(await createDatabase({ min: 0, max: 1 }), makeHost());
      counter = countStatements(fixture.knex);
    });
    afterAll(() => fixture.close());

    /** Sources of LINES lines each, inserted in bulk from one that the host made. */
    async function sourcesOf(customer: string, count: number): Promise<string[]> {
      const model = await fixture.invoice(customer, { lines: [line('Model', '10')] });
      const [{ id: _id, ...invoice } = {}] = await fixture.rows(invoices, { id: model });
      const [{ id: _line, ...row } = {}] = await fixture.rows(lines, { [key]: model });
      await fixture.knex(invoices).insert(Array.from({ length: count }, () => ({ ...invoice, total_ttc: '240', im_version: null })));
      const ids: number[] = await fixture.knex(invoices).orderBy('id', 'desc').limit(count).pluck('id');
      for (const id of ids) await fixture.knex(lines).insert(Array.from({ length: LINES }, () => ({ ...row, [key]: id })));
      return ids.map(String).reverse();
    }

    test.each(['cancel', 'delete'])('grow by chunks', async (issued) => {
      for (const count of [1, 10, 100]) {
        const customer = await fixture.customer();
        const target = await fixture.invoice(customer);
        const sources = await sourcesOf(customer, count);
        const form = { invoiceMergeSource: sources, invoiceMergeIssued: issued, invoiceMergeKey: `count-${issued}-${count}` };
        const actor = { id: '8', name: 'Bea' };
        counter.reset();
        const t = Date.now();
        await fixture.merge.transaction((trx) =>
          fixture.merge.applyMerge(trx, { page: 'edit', invoiceId: target, form, actor }, () => Promise.resolve(target)),
        );
        console.log(issued, count, counter.statements.length, Date.now() - t, counter.sent.length);
        require('fs').writeFileSync(`/tmp/st-${fixture.database.name}-${issued}-${count}.txt`, counter.statements.map((s) => s.slice(0, 200)).join('\n'));
      }
    });
  });
});
void perfexLikeHost;
