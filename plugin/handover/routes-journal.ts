/** The journal of hand-overs: the list, and a page for each with its tries and what can be done. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError } from '../errors';
import type { Actor } from '../host/contract';
import { explainError } from '../i18n';
import { formBody, givenIn, parse, route, sameOriginWrites } from '../web/guards';
import { id as idShape, pageNumber } from '../web/shapes';
import { entering, JOURNAL_PATH, type HandoverPageDeps } from './routes-deps';
import { toDossier, toJournalRow } from './routes-view';

export const STATES = ['waiting', 'stuck', 'accepted', 'rejected', 'cancelling', 'cancelled'] as const;
const NOTICES = [
  'handoverSent',
  'handoverChecked',
  'handoverCancelled',
  'handoverCancelling',
  'handoverSettled',
] as const;
const STYLES = ['css/history.css', 'css/handover.css'];

const params = z.strictObject({ id: idShape });
const listQuery = z.object({
  state: z.enum(STATES).optional(),
  search: z.string().trim().max(190).optional(),
  page: pageNumber,
});
/** Why somebody decides by hand: a bookkeeper reads it later. */
export const handoverReason = z
  .string()
  .trim()
  .max(1000)
  .regex(/\S\s*\S/);
const reasonForm = z.object({ reason: z.string().max(1000).default('') });
const settleForm = reasonForm.extend({ outcome: z.enum(['accepted', 'cancelled']) });
const resendForm = z.object({ confirm: z.enum(['1']).optional() });

/** @param deps see HandoverPageDeps */
export function journalRoutes(deps: HandoverPageDeps): Router {
  const { db, pages } = deps;
  const { handovers, journal } = deps.outbox;
  const router = Router();
  const idIn = (req: Request): string => parse(params, 'params', req.params).id;
  const pathOf = (id: string): string => `${JOURNAL_PATH}/${encodeURIComponent(id)}`;

  async function show(
    req: Request,
    res: Response,
    actor: Actor,
    id: string,
    refused: { status: number; message: string; at?: 'cancel' | 'settle' | 'resend'; reason?: string } | null,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const one = toDossier(words, await journal.dossier(db, id));
    await pages.send(req, res, {
      view: 'handover',
      title: words.t('handovers.one', { amount: one.amount, system: one.system }),
      up: { url: pages.base + JOURNAL_PATH, label: words.t('handovers.title') },
      styles: STYLES,
      scripts: ['js/live.js'],
      notices: NOTICES,
      ...(refused && { status: refused.status }),
      vm: {
        one,
        refused,
        action: pages.base + pathOf(id),
        mayAct: await deps.may(actor, 'handover.resend'),
        connectionUrl: (await deps.may(actor, 'billing.manage')) ? `${pages.base}/connections` : null,
      },
    });
  }

  router.get(
    JOURNAL_PATH,
    route(async (req, res) => {
      await entering(req, deps, 'handover.view');
      const words = deps.wordsOf(req);
      const { page: wanted, ...filter } = parse(listQuery, 'query', givenIn(req.query));
      const { entries, page, pages: last, total } = await journal.page(db, filter, wanted);
      const asked = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== undefined));
      const url = (to: number): string => `${pages.base}${JOURNAL_PATH}?${asked.size > 0 ? `${asked}&` : ''}page=${to}`;
      await pages.send(req, res, {
        view: 'handovers',
        title: words.t('handovers.title'),
        up: { url: pages.base || '/', label: words.t('module.title') },
        styles: STYLES,
        vm: {
          url: pages.base + JOURNAL_PATH,
          states: ['', ...STATES].map((value) => ({
            value,
            label: words.t(value === '' ? 'handovers.allStates' : `handovers.state_${value}`),
            chosen: (filter.state ?? '') === value,
          })),
          search: filter.search ?? '',
          isFiltered: asked.size > 0,
          count: words.t('handovers.count', { count: total }),
          rows: entries.map((one) => toJournalRow(words, one, pages.base + pathOf(one.id))),
          at: words.t('payments.page', { page, pages: last }),
          previous: page > 1 ? url(page - 1) : null,
          next: page < last ? url(page + 1) : null,
        },
      });
    }),
  );

  router.get(
    `${JOURNAL_PATH}/:id`,
    route(async (req, res) => {
      const actor = await entering(req, deps, 'handover.view');
      await show(req, res, actor, idIn(req), null);
    }),
  );

  /** An act of a button; what is refused is said on the page, at the button. */
  const act = (
    name: 'check' | 'resend' | 'cancel' | 'settle',
    work: (req: Request, actor: Actor, id: string) => Promise<(typeof NOTICES)[number]>,
  ) =>
    router.post(
      `${JOURNAL_PATH}/:id/${name}`,
      [sameOriginWrites(deps.csrf !== undefined), formBody()],
      route(async (req, res) => {
        const actor = await entering(req, deps, 'handover.resend');
        const id = idIn(req);
        const { reason } = parse(reasonForm, 'body', req.body);
        const words = deps.wordsOf(req);
        const at = name === 'check' ? undefined : name;
        if ((name === 'cancel' || name === 'settle') && !handoverReason.safeParse(reason).success)
          return show(req, res, actor, id, { status: 422, message: words.t('handovers.reasonMissing'), at, reason });
        try {
          pages.redirect(res, pathOf(id), await work(req, actor, id));
        } catch (error) {
          if (!isPluginError(error) || error.status >= 500 || error.status === 404) throw error;
          const message = explainError(words, error) ?? '';
          await show(req, res, actor, id, { status: error.status, message, at, reason });
        }
      }),
    );

  act('check', async (_req, actor, id) => {
    await handovers.checkBy(id, actor);
    return 'handoverChecked';
  });
  act('resend', async (req, actor, id) => {
    await handovers.resend(id, { actor, confirm: parse(resendForm, 'body', req.body).confirm === '1' });
    return 'handoverSent';
  });
  act('cancel', async (req, actor, id) => {
    const reason = parse(reasonForm, 'body', req.body).reason.trim();
    const { state } = await handovers.cancelNow(id, { actor, reason });
    return state === 'cancelled' ? 'handoverCancelled' : 'handoverCancelling';
  });
  act('settle', async (req, actor, id) => {
    const { outcome, reason } = parse(settleForm, 'body', req.body);
    await handovers.settle(id, { outcome, reason: reason.trim(), actor });
    return 'handoverSettled';
  });

  return router;
}
