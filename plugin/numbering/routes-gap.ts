/** The page of one gap: which invoice could get its number, and what is written down in place of filling it. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError } from '../errors';
import type { Actor } from '../host/contract';
import { numberOf } from '../host/patterns';
import { explainError } from '../i18n';
import { formBody, givenIn, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import type { Gap, SeriesSummary } from './contract';
import { paths, type NumbersPageDeps } from './routes-deps';
import { toTaker } from './routes-invoice-view';
import { viewUrls } from './routes-series';
import { gapTitle, toGap, unexplainedIn } from './routes-series-view';
import { seriesName } from './routes-view';

/** Invoices that are listed; searching finds the others. */
const OFFERED = 10;

const key = z.string().min(1).max(200);
const sequence = z.coerce.number().int().min(0).max(999_999_999_999_999);
const query = z.object({ key, n: sequence, q: z.string().trim().max(200).optional() });
const reason = z.string().trim().max(2000);
// Other fields are the host's: its CSRF token.
const form = z.object({ key, n: sequence, from: sequence, to: sequence, reason });

/** Of a form that was refused. */
interface Refused {
  act: 'explain' | 'withdraw';
  status: number;
  message: string;
  typed: z.output<typeof form>;
}

/** @param deps see NumbersPageDeps */
export function gapRoutes(deps: NumbersPageDeps): Router {
  const { db, service, pages } = deps;
  const router = Router();
  const write = [sameOriginWrites(deps.csrf !== undefined), formBody()];

  async function show(
    req: Request,
    res: Response,
    actor: Actor,
    asked: z.output<typeof query>,
    refused: Refused | null,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const { key: series, n, q } = asked;
    const summary = await service.oneSeries(db, series);
    const gap = await service.gapAt(db, { series, sequence: n, actor });
    const canAdjust = await service.may(actor, 'numbers.adjust');
    const gives = gap !== null && canAdjust && summary.type === 'invoice';
    const takers = gives ? await service.takers(db, { series, sequence: n, ...(q && { search: q }), actor }) : [];
    const urls = await viewUrls(deps, actor);
    const number = gap && numberIn(gap, summary, n);
    const up = words.t('numbers.seriesTitle', { name: seriesName(words, series) });
    await pages.send(req, res, {
      view: 'numbers-gap',
      title: gap ? gapTitle(words, gap) : words.t('numbers.cannot'),
      styles: ['css/numbers.css'],
      up: { url: pages.base + paths.series(series), label: up },
      ...(refused ? { status: refused.status } : !gap && { status: 404 }),
      vm: {
        gap: gap && { ...toGap(words, gap, summary, urls), from: gap.from, to: gap.to, open: unexplainedIn(gap) },
        refused,
        series,
        n,
        number,
        search: q ?? '',
        gives,
        canAdjust,
        between: gap && words.t('numbers.whichHint', { from: gap.fromNumber, to: gap.toNumber }),
        takers: number === null ? [] : takers.slice(0, OFFERED).map((one) => toTaker(words, one, number, urls)),
        explanations: gap
          ? (gap.explained ? [gap.explained] : gap.explanations).map(({ from, to }) => ({ from, to }))
          : [],
        url: `${pages.base}/numbers/gap`,
      },
    });
  }

  router.get(
    '/numbers/gap',
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await service.demand(actor, 'numbers.view');
      await show(req, res, actor, parse(query, 'query', givenIn(req.query)), null);
    }),
  );

  /** The act of a form, then the series; refused, the page with what was typed. */
  const act = (
    name: Refused['act'],
    done: string,
    work: (typed: z.output<typeof form>, actor: Actor) => Promise<unknown>,
  ) =>
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const typed = parse(form, 'body', req.body);
      const words = deps.wordsOf(req);
      const again = (status: number, message: string): Promise<void> =>
        show(req, res, actor, typed, { act: name, status, message, typed });
      if (typed.reason === '') return again(422, words.t('numbers.reasonMissing'));
      try {
        await work(typed, actor);
      } catch (error) {
        // What else can go wrong is no answer to this form: the error page says it.
        if (!isPluginError(error) || ![409, 422].includes(error.status)) throw error;
        return again(error.status, explainError(words, error) ?? '');
      }
      pages.redirect(res, paths.series(typed.key), done);
    });

  const asked = ({ key: series, from, to, reason: why }: z.output<typeof form>) => ({ series, from, to, reason: why });
  router.post(
    '/numbers/gap/explain',
    write,
    act('explain', 'explained', (typed, actor) => service.explain(asked(typed), actor)),
  );
  router.post(
    '/numbers/gap/withdraw',
    write,
    act('withdraw', 'withdrawn', (typed, actor) => service.withdraw(asked(typed), actor)),
  );
  return router;
}

/** How a sequence number of the gap is written. */
function numberIn({ from, to, fromNumber, toNumber }: Gap, { pattern, period }: SeriesSummary, wanted: number): string {
  if (wanted === from) return fromNumber;
  // A pattern without dates writes the same on any day.
  return wanted === to ? toNumber : numberOf(pattern, wanted, period?.from ?? '2000-01-01');
}
