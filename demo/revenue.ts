/** Revenue and VAT per month, of what counts as revenue: the plugin knows which invoices that leaves out. */
import { Big } from 'big.js';
import type { Demo } from './context';
import { groupedBy } from './sums';

interface PerRate {
  taxable: Big;
  tax: Big;
}
interface Month {
  month: string;
  count: number;
  net: Big;
  gross: Big;
  rates: Map<string, PerRate>;
}

export interface RevenueRow {
  month: string;
  count: number;
  net: string;
  gross: string;
  /** By the report's rates, in their order. */
  taxable: string[];
  vat: string[];
}
export interface RevenueReport {
  currency: string;
  /** Highest first. */
  rates: string[];
  rows: RevenueRow[];
  total: Omit<RevenueRow, 'month'>;
}

/** The years that have invoices, latest first; the current one where there is none yet. */
export async function revenueYears({ knex, today }: Demo): Promise<string[]> {
  const days = (await knex('crm_invoices').distinct().pluck('issued_on')) as string[];
  const years = [...new Set(days.map((day) => String(day).slice(0, 4)))].sort().reverse();
  return years.length > 0 ? years : [today().slice(0, 4)];
}

/** One report per currency, EUR first. */
export async function revenueOf({ knex, merge, host }: Demo, year: string): Promise<RevenueReport[]> {
  const query = knex('crm_invoices as i').whereBetween('i.issued_on', [`${year}-01-01`, `${year}-12-31`]);
  merge.reportable(query, { invoices: 'i' });
  const ids = (await query.select<{ id: number }[]>('i.id')).map((row) => String(row.id));
  const invoices = ids.length > 0 ? await host.loadInvoices(knex, ids) : [];
  return [...groupedBy(invoices, (invoice) => invoice.currency)]
    .sort(([a], [b]) => Number(b === 'EUR') - Number(a === 'EUR') || a.localeCompare(b))
    .map(([currency, list]) => reportOf(currency, list));
}

type Counted = Awaited<ReturnType<Demo['host']['loadInvoices']>>[number];

function reportOf(currency: string, invoices: Counted[]): RevenueReport {
  const months = [...groupedBy(invoices, ({ issueDate }) => issueDate.slice(0, 7))]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([month, list]) => monthOf(month, list));
  const rates = [...new Set(months.flatMap((month) => [...month.rates.keys()]))].sort((a, b) => new Big(b).cmp(a));
  const rowOf = (month: Month): RevenueRow => ({
    month: month.month,
    count: month.count,
    net: month.net.toFixed(),
    gross: month.gross.toFixed(),
    taxable: rates.map((rate) => (month.rates.get(rate)?.taxable ?? new Big(0)).toFixed()),
    vat: rates.map((rate) => (month.rates.get(rate)?.tax ?? new Big(0)).toFixed()),
  });
  return { currency, rates, rows: months.map(rowOf), total: rowOf(monthOf('', invoices)) };
}

function monthOf(month: string, invoices: Counted[]): Month {
  const sum: Month = { month, count: invoices.length, net: new Big(0), gross: new Big(0), rates: new Map() };
  for (const { totals } of invoices) {
    sum.net = sum.net.plus(totals.taxExclusive);
    sum.gross = sum.gross.plus(totals.taxInclusive);
    for (const { rate, taxable, tax } of totals.taxes) {
      const key = new Big(rate).toFixed();
      const known = sum.rates.get(key) ?? { taxable: new Big(0), tax: new Big(0) };
      sum.rates.set(key, { taxable: known.taxable.plus(taxable), tax: known.tax.plus(tax) });
    }
  }
  return sum;
}
