/** Appends the target's lines and takes them out again. */
import { allowanceRow } from './allowances';
import type { CarriedLine, Id, Query, Row, TableMap, Trx } from './contract';
import { bindableRow, columnsOf, readExact } from './snapshot';
import { chunks, forIds, insertRows, text, textOf, under } from './sql';
import { own } from './table-map';

/** After the target's last line, in the given order, with taxes and allowances, tagged with where they came from. */
export async function appendLines(trx: Trx, map: TableMap, targetId: Id, carried: CarriedLine[]): Promise<void> {
  if (carried.length === 0) return;
  const { lines, taxes } = map;
  const before = await targetLines(trx, map, targetId);
  const last = before.reduce((highest, { position }) => Math.max(highest, position), 0);
  const copies = await copiedColumns(trx, map, carried);
  const rows = carried.map((line, index) => ({
    ...copies.get(line.sourceLineId ?? ''),
    ...line.extra,
    ...lineRow(map, line),
    ...lines.fixed,
    ...(lines.position ? { [lines.position]: last + 1 + index } : {}),
    [lines.invoice]: targetId,
    [own(map, 'source_invoice_id')]: line.sourceInvoiceId,
    [own(map, 'source_line_id')]: line.sourceLineId,
  }));
  const isLine = (_row: Row, index: number): boolean => carried[index]?.sourceLineId != null;
  await insertRows(trx, lines.table, rows.filter(isLine));
  // Carried discounts have neither copied columns nor, as a rule, unit and details: the table's defaults stand.
  await insertRows(trx, lines.table, withoutEmpty(rows.filter((row, index) => !isLine(row, index))));
  const ids = await insertedIds(trx, map, targetId, carried, new Set(before.map(({ id }) => id)));
  if (taxes && 'table' in taxes)
    await insertRows(
      trx,
      taxes.table,
      carried.flatMap((line, index) =>
        line.taxes.map((tax) => ({
          [taxes.line]: ids[index],
          ...(taxes.invoice ? { [taxes.invoice]: targetId } : {}),
          ...(taxes.name ? { [taxes.name]: tax.name } : {}),
          [taxes.rate]: tax.rate,
          ...(taxes.category ? { [taxes.category]: tax.category } : {}),
          ...taxes.fixed,
        })),
      ),
    );
  const part = map.allowances?.find((one) => one.of === 'line');
  if (part)
    await insertRows(
      trx,
      part.table,
      carried.flatMap((line, index) =>
        line.allowancesCharges.map((allowance) => allowanceRow(part, ids[index] ?? '', allowance)),
      ),
    );
}

function withoutEmpty(rows: Row[]): Row[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([column]) => rows.some((one) => one[column] != null))),
  );
}

function lineRow(map: TableMap, line: CarriedLine): Row {
  const { lines, taxes } = map;
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
async function copiedColumns(trx: Trx, map: TableMap, carried: CarriedLine[]): Promise<Map<Id, Row>> {
  const { table, id, copy } = map.lines;
  if (!copy?.length) return new Map();
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
