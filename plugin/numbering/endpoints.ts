/** Numbering's JSON API: series, gaps and what became of them, and the numbers of invoices. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Actor, Db } from '../host/contract';
import { showVars, type Words } from '../i18n';
import { CsvTable, type Cell } from '../web/csv';
import { csvEndpoint, endpoint, type Endpoint } from '../web/endpoints';
import { id, paged, pageNumber } from '../web/shapes';
import type { GapRow, NumberingService } from './contract';
import {
  cancelledNumber,
  change,
  changeNow,
  explanation,
  freeBody,
  freeNumbers,
  gap,
  giveBody,
  reason,
  seriesParams,
  seriesSummary,
  stretchBody,
  strip,
  taker,
  unmatchedDocument,
} from './endpoints-shapes';

export interface NumbersEndpointDeps {
  db: Db;
  service: NumberingService;
  wordsOf: (req: IncomingMessage) => Words;
  /** Of the business. */
  timeZone: string;
}

/** The auditor's columns, in the order of the file. */
const COLUMNS = [
  ...['series', 'from', 'to', 'count', 'before', 'beforeDate', 'after', 'afterDate'],
  ...['cause', 'causeAt', 'causeBy', 'explanation', 'explainedAt', 'explainedBy'],
];

const view = 'numbers.view' as const;
const adjust = 'numbers.adjust' as const;

