/** Merging's HTML over HTTP: the banner again, after a change of customer. The JSON routes are endpoints.ts. */
import { Router } from 'express';
import { z } from 'zod';
import { givenIn, noStore, parse, route, signedIn } from '../web/guards';
import { currency, id } from '../web/shapes';
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
      const query = parse(bannerQuery, 'query', givenIn(req.query));
      const html = await deps.banner.render(req, res, {
        ...query,
        invoiceId: () => query.invoiceId,
        customerId: () => query.customerId,
      });
      res.type('html').send(html);
    }),
  );
  return router;
}
