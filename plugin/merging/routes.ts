/** Merging's HTML over HTTP: the banner again, for another customer, page or search. The JSON routes are endpoints.ts. */
import { Router } from 'express';
import { z } from 'zod';
import { givenIn, noStore, parse, route, signedIn } from '../web/guards';
import { currency, id, pageNumber } from '../web/shapes';
import type { Banner } from './banner';
import type { MergingPageDeps } from './banner-deps';

const bannerQuery = z.object({
  page: z.enum(['create', 'edit']),
  customerId: id.optional(),
  invoiceId: id.optional(),
  currency: currency.optional(),
  formId: z.string().max(200).optional(),
  customerField: z.string().max(200).optional(),
  currencyField: z.string().max(200).optional(),
  dateField: z.string().max(200).optional(),
  q: z.string().trim().max(200).optional(),
  choices: pageNumber,
  others: pageNumber,
  rows: z.enum(['all']).optional(),
});

/**
 * A router for `GET /banner`; errors go to `next` (see web/error-handler.ts).
 * Mount it at the root of the plugin's router.
 */
export function mergingRoutes(deps: Pick<MergingPageDeps, 'actorOf'> & { banner: Banner }): Router {
  const router = Router();
  router.get(
    '/banner',
    noStore,
    route(async (req, res) => {
      await signedIn(req, deps.actorOf);
      const { q, choices, others, rows, ...query } = parse(bannerQuery, 'query', givenIn(req.query));
      const spec = {
        ...query,
        invoiceId: () => query.invoiceId,
        customerId: () => query.customerId,
        currency: () => query.currency,
      };
      const view = { ...(q && { search: q }), choices, others, all: rows === 'all' };
      const html = await deps.banner.render(req, res, spec, view);
      res.type('html').send(html);
    }),
  );
  return router;
}
