import { execFileSync } from 'node:child_process';
import { eachDatabase } from '../support/databases';
import { crmHost, perfexLikeHost } from '../support/hosts';
import { ACTORS, openMerging, type MergingFixture } from '../support/merging-fixture';
import {
  apiOf,
  faultIn,
  operationsOf,
  spoilt,
  unlimited,
  type Document,
  type Operation,
  type Reply,
} from './api-client';
import { EXAMPLES, openWorld, type World } from './api-examples';

const DOCUMENT = { method: 'get', path: '/openapi.json' };

describe.each(eachDatabase)('the API and its document, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  let api: ReturnType<typeof apiOf>;
  let world: World;
  let document: Document;
  let operations: Operation[];
  beforeAll(async () => {
    fixture = await openMerging(await createDatabase(), crmHost());
    api = apiOf(fixture);
    world = await openWorld(fixture);
    // Decided once, so that deciding the same again writes nothing.
    await api.ask({ method: 'put', path: '/settings' }, EXAMPLES['PUT /settings']!(world));
    document = (await api.ask(DOCUMENT, {})).body as unknown as Document;
    operations = operationsOf(document);
  });
  afterAll(() => fixture.close());

  const exampleOf = ({ name }: Operation) => EXAMPLES[name]!(world);

  /** Asks each operation in turn, and expects nothing written by any. */
  async function forEach(ask: (operation: Operation) => Promise<void>, of = operations): Promise<void> {
    const before = await fixture.dump();
    for (const operation of of) await ask(operation);
    expect(await fixture.dump()).toEqual(before);
  }
  const isWrite = ({ method }: Operation): boolean => method !== 'get';

  function expectError(operation: Operation, place: string, reply: Reply, status: number, code: string): void {
    const { error } = reply.body;
    expect([operation.name, place, reply.status, error?.code]).toEqual([operation.name, place, status, code]);
    expect([place, faultIn(operation.replies[status], reply.body)]).toEqual([place, null]);
    expect(error?.message).not.toMatch(/[{}⟦⟧…]/);
    expect(reply.headers['cache-control']).toBe('no-store');
  }

  test('the document is valid OpenAPI 3.1 and says where the API is', () => {
    expect([document.openapi, document.servers]).toEqual(['3.1.0', [{ url: '/invoice-merge/api' }]]);
    // A module of ES: Jest's own loader cannot have it.
    const script = `import { Validator } from '@seriousme/openapi-schema-validator';
      import { readFileSync } from 'node:fs';
      console.log(JSON.stringify(await new Validator().validate(JSON.parse(readFileSync(0, 'utf8')))));`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      input: JSON.stringify(document),
      encoding: 'utf8',
    });
    expect(JSON.parse(said)).toEqual({ valid: true });
    const named = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, name]) => name!);
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...new Set(named)].sort()).toEqual(known.sort());
  });

  test('every route below /api is documented and none is documented that is not there', () => {
    const documented = operations.map(({ method, path }) => `${method} /api${path.replace(/\{(\w+)\}/g, ':$1')}`);
    const routes = routesOf(api.plugin.router);
    expect(routes.filter((one) => one.includes(' /api/')).sort()).toEqual(documented.sort());
  });

  test('what stands outside /api answers pages and files, no JSON', async () => {
    const others = routesOf(api.plugin.router).filter((one) => !one.includes(' /api/'));
    expect(others).toContain('get /banner');
    for (const one of others.filter((other) => /^get [^:]*$/.test(other))) {
      const reply = await api.ask(
        { method: 'get', path: `/..${one.slice(4)}` },
        {},
        { headers: { Accept: 'text/html' } },
      );
      expect([one, reply.headers['content-type'] ?? 'text/html']).toEqual([one, expect.stringContaining('text/html')]);
    }
  });

  test('every operation has its example', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual(operations.map(({ name }) => name).sort());
    for (const operation of operations) {
      const { params = {}, query = {}, body = {} } = exampleOf(operation);
      const given = { path: Object.keys(params), query: Object.keys(query) };
      for (const place of ['path', 'query'] as const) {
        const names = operation.parameters.filter((one) => one.in === place).map(({ name }) => name);
        expect([operation.name, given[place].sort()]).toEqual([operation.name, names.sort()]);
      }
      expect([operation.name, faultIn(operation.body ?? {}, body)]).toEqual([operation.name, null]);
    }
  });

  test('every input is limited in length', () => {
    for (const { name, parameters, body } of operations) {
      const places = parameters.flatMap((one) => unlimited(one.schema, one.name));
      expect([name, places, body ? unlimited(body) : []]).toEqual([name, [], []]);
    }
  });

  test('nobody signed in: 401, in the words of the page', () =>
    forEach(async (operation) => {
      const french = await api.ask(operation, exampleOf(operation), { actor: null });
      const english = await api.ask(operation, exampleOf(operation), { actor: null, locale: 'en' });
      expectError(operation, 'anonymous', french, 401, 'IM_UNAUTHENTICATED');
      expectError(operation, 'anonymous', english, 401, 'IM_UNAUTHENTICATED');
      expect([french.body.error?.message, english.body.error?.message]).toEqual([
        expect.stringMatching(/connecté/),
        expect.stringMatching(/signed in/),
      ]);
    }));

  test('without the permission: 403 naming it, before anything is looked up', () =>
    forEach(async (operation) => {
      const permission = /permission (\S+)( or \S+)?\.$/.exec(operation.description ?? '')?.[1];
      const reply = await api.ask(operation, exampleOf(operation), { actor: ACTORS.stranger });
      if (permission === undefined) return expect([operation.name, reply.status]).toEqual(['GET /openapi.json', 200]);
      expectError(operation, 'stranger', reply, 403, 'IM_FORBIDDEN');
      expect(reply.body.error?.vars).toEqual({ action: permission });
    }));

  test('a write from another site: 403', () =>
    forEach(async (operation) => {
      for (const headers of [{ 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }]) {
        const reply = await api.ask(operation, exampleOf(operation), { headers });
        expectError(operation, headers['Sec-Fetch-Site'], reply, 403, 'IM_CROSS_SITE');
      }
    }, operations.filter(isWrite)));

  test('a body that is not JSON: 415, 400 or 413', () =>
    forEach(
      async (operation) => {
        const example = exampleOf(operation);
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
          const reply = await api.ask(operation, example, { headers: { 'Content-Type': type } });
          expectError(operation, type, reply, 415, 'IM_BODY_UNREADABLE');
        }
        expectError(operation, 'half', await api.ask(operation, example, { body: '{"a":' }), 400, 'IM_PAYLOAD_INVALID');
        const long = await api.ask(operation, example, { body: { a: 'x'.repeat(1_100_000) } });
        expectError(operation, 'long', long, 413, 'IM_PAYLOAD_INVALID');
      },
      operations.filter(({ body }) => body !== undefined),
    ));

  test('B9 parameters of a wrong shape, size or name: 400 naming the field, and nothing written', () =>
    forEach(async (operation) => {
      const example = exampleOf(operation);
      const query = new URLSearchParams(example.query).toString();
      const expect400 = async (place: string, how: Parameters<typeof api.ask>[2], field: string): Promise<void> => {
        const reply = await api.ask(operation, example, how);
        expectError(operation, place, reply, 400, 'IM_PAYLOAD_INVALID');
        expect([place, reply.body.error?.vars]).toEqual([place, { field }]);
      };
      for (const { name, in: place, schema } of operation.parameters) {
        if (place === 'path')
          // A series may well be called 'FA 2026 ~'.
          for (const value of ['x'.repeat(300), '\u0000', '1\n', ...(name === 'series' ? [] : ['a b', 'a~1'])])
            await expect400(`${name}=${value}`, { params: { [name]: value } }, name);
        if (place !== 'query') continue;
        const others = new URLSearchParams(example.query);
        others.delete(name);
        const numbers = ['x', '-1', '0', '1.5', '1e99', 'NaN'].map((value) => `${name}=${value}`);
        for (const spoilt of [
          `${name}=1&${name}=2`,
          `${name}=${'x'.repeat(5000)}`,
          ...(schema.type === 'integer' ? numbers : []),
        ])
          await expect400(spoilt.slice(0, 40), { query: `${others}&${spoilt}` }, name);
        await expect400(`${name}[]`, { query: `${query}&${name}[]=1` }, `${name}[]`);
      }
      for (const unknown of ['noSuchThing', '__proto__', 'constructor'])
        await expect400(unknown, { query: `${query}&${unknown}=1` }, unknown);
    }));

  test('B9 bodies of a wrong shape, size or name: 400, and nothing written', () =>
    forEach(
      async (operation) => {
        for (const [place, body] of spoilt(operation.body!, exampleOf(operation).body)) {
          const reply = await api.ask(operation, exampleOf(operation), { body });
          expectError(operation, place, reply, 400, 'IM_PAYLOAD_INVALID');
        }
      },
      operations.filter(({ body }) => body !== undefined),
    ));

  test('what the person may not see does not exist, and no answer names it', async () => {
    const blind = apiOf(fixture, { scope: (query) => void query.whereRaw('1 = 0') });
    const ask = async (operation: Operation): Promise<void> => {
      const { forAll, apart, ...example } = exampleOf(operation);
      if (apart) return;
      const reply = await blind.ask(operation, example);
      // Without filters: one that finds nothing hides what would be shown.
      const unfiltered = forAll ? await blind.ask(operation, {}) : null;
      if (forAll) expect([operation.name, reply.status]).toEqual([operation.name, 200]);
      else expectError(operation, 'unseen', reply, 404, 'IM_NOT_FOUND');
      expect([reply.text, unfiltered?.text].join()).not.toContain('SECRET');
    };
    const leavesTraces = (operation: Operation): boolean => exampleOf(operation).logged === true;
    await forEach(
      ask,
      operations.filter((operation) => !leavesTraces(operation)),
    );
    for (const operation of operations.filter(leavesTraces)) await ask(operation);
  });

  test('a host’s CSRF header is a parameter of every write, and of no read', async () => {
    const csrf = { token: () => 't', fieldName: '_csrf', headerName: 'x-csrf-token' };
    const { body } = await apiOf(fixture, { csrf }).ask(DOCUMENT, {});
    for (const operation of operationsOf(body as unknown as Document))
      expect([
        operation.name,
        operation.parameters.filter((one) => one.in === 'header').map(({ name }) => name),
      ]).toEqual([operation.name, isWrite(operation) ? ['x-csrf-token'] : []]);
  });
});

