/** Appends the target's lines and takes them out again. */
import { allowanceRow } from './allowances';
import type { CarriedLine, Id, Query, Row, TableMap, Trx } from './contract';
import { bindableRow, columnsOf, readExact } from './snapshot';
import { chunks, forIds, insertRows, text, textOf, under } from './sql';
import { own } from './table-map';

/** After the target's last line, in the given order, with taxes and allowances, tagged with where they came from. */
export async function appendLines(trx: Trx, map: TableMap, targetId: Id, carried: CarriedLine[]): Promise<void> {
  if (carried.length === 0) return;
  const { lines } = map;
  const before = await targetLines(trx, map, targetId);
  const last = before.reduce((highest, { position }) => Math.max(highest, position), 0);
  const copies = await copiedColumns(trx, map, carried, map.lines.copy);
  const rows = carried.map((line, index) => ({
    sourceLineId: line.sourceLineId,
    row: {
      ...copies.get(line.sourceLineId ?? ''),
      ...line.extra,
      ...lineRow(map, line),
      ...lines.fixed,
      ...(lines.position ? { [lines.position]: last + 1 + index } : {}),
      [lines.invoice]: targetId,
      [own(map, 'source_invoice_id')]: line.sourceInvoiceId,
      [own(map, 'source_line_id')]: line.sourceLineId,
    },
  }));
  await insertLineRows(trx, lines.table, rows);
  const ids = await insertedIds(trx, map, targetId, carried, new Set(before.map(({ id }) => id)));
  await insertLineParts(
    trx,
    map,
    carried.map((line, index) => ({ line, id: ids[index] ?? '', documentId: targetId })),
  );
}

/** Taxes and allowances of lines that have just been inserted. */
export async function insertLineParts(
  trx: Trx,
  { taxes, allowances }: Pick<TableMap, 'taxes' | 'allowances'>,
  inserted: { line: CarriedLine; id: Id; documentId: Id }[],
): Promise<void> {
  if (taxes && 'table' in taxes)
    await insertRows(
      trx,
      taxes.table,
      inserted.flatMap(({ line, id, documentId }) =>
        line.taxes.map((tax) => ({
          [taxes.line]: id,
          ...(taxes.invoice ? { [taxes.invoice]: documentId } : {}),
          ...(taxes.name ? { [taxes.name]: tax.name } : {}),
          [taxes.rate]: tax.rate,
          ...(taxes.category ? { [taxes.category]: tax.category } : {}),
          ...taxes.fixed,
        })),
      ),
    );
  const part = allowances?.find((one) => one.of === 'line');
  if (part)
    await insertRows(
      trx,
      part.table,
      inserted.flatMap(({ line, id }) => line.allowancesCharges.map((allowance) => allowanceRow(part, id, allowance))),
    );
}

/** Carried discounts have neither copied columns nor, as a rule, unit and details: there the table's defaults stand. */
export async function insertLineRows(
  trx: Trx,
  table: string,
  lines: { sourceLineId: Id | null; row: Row }[],
): Promise<void> {
  const rowsOf = (discounts: boolean): Row[] =>
    lines.filter(({ sourceLineId }) => (sourceLineId === null) === discounts).map(({ row }) => row);
  await insertRows(trx, table, rowsOf(false));
  await insertRows(trx, table, withoutEmpty(rowsOf(true)));
}

function withoutEmpty(rows: Row[]): Row[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([column]) => rows.some((one) => one[column] != null))),
  );
}

/** What a line says of itself, in the columns that the map names. */
export function lineRow({ lines, taxes }: Pick<TableMap, 'lines' | 'taxes'>, line: CarriedLine): Row {
  const row: Row = {
    [lines.description]: line.description,
    [lines.quantity]: line.quantity,
    [lines.unitPrice]: line.unitPrice,
  };
  const write = (column: string | undefined, value: unknown): void => {
    if (column !== undefined) row[column] = value;
  };
  write(lines.longDescription, line.longDescription);
  write(lines.unit, line.unit);
  write(lines.baseQuantity, line.baseQuantity);
  write(lines.supplyDate, line.supplyDate);
  if (taxes && !('table' in taxes)) {
    const tax = line.taxes[0];
    write(taxes.rate, tax?.rate ?? null);
    write(taxes.name, tax?.name ?? null);
    write(taxes.category, tax?.category ?? null);
  }
  return row;
}

