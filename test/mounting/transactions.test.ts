import { knex as connectTo, type Knex } from 'knex';
import type { Row, Trx } from '../../plugin/host/contract';
import { createDatabase, eachDatabase } from '../support/databases';
import { spyOn } from '../support/fault-injector';
import { crmHost } from '../support/hosts';
import { line, openMerging, refusal, VAT_10, type MergingFixture, type Plugin } from '../support/merging-fixture';
import { someInvoices } from './mounted';

/** All rows as this handle sees them. */
async function rowsSeenBy(handle: Knex, tables: string[]): Promise<Record<string, Row[]>> {
  const seen: Record<string, Row[]> = {};
  for (const table of tables)
    seen[table] = ((await handle(table).select()) as Row[]).sort((a, b) =>
      JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
    );
  return seen;
}

/** A save as the fixture posts it, everything that it needs read beforehand. */
async function prepared(fixture: MergingFixture, target: string, sources: string[]) {
  const versions = await fixture.crm.host.loadInvoices(fixture.knex, [target, ...sources]);
  return {
    target,
    spec: await fixture.formOf(target),
    sources: versions.slice(1).map(({ id, version }) => ({ id, version })),
    targetVersion: versions[0]?.version,
    key: `transaction-${target}`,
    body: { _csrf: 'same' },
  };
}

describe.each(eachDatabase)('a host with one connection, on %s', (_name, createDatabaseOf) => {
  let fixture: MergingFixture;
  let observer: Knex;
  beforeAll(async () => {
    const database = await createDatabaseOf({ min: 0, max: 1 });
    fixture = await openMerging(database, crmHost());
    observer = database.connect({ min: 0, max: 1 });
  });
  afterAll(() => fixture.close());

  /** Every question that the plugin asks the host is answered from the database. */
  const asking = (): Plugin =>
    fixture.plugin({
      authorize: async (_actor, _action, { db }) => (await db('app_clients').first()) !== undefined,
      hooks: {
        candidates: async (list, { db }) => ((await db('app_clients').first()) ? list : []),
        lockedUntil: async (db) => ((await db('app_reglages').first()) ? '2020-12-31' : null),
        beforeMerge: async (trx) => void (await trx('app_clients').first()),
        afterMerge: async () => void (await fixture.knex('app_clients').first()),
      },
    });

  it('saves, merges and answers the banner while authorize and all hooks ask the database (K9)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const plugin = asking();
    const saved = await fixture.save({ ...(await prepared(fixture, target, sources)), plugin, issued: 'delete' });
    expect(saved.merge?.sources.length).toBe(2);
    const { customerId } = await fixture.load(target);
    const open = await fixture.invoice(customerId);
    const list = await fixture.http(`/api/candidates?customerId=${customerId}&invoiceId=${target}`, { plugin });
    expect(list).toMatchObject({ status: 200, body: { eligible: 1 } });
    const body = { targetId: target, sourceIds: [open] };
    expect(await fixture.http('/api/merges/preview', { plugin, body })).toMatchObject({ status: 200 });
  });

  it('shows nothing of a save to others before its commit, and leaves nothing of one that is rolled back (K9)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const save = await prepared(fixture, target, sources);
    const tables = Object.keys(await fixture.dump());
    const before = await rowsSeenBy(observer, tables);
    const work = (ending: (trx: Trx) => Promise<void>): Promise<void> =>
      fixture.knex.transaction(async (trx) => {
        expect((await fixture.save({ ...save, trx })).merge?.sources.length).toBe(2);
        expect(await rowsSeenBy(observer, tables)).toEqual(before);
        await ending(trx);
      });
    await expect(
      work(() => {
        throw new Error('the host changed its mind');
      }),
    ).rejects.toThrow('changed its mind');
    expect(await rowsSeenBy(observer, tables)).toEqual(before);
    await work(() => Promise.resolve());
    expect(await rowsSeenBy(observer, tables)).not.toEqual(before);
    expect((await fixture.load(target)).total).toBe('360.00');
  });

  it('gets a lock conflict as the database said it, untouched and not tried again, where the transaction is its own (K13)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const save = await prepared(fixture, target, sources);
    const before = await fixture.dump();
    const spy = spyOn(fixture.knex);
    try {
      for (const statement of [1, 2, 9]) {
        spy.reset();
        spy.failAt({ statement, when: 'before', as: 'retryable' });
        let saves = 0;
        const attempt = fixture.knex.transaction((trx) => fixture.save({ ...save, trx, onSave: () => (saves += 1) }));
        const error: unknown = await attempt.catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: expect.stringMatching(/^(ER_LOCK_DEADLOCK|SQLITE_BUSY)$/) as string });
        expect(error).not.toHaveProperty('status');
        expect([spy.fired.length, saves <= 1]).toEqual([1, true]);
      }
    } finally {
      spy.restore();
    }
    expect(await fixture.dump()).toEqual(before);
  });
});

