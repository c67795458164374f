/** Conditions that the host's own reports and reminder job add to their queries on the invoice table. */
import type { InvoiceStatus, Query, TableMap } from './contract';
import { own } from './table-map';

/** Leaves out drafts and all cancelled invoices; credited ones stay. */
export function reportable(query: Query, map: TableMap, alias: string): void {
  without(query, map, alias, ['draft', 'cancelled']);
}

/** Leaves out every cancelled or settled invoice and those whose overdue reminders are off. */
export function remindable(query: Query, map: TableMap, alias: string): void {
  without(query, map, alias, ['cancelled']);
  const { status } = map.invoices;
  if ('column' in status && status.credited !== undefined) query.whereNot(`${alias}.${status.column}`, status.credited);
  query.whereNull(`${alias}.${own(map, 'merged_into_id')}`);
  query.where(
    (on) =>
      void on.whereNull(`${alias}.${own(map, 'reminders_off')}`).orWhere(`${alias}.${own(map, 'reminders_off')}`, 0),
  );
}

function without(query: Query, map: TableMap, alias: string, left: InvoiceStatus[]): void {
  const { status } = map.invoices;
  if ('column' in status)
    query.whereNotIn(
      `${alias}.${status.column}`,
      left.flatMap((name) => status.values[name]),
    );
  else {
    const all: InvoiceStatus[] = ['draft', 'unpaid', 'overdue', 'partial', 'paid', 'cancelled'];
    const kept = all.filter((name) => !left.includes(name));
    // In brackets: the host's condition may use OR.
    query.where((narrowed) => void status.where(narrowed, kept, alias));
  }
}
