/** Reads whole invoices: a constant number of queries per 500. */
import { createHash } from 'node:crypto';
import Big from 'big.js';
import { invoiceTotals } from '../money/totals';
import type { AllowanceCharge, Tax } from '../money/types';
import type { Day, Db, Id, Invoice, InvoiceLine, Query, Row, TableMap } from './contract';
import { readHeads, type ReadHead } from './heads';
import { canonical, chunks, day, decimal, latest, text, textOf, under } from './sql';
import { own } from './table-map';
import { taxFrom } from './taxes';

interface ReadLine {
  invoiceId: Id;
  line: InvoiceLine;
  /** Mapped columns that no field of the line shows. */
  rest: (string | null)[];
}

/** Invoices with lines, taxes, discounts, totals and version, in the order of the ids; missing ids are left out. */
export async function loadInvoices(db: Db, map: TableMap, today: Day, ids: Id[]): Promise<Invoice[]> {
  const loaded: Invoice[] = [];
  for (const part of chunks([...new Set(ids)])) {
    const heads = await readHeads(db, map, today, part);
    const lines = await readLines(db, map, part);
    const lineById = new Map(lines.map((read) => [read.line.id, read.line]));
    await readTaxes(db, map, part, lineById);
    const allowances = await readAllowances(db, map, part, lineById);
    const linesOf = new Map<Id, ReadLine[]>();
    for (const read of lines) {
      const others = linesOf.get(read.invoiceId);
      if (others) others.push(read);
      else linesOf.set(read.invoiceId, [read]);
    }
    for (const head of heads)
      loaded.push(invoiceFrom(map, head, linesOf.get(head.head.id) ?? [], allowances.get(head.head.id) ?? []));
  }
  return loaded;
}

function invoiceFrom(map: TableMap, read: ReadHead, lines: ReadLine[], allowancesCharges: AllowanceCharge[]): Invoice {
  const { head, adjustment, discount, prepaid } = read;
  const document = { discount, allowancesCharges, adjustment, prepaid, lines: lines.map(({ line }) => line) };
  const totals = invoiceTotals(
    { currency: head.currency, pricesIncludeTax: head.pricesIncludeTax, ...document },
    { taxRounding: map.taxRounding ?? 'document' },
  );
  const taxes = [...document.lines.flatMap((line) => line.taxes), ...allowancesCharges.flatMap(({ tax }) => tax ?? [])];
  const taxCategories = [...new Set(taxes.map(({ category }) => category))].sort();
  return { ...head, taxCategories, ...document, totals, version: versionOf(read, document, lines) };
}

/** The plugin's own columns are not part of it: locking and tagging must not make an open form stale. */
function versionOf(
  { head, prepaid, rest }: ReadHead,
  document: Pick<Invoice, 'discount' | 'allowancesCharges' | 'adjustment'>,
  lines: ReadLine[],
): string {
  const content = {
    ...head,
    mergedIntoId: undefined,
    refusingLinks: undefined,
    // Time alone makes an invoice overdue; nobody changed it.
    status: head.status === 'overdue' ? 'unpaid' : head.status,
    discount: document.discount,
    allowancesCharges: document.allowancesCharges,
    adjustment: document.adjustment,
    prepaid,
    rest,
    lines: lines.map(({ line, rest: more }) => [
      { ...line, sourceInvoiceId: undefined, sourceLineId: undefined },
      more,
    ]),
  };
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
}

/** The lines of the invoices, by position: the base of every read and delete that follows lines. */
export function linesQuery(db: Db, map: TableMap, invoiceIds: Id[]): Query {
  const { lines } = map;
  return db({ line: lines.table })
    .whereIn(`line.${lines.invoice}`, invoiceIds)
    .where(under('line', lines.fixed)) as Query;
}

async function readLines(db: Db, map: TableMap, invoiceIds: Id[]): Promise<ReadLine[]> {
  const { lines, taxes } = map;
  const query = linesQuery(db, map, invoiceIds);
  const select = (alias: string, column: string | undefined): void => {
    if (column !== undefined) query.select(text(db, `line.${column}`, `im${alias}`));
  };
  select('id', lines.id);
  select('invoice', lines.invoice);
  select('description', lines.description);
  select('longdescription', lines.longDescription);
  select('quantity', lines.quantity);
  select('unit', lines.unit);
  select('unitprice', lines.unitPrice);
  select('basequantity', lines.baseQuantity);
  select('supplydate', lines.supplyDate);
  select('sourceinvoice', own(map, 'source_invoice_id'));
  select('sourceline', own(map, 'source_line_id'));
  lines.copy?.forEach((column, index) => select(`copy${index}`, column));
  if (taxes && !('table' in taxes)) {
    select('taxrate', taxes.rate);
    select('taxname', taxes.name);
    select('taxcategory', taxes.category);
  }
  if (lines.position) query.orderBy(`line.${lines.position}`);
  const rows = (await latest(db, query.orderBy(`line.${lines.id}`))) as Row[];
  return rows.map((row) => ({
    invoiceId: textOf(row.iminvoice) ?? '',
    line: lineFrom(row),
    rest: (lines.copy ?? []).map((_column, index) => canonical(row[`imcopy${index}`])),
  }));
}

