import express from 'express';
import request from 'supertest';
import { createInvoiceMerge } from '../../plugin/create-plugin';
import { asNotMigrated } from '../../plugin/host/not-migrated';
import { eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';
import { line, refusal } from '../support/merging-fixture';

const ACTOR = { id: '1', name: 'Nadia' };

describe.each(eachDatabase)('a host that forgot migrate(), on %s', (_name, createDatabase) => {
  let database: TestDatabase;
  const crm = crmHost();
  const logged: Record<string, unknown>[] = [];
  const note = (message: string, fields?: Record<string, unknown>): unknown => logged.push({ message, ...fields });
  const make = () =>
    createInvoiceMerge<express.Request>({
      mountPath: '/invoice-merge',
      knex: database.knex,
      host: crm.host,
      actor: () => ACTOR,
      authorize: () => true,
      logger: { debug: note, info: note, warn: note, error: note },
    });
  let invoice: string;
  beforeAll(async () => {
    database = await createDatabase();
    await crm.createSchema(database.knex);
    const customerId = await crm.createCustomer(database.knex, 'Customer');
    invoice = await crm.createInvoice(database.knex, { customerId, lines: [line('Work', '100')] });
  });
  afterAll(() => database.close());

  it('hears from each call what to do instead of what the driver says', async () => {
    const merge = make();
    const { knex } = database;
    const input = { page: 'edit' as const, invoiceId: invoice, actor: ACTOR };
    const save = (form: object) =>
      merge.transaction((trx) => merge.applyMerge(trx, { ...input, form }, () => Promise.resolve(invoice)));
    const attempts = [
      () => save({}),
      () => save({ invoiceMergeKey: 'a-key-of-a-form' }),
      () => save({ invoiceMergeSource: ['77'] }),
      () => merge.transaction((trx) => merge.guard(trx, invoice, 'pay')),
      () => merge.successorOf(knex, invoice),
      () => merge.paymentTarget(knex, invoice),
    ];
    for (const attempt of attempts)
      expect(await refusal(attempt())).toMatchObject({ code: 'IM_NOT_MIGRATED', status: 500 });
    await expect(attempts[0]!()).rejects.toThrow('run `await merge.migrate()` before the host listens');
  });

  it('shows its page without the banner, and its log says why', async () => {
    const merge = make();
    const app = express();
    app.get(
      '/',
      merge.banner({ page: 'edit', invoiceId: () => invoice }) as unknown as express.RequestHandler,
      (_req, res) => {
        res.send(`page ${(res.locals.invoiceMerge as { banner: string }).banner}`);
      },
    );
    logged.length = 0;
    expect((await request(app).get('/').expect(200)).text).toBe('page ');
    expect(logged).toMatchObject([{ message: 'banner failed', error: { code: 'IM_NOT_MIGRATED' } }]);
  });

  it('reads it on the module page, with all that is missing; the API answers the code', async () => {
    const app = express();
    app.use('/invoice-merge', make().router as unknown as express.RequestHandler);
    const { text } = await request(app).get('/invoice-merge').set('Accept', 'text/html').expect(200);
    expect(text).toContain('À installer');
    expect(text).toContain('im_settings');
    expect(text).toContain('app_factures.im_version');
    expect(text).not.toContain('<form');
    const reply = await request(app).get('/invoice-merge/api/settings').expect(500);
    expect(reply.body).toMatchObject({ error: { code: 'IM_NOT_MIGRATED', vars: {} } });
  });
});

it('other faults of the database stay what they are', () => {
  for (const message of [
    'select * from `crm_x` - no such table: crm_x',
    "select 1 - Table 'crm.invoices' doesn't exist",
    "Unknown column 'i.im' in 'field list'",
    'select `im_x` from `t` - connection lost',
  ]) {
    const error = new Error(message);
    expect(asNotMigrated(error, 'im_')).toBe(error);
  }
  expect(asNotMigrated('no such table: im_settings', 'im_')).toBe('no such table: im_settings');
});
