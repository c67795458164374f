import knexFactory, { type Knex } from 'knex';
import { migrate, pending, rollback } from '../../migrations';
import type { StepReport } from '../../migrations';
import { isPluginError } from '../../plugin/errors';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { createHost, map, schemaText } from './host';
import { STEPS } from './steps';

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(eachDatabase)('migrations on %s', (name, createDatabase) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.close());

  it('K5 K8 up, down and up again: the host reads as before, byte for byte, and the second schema equals the first', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const untouched = await schemaText(knex, name);

    const applied = await migrate(knex, map);
    expect(applied).toHaveLength(STEPS);
    const migrated = await schemaText(knex, name);
    expect(Object.keys(migrated)).toEqual(
      expect.arrayContaining([
        'im_activity',
        'im_carried_lines',
        'im_merge_links',
        'im_merge_sources',
        'im_merges',
        'im_migrations',
        'im_save_keys',
        'im_series',
        'im_settings',
      ]),
    );
    expect(migrated.bills).toContain('im_version');
    expect(await migrate(knex, map)).toEqual([]);
    expect(await pending(knex, map)).toEqual([]);

    expect(await rollback(knex, map)).toEqual([...applied].reverse());
    expect(await schemaText(knex, name)).toEqual(untouched);
    expect(await pending(knex, map)).toEqual(applied);

    expect(await migrate(knex, map)).toEqual(applied);
    expect(await schemaText(knex, name)).toEqual(migrated);
  });

  it('K1 the host keeps its own knex_migrations, whichever of the two migrates first', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const hostStep = (step: string): Knex.MigratorConfig => ({
      migrationSource: {
        getMigrations: () => Promise.resolve(['a', 'b'].slice(0, step === 'a' ? 1 : 2)),
        getMigrationName: (migration: string) => migration,
        getMigration: (migration: string) =>
          Promise.resolve({
            up: (trx: Knex) => trx.schema.createTable(`host_${migration}`, (table) => table.increments()),
            down: (trx: Knex) => trx.schema.dropTable(`host_${migration}`),
          }),
      },
    });
    await knex.migrate.latest(hostStep('a'));
    expect(await migrate(knex, map)).toHaveLength(STEPS);
    await knex.migrate.latest(hostStep('b'));
    expect(await migrate(knex, map)).toEqual([]);
    expect(await knex('knex_migrations').pluck<string[]>('name')).toEqual(['a', 'b']);
    await rollback(knex, map);
    expect(await knex('knex_migrations').pluck<string[]>('name')).toEqual(['a', 'b']);
  });

  it("K2 the host's migrations configuration, case mapper and pool of one do not matter", async () => {
    const { knex } = database;
    await createHost(knex, name);
    const config = knex.client as { config: Knex.Config };
    const host = knexFactory({
      ...config.config,
      pool: { ...config.config.pool, min: 0, max: 1 },
      acquireConnectionTimeout: 2000,
      migrations: { directory: '/nowhere', tableName: 'host_versions', loadExtensions: ['.sql'] },
      wrapIdentifier: (value, wrap) => wrap(value === '*' ? value : `host_${value}`),
      postProcessResponse: () => [{ nothing: 'of use' }],
    });
    try {
      expect(await migrate(host, map)).toHaveLength(STEPS);
      expect(await pending(host, map)).toEqual([]);
      expect(await rollback(host, map)).toHaveLength(STEPS);
      expect(await migrate(host, map)).toHaveLength(STEPS);
    } finally {
      await host.destroy();
    }
    expect(Object.keys(await schemaText(knex, name))).toContain('im_merges');
  });

  // Grows with the square of the migrations: how long it takes says nothing, and of MariaDB, which takes ten times as long,
  // every fourth change is looked at.
  it('K6 interrupted after any change of a table, the next run completes what a whole run makes', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const untouched = await schemaText(knex, name);
    // MariaDB keeps room in each row for the columns of earlier rounds, until a copy.
    const copies = { allowCopy: true };
    const changed: string[] = [];
    const all = await migrate(knex, map, { onStep: (step) => changed.push(step.name) });
    const whole = await schemaText(knex, name);
    await rollback(knex, map);
    const every = name === 'sqlite' ? 1 : 4;
    for (let crashAt = 1; crashAt <= changed.length; crashAt += every) {
      let changes = 0;
      const crash = (): void => {
        if (++changes === crashAt) throw new Error('crash');
      };
      await expect(migrate(knex, map, { ...copies, onStep: crash })).rejects.toThrow('crash');
      const left = all.slice(all.indexOf(changed[crashAt - 1] ?? ''));
      expect(await pending(knex, map)).toEqual(left);
      // Every other time it is not completed but taken back.
      if (left.length % 2 === 0) {
        expect(await migrate(knex, map, copies)).toEqual(left);
        expect(await schemaText(knex, name)).toEqual(whole);
      }
      await rollback(knex, map);
      expect(await schemaText(knex, name)).toEqual(untouched);
    }
  }, 120_000);

  it('K6 completes a step of which only some columns were added', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const untouched = await schemaText(knex, name);
    await knex.raw('ALTER TABLE bills ADD COLUMN im_version BIGINT NULL');
    await migrate(knex, map);
    expect((await schemaText(knex, name)).bills).toMatch(
      /im_version.*im_merged_into_id.*im_merged_at.*im_reminders_off/s,
    );
    await rollback(knex, map);
    expect(await schemaText(knex, name)).toEqual(untouched);
  });

  it('K7 the rows of the host are the same after up and after down, new columns empty', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const before = await knex('bills').select();
    await migrate(knex, map);
    expect(await knex('bills').select()).toEqual(
      before.map((row: object) => ({
        ...row,
        im_version: null,
        im_merged_into_id: null,
        im_merged_at: null,
        im_reminders_off: null,
      })),
    );
    await rollback(knex, map);
    expect(await knex('bills').select()).toEqual(before);
  });

  it('reports each change with its table, none of them a copy', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const reports: StepReport[] = [];
    await migrate(knex, map, { onStep: (report) => reports.push(report) });
    expect(reports.slice(0, 4)).toEqual([
      { name: '0001_invoice_columns', table: 'bills', way: 'instant' },
      { name: '0002_invoice_index', table: 'bills', way: 'inplace' },
      { name: '0003_line_columns', table: 'bill_rows', way: 'instant' },
      { name: '0004_save_keys', table: 'im_save_keys', way: 'instant' },
    ]);
    expect(reports.map((report) => report.way)).not.toContain('copy');
  });

  it('refuses to go down while merges and snapshots exist, naming what and how many, unless told to discard them', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const untouched = await schemaText(knex, name);
    await migrate(knex, map);
    await knex('im_merges').insert({
      target_id: 1,
      customer_id: 1,
      currency: 'EUR',
      totals_after: '{}',
      difference_minor: 0,
      causes: '[]',
      acknowledged: '[]',
      discounts: '{}',
      settlement_issued: 'cancel',
      settlement_draft: 'cancel',
      actor_id: '1',
      actor_name: 'Zoé',
      created_at: '2026-11-21T10:00:00.000Z',
    });
    const migrated = await schemaText(knex, name);
    const error = await errorOf(rollback(knex, map));
    expect(isPluginError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'IM_HISTORY_EXISTS',
      status: 409,
      vars: { history: [{ table: 'im_merges', count: 1 }] },
    });
    expect(await schemaText(knex, name)).toEqual(migrated);

    await rollback(knex, map, { discardHistory: true });
    expect(await schemaText(knex, name)).toEqual(untouched);
  });

  it('refuses a second merge of one invoice by itself, until the first is undone', async () => {
    const { knex } = database;
    await createHost(knex, name);
    await migrate(knex, map);
    const source = (mergeId: number, active: number | null): object => ({
      merge_id: mergeId,
      source_id: 2,
      position: 1,
      issue_date: '2026-02-01',
      status_before: 'draft',
      total_minor: 750,
      settlement: 'cancel',
      snapshot: '{}',
      active_source_id: active,
    });
    await knex('im_merge_sources').insert(source(1, 2));
    await expect(knex('im_merge_sources').insert(source(2, 2))).rejects.toThrow();
    await knex('im_merge_sources').update({ active_source_id: null });
    await knex('im_merge_sources').insert([source(2, 2), source(3, null)]);
  });

  it('tells save keys apart that differ in case only', async () => {
    const { knex } = database;
    await createHost(knex, name);
    await migrate(knex, map);
    const key = (text: string): object => ({ save_key: text, form_hash: 'h', created_at: '2026-11-21T10:00:00.000Z' });
    await knex('im_save_keys').insert([key('aB'), key('ab')]);
    await expect(knex('im_save_keys').insert(key('ab'))).rejects.toThrow();
  });

  it('takes another prefix, beside tables of the default one', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const other = { ...map, tablePrefix: 'fusion_' };
    await migrate(knex, map);
    const first = await schemaText(knex, name);
    expect(await migrate(knex, other)).toHaveLength(STEPS);
    expect(Object.keys(await schemaText(knex, name))).toContain('fusion_merges');
    await rollback(knex, other);
    expect(await schemaText(knex, name)).toEqual(first);
    expect(await errorOf(migrate(knex, { ...map, tablePrefix: '' }))).toMatchObject({ code: 'IM_OPTIONS_INVALID' });
  });

  it('uniqueNumber: refused while two invoices bear one number, then enforced, and gone on the way down', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const untouched = await schemaText(knex, name);
    await migrate(knex, map);
    await knex.raw(`INSERT INTO bills (id, customer_id, number, status, issue_date, total)
      VALUES (3, 1, 'FA-1', 'unpaid', '2026-02-02', 1), (4, 1, NULL, 'draft', '2026-02-02', 1)`);
    expect(await errorOf(migrate(knex, map, { uniqueNumber: true }))).toMatchObject({
      code: 'IM_HOST_FAULT',
      vars: { where: 'bills.number', count: 1 },
    });
    await knex('bills').where({ id: 3 }).update({ number: 'FA-2' });
    expect(await migrate(knex, map, { uniqueNumber: true })).toEqual(['0011_unique_number']);
    await expect(knex('bills').where({ id: 3 }).update({ number: 'FA-1' })).rejects.toThrow();
    expect(await migrate(knex, map)).toEqual([]);
    await rollback(knex, map);
    expect(await schemaText(knex, name)).toEqual(untouched);
  });

  it('names a mapped column that the host has not', async () => {
    await createHost(database.knex, name);
    const wrong = { ...map, lines: { ...map.lines, id: 'row_no' } };
    expect(await errorOf(migrate(database.knex, wrong))).toMatchObject({
      code: 'IM_HOST_FAULT',
      vars: { where: 'bill_rows.row_no' },
    });
  });
});

it('refuses a database other than MySQL, MariaDB and SQLite', async () => {
  const knex = knexFactory({ client: 'pg' });
  expect(await errorOf(migrate(knex, map))).toMatchObject({ code: 'IM_DATABASE_UNSUPPORTED' });
});
