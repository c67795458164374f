/** Moves what points at sources or their lines (expenses, estimates, tags, files), by each link's policy; and back. */
import type { Id, MovedLink, Query, Row, TableMap, Trx } from './contract';
import { linesQuery } from './load';
import { chunks, forIds, text, textOf, under } from './sql';
import { bindable, columnsOf, insertExact, readExact, type Columns } from './snapshot';

type Link = TableMap['links'][number];

/**
 * `lineIds`: pairs of a source's line and the target's line that came from it.
 * `move`: rows point at the target; those it has already (the same tag: equal in all columns of a composite key, or in
 * those of `unique`) are deleted and `dropped`. `copy`: rows are doubled, but for those. `keep` and `refuse`: untouched.
 */
export async function moveLinks(
  trx: Trx,
  map: TableMap,
  from: { invoiceIds: Id[]; lineIds: [Id, Id][] },
  targetId: Id,
): Promise<MovedLink[]> {
  const links = map.links.filter(({ policy }) => policy === 'move' || policy === 'copy');
  if (links.length === 0) return [];
  const columns = await columnsOf(
    trx,
    links.map(({ table }) => table),
  );
  const moved: MovedLink[] = [];
  for (const link of links) {
    const goesTo = new Map<Id, Id>(link.to === 'line' ? from.lineIds : from.invoiceIds.map((id) => [id, targetId]));
    const rows = await rowsAt(trx, columns, link, [...goesTo.keys()]);
    if (rows.length === 0) continue;
    const { fresh, taken } = await withoutDoubles(trx, columns, link, rows, goesTo);
    if (link.policy === 'copy') moved.push(...(await copy(trx, columns, link, fresh, goesTo)));
    else moved.push(...(await move(trx, link, fresh, taken, goesTo)));
  }
  return moved;
}

/**
 * Returns those that it left: moved rows that point elsewhere by now, are gone, or whose place is taken, and copies that
 * somebody has changed. The invoices and lines that they go back to must exist again.
 */
export async function restoreLinks(trx: Trx, map: TableMap, moved: MovedLink[]): Promise<MovedLink[]> {
  const left: MovedLink[] = [];
  const links = map.links.filter(({ name }) => moved.some(({ link }) => link === name));
  left.push(...moved.filter(({ link }) => !links.some(({ name }) => name === link)));
  const columns = await columnsOf(
    trx,
    links.map(({ table }) => table),
  );
  for (const link of links) {
    const ours = moved.filter((one) => one.link === link.name);
    const at = (ids: Id[]): Promise<Row[]> => rowsAt(trx, columns, link, [...new Set(ids)]);
    const there = new Map((await at(ours.map(({ to }) => to))).map((row) => [keyText(link, row), row]));
    const atSources = new Set((await at(ours.map(({ from }) => from))).map((row) => bornBy(link, row)));
    const now = (one: MovedLink): Row | undefined => there.get(keyText(link, { ...one.row, [link.column]: one.to }));
    const returns = (one: MovedLink): boolean => now(one) !== undefined && !atSources.has(bornBy(link, one.row));
    const isChanged = ({ row }: MovedLink, found: Row): boolean =>
      Object.entries(row).some(([column, value]) => JSON.stringify(found[column]) !== JSON.stringify(value));
    const back = ours.filter((one) => one.how === 'moved' && returns(one));
    const copies = ours.filter((one) => one.how === 'copied').filter((one) => now(one) !== undefined);
    const changed = copies.filter((one) => isChanged(one, now(one) ?? {}));
    left.push(...ours.filter((one) => one.how === 'moved' && !returns(one)), ...changed);
    for (const part of chunks(back))
      await repoint(
        trx,
        link,
        part.map(({ row, from, to }) => [row, to, from]),
      );
    for (const part of chunks(copies.filter((one) => !changed.includes(one))))
      await deleteRows(
        trx,
        link,
        part.map(({ row }) => row),
      );
    const dropped = ours.filter(({ how, row }) => how === 'dropped' && !atSources.has(bornBy(link, row)));
    await insertExact(
      trx,
      link.table,
      dropped.map(({ row }) => row),
    );
  }
  return left;
}

