import { randomUUID } from 'node:crypto';
import type express from 'express';
import multer from 'multer';
import request from 'supertest';
import type { Id } from '../../plugin/host/contract';
import type { MergingFixture } from '../support/merging-fixture';
import { readSource } from '../support/source-files';
import {
  eachPair,
  eachVersion,
  openHost,
  openInvoices,
  someInvoices,
  type Express,
  type HostOptions,
  type MountedHost,
} from './mounted';

let fixture: MergingFixture;
beforeAll(async () => {
  fixture = await openInvoices();
});
afterAll(() => fixture.close());

const API = '/billing/merge/api/merges';
const post = (host: MountedHost, path = API) => request(host.front).post(path).set('Sec-Fetch-Site', 'same-origin');

async function mergeBody(target: Id, sources: Id[]): Promise<Record<string, unknown>> {
  const invoices = await Promise.all(sources.map((id) => fixture.load(id)));
  return {
    targetId: target,
    sources: invoices.map(({ id, version }) => ({ id, version })),
    settlement: { issued: 'cancel', draft: 'cancel' },
    key: `body-${randomUUID()}`,
  };
}

/** What a browser posts of an edit page with these ticked. */
async function formOf(target: Id, sources: Id[]): Promise<[string, string][]> {
  const load = async (id: Id): Promise<string> => (await fixture.load(id)).version;
  return [
    ...(await Promise.all(
      sources.map(async (id): Promise<[string, string]> => ['invoiceMergeSource', `${id}~${await load(id)}`]),
    )),
    ['invoiceMergeIssued', 'cancel'],
    ['invoiceMergeKey', randomUUID()],
    ['invoiceMergeTarget', await load(target)],
    ['invoiceMergeShown', ''],
    ['invoiceMergeLines', 'server'],
  ];
}
const encoded = (fields: [string, string][]): string => new URLSearchParams(fields).toString();

describe.each(eachPair)('a host of %s where the plugin finds %s', (version, plugin) => {
  const open = (how: HostOptions = {}): MountedHost => openHost(fixture, { host: version, plugin, ...how });

  const parsers: [string, (web: Express) => express.RequestHandler[]][] = [
    ['has parsed JSON', (web) => [web.json()]],
    ['has parsed JSON and forms', (web) => [web.json(), web.urlencoded({ extended: true })]],
    ['has parsed forms only', (web) => [web.urlencoded({ extended: true })]],
    ['has parsed texts and raw bodies of other types', (web) => [web.text(), web.raw()]],
    ['has parsed nothing', () => []],
  ];
  it.each(parsers)('that %s merges just the same (B1, B2)', async (_what, before) => {
    const { target, sources } = await someInvoices(fixture);
    const reply = await post(open({ before })).send(await mergeBody(target, sources));
    expect([reply.status, reply.body]).toMatchObject([201, { merge: { totalsAfter: { payable: '360.00' } } }]);
  });

  it('leaves the bodies of the host’s own routes unread (B2)', async () => {
    const host = open({
      parsers: () => [
        (req, res, next) => {
          if (req.path !== '/upload') return next();
          const parts: Buffer[] = [];
          req.on('data', (part: Buffer) => parts.push(part));
          req.on('end', () =>
            res.json({ body: (req.body as unknown) ?? 'none', read: Buffer.concat(parts).toString() }),
          );
        },
      ],
    });
    const reply = await request(host.front).post('/upload').type('json').send('{"a":1}');
    expect(reply.body).toEqual({ body: 'none', read: '{"a":1}' });
  });

  it('answers no body, an empty one and one of another type the same, readably, whatever has parsed it (B7)', async () => {
    for (const before of [() => [], (web: Express) => [web.json(), web.urlencoded({ extended: true })]]) {
      const host = open({ before });
      for (const [send, status, code] of [
        [post(host), 400, 'IM_PAYLOAD_INVALID'],
        [post(host).send({}), 400, 'IM_PAYLOAD_INVALID'],
        [post(host).type('form').send('a=1'), 415, 'IM_BODY_UNREADABLE'],
        [post(host).type('text').send('a'), 415, 'IM_BODY_UNREADABLE'],
      ] as const) {
        const reply = await send;
        expect([reply.status, reply.body]).toMatchObject([status, { error: { code } }]);
      }
    }
  });

  it('says that a body which somebody read and threw away cannot be read, and does not hang (B6)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const host = open({ before: () => [(req, _res, next) => void req.resume().on('end', () => next())] });
    const reply = await post(host).send(await mergeBody(target, sources));
    expect([reply.status, reply.body]).toMatchObject([400, { error: { code: 'IM_BODY_UNREADABLE' } }]);
  });

  it('refuses a body of 200 kB that says nothing, and one beyond our limit, in JSON (B8)', async () => {
    for (const [size, status] of [
      [200_000, 400],
      [1_100_000, 413],
    ] as const) {
      const reply = await post(open()).send({ note: 'x'.repeat(size) });
      expect([reply.status, reply.body]).toMatchObject([status, { error: { code: 'IM_PAYLOAD_INVALID' } }]);
    }
  });

  it('leaves the refusal to the host where its parser stands first; none of our own calls is as large (B8)', async () => {
    const host = open({ before: (web) => [web.json()] });
    expect(
      (
        await post(host)
          .send({ note: 'x'.repeat(200_000) })
          .expect(413)
      ).text,
    ).toMatch(/^host: /);
    const largest = {
      targetId: 'i'.repeat(64),
      sources: Array.from({ length: 500 }, () => ({ id: 'i'.repeat(64), version: 'v'.repeat(22) })),
    };
    expect(JSON.stringify(largest).length).toBeLessThan(100 * 1024);
  });
});

