import type { IncomingMessage } from 'node:http';
import knex from 'knex';
import type { Options } from '../../plugin/contract';
import { createInvoiceMerge } from '../../plugin/create-plugin';
import type { PluginError } from '../../plugin/errors';
import { knexHost } from '../../plugin/host/knex-host';
import { crmHost } from '../support/hosts';

const handle = knex({ client: 'mysql2' });
afterAll(() => handle.destroy());

const good = (): Options<IncomingMessage> => ({
  mountPath: '/invoice-merge',
  knex: handle,
  host: crmHost().host,
  actor: () => null,
  authorize: () => false,
});

/** The places that are named as wrong, with the mend of each. */
function faultsOf(options: unknown): { where: string; mend: string }[] {
  try {
    createInvoiceMerge(options as Options<IncomingMessage>);
  } catch (error) {
    const { code, status, vars, message } = error as PluginError;
    expect({ code, status }).toEqual({ code: 'IM_OPTIONS_INVALID', status: 500 });
    const faults = vars.faults as { where: string; mend: string }[];
    for (const { where, mend } of faults) expect(message).toContain(`${where}: ${mend}`);
    return faults;
  }
  return [];
}
const placesOf = (options: unknown): string[] => faultsOf(options).map(({ where }) => where);

describe('the options of createInvoiceMerge', () => {
  test('are taken when right, with every optional one and with none', () => {
    expect(placesOf(good())).toEqual([]);
    const nothing = (): undefined => undefined;
    expect(
      placesOf({
        ...good(),
        mountPath: '/',
        publicPath: '/crm/merge',
        scope: nothing,
        locale: nothing,
        csrf: { token: () => '', fieldName: '_csrf', headerName: 'x-csrf' },
        nonce: nothing,
        layout: (html: string) => html,
        translate: nothing,
        logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
        hooks: {
          candidates: (list: unknown) => list,
          beforeMerge: nothing,
          afterMerge: nothing,
          lockedUntil: () => null,
        },
        integrations: { hotel: { deliver: nothing }, other: { deliver: nothing, check: nothing } },
        secretKey: 'x'.repeat(32),
        allowedDestinations: ['pms.lan', '10.0.0.1', '192.168.0.0/16', 'fd00::/8', '::1'],
        timeZone: 'America/Guadeloupe',
        documentLocale: 'en',
        clock: () => new Date(),
      }),
    ).toEqual([]);
  });

  test('that are all wrong are all named at once, each with its mend', () => {
    const faults = faultsOf({
      mountPath: 'merge/',
      publicPath: '/a b',
      knex: {},
      host: { ...knexHost(crmHost().map), cancelInvoices: undefined, deleteInvoices: 'yes' },
      scope: 'mine',
      locale: 'fr',
      nonce: 1,
      layout: {},
      translate: [],
      clock: 0,
      csrf: { token: 'abc' },
      hooks: { beforeMerg: () => undefined, afterMerge: 'later' },
      logger: { info: () => undefined },
      timeZone: 'Paris',
      documentLocale: 'de',
      integrations: { hotel: {}, other: { deliver: () => undefined, check: true } },
      secretKey: 'too short',
      allowedDestinations: ['http://pms.lan'],
      mountpath: '/merge',
    });
    expect(faults.map(({ where }) => where).sort()).toEqual(
      [
        'actor',
        'authorize',
        'clock',
        'csrf',
        'documentLocale',
        'allowedDestinations',
        'hooks.afterMerge',
        'hooks.beforeMerg',
        'host.cancelInvoices',
        'integrations.hotel',
        'integrations.other.check',
        'host.deleteInvoices',
        'knex',
        'layout',
        'locale',
        'logger.debug',
        'logger.error',
        'logger.warn',
        'mountPath',
        'mountpath',
        'nonce',
        'publicPath',
        'scope',
        'secretKey',
        'timeZone',
        'translate',
      ].sort(),
    );
    for (const { mend } of faults) expect(mend).toMatch(/^(Pass|Unknown (option|hook): remove it)/);
  });

  test.each([[undefined], [null], ['options'], [[]], [{}]])(
    'that are %j are refused with words, not with a TypeError',
    (options) => {
      expect(placesOf(options).length).toBeGreaterThan(0);
    },
  );

  test.each(['', 'merge', '/merge/', '//merge', '/mer ge', '/merge?x', '/../etc', 7])(
    'refuse %j as a mount path',
    (mountPath) => {
      expect(placesOf({ ...good(), mountPath })).toEqual(['mountPath']);
    },
  );

  test('refuse a transaction as the handle: it would be over at the first request', () => {
    expect(placesOf({ ...good(), knex: Object.assign(() => undefined, { client: {}, isTransaction: true }) })).toEqual([
      'knex',
    ]);
  });

  test('name the faults of the table map under host.map, beside their own', () => {
    const { map } = crmHost();
    const [first] = map.links;
    const broken = {
      ...map,
      tablePrefix: 'im; DROP TABLE',
      links: [{ ...first, policy: 'steal' }],
      series: { invoice: { patterns: ['FA-{yyyy}'] } },
    };
    const places = placesOf({ ...good(), authorize: null, host: knexHost(broken as unknown as typeof map) });
    expect(places).toContain('authorize');
    expect(places.filter((one) => one.startsWith('host.map.')).length).toBeGreaterThanOrEqual(3);
  });

  test('a map of no shape at all is a fault, not a crash', () => {
    const shapes = [
      {},
      { invoices: 7 },
      { invoices: {}, lines: null, links: 'all', owned: {} },
      { ...crmHost().map, invoices: { ...crmHost().map.invoices, status: 'statut' } },
      { ...crmHost().map, links: [null] },
      { ...crmHost().map, series: { invoice: null } },
      { ...crmHost().map, allowances: 'app_remises' },
    ];
    for (const map of shapes)
      expect(placesOf({ ...good(), host: { ...crmHost().host, map } }).some((one) => one.startsWith('host.map'))).toBe(
        true,
      );
  });

  test('do not run: making the plugin asks the database nothing', () => {
    const asked: string[] = [];
    handle.on('query', ({ sql }: { sql: string }) => asked.push(sql));
    createInvoiceMerge(good());
    expect(asked).toEqual([]);
  });
});
