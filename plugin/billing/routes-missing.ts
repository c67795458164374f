/** The same addresses on a host whose map names no payment methods: they say so. */
import { Router } from 'express';
import { route } from '../web/guards';
import { managing, type BillingPageDeps } from './routes-deps';
import { METHODS_PATH, MODULES_PATH } from './routes-view';

export function missingBilling(deps: Pick<BillingPageDeps, 'actorOf' | 'may' | 'pages' | 'wordsOf'>): Router {
  const router = Router();
  router.get(
    [METHODS_PATH, MODULES_PATH],
    route(async (req, res) => {
      await managing(req, deps);
      const words = deps.wordsOf(req);
      await deps.pages.send(req, res, {
        view: 'billing-missing',
        title: words.t('methods.title'),
        up: { url: deps.pages.base || '/', label: words.t('module.title') },
      });
    }),
  );
  return router;
}
