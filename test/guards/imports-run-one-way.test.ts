import { filesIn, importsOf, readSource, type Import } from '../support/source-files';

/** Rooms and files of plugin/, lowest first: an import may only go to a lower one, or stay in its room. */
const FLOORS = ['errors', 'money', 'host', 'paths', 'i18n', 'options', 'web', 'feature', 'create-plugin', 'index'];
/** Inside a feature, lowest first. Other names (a service that became two rooms) stand between store and routes. */
const FEATURE_FLOORS = ['contract', 'rules', 'store', 'service', 'routes', 'feature'];
/** Which feature may use which other. */
const FEATURES: Record<string, string[]> = {
  settings: [],
  numbering: ['settings'],
  handover: ['settings'],
  merging: ['numbering', 'settings'],
  billing: ['merging', 'handover', 'settings'],
};
/** What these rooms may not use although it is lower: they stay pure, or know nothing of words and pages. */
const NOT_FROM: Record<string, string[]> = {
  paths: ['money', 'host'],
  i18n: ['money', 'host'],
  web: ['money', 'host'],
};
/** Packages by room; where a room is not named, those of package.json. Knex and mysql2 are the host's: types only. */
const PACKAGES_OF: Record<string, string[]> = { errors: [], money: ['big.js'] };

const packageJson = JSON.parse(readSource('package.json')) as Record<string, Record<string, string>>;
// sharp is optional, and asked for only where somebody uploads a picture.
const RUN_TIME_PACKAGES = [...Object.keys(packageJson.dependencies!), 'express', 'sharp'];

const isContract = (path: string): boolean => /^plugin\/([^/]+\/)?(contract|types)$/.test(path);
const roomOf = (path: string): string => path.split('/')[1]!;
const floorOf = (room: string): number => FLOORS.indexOf(room in FEATURES ? 'feature' : room);

function floorInFeature(path: string): number {
  const name = path.split('/')[2] ?? '';
  if (/^(banner|endpoints)\b/.test(name)) return FEATURE_FLOORS.indexOf('routes');
  const floor = FEATURE_FLOORS.findIndex((known) => name === known || name.startsWith(`${known}-`));
  return floor === -1 ? FEATURE_FLOORS.indexOf('service') : floor;
}

/** Why `from` (a file of plugin/, without extension) may not import this; null when it may. */
function faultInPlugin(from: string, { to, typeOnly }: Import): string | null {
  const room = roomOf(from);
  if (to.startsWith('node:')) return null;
  if (to.startsWith('migrations/')) return room === 'create-plugin' ? null : 'only create-plugin knows the migrations';
  if (!to.startsWith('plugin/')) {
    if (!/^[a-z@]/.test(to) || /^(demo|test|bench|views|assets|lang)\//.test(to)) return 'is outside the house';
    if (typeOnly) return null;
    const allowed = PACKAGES_OF[room] ?? RUN_TIME_PACKAGES;
    // 'write-excel-file/node' is a part of a package.
    const name = to.split('/', to.startsWith('@') ? 2 : 1).join('/');
    return allowed.includes(name) ? null : `is not a package that ${room} may need at run time`;
  }
  if (isContract(to)) return typeOnly ? null : 'contracts hold types: import type';
  if (isContract(from) && !typeOnly) return 'a contract imports nothing at run time';
  const target = roomOf(to);
  if (floorOf(target) === -1) return 'is no room of the house';
  if (NOT_FROM[room]?.includes(target)) return `${room} knows nothing of ${target}`;
  if (room === target) {
    if (!(room in FEATURES) || floorInFeature(to) <= floorInFeature(from)) return null;
    return 'goes up inside its feature';
  }
  if (room in FEATURES && target in FEATURES)
    return FEATURES[room]!.includes(target) ? null : `${room} may not use ${target}`;
  if (floorOf(target) >= floorOf(room)) return 'goes up';
  if (target === 'web' && floorInFeature(from) < FEATURE_FLOORS.indexOf('routes') && room in FEATURES)
    return 'only routes and the banner know the web';
  return null;
}

function faultInMigrations({ to, typeOnly }: Import): string | null {
  if (to.startsWith('node:') || to.startsWith('migrations/') || typeOnly) return null;
  return 'a migration is frozen: it imports nothing at run time but its neighbours';
}

function faultInDemo({ to }: Import): string | null {
  return /^(plugin|migrations|test|bench)\//.test(to) ? 'the demo uses the public names only' : null;
}

function faultOf(file: string, imported: Import): string | null {
  const from = file.replace(/(\.d)?\.ts$/, '');
  if (from.startsWith('plugin/')) return faultInPlugin(from, imported);
  return from.startsWith('migrations/') ? faultInMigrations(imported) : faultInDemo(imported);
}

const files = filesIn(['plugin', 'migrations', 'demo']);

it('every import follows an arrow of the house', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file).flatMap((imported) => {
      const fault = faultOf(file, imported);
      return fault ? [`${file} -> ${imported.to}: ${fault}`] : [];
    }),
  );
  expect(files).toContain('plugin/index.ts');
  expect(wrong).toEqual([]);
});

