import type { Id, Merge } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { ACTORS, hiding, openMerging, type MergingFixture } from '../support/merging-fixture';
import { countStatements } from '../support/statement-counter';

interface List {
  merges: Merge[];
  page: number;
  pages: number;
  total: number;
}

describe.each(eachDatabase)('the list of merges, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: Id;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  async function merged(how: { issued?: string; at?: string; actor?: (typeof ACTORS)['books'] } = {}) {
    const { issued = 'cancel', at = '2026-11-21T10:00:00.000Z', actor = ACTORS.books } = how;
    const target = await fixture.invoice(customer);
    const sources = [await fixture.invoice(customer), await fixture.invoice(customer)];
    const plugin = fixture.plugin({ clock: () => new Date(at) });
    const { merge } = await fixture.save({ target, sources, issued, draft: 'cancel', plugin, actor });
    return { id: merge?.id ?? '', target, sources };
  }

  async function list(query: Record<string, string>, plugin = fixture.merge): Promise<List> {
    const { status, body } = await fixture.http(`/api/merges?${new URLSearchParams(query)}`, { plugin });
    expect([status, body]).toEqual([200, expect.anything()]);
    return body as unknown as List;
  }
  const idsOf = async (query: Record<string, string>, plugin = fixture.merge): Promise<Id[]> =>
    (await list({ customerId: customer, ...query }, plugin)).merges.map(({ id }) => id);

  test('is newest first, and each merge is as it is alone', async () => {
    const first = await merged();
    const second = await merged({ issued: 'delete' });
    const { merges, ...rest } = await list({ customerId: customer });
    expect(rest).toEqual({ page: 1, pages: 1, total: 2 });
    expect(merges.map(({ id }) => id)).toEqual([second.id, first.id]);
    for (const one of merges)
      expect(await fixture.http(`/api/merges/${one.id}`)).toEqual({ status: 200, body: { merge: one } });
  });

  test('finds an invoice as target and as source, deleted or not', async () => {
    const kept = await merged();
    const gone = await merged({ issued: 'delete' });
    expect(await idsOf({ invoiceId: kept.target })).toEqual([kept.id]);
    expect(await idsOf({ invoiceId: kept.sources[1]! })).toEqual([kept.id]);
    expect(await idsOf({ invoiceId: gone.sources[0]! })).toEqual([gone.id]);
    expect(await idsOf({ invoiceId: '99999999' })).toEqual([]);
  });

  test('is narrowed by person, by settlement and by days of the business', async () => {
    // 23:30 in Paris on the 29th, and half past midnight on the 30th.
    const late = await merged({ actor: ACTORS.sales, at: '2026-03-29T21:30:00.000Z' });
    const next = await merged({ issued: 'delete', at: '2026-03-29T22:30:00.000Z' });
    const winter = await merged({ at: '2026-12-31T23:30:00.000Z' });
    expect(await idsOf({ actorId: ACTORS.sales.id })).toEqual([late.id]);
    expect(await idsOf({ settlement: 'delete' })).toEqual([next.id]);
    expect(await idsOf({ from: '2026-03-29', to: '2026-03-29' })).toEqual([late.id]);
    expect(await idsOf({ from: '2026-03-30', to: '2026-12-31' })).toEqual([next.id]);
    expect(await idsOf({ from: '2027-01-01' })).toEqual([winter.id]);
    expect(await idsOf({ to: '2026-03-30', settlement: 'cancel' })).toEqual([late.id]);
  });

  test('holds only what the person may see: not another’s target, nor a hidden source', async () => {
    const seen = await merged();
    const hidden = await merged();
    const secret = seen.sources[0]!;
    const plugin = fixture.plugin({ scope: hiding(fixture.crm, [hidden.target, secret]) });
    const answer = await list({ customerId: customer }, plugin);
    expect(answer).toMatchObject({ total: 1, merges: [{ id: seen.id }] });
    expect(answer.merges[0]!.sources.map(({ invoiceId }) => invoiceId)).toEqual([seen.sources[1]]);
    expect(await idsOf({ invoiceId: secret }, plugin)).toEqual([]);
    expect(await idsOf({ invoiceId: hidden.target }, plugin)).toEqual([]);
    const alone = await fixture.http(`/api/merges/${seen.id}`, { plugin });
    expect(alone.body).toEqual({ merge: answer.merges[0] });
    expect(await fixture.http(`/api/merges/${hidden.id}`, { plugin })).toMatchObject({ status: 404 });
    const forbidden = await fixture.http('/api/merges', { actor: ACTORS.stranger });
    expect(forbidden).toMatchObject({ status: 403 });
  });

  test('comes by pages of twenty, with as many statements for many as for one', async () => {
    const { id, target } = await merged();
    const counter = countStatements(fixture.knex);
    await list({ customerId: customer });
    const forOne = counter.statements.length;
    const { knex } = fixture;
    const [row] = await fixture.rows('im_merges', { id });
    const copies = Array.from({ length: 44 }, () => ({ ...row, id: undefined }));
    await knex('im_merges').insert(copies);
    counter.reset();
    const second = await list({ customerId: customer, page: '2' });
    expect(counter.statements).toHaveLength(forOne);
    const [first, third, beyond] = await Promise.all(['1', '3', '4'].map((page) => list({ invoiceId: target, page })));
    expect([first, second, third, beyond].map((one) => [one!.merges.length, one!.pages, one!.total])).toEqual([
      [20, 3, 45],
      [20, 3, 45],
      [5, 3, 45],
      [0, 3, 45],
    ]);
    const all = [first, second, third].flatMap((one) => one!.merges.map((merge) => Number(merge.id)));
    expect(all).toEqual([...new Set(all)].sort((a, b) => b - a));
  });

  test.each(['from=2026-02-30', 'settlement=shred', 'page=0', 'page=1e9', 'customerID=3', 'invoiceId=a%20b'])(
    'refuses %s instead of answering something else',
    async (query) => {
      const field = query.split('=')[0];
      const reply = await fixture.http(`/api/merges?${query}`);
      expect(reply).toMatchObject({ status: 400, body: { error: { vars: { field } } } });
    },
  );
});