describe('whatever a host’s driver and process are set to, on MariaDB', () => {
  let fixture: MergingFixture;
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase('mariadb'), crmHost());
  });
  afterAll(() => fixture.close());

  it('a merge comes to the same total, taxes and difference (K15)', async () => {
    const zone = process.env.TZ;
    const results: unknown[] = [];
    const settings: [Record<string, unknown>, string][] = [
      [{}, 'Europe/Paris'],
      [{ dateStrings: true }, 'America/New_York'],
      [{ dateStrings: false, decimalNumbers: true }, 'Pacific/Auckland'],
      [{ supportBigNumbers: true, bigNumberStrings: true, decimalNumbers: true }, 'America/New_York'],
      [{ timezone: '+09:00' }, 'UTC'],
    ];
    for (const [options, TZ] of settings) {
      process.env.TZ = TZ;
      const knex = connectTo({ client: 'mysql2', connection: { uri: fixture.database.url, ...options } as never });
      try {
        const customer = await fixture.customer();
        const make = (price: string, discount: string) =>
          fixture.invoice(customer, {
            lines: [line('A', price, { quantity: '3' }), line('B', '0.333333', { quantity: '7.5', taxes: [VAT_10] })],
            discount: { kind: 'percent', value: discount, basis: 'before_tax' },
          });
        const [target, source] = [await make('33.333333', '10'), await make('0.105', '12.5')];
        const plugin = fixture.plugin({ knex });
        const { merge } = await fixture.save({ target, sources: [source], plugin });
        const { totalsAfter, difference, causes } = merge ?? {};
        const stored = await fixture
          .knex('app_factures')
          .where({ id: target })
          .first<{ total_ttc: string }>('total_ttc');
        results.push({ totalsAfter, difference, causes, stored });
      } finally {
        await knex.destroy();
        process.env.TZ = zone;
      }
    }
    for (const result of results) expect(result).toEqual(results[0]);
    expect(results[0]).toMatchObject({ totalsAfter: { payable: expect.stringMatching(/^\d+\.\d\d$/) as string } });
  });
});

describe('a host that began its own REPEATABLE READ transaction before, on MariaDB', () => {
  let fixture: MergingFixture;
  let other: Knex;
  beforeAll(async () => {
    const database = await createDatabase('mariadb');
    fixture = await openMerging(database, crmHost());
    other = database.connect();
  });
  afterAll(() => fixture.close());

  /** What somebody else does, committed after the host's snapshot and before its applyMerge. */
  const meanwhile: [string, (target: string, source: string) => Promise<unknown>, string[]][] = [
    ['paid a source', (_target, source) => fixture.crm.pay(other, source, '10'), ['IM_STALE_SOURCE']],
    [
      'changed a line of a source',
      (_target, source) => other('app_lignes').where({ facture_id: source }).update({ prix: '1' }),
      ['IM_STALE_SOURCE'],
    ],
    [
      'merged the source elsewhere',
      async (_target, source) => {
        const elsewhere = await fixture.invoice((await fixture.load(source)).customerId);
        await fixture.save({ target: elsewhere, sources: [source] });
      },
      ['IM_STALE_SOURCE'],
    ],
    [
      'deleted the source by a merge',
      async (_target, source) => {
        const elsewhere = await fixture.invoice((await fixture.load(source)).customerId);
        await fixture.save({ target: elsewhere, sources: [source], issued: 'delete' });
      },
      ['IM_STALE_SOURCE', 'IM_NOT_FOUND'],
    ],
    [
      'changed the target',
      (target) => other('app_factures').where({ id: target }).update({ note: 'x', ajustement: '1' }),
      ['IM_STALE_TARGET'],
    ],
    [
      'merged the target away',
      async (target) => {
        const elsewhere = await fixture.invoice((await fixture.load(target)).customerId);
        await fixture.save({ target: elsewhere, sources: [target] });
      },
      ['IM_MERGED'],
    ],
  ];
  it.each(meanwhile)('is refused when somebody %s after its snapshot', async (_what, happens, codes) => {
    const { target, sources } = await someInvoices(fixture);
    const [source = ''] = sources;
    const save = await prepared(fixture, target, sources);
    const attempt = fixture.knex.transaction(
      async (trx) => {
        // The snapshot: what is read plainly from here on is of this moment.
        await trx('app_factures').select();
        await trx('im_merge_sources').select();
        await happens(target, source);
        return fixture.save({ ...save, trx });
      },
      { isolationLevel: 'repeatable read' },
    );
    expect(codes).toContain((await refusal(attempt)).code);
    const merges = await fixture.rows('im_merges', { target_id: target });
    expect(merges).toEqual([]);
  });

  it('merges when nothing happened, or something that does not matter', async () => {
    const { target, sources } = await someInvoices(fixture);
    const save = await prepared(fixture, target, sources);
    const saved = await fixture.knex.transaction(
      async (trx) => {
        await trx('app_factures').select();
        const { customerId } = await fixture.load(target);
        await fixture.invoice(customerId);
        return fixture.save({ ...save, trx });
      },
      { isolationLevel: 'repeatable read' },
    );
    expect(saved.merge?.totalsAfter.payable).toBe('360.00');
  });

  it('answers the first result when the same form was saved after its snapshot', async () => {
    const { target, sources } = await someInvoices(fixture);
    const save = await prepared(fixture, target, sources);
    const answers = await fixture.knex.transaction(
      async (trx) => {
        await trx('im_save_keys').select();
        await trx('im_merges').select();
        await trx('im_merge_sources').select();
        const first = await fixture.save(save);
        return [first, await fixture.save({ ...save, trx })];
      },
      { isolationLevel: 'repeatable read' },
    );
    expect(answers[1]).toEqual({ ...answers[0], replayed: true });
  });

  it('has a guard that sees a merge after its snapshot, and names the successor', async () => {
    const { target, sources } = await someInvoices(fixture);
    const [source = ''] = sources;
    const paying = fixture.knex.transaction(
      async (trx) => {
        await trx('app_factures').select();
        await trx('im_merge_sources').select();
        await fixture.save({ target, sources: [source] });
        await fixture.merge.guard(trx, source, 'pay');
      },
      { isolationLevel: 'repeatable read' },
    );
    expect(await refusal(paying)).toMatchObject({ code: 'IM_MERGED', vars: { successorId: target } });
  });
});
