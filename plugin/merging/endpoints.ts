/** Merging's JSON API: candidates, a source's lines, preview, merge, merges. */
import { z } from 'zod';
import { PluginError } from '../errors';
import { explainError, type Words } from '../i18n';
import { endpoint, type Endpoint } from '../web/endpoints';
import { count, currency, id, paged, pageNumber } from '../web/shapes';
import type { MergingPageDeps } from './banner-deps';
import { pageOf } from './banner-list';
import { toFields } from './banner-refused';
import type { SourceLines } from './contract';
import { mergeFilter } from './endpoints-filter';
import {
  candidate,
  linesBody,
  merge,
  mergeBody,
  mergePreview,
  previewBody,
  refusedLines,
  shownLines,
  undoBody,
  undone,
} from './endpoints-shapes';

const shown = (words: Words, lines: SourceLines) => ({ ...lines, fields: toFields(words, lines.source.askIfDiffer) });

export function mergingEndpoints({
  db,
  service,
  wordsOf,
}: Pick<MergingPageDeps, 'db' | 'service' | 'wordsOf'>): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/candidates',
      summary: "A customer's open invoices, oldest first, and why some of them cannot be merged",
      action: 'merge.view',
      invoice: ({ query }) => query.invoiceId,
      query: z.strictObject({
        customerId: id,
        invoiceId: id.optional(),
        currency: currency.optional(),
        q: z.string().trim().max(200).optional(),
        page: pageNumber,
      }),
      replies: { 200: z.strictObject({ candidates: z.array(candidate), ...paged, eligible: count }) },
      refusals: [404, 409],
      async handler({ actor, query }) {
        const { customerId, invoiceId, currency, q, page } = query;
        const { candidates } = await service.candidates(db, {
          customerId,
          targetId: invoiceId,
          currency,
          search: q,
          actor,
        });
        const { items, pages, count: total } = pageOf(candidates, page);
        // Beyond the end there is nothing: a client that asks on until it gets nothing comes to an end.
        const shown = page > pages ? [] : items;
        const versions = await service.versions(
          db,
          shown.map((one) => one.id),
        );
        const versioned = shown.flatMap((one) => {
          const version = versions.get(one.id);
          return version === undefined ? [] : [{ ...one, version }];
        });
        const eligible = candidates.filter((one) => one.eligible).length;
        return { status: 200, body: { candidates: versioned, page, pages, total, eligible } };
      },
    }),

    endpoint({
      method: 'get',
      path: '/invoices/:id/lines',
      summary: 'What an invoice would bring into another one',
      action: 'merge.view',
      invoice: ({ params }) => params.id,
      params: z.strictObject({ id }),
      query: z.strictObject({ targetId: id.optional() }),
      replies: { 200: shownLines },
      refusals: [404, 409, 422],
      async handler({ actor, params, query, req }) {
        const [brought] = await service.lines(db, { sourceIds: [params.id], targetId: query.targetId, actor });
        if (!brought?.lines) throw brought?.error ?? new PluginError('IM_NOT_FOUND', 404, { invoiceId: params.id });
        return { status: 200, body: shown(wordsOf(req), brought.lines) };
      },
    }),

    endpoint({
      method: 'post',
      path: '/invoices/lines',
      summary: 'What up to 100 invoices would bring into another one, and of which of them nothing can be brought',
      action: 'merge.view',
      invoice: ({ body }) => body.targetId,
      body: linesBody,
      replies: { 200: z.strictObject({ sources: z.array(shownLines), refused: z.array(refusedLines) }) },
      refusals: [404, 409],
      async handler({ actor, body, req }) {
        const words = wordsOf(req);
        const brought = await service.lines(db, { ...body, actor });
        return {
          status: 200,
          body: {
            sources: brought.flatMap(({ lines }) => (lines ? [shown(words, lines)] : [])),
            refused: brought.flatMap(({ sourceId, error }) => {
              if (!error) return [];
              const { code, vars } = error;
              return [{ sourceId, error: { code, message: explainError(words, error) ?? '', vars } }];
            }),
          },
        };
      },
    }),

    endpoint({
      method: 'post',
      path: '/merges/preview',
      summary: 'What a merge would come to: totals before and after, the difference with its causes, what forbids it',
      action: 'merge.view',
      invoice: ({ body }) => body.targetId,
      body: previewBody,
      replies: { 200: mergePreview },
      refusals: [404, 409],
      handler: async ({ actor, body: { targetId, customerId, sourceIds } }) => ({
        status: 200,
        body: await service.preview(db, { targetId, customerId, sourceIds, actor }),
      }),
    }),

    endpoint({
      method: 'post',
      path: '/merges',
      summary: 'Merges invoices into another one; 200 is the answer to the same key again',
      action: 'merge.apply',
      invoice: ({ body }) => body.targetId,
      body: mergeBody,
      replies: { 200: z.strictObject({ merge }), 201: z.strictObject({ merge }) },
      refusals: [404, 409, 422, 503],
      async handler({ actor, body }) {
        const { merge, replayed } = await service.merge(body, actor);
        return { status: replayed ? 200 : 201, body: { merge } };
      },
    }),

    endpoint({
      method: 'get',
      path: '/merges',
      summary: 'Merges, newest first; invoiceId finds an invoice as target and as source, days include both ends',
      action: 'merge.history',
      invoice: ({ query }) => query.invoiceId,
      query: z.strictObject({
        ...mergeFilter,
        page: pageNumber,
      }),
      replies: { 200: z.strictObject({ merges: z.array(merge), ...paged }) },
      handler: async ({ actor, query }) => ({ status: 200, body: await service.merges(db, { ...query, actor }) }),
    }),

    endpoint({
      method: 'get',
      path: '/merges/:id',
      summary: 'One merge: what, who, when, and the totals before and after',
      action: 'merge.history',
      params: z.strictObject({ id }),
      replies: { 200: z.strictObject({ merge }) },
      refusals: [404],
      handler: async ({ actor, params }) => ({
        status: 200,
        body: { merge: await service.mergeById(db, params.id, actor) },
      }),
    }),

    endpoint({
      method: 'post',
      path: '/merges/:id/undo',
      summary: 'Undoes a merge: the invoices come back, their lines leave',
      // Whose merge it is decides which of them.
      action: ['merge.undo', 'merge.undo_own'],
      params: z.strictObject({ id }),
      body: undoBody,
      replies: { 200: undone },
      refusals: [404, 409, 422, 503],
      handler: async ({ actor, params, body }) => {
        const { linksLeft, ...done } = await service.undo({ mergeId: params.id, ...body }, actor);
        return {
          status: 200,
          body: { ...done, linksLeft: linksLeft.map(({ link, from, to }) => ({ link, from, to })) },
        };
      },
    }),

    endpoint({
      method: 'post',
      path: '/merges/:id/correct',
      summary: 'Credits the invoice that received the others and opens a draft for each of its parts',
      action: 'merge.undo',
      params: z.strictObject({ id }),
      body: z.strictObject({ reason: z.string().trim().max(2000) }),
      replies: { 200: z.strictObject({ merge }) },
      refusals: [404, 409, 422, 503],
      handler: async ({ actor, params, body }) => ({
        status: 200,
        body: { merge: await service.correct({ mergeId: params.id, ...body }, actor) },
      }),
    }),
  ];
}
