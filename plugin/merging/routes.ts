/** Merging over HTTP: candidates, a source's lines, preview, merge, and the banner again after a change of customer. */
import { Router } from 'express';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { PluginError } from '../errors';
import type { Actor } from '../host/contract';
import { jsonBody, route, sameOriginWrites } from '../web/guards';
import type { Banner } from './banner';
import { pageOf } from './banner-list';
import type { MergingPageDeps } from './banner-deps';

const id = z.string().regex(/^[^\s\p{C}~]{1,64}$/u);
const version = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
// A query's empty parameter is one that was not given.
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());
const currency = z.string().regex(/^[A-Za-z0-9]{1,10}$/);

const search = z.string().trim().max(200);
const pageNumber = z.coerce.number().int().min(1).max(100_000).default(1);

export const candidatesQuery = z.object({
  customerId: id,
  invoiceId: optional(id),
  currency: optional(currency),
  q: optional(search),
  page: pageNumber,
});
export const linesQuery = z.object({ targetId: optional(id) });
export const bannerQuery = z.object({
  page: z.enum(['create', 'edit']),
  customerId: optional(id),
  invoiceId: optional(id),
  currency: optional(currency),
  formId: optional(z.string().max(200)),
  customerField: optional(z.string().max(200)),
  currencyField: optional(z.string().max(200)),
  q: optional(search),
  choices: pageNumber,
  others: pageNumber,
  rows: optional(z.enum(['all'])),
});
const settlement = z.object({ issued: z.enum(['cancel', 'delete', 'credit']), draft: z.enum(['cancel', 'delete']) });
export const previewBody = z.object({
  targetId: id.optional(),
  customerId: id.optional(),
  sourceIds: z.array(id).max(500),
  settlement: settlement.optional(),
});
export const mergeBody = z.object({
  targetId: id,
  targetVersion: version.optional(),
  sources: z.array(z.object({ id, version })).min(1).max(500),
  settlement,
  key: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  shownTotal: z
    .string()
    .regex(/^-?\d{1,18}(\.\d{1,6})?$/)
    .optional(),
  acknowledged: z
    .array(z.string().regex(/^[a-z_]{1,40}$/))
    .max(20)
    .optional(),
});

/** @throws PluginError IM_PAYLOAD_INVALID 400, `vars.field` = the path of the first fault */
function parse<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') ?? '';
  throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: field === '' ? 'body' : field });
}

/**
 * A router for `GET /banner` and `/api/…` of merging; errors go to `next` (see web/error-handler.ts).
 * Mount it at the root of the plugin's router.
 */
export function mergingRoutes(deps: MergingPageDeps & { banner: Banner }): Router {
  const { db, service } = deps;
  const router = Router();

  async function person(req: Request): Promise<Actor> {
    const actor = await deps.actorOf(req);
    if (!actor) throw new PluginError('IM_UNAUTHENTICATED', 401);
    return actor;
  }

  // Answers hold a customer's figures: no cache between us and the person keeps them.
  const noStore: RequestHandler = (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  };
  const read = [noStore];
  const write = [noStore, sameOriginWrites(deps.csrf !== undefined), jsonBody()];

  router.get(
    '/banner',
    read,
    route(async (req, res) => {
      await person(req);
      const { q, choices, others, rows, ...query } = parse(bannerQuery, req.query);
      const spec = { ...query, invoiceId: () => query.invoiceId, customerId: () => query.customerId };
      const view = { ...(q && { search: q }), choices, others, all: rows === 'all' };
      const html = await deps.banner.render(req, res, spec, view);
      res.type('html').send(html);
    }),
  );

  router.get(
    '/api/candidates',
    read,
    route(async (req, res) => {
      const actor = await person(req);
      const { customerId, invoiceId, q, page, currency } = parse(candidatesQuery, req.query);
      await service.demand(actor, 'merge.view', invoiceId);
      const list = await service.candidates(db, { customerId, targetId: invoiceId, currency, search: q, actor });
      const { items, pages, count } = pageOf(list.candidates, page);
      // Beyond the end there is nothing: a client that asks on until it gets nothing comes to an end.
      const shown = page > pages ? [] : items;
      const versions = await service.versions(
        db,
        shown.map((candidate) => candidate.id),
      );
      res.json({
        candidates: shown.flatMap((candidate) => {
          const known = versions.get(candidate.id);
          return known === undefined ? [] : [{ ...candidate, version: known }];
        }),
        page,
        pages,
        total: count,
        eligible: list.candidates.filter((candidate) => candidate.eligible).length,
      });
    }),
  );

  router.get(
    '/api/invoices/:id/lines',
    read,
    route(async (req, res) => {
      const actor = await person(req);
      const sourceId = parse(id, req.params.id);
      const { targetId } = parse(linesQuery, req.query);
      await service.demand(actor, 'merge.view', sourceId);
      res.json(await service.lines(db, { sourceId, targetId, actor }));
    }),
  );

  router.post(
    '/api/merges/preview',
    write,
    route(async (req, res) => {
      const actor = await person(req);
      const { targetId, customerId, sourceIds } = parse(previewBody, req.body);
      await service.demand(actor, 'merge.view', targetId);
      res.json(await service.preview(db, { targetId, customerId, sourceIds: [...new Set(sourceIds)], actor }));
    }),
  );

  router.post(
    '/api/merges',
    write,
    route(async (req, res) => {
      const actor = await person(req);
      const request = parse(mergeBody, req.body);
      await service.demand(actor, 'merge.apply', request.targetId);
      const { merge, replayed } = await service.merge(request, actor);
      res.status(replayed ? 200 : 201).json({ merge });
    }),
  );

  router.get(
    '/api/merges/:id',
    read,
    route(async (req, res) => {
      const actor = await person(req);
      await service.demand(actor, 'merge.history');
      res.json({ merge: await service.mergeById(db, parse(id, req.params.id), actor) });
    }),
  );

  return router;
}
