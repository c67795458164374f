import { eachDatabase } from './databases';

describe.each(eachDatabase)('test databases on %s', (_name, createDatabase) => {
  it('gives two handles on one fresh database', async () => {
    const database = await createDatabase();
    await database.knex.schema.createTable('t', (table) => table.integer('n'));
    await database.connect()('t').insert({ n: 7 });
    expect(await database.knex('t').select('n')).toEqual([{ n: 7 }]);
    await database.close();
  });
});
