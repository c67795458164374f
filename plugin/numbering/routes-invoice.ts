/** The page of one invoice's number: give it another one, free it, take a change back, and every change that was made. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, type PluginError } from '../errors';
import type { Actor, Id } from '../host/contract';
import { explainError, type Words } from '../i18n';
import { formBody, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import { id } from '../web/shapes';
import type { NumberQuestion } from './contract';
import { paths, type NumbersPageDeps } from './routes-deps';
import {
  invoiceTitle,
  refusalsOf,
  toChange,
  toFacts,
  toFreeNumber,
  toQuestions,
  whatItDoes,
} from './routes-invoice-view';
import { viewUrls } from './routes-series';
import { seriesName } from './routes-view';

const params = z.object({ id });
const number = z.string().trim().min(1).max(200);
const reason = z.string().trim().max(2000);
const several = z.preprocess(
  (value: unknown): unknown => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
  z.array(z.string().max(40)).max(10),
);
// Other fields are the host's: its CSRF token.
const giveForm = z.object({ number, reason, confirm: several });
const freeForm = z.object({ reason });
const undoForm = z.object({ reason, invoiceId: id });

/** Of a form that was refused: where, why, and what was typed. */
interface Refused {
  /** `free`, or the id of the change that was to be taken back. */
  act: string;
  status: number;
  message: string;
  reason: string;
}

interface Typed {
  reason: string;
  confirm: string[];
}

/** What it answers to the form it came from; other faults are for the error page. */
function answerTo(error: unknown): PluginError | null {
  return isPluginError(error) && [409, 422].includes(error.status) ? error : null;
}