describe.each(eachDatabase)('real answers, on %s', (_name, createDatabase) => {
  let fixture: MergingFixture;
  afterEach(() => fixture.close());

  test.each([
    ['the crm host', crmHost],
    ['a host with allowances', perfexLikeHost],
  ])('of %s are as documented, without a key more', async (_host, makeHost) => {
    fixture = await openMerging(await createDatabase(), makeHost());
    const api = apiOf(fixture);
    const document = (await api.ask(DOCUMENT, {})).body as unknown as Document;
    // These use up what the others ask for.
    const last = [
      ...['POST /payments-to-allocate/{id}/close', 'POST /payments-to-allocate/{id}/reopen'],
      ...['POST /payments-to-allocate/{id}', 'POST /merges/{id}/undo', 'POST /merges'],
    ];
    const operations = operationsOf(document).sort((a, b) => last.indexOf(a.name) - last.indexOf(b.name));
    const world = await openWorld(fixture);
    for (const operation of operations) {
      const example = EXAMPLES[operation.name]!(world);
      const reply = await api.ask(operation, example);
      expect([operation.name, reply.status]).toEqual([operation.name, example.status]);
      expect([operation.name, faultIn(operation.replies[reply.status], reply.body)]).toEqual([operation.name, null]);
      expect(reply.headers['cache-control']).toBe('no-store');
    }
  });
});

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

/** 'get /api/merges': every route that is registered, whatever router it is in. */
function routesOf(router: unknown): string[] {
  return ((router as { stack: Layer[] }).stack ?? []).flatMap(({ route, handle }) =>
    route
      ? Object.keys(route.methods).map((method) => `${method} ${route.path}`)
      : handle.stack
        ? routesOf(handle)
        : [],
  );
}
