import * as cheerio from 'cheerio';
import request from 'supertest';
import type { MergingFixture } from '../support/merging-fixture';
import {
  eachPair,
  eachVersion,
  openHost,
  openInvoices,
  PLACES,
  someInvoices,
  type MountedHost,
  type Place,
} from './mounted';

let fixture: MergingFixture;
beforeAll(async () => {
  fixture = await openInvoices();
});
afterAll(() => fixture.close());

/** All addresses in a banner, and the base that its script calls. */
function addressesIn(html: string): { own: string[]; invoices: string[]; base: string } {
  const $ = cheerio.load(html);
  const banner = $('[data-im="banner"]');
  const base = (JSON.parse(banner.attr('data-im-config') ?? '{}') as { base: string }).base;
  const inside = banner.find('[href], [src], [action]').add('link[href*="assets"], script[src]');
  const all = inside.get().map((element) => $(element).attr('href') ?? $(element).attr('src') ?? '');
  return {
    base,
    own: all.filter((url) => !url.startsWith('/invoices/')),
    invoices: all.filter((url) => url.startsWith('/invoices/')),
  };
}

const ask = (host: MountedHost, path: string) => request(host.front).get(path);

describe.each(eachPair)('a host of %s where the plugin finds %s', (version, plugin) => {
  describe.each(Object.keys(PLACES) as Place[])('%s', (place) => {
    const { mountPath, publicPath = mountPath === '/' ? '' : mountPath, front } = PLACES[place];

    it('has every address under the public base, and each of them answers, before anything else was asked (P1, P2, P4)', async () => {
      const { target } = await someInvoices(fixture);
      const host = openHost(fixture, { host: version, plugin, place });
      for (const page of [`/invoices/${target}/edit`, `/invoices/new`]) {
        const { text } = await ask(host, `${front}${page}`).expect(200);
        const { base, own, invoices } = addressesIn(text);
        expect(base).toBe(publicPath);
        expect(invoices.length).toBe(page.endsWith('edit') ? 2 : 0);
        expect(own.length).toBeGreaterThanOrEqual(2);
        for (const url of own) {
          expect(url.startsWith(`${publicPath}/`)).toBe(true);
          await ask(host, url).expect(200);
        }
      }
      expect(host.warnings).toEqual([]);
    });

    it('lists candidates, gives lines, previews, merges on save and over the API', async () => {
      const { target, sources } = await someInvoices(fixture, 3);
      const [first = '', second = '', third = ''] = sources;
      const host = openHost(fixture, { host: version, plugin, place });
      const { customerId } = await fixture.load(target);
      const list = await ask(host, `${publicPath}/api/candidates?customerId=${customerId}&invoiceId=${target}`);
      expect(list.body).toMatchObject({ eligible: 3 });
      await ask(host, `${publicPath}/api/invoices/${first}/lines?targetId=${target}`).expect(200);
      const preview = await request(host.front)
        .post(`${publicPath}/api/merges/preview`)
        .set('Sec-Fetch-Site', 'same-origin')
        .send({ targetId: target, sourceIds: [first, second] });
      expect(preview.body).toMatchObject({ difference: '0.00', after: { payable: '360.00' } });

      const page = cheerio.load((await ask(host, `${front}/invoices/${target}/edit`)).text);
      const fields = page('input[form="invoice"][type="hidden"], input[form="invoice"][data-im-id]')
        .get()
        .map((field) => page(field))
        .filter((field) => ![third].includes(field.attr('data-im-id') ?? ''))
        .map((field): [string, string] => [field.attr('name') ?? '', field.attr('value') ?? '']);
      const saved = await request(host.front)
        .post(`${front}/invoices/${target}`)
        .type('form')
        .send(new URLSearchParams(fields).toString());
      expect(saved.body).toEqual({ saved: target, merged: 2 });

      const { version: age } = await fixture.load(third);
      const merged = await request(host.front)
        .post(`${publicPath}/api/merges`)
        .set('Sec-Fetch-Site', 'same-origin')
        .send({
          targetId: target,
          sources: [{ id: third, version: age }],
          settlement: { issued: 'cancel', draft: 'cancel' },
          key: `mounted-${third}`,
        });
      expect([merged.status, merged.body]).toEqual([201, { merge: expect.anything() as unknown }]);
      expect((await fixture.load(target)).total).toBe('480.00');
    });

    it('leaves to the host what is not ours, with its own 404 (P8)', async () => {
      const host = openHost(fixture, { host: version, plugin, place });
      for (const path of ['/assets/none/js/banner.js', '/nothing', '/api/nothing', '/assets/%2e%2e/x/y'])
        expect((await ask(host, `${publicPath}${path}`).expect(404)).text).toBe('host: not here');
    });
  });
});

describe.each(eachVersion)('a host of %s', (version) => {
  it.each(['X-Forwarded-Prefix', 'X-Forwarded-Path', 'X-Script-Name'])(
    'does not believe %s: anybody may send it (P3)',
    async (header) => {
      const { target } = await someInvoices(fixture);
      const host = openHost(fixture, { host: version, configure: (app) => app.set('trust proxy', true) });
      const { text } = await ask(host, `/invoices/${target}/edit`).set(header, '/evil').set('X-Forwarded-Host', 'evil');
      expect(addressesIn(text).base).toBe('/billing/merge');
      expect(text).not.toContain('evil');
    },
  );

  it('is warned once, with the code, when the router stands elsewhere than mountPath; it answers all the same (P3b)', async () => {
    const host = openHost(fixture, { host: version, mountAt: '/elsewhere' });
    for (let times = 0; times < 3; times += 1) await ask(host, '/elsewhere/api/merges/none').expect(404);
    expect(host.warnings).toEqual([
      {
        message: 'mounted elsewhere than the banner points at',
        code: 'IM_MOUNT_MISMATCH',
        mountedAt: '/elsewhere',
        mountPath: '/billing/merge',
        publicPath: '/billing/merge',
        mend: expect.any(String) as string,
      },
    ]);
  });

  it('is not warned of another case, of a slash, or of a path that publicPath names (P3b)', async () => {
    const plain = openHost(fixture, { host: version });
    await ask(plain, '/Billing/MERGE/api/merges/0').expect(404);
    for (const path of ['/billing/merge/', '/billing/merge']) await ask(plain, path).expect(200);
    const inside = openHost(fixture, {
      host: version,
      place: 'behind a proxy that strips a prefix',
      mountAt: '/crm/merge',
    });
    await request(inside.app).get('/crm/merge/api/merges/0').expect(404);
    expect([plain.warnings, inside.warnings]).toEqual([[], []]);
  });

  it('gets pages that depend neither on a slash at the end nor on <base> (P5, P6)', async () => {
    const { target } = await someInvoices(fixture);
    const host = openHost(fixture, { host: version });
    for (const page of [`/invoices/${target}/edit`, `/invoices/${target}/edit/`, `/invoices/new/`]) {
      const { text } = await ask(host, page).expect(200);
      expect(text).not.toContain('<base');
      const { own, invoices } = addressesIn(text);
      expect([...own, ...invoices].filter((url) => !url.startsWith('/'))).toEqual([]);
    }
    const [slash, none] = [await ask(host, '/billing/merge/'), await ask(host, '/billing/merge')];
    expect([slash.status, slash.type]).toEqual([none.status, none.type]);
  });
});
