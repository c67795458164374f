import { migrate, pending, rollback } from '../../migrations';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { createHost, map, schemaText } from './host';

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
    expect(applied).toHaveLength(10);
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
});
