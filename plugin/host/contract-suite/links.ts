/** What points at an invoice or at its lines, and where it points after a merge and after its undo. */
import assert from 'node:assert/strict';
import type { HostCrm, Id, MovedLink, Row } from '../contract';
import {
  carriedFrom,
  contractCase,
  customer,
  linkRows,
  loadOne,
  simple,
  type ContractCase,
  type ContractFixture,
  type Link,
} from './fixture';

const linksOf = ({ map }: HostCrm, policy: Link['policy'], to: Link['to']): Link[] =>
  map.links.filter((link) => link.policy === policy && link.to === to);
const has =
  (policy: Link['policy'], to: Link['to'] = 'invoice') =>
  (host: HostCrm): boolean =>
    linksOf(host, policy, to).length > 0;

async function addLink(fixture: ContractFixture, link: Link, id: Id): Promise<void> {
  assert.ok(fixture.addLink, 'the fixture of a host whose map has links needs addLink');
  const before = (await linkRows(fixture.knex, link, id)).length;
  await fixture.addLink(link.name, id);
  assert.equal((await linkRows(fixture.knex, link, id)).length, before + 1, `addLink must add one row of ${link.name}`);
}

async function invoices(fixture: ContractFixture, count: number): Promise<Id[]> {
  const mine = await customer(fixture);
  const ids: Id[] = [];
  for (let made = 0; made < count; made++) ids.push(await fixture.createInvoice(simple(fixture.host, mine)));
  return ids;
}

function move(fixture: ContractFixture, from: Id[], target: Id, lineIds: [Id, Id][] = []): Promise<MovedLink[]> {
  return fixture.knex.transaction((trx) => fixture.host.moveLinks(trx, { invoiceIds: from, lineIds }, target));
}
function restore(fixture: ContractFixture, moved: MovedLink[]): Promise<MovedLink[]> {
  return fixture.knex.transaction((trx) => fixture.host.restoreLinks(trx, moved));
}
const how = (moved: MovedLink[], link: Link): string[] =>
  moved.filter((one) => one.link === link.name).map((one) => `${one.how} ${one.from} ${one.to}`);

/** A row without what tells it apart from its copy. */
function content(link: Link, row: Row): Row {
  const apart = new Set([link.column, ...[link.id].flat()]);
  return Object.fromEntries(Object.entries(row).filter(([column]) => !apart.has(column)));
}

