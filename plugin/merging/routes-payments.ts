/** "Payments to allocate": the list, and a page for each with the invoices that it could be for. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, PluginError, type ErrorCode, type ErrorVars } from '../errors';
import type { Actor, Id } from '../host/contract';
import { explainError } from '../i18n';
import type { Words } from '../i18n';
import { exact, ZERO } from '../money/decimal';
import { formBody, givenIn, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import type { Pages } from '../web/page';
import { id, pageNumber } from '../web/shapes';
import type { Lookups } from './after-lookups';
import type { PaymentChoice, Payments, WaitingPayment } from './after-payments';
import type { MergingPageDeps } from './banner-deps';
import { labelOf } from './banner-view';
import { closingReason } from './endpoints-payments';

const PAGE_SIZE = 20;
export const PAYMENTS_PATH = '/payments-to-allocate';

const params = z.strictObject({ id });
const listQuery = z.object({ page: pageNumber, state: z.enum(['waiting', 'closed']).default('waiting') });
// Other fields are the host's: its CSRF token.
const allocation = z.object({
  invoiceId: z.string().max(64).optional(),
  number: z.string().trim().max(190).optional(),
});
const closing = z.object({ reason: z.string().max(1000) });
const CLOSED = `${PAYMENTS_PATH}?state=closed`;

export interface PaymentPageDeps extends Omit<MergingPageDeps, 'render' | 'nonce' | 'service'> {
  payments: Payments;
  lookups: Pick<Lookups, 'findByNumber'>;
  pages: Pages;
}

/** Nothing of it waits any more. */
const isSettled = (code: ErrorCode): boolean => code === 'IM_PAYMENT_ALLOCATED' || code === 'IM_PAYMENT_CLOSED';

