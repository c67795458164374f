/** Revenue and VAT per month: invoices that count (the plugin knows which do not) less credit notes, each on its own day. */
import { Big } from 'big.js';
import type { Totals } from 'crm-invoice-merge';
import type { Demo } from './context';
import { readNotes } from './credit-notes';
import { groupedBy } from './sums';

interface PerRate {
  taxable: Big;
  tax: Big;
}
interface Month {
  month: string;
  count: number;
  notes: number;
  net: Big;
  gross: Big;
  rates: Map<string, PerRate>;
}

export interface RevenueRow {
  month: string;
  /** Invoices, and credit notes, whose amounts count below zero. */
  count: number;
  notes: number;
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

/** The years that have documents, latest first; the current one where there is none yet. */
export async function revenueYears({ knex, today }: Demo): Promise<string[]> {
  const daysOf = (table: string) => knex(table).distinct().pluck('issued_on') as Promise<string[]>;
  const days = [...(await daysOf('crm_invoices')), ...(await daysOf('crm_credit_notes'))];
  const years = [...new Set(days.map((day) => String(day).slice(0, 4)))].sort().reverse();
  return years.length > 0 ? years : [today().slice(0, 4)];
}

interface Counted {
  currency: string;
  issueDate: string;
  totals: Totals;
  /** -1 for a credit note. */
  sign: 1 | -1;
}

/** One report per currency, EUR first. */
export async function revenueOf({ knex, merge, host }: Demo, year: string): Promise<RevenueReport[]> {
  const days: [string, string] = [`${year}-01-01`, `${year}-12-31`];
  const query = knex('crm_invoices as i').whereBetween('i.issued_on', days);
  merge.reportable(query, { invoices: 'i' });
  const ids = (await query.select<{ id: number }[]>('i.id')).map((row) => String(row.id));
  const invoices = ids.length > 0 ? await host.loadInvoices(knex, ids) : [];
  const notes = await readNotes(knex, (of) => of.whereBetween('n.issued_on', days));
  const counted: Counted[] = [
    ...invoices.map((invoice) => ({ ...invoice, sign: 1 as const })),
    ...notes.map((note) => ({ ...note, sign: -1 as const })),
  ];
  return [...groupedBy(counted, ({ currency }) => currency)]
    .sort(([a], [b]) => Number(b === 'EUR') - Number(a === 'EUR') || a.localeCompare(b))
    .map(([currency, list]) => reportOf(currency, list));
}

function reportOf(currency: string, documents: Counted[]): RevenueReport {
  const months = [...groupedBy(documents, ({ issueDate }) => issueDate.slice(0, 7))]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([month, list]) => monthOf(month, list));
  const rates = [...new Set(months.flatMap((month) => [...month.rates.keys()]))].sort((a, b) => new Big(b).cmp(a));
  const rowOf = (month: Month): RevenueRow => ({
    month: month.month,
    count: month.count,
    notes: month.notes,
    net: month.net.toFixed(),
    gross: month.gross.toFixed(),
    taxable: rates.map((rate) => (month.rates.get(rate)?.taxable ?? new Big(0)).toFixed()),
    vat: rates.map((rate) => (month.rates.get(rate)?.tax ?? new Big(0)).toFixed()),
  });
  return { currency, rates, rows: months.map(rowOf), total: rowOf(monthOf('', documents)) };
}

function monthOf(month: string, documents: Counted[]): Month {
  const notes = documents.filter(({ sign }) => sign < 0).length;
  const count = documents.length - notes;
  const sum: Month = { month, count, notes, net: new Big(0), gross: new Big(0), rates: new Map() };
  for (const { totals, sign } of documents) {
    sum.net = sum.net.plus(new Big(totals.taxExclusive).times(sign));
    sum.gross = sum.gross.plus(new Big(totals.taxInclusive).times(sign));
    for (const { rate, taxable, tax } of totals.taxes) {
      const key = new Big(rate).toFixed();
      const known = sum.rates.get(key) ?? { taxable: new Big(0), tax: new Big(0) };
      sum.rates.set(key, {
        taxable: known.taxable.plus(new Big(taxable).times(sign)),
        tax: known.tax.plus(new Big(tax).times(sign)),
      });
    }
  }
  return sum;
}
