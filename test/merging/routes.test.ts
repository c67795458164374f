import { json } from 'express';
import request from 'supertest';
import { PluginError } from '../../plugin/errors';
import { candidate } from '../web/fake-merging';
import { createMergingApp } from '../web/merging-app';
import type { MergingApp } from '../web/merging-app';

const V = 'v'.repeat(22);
const merge = {
  targetId: '42',
  sources: [{ id: '31', version: V }],
  settlement: { issued: 'cancel', draft: 'cancel' },
  key: 'key-00000001',
};

describe('merging’s routes', () => {
  let setup: MergingApp;
  beforeEach(() => {
    setup = createMergingApp();
  });
  const get = (path: string) => request(setup.app).get(`/crm/merge${path}`);
  const post = (path: string, body: object) =>
    request(setup.app).post(`/crm/merge${path}`).set('Sec-Fetch-Site', 'same-origin').send(body);
  const error = (code: string): object => ({ error: expect.objectContaining({ code }) as object });

  it('lists candidates by pages of twenty, with how many may merge, and versions', async () => {
    const many = Array.from({ length: 60 }, (_none, index) =>
      candidate({ id: String(index), eligible: index % 2 === 0 }),
    );
    setup.fake.list = { ...setup.fake.list, candidates: many };
    const reply = await get('/api/candidates?customerId=3&invoiceId=&q=&page=3').expect(200);
    expect(reply.body).toMatchObject({ page: 3, pages: 3, total: 60, eligible: 30 });
    const { candidates } = reply.body as { candidates: { id: string; version: string }[] };
    expect(candidates.map(({ id }) => id)).toEqual(many.slice(40).map(({ id }) => id));
    expect(candidates[0]).toMatchObject({ version: V });
    const beyond = await get('/api/candidates?customerId=3&page=4').expect(200);
    expect(beyond.body).toMatchObject({ candidates: [], page: 4, pages: 3 });
    expect(reply.headers['cache-control']).toBe('no-store');
  });

  it('gives a source’s lines, and 404 with words for one out of sight', async () => {
    const reply = await get('/api/invoices/31/lines?targetId=42').expect(200);
    expect(reply.body).toMatchObject({ source: { id: '31', version: V }, lines: [{ key: '31-1' }, { key: '31-d' }] });
    const missing = await get('/api/invoices/999/lines').expect(404);
    expect(missing.body).toEqual({
      error: {
        code: 'IM_NOT_FOUND',
        message: 'Cette facture n’existe pas ou plus, ou vous n’y avez pas accès. Revenez à la liste des factures.',
        vars: { invoiceId: '999' },
      },
    });
  });

  it('previews a merge', async () => {
    const reply = await post('/api/merges/preview', { targetId: '42', sourceIds: ['31', '38'] }).expect(200);
    expect(reply.body).toMatchObject({ difference: '0.00', after: { taxInclusive: '1107.39' } });
  });

  it('answers 201 to a merge and 200 to the same key again', async () => {
    const first = await post('/api/merges', merge).expect(201);
    const second = await post('/api/merges', merge).expect(200);
    expect(second.body).toEqual(first.body);
    expect(first.body).toMatchObject({ merge: { id: '12', targetId: '42' } });
  });

  it('gives a merge by its id', async () => {
    expect((await get('/api/merges/12').expect(200)).body).toMatchObject({ merge: { id: '12' } });
  });

  it('gives the banner again for another customer', async () => {
    const reply = await get('/banner?page=create&customerId=3&formId=invoice').expect(200);
    expect(reply.type).toBe('text/html');
    expect(reply.text).toContain('form="invoice"');
  });

  it.each([
    ['no key', { ...merge, key: undefined }, 'key'],
    ['no sources', { ...merge, sources: [] }, 'sources'],
    ['a number as id', { ...merge, targetId: 42 }, 'targetId'],
    ['an object as id', { ...merge, targetId: { $ne: '' } }, 'targetId'],
    ['a list as body', [merge], 'body'],
    ['an unknown settlement', { ...merge, settlement: { issued: 'shred', draft: 'cancel' } }, 'settlement.issued'],
  ])('B9 refuses %s with 400 and writes nothing', async (_name, body, field) => {
    const reply = await post('/api/merges', body).expect(400);
    expect(reply.body).toMatchObject({ error: { code: 'IM_PAYLOAD_INVALID', vars: { field } } });
    expect(setup.fake.calls).not.toContain('merge');
  });

  it('B7 answers the same 400 with and without a parser of the host', async () => {
    const parsed = createMergingApp({ parsed: json() });
    for (const { app } of [setup, parsed]) {
      const reply = await request(app).post('/crm/merge/api/merges').set('Sec-Fetch-Site', 'same-origin').expect(400);
      expect(reply.body).toMatchObject(error('IM_PAYLOAD_INVALID'));
    }
    await request(parsed.app)
      .post('/crm/merge/api/merges')
      .set('Sec-Fetch-Site', 'same-origin')
      .send(merge)
      .expect(201);
  });

  it('B6 says that a body eaten by somebody else cannot be read', async () => {
    const eaten = createMergingApp({ parsed: (req, _res, next) => void req.resume().on('end', () => next()) });
    const reply = await request(eaten.app)
      .post('/crm/merge/api/merges')
      .set('Sec-Fetch-Site', 'same-origin')
      .send(merge);
    expect([reply.status, reply.body]).toEqual([400, error('IM_BODY_UNREADABLE')]);
  });

  it('refuses a broken body with 400 and a huge one with 413', async () => {
    const broken = await post('/api/merges', {}).set('Content-Type', 'application/json').send('{"a":');
    expect([broken.status, broken.body]).toEqual([400, error('IM_PAYLOAD_INVALID')]);
    const huge = await post('/api/merges', { ...merge, note: 'x'.repeat(1_100_000) });
    expect([huge.status, huge.body]).toEqual([413, error('IM_PAYLOAD_INVALID')]);
  });

  it('C6 refuses a write from another site, or from nowhere, and takes one from the host’s own pages', async () => {
    const send = (headers: Record<string, string>) =>
      request(setup.app)
        .post('/crm/merge/api/merges')
        .set({ Host: 'crm.test', ...headers })
        .send(merge);
    const refused = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'https://evil.test' },
      { Origin: 'null' },
      {},
    ];
    for (const headers of refused) {
      expect((await send(headers as Record<string, string>).expect(403)).body).toMatchObject(error('IM_CROSS_SITE'));
    }
    expect(setup.fake.calls).not.toContain('merge');
    await send({ Origin: 'http://crm.test' }).expect(201);
  });

  it('C5 leaves the check to the host that has one', async () => {
    const csrf = { token: () => 'tok', fieldName: '_csrf', headerName: 'x-csrf-token' };
    const { app } = createMergingApp({ csrf });
    await request(app).post('/crm/merge/api/merges').send(merge).expect(201);
    const page = await request(app).get('/invoices/42/edit');
    expect(page.text).toContain('x-csrf-token');
  });

  it('answers 401 to an anonymous caller, and 403 to who may not merge', async () => {
    setup.host.actor = null;
    expect((await get('/api/candidates?customerId=3').expect(401)).body).toMatchObject(error('IM_UNAUTHENTICATED'));
    expect(setup.fake.calls).toEqual([]);
    setup = createMergingApp();
    setup.host.mayAct = false;
    expect((await post('/api/merges', merge).expect(403)).body).toMatchObject(error('IM_FORBIDDEN'));
    expect(setup.fake.calls).not.toContain('merge');
  });

  it('hides the variables of a fault of ours, and passes the host’s errors on', async () => {
    setup.fake.fail.merge = new PluginError('IM_HOST_FAULT', 500, { secret: 'table crm_x' });
    const reply = await post('/api/merges', merge).expect(500);
    expect(reply.body).toMatchObject({ error: { code: 'IM_HOST_FAULT', vars: {} } });
    expect(reply.text).not.toContain('crm_x');
    expect(setup.logged).toEqual(['request failed']);
    setup.fake.fail.merge = new Error('connection lost');
    expect((await post('/api/merges', merge).expect(500)).text).toBe('host: Error: connection lost');
  });

  it('speaks the person’s language', async () => {
    setup.host.locale = 'en';
    const reply = await get('/api/candidates').expect(400);
    expect(reply.body).toMatchObject({ error: { message: expect.stringContaining('(field customerId)') as string } });
  });
});
