/** The host's payment methods, with the plugin's columns that make some of them external; apart from HostCrm, like own-columns.ts. */
import { PluginError } from '../errors';
import type { Db, Id, Query, Row, TableMap, Trx } from './contract';
import { flag, forIds, latest, text, textOf } from './sql';
import { own } from './table-map';

/** A row as it is kept; what the columns mean is billing's matter. */
export interface MethodRow {
  id: Id;
  name: string;
  /** What the host itself says; true where it has no such column. */
  active: boolean;
  isCash: boolean;
  kind: string | null;
  externalIdentifier: string | null;
  requiresReference: boolean;
  referenceLabel: string | null;
  referenceMask: string | null;
  imageId: string | null;
  integrationId: Id | null;
  archivedAt: string | null;
  usedAt: string | null;
}

export type MethodChange = Partial<Omit<MethodRow, 'id' | 'isCash'>>;

type MethodMap = NonNullable<TableMap['paymentMethods']>;

/** @throws IM_HOST_FAULT 500 where the map has none */
export function methodMap(map: TableMap): MethodMap {
  if (map.paymentMethods) return map.paymentMethods;
  throw new PluginError('IM_HOST_FAULT', 500, { where: 'paymentMethods', mend: 'map the table of payment methods' });
}

const OWN: Partial<Record<keyof MethodChange, string>> = {
  kind: 'kind',
  externalIdentifier: 'external_identifier',
  requiresReference: 'requires_reference',
  referenceLabel: 'reference_label',
  referenceMask: 'reference_mask',
  imageId: 'image_id',
  integrationId: 'integration_id',
  archivedAt: 'archived_at',
  usedAt: 'used_at',
};

function columnsOf(map: TableMap, change: MethodChange): Row {
  const { name, active } = methodMap(map);
  const row: Row = {};
  for (const [key, value] of Object.entries(change) as [keyof MethodChange, unknown][]) {
    const column = key === 'name' ? name : key === 'active' ? active : own(map, OWN[key] ?? '');
    // 1 and 0, not true and false: drivers of SQLite bind no booleans.
    if (column !== undefined) row[column] = typeof value === 'boolean' ? Number(value) : value;
  }
  return row;
}

function select(db: Db, map: TableMap): Query {
  const { table, id, name, active, cash } = methodMap(map);
  const cashRows = db(table)
    .where(cash as Record<string, string>)
    .select(id) as Query;
  const columns = [
    text(db, id, 'imid'),
    text(db, name, 'imname'),
    db.raw('CASE WHEN ?? IN (?) THEN 1 ELSE 0 END AS ??', [id, cashRows, 'imcash']),
    ...(active === undefined ? [] : [text(db, active, 'imactive')]),
    ...Object.values(OWN).map((column, at) => text(db, own(map, column), `imown${at}`)),
  ];
  return db(table).select(columns) as Query;
}

function read(map: TableMap, row: Row): MethodRow {
  const values = Object.fromEntries(Object.keys(OWN).map((key, at) => [key, textOf(row[`imown${at}`])]));
  return {
    ...(values as Omit<MethodRow, 'id' | 'name' | 'active' | 'isCash' | 'requiresReference'>),
    id: textOf(row.imid) ?? '',
    name: textOf(row.imname) ?? '',
    active: methodMap(map).active === undefined || flag(row.imactive),
    isCash: flag(row.imcash),
    requiresReference: flag(values.requiresReference),
  };
}

/** All of them in the order in which the host made them; with ids only those. In a transaction the latest. */
export async function readMethods(db: Db, map: TableMap, ids?: Id[]): Promise<MethodRow[]> {
  const { id } = methodMap(map);
  const rows =
    ids === undefined
      ? ((await latest(db, select(db, map)).orderBy(id)) as Row[])
      : await forIds(ids, (some) => latest(db, select(db, map)).whereIn(id, some).orderBy(id) as PromiseLike<Row[]>);
  // MySQL reads '12abc' as 12: only the id itself names the method.
  return rows.map((row) => read(map, row)).filter((row) => ids?.includes(row.id) ?? true);
}

/** Ids of the methods whose name the database takes for the same, `except` left out. */
export async function methodsNamed(db: Db, map: TableMap, wanted: string): Promise<Id[]> {
  const { table, id, name } = methodMap(map);
  const rows = (await latest(
    db,
    db(table)
      .where(name, wanted)
      .select(text(db, id, 'imid')),
  )) as Row[];
  return rows.map((row) => textOf(row.imid) ?? '');
}

export async function insertMethod(trx: Trx, map: TableMap, method: MethodChange): Promise<Id> {
  const { table, fixed } = methodMap(map);
  const [id] = (await trx(table).insert({ ...fixed, ...columnsOf(map, method) })) as [number];
  return String(id);
}

/** How many rows there were: 0 when it is gone. */
export async function updateMethod(trx: Trx, map: TableMap, methodId: Id, change: MethodChange): Promise<number> {
  const { table, id } = methodMap(map);
  return trx(table).where(id, methodId).update(columnsOf(map, change));
}

/**
 * Says of a method that a payment was made with it. Written once, by the first: the ones that follow only read, so that
 * two tills do not wait for each other. False when it is gone.
 */
export async function markMethodUsed(trx: Trx, map: TableMap, methodId: Id, at: string): Promise<boolean> {
  const { table, id } = methodMap(map);
  const usedAt = own(map, 'used_at');
  if (
    (await trx(table)
      .where(id, methodId)
      .whereNull(usedAt)
      .update({ [usedAt]: at })) > 0
  )
    return true;
  return (
    (
      await latest(
        trx,
        trx(table)
          .where(id, methodId)
          .select(text(trx, id, 'imid')),
      )
    ).length > 0
  );
}

/** Deletes a method that was never marked as used; false when it was, or is gone. The first payment writes the same row. */
export async function deleteUnusedMethod(trx: Trx, map: TableMap, methodId: Id): Promise<boolean> {
  const { table, id } = methodMap(map);
  return (await trx(table).where(id, methodId).whereNull(own(map, 'used_at')).delete()) > 0;
}

/** The host's own payments by each method; those that the plugin recorded bear a snapshot, and are counted by it. */
export async function countHostPayments(db: Db, map: TableMap, methodIds: Id[]): Promise<Map<Id, number>> {
  const { payments } = map;
  if (!payments) return new Map();
  const rows = await forIds(
    methodIds,
    (some) =>
      latest(
        db,
        db(payments.table)
          .whereIn(payments.method, some)
          .whereNull(own(map, 'method_snapshot'))
          .groupBy(payments.method)
          .select(text(db, payments.method, 'immethod'), db.raw('COUNT(*) AS ??', ['imcount'])),
      ) as PromiseLike<Row[]>,
  );
  return new Map(rows.map((row) => [textOf(row.immethod) ?? '', Number(row.imcount)]));
}
