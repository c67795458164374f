/** Reads the heads of invoices: all that eligibility is judged from, in one query whatever their number. */
import Big from 'big.js';
import type { Knex } from 'knex';
import { minorUnit } from '../money/currency';
import type { Decimal, Discount } from '../money/types';
import type { Day, Db, Id, InvoiceHead, InvoiceStatus, Query, Row, TableMap } from './contract';
import { numberOf } from './patterns';
import { patternUnder } from './series';
import { canonical, contains, day, decimal, flag, latest, sum, sumFrom, text, textOf, under } from './sql';
import { own } from './table-map';

/** The invoice table's alias in every query that a host's `only`, `where` or `restrict` narrows. */
export const INVOICES = 'inv';

/** A head with what only the loader needs of the same row. */
export interface ReadHead {
  head: Omit<InvoiceHead, 'taxCategories'>;
  adjustment: Decimal;
  prepaid: Decimal;
  discount: Discount | null;
  /** Mapped columns that no field of the head shows, for the version. */
  rest: (string | null)[];
  textFound: boolean;
}

/** Heads by id, in the order of the ids; missing ones are left out. At most 500 ids. */
export async function readHeads(db: Db, map: TableMap, today: Day, ids: Id[]): Promise<ReadHead[]> {
  const query = latest(db, headQuery(db, map).whereIn(`${INVOICES}.${map.invoices.id}`, ids));
  const byId = new Map(((await query) as Row[]).map((row) => [textOf(row.imid), readHead(db, map, today, row)]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** All columns that `readHead` reads, of all invoices. Aliases begin with `im` and have no underscore: they neither hide the host's columns nor change under case mappers. */
export function headQuery(db: Db, map: TableMap, search?: string): Query {
  const { invoices, payments, credits, lines } = map;
  const at = (column: string): string => `${INVOICES}.${column}`;
  const query = db({ [INVOICES]: invoices.table }) as Query;
  const { status, number, kind, discount } = invoices;
  if (!('column' in status)) query.select(`${INVOICES}.*`);
  const select = (alias: string, column: string | undefined): void => {
    if (column !== undefined) query.select(text(db, at(column), `im${alias}`));
  };
  select('id', invoices.id);
  select('customer', invoices.customer);
  if (typeof number === 'string') select('number', number);
  else {
    select('sequence', number.sequence);
    select('prefix', number.prefix);
    select('numberdate', number.date);
  }
  select('issuedate', invoices.issueDate);
  select('duedate', invoices.dueDate);
  select('currency', typeof invoices.currency === 'string' ? invoices.currency : undefined);
  for (const key of [
    'total',
    'adjustment',
    'prepaid',
    'recurring',
    'company',
    'sent',
    'blocked',
    'transmitted',
  ] as const)
    select(key, invoices[key]);
  select('pricesincludetax', typeof invoices.pricesIncludeTax === 'string' ? invoices.pricesIncludeTax : undefined);
  select('reminderlevel', invoices.reminderLevel);
  select('kind', kind?.column);
  select('status', 'column' in status ? status.column : undefined);
  select('discountvalue', discount?.value);
  select('discountkind', discountColumn(discount?.kind, ['percent', 'amount']));
  select('discountbasis', discountColumn(discount?.basis, ['before_tax', 'after_tax']));
  select('mergedinto', own(map, 'merged_into_id'));
  invoices.mustMatch?.forEach((column, index) => select(`mustmatch${index}`, column));
  invoices.askIfDiffer?.forEach((column, index) => select(`askifdiffer${index}`, column));
  for (const key of ['note', 'subtotal', 'taxTotal'] as const) select(`rest${key.toLowerCase()}`, invoices[key]);

  if (payments) countAndSum(db, query, 'payment', payments, at(invoices.id));
  if (credits) countAndSum(db, query, 'credit', credits, at(invoices.id));
  map.links.forEach((link, index) => {
    if (link.policy !== 'refuse') return;
    const rows = db({ link: link.table }).select(db.raw('1')).where(under('link', link.fixed));
    if (link.to === 'invoice') rows.where('link.' + link.column, db.ref(at(invoices.id)));
    else
      rows.whereIn(
        `link.${link.column}`,
        db({ line: lines.table })
          .select(`line.${lines.id}`)
          .where(under('line', lines.fixed))
          .where(`line.${lines.invoice}`, db.ref(at(invoices.id))),
      );
    query.select(db.raw('EXISTS ? AS ??', [latest(db, rows), `imrefuse${index}`]));
  });
  if (search) {
    const found = db({ line: lines.table })
      .select(db.raw('1'))
      .where(under('line', lines.fixed))
      .where(`line.${lines.invoice}`, db.ref(at(invoices.id)))
      .where((either) => {
        for (const column of [lines.description, lines.longDescription])
          if (column) either.orWhere(contains(db, `line.${column}`, search));
      });
    query.select(db.raw('EXISTS ? AS ??', [found, 'imtextfound']));
  }
  invoices.only?.(query, INVOICES);
  return query;
}

function countAndSum(
  db: Db,
  query: Query,
  alias: string,
  part: { table: string; invoice: string; amount: string },
  invoiceId: string,
): void {
  // The lock of the outer query does not reach a sub-select: without its own it may read an older snapshot.
  const rows = (): Knex.QueryBuilder =>
    latest(db, db({ part: part.table }).where(`part.${part.invoice}`, db.ref(invoiceId)) as Query);
  query.select(db.raw('? AS ??', [rows().count('*'), `im${alias}count`]));
  query.select(db.raw('? AS ??', [rows().select(sum(db, `part.${part.amount}`)), `im${alias}sum`]));
}

function discountColumn(given: string | undefined, words: string[]): string | undefined {
  return given !== undefined && !words.includes(given) ? given : undefined;
}

/** A row of `headQuery`. */
export function readHead(db: Db, map: TableMap, today: Day, row: Row): ReadHead {
  const { invoices } = map;
  const currency =
    typeof invoices.currency === 'string'
      ? (textOf(row.imcurrency) ?? '').trim().toUpperCase()
      : invoices.currency.value;
  const amount = (value: Decimal): Decimal => amountText(value, currency);
  const prepaid = decimal(row.imprepaid);
  const paid = sumFrom(db, row.impaymentsum);
  const hasPrepaid = !new Big(prepaid).eq(0);
  const issueDate = day(row.imissuedate) ?? '';
  const dueDate = day(row.imduedate);
  const { status, credited } = statusOf(map, today, row, dueDate);
  const { pricesIncludeTax } = invoices;
  const adjustment = decimal(row.imadjustment);
  const discount = discountOf(map, row);
  const head: ReadHead['head'] = {
    id: textOf(row.imid) ?? '',
    number: shownNumber(map, row),
    status,
    customerId: textOf(row.imcustomer) ?? '',
    companyId: textOf(row.imcompany),
    currency,
    issueDate,
    dueDate,
    total: amount(decimal(row.imtotal)),
    pricesIncludeTax: typeof pricesIncludeTax === 'string' ? flag(row.impricesincludetax) : (pricesIncludeTax ?? false),
    ordinary: !invoices.kind || textOf(row.imkind) === String(invoices.kind.invoice),
    recurring: flag(row.imrecurring),
    sent: flag(row.imsent),
    transmitted: flag(row.imtransmitted),
    blocked: flag(row.imblocked),
    credited,
    adjusted: !new Big(adjustment).eq(0) || discount?.basis === 'after_tax',
    mergedIntoId: textOf(row.immergedinto),
    reminderLevel: Number(textOf(row.imreminderlevel) ?? 0) || 0,
    payments: {
      count: Number(textOf(row.impaymentcount) ?? 0) + (hasPrepaid ? 1 : 0),
      sum: amount(new Big(paid).plus(prepaid).toFixed()),
    },
    credits: { count: Number(textOf(row.imcreditcount) ?? 0), sum: amount(sumFrom(db, row.imcreditsum)) },
    refusingLinks: map.links.filter((_link, index) => flag(row[`imrefuse${index}`])).map(({ name }) => name),
    mustMatch: compared(invoices.mustMatch, row, 'immustmatch'),
    askIfDiffer: compared(invoices.askIfDiffer, row, 'imaskifdiffer'),
  };
  return {
    head,
    adjustment,
    prepaid,
    discount,
    rest: [textOf(row.imrestnote), canonical(row.imrestsubtotal), canonical(row.imresttaxtotal)],
    textFound: flag(row.imtextfound),
  };
}

/** With the currency's decimals; what the host stored finer stays so. */
function amountText(value: Decimal, currency: string): Decimal {
  return new Big(value).toFixed(Math.max(minorUnit(currency), value.split('.')[1]?.length ?? 0));
}

function compared(columns: string[] | undefined, row: Row, alias: string): Record<string, string | null> {
  return Object.fromEntries((columns ?? []).map((column, index) => [column, canonical(row[`${alias}${index}`])]));
}

function shownNumber(map: TableMap, row: Row): string | null {
  if (typeof map.invoices.number === 'string') return textOf(row.imnumber) || null;
  const sequence = textOf(row.imsequence);
  // Hosts that keep the sequence apart often write 0 into drafts.
  if (sequence === null || !(Number(sequence) > 0)) return null;
  const pattern = patternUnder(map, 'invoice', textOf(row.imprefix));
  const date = day(row.imnumberdate);
  return pattern && date ? numberOf(pattern, sequence, date) : `${textOf(row.imprefix) ?? ''}${sequence}`;
}

function discountOf(map: TableMap, row: Row): Discount | null {
  const { discount } = map.invoices;
  const value = decimal(row.imdiscountvalue);
  if (!discount || new Big(value).eq(0)) return null;
  const kind = textOf(row.imdiscountkind) ?? discount.kind;
  const basis = textOf(row.imdiscountbasis) ?? discount.basis;
  return {
    kind: kind === 'percent' ? 'percent' : 'amount',
    value,
    basis: basis === 'after_tax' ? 'after_tax' : 'before_tax',
  };
}

function statusOf(
  map: TableMap,
  today: Day,
  row: Row,
  dueDate: Day | null,
): { status: InvoiceStatus; credited: boolean } {
  const mapped = map.invoices.status;
  if (!('column' in mapped)) return { status: mapped.of(plainRow(row), today), credited: false };
  const value = textOf(row.imstatus);
  // Settled by a credit note: nothing is due any more, and it is not cancelled.
  if (mapped.credited !== undefined && value === String(mapped.credited)) return { status: 'paid', credited: true };
  const names = (Object.keys(mapped.values) as InvoiceStatus[]).filter((name) =>
    [mapped.values[name]].flat().some((one) => String(one) === value),
  );
  if (names.includes('unpaid') && names.includes('overdue'))
    return { status: dueDate !== null && dueDate < today ? 'overdue' : 'unpaid', credited: false };
  // A value that the map does not name (archived, say) is as closed to merging as a cancelled one.
  return { status: names[0] ?? 'cancelled', credited: false };
}

/** The host's own row for its `of`: what drivers make of dates differs, so it gets them as text. */
function plainRow(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, value instanceof Date ? moment(value) : value]),
  );
}

function moment(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const days = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return time === '00:00:00' ? days : `${days} ${time}`;
}
