/** "History": who merged what, when, and what it came to; filtered, with totals. */
import type { IncomingMessage } from 'node:http';
import { Router } from 'express';
import { z } from 'zod';
import type { Actor, Db, Id } from '../host/contract';
import type { Words } from '../i18n';
import { givenIn, parse, route, signedIn } from '../web/guards';
import type { Pages } from '../web/page';
import { pageNumber } from '../web/shapes';
import type { MergingPageDeps } from './banner-deps';
import { EXPORT_PATH } from './endpoints-history';
import { mergeFilter } from './endpoints-filter';
import type { History, HistoryRow } from './history';
import { toFilterForm, toHistoryRow, toHistoryTotals } from './routes-history-view';

export const HISTORY_PATH = '/history';

const query = z.object({ ...mergeFilter, page: pageNumber });

export interface HistoryPageDeps extends Pick<MergingPageDeps, 'service' | 'actorOf' | 'urls'> {
  db: Db;
  history: History;
  pages: Pages;
  wordsOf: (req: IncomingMessage) => Words;
}

/** `GET /history`. @param deps see HistoryPageDeps */
export function historyRoutes({ db, history, pages, ...deps }: HistoryPageDeps): Router {
  const router = Router();
  const urls = { pages: pages.base, invoice: deps.urls.invoice };

  /** Merges that the person may undo. Of one that issued credit notes its own page says what is possible instead. */
  async function undoableOf(rows: HistoryRow[], actor: Actor): Promise<Set<Id>> {
    const undoable = new Set<Id>();
    for (const { id, targetId, actor: by, undone, corrected, sources } of rows) {
      const ended = undone !== null || corrected !== null || sources.some(({ creditNote }) => creditNote !== null);
      if (!ended && (await deps.service.mayUndo(db, { targetId, actor: by }, actor))) undoable.add(id);
    }
    return undoable;
  }

  router.get(
    HISTORY_PATH,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await deps.service.demand(actor, 'merge.history');
      const words = deps.wordsOf(req);
      const { page: wanted, ...filter } = parse(query, 'query', givenIn(req.query));
      const { rows, page, pages: last, totals, gone, people } = await history.page(db, filter, wanted, actor);
      const asked = new URLSearchParams(
        Object.entries(filter).flatMap(([name, value]): [string, string][] =>
          value === undefined ? [] : [[name, String(value)]],
        ),
      );
      const url = (to: number): string => `${pages.base}${HISTORY_PATH}?${asked.size > 0 ? `${asked}&` : ''}page=${to}`;
      const undoable = await undoableOf(rows, actor);
      await pages.send(req, res, {
        view: 'history',
        title: words.t('history.title'),
        styles: ['css/history.css'],
        up: { url: pages.base || '/', label: words.t('module.title') },
        vm: {
          url: `${pages.base}${HISTORY_PATH}`,
          form: toFilterForm(words, filter, people),
          exportUrl: `${deps.urls.base}/api${EXPORT_PATH}${asked.size > 0 ? `?${asked}` : ''}`,
          isFiltered: asked.size > 0,
          rows: rows.map((row) => toHistoryRow(words, row, { gone, undoable }, urls)),
          totals: totals.map((one) => toHistoryTotals(words, one)),
          at: words.t('payments.page', { page, pages: last }),
          previous: page > 1 ? url(page - 1) : null,
          next: page < last ? url(page + 1) : null,
        },
      });
    }),
  );
  return router;
}
