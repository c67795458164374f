/** Cases 59 to 62 and 64: where hand-overs may go. Names resolve through a lookup of the test's own; nothing outside is ever connected to. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSender, type Lookup, type SentMessage } from '../../plugin/handover/sending';
import {
  faultOf,
  literalOf,
  mayConnect,
  readAllowed,
  readUrl,
  type Allowed,
} from '../../plugin/handover/rules-address';
import { headerFault } from '../../plugin/handover/rules';
import { createDatabase } from '../support/databases';
import { openTill, type Till } from './fixture';

const NONE: Allowed = { names: new Set(), networks: [] };
const allowed = (...entries: string[]): Allowed => readAllowed(entries) ?? NONE;

/** What is said of an address before anybody is asked for its name, or with what its name resolves to. */
function judged(text: string, addresses: string[] = [], own: Allowed = NONE): string | null {
  const read = readUrl(text);
  if ('fault' in read) return read.fault;
  const literal = literalOf(read.url.hostname);
  return faultOf(read.url, literal ? [literal] : addresses, own);
}

describe('case 59: an address is refused', () => {
  it.each([
    ['http://pms.example/', 'scheme'],
    ['ftp://pms.example/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['https://user:pass@pms.example/', 'credentials'],
    ['https://user@pms.example/', 'credentials'],
    ['https://pms.example/#part', 'fragment'],
    ['https://pms.example/#', 'fragment'],
    ['https://pms.example./', 'hostname'],
    ['https://localhost./', 'hostname'],
    ['https://pms.example/a b', 'malformed'],
    ['https://pms.example/\r\nHost: other', 'malformed'],
    ['pms.example', 'malformed'],
    ['', 'malformed'],
    [`https://pms.example/${'a'.repeat(2000)}`, 'length'],
  ])('for how it is written: %s', (text, fault) => {
    expect(judged(text, ['203.0.114.7'])).toBe(fault);
  });

  it.each([
    ...['localhost', 'LOCALHOST', 'hotel.localhost', '127.0.0.1', '127.1', '127.000.000.001', '0x7f000001', '0x7f.1'],
    ...['2130706433', '017700000001', '0', '0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.1.10', '169.254.169.254'],
    ...['100.64.0.1', '192.0.0.170', '198.18.0.1', '203.0.113.9', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]'],
    ...['[64:ff9b::a00:1]', '[2002:7f00:1::]', '[2002:c0a8:101::1]', '[2001:0:1::1]', '[fd00::1]', '[fd00:ec2::254]'],
    ...[
      '[fe80::1]',
      '[fec0::1]',
      '[ff02::1]',
      '[100::1]',
      '[2001:db8::1]',
      '１２７.0.0.1',
      '127。0。0。1',
      '①②⑦.0.0.1',
    ],
  ])('as one of no public network, in any spelling: %s', (host) => {
    expect(judged(`https://${host}/`)).toBe('private');
  });

  it.each([
    ['10.0.0.5'],
    ['::1'],
    ['::ffff:192.168.0.1'],
    ['93.184.216.34', '10.0.0.5'],
    ['2606:4700::1111', 'fd00::5'],
    ['169.254.169.254'],
    ['not an address'],
  ])('when its name resolves to %s', (...addresses) => {
    expect(judged('https://pms.example/', addresses)).toBe('private');
  });

  it('and a public one is let through', () => {
    for (const address of ['93.184.216.34', '2606:4700::1111', '::ffff:93.184.216.34']) {
      expect(judged('https://pms.example:8443/a?b=c', [address])).toBeNull();
      expect(mayConnect(address, NONE)).toBe(true);
    }
    expect(judged('https://pms.example/', [])).toBe('unresolved');
  });

  it('unless the host’s code lists it: by name, address or network, where plain http will do', () => {
    const own = allowed('pms.lan', '192.168.1.0/24', '127.0.0.1', 'fd00::/8', 'LocalHost');
    expect(judged('http://pms.lan/', ['10.9.9.9'], own)).toBeNull();
    expect(judged('http://192.168.1.20:8080/', [], own)).toBeNull();
    expect(judged('http://other.lan/', ['192.168.1.20'], own)).toBeNull();
    expect(judged('http://[fd12::1]/', [], own)).toBeNull();
    expect(judged('http://[::ffff:127.0.0.1]/', [], own)).toBeNull();
    expect(judged('http://localhost:3000/', ['127.0.0.1'], own)).toBeNull();
    expect(judged('https://192.168.2.20/', [], own)).toBe('private');
    expect(judged('http://other.lan/', ['192.168.1.20', '93.184.216.34'], own)).toBe('scheme');
    expect(judged('https://other.lan/', ['192.168.1.20', '10.0.0.1'], own)).toBe('private');
    expect(judged('http://pms.lan.evil.example/', ['93.184.216.34'], own)).toBe('scheme');
    expect(judged('https://user@pms.lan/', ['10.9.9.9'], own)).toBe('credentials');
    for (const wrong of ['', '10.0.0.0/33', 'http://pms.lan', '*.lan', 'a b']) expect(readAllowed([wrong])).toBeNull();
  });
});

describe('at each connection', () => {
  let server: Server;
  let port: number;
  let hits = 0;
  beforeAll(async () => {
    server = createServer((_req, res) => {
      hits += 1;
      res.end('internal');
    });
    await new Promise<void>((ready) => server.listen(0, '::', ready));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => new Promise((done) => server.close(done)));
  beforeEach(() => void (hits = 0));

  const message = (url: string): SentMessage => ({
    ...{ id: 'msg_1', body: '{}', url, secrets: ['whsec_AAAA'], headers: {}, quotedKey: true, doubtful: false },
  });
  const send = (url: string, lookup: Lookup, own: Allowed = NONE) =>
    createSender({ allowed: own, lookup, clock: () => new Date() }).send(message(url), 2000);
  const never: Lookup = () => Promise.reject(new Error('a literal is never looked up'));

  it.each(['127.1', '[::ffff:127.0.0.1]', '[::1]', '0x7f000001', '2130706433', 'localhost', '0'])(
    'case 60: a literal in any spelling, which no lookup ever sees, is blocked on the wire: %s',
    async (host) => {
      const lookup: Lookup = (name) =>
        name === 'localhost' ? Promise.resolve([{ address: '127.0.0.1', family: 4 }]) : never(name);
      for (const scheme of ['http', 'https'])
        expect(await send(`${scheme}://${host}:${port}/`, lookup)).toMatchObject({
          outcome: 'unreached',
          code: 'blocked',
        });
      expect(hits).toBe(0);
    },
  );

  it('case 61: a name that was public when it was saved and is private now is blocked', async () => {
    let asked = 0;
    const rebinding: Lookup = () => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? '93.184.216.34' : '127.0.0.1', family: 4 }]);
    };
    const url = `https://pms.example:${port}/`;
    expect(
      faultOf(
        new URL(url),
        (await rebinding('')).map(({ address }) => address),
        NONE,
      ),
    ).toBeNull();
    expect(await send(url, rebinding)).toMatchObject({ outcome: 'unreached', code: 'blocked' });
    expect([asked, hits]).toEqual([2, 0]);
  });

  it('case 61: what was checked is what is connected to: the name is resolved once, and not again by the socket', async () => {
    let asked = 0;
    const changing: Lookup = () => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
    };
    const own = allowed('127.0.0.1');
    expect(await send(`http://pms.example:${port}/`, changing, own)).toMatchObject({ outcome: 'accepted' });
    expect([asked, hits]).toEqual([1, 1]);
    expect(await send(`http://pms.example:${port}/`, changing, own)).toMatchObject({ code: 'blocked' });
    expect(hits).toBe(1);
  });

  it('one private address among public ones is enough, and a name server that never answers ends with the limit', async () => {
    const mixed: Lookup = () =>
      Promise.resolve([
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    expect(await send(`https://pms.example:${port}/`, mixed)).toMatchObject({ code: 'blocked' });
    const mute: Lookup = () => new Promise(() => undefined);
    const sender = createSender({ allowed: NONE, lookup: mute, clock: () => new Date() });
    expect(await sender.send(message('https://pms.example/'), 100)).toMatchObject({
      outcome: 'unreached',
      code: 'timeout',
    });
    expect(hits).toBe(0);
  });

  it('an untrusted certificate is refused before anything is sent', async () => {
    const lookup: Lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    const result = await send(`https://pms.example:${port}/`, lookup, allowed('pms.example'));
    expect(result).toMatchObject({ outcome: 'unreached', status: null });
    expect(hits).toBe(0);
  });
});

