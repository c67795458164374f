import type { TableMap } from '../../plugin/host/contract';
import { allocateNumbers } from '../../plugin/host/numbers';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install, perfexLikeHost } from '../support/hosts';

describe.each(eachDatabase)('numbers on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  const app = crmHost();
  const parts = perfexLikeHost();
  beforeAll(async () => {
    database = await createDatabase();
    await install(database.knex, app);
    await parts.createSchema(database.knex);
  });
  beforeEach(async () => {
    await database.knex('app_factures').delete();
    await database.knex('app_reglages').update({ valeur: '1' });
  });
  afterAll(() => database.close());

  const allocate = (map: TableMap, count = 1, date = '2026-05-01'): Promise<string[]> =>
    database.knex.transaction((trx) => allocateNumbers(trx, map, 'invoice', count, date));
  const withPatterns = (...patterns: string[]): TableMap => ({ ...app.map, series: { invoice: { patterns } } });
  async function bear(...numbers: string[]): Promise<void> {
    for (const number of numbers) await app.createInvoice(database.knex, { customerId: '1', number, lines: [] });
  }

  it('T41: the next number is above every document and never below the setting that the host decremented', async () => {
    await bear('FA-2026-00041', 'FA-2026-00042');
    await database.knex('app_reglages').update({ valeur: '42' });
    expect(await allocate(app.map, 2)).toEqual(['FA-2026-00043', 'FA-2026-00044']);
    expect(await database.knex('app_reglages').first('valeur')).toEqual({ valeur: '45' });
    await database.knex('app_factures').delete();
    expect(await allocate(app.map)).toEqual(['FA-2026-00045']);
  });

  it('T44: the last number is the highest as a number, not as text and not by id', async () => {
    await bear('F10', 'F9', 'F0008');
    expect(await allocate(withPatterns('F{seq}'))).toEqual(['F11']);
  });

  it('counts only documents that fit the series of that date', async () => {
    await bear(
      'FA-2025-00900',
      'FA-2026-00007',
      'FA-2026-2026-11-1',
      'FA-2026-',
      'FA-2026-99a',
      'FA-2026-1.5',
      'XFA-2026-00050',
    );
    expect(await allocate(withPatterns('FA-{yyyy}-{seq:5}'))).toEqual(['FA-2026-00008']);
    expect(await allocate(withPatterns('FA-{yyyy}-{seq:5}'), 1, '2027-01-01')).toEqual(['FA-2027-00001']);
  });

  it('counts in a table whose collation is not the connection’s', async () => {
    if (database.name !== 'sqlite')
      await database.knex.raw('ALTER TABLE app_factures CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci');
    await bear('FA-2026-00007', 'FA-2026-99a');
    expect(await allocate(withPatterns('FA-{yyyy}-{seq:5}'))).toEqual(['FA-2026-00008']);
  });

  it('takes % and _ of a pattern as they are, and reads the sequence before a suffix', async () => {
    await bear('A_%7/26', 'Axx99/26', 'A_%12/25');
    expect(await allocate(withPatterns('A_%{seq}/{yy}'))).toEqual(['A_%8/26']);
  });

  it('reads sequence and date where the host keeps the parts apart', async () => {
    const row = { clientid: 1, prefix: 'INV-', status: 1 };
    await database.knex('tblinvoices').insert([
      { ...row, number: 12, date: '2026-01-05' },
      { ...row, number: 99, date: '2025-12-31' },
      { ...row, number: null, date: '2026-02-01', status: 6 },
    ]);
    const series = { patterns: parts.map.series!.invoice!.patterns };
    expect(await allocate({ ...parts.map, series: { invoice: series } })).toEqual(['INV-2026/000013']);
    expect(await allocate(parts.map)).toEqual(['INV-2026/000013']);
    const setting = await database.knex('tbloptions').orderBy('id').select('value');
    expect(setting).toEqual([{ value: '14' }, { value: '77' }]);
  });

  it('says what to map when there is no pattern', async () => {
    await expect(allocate({ ...app.map, series: {} })).rejects.toMatchObject({
      code: 'IM_HOST_FAULT',
      vars: { where: 'series.invoice' },
    });
  });
});
