/** Every table and column that a map names, with what the plugin expects of it. */
import type { Row, TableMap } from './contract';

/** `amount`: exact numbers (money, quantities, rates); `day`: a date or a text, never a number. */
export type Expectation = 'any' | 'amount' | 'day';

export interface ColumnUse {
  /** Where the map says so: 'invoices.total', 'links[2].column'. */
  entry: string;
  table: string;
  column: string;
  expects: Expectation;
  /** The id that this column holds, as [table, column]. */
  refersTo?: [string, string];
}

interface Uses {
  table: string;
  at: string;
  add(entry: string, column: string | undefined, expects?: Expectation, refersTo?: [string, string]): void;
  addKeys(entry: string, row: Row | undefined): void;
}

/** In the order of the map, each use once. */
export function columnUses(map: TableMap): ColumnUse[] {
  const uses: ColumnUse[] = [];
  const of = (at: string, table: string): Uses => ({
    at,
    table,
    add(entry, column, expects = 'any', refersTo) {
      if (column !== undefined) uses.push({ entry: `${at}.${entry}`, table, column, expects, refersTo });
    },
    addKeys(entry, row) {
      for (const column of Object.keys(row ?? {}))
        uses.push({ entry: `${at}.${entry}`, table, column, expects: 'any' });
    },
  });
  const invoiceId: [string, string] = [map.invoices.table, map.invoices.id];
  const lineId: [string, string] = [map.lines.table, map.lines.id];

  invoiceUses(of('invoices', map.invoices.table), map);
  lineUses(of('lines', map.lines.table), map.lines, invoiceId);
  taxUses(of, map, invoiceId, lineId);
  map.allowances?.forEach((allowance, index) => {
    const table = of(`allowances[${index}]`, allowance.table);
    table.add('key', allowance.key, 'any', allowance.of === 'invoice' ? invoiceId : lineId);
    table.add('kind', allowance.kind);
    table.add('amount', allowance.amount, 'amount');
    table.add('reason', allowance.reason);
    table.add('rate', allowance.rate, 'amount');
    table.add('category', allowance.category);
  });
  const customers = of('customers', map.customers.table);
  customers.add('id', map.customers.id);
  customers.add('name', map.customers.name);
  moneyUses(of, map, invoiceId);
  for (const [name, series] of Object.entries(map.series ?? {})) {
    if (!series.next) continue;
    const next = of(`series.${name}.next`, series.next.table);
    next.add('column', series.next.column);
    next.addKeys('where', series.next.where);
  }
  map.owned.forEach((owned, index) => {
    const table = of(`owned[${index}]`, owned.table);
    table.add('invoice', owned.invoice, 'any', invoiceId);
    table.addKeys('fixed', owned.fixed);
  });
  map.links.forEach((link, index) => {
    const table = of(`links[${index}]`, link.table);
    for (const id of [link.id].flat()) table.add('id', id);
    table.add('column', link.column, 'any', link.to === 'invoice' ? invoiceId : lineId);
    table.addKeys('fixed', link.fixed);
  });
  return uses;
}

