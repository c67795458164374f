/** Opens drafts that are made of lines of another invoice: what a corrected merge goes on from. */
import { allowanceRow } from './allowances';
import type { Id, NewDraft, Query, Row, TableMap, Trx } from './contract';
import { copiedColumns, insertLineParts, insertLineRows, lineRow } from './lines';
import { numberRow } from './numbers';
import { bindableRow, columnsOf, readExact } from './snapshot';
import { forIds, insertRows, text, textOf, under } from './sql';
import { demandStatusRow } from './table-map';

/**
 * One draft each, without number, in the order of `drafts`. Totals are not computed: `saveTotals` follows.
 * Columns of the invoice that it is like go along where the map names them: company, price basis, kind, those of
 * `mustMatch` and `copy`. Answers the ids of its lines in the order that they were given.
 */
export async function createDrafts(
  trx: Trx,
  map: TableMap,
  drafts: NewDraft[],
): Promise<{ invoiceId: Id; lineIds: Id[] }[]> {
  const { invoices } = map;
  const stored = await storedColumns(trx, map, [...new Set(drafts.map(({ like }) => like))]);
  const part = map.allowances?.find((one) => one.of === 'invoice');
  const made: { invoiceId: Id; lineIds: Id[] }[] = [];
  for (const draft of drafts) {
    // One by one: neither engine tells the ids of several rows.
    const [id] = (await trx(invoices.table).insert({
      ...stored.get(draft.like),
      ...draftRow(map, draft),
    })) as [number];
    const invoiceId = String(id);
    if (part)
      await insertRows(
        trx,
        part.table,
        draft.allowancesCharges.map((one) => allowanceRow(part, invoiceId, one)),
      );
    made.push({ invoiceId, lineIds: await insertLines(trx, map, invoiceId, draft) });
  }
  return made;
}

function draftRow(map: TableMap, draft: NewDraft): Row {
  const { invoices } = map;
  const row: Row = {
    ...numberRow(map, 'invoice', null),
    ...demandStatusRow(map, 'draft'),
    [invoices.customer]: draft.customerId,
    [invoices.issueDate]: draft.issueDate,
    [invoices.total]: '0',
  };
  const write = (column: string | undefined, value: unknown): void => {
    if (column !== undefined) row[column] = value;
  };
  write(invoices.dueDate, draft.dueDate);
  write(typeof invoices.currency === 'string' ? invoices.currency : undefined, draft.currency);
  write(invoices.subtotal, '0');
  write(invoices.taxTotal, '0');
  write(invoices.adjustment, draft.adjustment);
  write(invoices.prepaid, '0');
  write(invoices.note, draft.note);
  write(invoices.discount?.value, '0');
  return row;
}

async function storedColumns(trx: Trx, map: TableMap, ids: Id[]): Promise<Map<Id, Row>> {
  const { table, id, company, pricesIncludeTax, kind, mustMatch = [], copy = [] } = map.invoices;
  const wanted = [
    ...(company ? [company] : []),
    ...(typeof pricesIncludeTax === 'string' ? [pricesIncludeTax] : []),
    ...(kind ? [kind.column] : []),
    ...mustMatch,
    ...copy,
  ];
  const columns = await columnsOf(trx, [table]);
  columns.set(
    table,
    (columns.get(table) ?? []).filter(({ name }) => name === id || wanted.includes(name)),
  );
  const rows = await forIds(ids, (some) =>
    readExact(trx, columns, table, (query) => void query.whereIn(`r.${id}`, some)),
  );
  return new Map(
    rows.map((row) => {
      const { [id]: key, ...rest } = bindableRow(row);
      return [textOf(key) ?? '', rest];
    }),
  );
}

async function insertLines(trx: Trx, map: TableMap, invoiceId: Id, draft: NewDraft): Promise<Id[]> {
  const { lines } = map;
  const copies = await copiedColumns(trx, map, draft.lines, lines.copy);
  await insertLineRows(
    trx,
    lines.table,
    draft.lines.map((line, index) => ({
      sourceLineId: line.sourceLineId,
      row: {
        ...copies.get(line.sourceLineId ?? ''),
        ...lineRow(map, line),
        ...lines.fixed,
        ...(lines.position ? { [lines.position]: index + 1 } : {}),
        [lines.invoice]: invoiceId,
      },
    })),
  );
  const query = trx({ line: lines.table })
    .select(text(trx, `line.${lines.id}`, 'imid'))
    .where(`line.${lines.invoice}`, invoiceId)
    .where(under('line', lines.fixed)) as Query;
  if (lines.position) query.orderBy(`line.${lines.position}`);
  const ids = ((await query.orderBy(`line.${lines.id}`)) as Row[]).map((row) => textOf(row.imid) ?? '');
  await insertLineParts(
    trx,
    map,
    draft.lines.map((line, index) => ({ line, documentId: invoiceId, id: ids[index] ?? '' })),
  );
  return ids;
}
