/** The JSON API of payments to allocate. */
import { z } from 'zod';
import type { WaitingReason } from '../contract';
import type { Db } from '../host/contract';
import { endpoint, type Endpoint } from '../web/endpoints';
import { component, currency, day, decimal, id, instant, paged, pageNumber } from '../web/shapes';
import type { Payments } from './after-payments';

const PAGE_SIZE = 50;

const REASONS = [
  'paid',
  'cancelled',
  'draft',
  'currency',
  'unknown',
  'rest',
] as const satisfies readonly WaitingReason[];

const waitingPayment = component(
  'WaitingPayment',
  z.strictObject({
    id,
    date: day,
    amount: decimal,
    received: decimal,
    currency,
    reference: z.string(),
    why: z.enum(REASONS),
    meantFor: z.strictObject({ invoiceId: z.string(), number: z.string().nullable() }),
    standing: z.strictObject({ invoiceId: id, number: z.string().nullable(), issueDate: day }).nullable(),
    customer: z.strictObject({ id, name: z.string() }).nullable(),
    receivedAt: instant,
    closed: z.strictObject({ reason: z.string(), at: instant, by: z.string() }).nullable(),
  }),
);

/** Why money waits no more: something a person reads ten years later. */
export const closingReason = z
  .string()
  .max(1000)
  .regex(/\S\s*\S/);

export function paymentEndpoints({ db, payments }: { db: Db; payments: Payments }): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/payments-to-allocate',
      summary: 'Money that was received and waits for an invoice, oldest first; or what was closed, the last first',
      action: 'payments.allocate',
      query: z.strictObject({ page: pageNumber, state: z.enum(['waiting', 'closed']).default('waiting') }),
      replies: { 200: z.strictObject({ payments: z.array(waitingPayment), ...paged }) },
      async handler({ actor, query: { page, state } }) {
        const waiting = await payments[state](db, actor);
        return {
          status: 200,
          body: {
            payments: waiting.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
            page,
            pages: Math.max(1, Math.ceil(waiting.length / PAGE_SIZE)),
            total: waiting.length,
          },
        };
      },
    }),

    endpoint({
      method: 'post',
      path: '/payments-to-allocate/:id',
      summary: 'Books what waits on an invoice, up to its balance; `left` goes on waiting',
      action: 'payments.allocate',
      invoice: ({ body }) => body.invoiceId,
      params: z.strictObject({ id }),
      body: z.strictObject({ invoiceId: id }),
      replies: {
        200: z.strictObject({
          invoiceId: id,
          number: z.string().nullable(),
          paymentId: z.string(),
          currency,
          amount: decimal,
          left: decimal,
        }),
      },
      refusals: [404, 409, 422, 503],
      handler: async ({ actor, params, body }) => ({
        status: 200,
        body: await payments.allocate({ id: params.id, invoiceId: body.invoiceId }, actor),
      }),
    }),

    endpoint({
      method: 'post',
      path: '/payments-to-allocate/:id/close',
      summary: 'What still waits will be received by no invoice: given back, say. Kept with the reason',
      action: 'payments.allocate',
      params: z.strictObject({ id }),
      body: z.strictObject({ reason: closingReason }),
      replies: { 200: waitingPayment },
      refusals: [404, 409, 503],
      handler: async ({ actor, params, body }) => ({
        status: 200,
        body: await payments.close(params.id, body.reason, actor),
      }),
    }),

    endpoint({
      method: 'post',
      path: '/payments-to-allocate/:id/reopen',
      summary: 'What was closed waits again',
      action: 'payments.allocate',
      params: z.strictObject({ id }),
      replies: { 200: waitingPayment },
      refusals: [404, 409, 503],
      handler: async ({ actor, params }) => ({ status: 200, body: await payments.reopen(params.id, actor) }),
    }),
  ];
}