export function numbersEndpoints({ db, service, wordsOf, timeZone }: NumbersEndpointDeps): Endpoint[] {
  // As spreadsheets read a moment in any language: 2026-11-21 14:32.
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone });
  const localTime = (iso: string): string => format.format(new Date(iso));

  function causeOf(words: Words, { cause }: GapRow): string {
    if (!cause) return words.t('numbers.csv.cause_unknown');
    const { kind, mergeId, newNumber, reason: why } = cause;
    return words.t(`numbers.csv.cause_${kind}`, showVars(words, { mergeId, newNumber, reason: why || null }));
  }

  async function* rows(words: Words, series: string, actor: Actor): AsyncGenerator<Cell[]> {
    for await (const row of service.exportRows(db, { series, actor })) {
      const { before, after, cause, explained } = row;
      yield [
        ...[row.series, row.fromNumber, row.toNumber, String(row.count)],
        ...[before && before.number, before && before.date, after && after.number, after && after.date],
        ...[causeOf(words, row), cause && localTime(cause.at), cause?.by?.name ?? null],
        ...[explained && explained.reason, explained && localTime(explained.at), explained && explained.by.name],
      ];
    }
  }

  return [
    endpoint({
      method: 'get',
      path: '/series',
      summary: 'Series of numbers with their last and next number, documents and gaps, the latest period first',
      action: view,
      replies: { 200: z.strictObject({ series: z.array(seriesSummary), ...paged }) },
      async handler() {
        const series = await service.series(db);
        return { status: 200, body: { series, page: 1, pages: 1, total: series.length } };
      },
    }),

    endpoint({
      method: 'get',
      path: '/series/:series/gaps',
      summary: 'Runs of missing numbers with their neighbours, causes and explanations, the lowest first, fifty a page',
      action: view,
      params: seriesParams,
      query: z.strictObject({ page: pageNumber }),
      replies: { 200: z.strictObject({ series: seriesSummary, gaps: z.array(gap), ...paged }) },
      refusals: [404],
      handler: async ({ actor, params, query }) => ({
        status: 200,
        body: await service.gaps(db, { ...params, ...query, actor }),
      }),
    }),

    endpoint({
      method: 'post',
      path: '/series/:series/gaps/explain',
      summary: 'Explains missing numbers in writing, from and to included',
      action: adjust,
      params: seriesParams,
      body: stretchBody,
      replies: { 201: z.strictObject({ explanation }) },
      refusals: [404, 409, 422, 503],
      handler: async ({ actor, params, body }) => ({
        status: 201,
        body: { explanation: await service.explain({ ...params, ...body }, actor) },
      }),
    }),

    endpoint({
      method: 'delete',
      path: '/series/:series/gaps/explain',
      summary: 'Takes back every explanation that touches these numbers',
      action: adjust,
      params: seriesParams,
      body: stretchBody,
      replies: { 200: z.strictObject({ withdrawn: z.boolean() }) },
      refusals: [404, 422, 503],
      async handler({ actor, params, body }) {
        await service.withdraw({ ...params, ...body }, actor);
        return { status: 200, body: { withdrawn: true } };
      },
    }),

    csvEndpoint({
      path: '/series/:series/gaps/export.csv',
      summary: 'All gaps of a series as a CSV file, with causes and explanations: for an auditor',
      action: view,
      params: seriesParams,
      refusals: [404],
      table({ actor, params, req }) {
        const words = wordsOf(req);
        const header = COLUMNS.map((column) => words.t(`numbers.csv.${column}`));
        return new CsvTable(words.t('numbers.csv.file'), header, rows(words, params.series, actor), words.locale);
      },
    }),

    endpoint({
      method: 'get',
      path: '/series/:series/strip',
      summary: 'A thousand numbers of a series in runs: filled, cancelled, gap, explained; left out, the last page',
      action: view,
      params: seriesParams,
      query: z.strictObject({ page: z.coerce.number().int().min(1).max(1_000_000_000_000).optional() }),
      replies: { 200: strip },
      refusals: [404],
      handler: async ({ params, query }) => ({ status: 200, body: await service.strip(db, { ...params, ...query }) }),
    }),

    endpoint({
      method: 'get',
      path: '/series/:series/cancelled',
      summary: 'Numbers of a series that cancelled invoices bear, and what these were merged into',
      action: view,
      params: seriesParams,
      query: z.strictObject({ page: pageNumber }),
      replies: { 200: z.strictObject({ documents: z.array(cancelledNumber), ...paged }) },
      refusals: [404],
      handler: async ({ actor, params, query }) => ({
        status: 200,
        body: await service.cancelled(db, { ...params, ...query, actor }),
      }),
    }),

    endpoint({
      method: 'get',
      path: '/series/:series/unmatched',
      summary: 'Documents of the type of this series whose number fits no pattern, newest first',
      action: view,
      params: seriesParams,
      query: z.strictObject({ page: pageNumber }),
      replies: { 200: z.strictObject({ documents: z.array(unmatchedDocument), ...paged }) },
      refusals: [404],
      async handler({ actor, params, query }) {
        const { type } = await service.oneSeries(db, params.series);
        return { status: 200, body: await service.unmatched(db, { type, ...query, actor }) };
      },
    }),

    endpoint({
      method: 'get',
      path: '/series/:series/takers',
      summary:
        'Invoices that a missing number could be given to, the nearest in date first; q: part of a number or a name',
      action: adjust,
      params: seriesParams,
      query: z.strictObject({
        sequence: z.coerce.number().int().min(1).max(999_999_999_999_999),
        q: z.string().trim().max(200).optional(),
      }),
      replies: { 200: z.strictObject({ takers: z.array(taker) }) },
      refusals: [404],
      handler: async ({ actor, params, query: { sequence, q } }) => ({
        status: 200,
        body: { takers: await service.takers(db, { ...params, sequence, ...(q && { search: q }), actor }) },
      }),
    }),

    endpoint({
      method: 'get',
      path: '/invoices/:id/free-numbers',
      summary:
        'Missing numbers that could be given to an invoice, the nearest to its date first, and what would be asked',
      action: view,
      invoice: ({ params }) => params.id,
      params: z.strictObject({ id }),
      replies: { 200: freeNumbers },
      refusals: [404],
      handler: async ({ actor, params }) => ({
        status: 200,
        body: await service.freeNumbers(db, { invoiceId: params.id, actor }),
      }),
    }),

    endpoint({
      method: 'put',
      path: '/invoices/:id/number',
      summary: 'Gives a missing number to an invoice; `confirm` are the codes of the questions answered with yes',
      action: adjust,
      invoice: ({ params }) => params.id,
      params: z.strictObject({ id }),
      body: giveBody,
      replies: { 200: z.strictObject({ change }) },
      refusals: [404, 409, 422, 503],
      handler: async ({ actor, params, body: { confirm = [], ...body } }) => ({
        status: 200,
        body: { change: await service.give({ invoiceId: params.id, ...body, confirm }, actor) },
      }),
    }),

    endpoint({
      method: 'post',
      path: '/numbers/free',
      summary: 'Takes the number from a cancelled invoice, which keeps it as a former number',
      action: adjust,
      invoice: ({ body }) => body.invoiceId,
      body: freeBody,
      replies: { 200: z.strictObject({ change }) },
      refusals: [404, 409, 422, 503],
      handler: async ({ actor, body }) => ({ status: 200, body: { change: await service.free(body, actor) } }),
    }),

    endpoint({
      method: 'get',
      path: '/invoices/:id/number-changes',
      summary: 'Every change of the number of an invoice, newest first, and what stands against taking it back',
      action: view,
      invoice: ({ params }) => params.id,
      params: z.strictObject({ id }),
      replies: { 200: z.strictObject({ changes: z.array(changeNow) }) },
      refusals: [404],
      handler: async ({ actor, params }) => ({
        status: 200,
        body: { changes: await service.changesOf(db, { invoiceId: params.id, actor }) },
      }),
    }),

    endpoint({
      method: 'post',
      path: '/number-changes/:id/undo',
      summary: 'Takes a change of a number back, while the old number is free',
      action: adjust,
      params: z.strictObject({ id }),
      body: z.strictObject({ reason }),
      replies: { 200: z.strictObject({ change }) },
      refusals: [404, 409, 422, 503],
      handler: async ({ actor, params, body }) => ({
        status: 200,
        body: { change: await service.undo({ changeId: params.id, ...body }, actor) },
      }),
    }),
  ];
}
