/** What becomes of merged invoices, and what brings them back. */
import type { Db, Id, Query, Row, Snapshot, TableMap, Trx } from './contract';
import { linesQuery } from './load';
import { appended, chunks, forIds } from './sql';
import { columnsOf, idOf, insertExact, putBack, readExact } from './snapshot';
import { demandStatusRow, own } from './table-map';

/** Cancelled, no longer reminded, with the note on a line of its own; numbers and `sent` stay as they are, drafts get none. */
export async function cancelInvoices(trx: Trx, map: TableMap, ids: Id[], note: string): Promise<Snapshot[]> {
  const { table, id, note: noteColumn } = map.invoices;
  const snapshots = await snapshotsOf(trx, map, ids, [invoiceRows(map)]);
  const change: Row = { ...demandStatusRow(map, 'cancelled'), [own(map, 'reminders_off')]: 1 };
  if (noteColumn) change[noteColumn] = appended(trx, noteColumn, note);
  for (const part of chunks(ids)) await trx(table).whereIn(id, part).update(change);
  return snapshots;
}

/** Gone with their lines, taxes, allowances, owned rows and the originals of copied links; all of it is in the snapshots. */
export async function deleteInvoices(trx: Trx, map: TableMap, ids: Id[]): Promise<Snapshot[]> {
  const parts = [invoiceRows(map), ...childRows(map)];
  const snapshots = await snapshotsOf(trx, map, ids, parts);
  for (const part of parts.reverse())
    for (const some of chunks(ids)) {
      // MySQL cannot delete under an alias that a sub-select of the same table uses: plain conditions only.
      await part.narrow(trx, trx(part.table) as Query, part.table, some).delete();
    }
  return snapshots;
}

/** Undoes both: rows that still exist are put back, rows that are gone are inserted with their ids. A second call changes nothing. */
export async function restoreInvoices(trx: Trx, map: TableMap, snapshots: Snapshot[]): Promise<void> {
  const { table, id } = map.invoices;
  const ids = snapshots.map(({ invoiceId }) => invoiceId);
  const present = new Set(
    (
      await forIds(ids, (some) => trx(table).whereIn(id, some).select({ imid: id }).forUpdate() as PromiseLike<Row[]>)
    ).map((row) => String(row.imid)),
  );
  const tables = [...new Set([table, ...childRows(map).map((part) => part.table)])];
  const columns = await columnsOf(trx, tables);
  const kept = snapshots.filter(({ invoiceId }) => present.has(invoiceId));
  await putBack(trx, columns, table, id, rowsOf(kept, table));
  const gone = snapshots.filter(({ invoiceId }) => !present.has(invoiceId));
  for (const name of tables) await insertExact(trx, name, rowsOf(gone, name));
}

function rowsOf(snapshots: Snapshot[], table: string): Row[] {
  return snapshots.flatMap(({ tables }) => tables[table] ?? []);
}

interface Part {
  table: string;
  /** The column that leads to the invoice or to its line. */
  key: string;
  of: 'invoice' | 'line';
  /** Conditions on the part's rows of these invoices; `alias` is how the query calls the table. */
  narrow(db: Db, query: Query, alias: string, invoiceIds: Id[]): Query;
}

function partOf(map: TableMap, table: string, key: string, of: 'invoice' | 'line', fixed?: Row): Part {
  return {
    table,
    key,
    of,
    narrow(db, query, alias, invoiceIds) {
      for (const [column, value] of Object.entries(fixed ?? {})) query.where(`${alias}.${column}`, value as string);
      return of === 'invoice'
        ? query.whereIn(`${alias}.${key}`, invoiceIds)
        : query.whereIn(`${alias}.${key}`, linesQuery(db, map, invoiceIds).select(`line.${map.lines.id}`));
    },
  };
}

function invoiceRows(map: TableMap): Part {
  return partOf(map, map.invoices.table, map.invoices.id, 'invoice');
}

/** Parents first: inserted in this order, deleted in the opposite one. */
function childRows(map: TableMap): Part[] {
  const { lines, taxes } = map;
  const parts = [partOf(map, lines.table, lines.invoice, 'invoice', lines.fixed)];
  if (taxes && 'table' in taxes) parts.push(partOf(map, taxes.table, taxes.line, 'line', taxes.fixed));
  for (const part of map.allowances ?? []) parts.push(partOf(map, part.table, part.key, part.of));
  for (const part of map.owned) parts.push(partOf(map, part.table, part.invoice, 'invoice', part.fixed));
  for (const link of map.links)
    if (link.policy === 'copy') parts.push(partOf(map, link.table, link.column, link.to, link.fixed));
  return parts;
}

async function snapshotsOf(trx: Trx, map: TableMap, ids: Id[], parts: Part[]): Promise<Snapshot[]> {
  const columns = await columnsOf(
    trx,
    parts.map(({ table }) => table),
  );
  const snapshots = new Map(ids.map((invoiceId): [Id, Snapshot] => [invoiceId, { invoiceId, tables: {} }]));
  const invoiceOfLine = new Map<string, Id>();
  const seen = new Set<string>();
  for (const part of parts) {
    for (const some of chunks(ids)) {
      const rows = await readExact(trx, columns, part.table, (query) => void part.narrow(trx, query, 'r', some));
      for (const row of rows) {
        const key = idOf(row, part.key);
        const invoiceId = part.of === 'line' ? invoiceOfLine.get(key) : key;
        if (part.table === map.lines.table) invoiceOfLine.set(idOf(row, map.lines.id), key);
        // A table may be mapped twice (owned and linked, say): each of its rows is kept once.
        const identity = `${part.table} ${JSON.stringify(row)}`;
        const snapshot = snapshots.get(invoiceId ?? '');
        if (!snapshot || (seen.has(identity) && parts.filter(({ table }) => table === part.table).length > 1)) continue;
        seen.add(identity);
        (snapshot.tables[part.table] ??= []).push(row);
      }
    }
  }
  return [...snapshots.values()].filter(({ tables }) => tables[map.invoices.table]);
}
