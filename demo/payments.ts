/** Money received for an invoice, outside the checkout: the JSON API and the page of a merged invoice. */
import { randomUUID } from 'node:crypto';
import type { Actor, Id, ReceivedPayment, Trx } from 'crm-invoice-merge';
import { z } from 'zod';
import { DemoError, type Demo } from './context';
import { findInvoice } from './invoice-store';

/** The method that is always there. */
const CASH = '1';

export const paymentInput = z.object({
  amount: z
    .string()
    .regex(/^\d{1,12}(\.\d{1,3})?$/)
    .refine((value) => Number(value) > 0),
  methodId: z.union([z.string().regex(/^\d{1,18}$/), z.number().int().positive().transform(String)]).optional(),
  date: z.iso.date().optional(),
  note: z.string().max(2000).default(''),
});

export interface RecordedPayment {
  id: string;
  invoiceId: string;
  methodId: string;
  amount: string;
  date: string;
}

type Payment = z.output<typeof paymentInput> & { methodId: string; date: string };

async function readPayment(demo: Demo, given: unknown): Promise<Payment> {
  const payment = paymentInput.parse(given);
  const methodId = payment.methodId ?? CASH;
  const method = await demo.knex('crm_payment_methods').where({ id: methodId }).first<{ id: number } | undefined>('id');
  if (!method) throw new DemoError('unknown_method', 422);
  return { ...payment, methodId, date: payment.date ?? demo.today() };
}

/** What this CRM does with money that came for a merged invoice. */
async function book(demo: Demo, trx: Trx, invoiceId: Id, payment: Payment): Promise<Id> {
  const [id] = await trx('crm_payments').insert({
    invoice_id: invoiceId,
    method_id: payment.methodId,
    amount: payment.amount,
    paid_on: payment.date,
    remark: payment.note || null,
  });
  await demo.host.saveTotals(trx, invoiceId);
  return String(id);
}

/**
 * @throws DemoError merged_elsewhere 409 (with the number of the invoice that the money belongs to), wrong_state 409, unknown_method 422
 * @throws ZodError where the payment cannot be read; PluginError where the invoice was merged meanwhile
 */
export async function recordPayment(
  demo: Demo,
  invoiceId: string,
  given: unknown,
  actor: Actor,
): Promise<RecordedPayment> {
  const { knex, merge } = demo;
  const payment = await readPayment(demo, given);
  const meant = await findInvoice(knex, invoiceId);
  if (!meant) throw new DemoError('not_found', 404);
  const target = await merge.paymentTarget(knex, invoiceId);
  if (target.invoiceId !== invoiceId) {
    const successor = await findInvoice(knex, target.invoiceId);
    const number = successor?.ref ?? `#${target.invoiceId}`;
    throw new DemoError('merged_elsewhere', 409, {
      number,
      invoiceId: target.invoiceId,
      old: meant.ref ?? '',
      payment,
    });
  }
  return merge.transaction(async (trx) => {
    await merge.guard(trx, invoiceId, 'pay');
    const invoice = await findInvoice(trx, invoiceId);
    if (!invoice || !['open', 'late', 'part'].includes(invoice.state)) throw new DemoError('wrong_state', 409);
    const { methodId, amount, date, note } = payment;
    // As the checkout does it, so that it is in the history of sales too.
    const { payments } = await merge.billing.takePayment(trx, {
      ...{ invoiceId, payments: [{ methodId, amount, note }], key: randomUUID(), actor, date },
    });
    return { id: payments[0]?.hostPaymentId ?? '', invoiceId, methodId, amount, date };
  });
}

/** Money for a merged invoice, once the person has said yes: on the one that stands for it, else it waits. */
export async function recordOnSuccessor(
  demo: Demo,
  invoiceId: string,
  given: unknown,
  key: string,
): Promise<ReceivedPayment> {
  const payment = await readPayment(demo, given);
  const { merge, host } = demo;
  return merge.transaction(async (trx) => {
    const [meant] = await host.loadInvoices(trx, [invoiceId]);
    if (!meant) throw new DemoError('not_found', 404);
    const { amount, date, methodId, note: reference } = payment;
    return merge.receivePayment(
      trx,
      { key, invoiceId, amount, currency: meant.currency, date, methodId, reference },
      ({ invoiceId: standing, ...part }) => book(demo, trx, standing, { ...payment, ...part }),
    );
  });
}
