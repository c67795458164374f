import { createTables } from '../../demo/tables';
import { eachDatabase, type TestDatabase } from '../support/databases';

describe.each(eachDatabase)('the demo CRM’s tables on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.close());

  it('get the columns that an older file lacks, and keep what is in them', async () => {
    const { knex } = database;
    await knex.schema.createTable('crm_clients', (table) => {
      table.increments('id');
      table.string('company', 190).notNullable();
    });
    await knex('crm_clients').insert({ company: 'Ancienne cliente' });
    await createTables(knex);
    await createTables(knex);
    expect(await knex('crm_clients').first()).toMatchObject({ company: 'Ancienne cliente', siret: null, phone: null });
    expect(await knex.schema.hasColumn('crm_reminder_log', 'outcome')).toBe(true);
  });
});