describe('a connection', () => {
  let till: Till;
  let hits: number;
  let server: Server;
  beforeAll(async () => {
    const names: Record<string, string> = { 'inside.example': '10.0.0.1', 'pms.example': '93.184.216.34' };
    till = await openTill(await createDatabase('sqlite'), {
      lookup: (name) => {
        const address = names[name];
        return address ? Promise.resolve([{ address, family: 4 }]) : Promise.reject(new Error('ENOTFOUND'));
      },
    });
    hits = 0;
    server = createServer((_req, res) => {
      hits += 1;
      res.writeHead(500, { 'x-internal': 'secret' }).end('internal stack trace');
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  });
  afterAll(async () => {
    await till.close();
    await new Promise((done) => server.close(done));
  });

  it.each([
    ['http://pms.example/', 'url_scheme'],
    ['https://10.1/', 'url_private'],
    ['https://inside.example/', 'url_private'],
    ['https://nowhere.example/', 'url_unresolved'],
    ['https://a:b@pms.example/', 'url_credentials'],
  ])('case 59: is not saved with %s, neither new nor changed', async (url, why) => {
    const { integrations } = till.outbox;
    const refusal = { code: 'IM_INTEGRATION_INVALID', status: 422, vars: { field: 'url', why } };
    await expect(integrations.create({ name: 'PMS', kind: 'webhook', url })).rejects.toMatchObject(refusal);
    const { integration } = await integrations.create({ name: 'PMS', kind: 'webhook', url: 'https://pms.example/' });
    await expect(integrations.update(integration.id, { url })).rejects.toMatchObject(refusal);
    expect((await integrations.get(till.knex, integration.id)).url).toBe('https://pms.example/');
  });

  it('case 62: its test says the status and nothing of what came back, and waits ten seconds before the next', async () => {
    const { integrations } = till.outbox;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { integration } = await integrations.create({ name: 'Broken', kind: 'webhook', url });
    expect(await integrations.test(integration.id)).toEqual({ ok: false, code: 'http', status: 500 });
    const refusal = { code: 'IM_TOO_SOON', status: 429 };
    await expect(integrations.test(integration.id)).rejects.toMatchObject(refusal);
    till.clock.advance(10_001);
    expect((await integrations.test(integration.id)).status).toBe(500);
    expect(hits).toBe(2);
  });

  it('case 64: custom headers cannot stand for ours, and break no line', async () => {
    for (const name of ['Host', 'content-length', 'Content-Type', 'webhook-id', 'Webhook-Signature', 'Idempotency-Key'])
      expect([name, headerFault(name, 'x')]).toEqual([name, 'own']);
    for (const name of ['transfer-encoding', 'Connection', 'Expect', 'Proxy-Authorization', 'Upgrade'])
      expect([name, headerFault(name, 'x')]).toEqual([name, 'own']);
    for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'é'])
      expect([name, headerFault(name, 'x')]).toEqual([name, 'name']);
    for (const value of ['', 'a\r\nHost: b', 'a\nb', 'a\u0000b', 'é', 'x'.repeat(1001)])
      expect([value, headerFault('X-Key', value)]).toEqual([value, 'value']);
    expect(headerFault('Authorization', 'Bearer a b=')).toBeNull();
    const { integrations } = till.outbox;
    const create = (headers: { name: string; value?: string }[]) =>
      integrations.create({ name: 'PMS', kind: 'webhook', url: 'https://pms.example/', headers });
    for (const [headers, why] of [
      [[{ name: 'webhook-id', value: '1' }], 'header_own'],
      [[{ name: 'X-Key', value: 'a\r\nHost: b' }], 'header_value'],
      [[{ name: 'X-Key' }], 'header_value'],
      [
        [
          { name: 'X-Key', value: 'a' },
          { name: 'x-key', value: 'b' },
        ],
        'header_twice',
      ],
    ] as const)
      await expect(create([...headers])).rejects.toMatchObject({ vars: { field: 'headers', why } });
  });
});
