/** Finds invoices of the host by what people and other tables know of them. */
import type { Knex } from 'knex';
import type { Day, Db, Id, Query, Row, TableMap } from './contract';
import { INVOICES, readHeads } from './heads';
import { seriesOfNumber } from './series';
import { CHUNK, contains, forIds, text, textOf } from './sql';

type Restrict = (query: Query, alias: string) => void;

function idQuery(db: Db, map: TableMap): Query {
  const query = db({ [INVOICES]: map.invoices.table }).select(
    text(db, `${INVOICES}.${map.invoices.id}`, 'imid'),
  ) as Query;
  map.invoices.only?.(query, INVOICES);
  return query;
}

const idsOf = async (query: Query): Promise<Id[]> => ((await query) as Row[]).map((row) => textOf(row.imid) ?? '');

/** The invoices that bear this number, as people write it; several where numbers begin anew each year. */
export async function idsByNumber(db: Db, map: TableMap, today: Day, number: string): Promise<Id[]> {
  const column = map.invoices.number;
  const query = idQuery(db, map).orderBy(`${INVOICES}.${map.invoices.id}`).limit(CHUNK);
  if (typeof column === 'string') return idsOf(query.where(`${INVOICES}.${column}`, number));
  const read = seriesOfNumber(map, 'invoice', number);
  const sequences = read ? [read.sequence] : [];
  const plain = /(\d{1,15})$/.exec(number)?.[1];
  if (plain) sequences.push(Number(plain));
  const ids = sequences.length > 0 ? await idsOf(query.whereIn(`${INVOICES}.${column.sequence}`, sequences)) : [];
  const heads = await readHeads(db, map, today, ids);
  return heads.filter(({ head }) => head.number === number).map(({ head }) => head.id);
}

/** Who bears any of these numbers now. */
export async function bearersOf(
  db: Db,
  map: TableMap,
  today: Day,
  numbers: string[],
): Promise<{ id: Id; number: string }[]> {
  const column = map.invoices.number;
  if (typeof column === 'string') {
    const rows = await forIds(
      numbers,
      (some) =>
        idQuery(db, map)
          .whereIn(`${INVOICES}.${column}`, some)
          .select(text(db, `${INVOICES}.${column}`, 'imnumber')) as PromiseLike<Row[]>,
    );
    return rows.map((row) => ({ id: textOf(row.imid) ?? '', number: textOf(row.imnumber) ?? '' }));
  }
  const bearers: { id: Id; number: string }[] = [];
  for (const number of numbers)
    for (const id of await idsByNumber(db, map, today, number)) bearers.push({ id, number });
  return bearers;
}

/** Which of the invoices that `among` selects are drafts that the person may see, oldest first. */
export async function draftIds(db: Db, map: TableMap, among: Knex.QueryBuilder, restrict: Restrict): Promise<Id[]> {
  const { id, issueDate, status } = map.invoices;
  const query = idQuery(db, map)
    .whereIn(`${INVOICES}.${id}`, among)
    .orderBy([`${INVOICES}.${issueDate}`, `${INVOICES}.${id}`])
    .where((narrowed) => void restrict(narrowed, INVOICES));
  if ('column' in status) query.whereIn(`${INVOICES}.${status.column}`, [status.values.draft].flat());
  else query.where((narrowed) => void status.where(narrowed, ['draft'], INVOICES));
  return idsOf(query);
}

/** Customers by id; those that do not exist are left out. */
export async function customerNames(db: Db, map: TableMap, ids: Id[]): Promise<Map<Id, string>> {
  const { table, id, name } = map.customers;
  const rows = await forIds(
    ids,
    (some) =>
      db({ customer: table })
        .whereIn(`customer.${id}`, some)
        .select(text(db, `customer.${id}`, 'imid'), text(db, `customer.${name}`, 'imname')) as PromiseLike<Row[]>,
  );
  return new Map(rows.map((row) => [textOf(row.imid) ?? '', textOf(row.imname) ?? '']));
}

/** The ids of the customers whose name contains this, as a subquery. */
export function customersNamed(db: Db, map: TableMap, term: string): Query {
  const { table, id, name } = map.customers;
  return db({ customer: table })
    .where(contains(db, `customer.${name}`, term))
    .select(`customer.${id}`) as Query;
}
