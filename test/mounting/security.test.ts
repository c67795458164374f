import { randomBytes } from 'node:crypto';
import type express from 'express';
import helmet from 'helmet';
import request from 'supertest';
import { launch, type TestBrowser } from '../support/browser';
import { hiding, type MergingFixture } from '../support/merging-fixture';
import {
  eachVersion,
  listen,
  openHost,
  openInvoices,
  plainPage,
  someInvoices,
  type HostOptions,
  type MountedHost,
} from './mounted';

let fixture: MergingFixture;
let browser: TestBrowser;
beforeAll(async () => {
  [fixture, browser] = await Promise.all([openInvoices(), launch()]);
});
afterAll(async () => {
  await browser.close();
  await fixture.close();
});

const BASE = '/billing/merge';
const settlement = { issued: 'cancel', draft: 'cancel' };

async function mergeBody(target: string, sources: string[]): Promise<Record<string, unknown>> {
  const invoices = await Promise.all(sources.map((id) => fixture.load(id)));
  return {
    targetId: target,
    sources: invoices.map(({ id, version }) => ({ id, version })),
    settlement,
    key: `security-${target}-${sources.join('-')}`,
  };
}

/** Ticks both invoices in Chromium and saves. @returns what the browser's policy refused, and what was saved */
async function useBanner(host: MountedHost, target: string): Promise<{ violations: string[]; saved: unknown }> {
  const server = await listen(host.front);
  const page = await browser.openPage();
  try {
    await page.addInitScript(() => {
      const list: string[] = ((window as unknown as { refused: string[] }).refused = []);
      document.addEventListener('securitypolicyviolation', (event) =>
        list.push(`${event.effectiveDirective} ${event.blockedURI}`),
      );
    });
    await page.goto(`${server.url}/invoices/${target}/edit`);
    for (const box of await page.locator('.im-pick .im-number').all()) await box.click();
    await page.locator('[data-im="summary"] table').waitFor();
    const violations = await page.evaluate(() => (window as unknown as { refused: string[] }).refused);
    await Promise.all([page.waitForEvent('load'), page.locator('form button').click()]);
    const saved: unknown = JSON.parse(await page.locator('body').innerText());
    return { violations: [...violations, ...browser.complaints.splice(0)], saved };
  } finally {
    await page.context().close();
    await server.close();
  }
}

/** A host's own check, as csrf-csrf and others do it: a token of the session, in a form's field or in a header. */
function csrfCheck(token: string): express.RequestHandler {
  return (req, res, next) => {
    if (['GET', 'HEAD'].includes(req.method)) return next();
    const body = req.body as { _csrf?: string } | undefined;
    if (req.get('x-csrf-token') === token || body?._csrf === token) return next();
    res.status(403).send('host: no token');
  };
}

