/** The checkout: choose a method, say how much and for which room, done. Each step is a page of the server's. */
import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, PluginError, type ErrorCode } from '../errors';
import type { Actor, Id } from '../host/contract';
import { runTransaction } from '../host/transaction';
import { explainError } from '../i18n';
import { exact, ZERO } from '../money/decimal';
import { formBody, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import { id } from '../web/shapes';
import type { CheckoutNow } from './checkout';
import { wantedPayment } from './checkout-input';
import { leftNow, readAmount, toCheckout, toStep, typedAmount, type CheckoutState } from './routes-checkout-view';
import { CHECKOUT_PATH, checkoutPath, donePath, type TillPageDeps } from './routes-till-deps';
import { demandReference, judge } from './rules-checkout';
import type { WantedPayment } from './types';

export const CHECKOUT_STYLES = ['css/checkout.css'];
/** A reference that was used since then is mentioned: a double booking happens within minutes. */
const RECENT_MS = 10 * 60_000;

const params = z.strictObject({ kind: z.enum(['invoice', 'sale']), id });
const text = z.string().max(2000).default('');
const oneOrMore = z.preprocess(
  (value: unknown): unknown => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
  z.array(z.string().max(5000)).max(50),
);
const form = z.object({
  key: z.string().min(1).max(190),
  paid: oneOrMore,
  choose: id.optional(),
  confirm: id.optional(),
  /** Take this much, and go on with another method. */
  share: id.optional(),
  remove: z.coerce.number().int().min(0).max(49).optional(),
  ...{ amount: text, reference: text, note: text, mentioned: text },
});
type Form = z.output<typeof form>;

/** Beside which field of the step a refusal stands. */
function fieldOf(code: ErrorCode): 'amount' | 'reference' | null {
  if (['IM_AMOUNT_INVALID', 'IM_OVER_PAID', 'IM_UNDER_PAID'].includes(code)) return 'amount';
  return ['IM_REFERENCE_MISSING', 'IM_REFERENCE_ILL_FORMED'].includes(code) ? 'reference' : null;
}

function readPaid(given: string[]): WantedPayment[] {
  return given.map((one) => {
    try {
      return wantedPayment.parse(JSON.parse(one));
    } catch {
      throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'paid' });
    }
  });
}

