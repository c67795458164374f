/** After the checkout: what was recorded, or what the other system makes of it; and the slip of a sale without an invoice. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, PluginError } from '../errors';
import type { Actor } from '../host/contract';
import { visibleIds } from '../host/own-columns';
import { runTransaction } from '../host/transaction';
import { explainError } from '../i18n';
import type { Words } from '../i18n';
import { restrictTo } from '../merging/deps';
import { formBody, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import { id } from '../web/shapes';
import { CHECKOUT_STYLES } from './routes-checkout';
import { CHECKOUT_PATH, checkoutPath, donePath, SALES_PATH, SLIPS_PATH, type TillPageDeps } from './routes-till-deps';
import { remaining, isNothing } from './rules-acts';
import type { SalePayment, SaleRecord } from './types';

const params = z.strictObject({ id });

/** @param deps see TillPageDeps */
export function doneRoutes(deps: TillPageDeps): Router {
  const { pages, store, knex, handover } = deps;
  const router = Router();
  const writes = [sameOriginWrites(deps.csrf !== undefined), formBody()];

  /** Whoever takes payments may see what came of them; others see what the history shows them. */
  async function saleOf(req: Request): Promise<{ actor: Actor; sale: SaleRecord }> {
    const actor = await signedIn(req, deps.actorOf);
    if (!(await deps.may(actor, 'checkout.take')) && !(await deps.may(actor, 'sales.view_all')))
      throw new PluginError('IM_FORBIDDEN', 403, { action: 'checkout.take' });
    const saleId = parse(params, 'params', req.params).id;
    const sale = await store.saleById(knex, saleId);
    const { host } = deps.till;
    const isSeen =
      sale !== null &&
      (sale.invoiceId === null ||
        (await visibleIds(knex, host.map, [sale.invoiceId], restrictTo(deps.till, actor))).has(sale.invoiceId));
    if (!isSeen) throw new PluginError('IM_NOT_FOUND', 404, { why: 'sale', saleId });
    return { actor, sale };
  }

  function toLine(words: Words, payment: SalePayment, canVoid: boolean) {
    const { method, reference, currency } = payment;
    return {
      ...{ name: method.name, image: deps.pictureOf(method), reference, note: payment.note },
      amount: words.money(payment.amount, currency),
      kind: words.t(`sales.kind_${method.kind}`),
      said: words.t(reference === null ? 'checkout.recorded' : 'checkout.recordedFor', {
        ...{ method: method.name, reference, amount: words.money(payment.amount, currency) },
      }),
      voidUrl:
        canVoid && !isNothing(remaining(payment))
          ? `${pages.base}${SALES_PATH}/${encodeURIComponent(payment.id)}`
          : null,
    };
  }

  async function showDone(req: Request, res: Response, actor: Actor, sale: SaleRecord): Promise<void> {
    const words = deps.wordsOf(req);
    const canVoid = await deps.may(actor, 'sales.void');
    const payments = (await store.paymentsOf(knex, { saleId: sale.id })).filter(({ act }) => act === 'payment');
    const back = sale.kind === 'invoice' && sale.invoiceId !== null ? deps.invoiceUrl(sale.invoiceId, 'preview') : null;
    await pages.send(req, res, {
      view: 'checkout-done',
      title: words.t(sale.state === 'void' ? 'checkout.voided' : 'checkout.done'),
      styles: CHECKOUT_STYLES,
      vm: {
        isVoid: sale.state === 'void',
        lines: payments.map((one) => toLine(words, one, canVoid)),
        total: words.money(sale.total, sale.currency),
        customer: sale.customer?.name ?? null,
        invoice:
          sale.invoiceId === null
            ? null
            : {
                url: deps.invoiceUrl(sale.invoiceId, 'preview'),
                label: words.t('checkout.invoice', { number: sale.invoiceNumber ?? words.t('invoice.draft') }),
              },
        slip:
          sale.slipNumber === null
            ? null
            : {
                url: `${pages.base}${SLIPS_PATH}/${sale.id}`,
                label: words.t('checkout.slip', { number: sale.slipNumber }),
              },
        back: back ?? sale.returnUrl,
        backLabel: words.t(back === null ? 'checkout.next' : 'checkout.backToInvoice'),
      },
    });
  }

  async function showHandover(req: Request, res: Response, sale: SaleRecord, fault: string | null): Promise<void> {
    const words = deps.wordsOf(req);
    const outcome = await handover?.state(knex, sale.id);
    const system = outcome?.integration.name ?? sale.handover?.method.name ?? '';
    const isWaiting = sale.state === 'waiting';
    await pages.send(req, res, {
      view: 'checkout-handover',
      title: words.t(isWaiting ? 'checkout.waitingTitle' : 'checkout.handedOver'),
      styles: CHECKOUT_STYLES,
      ...(isWaiting && { scripts: ['js/live.js'] }),
      ...(fault !== null && { status: 409 }),
      vm: {
        ...{ isWaiting, system, fault },
        url: `${pages.base}${donePath(sale.id)}`,
        text: words.t(isWaiting ? 'checkout.waiting' : 'checkout.accepted', { system }),
        amount: words.money(sale.total, sale.currency),
        reference: sale.handover?.reference ?? null,
        externalReference: sale.handover?.externalReference ?? null,
        isCancelling: outcome?.state === 'cancelling',
        nextAt: outcome?.nextAt ? words.t('checkout.nextTry', { when: words.moment(outcome.nextAt) }) : null,
        invoice: outcome?.invoice ? { number: outcome.invoice.number, url: outcome.invoice.url } : null,
        // The next sale need not wait for this one.
        back: sale.returnUrl,
      },
    });
  }

  router.get(
    `${CHECKOUT_PATH}/done/:id`,
    route(async (req, res) => {
      const { actor, sale } = await saleOf(req);
      if (sale.state === 'open') return pages.redirect(res, checkoutPath({ saleId: sale.id }));
      if (sale.state === 'waiting' || sale.state === 'handed_over') return showHandover(req, res, sale, null);
      await showDone(req, res, actor, sale);
    }),
  );

  /** Runs what a person does about a sale that waits; the page then says what came of it. */
  const waiting = (act: (handoverId: string, actor: Actor, words: Words) => Promise<unknown>) =>
    route(async (req, res) => {
      const { actor, sale } = await saleOf(req);
      if (!(await deps.may(actor, 'checkout.take')))
        throw new PluginError('IM_FORBIDDEN', 403, { action: 'checkout.take' });
      const words = deps.wordsOf(req);
      try {
        if (sale.state === 'waiting' && sale.handover) await act(sale.handover.handoverId, actor, words);
      } catch (error) {
        if (!isPluginError(error) || error.status >= 500) throw error;
        return showHandover(req, res, sale, explainError(words, error));
      }
      pages.redirect(res, donePath(sale.id));
    });

  router.post(
    `${CHECKOUT_PATH}/done/:id/check`,
    writes,
    waiting(async (handoverId) => handover?.check(handoverId)),
  );
  router.post(
    `${CHECKOUT_PATH}/done/:id/cancel`,
    writes,
    waiting(async (handoverId, actor) => {
      if (!handover) return;
      const reason = deps.till.documents.t('checkout.cancelledAtTill');
      await runTransaction(knex, (trx) => handover.cancel(trx, handoverId, { actor, reason }));
      await handover.deliver(handoverId);
    }),
  );

  router.get(
    `${SLIPS_PATH}/:id`,
    route(async (req, res) => {
      const { sale } = await saleOf(req);
      if (sale.slipNumber === null) throw new PluginError('IM_NOT_FOUND', 404, { why: 'sale', saleId: sale.id });
      const words = deps.wordsOf(req);
      const payments = (await store.paymentsOf(knex, { saleId: sale.id })).filter(({ act }) => act === 'payment');
      await pages.send(req, res, {
        view: 'slip',
        title: words.t('slip.title'),
        styles: CHECKOUT_STYLES,
        up: { url: `${pages.base}${donePath(sale.id)}`, label: words.t('checkout.done') },
        vm: {
          isVoid: sale.state === 'void',
          number: sale.slipNumber,
          at: words.instant(sale.closedAt ?? sale.openedAt),
          customer: sale.customer?.name ?? null,
          module: sale.module.name,
          lines: sale.lines.map(({ description, quantity }) => ({ description, quantity: words.number(quantity) })),
          total: words.money(sale.total, sale.currency),
          payments: payments.map((one) => toLine(words, one, false)),
          // Who sends the invoice: VAT that a paper shows is owed, so this one shows none.
          invoicer: words.list([...new Set(payments.map(({ method }) => method.name))]),
        },
      });
    }),
  );

  return router;
}
