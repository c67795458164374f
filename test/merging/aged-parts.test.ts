import * as fc from 'fast-check';
import { agedPartsOf } from '../../plugin/merging/aged-parts';
import { balanceOf } from '../../plugin/merging/after-payments';
import type { Participation } from '../../plugin/merging/store-participations';
import type { Invoice } from '../../plugin/host/contract';
import { minorUnit } from '../../plugin/money/currency';
import { sum, toAmount } from '../../plugin/money/decimal';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { invoiceOf } from '../support/invoices';
import { ACTORS, line, openMerging, type MergingFixture } from '../support/merging-fixture';
import { countStatements } from '../support/statement-counter';

const day = fc
  .integer({ min: 0, max: 700 })
  .map((days) => new Date(Date.UTC(2025, 0, 1 + days)).toISOString().slice(0, 10));
const amount = (currency: string, most: number) =>
  fc.integer({ min: -most, max: most }).map((minor) => {
    const scale = minorUnit(currency);
    return (minor / 10 ** scale).toFixed(scale);
  });

/** A target and a chain of merges into it, whose totals need not add up to anything: lines were edited after the merge. */
const chain = fc.constantFrom('EUR', 'JPY', 'KWD').chain((currency) =>
  fc.record({
    currency: fc.constant(currency),
    total: amount(currency, 100_000),
    paid: amount(currency, 100_000),
    due: fc.option(day),
    sources: fc.array(
      fc.record({
        into: fc.nat(20),
        total: amount(currency, 100_000),
        due: fc.option(day),
        issued: day,
        draft: fc.boolean(),
      }),
      { maxLength: 8 },
    ),
  }),
);

function build({ currency, total, paid, due, sources }: typeof chain extends fc.Arbitrary<infer T> ? T : never) {
  const bare = {
    currency,
    pricesIncludeTax: false,
    lines: [],
    allowancesCharges: [],
    discount: null,
    adjustment: '0',
    prepaid: '0',
  };
  const target: Invoice = { ...invoiceOf('0', bare), total, dueDate: due, payments: { count: 1, sum: paid } };
  const mergedInto = new Map<string, Participation[]>();
  sources.forEach((source, index) => {
    // Into the target or an earlier source: a tree.
    const targetId = String(source.into % (index + 1));
    const { total: sourceTotal, due: dueDate, issued: issueDate, draft } = source;
    const part = { targetId, sourceId: String(index + 1), total: sourceTotal, dueDate, issueDate, currency };
    const one = { ...part, statusBefore: draft ? 'draft' : 'unpaid' } as Participation;
    mergedInto.set(targetId, [...(mergedInto.get(targetId) ?? []), one]);
  });
  return { target, mergedInto };
}

it('B16 splits any balance without losing a cent, oldest first, and owes no more for an invoice than it came to', () => {
  fc.assert(
    fc.property(chain, (given) => {
      const { target, mergedInto } = build(given);
      const parts = agedPartsOf(target, mergedInto);
      expect(toAmount(sum(parts.map((part) => part.amount)), minorUnit(target.currency))).toBe(balanceOf(target));
      const days = parts.map((part) => part.dueDate ?? part.issueDate);
      expect(days).toEqual([...days].sort());
      for (const part of parts) if (part.invoiceId !== '0') expect(Number(part.amount)).toBeGreaterThan(0);
      expect(new Set(parts.map(({ invoiceId }) => invoiceId)).size).toBe(parts.length);
    }),
    { numRuns: 500 },
  );
});

