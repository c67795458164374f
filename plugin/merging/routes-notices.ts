/** The forms of the message after a merge and of the letter to the customer: post, then back to the host's page. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError } from '../errors';
import type { Id } from '../host/contract';
import { formBody, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import { id } from '../web/shapes';
import type { Notices } from './after-notices';
import type { MergingPageDeps } from './banner-deps';

const params = z.strictObject({ id });
// Other fields are the host's: its CSRF token.
const dismissForm = z.object({ back: z.string().max(4000).optional() });
const tellForm = dismissForm.extend({
  key: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  how: z.enum(['sent', 'marked']),
  locale: z.enum(['fr', 'en']),
});

/** A path on this server, never another site's address: browsers pass over tabs and line ends, '/\t/elsewhere' is '//elsewhere'. */
const isLocal = (path: string | undefined): path is string => path !== undefined && /^\/(?![/\\])\P{Cc}*$/u.test(path);

export function noticeRoutes(deps: MergingPageDeps & { notices: Notices }): Router {
  const { notices, urls } = deps;
  const router = Router();
  const write = [sameOriginWrites(deps.csrf !== undefined), formBody()];

  function goBack(res: Response, back: string | undefined, targetId: Id): void {
    res.redirect(303, isLocal(back) ? back : urls.invoice(targetId, 'preview'));
  }
  const mergeOf = (req: Request): Id => parse(params, 'params', req.params).id;

  router.post(
    '/merges/:id/dismiss',
    write,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const { back } = parse(dismissForm, 'body', req.body);
      const { targetId } = await notices.dismiss(deps.db, mergeOf(req), actor);
      goBack(res, back, targetId);
    }),
  );

  router.post(
    '/merges/:id/tell',
    write,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const { back, ...wanted } = parse(tellForm, 'body', req.body);
      const mergeId = mergeOf(req);
      await notices.tell({ mergeId, ...wanted }, actor).catch((error: unknown) => {
        // What failed is remembered: the page says so beside the text, which can then be copied.
        if (!isPluginError(error) || error.code !== 'IM_TELL_FAILED') throw error;
      });
      goBack(res, back, (await deps.service.mergeById(deps.db, mergeId, actor)).targetId);
    }),
  );
  return router;
}
