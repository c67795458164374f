import { setTimeout as sleep } from 'node:timers/promises';
import { migrate, pending, rollback } from '../../migrations';
import type { StepReport } from '../../migrations';
import { unsupportedServer } from '../../migrations/connection';
import { isPluginError } from '../../plugin/errors';
import { createDatabase, eachDatabase, type TestDatabase } from '../support/databases';
import { createHost, map, schemaText } from './host';
import { STEPS } from './steps';

/** Up and down on a host of this shape; what the tables read like in between. */
async function upAndDown(database: TestDatabase): Promise<Record<string, string>> {
  const { knex, name } = database;
  const untouched = await schemaText(knex, name);
  await migrate(knex, map);
  const migrated = await schemaText(knex, name);
  await rollback(knex, map);
  expect(await schemaText(knex, name)).toEqual(untouched);
  return migrated;
}

describe.each(eachDatabase)('the hosts that are migrated on %s', (name, createDatabaseOf) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabaseOf();
  });
  afterEach(() => database.close());

  it.each(['char(36)', 'varchar(26)'])('keep %s ids, which own tables repeat', async (type) => {
    await createHost(database.knex, name, { invoiceId: type, lineId: type });
    const migrated = await upAndDown(database);
    expect(migrated.im_merges).toMatch(new RegExp(`target_id[\`"] ${type.replace(/[()]/g, '\\$&')} `));
    expect(migrated.bill_rows).toMatch(new RegExp(`im_source_line_id[\`"] ${type.replace(/[()]/g, '\\$&')}`));
  });

  it('keep their index where it begins with customer and status', async () => {
    await createHost(database.knex, name);
    await database.knex.raw('CREATE INDEX own ON bills (customer_id, status, issue_date)');
    const migrated = await upAndDown(database);
    expect(Object.entries(migrated).join()).not.toContain('im_candidates');
  });

  it('get an index on the customer alone where the status is no column', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const noStatus = {
      ...map,
      invoices: { ...map.invoices, status: { of: () => 'draft' as const, where: () => undefined } },
    };
    await migrate(knex, noStatus);
    expect(Object.values(await schemaText(knex, name)).join()).toMatch(
      /[`"]im_candidates[`"].*\([`"]customer_id[`"]\)/,
    );
  });

  it('get what billing needs once they map their payment methods, also when all else was there before', async () => {
    const { knex } = database;
    await createHost(knex, name);
    const untouched = await schemaText(knex, name);
    const first = { ...map, paymentMethods: undefined };
    const before = await migrate(knex, first);
    expect(before).not.toContain('0040_payment_method_columns');
    expect((await schemaText(knex, name)).ways).toBe(untouched.ways);
    expect(await pending(knex, first)).toEqual([]);
    const later = await migrate(knex, map);
    expect([...before, ...later]).toHaveLength(STEPS);
    expect(later).toContain('0040_payment_method_columns');
    expect((await schemaText(knex, name)).ways).toContain('im_kind');
    await rollback(knex, map);
    expect(await schemaText(knex, name)).toEqual(untouched);
  });

  it('keep the index of their foreign key on the customer', async () => {
    const { knex } = database;
    await createHost(knex, name, {
      more: ', CONSTRAINT bill_customer FOREIGN KEY (customer_id) REFERENCES customers (id)',
    });
    await knex.raw('CREATE INDEX later ON bills (issue_date)');
    const before = await schemaText(knex, name);
    const migrated = await upAndDown(database);
    if (name !== 'sqlite') {
      expect(before.bills).toContain('KEY `bill_customer` (`customer_id`)');
      expect(migrated.bills).toContain('KEY `bill_customer` (`customer_id`)');
    }
    expect(Object.values(migrated).join()).toContain('im_candidates');
  });
});

describe('on MariaDB', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase('mariadb');
  });
  afterEach(() => database.close());

  it.each([
    ['bigint(20) unsigned', 'bigint(20) unsigned'],
    ['uuid', 'uuid'],
    ['binary(16)', 'binary(16)'],
    [
      'varchar(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci',
      'varchar(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci',
    ],
  ])('own columns repeat type, sign and collation of %s', async (type, repeated) => {
    const { knex } = database;
    await createHost(knex, 'mariadb', { invoiceId: 'int(11)', lineId: type });
    const migrated = await upAndDown(database);
    expect(migrated.bill_rows).toContain(`\`im_source_line_id\` ${repeated} DEFAULT NULL`);
    expect(migrated.im_carried_lines).toContain(`\`line_id\` ${repeated} DEFAULT NULL`);
  });

  it('a table that cannot be changed in place stops with its name and the reason, and is copied when that is allowed', async () => {
    const { knex } = database;
    await createHost(knex, 'mariadb', { tableOptions: 'ROW_FORMAT=COMPRESSED' });
    const untouched = await schemaText(knex, 'mariadb');
    const error = await migrate(knex, map).catch((reason: unknown) => reason);
    expect(isPluginError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'IM_WOULD_COPY',
      vars: { table: 'bills', reason: expect.stringContaining('ALGORITHM=INSTANT is not supported') as string },
    });
    expect((await schemaText(knex, 'mariadb')).bills).toBe(untouched.bills);

    const reports: StepReport[] = [];
    await migrate(knex, map, { allowCopy: true, onStep: (report) => reports.push(report) });
    expect(reports.filter((report) => report.way === 'copy').map((report) => report.table)).toEqual(['bills']);
    await rollback(knex, map);
    expect(await schemaText(knex, 'mariadb')).toEqual(untouched);
  });

  it('an index that would lock the table stops just so', async () => {
    const { knex } = database;
    await createHost(knex, 'mariadb', { tableOptions: 'ENGINE=MyISAM' });
    await knex.raw(`ALTER TABLE bills ADD im_version BIGINT, ADD im_merged_into_id int(10) unsigned, ADD im_merged_at char(24),
      ADD im_reminders_off tinyint`);
    const error = await migrate(knex, map).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'IM_WOULD_COPY', vars: { table: 'bills' } });
    expect((await schemaText(knex, 'mariadb')).bills).not.toContain('im_candidates');
    expect(await migrate(knex, map, { allowCopy: true })).toContain('0002_invoice_index');
  });

  it('makes InnoDB tables that are compared in utf8mb4, whatever the host has as default', async () => {
    const { knex } = database;
    await knex.raw('ALTER DATABASE CHARACTER SET latin1');
    await createHost(knex, 'mariadb', { tableOptions: 'ENGINE=MyISAM' });
    await migrate(knex, map, { allowCopy: true });
    expect((await schemaText(knex, 'mariadb')).im_merges).toMatch(
      /ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci$/,
    );
  });

  it('lets the CRM read on while a long transaction keeps it from changing a table', async () => {
    const { knex } = database;
    await createHost(knex, 'mariadb');
    const report = await knex.transaction();
    await report('bills').select('id');
    const applied = migrate(database.connect({ max: 1 }), map);
    await sleep(300);
    // This read is in line behind the migration, which is in line behind the report: it would wait for both.
    expect(await knex('bills').select('id')).toHaveLength(2);
    await report.commit();
    expect(await applied).toHaveLength(STEPS);
  });

  it('goes on when another node of a cluster, which no lock excludes, makes the same changes meanwhile', async () => {
    const { knex } = database;
    await createHost(knex, 'mariadb');
    const whole = await (async () => {
      await migrate(knex, map);
      const text = await schemaText(knex, 'mariadb');
      await rollback(knex, map);
      return text;
    })();
    // A server-wide lock excludes nobody on another node: here it is taken away from whoever asks for it.
    const lockless = (handle = database.connect({ max: 1 })): typeof handle => {
      const client = handle.client as { query(connection: unknown, query: { sql: string }): Promise<unknown> };
      const query = client.query.bind(client);
      client.query = (connection, statement) =>
        /GET_LOCK/.test(statement.sql)
          ? query(connection, { ...statement, sql: 'SELECT 1 AS taken', bindings: [] } as typeof statement)
          : query(connection, statement);
      return handle;
    };
    for (let round = 0; round < 3; round++) {
      const applied = await Promise.all([1, 2, 3].map(() => migrate(lockless(), map)));
      expect(new Set(applied.flat()).size).toBe(applied.flat().length);
      expect(await schemaText(knex, 'mariadb')).toEqual(whole);
      await rollback(knex, map);
    }
  });
});

it.each([
  ['5.7.44-log', { dialect: 'MySQL', version: '5.7.44-log', needs: '8.0' }],
  ['8.0.11', null],
  ['9.7.4', null],
  [
    '10.5.22-MariaDB-1:10.5.22+maria~ubu2004',
    { dialect: 'MariaDB', version: '10.5.22-MariaDB-1:10.5.22+maria~ubu2004', needs: '10.6' },
  ],
  ['5.5.5-10.6.16-MariaDB', null],
  ['11.8.3-MariaDB-0+deb13u1', null],
])('a server that calls itself %s is supported or named with what it needs', (answer, expected) => {
  expect(unsupportedServer(answer)).toEqual(expected);
});
