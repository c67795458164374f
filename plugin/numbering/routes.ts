/** Numbering's pages, all of them. */
import { Router } from 'express';
import type { NumbersPageDeps } from './routes-deps';
import { gapRoutes } from './routes-gap';
import { invoiceNumberRoutes } from './routes-invoice';
import { seriesRoutes } from './routes-series';

/** Below our pages: `/numbers` and what hangs on it. @param deps see NumbersPageDeps */
export function numbersRoutes(deps: NumbersPageDeps): Router {
  const router = Router();
  router.use(seriesRoutes(deps), gapRoutes(deps), invoiceNumberRoutes(deps));
  return router;
}
