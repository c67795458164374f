import express from 'express';
import expressV4 from 'express-v4';
import request from 'supertest';
import { createAssets } from '../../plugin/web/assets';
import { createMergingApp } from './merging-app';

describe('P8 assets', () => {
  const assets = createAssets('/crm/merge');
  const app = express().use('/crm/merge', assets.router);
  app.use((_req, res) => {
    res.status(404).send('the host’s own 404');
  });

  it('are kept for ever under a URL that changes with their content', async () => {
    const url = assets.url('js/banner.js');
    expect(url).toMatch(/^\/crm\/merge\/assets\/[\w-]{12}\/js\/banner\.js$/);
    const reply = await request(app).get(url).expect(200);
    expect(reply.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(reply.headers['content-type']).toMatch(/javascript/);
  });

  it('fall through to the host’s 404 when unknown, outdated or outside', async () => {
    const good = assets.url('js/banner.js');
    for (const url of [
      good.replace('banner.js', 'none.js'),
      good.replace(/assets\/[\w-]+/, 'assets/000000000000'),
      good.replace('js/banner.js', 'js/..%2F..%2Fpackage.json'),
      '/crm/merge/assets/',
    ]) {
      expect((await request(app).get(url).expect(404)).text).toBe('the host’s own 404');
    }
  });

  it('name an asset that does not exist at once', () => {
    expect(() => assets.url('js/none.js')).toThrow('no asset js/none.js');
  });

  it('E2 and the rest of the routes work in an Express 4 host', async () => {
    const { app: plugin } = createMergingApp();
    const host = expressV4();
    host.use(plugin);
    await request(host).get('/crm/merge/api/merges/12').expect(200);
    await request(host).get('/crm/merge/api/invoices/999/lines').expect(404);
  });
});
