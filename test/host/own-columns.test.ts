import { customerName, markMerged, tagLines, visibleIds } from '../../plugin/host/own-columns';
import { remindable, reportable } from '../../plugin/host/reports';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install, statuslessHost } from '../support/hosts';

describe.each(eachDatabase)('own columns on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  const app = crmHost();
  const other = statuslessHost();
  beforeAll(async () => {
    database = await createDatabase();
    await install(database.knex, app);
    await install(database.knex, other);
  });
  afterAll(() => database.close());

  it('keeps cancelled and merged invoices out of reports and reminders, and credited ones in reports only', async () => {
    const { knex } = database;
    const customerId = await app.createCustomer(knex, 'Durand');
    const make = (status: 'draft' | 'unpaid' | 'overdue' | 'paid' | 'cancelled'): Promise<string> =>
      app.createInvoice(knex, { customerId, status, lines: [] });
    const ids = {
      draft: await make('draft'),
      unpaid: await make('unpaid'),
      overdue: await make('overdue'),
      paid: await make('paid'),
      cancelled: await make('cancelled'),
      credited: await make('unpaid'),
      merged: await make('unpaid'),
      silent: await make('overdue'),
    };
    await knex('app_factures').where({ id: ids.credited }).update({ statut: 'avoir' });
    await knex('app_factures').where({ id: ids.silent }).update({ im_reminders_off: 1 });
    const at = '2026-11-21T10:00:00.000Z';
    await knex.transaction((trx) => markMerged(trx, app.map, [ids.merged], ids.unpaid, at));
    expect(await knex('app_factures').where({ id: ids.merged }).first()).toMatchObject({
      im_merged_into_id: Number(ids.unpaid),
      im_merged_at: at,
      im_reminders_off: 1,
    });
    const report = knex({ f: 'app_factures' }).select('f.id').orderBy('f.id');
    reportable(report, app.map, 'f');
    expect((await report).map(({ id }: { id: number }) => String(id))).toEqual([
      ids.unpaid,
      ids.overdue,
      ids.paid,
      ids.credited,
      ids.merged,
      ids.silent,
    ]);
    const reminders = knex({ f: 'app_factures' }).select('f.id').whereNot('f.statut', 'payee').orderBy('f.id');
    remindable(reminders, app.map, 'f');
    expect((await reminders).map(({ id }: { id: number }) => String(id))).toEqual([ids.draft, ids.unpaid, ids.overdue]);
    expect(
      await visibleIds(
        knex,
        app.map,
        [ids.draft, ids.paid, '999999'],
        (q, alias) => void q.whereNot(`${alias}.id`, ids.paid),
      ),
    ).toEqual(new Set([ids.draft]));
    expect(await customerName(knex, app.map, customerId)).toBe('Durand');
    expect(await customerName(knex, app.map, '999999')).toBeNull();
  });

  it('asks a host without a status column in its own words', async () => {
    const { knex } = database;
    const customerId = await other.createCustomer(knex, 'A');
    const ids: string[] = [];
    for (const status of ['draft', 'unpaid', 'paid', 'cancelled'] as const)
      ids.push(await other.createInvoice(knex, { customerId, status, lines: [] }));
    const report = knex({ b: 'bills' }).select('b.bill_id').orderBy('b.bill_id');
    reportable(report, other.map, 'b');
    expect((await report).map((row: { bill_id: number }) => String(row.bill_id))).toEqual([ids[1], ids[2]]);
  });

  it('tags lines that the host stored itself, and untags them', async () => {
    const { knex } = database;
    const line = { description: 'x', quantity: '1', unitPrice: '1' };
    const id = await app.createInvoice(knex, { customerId: '1', lines: [line, line] });
    const tags = async (): Promise<unknown> =>
      (await app.host.loadInvoices(knex, [id]))[0]!.lines.map((one) => [one.sourceInvoiceId, one.sourceLineId]);
    const [first, second] = (await app.host.loadInvoices(knex, [id]))[0]!.lines.map((one) => one.id);
    await knex.transaction((trx) =>
      tagLines(trx, app.map, [
        { lineId: first!, sourceInvoiceId: '7', sourceLineId: '70' },
        { lineId: second!, sourceInvoiceId: '8', sourceLineId: null },
      ]),
    );
    expect(await tags()).toEqual([
      ['7', '70'],
      ['8', null],
    ]);
    await knex.transaction((trx) =>
      tagLines(trx, app.map, [{ lineId: first!, sourceInvoiceId: null, sourceLineId: null }]),
    );
    expect(await tags()).toEqual([
      [null, null],
      ['8', null],
    ]);
  });
});
