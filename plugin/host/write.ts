/** Writes the target: its lock, lines, own fields and totals. */
import Big from 'big.js';
import { PluginError } from '../errors';
import { totalOf } from '../money/totals';
import type { AllowanceCharge, Totals } from '../money/types';
import type { CarriedLine, Day, Id, Invoice, InvoiceStatus, Query, Row, TableMap, Trx } from './contract';
import { loadInvoices } from './load';
import { numberRow } from './numbers';
import { bindableRow, columnsOf, readExact } from './snapshot';
import { chunks, forIds, insertRows, text, textOf, under } from './sql';
import { demandStatusRow, own, statusRow } from './table-map';

/** The locking write: whoever else depends on one of these invoices waits, or fails on a cluster. One statement. */
export async function touchInvoices(trx: Trx, map: TableMap, ids: Id[]): Promise<void> {
  if (ids.length === 0) return;
  const version = own(map, 'version');
  await trx(map.invoices.table)
    .whereIn(map.invoices.id, ids)
    .update({ [version]: trx.raw('COALESCE(??, 0) + 1', [version]) });
}

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

type Allowances = NonNullable<TableMap['allowances']>[number];

function allowanceRow(part: Allowances, key: Id, { kind, amount, reason, tax }: AllowanceCharge): Row {
  return {
    [part.key]: key,
    [part.kind]: kind,
    [part.amount]: amount,
    ...(part.reason ? { [part.reason]: reason ?? null } : {}),
    ...(part.rate ? { [part.rate]: tax?.rate ?? null } : {}),
    ...(part.category ? { [part.category]: tax?.category ?? null } : {}),
  };
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

/** The given fields only. A discount of null becomes 0; allowances are replaced by the given list, those that stay are not touched. */
export async function updateInvoice(
  trx: Trx,
  map: TableMap,
  id: Id,
  change: Partial<
    Pick<
      Invoice,
      'number' | 'status' | 'issueDate' | 'dueDate' | 'discount' | 'allowancesCharges' | 'adjustment' | 'reminderLevel'
    >
  >,
): Promise<void> {
  const { invoices } = map;
  const row: Row = {};
  const write = (column: string | undefined, value: unknown): void => {
    if (column !== undefined && value !== undefined) row[column] = value;
  };
  if (change.number !== undefined) Object.assign(row, numberRow(map, change.number));
  if (change.status !== undefined) Object.assign(row, demandStatusRow(map, change.status));
  write(invoices.issueDate, change.issueDate);
  write(invoices.dueDate, change.dueDate);
  write(invoices.adjustment, change.adjustment);
  write(invoices.reminderLevel, change.reminderLevel);
  const { discount } = invoices;
  if (discount && change.discount !== undefined) {
    row[discount.value] = change.discount?.value ?? '0';
    if (change.discount && discount.kind !== 'percent' && discount.kind !== 'amount')
      row[discount.kind] = change.discount.kind;
    if (change.discount && discount.basis !== 'before_tax' && discount.basis !== 'after_tax')
      row[discount.basis] = change.discount.basis;
  }
  if (Object.keys(row).length > 0) await trx(invoices.table).where(invoices.id, id).update(row);
  if (change.allowancesCharges) await replaceAllowances(trx, map, id, change.allowancesCharges);
}

async function replaceAllowances(trx: Trx, map: TableMap, invoiceId: Id, wanted: AllowanceCharge[]): Promise<void> {
  const part = map.allowances?.find((one) => one.of === 'invoice');
  if (!part) return;
  const [current] = await loadInvoices(trx, map, '9999-12-31', [invoiceId]);
  const missing = [...wanted];
  const superfluous = (current?.allowancesCharges ?? []).filter((one) => {
    const found = missing.findIndex((other) => sameAllowance(one, other));
    if (found >= 0) missing.splice(found, 1);
    return found < 0;
  });
  for (const one of new Set(superfluous.map((allowance) => comparable(allowance)))) {
    const allowance = superfluous.find((other) => comparable(other) === one);
    if (!allowance) continue;
    await trx(part.table)
      .where(allowanceRow(part, invoiceId, allowance) as Record<string, string>)
      .delete();
    // Equal rows cannot be told apart: those that stay are written anew.
    missing.push(...wanted.filter((other) => comparable(other) === one));
  }
  await insertRows(
    trx,
    part.table,
    missing.map((allowance) => allowanceRow(part, invoiceId, allowance)),
  );
}

function comparable({ kind, amount, reason, tax }: AllowanceCharge): string {
  const rate = tax && new Big(tax.rate).toFixed();
  return JSON.stringify([kind, new Big(amount).toFixed(), reason ?? '', tax?.category ?? '', rate ?? '']);
}

function sameAllowance(one: AllowanceCharge, other: AllowanceCharge): boolean {
  return comparable(one) === comparable(other);
}

/** Computes and stores the totals. Payments decide partial and paid; drafts, cancelled ones and those without payments keep their status. */
export async function saveTotals(
  trx: Trx,
  map: TableMap,
  today: Day,
  invoiceId: Id,
): Promise<{ totals: Totals; status: InvoiceStatus }> {
  const [invoice] = await loadInvoices(trx, map, today, [invoiceId]);
  if (!invoice) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId });
  const { totals } = invoice;
  const { table, id, total, subtotal, taxTotal } = map.invoices;
  const status = statusByPayments(invoice);
  const settled = status === invoice.status ? null : statusRow(map, status);
  await trx(table)
    .where(id, invoiceId)
    .update({
      [total]: totalOf(totals),
      ...(subtotal ? { [subtotal]: totals.taxExclusive } : {}),
      ...(taxTotal ? { [taxTotal]: totals.tax } : {}),
      ...settled,
    });
  return { totals, status: settled ? status : invoice.status };
}

function statusByPayments({ status, payments, totals }: Invoice): InvoiceStatus {
  if (status === 'draft' || status === 'cancelled' || payments.count === 0) return status;
  const paid = new Big(payments.sum);
  if (paid.lte(0)) return status;
  return paid.gte(totalOf(totals)) ? 'paid' : 'partial';
}
