/** Merging's JSON API: candidates, a source's lines, preview, merge, merges. */
import { z } from 'zod';
import type { Db } from '../host/contract';
import { endpoint, type Endpoint } from '../web/endpoints';
import { count, currency, id, paged, pageNumber } from '../web/shapes';
import type { MergingService } from './contract';
import { candidate, merge, mergeBody, mergePreview, previewBody, sourceLines } from './endpoints-shapes';

const PAGE_SIZE = 50;

export function mergingEndpoints({ db, service }: { db: Db; service: MergingService }): Endpoint[] {
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
        q: z.string().max(200).optional(),
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
        return {
          status: 200,
          body: {
            candidates: candidates.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
            page,
            pages: Math.max(1, Math.ceil(candidates.length / PAGE_SIZE)),
            total: candidates.length,
            eligible: candidates.filter((one) => one.eligible).length,
          },
        };
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
      replies: { 200: sourceLines },
      refusals: [404, 409, 422],
      handler: async ({ actor, params, query }) => ({
        status: 200,
        body: await service.lines(db, { sourceId: params.id, targetId: query.targetId, actor }),
      }),
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
  ];
}
