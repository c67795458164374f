/** The JSON API of the checkout. */
import type { Knex } from 'knex';
import { z } from 'zod';
import type { HandoverService } from '../handover/contract';
import { runTransaction } from '../host/transaction';
import { endpoint, type Endpoint } from '../web/endpoints';
import { id } from '../web/shapes';
import type { CheckoutService, Subject } from './checkout';
import { saleLine } from './checkout-input';
import { toTransaction, transaction } from './endpoints-sales-shapes';
import type { Taking } from './taking';
import { PluginError } from '../errors';

const body = z.strictObject({
  /** One of the three. */
  invoiceId: id.optional(),
  saleId: id.optional(),
  sale: z
    .strictObject({
      customerId: id.nullable(),
      currency: z.string().regex(/^[A-Z]{3}$/),
      lines: z.array(saleLine).min(1).max(1000),
    })
    .optional(),
  payments: z
    .array(
      z.strictObject({
        methodId: id,
        amount: z.string().regex(/^-?\d{1,18}(\.\d{1,10})?$/),
        reference: z.string().max(1000).nullish(),
        note: z.string().max(2000).nullish(),
      }),
    )
    .min(1)
    .max(50),
  key: z.string().regex(/^[^\p{C}]{1,190}$/u),
});

const taken = z.strictObject({
  saleId: id,
  transactions: z.array(transaction),
  handover: z.strictObject({ id, state: z.string(), reason: z.string().nullable() }).nullable(),
});

export interface CheckoutEndpointDeps {
  knex: Knex;
  checkout: CheckoutService;
  taking: Taking;
  handover: HandoverService | null;
}

/** @throws IM_PAYLOAD_INVALID 400 where not exactly one thing is to be paid */
function subjectOf({ invoiceId, saleId, sale }: z.output<typeof body>): Subject {
  const named = [
    invoiceId === undefined ? null : { invoiceId },
    saleId === undefined ? null : { saleId },
    sale === undefined ? null : { basket: sale },
  ].filter((one) => one !== null);
  const [subject, ...more] = named;
  if (!subject || more.length > 0) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'invoiceId' });
  return subject;
}

/** @param deps see CheckoutEndpointDeps */
export function checkoutEndpoints({ knex, checkout, taking, handover }: CheckoutEndpointDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/order-modules/:id/checkout',
      summary:
        'Takes the payment of an invoice, of a basket that is open (saleId), or of one that comes along (sale); an extended method hands the basket over. The same key again answers 200 and records nothing',
      action: 'checkout.take',
      invoice: ({ body: { invoiceId } }) => invoiceId,
      params: z.strictObject({ id }),
      body,
      replies: { 200: taken, 201: taken },
      refusals: [404, 409, 422, 503],
      async handler({ actor, params, body: asked }) {
        const subject = subjectOf(asked);
        await checkout.admit(knex, actor, subject);
        const { payments, key } = asked;
        const recorded = await runTransaction(knex, (trx) =>
          taking.take(trx, { moduleId: params.id, subject, payments, key, actor }),
        );
        const { sale, replayed, handoverId } = recorded;
        const outcome = handoverId === null || !handover ? null : await handover.deliver(handoverId);
        return {
          status: replayed ? 200 : 201,
          body: {
            saleId: sale.id,
            transactions: recorded.payments.map(toTransaction),
            handover: outcome && { id: outcome.handoverId, state: outcome.state, reason: outcome.reason },
          },
        };
      },
    }),
  ];
}
