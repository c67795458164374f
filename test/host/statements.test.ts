import type { CarriedLine, Id, Invoice } from '../../plugin/host/contract';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install, perfexLikeHost, type TestHost } from '../support/hosts';
import { statementsOf } from '../support/hosts/statements';

const VAT = { category: 'S', name: 'TVA', rate: '20' };

function carriedFrom(sources: Invoice[]): CarriedLine[] {
  return sources.flatMap((source) =>
    source.lines.map(({ id, ...line }) => ({
      ...line,
      key: id,
      sourceInvoiceId: source.id,
      sourceLineId: id,
      kind: 'line' as const,
      extra: {},
    })),
  );
}

describe.each(eachDatabase)('statements on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  beforeEach(async () => void (database = await createDatabase()));
  afterEach(() => database.close());

  // Candidates: their heads, and what taxes their lines and their own allowances have.
  it.each([
    ['crm', crmHost, 3],
    ['perfex-like', perfexLikeHost, 2],
  ])('%s: as many for 20 sources of 20 lines as for one', async (_host, make, candidates) => {
    const app: TestHost = await install(database.knex, make());
    const { knex } = database;
    const counts: Record<string, number>[] = [];
    for (const count of [1, 20]) {
      const customerId = await app.createCustomer(knex, `${count}`);
      const line = { description: 'x', quantity: '1', unitPrice: '1', taxes: [VAT] };
      const target = await app.createInvoice(knex, { customerId, lines: [line] });
      const sources: Id[] = [];
      for (let at = 0; at < count; at++) {
        const id = await app.createInvoice(knex, { customerId, lines: Array.from({ length: 20 }, () => line) });
        for (const link of app.map.links) {
          const [first] = await app.host.loadInvoices(knex, [id]);
          await app.addLink(knex, link.name, link.to === 'line' ? first!.lines[0]!.id : id, String(at));
        }
        sources.push(id);
      }
      const sent: Record<string, number> = {};
      await knex.transaction(async (trx) => {
        const counted = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
          let result: T | undefined;
          const listened = trx as unknown as typeof knex;
          sent[name] = (await statementsOf(listened, async () => void (result = await work()))).length;
          return result as T;
        };
        await counted('touch', () => app.host.touchInvoices(trx, [target, ...sources]));
        await counted('candidates', () =>
          app.host.findCandidates(trx, { customerIds: [customerId], search: 'x', restrict: () => undefined }),
        );
        const loaded = await counted('load', () => app.host.loadInvoices(trx, sources));
        const lines = carriedFrom(loaded);
        await counted('append', () => app.host.appendLines(trx, target, lines));
        const [now] = await app.host.loadInvoices(trx, [target]);
        const lineIds = now!.lines.flatMap((one): [Id, Id][] => (one.sourceLineId ? [[one.sourceLineId, one.id]] : []));
        expect(lineIds).toHaveLength(20 * count);
        const moved = await counted('move', () => app.host.moveLinks(trx, { invoiceIds: sources, lineIds }, target));
        const cancelled = await counted('cancel', () => app.host.cancelInvoices(trx, sources, 'note'));
        await counted('restore cancelled', () => app.host.restoreInvoices(trx, cancelled));
        await counted('restore links', () => app.host.restoreLinks(trx, moved));
        await counted('totals', () => app.host.saveTotals(trx, target));
        await counted('remove', () =>
          app.host.removeLines(
            trx,
            target,
            lineIds.map(([, id]) => id),
          ),
        );
        const numbers = await app.host.allocateNumbers(trx, 'credit_note', count, '2026-05-01');
        const credits = loaded.map((invoice, at) => ({
          invoice,
          number: numbers[at]!,
          note: '',
          lines: carriedFrom([invoice]),
          allowancesCharges: [],
        }));
        await counted('credit', () => app.host.creditInvoices!(trx, credits, '2026-05-01'));
        const deleted = await counted('delete', () => app.host.deleteInvoices(trx, sources));
        await counted('restore deleted', () => app.host.restoreInvoices(trx, deleted));
        await counted('numbers', () => app.host.allocateNumbers(trx, 'invoice', count, '2026-05-01'));
      });
      counts.push(sent);
    }
    expect(counts[1]).toEqual(counts[0]);
    expect(counts[0]).toMatchObject({ touch: 1, candidates, cancel: 3, numbers: 3 });
  });

  it('needs one statement more per table for more than 500 lines, and keeps their order, taxes and tags', async () => {
    const { knex } = database;
    const app = await install(knex, perfexLikeHost());
    const line = { quantity: '1', unitPrice: '1', taxes: [VAT] };
    const target = await app.createInvoice(knex, { customerId: '1', lines: [{ ...line, description: 'own' }] });
    const source = await app.createInvoice(knex, { customerId: '1', lines: [{ ...line, description: 'one' }] });
    const lines = Array.from({ length: 1100 }, (_none, at): CarriedLine => ({
      key: String(at),
      description: `line ${at}`,
      longDescription: null,
      quantity: '1',
      unit: null,
      unitPrice: '1',
      baseQuantity: '1',
      taxes: at % 2 ? [VAT] : [VAT, { category: 'S', name: 'Eco', rate: String(at % 90) }],
      allowancesCharges: [],
      supplyDate: null,
      sourceInvoiceId: source,
      sourceLineId: at % 3 ? String(1000 + at) : null,
      kind: at % 3 ? 'line' : 'allowance',
      extra: {},
    }));
    await knex.transaction((trx) => app.host.appendLines(trx, target, lines.slice(0, 2)));
    // Lines with the same tags are there already: each of the new ones gets its own taxes all the same.
    await knex.transaction((trx) => app.host.appendLines(trx, target, lines));
    const [loaded] = await app.host.loadInvoices(knex, [target]);
    const added = loaded!.lines.slice(3);
    expect(added.map((one) => [one.description, one.sourceLineId])).toEqual(
      lines.map((one) => [one.description, one.sourceLineId]),
    );
    const rates = (taxes: { rate: string }[]): string[] => taxes.map(({ rate }) => rate).sort();
    expect(added.map((one) => rates(one.taxes))).toEqual(lines.map((one) => rates(one.taxes)));
  });
});