it('no files import each other in a circle at run time', () => {
  const edges = new Map(
    files.map((file) => [
      file.replace(/\.ts$/, ''),
      importsOf(file)
        .filter((imported) => !imported.typeOnly)
        .map((imported) => imported.to),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (path.includes(file) || done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  expect(circles).toEqual([]);
});

it.each([
  ['plugin/money/totals.ts', `import { x } from '../host/knex-host'`],
  ['plugin/money/totals.ts', `import { z } from 'zod'`],
  ['plugin/host/knex-host.ts', `import { x } from '../merging/rules'`],
  ['plugin/host/knex-host.ts', `import knex from 'knex'`],
  ['plugin/host/knex-host.ts', `export { x } from '../web/render'`],
  ['plugin/merging/rules.ts', `import { x } from './store'`],
  ['plugin/merging/store.ts', `import { x } from './service'`],
  ['plugin/merging/service.ts', `import { x } from './routes'`],
  ['plugin/merging/service.ts', `import { x } from './banner'`],
  ['plugin/merging/service.ts', `import { x } from '../web/render'`],
  ['plugin/merging/service.ts', `import { x } from '../billing/service'`],
  ['plugin/merging/routes.ts', `import { x } from '../create-plugin'`],
  ['plugin/merging/contract.ts', `import { x } from './rules'`],
  ['plugin/numbering/service.ts', `const x = await import('../merging/service')`],
  ['plugin/web/render.ts', `import { x } from '../merging/rules'`],
  ['plugin/errors.ts', `import { x } from './i18n'`],
  ['plugin/merging/service.ts', `import { Row } from '../host/contract'`],
  ['plugin/merging/service.ts', `import { migrate } from '../../migrations/run'`],
  ['plugin/create-plugin.ts', `import { x } from '../demo/main'`],
  ['migrations/001-merges.ts', `import { PluginError } from '../plugin/errors'`],
  ['demo/main.ts', `import { knexHost } from '../plugin/host/knex-host'`],
])('a wrong arrow in %s is seen: %s', (file, text) => {
  expect(importsOf(file, text).map((imported) => faultOf(file, imported))).toEqual([expect.any(String)]);
});

it.each([
  ['plugin/index.ts', `export { createInvoiceMerge } from './create-plugin'`],
  ['plugin/create-plugin.ts', `import { x } from '../migrations'`],
  ['plugin/create-plugin.ts', `import type { x } from '../migrations/run'`],
  ['plugin/merging/routes.ts', `import { render } from '../web/render'`],
  ['plugin/merging/apply-merge.ts', `import { x } from './store'`],
  ['plugin/billing/service.ts', `import { x } from '../merging/service'`],
  ['plugin/host/knex-host.ts', `import type { Knex } from 'knex'`],
  ['plugin/host/knex-host.ts', `import { PluginError } from '../errors'`],
  ['migrations/001-merges.ts', `import type { TableMap } from '../plugin/host/contract'`],
  ['demo/main.ts', `import { createInvoiceMerge } from 'crm-invoice-merge'`],
])('a right arrow in %s is let through: %s', (file, text) => {
  expect(importsOf(file, text).map((imported) => faultOf(file, imported))).toEqual([null]);
});
