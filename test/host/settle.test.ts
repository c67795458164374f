import { eachDatabase, type TestDatabase } from '../support/databases';
import { migrate } from '../../migrations';
import { crmHost } from '../support/hosts';
import { contentOf } from '../support/hosts/statements';

const TABLES = ['app_factures', 'app_lignes', 'app_remises', 'app_remises_lignes', 'app_journal', 'app_pieces'];

describe.each(eachDatabase)('settling on %s', (name, createDatabase) => {
  let database: TestDatabase;
  const app = crmHost();
  let ids: string[];

  beforeAll(async () => {
    database = await createDatabase();
    const { knex } = database;
    await app.createSchema(knex);
    // Types that drivers like to change on the way.
    for (const type of name === 'sqlite'
      ? ['odd_real REAL', 'odd_any', 'odd_big INTEGER', 'odd_made INTEGER GENERATED ALWAYS AS (facture_id * 2) VIRTUAL']
      : [
          'odd_float FLOAT',
          'odd_double DOUBLE',
          'odd_bit BIT(9)',
          'odd_time TIME(3)',
          'odd_stamp TIMESTAMP(6) NULL',
          'odd_json JSON',
          'odd_big BIGINT UNSIGNED',
          'odd_decimal DECIMAL(38,18)',
          'odd_bytes VARBINARY(20)',
          "odd_set SET('a','b')",
          'odd_made INT AS (facture_id * 2) VIRTUAL',
          'odd_kept INT AS (facture_id * 3) STORED',
        ])
      await knex.raw(`ALTER TABLE app_journal ADD COLUMN ${type}`);
    await migrate(knex, app.map);
    const customer = await app.createCustomer(knex, 'A');
    ids = [];
    for (const number of ['FA-2026-00001', 'FA-2026-00002', 'FA-2026-00003'])
      ids.push(
        await app.createInvoice(knex, {
          customerId: customer,
          number,
          note: number === 'FA-2026-00002' ? 'déjà là' : null,
          allowancesCharges: [{ kind: 'charge', amount: '5', reason: 'Port' }],
          lines: [
            {
              description: 'L\'été 😀 "x" \\ ?',
              quantity: '0.000001',
              unitPrice: '0.00101',
              allowancesCharges: [{ kind: 'allowance', amount: '1' }],
            },
            { description: 'B', quantity: '1', unitPrice: '99.99', taxes: [{ category: 'S', name: '', rate: '20' }] },
          ],
        }),
      );
    for (const id of ids) await app.addLink(knex, 'attachments', id);
    await knex('app_factures').update({
      signature: Buffer.from([0, 255, 39, 92, 10]),
      taux_interne: 0.1 + 0.2,
      envoyee_le: '2026-03-29 02:30:00',
    });
    await knex('app_journal').update(
      name === 'sqlite'
        ? { odd_real: 5, odd_any: Buffer.from([1, 0, 2]), odd_big: '9007199254740993' }
        : {
            odd_float: 1234567.5,
            odd_double: 1.7976931348623157e308,
            odd_bit: Buffer.from([1, 255]),
            odd_time: '-12:34:56.789',
            odd_stamp: '2026-07-01 10:00:00.123456',
            odd_json: '{"a": "é", "n": 1.10}',
            odd_big: '18446744073709551615',
            odd_decimal: '12345678901234567890.123456789012345678',
            odd_bytes: Buffer.from([0, 128, 255, 0]),
            odd_set: 'a,b',
          },
    );
  });
  afterAll(() => database.close());

  /** What JavaScript's numbers would hide. */
  async function big(): Promise<string[]> {
    const rows = (await database
      .knex('app_journal')
      .select(
        database.knex.raw(
          name === 'sqlite' ? 'CAST(odd_big AS TEXT) AS big' : "CONCAT(odd_big, ' ', odd_float + 0e0) AS big",
        ),
      )
      .orderBy('id')) as { big: string }[];
    return rows.map((row) => row.big);
  }

  it('brings deleted invoices back byte for byte, with everything that hung on them, from snapshots stored as JSON', async () => {
    const { knex } = database;
    const before: Record<string, string[]> = { ...(await contentOf(knex, TABLES)), big: await big() };
    const snapshots = await knex.transaction((trx) => app.host.deleteInvoices(trx, ids.slice(0, 2)));
    expect(snapshots.map((one) => one.invoiceId)).toEqual(ids.slice(0, 2));
    for (const table of TABLES) expect([table, (await knex(table)).length]).toEqual([table, before[table]!.length / 3]);
    const stored = JSON.parse(JSON.stringify(snapshots)) as typeof snapshots;
    await knex.transaction((trx) => app.host.restoreInvoices(trx, stored));
    expect({ ...(await contentOf(knex, TABLES)), big: await big() }).toEqual(before);
    await knex.transaction((trx) => app.host.restoreInvoices(trx, stored));
    expect({ ...(await contentOf(knex, TABLES)), big: await big() }).toEqual(before);
  });

  it('cancels with the note on a line of its own and no reminders, and puts the rows back byte for byte', async () => {
    const { knex } = database;
    const before = await contentOf(knex, TABLES);
    const snapshots = await knex.transaction((trx) => app.host.cancelInvoices(trx, ids.slice(0, 2), 'Fusionnée'));
    expect(await knex('app_factures').select('numero', 'statut', 'note', 'im_reminders_off').orderBy('id')).toEqual([
      { numero: 'FA-2026-00001', statut: 'annulee', note: 'Fusionnée', im_reminders_off: 1 },
      { numero: 'FA-2026-00002', statut: 'annulee', note: 'déjà là\nFusionnée', im_reminders_off: 1 },
      { numero: 'FA-2026-00003', statut: 'a_payer', note: null, im_reminders_off: null },
    ]);
    const stored = JSON.parse(JSON.stringify(snapshots)) as typeof snapshots;
    await knex.transaction((trx) => app.host.restoreInvoices(trx, stored));
    expect(await contentOf(knex, TABLES)).toEqual(before);
  });
});