describe.each(eachVersion)('a host of %s', (version) => {
  const open = (how: HostOptions = {}): MountedHost => openHost(fixture, { host: version, ...how });

  it('under helmet’s defaults has nothing of ours refused by the browser, ticks, totals and save included (C1, C3)', async () => {
    const { target } = await someInvoices(fixture);
    // Without TLS the browser would be sent to a port that nobody listens on.
    const policy = helmet({ contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } } });
    const host = open({ before: () => [policy] });
    expect(await useBanner(host, target)).toEqual({ violations: [], saved: { saved: target, merged: 2 } });
  });

  it('that trusts nonces only gives ours one, on each tag, and the browser runs them (C2)', async () => {
    const { target } = await someInvoices(fixture);
    const nonces = new WeakMap<object, string>();
    const policy: express.RequestHandler = (req, res, next) => {
      const nonce = randomBytes(12).toString('base64url');
      nonces.set(req, nonce);
      const sources = `script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'`;
      res.set('Content-Security-Policy', `default-src 'none'; connect-src 'self'; img-src 'self'; ${sources}`);
      next();
    };
    const host = open({ before: () => [policy], options: { nonce: (req) => nonces.get(req) } });
    expect(await useBanner(host, target)).toEqual({ violations: [], saved: { saved: target, merged: 2 } });
    const { text } = await request(open().front).get(`/invoices/${target}`).expect(200);
    expect(text).not.toContain('nonce');
  });

  it('with a CSRF check of its own: our calls and its form carry the token, and without it the host’s 403 comes (C5)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const token = 'tok-"<&';
    const how: HostOptions = {
      options: { csrf: { token: () => token, fieldName: '_csrf', headerName: 'X-CSRF-Token' } },
      before: (web) => [web.urlencoded({ extended: true }), csrfCheck(token)],
      page: (req, res) => {
        const { send } = res;
        res.send = ((html: string) =>
          send.call(
            res,
            html.replace('<button>', `<input type="hidden" name="_csrf" value="tok-&quot;&lt;&amp;"><button>`),
          )) as typeof res.send;
        plainPage(req, res);
      },
    };
    const host = open(how);
    const refused = await request(host.front)
      .post(`${BASE}/api/merges`)
      .set('Sec-Fetch-Site', 'same-origin')
      .send(await mergeBody(target, sources));
    expect([refused.status, refused.text]).toEqual([403, 'host: no token']);
    const taken = await request(host.front)
      .post(`${BASE}/api/merges/preview`)
      .set('X-CSRF-Token', token)
      .send({ targetId: target, sourceIds: sources });
    expect(taken.status).toBe(200);
    expect(await useBanner(host, target)).toEqual({ violations: [], saved: { saved: target, merged: 2 } });
  });

  it('without one has writes from elsewhere refused, also a form that another site posts (C6)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const body = await mergeBody(target, sources);
    const before = await fixture.dump();
    const { front } = open();
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.test' },
      { Origin: 'https://evil.test' },
      { 'Sec-Fetch-Site': 'none' },
      {},
    ]) {
      const sent = request(front)
        .post(`${BASE}/api/merges`)
        .set(headers as Record<string, string>);
      expect((await sent.send(body)).body).toMatchObject({ error: { code: 'IM_CROSS_SITE' } });
    }
    expect(await fixture.dump()).toEqual(before);
  });

  it('has nothing written by a GET, whichever page or address it asks (C7)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const [source] = sources;
    const host = open();
    const before = await fixture.dump();
    for (const path of [
      `/invoices/${target}/edit`,
      `/invoices/${target}`,
      `/invoices/new?customerId=1&invoiceMergeAll=1`,
      `${BASE}/banner?page=edit&invoiceId=${target}`,
      `${BASE}/api/candidates?customerId=1`,
      `${BASE}/api/invoices/${source}/lines?targetId=${target}`,
      `${BASE}/api/merges/1`,
      `${BASE}/api/merges?targetId=${target}`,
      `${BASE}/`,
    ])
      for (const method of ['get', 'head'] as const) await request(host.front)[method](path);
    expect(await fixture.dump()).toEqual(before);
  });

  it.each<[string, () => boolean | Promise<boolean>, number, string]>([
    ['says no', () => false, 403, 'IM_FORBIDDEN'],
    ['promises no', () => Promise.resolve(false), 403, 'IM_FORBIDDEN'],
    [
      'throws',
      () => {
        throw new Error('directory is down');
      },
      500,
      'host: Error: directory is down',
    ],
    ['rejects', () => Promise.reject(new Error('directory is down')), 500, 'host: Error: directory is down'],
  ])('whose authorize %s lets nobody through (C9)', async (_how, authorize, status, words) => {
    const { target, sources } = await someInvoices(fixture);
    const body = await mergeBody(target, sources);
    const host = open({ options: { authorize } });
    const before = await fixture.dump();
    const asked = [
      request(host.front).get(`${BASE}/api/candidates?customerId=1`),
      request(host.front).get(`${BASE}/api/invoices/${sources[0]}/lines`),
      request(host.front).post(`${BASE}/api/merges`).set('Sec-Fetch-Site', 'same-origin').send(body),
      request(host.front)
        .post(`/invoices/${target}`)
        .type('form')
        .send(`invoiceMergeSource=${sources[0]}&invoiceMergeKey=authorize-${target}`),
    ];
    for (const [index, one] of asked.entries()) {
      const reply = await one;
      expect([index, reply.status]).toEqual([index, status]);
      if (index < 3) expect(reply.text).toContain(words);
    }
    expect(await fixture.dump()).toEqual(before);
  });

  it('whose scope hides an invoice has 404 for it everywhere, and the same one for an id that never was (C10)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const [hidden = '', seen = ''] = sources;
    const hiddenBody = await mergeBody(target, [hidden]);
    const host = open({ options: { scope: hiding(fixture.crm, [hidden]) } });
    const send = (path: string, body: object) =>
      request(host.front)
        .post(`${BASE}${path}`)
        .set('Sec-Fetch-Site', 'same-origin')
        .send(body as Record<string, unknown>);
    const preview = (id: string) => send('/api/merges/preview', { targetId: target, sourceIds: [id] });
    const [version] = (hiddenBody.sources as { version: string }[]).map((one) => one.version);
    const absent = { ...hiddenBody, key: 'absent-000001', sources: [{ id: '99999', version }] };
    const replies = [
      [await request(host.front).get(`${BASE}/api/invoices/${hidden}/lines`), hidden],
      [await request(host.front).get(`${BASE}/api/invoices/99999/lines`), '99999'],
      [await preview(hidden), hidden],
      [await preview('99999'), '99999'],
      [await send('/api/merges', hiddenBody), hidden],
      [await send('/api/merges', absent), '99999'],
    ] as const;
    for (const [reply, invoiceId] of replies) {
      expect(reply.status).toBe(404);
      expect(reply.body).toEqual({
        error: { code: 'IM_NOT_FOUND', message: expect.any(String) as string, vars: { invoiceId } },
      });
    }
    expect((await request(host.front).get(`/invoices/${hidden}`).expect(200)).text).not.toContain('data-im');
    const { text } = await request(host.front).get(`/invoices/${target}/edit`);
    expect([text.includes(`data-im-id="${hidden}"`), text.includes(`data-im-id="${seen}"`)]).toEqual([false, true]);
  });
});