describe.each(eachVersion)('a form of a host of %s', (version) => {
  const open = (parsers: HostOptions['parsers']): MountedHost => openHost(fixture, { host: version, parsers });

  it.each<[string, HostOptions['parsers']]>([
    ['extended: false', (web) => [web.urlencoded({ extended: false })]],
    ['extended: true', (web) => [web.urlencoded({ extended: true })]],
    ['multipart, by multer', () => [multer().any()]],
  ])('keeps every tick with %s (B3, B5)', async (how, parsers) => {
    const { target, sources } = await someInvoices(fixture, 25);
    const fields = await formOf(target, sources);
    const asked = request(open(parsers).front).post(`/invoices/${target}`);
    if (!how.startsWith('multipart')) asked.type('form').send(encoded(fields));
    else for (const [name, value] of fields) void asked.field(name, value);
    expect((await asked).body).toEqual({ saved: target, merged: 25 });
  });

  it('of 200 lines keeps its own fields: each ticked invoice adds one, and the README names both limits (B4)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const names = ['key', 'description', 'quantity', 'unit_price', 'vat_rate'];
    const lines = Array.from({ length: 200 }, (_, index) =>
      names.map((name): [string, string] => [`lines[${index}][${name}]`, '1']),
    ).flat();
    const ours = await formOf(target, sources);
    expect(ours.length).toBe(sources.length + 5);
    const send = (parsers: HostOptions['parsers']) =>
      request(open(parsers).front)
        .post(`/invoices/${target}`)
        .type('form')
        .send(encoded([...lines, ...ours]));
    const refused = await send((web) => [web.urlencoded({ extended: true })]);
    expect(refused.status).toBe(413);
    const [, limit] = /parameterLimit: ([\d_]+)/.exec(readSource('README.md')) ?? [];
    const parameterLimit = Number(limit?.replaceAll('_', ''));
    const saved = await send((web) => [web.urlencoded({ extended: true, limit: '5mb', parameterLimit })]);
    expect(saved.body).toEqual({ saved: target, merged: 2 });
  });

  it('that was tampered with is refused with 400 and changes nothing (B9)', async () => {
    const { target, sources } = await someInvoices(fixture);
    const host = open(undefined);
    const before = await fixture.dump();
    const [source = ''] = sources;
    for (const tampered of [
      `invoiceMergeSource[a]=${source}`,
      `invoiceMergeSource[][id]=${source}`,
      `invoiceMergeSource=${source}~${'v'.repeat(500)}`,
      `invoiceMergeSource=${'9'.repeat(400)}`,
      `invoiceMergeSource=${encodeURIComponent(`${source}' OR '1'='1`)}`,
      `invoiceMergeSource=${source}&invoiceMergeIssued[]=cancel&invoiceMergeIssued[][x]=1`,
      `invoiceMergeSource=${source}&invoiceMergeKey[toString]=1`,
      `invoiceMergeSource=${source}&invoiceMergeTarget=__proto__!`,
    ]) {
      const reply = await request(host.front).post(`/invoices/${target}`).type('form').send(tampered);
      expect([tampered, reply.status]).toEqual([tampered, 400]);
    }
    expect(await fixture.dump()).toEqual(before);
  });

  it('in which an invoice stands twice merges it once; what is named __proto__ is nobody’s field (B9)', async () => {
    const { target, sources } = await someInvoices(fixture, 1);
    const [[name, value] = ['', ''], ...rest] = await formOf(target, sources);
    const fields: [string, string][] = [[name, value], [name, value], ...rest, ['__proto__[invoiceMergeSource]', '1']];
    const reply = await request(open(undefined).front).post(`/invoices/${target}`).type('form').send(encoded(fields));
    expect(reply.body).toEqual({ saved: target, merged: 1 });
  });
});
