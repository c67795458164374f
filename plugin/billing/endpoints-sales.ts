/** The JSON API of the history of sales. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { PluginError } from '../errors';
import type { Db } from '../host/contract';
import type { Words } from '../i18n';
import { minorUnit } from '../money/currency';
import { CsvTable, type Cell } from '../web/csv';
import { csvEndpoint, endpoint, xlsxEndpoint, type Endpoint } from '../web/endpoints';
import { count, id, paged, pageNumber } from '../web/shapes';
import { XlsxSheet, type SheetCell } from '../web/xlsx';
import {
  lacksWords,
  sale,
  salesFilter,
  salesTotal,
  toSale,
  toTransaction,
  transaction,
  why,
} from './endpoints-sales-shapes';
import { cleaned } from './rules';
import { REASONS } from './rules-acts';
import type { SaleActs, Why } from './sale-acts';
import { MOST_ROWS, type ExportCell, type SalesExports } from './sales-export';
import type { SalesHistory } from './sales-history';

/** Below the API: the page leads there. */
export const EXPORT_CSV = '/sales/export.csv';
export const EXPORT_XLSX = '/sales/export.xlsx';

const params = z.strictObject({ id });
const filter = z.strictObject(salesFilter);
const written = z.strictObject({ transactions: z.array(transaction) });
const refusals = [404, 409, 422, 503];

export interface SalesEndpointDeps {
  db: Db;
  history: SalesHistory;
  acts: SaleActs;
  files: SalesExports;
  wordsOf: (req: IncomingMessage) => Words;
  /** Of the business. */
  timeZone: string;
}

/** A moment as spreadsheets read it in any language: 2026-11-21 14:32. */
function localTime(timeZone: string): (iso: string) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone });
  return (iso) => format.format(new Date(iso));
}

const toCsvCell =
  (toLocal: (iso: string) => string) =>
  (cell: ExportCell): Cell =>
    cell !== null && typeof cell === 'object' && 'instant' in cell ? toLocal(cell.instant) : cell;

const toSheetCell = (cell: ExportCell): SheetCell =>
  cell !== null && typeof cell === 'object' && 'amount' in cell
    ? { amount: cell.amount, decimals: minorUnit(cell.currency) }
    : cell;

async function* each<T>(rows: AsyncIterable<ExportCell[]>, to: (cell: ExportCell) => T): AsyncGenerator<T[]> {
  for await (const row of rows) yield row.map(to);
}

/** Why, in words where it is none of the list. @throws IM_PAYLOAD_INVALID 400 */
function whyOf(given: { reason: z.output<typeof why.reason>; reasonText?: string | null }): Why {
  const reason = REASONS.find((one) => one === given.reason);
  if (reason === undefined) {
    const text = cleaned([given.reason, given.reasonText ?? ''].join(' '));
    if (text === null) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'reason' });
    return { reason: 'other', text };
  }
  if (lacksWords(given)) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'reasonText' });
  return { reason, text: cleaned(given.reasonText) };
}

/** @param deps see SalesEndpointDeps */
export function salesEndpoints({ db, history, acts, files, wordsOf, timeZone }: SalesEndpointDeps): Endpoint[] {
  const toLocal = localTime(timeZone);
  return [
    endpoint({
      method: 'get',
      path: '/sales',
      summary:
        'What was paid, voided, refunded or moved to another method, newest first; a reference is exact, or a beginning where it ends in *',
      action: ['sales.view', 'sales.view_all'],
      query: filter.extend({ page: pageNumber }),
      replies: {
        200: z.strictObject({ sales: z.array(sale), ...paged, totals: z.array(salesTotal), handedOver: count }),
      },
      async handler({ actor, query: { page: wanted, ...narrowed } }) {
        const { rows, page, pages, total, totals, handedOver } = await history.page(db, narrowed, wanted, actor);
        return {
          status: 200,
          body: {
            ...{ sales: rows.map(toSale), page, pages, total, handedOver },
            totals: totals.map(({ currency, total: all, count: number, cash, kinds }) => ({
              ...{ currency, total: all, count: number, cash, internal: kinds.internal },
              ...{ externalPayments: kinds.external_payment, externalBilling: kinds.external_billing },
            })),
          },
        };
      },
    }),

    csvEndpoint({
      path: EXPORT_CSV,
      summary: 'All that the filter shows, for spreadsheets: one row a payment line, and the total',
      action: 'sales.export',
      query: filter,
      async table({ actor, query, req }) {
        const words = wordsOf(req);
        const { header, rows } = await files.export(db, query, actor, words, { format: 'csv' });
        return new CsvTable(words.t('sales.file'), header, each(rows, toCsvCell(toLocal)), words.locale);
      },
    }),

    xlsxEndpoint({
      path: EXPORT_XLSX,
      summary: 'The same as a sheet, of up to 50,000 rows',
      action: 'sales.export',
      query: filter,
      refusals: [422],
      async sheet({ actor, query, req }) {
        const words = wordsOf(req);
        const how = { format: 'xlsx', most: MOST_ROWS } as const;
        const { header, rows } = await files.export(db, query, actor, words, how);
        const title = words.t('sales.sheet');
        return new XlsxSheet(words.t('sales.file'), title, header, each(rows, toSheetCell), timeZone);
      },
    }),

    endpoint({
      method: 'post',
      path: '/sales/:id/void',
      summary: 'It did not happen: what is left of a payment is taken back, as a row below zero',
      action: 'sales.void',
      params,
      body: z.strictObject(why),
      replies: { 201: written },
      refusals,
      async handler({ actor, params: { id: of }, body }) {
        const { payments } = await acts.voidPayment(of, whyOf(body), actor);
        return { status: 201, body: { transactions: payments.map(toTransaction) } };
      },
    }),

    endpoint({
      method: 'post',
      path: '/sales/:id/refund',
      summary:
        'Money given back, whole or in part, the way it came or another; with a key the same request is one refund',
      action: 'sales.void',
      params,
      body: z.strictObject({
        ...why,
        amount: z.string().regex(/^\d{1,18}(\.\d{1,10})?$/),
        methodId: id,
        key: z
          .string()
          .regex(/^[^\p{C}]{1,190}$/u)
          .optional(),
      }),
      replies: { 200: written, 201: written },
      refusals,
      async handler({ actor, params: { id: of }, body }) {
        const { amount, methodId, key = null } = body;
        const { payments, replayed } = await acts.refund(of, { ...whyOf(body), amount, methodId, key }, actor);
        return { status: replayed ? 200 : 201, body: { transactions: payments.map(toTransaction) } };
      },
    }),

    endpoint({
      method: 'post',
      path: '/sales/:id/method',
      summary:
        'It was another method: the record stays, one row takes its amount away, another puts it where it belongs',
      action: 'sales.void',
      params,
      body: z.strictObject({ ...why, methodId: id, reference: z.string().max(1000).nullish() }),
      replies: { 201: written },
      refusals,
      async handler({ actor, params: { id: of }, body }) {
        const { methodId, reference = null } = body;
        const { payments } = await acts.changeMethod(of, { ...whyOf(body), methodId, reference }, actor);
        return { status: 201, body: { transactions: payments.map(toTransaction) } };
      },
    }),
  ];
}
