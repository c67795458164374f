/** The page of one merge: what it did, and Undo. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, type PluginError } from '../errors';
import type { Actor } from '../host/contract';
import { explainError, type Words } from '../i18n';
import { formBody, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import type { Pages } from '../web/page';
import { id } from '../web/shapes';
import type { MergingPageDeps } from './banner-deps';
import { toLineageView } from './banner-lineage';
import type { MergeDossier, UndoRefusal } from './contract';
import { mergeTitle, toMergePage } from './routes-merge-view';

const params = z.strictObject({ id });
// Other fields are the host's: its CSRF token.
const reasoned = z.object({ reason: z.string().trim().max(2000) });
const undoForm = reasoned.extend({
  confirmSent: z.literal('yes').optional(),
  numberTaken: z.enum(['new_number']).optional(),
});

/** Of a form that was refused. */
interface Refused {
  act: 'undo' | 'correct';
  status: number;
  /** Of what the page shows now: it need not say twice what stands below. */
  message: (words: Words, dossier: MergeDossier) => string;
  reason: string;
}

const missing: Refused['message'] = (words) => words.t('merge.reasonMissing');

const messageOf =
  (error: PluginError): Refused['message'] =>
  (words, { undo }) => {
    if (error.status === 409) return words.t('merge.tooLate');
    if (error.code === 'IM_CORRECT_REFUSED') return words.t('merge.notCorrected');
    if (error.code !== 'IM_UNDO_REFUSED' || !undo) return explainError(words, error) ?? '';
    const shown: unknown[] = undo.refusals.map(({ code }) => code);
    // What hangs on carried lines is met by the act itself: the page does not list it.
    const refused = error.vars.refusals as UndoRefusal[];
    if (refused.some(({ code }) => !shown.includes(code))) return explainError(words, error) ?? '';
    const stands = undo.refusals.some(({ code }) => !undo.answers.includes(code));
    return words.t(stands ? 'merge.notUndone' : 'merge.notConfirmed');
  };

/** @param deps see MergingPageDeps */
export function mergePageRoutes(deps: Omit<MergingPageDeps, 'render' | 'nonce'> & { pages: Pages }): Router {
  const { db, service, pages, urls } = deps;
  const router = Router();
  const write = [sameOriginWrites(deps.csrf !== undefined), formBody()];

  async function show(
    req: Request,
    res: Response,
    actor: Actor,
    mergeId: string,
    refused: Refused | null,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const dossier = await service.dossier(db, mergeId, actor);
    const lineage = await service.lineage(db, dossier.merge.targetId, actor);
    await pages.send(req, res, {
      view: 'merge',
      title: mergeTitle(words, dossier),
      up: { url: urls.invoice(dossier.merge.targetId, 'preview'), label: words.t('merge.up') },
      ...(refused && { status: refused.status }),
      vm: {
        ...toMergePage(words, dossier, urls.invoice),
        lineage: toLineageView(words, lineage, urls.invoice),
        refused: refused && { ...refused, message: refused.message(words, dossier) },
        url: `${pages.base}/merges/${mergeId}`,
      },
    });
  }

  router.get(
    '/merges/:id',
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await show(req, res, actor, parse(params, 'params', req.params).id, null);
    }),
  );

  /** The act of a form, then the page, which says what was done; refused, the page with what was typed. */
  const act = (name: Refused['act'], work: (mergeId: string, body: unknown, actor: Actor) => Promise<unknown>) =>
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const mergeId = parse(params, 'params', req.params).id;
      const { reason } = parse(reasoned, 'body', req.body);
      if (reason === '') return show(req, res, actor, mergeId, { act: name, status: 422, message: missing, reason });
      try {
        await work(mergeId, req.body, actor);
        pages.redirect(res, `/merges/${mergeId}`);
      } catch (error) {
        // What else can go wrong is no answer to this form: the error page says it.
        if (!isPluginError(error) || ![409, 422].includes(error.status)) throw error;
        await show(req, res, actor, mergeId, { act: name, status: error.status, message: messageOf(error), reason });
      }
    });

  router.post(
    '/merges/:id/undo',
    write,
    act('undo', (mergeId, body, actor) => {
      const { reason, confirmSent, numberTaken } = parse(undoForm, 'body', body);
      return service.undo({ mergeId, reason, confirmSent: confirmSent !== undefined, numberTaken }, actor);
    }),
  );

  router.post(
    '/merges/:id/correct',
    write,
    act('correct', (mergeId, body, actor) => service.correct({ mergeId, ...parse(reasoned, 'body', body) }, actor)),
  );
  return router;
}
