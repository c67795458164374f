/** What a bookkeeper's host may do to the plugin without meaning harm: odd ids, odd answers of hooks, long texts, changed customers. */
import type { Day } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { ACTORS, hiding, line, openMerging, reasonsOf, refusal, type MergingFixture } from '../support/merging-fixture';

const TEN_EUROS = { kind: 'amount', value: '10', basis: 'before_tax' } as const;

describe.each(eachDatabase)('a save that meets odd input, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  afterAll(() => fixture.close());

  async function pair(spec = {}): Promise<{ customer: string; target: string; source: string }> {
    const customer = await fixture.customer();
    return { customer, target: await fixture.invoice(customer), source: await fixture.invoice(customer, spec) };
  }

  describe('ids that a database would read as numbers', () => {
    test.each([
      ['text after the number', (id: string) => `${id}abc`],
      ['a leading zero', (id: string) => `0${id}`],
      ['another notation', (id: string) => `${id}.0`],
      ['more digits than fit', () => '99999999999999999999999'],
    ])('%s names no invoice: as target and as source it is not found', async (_what, odd) => {
      const { target, source } = await pair();
      const { version } = await fixture.load(source);
      const body = (targetId: string, sourceId: string, key: string) => ({
        targetId,
        sources: [{ id: sourceId, version }],
        settlement: { issued: 'cancel', draft: 'cancel' },
        key: `${key}-${target}-${Math.random().toString(36).slice(2)}`,
      });
      expect(await fixture.http('/api/merges', { body: body(odd(target), source, 'target') })).toMatchObject({
        status: 404,
        body: { error: { code: 'IM_NOT_FOUND' } },
      });
      expect(await fixture.http('/api/merges', { body: body(target, odd(source), 'source') })).toMatchObject({
        status: 404,
        body: { error: { code: 'IM_NOT_FOUND' } },
      });
    });

    test('guard refuses an id with text after its number instead of letting a driver’s error through', async () => {
      const { target } = await pair();
      const attempt = fixture.merge.transaction((trx) => fixture.merge.guard(trx, `${target}abc`, 'pay'));
      const outcome = await attempt.then(
        () => 'passed',
        (error: unknown) => (error as { code?: string }).code,
      );
      // SQLite compares text with text: no such invoice, nothing to protect.
      expect(['passed', 'IM_NOT_FOUND']).toContain(outcome);
    });

    test('a merge is found by its own id only', async () => {
      const { target, source } = await pair();
      const { merge } = await fixture.save({ target, sources: [source] });
      expect((await fixture.http(`/api/merges/${merge?.id}`)).status).toBe(200);
      expect((await fixture.http(`/api/merges/${merge?.id}abc`)).status).toBe(404);
      expect((await fixture.http(`/api/merges/0${merge?.id}`)).status).toBe(404);
    });
  });

  describe('hooks', () => {
    test('afterMerge stays silent when the host rolls back a transaction that it opened by hand', async () => {
      const { target, source } = await pair();
      const told: string[] = [];
      const plugin = fixture.plugin({
        hooks: { afterMerge: (merge) => Promise.resolve(void told.push(merge.targetId)) },
      });
      const spec = await fixture.formOf(target);
      const save = { target, spec, sources: [{ id: source, version: null }], targetVersion: null, plugin };
      const trx = await fixture.knex.transaction();
      await fixture.save({ ...save, trx });
      await trx.rollback();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(told).toEqual([]);

      const second = await fixture.knex.transaction();
      await fixture.save({ ...save, trx: second });
      await second.commit();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(told).toEqual([target]);
    });

    test.each([
      ['a Date', () => new Date('2026-12-31') as unknown as Day],
      ['a day in another notation', () => '31/12/2026'],
      ['a moment', () => '2026-12-31T00:00:00Z'],
    ])(
      'a lockedUntil hook that answers %s stops the merge instead of leaving the period open',
      async (_what, lockedUntil) => {
        const { target, source } = await pair();
        const plugin = fixture.plugin({ hooks: { lockedUntil } });
        expect(await refusal(fixture.save({ target, sources: [source], plugin }))).toMatchObject({
          code: 'IM_HOOK_INVALID',
          status: 500,
        });
      },
    );

    test('a scope that answers a promise shows nothing rather than everything', async () => {
      const { customer, source } = await pair();
      const plugin = fixture.plugin({
        // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what a host in JavaScript may write
        scope: async (query, _actor, alias) => {
          await Promise.resolve();
          query.whereNot(`${alias}.id`, source);
        },
      });
      const reply = await fixture.http(`/api/candidates?customerId=${customer}`, { plugin });
      expect(reply).toMatchObject({ status: 500, body: { error: { code: 'IM_HOOK_INVALID' } } });
    });
  });

  describe('what a person may not see', () => {
    test('a hidden target is not found, whatever its age and its merges are', async () => {
      const { customer, target, source } = await pair();
      const merged = await fixture.invoice(customer);
      await fixture.save({ target, sources: [merged] });
      const plugin = fixture.plugin({ scope: hiding(fixture.crm, [target, merged]) });
      for (const hidden of [target, merged])
        expect(
          await refusal(fixture.save({ target: hidden, targetVersion: 'older', sources: [source], plugin })),
        ).toMatchObject({ code: 'IM_NOT_FOUND', status: 404 });
    });

    test('a key that somebody used for an invoice out of sight does not name that invoice', async () => {
      const { customer, target, source } = await pair();
      const other = await fixture.invoice(customer);
      await fixture.save({ target, sources: [source], key: 'shared-key-1' });
      const plugin = fixture.plugin({ scope: hiding(fixture.crm, [target]) });
      const error = await refusal(fixture.save({ target: other, key: 'shared-key-1', actor: ACTORS.sales, plugin }));
      expect(error).toMatchObject({ code: 'IM_KEY_REUSED', status: 409 });
      expect(JSON.stringify(error.vars)).not.toContain(`"${target}"`);
      expect(error.vars.url).toBeUndefined();
      expect((await refusal(fixture.save({ target: other, key: 'shared-key-1' }))).vars).toMatchObject({
        invoiceId: target,
      });
    });
  });

  describe('a customer or currency changed in the form of a saved invoice', () => {
    test('the new customer’s invoices can be merged in the same save, as the banner offers them', async () => {
      const { target } = await pair();
      const next = await fixture.customer();
      const source = await fixture.invoice(next, { lines: [line('Theirs', '50')] });
      const spec = { ...(await fixture.formOf(target)), customerId: next };
      const { merge } = await fixture.save({ target, spec, sources: [source] });
      expect(merge?.customerId).toBe(next);
      expect((await fixture.load(target)).lines.map(({ description }) => description)).toEqual(['Work', 'Theirs']);
    });

    test('the source’s lines and the preview are given for the new customer too', async () => {
      const { target } = await pair();
      const next = await fixture.customer();
      const source = await fixture.invoice(next);
      expect((await fixture.http(`/api/invoices/${source}/lines?targetId=${target}`)).status).toBe(200);
      const { body } = await fixture.http('/api/merges/preview', {
        body: { targetId: target, customerId: next, sourceIds: [source] },
      });
      expect(body.refusals).toEqual([]);
    });

    test('the old customer’s invoices are still refused', async () => {
      const { target, source } = await pair();
      const spec = { ...(await fixture.formOf(target)), customerId: await fixture.customer() };
      expect(reasonsOf(await refusal(fixture.save({ target, spec, sources: [source] })), source)).toEqual(['customer']);
    });
  });

  describe('texts longer than a column', () => {
    test('a person with a very long name merges all the same', async () => {
      const { target, source } = await pair();
      const actor = { id: ACTORS.books.id, name: 'Ж'.repeat(250) };
      const { merge } = await fixture.save({ target, sources: [source], actor });
      expect((await fixture.http(`/api/merges/${merge?.id}`)).body).toMatchObject({
        merge: { actor: { id: ACTORS.books.id } },
      });
    });
  });

  test('an invoice that was merged into one that is gone names the one that stands', async () => {
    const customer = await fixture.customer();
    const [first, second, third] = [
      await fixture.invoice(customer),
      await fixture.invoice(customer),
      await fixture.invoice(customer),
    ];
    await fixture.save({ target: second, sources: [first] });
    await fixture.save({ target: third, sources: [second], issued: 'delete' });
    const html = await fixture
      .plugin({ actor: () => ACTORS.books })
      .renderBanner({ headers: {}, originalUrl: '/' } as never, {} as never, {
        page: 'preview',
        invoiceId: () => first,
      });
    expect(html).toContain(`/invoices/${third}"`);
    expect(html).not.toContain(`/invoices/${second}"`);
  });

  test('drafts that bear no day yet are listed and merged, and their lines get no day either', async () => {
    const column = fixture.crm.map.invoices.issueDate;
    await fixture.knex.schema.alterTable('app_factures', (t) => void t.date(column).nullable().alter());
    const customer = await fixture.customer();
    const [target, source] = [
      await fixture.invoice(customer, { status: 'draft', number: null }),
      await fixture.invoice(customer, { status: 'draft', number: null, discount: TEN_EUROS }),
    ];
    await fixture
      .knex('app_factures')
      .whereIn('id', [target, source])
      .update({ [column]: null });
    const spec = { ...(await fixture.formOf(target)), issueDate: '2026-11-20' };
    expect((await fixture.http(`/api/candidates?customerId=${customer}&invoiceId=${target}`)).status).toBe(200);
    const { status, body } = await fixture.http(`/banner?page=edit&invoiceId=${target}`);
    expect({ status, listed: String(body.html).includes(`${source}~`) }).toEqual({ status: 200, listed: true });
    await fixture.save({ target, spec, sources: [source] });
    expect((await fixture.load(target)).lines.map(({ supplyDate }) => supplyDate)).toEqual([null, null]);
  });

  test('long texts of many sources do not outgrow what the server takes at once', async () => {
    const sent: number[] = [];
    const measure = ({ bindings = [] }: { bindings?: unknown[] }): void => {
      sent.push(bindings.reduce<number>((sum, one) => sum + (typeof one === 'string' ? one.length : 0), 0));
    };
    const customer = await fixture.customer();
    const target = await fixture.invoice(customer);
    const longDescription = 'é'.repeat(30_000);
    const lines = Array.from({ length: 40 }, (_none, index) => line(`Part ${index}`, '10', { longDescription }));
    const sources = [];
    for (let n = 0; n < 5; n++) sources.push(await fixture.invoice(customer, { lines }));
    fixture.knex.on('query', measure);
    await fixture.save({ target, sources, issued: 'delete' });
    fixture.knex.removeListener('query', measure);
    expect((await fixture.load(target)).lines).toHaveLength(201);
    expect(Math.max(...sent)).toBeLessThan(4_000_000);
  });
});
