import * as cheerio from 'cheerio';
import express from 'express';
import request from 'supertest';
import { createInvoiceMerge } from '../../plugin';
import type { Row } from '../../plugin/host/contract';
import { eachDatabase } from '../support/databases';
import { crmHost, install, statuslessHost, type TestHost } from '../support/hosts';
import { line, openMerging, type MergingFixture } from '../support/merging-fixture';
import { ADA } from './mounted';

describe.each(eachDatabase)('two instances in one application and one database, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  const other = statuslessHost();
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
    await install(fixture.knex, other);
  });
  afterAll(() => fixture.close());

  const instance = (crm: TestHost, mountPath: string) =>
    createInvoiceMerge<express.Request>({
      mountPath,
      knex: fixture.knex,
      host: crm.host,
      actor: () => ADA,
      authorize: () => true,
    });

  it('do not cross: addresses, tables and merges of each are its own (P7)', async () => {
    const app = express();
    const worlds = await Promise.all(
      [
        { crm: fixture.crm, path: '/first/merge', page: '/a', tables: /^(im_|app_)/ },
        { crm: other, path: '/second/merge', page: '/b', tables: /^(mrg_|bill|owner|job|receipt)/ },
      ].map(async (world) => {
        const customerId = await world.crm.createCustomer(fixture.knex, 'Both');
        const make = () =>
          world.crm.createInvoice(fixture.knex, { customerId, lines: [line('Work', '100', { taxes: [] })] });
        const [target, source] = [await make(), await make()];
        const merge = instance(world.crm, world.path);
        app.use(world.path, merge.router as unknown as express.RequestHandler);
        app.get(world.page, merge.banner({ page: 'edit', formId: 'f', invoiceId: () => target }), (_req, res) => {
          res.send((res.locals as { invoiceMerge: { banner: string } }).invoiceMerge.banner);
        });
        return { ...world, target, source };
      }),
    );
    for (const world of worlds) {
      const { path, page, target, source, crm } = world;
      const $ = cheerio.load((await request(app).get(page).expect(200)).text);
      const addresses = $('link[href], script[src]')
        .get()
        .map((one) => $(one).attr('href') ?? $(one).attr('src') ?? '');
      expect(addresses.filter((url) => !url.startsWith(`${path}/`))).toEqual([]);
      expect(JSON.parse($('#im-banner').attr('data-im-config') ?? '{}')).toMatchObject({ base: path });

      const before = await fixture.dump();
      const [loaded] = await crm.host.loadInvoices(fixture.knex, [source]);
      const merged = await request(app)
        .post(`${path}/api/merges`)
        .set('Sec-Fetch-Site', 'same-origin')
        .send({
          targetId: target,
          sources: [{ id: source, version: loaded?.version }],
          settlement: { issued: 'cancel', draft: 'cancel' },
          // The same in both: a key is one instance's own.
          key: 'one-key-for-both',
        });
      expect(merged.status).toBe(201);
      const after = await fixture.dump();
      const changed = Object.keys(after).filter(
        (table) => JSON.stringify(after[table]) !== JSON.stringify(before[table] as Row[]),
      );
      expect(changed.length).toBeGreaterThan(3);
      expect(changed.filter((table) => !world.tables.test(table))).toEqual([]);
    }
  });
});
