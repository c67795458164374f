/** Revenue and VAT per month, of what counts as revenue: the plugin knows which invoices that leaves out. */
import { Big } from 'big.js';
import { Router } from 'express';
import type { Demo } from './context';
import { groupedBy } from './sums';

interface Month {
  month: string;
  count: number;
  net: Big;
  gross: Big;
  vat: Map<string, Big>;
}

export function revenuePages({ knex, merge, host, today }: Demo): Router {
  const router = Router();
  router.get('/reports/revenue', async (req, res) => {
    const years = (await knex('crm_invoices').pluck('issued_on')) as string[];
    const known = [...new Set(years.map((day) => String(day).slice(0, 4)))].sort().reverse();
    const thisYear = today().slice(0, 4);
    const year =
      typeof req.query.year === 'string' && known.includes(req.query.year) ? req.query.year : (known[0] ?? thisYear);
    const query = knex('crm_invoices as i').whereBetween('i.issued_on', [`${year}-01-01`, `${year}-12-31`]);
    merge.reportable(query, { invoices: 'i' });
    const ids = (await query.select<{ id: number }[]>('i.id')).map((row) => String(row.id));
    const invoices = ids.length > 0 ? await host.loadInvoices(knex, ids) : [];

    const perCurrency = groupedBy(invoices, (invoice) => invoice.currency);
    const reports = [...perCurrency]
      .sort(([a], [b]) => Number(b === 'EUR') - Number(a === 'EUR'))
      .map(([currency, list]) => {
        const months = new Map<string, Month>();
        const rates = new Set<string>();
        for (const { issueDate, totals } of list) {
          const month = issueDate.slice(0, 7);
          const sum = months.get(month) ?? {
            month,
            count: 0,
            net: new Big(0),
            gross: new Big(0),
            vat: new Map<string, Big>(),
          };
          sum.count += 1;
          sum.net = sum.net.plus(totals.taxExclusive);
          sum.gross = sum.gross.plus(totals.taxInclusive);
          for (const { rate, tax } of totals.taxes) {
            const key = new Big(rate).toFixed();
            rates.add(key);
            sum.vat.set(key, (sum.vat.get(key) ?? new Big(0)).plus(tax));
          }
          months.set(month, sum);
        }
        const rateList = [...rates].sort((a, b) => new Big(b).cmp(a));
        const rows = [...months.values()].sort((a, b) => a.month.localeCompare(b.month));
        const add = (pick: (row: Month) => Big): string =>
          rows.reduce((sum, row) => sum.plus(pick(row)), new Big(0)).toFixed();
        const highest = rows.reduce((top, row) => (row.net.gt(top) ? row.net : top), new Big(1));
        return {
          currency,
          rates: rateList,
          rows: rows.map((row) => ({
            month: row.month,
            count: row.count,
            net: row.net.toFixed(),
            gross: row.gross.toFixed(),
            vat: rateList.map((rate) => (row.vat.get(rate) ?? new Big(0)).toFixed()),
            /** Of the highest month, for the drawing. */
            share: row.net.lt(0) ? 0 : Number(row.net.div(highest).toFixed(4)),
          })),
          total: {
            count: list.length,
            net: add((row) => row.net),
            gross: add((row) => row.gross),
            vat: rateList.map((rate) => add((row) => row.vat.get(rate) ?? new Big(0))),
          },
        };
      });
    res.render('revenue', { year, years: known.length > 0 ? known : [thisYear], reports });
  });
  return router;
}
