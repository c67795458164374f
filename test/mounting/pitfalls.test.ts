/**
 * What goes wrong where a plugin is mounted into somebody else's Express and somebody else's database, and the test that
 * shows that it does not here. P paths and proxies, B bodies, V views, C policies and permissions, E versions of Express,
 * K Knex and MySQL.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSource, ROOT } from '../support/source-files';

/** Where a test's title says it: by the id, or by these words of older titles. */
type Proof = { in: string; says?: string } | { because: string };
const here = (file: string): Proof => ({ in: `test/mounting/${file}.test.ts` });
const there = (file: string, says?: string): Proof => ({ in: `test/${file}.test.ts`, ...(says && { says }) });

const PITFALLS: Record<string, [what: string, ...proofs: Proof[]]> = {
  P1: ['every address starts with the public base, wherever mounted', here('paths')],
  P2: ['a proxy strips a prefix', here('paths')],
  P3: ['X-Forwarded-Prefix is not believed', here('paths')],
  P3b: ['mounted elsewhere than mountPath: one warning', here('paths')],
  P4: ['the banner stands on pages of another base', here('paths')],
  P5: ['no address depends on a slash at the end', here('paths')],
  P6: ['no <base>', here('paths')],
  P7: ['two instances in one application', here('two-instances')],
  P8: ['assets are kept for ever; an unknown one is the host’s 404', there('web/assets'), here('paths')],
  B1: ['the host has parsed the body already', here('bodies')],
  B2: ['the host has parsed nothing, or other types only', here('bodies')],
  B3: ['urlencoded with extended: false', here('bodies')],
  B4: ['forms of 200 lines', here('bodies')],
  B5: ['multipart forms', here('bodies')],
  B6: ['a body that somebody has read and thrown away', here('bodies')],
  B7: ['req.body is undefined or {}', here('bodies')],
  B8: ['bodies of 200 kB', here('bodies')],
  B9: ['lists, objects, __proto__, endless ids', there('merging/payload'), there('merging/routes'), here('bodies')],
  V1: ['any view engine, or none', here('views')],
  V2: ['the host’s view options', here('views')],
  V3: ['res.locals', here('views')],
  V4: ['a query that wants to be a template’s options', here('views')],
  V5: ['a page without the middleware', here('views')],
  V6: ['a form inside the host’s form', there('merging/banner'), here('views')],
  V7: ['buttons without type; ids and classes of others', there('merging/banner')],
  V8: ['hostile names', there('merging/banner'), here('views')],
  V9: ['a banner that fails', here('views')],
  V10: ['a promise in a synchronous template', here('views')],
  C1: ['helmet’s defaults', there('merging/banner'), here('security')],
  C2: ['a policy of nonces', there('merging/banner'), here('security')],
  C3: ['styles set by a script: nothing that the banner does is refused under style-src', here('security')],
  C4: ['order changes by keyboard', { because: 'Nothing has an order that people change yet.' }],
  C5: ['the host has a CSRF check', there('merging/routes'), here('security')],
  C6: ['the host has none', there('merging/routes'), here('security')],
  C7: ['a GET that writes', here('security')],
  C8: ['no authorize', there('create-plugin/options', 'that are all wrong are all named at once')],
  C9: ['authorize fails', here('security')],
  C10: [
    'ids out of scope',
    here('security'),
    there('merging/save-checks', 'T7 an invoice that the person may not see'),
  ],
  C11: ['nobody is signed in', there('merging/banner'), here('views')],
  E1: ['Express 4 and 5, each Router in the other’s host', here('versions')],
  E2: ['route strings of both versions', there('web/assets'), here('versions')],
  E3: ['a handler that rejects', here('versions')],
  E4: ['foreign errors; an answer that has begun', here('versions')],
  E5: ['JSON or a page', here('versions')],
  E6: ['req.url, req.query, req.body are the host’s', here('versions')],
  E7: ['handles and timers after require', here('bare-hosts')],
  E8: ['the packed package', there('packaging/consumers', 'is mounted by %s hosts through require, import')],
  K1: ['the host’s own knex_migrations', there('migrations/migrate')],
  K2: ['the host’s migrations configuration', there('migrations/migrate')],
  K3: ['migrated from source, then from the build', there('migrations/processes')],
  K4: ['three processes migrate at once', there('migrations/processes')],
  K5: ['up, down, up', there('migrations/migrate'), there('migrations/schema-report')],
  K6: ['a crash between two steps', there('migrations/migrate'), there('migrations/processes')],
  K7: ['rows that are there already', there('migrations/migrate')],
  K8: ['the host’s tables after uninstalling', there('migrations/migrate')],
  K9: ['a pool of one; nothing is seen before the commit', here('transactions')],
  K10: [
    'no transaction, or one that is over',
    there('merging/save-checks', 'without a transaction, or in one that is over'),
  ],
  K11: [
    'two saves of one source; lines said to be in the form that are not',
    there('merging/save-checks', 'T10 two people merge one source'),
    there('merging/save-lines', 'T13 a form that was sent before its rows had arrived'),
  ],
  K12: ['sources in opposite order', there('concurrency/races', 'merge crossed targets and sources')],
  K13: ['a deadlock is the owner’s', here('transactions')],
  K14: ['numbers taken at once, or given back', there('numbering/allocate', 'T42 a roll-back gives its numbers back')],
  K15: [
    'driver options, time zones, case mappers',
    here('transactions'),
    there('host/exact', 'whatever the driver options'),
  ],
  K16: [
    'suites that skip themselves without a server',
    { because: 'Each run starts a MariaDB of its own and stops without one; a guard refuses tests that are left out.' },
  ],
};

const all = Object.entries(PITFALLS).map(([id, [what, ...proofs]]) => [id, what, proofs] as const);
it.each(all)('%s: %s', (id, _what, proofs) => {
  expect(proofs.length).toBeGreaterThan(0);
  for (const proof of proofs) {
    if ('because' in proof) expect(proof.because).toMatch(/\.$/);
    else {
      expect([proof.in, existsSync(join(ROOT, proof.in))]).toEqual([proof.in, true]);
      const said = proof.says ?? new RegExp(`\\b${id}\\b`);
      expect(readSource(proof.in)).toEqual(
        typeof said === 'string' ? expect.stringContaining(said) : expect.stringMatching(said),
      );
    }
  }
});

it('names every pitfall of the six groups', () => {
  const groups: [string, number][] = [
    ['P', 8],
    ['B', 9],
    ['V', 10],
    ['C', 11],
    ['E', 8],
    ['K', 16],
  ];
  const ids = groups.flatMap(([group, count]) =>
    Array.from({ length: count }, (_none, index) => `${group}${index + 1}`),
  );
  expect(Object.keys(PITFALLS).sort()).toEqual([...ids, 'P3b'].sort());
});
