/** The list of series, one series with its strip and gaps, the printed list, and the documents outside every series. */
import { Router } from 'express';
import { z } from 'zod';
import type { Actor } from '../host/contract';
import type { Words } from '../i18n';
import { givenIn, parse, route, signedIn } from '../web/guards';
import { pageNumber } from '../web/shapes';
import type { GapRow } from './contract';
import { exportUrl, NUMBERS_PATH, paths, type NumbersPageDeps } from './routes-deps';
import { toCancelled, toGap, toPrintRow, toStrip } from './routes-series-view';
import { dated, missingOf, pagerOf, seriesName, toDocument, toSeriesRow, type ViewUrls } from './routes-view';

const STYLES = ['css/numbers.css'];
/** Rows of a printed list: some forty sheets. The file has all of them. */
const PRINTED = 1000;
const TYPES = ['invoice', 'credit_note'] as const;

const key = z.string().min(1).max(200);
const seriesQuery = z.object({
  key,
  page: pageNumber,
  strip: z.coerce.number().int().min(1).max(10_000_000_000).optional(),
  cancelled: pageNumber,
  done: z.string().optional(),
});
const unmatchedQuery = z.object({ type: z.enum(TYPES).default('invoice'), page: pageNumber });

/** What every page of ours needs of the person and the host. */
export async function viewUrls(deps: NumbersPageDeps, actor: Actor): Promise<ViewUrls> {
  return { pages: deps.pages.base, invoice: deps.urls.invoice, merges: await deps.opensMerges(actor) };
}

/** @param deps see NumbersPageDeps */
export function seriesRoutes(deps: NumbersPageDeps): Router {
  const { db, service, pages } = deps;
  const router = Router();
  const upToList = (words: Words) => ({ url: pages.base + NUMBERS_PATH, label: words.t('numbers.title') });

  router.get(
    NUMBERS_PATH,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await service.demand(actor, 'numbers.view');
      const words = deps.wordsOf(req);
      const urls = await viewUrls(deps, actor);
      const series = await service.series(db);
      const outside = [];
      for (const type of TYPES) {
        const { total } = await service.unmatched(db, { type, page: 1, actor });
        if (total > 0)
          outside.push({
            text: `${words.t(`numbers.type_${type}`)} · ${words.t('numbers.unmatchedCount', { count: total })}`,
            url: pages.base + paths.unmatched(type),
          });
      }
      await pages.send(req, res, {
        view: 'numbers',
        title: words.t('numbers.title'),
        styles: STYLES,
        up: { url: pages.base || '/', label: words.t('module.title') },
        vm: { rows: series.map((one) => toSeriesRow(words, one, urls)), outside },
      });
    }),
  );

  router.get(
    `${NUMBERS_PATH}/series`,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await service.demand(actor, 'numbers.view');
      const words = deps.wordsOf(req);
      const { key: asked, page, strip: wanted, cancelled } = parse(seriesQuery, 'query', givenIn(req.query));
      const urls = await viewUrls(deps, actor);
      const { series, ...list } = await service.gaps(db, { series: asked, page, actor });
      const strip = series.first === null ? null : await service.strip(db, { series: asked, page: wanted });
      const borne = await service.cancelled(db, { series: asked, page: cancelled, actor });
      const at = (more: Record<string, number>): string => {
        const here = { page, cancelled, ...(wanted !== undefined && { strip: wanted }), ...more };
        // The first page of a list goes without saying.
        const said = Object.entries(here).filter(([name, value]) => name === 'strip' || value > 1);
        return pages.base + paths.series(asked, Object.fromEntries(said));
      };
      await pages.send(req, res, {
        view: 'numbers-series',
        title: words.t('numbers.seriesTitle', { name: seriesName(words, asked) }),
        styles: STYLES,
        up: upToList(words),
        notices: ['explained', 'withdrawn'],
        vm: {
          row: toSeriesRow(words, series, urls),
          strip: strip && toStrip(words, series, strip, (to) => at({ strip: to })),
          gaps: list.gaps.map((gap) => toGap(words, gap, series, urls)),
          gapsPager: pagerOf(words, list.page, list.pages, (to) => `${at({ page: to })}#im-gaps`),
          cancelled: borne.documents.map((one) => toCancelled(words, one, series.type, urls)),
          cancelledPager: pagerOf(words, borne.page, borne.pages, (to) => `${at({ cancelled: to })}#im-cancelled`),
          canAdjust: await service.may(actor, 'numbers.adjust'),
          canGive: series.type === 'invoice',
          exportUrl: exportUrl(deps.urls.base, asked),
          printUrl: pages.base + paths.print(asked),
        },
      });
    }),
  );

  router.get(
    `${NUMBERS_PATH}/print`,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await service.demand(actor, 'numbers.view');
      const words = deps.wordsOf(req);
      const { key: asked } = parse(z.object({ key }), 'query', givenIn(req.query));
      const urls = await viewUrls(deps, actor);
      const series = await service.oneSeries(db, asked);
      const rows: GapRow[] = [];
      for await (const row of service.exportRows(db, { series: asked, actor })) {
        rows.push(row);
        if (rows.length > PRINTED) break;
      }
      await pages.send(req, res, {
        view: 'numbers-print',
        title: words.t('numbers.printTitle', { name: seriesName(words, asked) }),
        styles: STYLES,
        frame: 'plain',
        up: {
          url: pages.base + paths.series(asked),
          label: words.t('numbers.seriesTitle', { name: seriesName(words, asked) }),
        },
        vm: {
          at: words.t('numbers.printedAt', { at: words.instant(deps.clock().toISOString()), name: actor.name }),
          sum: words.t('numbers.printSum', {
            documents: words.t('numbers.printDocuments', { count: series.count }),
            first: series.first ?? words.t('numbers.noneYet'),
            last: series.last ?? words.t('numbers.noneYet'),
            missing: missingOf(words, series).text,
          }),
          rows: rows.slice(0, PRINTED).map((row) => toPrintRow(words, row, series.type, urls)),
          more: rows.length > PRINTED,
        },
      });
    }),
  );

  router.get(
    `${NUMBERS_PATH}/unmatched`,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await service.demand(actor, 'numbers.view');
      const words = deps.wordsOf(req);
      const { type, page } = parse(unmatchedQuery, 'query', givenIn(req.query));
      const urls = await viewUrls(deps, actor);
      const list = await service.unmatched(db, { type, page, actor });
      await pages.send(req, res, {
        view: 'numbers-unmatched',
        title: words.t('numbers.unmatched'),
        styles: STYLES,
        up: upToList(words),
        vm: {
          type: words.t(`numbers.type_${type}`),
          count: words.t('numbers.unmatchedCount', { count: list.total }),
          rows: list.documents.flatMap((one) => {
            const view = toDocument(words, one, type, urls);
            return view ? [{ ...view, text: dated(words, view) }] : [];
          }),
          pager: pagerOf(words, list.page, list.pages, (to) => pages.base + paths.unmatched(type, to)),
        },
      });
    }),
  );
  return router;
}
