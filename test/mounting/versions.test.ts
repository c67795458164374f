import type express from 'express';
import request from 'supertest';
import type { MergingFixture } from '../support/merging-fixture';
import { eachPair, openHost, openInvoices, someInvoices, type HostOptions, type MountedHost } from './mounted';

let fixture: MergingFixture;
beforeAll(async () => {
  fixture = await openInvoices();
});
afterAll(() => fixture.close());

const BASE = '/billing/merge';

describe.each(eachPair)('a host of %s where the plugin finds %s', (version, plugin) => {
  const open = (how: HostOptions = {}): MountedHost => openHost(fixture, { host: version, plugin, ...how });

  it('has a Router of the plugin’s Express with all its routes (E1, E2)', () => {
    const router = open().merge.router as unknown as { process_params?: unknown; stack: unknown[] };
    expect(typeof router.process_params).toBe(plugin === 'express-v4' ? 'function' : 'undefined');
    expect(router.stack.length).toBeGreaterThan(2);
  });

  it('gets in its error handler what a handler of ours rejected with, and no request hangs (E3, E4)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const { customerId } = await fixture.load(target);
    const down = (): never => {
      throw new Error('the period service is down');
    };
    const host = open({ options: { hooks: { lockedUntil: down } } });
    for (const path of [
      `/banner?page=edit&invoiceId=${target}`,
      `/api/candidates?customerId=${customerId}`,
      `/api/invoices/${sources[0]}/lines`,
    ]) {
      const reply = await request(host.front).get(`${BASE}${path}`);
      expect([reply.status, reply.text]).toEqual([500, 'host: Error: the period service is down']);
    }
    const posted = await request(host.front)
      .post(`${BASE}/api/merges/preview`)
      .set('Sec-Fetch-Site', 'same-origin')
      .send({ targetId: target, sourceIds: sources });
    expect([posted.status, posted.text]).toEqual([500, 'host: Error: the period service is down']);
  });

  it('gets an error of ours once where it has answered already (E4)', async () => {
    const answering = (req: express.Request): null => {
      req.res?.send('answered by the host');
      return null;
    };
    const host = open({ options: { actor: answering } });
    const reply = await request(host.front).get(`${BASE}/api/candidates?customerId=1`);
    expect(reply.text).toBe('answered by the host');
    expect(host.late).toEqual([expect.objectContaining({ code: 'IM_UNAUTHENTICATED' })]);
  });

  it('has errors as JSON or as a page by what is accepted, each with code and words (E5)', async () => {
    const host = open();
    const ask = (accept: string, path = '/banner?page=none') =>
      request(host.front).get(`${BASE}${path}`).set('Accept', accept);
    const json = await ask('application/json');
    expect([json.status, json.body]).toEqual([
      400,
      { error: { code: 'IM_PAYLOAD_INVALID', message: expect.any(String) as string, vars: { field: 'page' } } },
    ]);
    const page = await ask('text/html,application/xhtml+xml,*/*;q=0.8');
    expect([page.status, page.type]).toEqual([400, 'text/html']);
    expect(page.text).toContain('IM_PAYLOAD_INVALID');
    const api = await ask('text/html', '/api/candidates');
    expect([api.status, api.type]).toEqual([400, 'application/json']);
  });

  it('finds url, query, body and locals of a request as they were when it is not ours (E6)', async () => {
    const parts = (req: express.Request, res: express.Response): unknown =>
      structuredClone({
        ...{
          url: req.url,
          originalUrl: req.originalUrl,
          baseUrl: req.baseUrl,
          path: req.path,
          params: { ...req.params },
        },
        ...{ query: { ...req.query }, body: req.body as unknown, locals: { ...res.locals } },
      });
    const seen: unknown[] = [];
    const look: express.RequestHandler = (req, res, next) => {
      seen.push(parts(req, res));
      next();
    };
    const host = open({ before: (web) => [web.json(), look], parsers: () => [look] });
    await request(host.front)
      .post(`${BASE}/not-ours/x?a=1&b[c]=2`)
      .send({ some: ['body'] })
      .expect(404);
    expect(seen.length).toBe(2);
    expect(seen[1]).toEqual(seen[0]);
  });
});
