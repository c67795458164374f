/** Finds a customer's open documents and what of their lines eligibility needs: a constant number of queries per 500. */
import Big from 'big.js';
import type { Day, Db, Id, InvoiceHead, InvoiceStatus, Query, Row, TableMap } from './contract';
import { headQuery, INVOICES, readHead } from './heads';
import { chunks, latest, text, textOf, under } from './sql';
import { taxFrom } from './taxes';

const OPEN: InvoiceStatus[] = ['draft', 'unpaid', 'overdue', 'partial'];

/**
 * All open documents of the customers, oldest first; at most 500 customers.
 * `search` finds numbers, amounts ('604,80', '604.8' and '1 604,80 €' alike) and the text of lines.
 */
export async function findCandidates(
  db: Db,
  map: TableMap,
  today: Day,
  q: { customerIds: Id[]; exclude?: Id; search?: string; restrict(query: Query, alias: string): void },
): Promise<InvoiceHead[]> {
  const { invoices } = map;
  const search = q.search?.trim() || undefined;
  const query = headQuery(db, map, search)
    .whereIn(`${INVOICES}.${invoices.customer}`, q.customerIds)
    .orderBy([`${INVOICES}.${invoices.issueDate}`, `${INVOICES}.${invoices.id}`]);
  if (q.exclude !== undefined) query.whereNot(`${INVOICES}.${invoices.id}`, q.exclude);
  const { status } = invoices;
  if ('column' in status)
    query.whereIn(
      `${INVOICES}.${status.column}`,
      OPEN.flatMap((name) => status.values[name]),
    );
  else query.where((narrowed) => void status.where(narrowed, OPEN, INVOICES));
  query.where((narrowed) => void q.restrict(narrowed, INVOICES));
  const found = ((await query) as Row[])
    .map((row) => readHead(db, map, today, row))
    .filter(({ head, textFound }) => OPEN.includes(head.status) && (!search || textFound || matches(head, search)))
    .map(({ head }) => head);
  const categories = await taxCategories(
    db,
    map,
    found.map(({ id }) => id),
  );
  return found.map((head) => ({ ...head, taxCategories: [...(categories.get(head.id) ?? [])].sort() }));
}

function matches(head: Pick<InvoiceHead, 'number' | 'total'>, search: string): boolean {
  if (head.number?.toLowerCase().includes(search.toLowerCase())) return true;
  const total = new Big(head.total);
  return amountsOf(search).some((typed) => total.eq(typed) || (!typed.includes('.') && total.round(0, 0).eq(typed)));
}

/**
 * What an amount may mean as people type or copy it: '1,604' is 1.604 in French, 1604 in English.
 * Without decimals it finds all amounts of that whole part: the person is still typing.
 */
function amountsOf(search: string): string[] {
  const typed = search
    .replace(/[\s'’]/g, '')
    .replace(/^(-|−)?[\p{Sc}]|(\p{Sc}|[a-z]{3})$/giu, '$1')
    .replace('−', '-')
    .replace(/[.,]$/, '');
  if (!/^-?\d{1,18}([.,]\d+)*$/.test(typed)) return [];
  const marks = typed.match(/[.,]/g) ?? [];
  const last = Math.max(typed.lastIndexOf('.'), typed.lastIndexOf(','));
  const whole = typed.replace(/[.,]/g, '');
  const decimals = typed.length - 1 - last;
  if (marks.length === 0) return [whole];
  const asDecimal = `${typed.slice(0, last).replace(/[.,]/g, '')}.${typed.slice(last + 1)}`;
  // The same mark twice separates thousands; two different ones tell which is which.
  if (marks.length > 1) return new Set(marks).size === 1 ? [whole] : [asDecimal];
  return decimals === 3 ? [asDecimal, whole] : [asDecimal];
}

/** Each tax category of an invoice's lines and of its own allowances and charges, without reading its lines. */
async function taxCategories(db: Db, map: TableMap, invoiceIds: Id[]): Promise<Map<Id, Set<string>>> {
  const found = new Map<Id, Set<string>>();
  for (const part of chunks(invoiceIds))
    for (const query of categoryQueries(db, map, part))
      for (const row of (await latest(db, query)) as Row[]) {
        const id = textOf(row.iminvoice);
        if (id === null || !textOf(row.imtaxrate)) continue;
        found.set(id, (found.get(id) ?? new Set()).add(taxFrom(row).category));
      }
  return found;
}

function categoryQueries(db: Db, map: TableMap, invoiceIds: Id[]): Query[] {
  const { lines, taxes, allowances = [] } = map;
  const distinct = (query: Query, invoice: string, rate: string, category: string | undefined): Query => {
    const columns = [text(db, invoice, 'iminvoice'), text(db, rate, 'imtaxrate')];
    return query.distinct(...columns, ...(category === undefined ? [] : [text(db, category, 'imtaxcategory')]));
  };
  const queries: Query[] = [];
  if (taxes) {
    const query = db({ line: lines.table })
      .whereIn(`line.${lines.invoice}`, invoiceIds)
      .where(under('line', lines.fixed)) as Query;
    const alias = 'table' in taxes ? 'tax' : 'line';
    if ('table' in taxes) {
      query.join({ tax: taxes.table }, `tax.${taxes.line}`, `line.${lines.id}`).where(under('tax', taxes.fixed));
      if (taxes.invoice) query.whereIn(`tax.${taxes.invoice}`, invoiceIds);
    }
    const category = taxes.category === undefined ? undefined : `${alias}.${taxes.category}`;
    queries.push(distinct(query, `line.${lines.invoice}`, `${alias}.${taxes.rate}`, category));
  }
  for (const part of allowances) {
    if (part.of !== 'invoice' || part.rate === undefined) continue;
    const query = db({ part: part.table }).whereIn(`part.${part.key}`, invoiceIds) as Query;
    const category = part.category === undefined ? undefined : `part.${part.category}`;
    queries.push(distinct(query, `part.${part.key}`, `part.${part.rate}`, category));
  }
  return queries;
}