/** Which invoices have rows of links of this policy, by the links' names: deleted, they would leave those rows pointing nowhere. */
export async function linksLeft(
  trx: Trx,
  map: TableMap,
  invoiceIds: Id[],
  of: Link['policy'],
): Promise<Map<Id, string[]>> {
  const kept = new Map<Id, string[]>();
  for (const { name, table, column, to, fixed } of map.links.filter(({ policy }) => policy === of)) {
    const rows = await forIds(invoiceIds, (some) => {
      const query =
        to === 'invoice'
          ? trx({ link: table })
              .whereIn(`link.${column}`, some)
              .select(text(trx, `link.${column}`, 'imid'))
          : linesQuery(trx, map, some)
              .join({ link: table }, `link.${column}`, `line.${map.lines.id}`)
              .select(text(trx, `line.${map.lines.invoice}`, 'imid'));
      return query.where(under('link', fixed)).forShare() as PromiseLike<Row[]>;
    });
    for (const id of new Set(rows.map((row) => textOf(row.imid) ?? ''))) kept.set(id, [...(kept.get(id) ?? []), name]);
  }
  return kept;
}

/** Names of the links that have rows on any of these lines. */
export async function linksOnLines(trx: Trx, map: TableMap, lineIds: Id[]): Promise<string[]> {
  const found: string[] = [];
  for (const { name, table, column, fixed } of map.links.filter(({ to }) => to === 'line')) {
    const rows = await forIds(
      lineIds,
      (some) =>
        trx({ link: table })
          .whereIn(`link.${column}`, some)
          .where(under('link', fixed))
          .forShare()
          .limit(1)
          .select(text(trx, `link.${column}`, 'imid')) as PromiseLike<Row[]>,
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}

async function rowsAt(trx: Trx, columns: Columns, link: Link, ids: Id[]): Promise<Row[]> {
  return forIds(ids, (some) => readExact(trx, columns, link.table, (query) => void at(query, link, some)));
}

function at(query: Query, link: Link, ids: Id[]): Query {
  for (const [column, value] of Object.entries(link.fixed ?? {})) query.where(`r.${column}`, value as string);
  return query.whereIn(`r.${link.column}`, ids);
}

function keyColumns(link: Link): string[] {
  return [link.id].flat();
}

const textIn = (row: Row, columns: string[]): string =>
  JSON.stringify(columns.map((column) => textOf(bindableText(row[column]))));

const keyText = (link: Link, row: Row): string => textIn(row, keyColumns(link));

/** By which columns an invoice or a line bears a row only once; null where it may bear any number. */
function onceBy(link: Link): string[] | null {
  if (link.unique) return [link.column, ...link.unique];
  return keyColumns(link).includes(link.column) ? keyColumns(link) : null;
}

const bornBy = (link: Link, row: Row): string => textIn(row, onceBy(link) ?? keyColumns(link));

function bindableText(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

/** Rows that the target, or another of the sources, bears already. */
async function withoutDoubles(
  trx: Trx,
  columns: Columns,
  link: Link,
  rows: Row[],
  goesTo: Map<Id, Id>,
): Promise<{ fresh: Row[]; taken: Row[] }> {
  if (!onceBy(link)) return { fresh: rows, taken: [] };
  const has = new Set(
    (await rowsAt(trx, columns, link, [...new Set(goesTo.values())])).map((row) => bornBy(link, row)),
  );
  const fresh: Row[] = [];
  const taken: Row[] = [];
  for (const row of rows) {
    const key = bornBy(link, { ...row, [link.column]: goesTo.get(idAt(link, row)) });
    if (has.has(key)) taken.push(row);
    else fresh.push(row);
    has.add(key);
  }
  return { fresh, taken };
}

function idAt(link: Link, row: Row): Id {
  return textOf(row[link.column]) ?? '';
}

function record(link: Link, row: Row, from: Id, to: Id, how: MovedLink['how']): MovedLink {
  return { link: link.name, row, from, to, how };
}

async function move(trx: Trx, link: Link, fresh: Row[], taken: Row[], goesTo: Map<Id, Id>): Promise<MovedLink[]> {
  const target = (row: Row): Id => goesTo.get(idAt(link, row)) ?? '';
  for (const part of chunks(taken)) await deleteRows(trx, link, part);
  for (const part of chunks(fresh))
    await repoint(
      trx,
      link,
      part.map((row) => [row, idAt(link, row), target(row)]),
    );
  return [
    ...fresh.map((row) => record(link, row, idAt(link, row), target(row), 'moved')),
    ...taken.map((row) => record(link, row, idAt(link, row), target(row), 'dropped')),
  ];
}

/** One UPDATE: each row, which is at `now`, gets `next`. */
async function repoint(trx: Trx, link: Link, steps: [row: Row, now: Id, next: Id][]): Promise<void> {
  const keys = keyColumns(link);
  const current = steps.map(([row, now, next]) => ({
    key: keys.map((column) => bindable(column === link.column ? now : row[column])),
    next,
  }));
  const arm = `WHEN ${keys.map(() => '?? = ?').join(' AND ')} THEN ? `;
  await trx(link.table)
    // Beside the key: composite keys alone may not find an index.
    .whereIn(link.column, [...new Set(steps.map(([, now]) => now))])
    .whereIn(keys, current.map(({ key }) => key) as string[][])
    .where((link.fixed ?? {}) as Record<string, string>)
    .update({
      [link.column]: trx.raw(`CASE ${arm.repeat(current.length)}ELSE ?? END`, [
        ...current.flatMap(({ key, next }) => [...keys.flatMap((column, index) => [column, key[index]]), next]),
        link.column,
      ] as string[]),
    });
}

async function deleteRows(trx: Trx, link: Link, rows: Row[]): Promise<void> {
  const keys = keyColumns(link);
  await trx(link.table)
    .whereIn(link.column, [...new Set(rows.map((row) => idAt(link, row)))])
    .whereIn(keys, rows.map((row) => keys.map((column) => bindable(row[column]))) as string[][])
    .where((link.fixed ?? {}) as Record<string, string>)
    .delete();
}

async function copy(trx: Trx, columns: Columns, link: Link, rows: Row[], goesTo: Map<Id, Id>): Promise<MovedLink[]> {
  if (rows.length === 0) return [];
  const targets = [...new Set(goesTo.values())];
  const keys = keyColumns(link);
  const before = new Set((await rowsAt(trx, columns, link, targets)).map((row) => keyText(link, row)));
  const inserted = rows.map((row) => {
    const doubled: Row = { ...row, [link.column]: goesTo.get(idAt(link, row)) };
    // The database gives the copy an id of its own.
    if (keys.length === 1 && keys[0] !== undefined && keys[0] !== link.column) delete doubled[keys[0]];
    return doubled;
  });
  await insertExact(trx, link.table, inserted);
  // Neither engine tells the ids of a multi-row insert: they are read back, told apart from what was there.
  const added = (await rowsAt(trx, columns, link, targets)).filter((row) => !before.has(keyText(link, row)));
  const origins = new Map<string, Id[]>();
  const content = (row: Row): string =>
    JSON.stringify(
      Object.entries(row).filter(([column]) => column !== link.column && (keys.length > 1 || column !== keys[0])),
    );
  for (const row of rows) origins.set(content(row), [...(origins.get(content(row)) ?? []), idAt(link, row)]);
  return added.map((row) => record(link, row, origins.get(content(row))?.shift() ?? '', idAt(link, row), 'copied'));
}