describe.each(eachDatabase)('what is owed by original due dates, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  afterAll(() => fixture.close());

  const bill = (customer: string, price: string, dueDate: string, more = {}) =>
    fixture.invoice(customer, { lines: [line('Work', price)], issueDate: '2026-01-02', dueDate, ...more });
  const short = async (ids: string[]) =>
    new Map(
      [...(await fixture.merge.agedParts(fixture.knex, ids))].map(([id, parts]) => [
        id,
        parts.map(({ dueDate, amount: owed }) => `${dueDate ?? '-'} ${owed}`),
      ]),
    );

  it('B16 T45 follows chains of cancelled and deleted invoices, counts payments against the oldest, and forgets an undone merge', async () => {
    const customer = await fixture.customer();
    const oldest = await bill(customer, '20', '2026-02-01');
    const middle = await bill(customer, '100', '2026-06-01');
    const never = await bill(customer, '10', '2026-01-15', { status: 'draft' });
    const target = await bill(customer, '1000', '2026-12-01');
    await fixture.save({ target: middle, sources: [oldest], issued: 'delete' });
    const { merge } = await fixture.save({ target, sources: [middle, never], issued: 'cancel' });
    // A draft was never due: its 12.00 fall due with the invoice that received it.
    expect(await short([target, middle, '999999'])).toEqual(
      new Map([
        [target, ['2026-02-01 24.00', '2026-06-01 120.00', '2026-12-01 1212.00']],
        [middle, []],
      ]),
    );
    const [part] = (await fixture.merge.agedParts(fixture.knex, [target])).get(target) ?? [];
    expect(part).toEqual({ invoiceId: oldest, issueDate: '2026-01-02', dueDate: '2026-02-01', amount: '24.00' });

    const undone = await fixture.http(`/api/merges/${merge?.id ?? ''}/undo`, { body: { reason: 'Too early' } });
    expect(undone.status).toBe(200);
    expect(await short([target, middle, never])).toEqual(
      new Map([
        [target, ['2026-12-01 1200.00']],
        [middle, ['2026-02-01 24.00', '2026-06-01 120.00']],
        [never, []],
      ]),
    );
    await fixture.save({ target, sources: [middle] });
    await fixture.crm.pay(fixture.knex, target, '44');
    expect((await short([target])).get(target)).toEqual(['2026-06-01 100.00', '2026-12-01 1200.00']);
    await fixture.crm.pay(fixture.knex, target, '1300');
    expect((await short([target])).get(target)).toEqual([]);
  });

  it('B16 keeps the highest reminder level, says so on the preview, and gives it back at the undo', async () => {
    const customer = await fixture.customer();
    const [target, source] = [await bill(customer, '10', '2026-12-01'), await bill(customer, '10', '2026-03-01')];
    await fixture.knex('app_factures').where({ id: source }).update({ relances: 3 });
    const plugin = fixture.plugin({ actor: () => ACTORS.books, csrf: undefined });
    const preview = async (): Promise<string> =>
      plugin.renderBanner({ url: '/', headers: {} } as never, {} as never, {
        page: 'preview',
        invoiceId: () => target,
      });
    expect(await preview()).not.toContain('Niveau de relance');
    const { merge } = await fixture.save({ target, sources: [source] });
    expect(await preview()).toContain('Niveau de relance 3, relances des factures remplacées comprises.');
    await fixture.http(`/api/merges/${merge?.id ?? ''}/undo`, { body: { reason: 'Too early' } });
    const levels = [target, source].map(async (id) => (await fixture.load(id)).reminderLevel);
    expect(await Promise.all(levels)).toEqual([0, 3]);
  });

  it('asks as many statements for forty invoices as for two', async () => {
    const customer = await fixture.customer();
    const ids: string[] = [];
    for (let made = 0; made < 2; made += 1) {
      const target = await bill(customer, '10', '2026-12-01');
      await fixture.save({ target, sources: [await bill(customer, '10', '2026-03-01')] });
      ids.push(target);
    }
    const many = await Promise.all(Array.from({ length: 38 }, () => bill(customer, '10', '2026-12-01')));
    const counter = countStatements(fixture.knex);
    await short(ids);
    const few = counter.sent.length;
    counter.reset();
    const parts = await short([...ids, ...many]);
    expect([counter.sent.length, parts.size]).toEqual([few, 40]);
    counter.restore();
  });
});
