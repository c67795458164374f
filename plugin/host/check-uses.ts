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

type Key = [table: string, column: string];
type Of = (at: string, table: string) => Uses;

interface Uses {
  table: string;
  at: string;
  add(entry: string, column: string | undefined, expects?: Expectation, refersTo?: Key): void;
  addKeys(entry: string, row: Row | undefined): void;
}

/** In the order of the map, each use once. */
export function columnUses(map: TableMap): ColumnUse[] {
  const uses: ColumnUse[] = [];
  const of: Of = (at, table) => ({
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
  const invoiceId: Key = [map.invoices.table, map.invoices.id];
  const lineId: Key = [map.lines.table, map.lines.id];

  invoiceUses(of('invoices', map.invoices.table), map);
  lineUses(of('lines', map.lines.table), map.lines, invoiceId);
  taxUses(of, map.taxes, map.lines.table, invoiceId, lineId);
  allowanceUses(of, map.allowances, invoiceId, lineId);
  const customers = of('customers', map.customers.table);
  customers.add('id', map.customers.id);
  customers.add('name', map.customers.name);
  moneyUses(of, map, invoiceId);
  creditNoteUses(of, map, invoiceId);
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
    for (const column of link.unique ?? []) table.add('unique', column);
    table.add('column', link.column, 'any', link.to === 'invoice' ? invoiceId : lineId);
    table.addKeys('fixed', link.fixed);
  });
  return uses;
}

function invoiceUses(table: Uses, { invoices, customers }: TableMap): void {
  table.add('id', invoices.id);
  table.add('customer', invoices.customer, 'any', [customers.table, customers.id]);
  numberUses(table, invoices.number);
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
  for (const column of invoices.copy ?? []) table.add('copy', column);
}

function numberUses(table: Uses, number: TableMap['invoices']['number']): void {
  if (typeof number === 'string') return table.add('number', number);
  table.add('number.sequence', number.sequence);
  table.add('number.prefix', number.prefix);
  table.add('number.date', number.date, 'day');
}

function lineUses(table: Uses, lines: TableMap['lines'], parent: Key): void {
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

function taxUses(of: Of, taxes: TableMap['taxes'], linesTable: string, documentId: Key, lineId: Key, at = ''): void {
  if (!taxes) return;
  const table = of(`${at}taxes`, 'table' in taxes ? taxes.table : linesTable);
  if ('table' in taxes) {
    table.add('line', taxes.line, 'any', lineId);
    table.add('invoice', taxes.invoice, 'any', documentId);
    table.addKeys('fixed', taxes.fixed);
  }
  table.add('rate', taxes.rate, 'amount');
  table.add('name', taxes.name);
  table.add('category', taxes.category);
}

function allowanceUses(of: Of, allowances: TableMap['allowances'], documentId: Key, lineId: Key, at = ''): void {
  allowances?.forEach((allowance, index) => {
    const table = of(`${at}allowances[${index}]`, allowance.table);
    table.add('key', allowance.key, 'any', allowance.of === 'invoice' ? documentId : lineId);
    table.add('kind', allowance.kind);
    table.add('amount', allowance.amount, 'amount');
    table.add('reason', allowance.reason);
    table.add('rate', allowance.rate, 'amount');
    table.add('category', allowance.category);
  });
}

function creditNoteUses(of: Of, map: TableMap, invoiceId: Key): void {
  const { creditNotes: notes } = map;
  if (!notes) return;
  const noteId: Key = [notes.table, notes.id];
  const lineId: Key = [notes.lines.table, notes.lines.id];
  const table = of('creditNotes', notes.table);
  table.add('id', notes.id);
  numberUses(table, notes.number);
  table.add('customer', notes.customer, 'any', [map.customers.table, map.customers.id]);
  table.add('date', notes.date, 'day');
  table.add('invoice', notes.invoice, 'any', invoiceId);
  for (const name of ['currency', 'pricesIncludeTax', 'note'] as const) table.add(name, notes[name]);
  for (const name of ['total', 'subtotal', 'taxTotal', 'adjustment'] as const) table.add(name, notes[name], 'amount');
  table.addKeys('fixed', notes.fixed);
  const invoices = of('creditNotes.copy', map.invoices.table);
  for (const column of notes.copy ?? []) {
    table.add('copy', column);
    invoices.add('from', column);
  }
  lineUses(of('creditNotes.lines', notes.lines.table), notes.lines, noteId);
  taxUses(of, notes.taxes, notes.lines.table, noteId, lineId, 'creditNotes.');
  allowanceUses(of, notes.allowances, noteId, lineId, 'creditNotes.');
  const applied = of('creditNotes.appliedTo', notes.appliedTo.table);
  applied.add('note', notes.appliedTo.note, 'any', noteId);
  applied.add('invoice', notes.appliedTo.invoice, 'any', invoiceId);
  applied.add('amount', notes.appliedTo.amount, 'amount');
  applied.add('date', notes.appliedTo.date, 'day');
  applied.addKeys('fixed', notes.appliedTo.fixed);
}

function moneyUses(of: Of, map: TableMap, invoiceId: Key): void {
  const { payments, credits, paymentMethods } = map;
  if (payments) {
    const table = of('payments', payments.table);
    table.add('id', payments.id);
    table.add('invoice', payments.invoice, 'any', invoiceId);
    table.add('amount', payments.amount, 'amount');
    table.add('method', payments.method);
    table.add('date', payments.date, 'day');
    table.add('note', payments.note);
  }
  if (paymentMethods) {
    const table = of('paymentMethods', paymentMethods.table);
    for (const name of ['id', 'name', 'active'] as const) table.add(name, paymentMethods[name]);
    table.addKeys('cash', paymentMethods.cash);
    table.addKeys('fixed', paymentMethods.fixed);
  }
  if (credits) {
    const table = of('credits', credits.table);
    table.add('invoice', credits.invoice, 'any', invoiceId);
    table.add('amount', credits.amount, 'amount');
  }
}