function invoiceUses(table: Uses, { invoices, customers }: TableMap): void {
  table.add('id', invoices.id);
  table.add('customer', invoices.customer, 'any', [customers.table, customers.id]);
  if (typeof invoices.number === 'string') table.add('number', invoices.number);
  else {
    table.add('number.sequence', invoices.number.sequence);
    table.add('number.prefix', invoices.number.prefix);
    table.add('number.date', invoices.number.date, 'day');
  }
  table.add('issueDate', invoices.issueDate, 'day');
  table.add('dueDate', invoices.dueDate, 'day');
  if (typeof invoices.currency === 'string') table.add('currency', invoices.currency);
  for (const name of ['total', 'subtotal', 'taxTotal', 'adjustment', 'prepaid'] as const)
    table.add(name, invoices[name], 'amount');
  for (const name of ['note', 'recurring', 'company', 'reminderLevel', 'sent', 'blocked', 'transmitted'] as const)
    table.add(name, invoices[name]);
  if (typeof invoices.pricesIncludeTax === 'string') table.add('pricesIncludeTax', invoices.pricesIncludeTax);
  if (invoices.discount) {
    const { value, kind, basis } = invoices.discount;
    table.add('discount.value', value, 'amount');
    if (kind !== 'percent' && kind !== 'amount') table.add('discount.kind', kind);
    if (basis !== 'before_tax' && basis !== 'after_tax') table.add('discount.basis', basis);
  }
  table.add('kind.column', invoices.kind?.column);
  if ('column' in invoices.status) table.add('status.column', invoices.status.column);
  else
    for (const [status, row] of Object.entries(invoices.status.set ?? {})) table.addKeys(`status.set.${status}`, row);
  for (const column of invoices.mustMatch ?? []) table.add('mustMatch', column);
  for (const column of invoices.askIfDiffer ?? []) table.add('askIfDiffer', column);
}

function lineUses(table: Uses, lines: TableMap['lines'], parent: [string, string]): void {
  table.add('id', lines.id);
  table.add('invoice', lines.invoice, 'any', parent);
  table.add('position', lines.position);
  table.add('description', lines.description);
  table.add('longDescription', lines.longDescription);
  table.add('quantity', lines.quantity, 'amount');
  table.add('unit', lines.unit);
  table.add('unitPrice', lines.unitPrice, 'amount');
  table.add('baseQuantity', lines.baseQuantity, 'amount');
  table.add('supplyDate', lines.supplyDate, 'day');
  table.addKeys('fixed', lines.fixed);
  for (const column of lines.copy ?? []) table.add('copy', column);
}

function taxUses(
  of: (at: string, table: string) => Uses,
  map: TableMap,
  invoiceId: [string, string],
  lineId: [string, string],
): void {
  const { taxes } = map;
  if (!taxes) return;
  const table = of('taxes', 'table' in taxes ? taxes.table : map.lines.table);
  if ('table' in taxes) {
    table.add('line', taxes.line, 'any', lineId);
    table.add('invoice', taxes.invoice, 'any', invoiceId);
    table.addKeys('fixed', taxes.fixed);
  }
  table.add('rate', taxes.rate, 'amount');
  table.add('name', taxes.name);
  table.add('category', taxes.category);
}

function moneyUses(of: (at: string, table: string) => Uses, map: TableMap, invoiceId: [string, string]): void {
  const { payments, credits, creditNotes } = map;
  if (payments) {
    const table = of('payments', payments.table);
    table.add('id', payments.id);
    table.add('invoice', payments.invoice, 'any', invoiceId);
    table.add('amount', payments.amount, 'amount');
    table.add('method', payments.method);
    table.add('date', payments.date, 'day');
    table.add('note', payments.note);
  }
  if (credits) {
    const table = of('credits', credits.table);
    table.add('invoice', credits.invoice, 'any', invoiceId);
    table.add('amount', credits.amount, 'amount');
  }
  if (creditNotes) {
    const table = of('creditNotes', creditNotes.table);
    table.add('id', creditNotes.id);
    table.add('number', creditNotes.number);
    table.add('customer', creditNotes.customer, 'any', [map.customers.table, map.customers.id]);
    table.add('date', creditNotes.date, 'day');
    lineUses(of('creditNotes.lines', creditNotes.lines.table), creditNotes.lines, [creditNotes.table, creditNotes.id]);
    const applied = of('creditNotes.appliedTo', creditNotes.appliedTo.table);
    applied.add('note', creditNotes.appliedTo.note, 'any', [creditNotes.table, creditNotes.id]);
    applied.add('invoice', creditNotes.appliedTo.invoice, 'any', invoiceId);
    applied.add('amount', creditNotes.appliedTo.amount, 'amount');
  }
}
