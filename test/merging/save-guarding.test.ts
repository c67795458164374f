import type { Merge } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { eventually } from '../support/eventually';
import { crmHost } from '../support/hosts';
import { ACTORS, line, openMerging, refusal, type MergingFixture } from '../support/merging-fixture';

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe.each(eachDatabase)('after a merge, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let customer: string;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
  });
  beforeEach(async () => {
    customer = await fixture.customer();
  });
  afterAll(() => fixture.close());

  /** a into b, then b into c. */
  async function chain(issued = 'cancel'): Promise<{ a: string; b: string; c: string }> {
    const [a, b, c] = [
      await fixture.invoice(customer, { lines: [line('A', '10')] }),
      await fixture.invoice(customer, { lines: [line('B', '20')] }),
      await fixture.invoice(customer, { lines: [line('C', '30')] }),
    ];
    await fixture.save({ target: b, sources: [a], issued });
    await fixture.save({ target: c, sources: [b], issued });
    return { a, b, c };
  }

  const guard = (id: string, act: Parameters<MergingFixture['merge']['guard']>[2]): Promise<void> =>
    fixture.merge.transaction((trx) => fixture.merge.guard(trx, id, act));

  describe('merged again', () => {
    test('the last invoice bears the lines of both, each under what it came from directly', async () => {
      const { a, b, c } = await chain();
      const { lines, total } = await fixture.load(c);
      expect(lines.map(({ description, sourceInvoiceId }) => [description, sourceInvoiceId])).toEqual([
        ['C', null],
        ['B', b],
        ['A', b],
      ]);
      expect(total).toBe('72.00');
      for (const id of [a, b]) expect((await fixture.load(id)).status).toBe('cancelled');
    });

    test.each(['cancel', 'delete'])('money for the first goes to the last, settlement %s', async (issued) => {
      const { a, b, c } = await chain(issued);
      const { merge, knex } = fixture;
      for (const id of [a, b]) {
        expect(await merge.paymentTarget(knex, id)).toEqual({ invoiceId: c, mergedFrom: id });
        expect(await merge.successorOf(knex, id)).toBe(c);
      }
      expect(await merge.paymentTarget(knex, c)).toEqual({ invoiceId: c, mergedFrom: null });
      expect(await merge.successorOf(knex, c)).toBeNull();
      expect(await merge.transaction((trx) => merge.paymentTarget(trx, a))).toEqual({ invoiceId: c, mergedFrom: a });
    });

    test('an invoice that was merged is no target and no source any more', async () => {
      const { a, b, c } = await chain();
      const { number } = await fixture.load(c);
      expect(await refusal(fixture.save({ target: a, sources: [c] }))).toMatchObject({
        code: 'IM_MERGED',
        status: 409,
        vars: { successorId: c, successorNumber: number, url: `/invoices/${c}`, by: 'Bea Books' },
      });
      const other = await fixture.invoice(customer);
      expect(await refusal(fixture.save({ target: other, sources: [b] }))).toMatchObject({
        code: 'IM_STALE_SOURCE',
        vars: { change: 'merged', successorId: c },
      });
    });
  });

  test.each(['edit', 'pay', 'issue', 'cancel', 'credit', 'reopen', 'delete'] as const)(
    'T35 T49 to %s a merged invoice is refused with the name of its successor',
    async (act) => {
      const { a, c } = await chain();
      const { number } = await fixture.load(a);
      expect(await refusal(guard(a, act))).toMatchObject({
        code: 'IM_MERGED',
        status: 409,
        vars: { act, invoiceId: a, number, successorId: c, successorNumber: (await fixture.load(c)).number },
      });
      if (act === 'delete') return;
      await expect(guard(c, act)).resolves.toBeUndefined();
    },
  );

  test('a deleted source is refused all the same, and an invoice without merges is free', async () => {
    const { a, c } = await chain('delete');
    expect(await refusal(guard(a, 'pay'))).toMatchObject({ code: 'IM_MERGED', vars: { successorId: c } });
    await expect(guard(await fixture.invoice(customer), 'delete')).resolves.toBeUndefined();
  });

  test('T52 to delete an invoice that replaces others is refused with their numbers', async () => {
    const { b, c } = await chain();
    const { number } = await fixture.load(b);
    expect(await refusal(guard(c, 'delete'))).toMatchObject({
      code: 'IM_HAS_MERGED',
      status: 409,
      vars: { invoiceId: c, numbers: [number] },
    });
  });

  test('a payment that is under way and a merge of the same invoice exclude each other', async () => {
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const { version } = await fixture.load(source);
    const paying = fixture.merge.transaction(async (trx) => {
      await fixture.merge.guard(trx, source, 'pay');
      await fixture.crm.pay(trx, source, '120');
    });
    const [paid, merged] = await Promise.allSettled([
      paying,
      fixture.save({ target, sources: [{ id: source, version }] }),
    ]);
    const outcome = [paid.status, merged.status].sort();
    expect(outcome).toEqual(['fulfilled', 'rejected']);
    expect(await fixture.rows('app_reglements', { facture_id: source })).toHaveLength(
      paid.status === 'fulfilled' ? 1 : 0,
    );
    expect((await fixture.load(source)).status).toBe(paid.status === 'fulfilled' ? 'paid' : 'cancelled');
  });

  test('T56 reports leave out drafts and cancelled sources, reminders leave out whatever was merged', async () => {
    const target = await fixture.invoice(customer);
    const sources = [await fixture.invoice(customer), await fixture.invoice(customer, { status: 'overdue' })];
    const [draft, credited, paid] = [
      await fixture.invoice(customer, { status: 'draft' }),
      await fixture.invoice(customer),
      await fixture.invoice(customer, { status: 'paid' }),
    ];
    await fixture.knex('app_factures').where({ id: credited }).update({ statut: 'avoir' });
    await fixture.save({ target, sources });
    const ids = async (narrow: 'reportable' | 'remindable'): Promise<string[]> => {
      const query = fixture.knex('app_factures as f').where('f.client_id', customer).orderBy('f.id');
      fixture.merge[narrow](query, { invoices: 'f' });
      return ((await query.pluck('f.id')) as number[]).map(String);
    };
    expect(await ids('reportable')).toEqual([target, credited, paid]);
    expect(await ids('remindable')).toEqual([target, draft, paid]);
    // Whoever opens a source again by hand does not get it reminded again.
    await fixture.knex('app_factures').whereIn('id', sources).update({ statut: 'en_retard' });
    expect(await ids('remindable')).toEqual([target, draft, paid]);
  });

  describe('hooks', () => {
    test('beforeMerge sees the merge inside the transaction, and throwing undoes the whole save', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const before = await fixture.dump();
      const seen: Merge[] = [];
      const plugin = fixture.plugin({
        hooks: {
          async beforeMerge(trx, merge) {
            seen.push(merge);
            const row = (await trx('app_factures').where({ id: source }).first()) as { statut: string };
            expect(row.statut).toBe('annulee');
            throw new Error('the accounts said no');
          },
        },
      });
      await expect(fixture.save({ target, sources: [source], plugin })).rejects.toThrow('the accounts said no');
      expect(seen).toMatchObject([{ targetId: target, sources: [{ invoiceId: source }], actor: ACTORS.books }]);
      expect(await fixture.dump()).toEqual(before);
    });

    test('afterMerge comes after the outermost commit, also of a transaction inside another', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const versions = await fixture.crm.host.loadInvoices(fixture.knex, [target, source]);
      const spec = await fixture.formOf(target);
      const told: string[] = [];
      const plugin = fixture.plugin({ hooks: { afterMerge: async ({ id }) => void told.push(id) } });
      const save = {
        target,
        spec,
        sources: versions.slice(1).map(({ id, version }) => ({ id, version })),
        targetVersion: versions[0]?.version,
        plugin,
      };
      let id = '';
      await fixture.knex.transaction(async (outer) => {
        await outer.transaction(async (inner) => {
          id = (await fixture.save({ ...save, trx: inner })).merge?.id ?? '';
        });
        await settled();
        expect(told).toEqual([]);
      });
      await eventually(() => expect(told).toEqual([id]));
    });

    test.each(['inner', 'outer'] as const)(
      'afterMerge never comes when the %s transaction rolls back',
      async (level) => {
        const target = await fixture.invoice(customer);
        const source = await fixture.invoice(customer);
        const before = await fixture.dump();
        const versions = await fixture.crm.host.loadInvoices(fixture.knex, [target, source]);
        const spec = await fixture.formOf(target);
        const told: string[] = [];
        const plugin = fixture.plugin({ hooks: { afterMerge: async ({ id }) => void told.push(id) } });
        const rolledBack = fixture.knex.transaction(async (outer) => {
          const inner = outer.transaction(async (trx) => {
            const sources = versions.slice(1).map(({ id, version }) => ({ id, version }));
            await fixture.save({ target, spec, sources, targetVersion: versions[0]?.version, plugin, trx });
            if (level === 'inner') throw new Error('back');
          });
          if (level === 'inner') return inner.catch(() => undefined);
          await inner;
          throw new Error('back');
        });
        await rolledBack.catch(() => undefined);
        await settled();
        expect(told).toEqual([]);
        expect(await fixture.dump()).toEqual(before);
      },
    );

    test('an afterMerge that fails is logged; the merge stands', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const logged: string[] = [];
      const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };
      const plugin = fixture.plugin({
        hooks: {
          afterMerge: () => {
            throw new Error('mail server down');
          },
        },
        logger: { ...quiet, error: (message, fields) => void logged.push(`${message}: ${String(fields?.error)}`) },
      });
      await fixture.save({ target, sources: [source], plugin });
      await eventually(() => expect(logged).toEqual(['afterMerge hook failed: Error: mail server down']));
      expect((await fixture.load(source)).status).toBe('cancelled');
    });

    test('a replayed save tells no hook again', async () => {
      const target = await fixture.invoice(customer);
      const source = await fixture.invoice(customer);
      const versions = await fixture.crm.host.loadInvoices(fixture.knex, [target, source]);
      let told = 0;
      const count = async (): Promise<void> => void (told += 1);
      const plugin = fixture.plugin({ hooks: { beforeMerge: count, afterMerge: count } });
      const save = {
        target,
        sources: versions.slice(1).map(({ id, version }) => ({ id, version })),
        targetVersion: versions[0]?.version,
        key: `hooks-once-${target}`,
        plugin,
      };
      const first = await fixture.save(save);
      expect(await fixture.save(save)).toEqual({ ...first, replayed: true });
      await eventually(() => expect(told).toBe(2));
      await settled();
      expect(told).toBe(2);
    });
  });

  test('a host whose save answers another invoice is refused, and nothing changes', async () => {
    const target = await fixture.invoice(customer);
    const before = await fixture.dump();
    for (const answer of ['99999999', '', null, undefined, { invoiceId: target, carried: 'all' }]) {
      const saving = fixture.merge.transaction((trx) =>
        fixture.merge.applyMerge(trx, { page: 'edit', invoiceId: target, form: {}, actor: ACTORS.books }, () =>
          Promise.resolve(answer as never),
        ),
      );
      expect(await refusal(saving)).toMatchObject({ code: 'IM_SAVE_RESULT_INVALID', status: 500 });
    }
    expect(await fixture.dump()).toEqual(before);
  });

  test('a merge asked for over the API is answered with what it did, and once more when asked twice', async () => {
    const target = await fixture.invoice(customer);
    const source = await fixture.invoice(customer);
    const { version } = await fixture.load(source);
    const body = {
      targetId: target,
      sources: [{ id: source, version }],
      settlement: { issued: 'cancel', draft: 'cancel' },
      key: `api-merge-${target}`,
    };
    const first = await fixture.http('/api/merges', { body });
    expect(first).toMatchObject({
      status: 201,
      body: { merge: { targetId: target, totalsAfter: { payable: '240.00' } } },
    });
    expect(await fixture.http('/api/merges', { body })).toEqual({ status: 200, body: first.body });
    const { id } = first.body.merge as Merge;
    expect(await fixture.http(`/api/merges/${id}`)).toEqual({ status: 200, body: first.body });
    expect(await fixture.http('/api/merges', { body, actor: ACTORS.stranger })).toMatchObject({ status: 403 });
    expect(await fixture.http('/api/merges', { body, actor: null })).toMatchObject({ status: 401 });
  });
});
