/** Money received for an invoice: the page and the JSON API book it the same way. */
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

/**
 * @throws DemoError merged_elsewhere 409 (with the number of the invoice that the money belongs to), wrong_state 409, unknown_method 422
 * @throws ZodError where the payment cannot be read; PluginError where the invoice was merged meanwhile
 */
export async function recordPayment(demo: Demo, invoiceId: string, given: unknown): Promise<RecordedPayment> {
  const payment = paymentInput.parse(given);
  const { knex, merge, host } = demo;
  if (!(await findInvoice(knex, invoiceId))) throw new DemoError('not_found', 404);
  const target = await merge.paymentTarget(knex, invoiceId);
  if (target.invoiceId !== invoiceId) {
    const successor = await findInvoice(knex, target.invoiceId);
    const number = successor?.ref ?? `#${target.invoiceId}`;
    throw new DemoError('merged_elsewhere', 409, { number, invoiceId: target.invoiceId });
  }
  return merge.transaction(async (trx) => {
    await merge.guard(trx, invoiceId, 'pay');
    const invoice = await findInvoice(trx, invoiceId);
    if (!invoice || !['open', 'late', 'part'].includes(invoice.state)) throw new DemoError('wrong_state', 409);
    const method = await trx('crm_payment_methods')
      .where({ id: payment.methodId ?? CASH })
      .first<{ id: number } | undefined>('id');
    if (!method) throw new DemoError('unknown_method', 422);
    const date = payment.date ?? demo.today();
    const [id] = await trx('crm_payments').insert({
      invoice_id: invoiceId,
      method_id: method.id,
      amount: payment.amount,
      paid_on: date,
      remark: payment.note || null,
    });
    await host.saveTotals(trx, invoiceId);
    return { id: String(id), invoiceId, methodId: String(method.id), amount: payment.amount, date };
  });
}