export const linkCases: ContractCase[] = [
  contractCase(
    'moveLinks moves all rows of a source to the target, and restoreLinks gives all of them back',
    async (fixture) => {
      const { knex } = fixture;
      for (const link of linksOf(fixture.host, 'move', 'invoice')) {
        const [target, source, other] = (await invoices(fixture, 3)) as [Id, Id, Id];
        for (const id of [source, source, source, other]) await addLink(fixture, link, id);
        const before = await linkRows(knex, link, source);
        const others = await linkRows(knex, link, other);
        const moved = await move(fixture, [source], target);
        assert.deepEqual(how(moved, link), Array<string>(3).fill(`moved ${source} ${target}`), link.name);
        assert.deepEqual(await linkRows(knex, link, source), [], `${link.name}: nothing may stay with the source`);
        assert.equal((await linkRows(knex, link, target)).length, 3, `${link.name}: all three belong to the target`);
        assert.deepEqual(await linkRows(knex, link, other), others, `${link.name}: those of another invoice stay`);
        assert.deepEqual(await restore(fixture, moved), [], `${link.name}: nothing is left`);
        assert.deepEqual(await linkRows(knex, link, source), before, `${link.name}: the source has its rows again`);
        assert.deepEqual(await linkRows(knex, link, target), [], link.name);
      }
    },
    has('move'),
  ),

  contractCase(
    'moveLinks takes along the links of several sources, and leaves the target’s own in place',
    async (fixture) => {
      const { knex } = fixture;
      for (const link of linksOf(fixture.host, 'move', 'invoice')) {
        const [target, one, two] = (await invoices(fixture, 3)) as [Id, Id, Id];
        for (const id of [target, one, two]) await addLink(fixture, link, id);
        const own = await linkRows(knex, link, target);
        const moved = await move(fixture, [one, two], target);
        assert.deepEqual(
          how(moved, link).sort(),
          [`moved ${one} ${target}`, `moved ${two} ${target}`].sort(),
          link.name,
        );
        assert.equal((await linkRows(knex, link, target)).length, 3, link.name);
        await restore(fixture, moved);
        assert.deepEqual(await linkRows(knex, link, target), own, link.name);
        for (const id of [one, two]) assert.equal((await linkRows(knex, link, id)).length, 1, link.name);
      }
    },
    has('move'),
  ),

  contractCase(
    'moveLinks gives each carried line the links of its own source line',
    async (fixture) => {
      const { host, knex } = fixture;
      for (const link of linksOf(host, 'move', 'line')) {
        const [target, source] = (await invoices(fixture, 2)) as [Id, Id];
        const loaded = await loadOne(fixture, knex, source);
        const [first, second] = loaded.lines.map((line) => line.id) as [Id, Id];
        for (const id of [first, second, second]) await addLink(fixture, link, id);
        const before = [await linkRows(knex, link, first), await linkRows(knex, link, second)];
        const carried = carriedFrom(loaded);
        await knex.transaction((trx) => host.appendLines(trx, target, carried));
        const added = (await loadOne(fixture, knex, target)).lines.filter((line) => line.sourceInvoiceId === source);
        const [toFirst, toSecond] = [first, second].map((id) => added.find((line) => line.sourceLineId === id)?.id) as [
          Id,
          Id,
        ];
        const moved = await move(fixture, [source], target, [
          [first, toFirst],
          [second, toSecond],
        ]);
        const counts = async (ids: Id[]): Promise<number[]> => {
          const found: number[] = [];
          for (const id of ids) found.push((await linkRows(knex, link, id)).length);
          return found;
        };
        assert.deepEqual(await counts([first, second, toFirst, toSecond]), [0, 0, 1, 2], link.name);
        assert.deepEqual(await restore(fixture, moved), [], link.name);
        assert.deepEqual([await linkRows(knex, link, first), await linkRows(knex, link, second)], before, link.name);
      }
    },
    has('move', 'line'),
  ),

  contractCase(
    'moveLinks copies what the source keeps, and restoreLinks takes the copies away',
    async (fixture) => {
      const { knex } = fixture;
      for (const link of linksOf(fixture.host, 'copy', 'invoice')) {
        const [target, source] = (await invoices(fixture, 2)) as [Id, Id];
        for (const id of [source, source]) await addLink(fixture, link, id);
        const before = await linkRows(knex, link, source);
        const moved = await move(fixture, [source], target);
        assert.deepEqual(how(moved, link), Array<string>(2).fill(`copied ${source} ${target}`), link.name);
        assert.deepEqual(await linkRows(knex, link, source), before, `${link.name}: the source keeps its rows`);
        const strip = (list: Row[]): string[] => list.map((row) => JSON.stringify(content(link, row))).sort();
        assert.deepEqual(
          strip(await linkRows(knex, link, target)),
          strip(before),
          `${link.name}: copies of the same content`,
        );
        await restore(fixture, moved);
        assert.deepEqual(await linkRows(knex, link, target), [], `${link.name}: the copies are gone`);
        assert.deepEqual(await linkRows(knex, link, source), before, link.name);
      }
    },
    has('copy'),
  ),

  contractCase(
    'moveLinks copies to each carried line what its own source line keeps, and restoreLinks takes the copies away',
    async (fixture) => {
      const { host, knex } = fixture;
      for (const link of linksOf(host, 'copy', 'line')) {
        const [target, source] = (await invoices(fixture, 2)) as [Id, Id];
        const from = (await loadOne(fixture, knex, source)).lines.map((line) => line.id);
        const to = (await loadOne(fixture, knex, target)).lines.map((line) => line.id);
        for (const id of from) await addLink(fixture, link, id);
        const at = async (ids: Id[]): Promise<string[][]> => {
          const found: string[][] = [];
          for (const id of ids)
            found.push((await linkRows(knex, link, id)).map((row) => JSON.stringify(content(link, row))));
          return found;
        };
        const before = await at(from);
        const moved = await move(
          fixture,
          [source],
          target,
          from.map((id, index): [Id, Id] => [id, to[index] ?? '']),
        );
        assert.deepEqual(await at(to), before, `${link.name}: each line has its own`);
        assert.deepEqual(await at(from), before, `${link.name}: the source keeps its rows`);
        assert.deepEqual(await restore(fixture, moved), [], link.name);
        assert.deepEqual([await at(to), await at(from)], [from.map(() => []), before], link.name);
      }
    },
    has('copy', 'line'),
  ),

  contractCase(
    'restoreLinks leaves, and names, a copy that was changed since',
    async (fixture) => {
      const { knex } = fixture;
      for (const link of linksOf(fixture.host, 'copy', 'invoice')) {
        const [target, source] = (await invoices(fixture, 2)) as [Id, Id];
        for (const id of [source, source]) await addLink(fixture, link, id);
        const moved = await move(fixture, [source], target);
        const [copy] = await linkRows(knex, link, target);
        const fixed = [link.column, ...[link.id].flat(), ...(link.unique ?? []), ...Object.keys(link.fixed ?? {})];
        const text = Object.keys(copy ?? {}).find((key) => typeof copy?.[key] === 'string' && !fixed.includes(key));
        if (!copy || text === undefined) continue;
        const same = Object.fromEntries([link.id].flat().map((key) => [key, copy[key] as string]));
        await knex(link.table)
          .where({ ...same, [link.column]: target })
          .update({ [text]: 'changed' });
        const left = await restore(fixture, moved);
        assert.deepEqual(how(left, link), [`copied ${source} ${target}`], `${link.name}: named as left`);
        assert.deepEqual(
          (await linkRows(knex, link, target)).map((row) => row[text]),
          ['changed'],
          `${link.name}: what somebody wrote stays, the other copy is gone`,
        );
      }
    },
    has('copy'),
  ),

  contractCase(
    'moveLinks leaves the target its own where an invoice bears one only, and restoreLinks changes none of it',
    async (fixture) => {
      const { host, knex } = fixture;
      for (const link of host.map.links.filter((one) => one.unique && one.to === 'invoice')) {
        const [target, source] = (await invoices(fixture, 2)) as [Id, Id];
        for (const id of [source, source]) await addLink(fixture, link, id);
        const before = await linkRows(knex, link, source);
        const own: Row = { ...before[0], [link.column]: target };
        if (typeof link.id === 'string') delete own[link.id];
        await knex(link.table).insert(own);
        const mine = await linkRows(knex, link, target);
        const moved = await move(fixture, [source], target);
        const bearing = (await linkRows(knex, link, target)).map((row) => link.unique?.map((column) => row[column]));
        assert.equal(bearing.length, 2, `${link.name}: one of each`);
        assert.equal(new Set(bearing.map((one) => JSON.stringify(one))).size, 2, `${link.name}: one of each`);
        assert.deepEqual(await restore(fixture, moved), [], link.name);
        assert.deepEqual(await linkRows(knex, link, target), mine, `${link.name}: the target's own stays`);
        assert.deepEqual(await linkRows(knex, link, source), before, link.name);
      }
    },
    (host) => host.map.links.some((link) => link.unique && link.to === 'invoice'),
  ),

  contractCase(
    'moveLinks touches no link that is kept or refused, and a refused one is told with the invoice',
    async (fixture) => {
      const { host, knex } = fixture;
      for (const link of host.map.links.filter(({ policy }) => policy === 'keep' || policy === 'refuse')) {
        const [target, source] = (await invoices(fixture, 2)) as [Id, Id];
        const [of, into] = [await loadOne(fixture, knex, source), await loadOne(fixture, knex, target)];
        const lineIds = of.lines.map((line, index): [Id, Id] => [line.id, into.lines[index]?.id ?? '']);
        const [from, to] = link.to === 'invoice' ? [source, target] : (lineIds[0] ?? ['', '']);
        await addLink(fixture, link, from);
        const before = await linkRows(knex, link, from);
        const { refusingLinks } = await loadOne(fixture, knex, source);
        assert.deepEqual(refusingLinks, link.policy === 'refuse' ? [link.name] : []);
        assert.deepEqual(how(await move(fixture, [source], target, lineIds), link), [], link.name);
        assert.deepEqual(await linkRows(knex, link, from), before, link.name);
        assert.deepEqual(await linkRows(knex, link, to), [], link.name);
      }
    },
    (host) => host.map.links.some(({ policy }) => policy === 'keep' || policy === 'refuse'),
  ),

  contractCase(
    'moveLinks drops a row that the target already has, and restoreLinks brings it back',
    async (fixture) => {
      const { host, knex } = fixture;
      for (const link of linksOf(host, 'move', 'invoice').filter((one) => Array.isArray(one.id))) {
        const [target, source] = (await invoices(fixture, 2)) as [Id, Id];
        for (const id of [source, source]) await addLink(fixture, link, id);
        const before = await linkRows(knex, link, source);
        await knex(link.table).insert({ ...before[0], [link.column]: target });
        const moved = await move(fixture, [source], target);
        assert.deepEqual(
          how(moved, link).sort(),
          [`dropped ${source} ${target}`, `moved ${source} ${target}`],
          link.name,
        );
        assert.deepEqual(await linkRows(knex, link, source), [], link.name);
        assert.equal((await linkRows(knex, link, target)).length, 2, link.name);
        assert.deepEqual(await restore(fixture, moved), [], link.name);
        assert.deepEqual(await linkRows(knex, link, source), before, link.name);
        assert.equal((await linkRows(knex, link, target)).length, 1, `${link.name}: the target keeps its own`);
      }
    },
    (host) => linksOf(host, 'move', 'invoice').some((link) => Array.isArray(link.id)),
  ),

  contractCase(
    'restoreLinks leaves, and names, a link that points elsewhere by now',
    async (fixture) => {
      const { host, knex } = fixture;
      for (const link of linksOf(host, 'move', 'invoice')) {
        const [target, source, elsewhere] = (await invoices(fixture, 3)) as [Id, Id, Id];
        await addLink(fixture, link, source);
        const moved = await move(fixture, [source], target);
        await knex(link.table)
          .where({ [link.column]: target, ...link.fixed })
          .update({ [link.column]: elsewhere });
        const left = await restore(fixture, moved);
        assert.deepEqual(
          left.map((one) => one.link),
          [link.name],
          `${link.name}: named as left`,
        );
        assert.equal((await linkRows(knex, link, elsewhere)).length, 1, `${link.name}: not stolen`);
        assert.deepEqual(await linkRows(knex, link, source), [], link.name);
      }
    },
    has('move'),
  ),
];