/** The host's own columns that a line takes along, read from the source's line. */
export async function copiedColumns(
  trx: Trx,
  map: TableMap,
  carried: CarriedLine[],
  copy: string[] = [],
): Promise<Map<Id, Row>> {
  const { table, id } = map.lines;
  if (copy.length === 0) return new Map();
  const columns = await columnsOf(trx, [table]);
  columns.set(
    table,
    (columns.get(table) ?? []).filter(({ name }) => name === id || copy.includes(name)),
  );
  const ids = carried.flatMap(({ sourceLineId }) => sourceLineId ?? []);
  const rows = await forIds(ids, (some) =>
    readExact(trx, columns, table, (query) => void query.whereIn(`r.${id}`, some)),
  );
  return new Map(
    rows.map((row) => {
      const { [id]: key, ...copied } = bindableRow(row);
      return [textOf(key) ?? '', copied];
    }),
  );
}

interface TargetLine {
  id: Id;
  position: number;
  key: string;
}

async function targetLines(trx: Trx, map: TableMap, targetId: Id): Promise<TargetLine[]> {
  const { table, id, invoice, position, fixed } = map.lines;
  const query = trx({ line: table })
    .select(
      text(trx, `line.${id}`, 'imid'),
      text(trx, `line.${own(map, 'source_invoice_id')}`, 'imsourceinvoice'),
      text(trx, `line.${own(map, 'source_line_id')}`, 'imsourceline'),
    )
    .where(`line.${invoice}`, targetId)
    .where(under('line', fixed)) as Query;
  if (position) query.select(text(trx, `line.${position}`, 'imposition')).orderBy(`line.${position}`);
  const rows = (await query.orderBy(`line.${id}`).forUpdate()) as Row[];
  return rows.map((row) => ({
    id: textOf(row.imid) ?? '',
    position: Number(textOf(row.imposition) ?? 0),
    key: tagKey(textOf(row.imsourceinvoice), textOf(row.imsourceline)),
  }));
}

function tagKey(sourceInvoiceId: Id | null, sourceLineId: Id | null): string {
  return `${sourceInvoiceId ?? ''} ${sourceLineId ?? ''}`;
}

/** Neither engine tells the ids of a multi-row insert, and they need not be consecutive: read back by their tags, in order. */
async function insertedIds(
  trx: Trx,
  map: TableMap,
  targetId: Id,
  carried: CarriedLine[],
  before: Set<Id>,
): Promise<Id[]> {
  const byTag = new Map<string, Id[]>();
  for (const { id, key } of await targetLines(trx, map, targetId)) {
    if (before.has(id)) continue;
    const same = byTag.get(key);
    if (same) same.push(id);
    else byTag.set(key, [id]);
  }
  return carried.map((line) => byTag.get(tagKey(line.sourceInvoiceId, line.sourceLineId))?.shift() ?? '');
}

/** Lines of the target only: ids of other invoices' lines are left alone. */
export async function removeLines(trx: Trx, map: TableMap, targetId: Id, lineIds: Id[]): Promise<void> {
  const { lines, taxes } = map;
  for (const some of chunks(lineIds)) {
    const ours = (): Query =>
      trx({ line: lines.table })
        .select(`line.${lines.id}`)
        .whereIn(`line.${lines.id}`, some)
        .where(`line.${lines.invoice}`, targetId)
        .where(under('line', lines.fixed)) as Query;
    for (const part of map.allowances ?? [])
      if (part.of === 'line') await trx(part.table).whereIn(part.key, ours()).delete();
    if (taxes && 'table' in taxes)
      await trx(taxes.table)
        .whereIn(taxes.line, ours())
        .where((taxes.fixed ?? {}) as Record<string, string>)
        .delete();
    await trx(lines.table)
      .whereIn(lines.id, some)
      .where({ [lines.invoice]: targetId, ...(lines.fixed as Record<string, string>) })
      .delete();
  }
}