/** @param deps see PaymentPageDeps */
export function paymentRoutes(deps: PaymentPageDeps): Router {
  const { db, payments, pages, urls } = deps;
  const router = Router();

  function toRow(words: Words, payment: WaitingPayment) {
    const { standing, meantFor, customer } = payment;
    const named = meantFor.number ?? words.t('payments.numberless');
    const moved = standing !== null && standing.invoiceId !== meantFor.invoiceId;
    const name = standing && labelOf(words, standing);
    return {
      url: `${pages.base}${PAYMENTS_PATH}/${encodeURIComponent(payment.id)}`,
      day: words.day(payment.date),
      amount: words.money(payment.amount, payment.currency),
      received:
        payment.received === payment.amount
          ? null
          : words.t('payments.ofReceived', { amount: words.money(payment.received, payment.currency) }),
      customer: customer?.name ?? words.t('payments.unknownCustomer'),
      meantFor: named,
      standing: moved
        ? { text: words.t('payments.mergedInto', { number: name }), url: urls.invoice(standing.invoiceId, 'preview') }
        : null,
      reference: payment.reference,
      why: words.t(`payments.why_${payment.why}`, { number: name ?? named }),
      closed:
        payment.closed &&
        words.t('payments.closedBy', {
          name: payment.closed.by,
          at: words.instant(payment.closed.at),
          reason: payment.closed.reason,
        }),
    };
  }

  const toChoice = (words: Words, currency: string, choice: PaymentChoice, chosen: Id | undefined) => ({
    id: choice.invoiceId,
    chosen: choice.invoiceId === chosen,
    text: words.t('payments.choice', {
      number: labelOf(words, choice),
      date: words.day(choice.issueDate),
      balance: words.money(choice.balance, currency),
    }),
  });

  async function show(
    req: Request,
    res: Response,
    actor: Actor,
    paymentId: Id,
    refused: {
      status: number;
      message: string;
      successor: { url: string; text: string } | null;
      number: string;
      /** What was given as the reason to close it. */
      reason?: string;
    } | null,
    chosen?: Id,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const { payment, choices } = await payments.waitingPayment(db, paymentId, actor);
    const row = toRow(words, payment);
    await pages.send(req, res, {
      view: 'payment',
      title: words.t('payments.one', { amount: row.amount, date: row.day }),
      up: { url: `${pages.base}${PAYMENTS_PATH}`, label: words.t('payments.title') },
      ...(refused && { status: refused.status }),
      vm: {
        row,
        refused,
        canAllocate: payments.canAllocate,
        // Where only one invoice is open it is the likely one; among several the person chooses.
        choices: choices.map((one) =>
          toChoice(words, payment.currency, one, chosen ?? (choices.length === 1 ? one.invoiceId : undefined)),
        ),
      },
    });
  }

  async function entering(req: Request, about: { invoiceId?: Id } = {}): Promise<Actor> {
    const actor = await signedIn(req, deps.actorOf);
    await payments.demand(actor, about.invoiceId);
    return actor;
  }

  router.get(
    PAYMENTS_PATH,
    route(async (req, res) => {
      const actor = await entering(req);
      const words = deps.wordsOf(req);
      const query = parse(listQuery, 'query', givenIn(req.query));
      const isClosed = query.state === 'closed';
      const [all, closed] = [await payments[query.state](db, actor), isClosed || (await payments.closed(db, actor))];
      const last = Math.max(1, Math.ceil(all.length / PAGE_SIZE));
      const page = Math.min(query.page, last);
      const url = (to: number): string => `${pages.base}${isClosed ? `${CLOSED}&` : `${PAYMENTS_PATH}?`}page=${to}`;
      await pages.send(req, res, {
        view: 'payments',
        title: words.t(isClosed ? 'payments.closedTitle' : 'payments.title'),
        up: isClosed
          ? { url: pages.base + PAYMENTS_PATH, label: words.t('payments.title') }
          : { url: pages.base || '/', label: words.t('payments.up') },
        notices: ['allocated', 'allocatedPart', 'paymentClosed', 'paymentReopened'],
        vm: {
          isClosed,
          closed:
            closed === true || closed.length === 0
              ? null
              : { url: pages.base + CLOSED, text: words.t('payments.closedCount', { count: closed.length }) },
          rows: all.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE).map((payment) => toRow(words, payment)),
          canAllocate: payments.canAllocate,
          at: words.t('payments.page', { page, pages: last }),
          previous: page > 1 ? url(page - 1) : null,
          next: page < last ? url(page + 1) : null,
        },
      });
    }),
  );

  router.get(
    `${PAYMENTS_PATH}/:id`,
    route(async (req, res) => {
      const actor = await entering(req);
      try {
        await show(req, res, actor, parse(params, 'params', req.params).id, null);
      } catch (error) {
        // An old link, or the back button: what waited is where somebody put it.
        if (!isPluginError(error) || !isSettled(error.code)) throw error;
        pages.redirect(res, error.code === 'IM_PAYMENT_CLOSED' ? CLOSED : PAYMENTS_PATH);
      }
    }),
  );

  /** The invoice that a person named: chosen in the list, or typed as a number. */
  async function invoiceOf(body: z.output<typeof allocation>, actor: Actor): Promise<Id> {
    if (body.invoiceId) return parse(id, 'body', body.invoiceId);
    const [found, ...more] = body.number ? await deps.lookups.findByNumber(db, body.number, actor) : [];
    if (!found || more.length > 0) throw new PluginError('IM_NOT_FOUND', 404);
    return found.invoiceId;
  }

  function successorOf(words: Words, vars: ErrorVars): { url: string; text: string } | null {
    const { url, successorNumber } = vars;
    if (typeof url !== 'string' || typeof vars.successorId !== 'string') return null;
    return {
      url,
      text: words.t('payments.see', { number: typeof successorNumber === 'string' ? successorNumber : '' }),
    };
  }

  router.post(
    `${PAYMENTS_PATH}/:id`,
    [sameOriginWrites(deps.csrf !== undefined), formBody()],
    route(async (req, res) => {
      const paymentId = parse(params, 'params', req.params).id;
      const body = parse(allocation, 'body', req.body);
      const actor = await entering(req);
      try {
        const invoiceId = await invoiceOf(body, actor);
        await payments.demand(actor, invoiceId);
        const { left } = await payments.allocate({ id: paymentId, invoiceId }, actor);
        pages.redirect(res, PAYMENTS_PATH, exact(left).gt(ZERO) ? 'allocatedPart' : 'allocated');
      } catch (error) {
        if (!isPluginError(error) || error.status >= 500 || isSettled(error.code)) throw error;
        const words = deps.wordsOf(req);
        const { successorId } = error.vars;
        const refused = {
          status: error.status,
          message: explainError(words, error) ?? '',
          successor: successorOf(words, error.vars),
          number: body.number ?? '',
        };
        const chosen = typeof successorId === 'string' ? successorId : body.invoiceId;
        await show(req, res, actor, paymentId, refused, chosen);
      }
    }),
  );

  router.post(
    `${PAYMENTS_PATH}/:id/close`,
    [sameOriginWrites(deps.csrf !== undefined), formBody()],
    route(async (req, res) => {
      const paymentId = parse(params, 'params', req.params).id;
      const { reason } = parse(closing, 'body', req.body);
      const actor = await entering(req);
      if (!closingReason.safeParse(reason).success) {
        const message = deps.wordsOf(req).t('payments.reasonMissing');
        return show(req, res, actor, paymentId, { status: 422, message, successor: null, number: '', reason });
      }
      await payments.close(paymentId, reason.trim(), actor);
      pages.redirect(res, PAYMENTS_PATH, 'paymentClosed');
    }),
  );

  router.post(
    `${PAYMENTS_PATH}/:id/reopen`,
    [sameOriginWrites(deps.csrf !== undefined), formBody()],
    route(async (req, res) => {
      await payments.reopen(parse(params, 'params', req.params).id, await entering(req));
      pages.redirect(res, PAYMENTS_PATH, 'paymentReopened');
    }),
  );

  return router;
}
