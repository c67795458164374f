/** "Sales history": who took what, with which method, and what it came to. */
import { Router } from 'express';
import { z } from 'zod';
import { givenIn, parse, route, signedIn } from '../web/guards';
import { pageNumber } from '../web/shapes';
import { EXPORT_CSV, EXPORT_XLSX } from './endpoints-sales';
import { salesFilter } from './endpoints-sales-shapes';
import { periodsOf, toCharts, toSalesForm, toSalesRow, toTotals } from './routes-sales-view';
import { SALES_PATH, type TillPageDeps } from './routes-till-deps';
import { MOST_ROWS } from './sales-export';
import { nowIn } from './till-deps';

export const SALES_STYLES = ['css/sales.css'];

const query = z.object({ ...salesFilter, page: pageNumber });

/** `GET /sales`. @param deps see TillPageDeps */
export function salesRoutes(deps: TillPageDeps): Router {
  const { pages, history, knex } = deps;
  const router = Router();
  router.get(
    SALES_PATH,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const words = deps.wordsOf(req);
      const { page: wanted, ...filter } = parse(query, 'query', givenIn(req.query));
      const found = await history.page(knex, filter, wanted, actor);
      const { page, pages: last, total, handedOver } = found;
      const asked = new URLSearchParams(
        Object.entries(filter).flatMap(([name, value]): [string, string][] =>
          value === undefined ? [] : [[name, value]],
        ),
      );
      const search = (more: Record<string, string>): string => {
        const params = new URLSearchParams(asked);
        for (const [name, value] of Object.entries(more)) params.set(name, value);
        return `${pages.base}${SALES_PATH}${params.size > 0 ? `?${params}` : ''}`;
      };
      const exported = (path: string): string => `${deps.base}/api${path}${asked.size > 0 ? `?${asked}` : ''}`;
      const mayExport = await deps.may(actor, 'sales.export');
      await pages.send(req, res, {
        view: 'sales',
        title: words.t('sales.title'),
        styles: SALES_STYLES,
        up: { url: pages.base || '/', label: words.t('module.title') },
        vm: {
          url: `${pages.base}${SALES_PATH}`,
          form: toSalesForm(words, filter, found),
          periods: periodsOf(words, nowIn(deps.till).day).map(({ label, from, to }) => ({
            ...{ label, url: search({ from, to }), current: filter.from === from && filter.to === to },
          })),
          isFiltered: asked.size > 0,
          own: found.own,
          rows: found.rows.map((row) => toSalesRow(words, row, deps)),
          totals: found.totals.map((one) => toTotals(words, one)),
          charts: toCharts(words, found),
          handedOver: handedOver > 0 ? words.t('sales.handedOver', { count: handedOver }) : null,
          csv: mayExport ? exported(EXPORT_CSV) : null,
          xlsx: mayExport && total <= MOST_ROWS ? exported(EXPORT_XLSX) : null,
          tooLong:
            mayExport && total > MOST_ROWS ? words.t('sales.tooLong', { most: words.number(String(MOST_ROWS)) }) : null,
          at: words.t('payments.page', { page, pages: last }),
          previous: page > 1 ? search({ page: String(page - 1) }) : null,
          next: page < last ? search({ page: String(page + 1) }) : null,
        },
      });
    }),
  );
  return router;
}