/** @param deps see NumbersPageDeps */
export function invoiceNumberRoutes(deps: NumbersPageDeps): Router {
  const { db, service, pages } = deps;
  const router = Router();
  const write = [sameOriginWrites(deps.csrf !== undefined), formBody()];
  const upTo = (words: Words, invoiceId: Id) => ({
    url: deps.urls.invoice(invoiceId, 'preview'),
    label: words.t('numbers.seeInvoice'),
  });

  async function show(
    req: Request,
    res: Response,
    actor: Actor,
    invoiceId: Id,
    refused: Refused | null,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const urls = await viewUrls(deps, actor);
    const found = await service.freeNumbers(db, { invoiceId, actor });
    const changes = await service.changesOf(db, { invoiceId, actor });
    const former = (await service.formerNumbers(db, [invoiceId])).get(invoiceId) ?? [];
    const { invoice, series, free, refusals, freeing } = found;
    const mayFree = freeing !== null && invoice.number !== null;
    await pages.send(req, res, {
      view: 'numbers-invoice',
      title: invoiceTitle(words, invoice),
      styles: ['css/numbers.css'],
      up: upTo(words, invoiceId),
      notices: ['given', 'freed', 'numberUndone'],
      ...(refused && { status: refused.status }),
      vm: {
        facts: toFacts(words, found, former),
        series:
          series === null
            ? null
            : {
                url: pages.base + paths.series(series),
                text: words.t('numbers.seeSeries', { name: seriesName(words, series) }),
              },
        canAdjust: await service.may(actor, 'numbers.adjust'),
        refused,
        changes: changes.map((change) => toChange(words, change, pages.base)),
        invoiceId,
        isFirst: invoice.number === null,
        giveRefusals: refusalsOf(words, refusals),
        giveNone: series === null ? null : words.t('numbers.giveNone', { name: seriesName(words, series) }),
        free: free.map((one) => toFreeNumber(words, one, invoice, urls)),
        giveUrl: pages.base + paths.give(invoiceId),
        freeing: mayFree && {
          number: invoice.number,
          refusals: refusalsOf(words, freeing.refusals),
          url: `${pages.base}${paths.invoice(invoiceId)}/free`,
        },
      },
    });
  }

  /** Asks for what the number needs, and what was already answered. */
  async function ask(
    req: Request,
    res: Response,
    actor: Actor,
    asked: { invoiceId: Id; number: string; questions?: NumberQuestion[] },
    typed: Typed,
    refused: { status: number; message: string; url: string | null } | null,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const { invoice, free, refusals } = await service.freeNumbers(db, { invoiceId: asked.invoiceId, actor });
    const known = free.find((one) => one.number === asked.number);
    const urls = await viewUrls(deps, actor);
    const questions = asked.questions ?? known?.questions ?? [];
    await pages.send(req, res, {
      view: 'numbers-give',
      title: words.t('numbers.confirmTitle', { number: asked.number }),
      styles: ['css/numbers.css'],
      up: { url: pages.base + paths.invoice(asked.invoiceId), label: invoiceTitle(words, invoice) },
      ...(refused && { status: refused.status }),
      vm: {
        ...{ number: asked.number, refused, typed },
        refusals: refusalsOf(words, refusals),
        does: whatItDoes(words, invoice, asked.number, questions),
        known: known ? toFreeNumber(words, known, invoice, urls) : null,
        questions: toQuestions(words, questions, typed.confirm),
        url: pages.base + paths.give(asked.invoiceId),
        leaveUrl: pages.base + paths.invoice(asked.invoiceId),
      },
    });
  }

  router.get(
    '/numbers/invoices/:id',
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const invoiceId = parse(params, 'params', req.params).id;
      await service.demand(actor, 'numbers.view', invoiceId);
      await show(req, res, actor, invoiceId, null);
    }),
  );

  router.get(
    '/numbers/invoices/:id/give',
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const invoiceId = parse(params, 'params', req.params).id;
      await service.demand(actor, 'numbers.adjust', invoiceId);
      const wanted = parse(z.object({ number }), 'query', req.query).number;
      await ask(req, res, actor, { invoiceId, number: wanted }, { reason: '', confirm: [] }, null);
    }),
  );

  router.post(
    '/numbers/invoices/:id/give',
    write,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const invoiceId = parse(params, 'params', req.params).id;
      const typed = parse(giveForm, 'body', req.body);
      try {
        await service.give({ invoiceId, ...typed }, actor);
      } catch (error) {
        const answer = answerTo(error);
        if (!answer) throw error;
        const questions = answer.vars.questions as NumberQuestion[] | undefined;
        const bearer = answer.vars.document as { id?: Id | null } | undefined;
        return ask(req, res, actor, { invoiceId, number: typed.number, questions }, typed, {
          status: answer.status,
          // The questions stand below, each with its box.
          message: questions
            ? deps.wordsOf(req).t('errors.IM_NUMBER_QUESTIONS')
            : (explainError(deps.wordsOf(req), error) ?? ''),
          url: bearer?.id ? deps.urls.invoice(bearer.id, 'preview') : null,
        });
      }
      pages.redirect(res, paths.invoice(invoiceId), 'given');
    }),
  );

  /** A form that wants nothing but a reason: its act, then the page, which says what was done. */
  const act = (
    req: Request,
    res: Response,
    actor: Actor,
    what: { invoiceId: Id; act: string; reason: string; done: string },
    work: () => Promise<unknown>,
  ): Promise<void> => {
    const { invoiceId, done, ...refused } = what;
    const again = (status: number, message: string): Promise<void> =>
      show(req, res, actor, invoiceId, { ...refused, status, message });
    if (refused.reason === '') return again(422, deps.wordsOf(req).t('numbers.reasonMissing'));
    return work().then(
      () => pages.redirect(res, paths.invoice(invoiceId), done),
      (error: unknown) => {
        const answer = answerTo(error);
        if (!answer) throw error;
        return again(answer.status, explainError(deps.wordsOf(req), error) ?? '');
      },
    );
  };

  router.post(
    '/numbers/invoices/:id/free',
    write,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const invoiceId = parse(params, 'params', req.params).id;
      const { reason: why } = parse(freeForm, 'body', req.body);
      await act(req, res, actor, { invoiceId, act: 'free', reason: why, done: 'freed' }, () =>
        service.free({ invoiceId, reason: why }, actor),
      );
    }),
  );

  router.post(
    '/numbers/changes/:id/undo',
    write,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const changeId = parse(params, 'params', req.params).id;
      const { reason: why, invoiceId } = parse(undoForm, 'body', req.body);
      await act(req, res, actor, { invoiceId, act: changeId, reason: why, done: 'numberUndone' }, () =>
        service.undo({ changeId, reason: why }, actor),
      );
    }),
  );
  return router;
}