function lineFrom(row: Row): InvoiceLine {
  const baseQuantity = decimal(row.imbasequantity);
  return {
    id: textOf(row.imid) ?? '',
    description: textOf(row.imdescription) ?? '',
    longDescription: textOf(row.imlongdescription),
    quantity: decimal(row.imquantity),
    unit: textOf(row.imunit),
    unitPrice: decimal(row.imunitprice),
    baseQuantity: new Big(baseQuantity).eq(0) ? '1' : baseQuantity,
    taxes: textOf(row.imtaxrate) ? [taxFrom(row)] : [],
    allowancesCharges: [],
    supplyDate: day(row.imsupplydate),
    sourceInvoiceId: textOf(row.imsourceinvoice),
    sourceLineId: textOf(row.imsourceline),
  };
}

async function readTaxes(db: Db, map: TableMap, invoiceIds: Id[], lines: Map<Id, InvoiceLine>): Promise<void> {
  const { taxes } = map;
  if (!taxes || !('table' in taxes)) return;
  const query = db({ tax: taxes.table })
    .select(text(db, `tax.${taxes.line}`, 'imline'), text(db, `tax.${taxes.rate}`, 'imtaxrate'))
    .where(under('tax', taxes.fixed)) as Query;
  if (taxes.name) query.select(text(db, `tax.${taxes.name}`, 'imtaxname'));
  if (taxes.category) query.select(text(db, `tax.${taxes.category}`, 'imtaxcategory'));
  if (taxes.invoice) query.whereIn(`tax.${taxes.invoice}`, invoiceIds);
  else query.whereIn(`tax.${taxes.line}`, linesQuery(db, map, invoiceIds).select(`line.${map.lines.id}`));
  for (const row of (await latest(db, query)) as Row[]) lines.get(textOf(row.imline) ?? '')?.taxes.push(taxFrom(row));
  // Rows of taxes have no order of their own; two reads of the same content must agree.
  for (const { taxes: read } of lines.values()) read.sort(inOrder);
}

async function readAllowances(
  db: Db,
  map: TableMap,
  invoiceIds: Id[],
  lines: Map<Id, InvoiceLine>,
): Promise<Map<Id, AllowanceCharge[]>> {
  const ofInvoices = new Map<Id, AllowanceCharge[]>();
  for (const part of map.allowances ?? []) {
    const query = db({ part: part.table }) as Query;
    const columns = { key: part.key, kind: part.kind, amount: part.amount, reason: part.reason, rate: part.rate };
    for (const [alias, column] of Object.entries({ ...columns, category: part.category }))
      if (column !== undefined) query.select(text(db, `part.${column}`, `im${alias}`));
    if (part.of === 'invoice') query.whereIn(`part.${part.key}`, invoiceIds);
    else query.whereIn(`part.${part.key}`, linesQuery(db, map, invoiceIds).select(`line.${map.lines.id}`));
    for (const row of (await latest(db, query)) as Row[]) {
      const key = textOf(row.imkey) ?? '';
      if (part.of === 'line') lines.get(key)?.allowancesCharges.push(allowanceFrom(row, false));
      else ofInvoices.set(key, [...(ofInvoices.get(key) ?? []), allowanceFrom(row, true)]);
    }
  }
  for (const list of ofInvoices.values()) list.sort(inOrder);
  for (const { allowancesCharges } of lines.values()) allowancesCharges.sort(inOrder);
  return ofInvoices;
}

function allowanceFrom(row: Row, ofDocument: boolean): AllowanceCharge {
  const reason = textOf(row.imreason);
  const rate = textOf(row.imrate);
  const tax = taxFrom({ imtaxrate: row.imrate, imtaxcategory: row.imcategory });
  return {
    kind: textOf(row.imkind) === 'charge' ? 'charge' : 'allowance',
    amount: decimal(row.imamount),
    ...(reason ? { reason } : {}),
    ...(ofDocument && rate ? { tax: { category: tax.category, rate: tax.rate } } : {}),
  };
}

function inOrder(a: Tax | AllowanceCharge, b: Tax | AllowanceCharge): number {
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}
