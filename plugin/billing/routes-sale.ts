/** One payment: what became of it, and what a bookkeeper may do about it. */
import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, PluginError } from '../errors';
import type { Actor } from '../host/contract';
import { explainError } from '../i18n';
import { formBody, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import { id } from '../web/shapes';
import { lacksWords } from './endpoints-sales-shapes';
import { labelOf, readAmount, typedAmount } from './routes-checkout-view';
import { SALES_STYLES } from './routes-sales';
import { toSalesRow } from './routes-sales-view';
import { SALES_PATH, type TillPageDeps } from './routes-till-deps';
import { exampleOf } from './rules';
import { canMove, canPayOut, isNothing, isReversal, REASONS, remaining } from './rules-acts';
import type { Why } from './sale-acts';
import type { SalePayment } from './types';

const params = z.strictObject({ id });
const text = z.string().max(2000).default('');
const form = z.object({
  reason: z.union([z.enum(REASONS), z.literal('')]).default(''),
  reasonText: text,
  amount: text,
  methodId: z.union([id, z.literal('')]).default(''),
  reference: text,
  key: z.string().max(190).default(''),
});
type Form = z.output<typeof form>;
type Act = 'void' | 'refund' | 'method';

const NOTICES = ['saleVoided', 'saleRefunded', 'saleMoved'] as const;
const DONE: Record<Act, (typeof NOTICES)[number]> = {
  void: 'saleVoided',
  refund: 'saleRefunded',
  method: 'saleMoved',
};

/** @param deps see TillPageDeps */
export function saleRoutes(deps: TillPageDeps): Router {
  const { pages, acts, history, store, knex, till } = deps;
  const router = Router();

  interface Refused {
    act: Act;
    typed: Form;
    message: string;
    status: number;
  }

  async function show(req: Request, res: Response, actor: Actor, payment: SalePayment, refused: Refused | null) {
    const words = deps.wordsOf(req);
    const { row, family } = await history.one(knex, payment);
    const { method, currency } = payment;
    const left = remaining(payment);
    const may =
      (await deps.may(actor, 'sales.void')) &&
      !isReversal(payment.act) &&
      (!isNothing(left) || (isNothing(payment.amount) && row.state === 'recorded'));
    const sale = await store.saleById(knex, payment.saleId);
    const { methods } = may ? await till.modules.methods(knex, payment.module.id) : { methods: [] };
    const { directSaleInvoice } = await till.settings.read(knex);
    const movable = methods.filter((one) => canMove(payment, one, { kind: sale?.kind ?? 'basket', directSaleInvoice }));
    const payouts = [method, ...methods.filter((one) => one.id !== method.id && canPayOut(method, one))];
    const typed = (act: Act): Form | null => (refused?.act === act ? refused.typed : null);
    const why = (act: Act) => ({
      reasons: REASONS.map((one) => ({
        ...{ value: one, label: words.t(`sales.reason_${one}`), chosen: typed(act)?.reason === one },
      })),
      text: typed(act)?.reasonText ?? '',
    });
    const url = `${pages.base}${SALES_PATH}/${encodeURIComponent(payment.id)}`;
    await pages.send(req, res, {
      view: 'sale',
      title: words.t('sales.one', { id: payment.id }),
      styles: SALES_STYLES,
      up: { url: `${pages.base}${SALES_PATH}`, label: words.t('sales.title') },
      notices: NOTICES,
      ...(refused && { status: refused.status }),
      vm: {
        url,
        row: toSalesRow(words, row, deps),
        vat: row.vat.map(({ rate, base, tax }) => ({
          ...{ rate: words.percent(rate), base: words.money(base, currency), tax: words.money(tax, currency) },
        })),
        family: family.filter((one) => one.id !== row.id).map((one) => toSalesRow(words, one, deps)),
        refused: refused && { act: refused.act, message: refused.message },
        left: words.money(left, currency),
        may,
        outside: method.kind === 'internal' ? null : words.t('sales.outside', { method: method.name }),
        becomesDue:
          payment.invoiceId !== null
            ? words.t('sales.becomesDue', { number: payment.invoiceNumber ?? words.t('invoice.draft') })
            : null,
        void: why('void'),
        refund: {
          ...why('refund'),
          amount: typed('refund')?.amount ?? typedAmount(words, left),
          key: typed('refund')?.key || randomUUID(),
          methods: payouts.map((one) => ({
            ...{ value: one.id, label: one.name, chosen: one.id === (typed('refund')?.methodId || method.id) },
          })),
        },
        move: {
          ...why('method'),
          reference: typed('method')?.reference ?? '',
          none: movable.length === 0 ? words.t('sales.noMove') : null,
          methods: movable.map((one) => {
            const example = exampleOf(one.referenceMask);
            const label = labelOf(words, one);
            return {
              ...{ value: one.id, chosen: one.id === typed('method')?.methodId },
              label: one.id === method.id ? words.t('sales.sameMethod', { method: one.name }) : one.name,
              asks: one.requiresReference
                ? words.t(example === null ? 'checkout.enter' : 'checkout.enterLike', { label, example })
                : null,
            };
          }),
        },
      },
    });
  }

  router.get(
    `${SALES_PATH}/:id`,
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await demandView(actor);
      const payment = await acts.visible(knex, parse(params, 'params', req.params).id, actor);
      await show(req, res, actor, payment, null);
    }),
  );

  async function demandView(actor: Actor): Promise<void> {
    if ((await deps.may(actor, 'sales.view')) || (await deps.may(actor, 'sales.view_all'))) return;
    throw new PluginError('IM_FORBIDDEN', 403, { action: 'sales.view' });
  }

  const run = (act: Act, payment: SalePayment, typed: Form, why: Why, actor: Actor): Promise<unknown> => {
    const { methodId, reference, key } = typed;
    if (act === 'void') return acts.voidPayment(payment.id, why, actor);
    if (act === 'refund') {
      const amount = readAmount(typed.amount);
      return acts.refund(
        payment.id,
        { ...why, amount, methodId: methodId || payment.method.id, key: key || null },
        actor,
      );
    }
    return acts.changeMethod(payment.id, { ...why, methodId, reference }, actor);
  };

  for (const act of ['void', 'refund', 'method'] as const)
    router.post(
      `${SALES_PATH}/:id/${act}`,
      [sameOriginWrites(deps.csrf !== undefined), formBody()],
      route(async (req, res) => {
        const actor = await signedIn(req, deps.actorOf);
        const typed = parse(form, 'body', req.body);
        const words = deps.wordsOf(req);
        if (!(await deps.may(actor, 'sales.void')))
          throw new PluginError('IM_FORBIDDEN', 403, { action: 'sales.void' });
        const payment = await acts.visible(knex, parse(params, 'params', req.params).id, actor);
        const refuse = (message: string, status: number) =>
          show(req, res, actor, payment, { act, typed, message, status });
        const { reason, reasonText } = typed;
        if (reason === '' || lacksWords({ reason, reasonText })) return refuse(words.t('sales.reasonMissing'), 422);
        try {
          await run(act, payment, typed, { reason, text: reasonText.trim() || null }, actor);
          pages.redirect(res, `${SALES_PATH}/${encodeURIComponent(payment.id)}`, DONE[act]);
        } catch (error) {
          if (!isPluginError(error) || error.status >= 500 || error.status < 409) throw error;
          await refuse(explainError(words, error) ?? '', error.status);
        }
      }),
    );

  return router;
}
