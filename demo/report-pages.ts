/** The reports' pages: revenue and aged receivables, each with a drawing, a table and a file for spreadsheets. */
import { Router, type Request, type Response } from 'express';
import { AGES, agedReceivables, type AgedReport } from './aged';
import { drawnCharts, type ChartColumn } from './charts';
import type { Demo } from './context';
import { csvText, type Cell } from './csv';
import type { Speech } from './language';
import { revenueOf, revenueYears, type RevenueReport } from './revenue';

const MONTHS = Array.from({ length: 12 }, (_, index) => String(index + 1).padStart(2, '0'));

/** Twelve columns, each of its VAT rates. */
function revenueColumns(report: RevenueReport, year: string, speech: Speech): ChartColumn[] {
  return MONTHS.map((number) => {
    const month = `${year}-${number}`;
    const row = report.rows.find((one) => one.month === month);
    return {
      label: speech.shortMonth(month),
      short: speech.shortMonth(month).slice(0, 1).toUpperCase(),
      top: row ? speech.compact(row.net, report.currency) : '',
      parts: report.rates.map((rate, index) => ({
        amount: row?.taxable[index] ?? '0',
        look: `look-${index % 4}`,
        title: `${speech.month(month)} · ${speech.t('totals.vat', { rate: speech.percent(rate) })} · ${speech.money(row?.taxable[index] ?? '0', report.currency)}`,
      })),
    };
  });
}

function agedColumns(report: AgedReport, { t, money, compact }: Speech): ChartColumn[] {
  return AGES.map((age, index) => {
    const amount = report.amounts[index] ?? '0';
    return {
      label: t(`aged.${age}`),
      short: t(`aged.short_${age}`),
      top: Number(amount) === 0 ? '' : compact(amount, report.currency),
      parts: [{ amount, look: `age-${index}`, title: `${t(`aged.${age}`)} · ${money(amount, report.currency)}` }],
    };
  });
}

function sendCsv(req: Request, res: Response, name: string, rows: Cell[][]): void {
  res.attachment(`${name}.csv`).type('text/csv; charset=utf-8').send(csvText(rows, req.speech));
}

export function reportPages(demo: Demo): Router {
  const router = Router();

  const yearOf = async (req: Request): Promise<{ year: string; years: string[] }> => {
    const years = await revenueYears(demo);
    const asked = req.query.year;
    return { year: typeof asked === 'string' && years.includes(asked) ? asked : (years[0] ?? ''), years };
  };

  router.get('/reports/revenue', async (req, res) => {
    const { year, years } = await yearOf(req);
    const reports = (await revenueOf(demo, year)).map((report) => ({
      ...report,
      charts: drawnCharts(revenueColumns(report, year, req.speech)),
    }));
    res.render('revenue', { year, years, reports });
  });

  router.get('/reports/revenue.csv', async (req, res) => {
    const { year } = await yearOf(req);
    const { t, percent } = req.speech;
    const reports = await revenueOf(demo, year);
    const rates = [...new Set(reports.flatMap((report) => report.rates))].sort((a, b) => Number(b) - Number(a));
    const rateCells = (report: RevenueReport, amounts: string[]): Cell[] =>
      rates.map((rate) => ({ amount: amounts[report.rates.indexOf(rate)] ?? '0' }));
    sendCsv(req, res, `${t('revenue.file')}-${year}`, [
      [
        t('revenue.month'),
        t('fields.currency'),
        t('nav.invoices'),
        t('nav.credit_notes'),
        t('totals.net'),
        ...rates.map((rate) => t('revenue.taxable', { rate: percent(rate) })),
        ...rates.map((rate) => t('totals.vat', { rate: percent(rate) })),
        t('totals.gross'),
      ],
      ...reports.flatMap((report) =>
        report.rows.map((row): Cell[] => [
          row.month,
          report.currency,
          { amount: String(row.count) },
          { amount: String(row.notes) },
          { amount: row.net },
          ...rateCells(report, row.taxable),
          ...rateCells(report, row.vat),
          { amount: row.gross },
        ]),
      ),
    ]);
  });

  router.get('/reports/aged', async (req, res) => {
    const reports = (await agedReceivables(demo)).map((report) => ({
      ...report,
      charts: drawnCharts(agedColumns(report, req.speech)),
    }));
    res.render('aged', { today: demo.today(), ages: AGES, reports });
  });

  router.get('/reports/aged.csv', async (req, res) => {
    const { t } = req.speech;
    sendCsv(req, res, `${t('aged.file')}-${demo.today()}`, [
      [t('fields.customerId'), t('fields.currency'), ...AGES.map((age) => t(`aged.${age}`)), t('aged.total')],
      ...(await agedReceivables(demo)).flatMap((report) =>
        report.rows.map((row): Cell[] => [
          row.company,
          report.currency,
          ...row.amounts.map((amount) => ({ amount })),
          { amount: row.total },
        ]),
      ),
    ]);
  });
  return router;
}