/** @param deps see TillPageDeps */
export function checkoutRoutes(deps: TillPageDeps): Router {
  const { pages, checkout, taking, store, knex } = deps;
  const router = Router();
  const PATH = `${CHECKOUT_PATH}/:kind/:id`;

  const subjectOf = ({ kind, id: of }: z.output<typeof params>): { invoiceId: Id } | { saleId: Id } =>
    kind === 'invoice' ? { invoiceId: of } : { saleId: of };

  async function show(
    req: Request,
    res: Response,
    now: CheckoutNow,
    state: CheckoutState,
    status = 200,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const step = toStep(words, now, state, deps);
    const about = toCheckout(words, now, state, deps);
    await pages.send(req, res, {
      view: step ? 'checkout-step' : 'checkout',
      title: words.t('checkout.title'),
      styles: CHECKOUT_STYLES,
      status,
      ...(about.document
        ? { up: about.document }
        : now.sale?.returnUrl && { up: { url: now.sale.returnUrl, label: now.module.name } }),
      vm: {
        ...about,
        step,
        url: `${pages.base}${checkoutPath(now.invoice ? { invoiceId: now.invoice.id } : { saleId: now.sale?.id ?? '' })}`,
      },
    });
  }

  /** What cannot be paid says why, and leads to where it can. */
  async function showRefused(
    req: Request,
    res: Response,
    error: PluginError,
    actor: Actor,
    invoiceId: Id,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const successor = await deps.till.guarding.successorOf(knex, invoiceId);
    const merged = successor !== null && (await isVisible(actor, successor)) ? successor : null;
    await pages.send(req, res, {
      view: 'checkout-refused',
      title: words.t('checkout.title'),
      styles: CHECKOUT_STYLES,
      status: error.status,
      up: { url: deps.invoiceUrl(invoiceId, 'preview'), label: words.t('checkout.backToInvoice') },
      vm: {
        message: merged === null ? explainError(words, error) : words.t('checkout.merged'),
        successor: merged === null ? null : `${pages.base}${checkoutPath({ invoiceId: merged })}`,
      },
    });
  }

  async function isVisible(actor: Actor, invoiceId: Id): Promise<boolean> {
    return checkout.admit(knex, actor, { invoiceId }).then(
      () => true,
      () => false,
    );
  }

  async function entering(req: Request, res: Response): Promise<{ actor: Actor; now: CheckoutNow } | null> {
    const actor = await signedIn(req, deps.actorOf);
    const subject = subjectOf(parse(params, 'params', req.params));
    try {
      const now = await checkout.checkoutOf(knex, subject, actor);
      if (now.sale && now.sale.state !== 'open') {
        pages.redirect(res, donePath(now.sale.id));
        return null;
      }
      return { actor, now };
    } catch (error) {
      if (!isPluginError(error) || error.code !== 'IM_NOT_PAYABLE' || !('invoiceId' in subject)) throw error;
      await showRefused(req, res, error, actor, subject.invoiceId);
      return null;
    }
  }

  const fresh = (key: string = randomUUID()): CheckoutState => ({
    key,
    paid: [],
    picked: null,
    fault: null,
    recent: null,
  });

  router.get(
    PATH,
    route(async (req, res) => {
      const entered = await entering(req, res);
      if (entered) await show(req, res, entered.now, fresh());
    }),
  );

  /** The same room minutes ago: perhaps the same round of drinks. Mentioned once, never refused. */
  async function recentOf(
    now: CheckoutNow,
    line: WantedPayment,
    { key, mentioned }: Form,
  ): Promise<CheckoutState['recent']> {
    const method = now.methods.find(({ id: known }) => known === line.methodId);
    const reference = method ? demandReference(method, line.reference) : null;
    if (reference === null || reference === mentioned) return null;
    const since = new Date(deps.clock().getTime() - RECENT_MS).toISOString();
    const recent = await store.recentReference(knex, { methodId: line.methodId, reference, since });
    // What the first of two clicks has just recorded is no other round: the second one finds its receipt.
    return recent && (await store.saleByKey(knex, key))?.id !== recent.saleId ? recent : null;
  }

  async function record(res: Response, actor: Actor, now: CheckoutNow, { key, paid }: CheckoutState): Promise<void> {
    const subject = now.invoice ? { invoiceId: now.invoice.id } : { saleId: now.sale?.id ?? '' };
    const { sale, handoverId } = await runTransaction(knex, (trx) =>
      taking.take(trx, { subject, payments: paid, key, actor }),
    );
    // After the commit: no other system's slowness holds our rows.
    if (handoverId !== null) await deps.handover?.deliver(handoverId);
    pages.redirect(res, donePath(sale.id));
  }

  async function confirm(req: Request, res: Response, actor: Actor, now: CheckoutNow, posted: Form): Promise<void> {
    const words = deps.wordsOf(req);
    const before: CheckoutState = { ...fresh(posted.key), paid: readPaid(posted.paid) };
    const { amount: typed, reference, note } = posted;
    const methodId = posted.confirm ?? posted.share ?? '';
    const picked = { methodId, amount: typed, reference, note };
    const line: WantedPayment = { methodId, amount: readAmount(typed), reference, note };
    const state: CheckoutState = { ...before, paid: [...before.paid, line] };
    try {
      judge(state.paid, now.methods, now);
      const recent = await recentOf(now, line, posted);
      if (recent) return await show(req, res, now, { ...before, picked, recent });
      const left = exact(leftNow(now, state.paid));
      const goesOn = posted.share !== undefined || now.kind === 'basket';
      if (goesOn && left.gt(ZERO)) return await show(req, res, now, state);
      await record(res, actor, now, state);
    } catch (error) {
      if (!isPluginError(error) || error.status >= 500 || error.status === 403 || error.status === 404) throw error;
      if (error.code === 'IM_SALE_CLOSED' || error.code === 'IM_SALE_WAITING')
        return pages.redirect(res, donePath(now.sale?.id ?? ''));
      const message = explainError(words, error) ?? '';
      const field = fieldOf(error.code);
      // What was typed stays: the basket, the lines so far and this one.
      const stays = { ...before, fault: { message, field } };
      await show(req, res, now, field === null ? stays : { ...stays, picked }, error.status);
    }
  }

  router.post(
    PATH,
    [sameOriginWrites(deps.csrf !== undefined), formBody()],
    route(async (req, res) => {
      const posted = parse(form, 'body', req.body);
      // A key that has recorded leads to what it recorded: Back and a second click find the receipt.
      const actor = await signedIn(req, deps.actorOf);
      const done = await store.saleByKey(knex, posted.key);
      const subject = subjectOf(parse(params, 'params', req.params));
      const isOwn = done && ('saleId' in subject ? done.id === subject.saleId : done.invoiceId === subject.invoiceId);
      if (isOwn && done.state !== 'open') {
        await checkout.admit(knex, actor, subject);
        return pages.redirect(res, donePath(done.id));
      }
      const entered = await entering(req, res);
      if (!entered) return;
      const { now } = entered;
      if (posted.confirm !== undefined || posted.share !== undefined) return confirm(req, res, actor, now, posted);
      const words = deps.wordsOf(req);
      const paid = readPaid(posted.paid).filter((_line, index) => index !== posted.remove);
      const state: CheckoutState = { ...fresh(posted.key), paid };
      if (posted.choose === undefined) return show(req, res, now, state);
      const picked = {
        methodId: posted.choose,
        amount: posted.amount === '' ? typedAmount(words, leftNow(now, paid)) : posted.amount,
        ...{ reference: '', note: '' },
      };
      await show(req, res, now, { ...state, picked });
    }),
  );

  return router;
}
