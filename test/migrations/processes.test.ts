import { migrate, pending, rollback } from '../../migrations';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { type Build, build } from './build';
import { createHost, map, schemaText } from './host';
import { STEPS } from './steps';

let built: Build;
beforeAll(async () => {
  built = await build();
}, 120_000);

describe.each(eachDatabase)('migrations by processes of the build on %s', (name, createDatabase) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase();
    await createHost(database.knex, name);
  });
  afterEach(() => database.close());

  it('K3 applied from source, the build finds nothing pending, and the other way round', async () => {
    const { knex, url } = database;
    await migrate(knex, map);
    expect(await built.migrate(url, map)).toEqual([{ code: 0, applied: [], errors: '' }]);
    const applied = await rollback(knex, map);
    expect(await built.migrate(url, map)).toEqual([{ code: 0, applied: [...applied].reverse(), errors: '' }]);
    expect(await pending(knex, map)).toEqual([]);
    expect(await migrate(knex, map)).toEqual([]);
  });

  it('K4 three processes at once all succeed, and each step is applied by exactly one of them', async () => {
    const runs = await built.migrate(database.url, map, 3);
    expect(runs.map(({ code, errors }) => ({ code, errors }))).toEqual(Array(3).fill({ code: 0, errors: '' }));
    const applied = runs.flatMap((run) => run.applied);
    expect(new Set(applied).size).toBe(applied.length);
    expect(applied).toHaveLength(STEPS);
    expect(await pending(database.knex, map)).toEqual([]);
  });

  it('K6 a process killed inside a step leaves a schema that the next one completes', async () => {
    const { knex, url } = database;
    const [killed] = await built.migrate(url, map, 1, 3);
    expect(killed).toMatchObject({ code: null, applied: [] });
    expect(await pending(knex, map)).toContain('0003_line_columns');

    expect(await migrate(knex, map)).toContain('0003_line_columns');
    const resumed = await schemaText(knex, name);
    await rollback(knex, map);
    await migrate(knex, map);
    expect(await schemaText(knex, name)).toEqual(resumed);
  });
});
