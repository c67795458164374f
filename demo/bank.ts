/** A bank that takes cards, made up: a page where one pays without money, and its message that the money came. */
import { randomBytes } from 'node:crypto';
import type { Db, Id } from 'crm-invoice-merge';
import express, { Router } from 'express';
import { DemoError, type Demo } from './context';
import { SELLER } from './seller';

/** 'Carte bancaire' */
const CARD = '2';

export interface BankOrder {
  reference: string;
  /** The invoice that it was opened for; the bank hears nothing of merges. */
  order_no: number;
  /** The page that the payer comes back to. */
  back_to: string;
  amount: string;
  currency: string;
  /** open, left (given up), booked, waiting (received, but for an invoice that takes no more money) */
  state: 'open' | 'left' | 'booked' | 'waiting';
}

/** Asks the bank for a payment; answers its reference, below which the payer finds the bank's page. */
export async function openBankOrder(
  demo: Demo,
  order: { invoiceId: Id; backTo: string; amount: string; currency: string },
): Promise<string> {
  const reference = randomBytes(18).toString('base64url');
  await demo.knex('crm_bank_orders').insert({
    reference,
    order_no: order.invoiceId,
    back_to: order.backTo,
    amount: order.amount,
    currency: order.currency,
    state: 'open',
    made_at: demo.now().toISOString(),
  });
  return reference;
}

export async function bankOrderOf(db: Db, reference: string): Promise<BankOrder | null> {
  const row = await db('crm_bank_orders').where({ reference }).first<BankOrder | undefined>();
  return row ? { ...row, amount: String(row.amount) } : null;
}

/** The bank's message: booked on the invoice that stands for the paid one by now. The same message again changes nothing. */
async function receive(demo: Demo, order: BankOrder): Promise<void> {
  const { merge, host, today } = demo;
  await merge.transaction(async (trx) => {
    const received = await merge.receivePayment(
      trx,
      {
        key: `bank:${order.reference}`,
        invoiceId: String(order.order_no),
        amount: order.amount,
        currency: order.currency,
        date: today(),
        methodId: CARD,
        reference: `CB ${order.reference.slice(0, 8)}`,
      },
      async ({ invoiceId, amount, note }) => {
        await trx('crm_payments').insert({
          invoice_id: invoiceId,
          method_id: CARD,
          amount,
          paid_on: today(),
          remark: note,
        });
        await host.saveTotals(trx, invoiceId);
      },
    );
    await trx('crm_bank_orders')
      .where({ reference: order.reference })
      .update({ state: received.recorded ? 'booked' : 'waiting' });
  });
}

export function bankPages(demo: Demo): Router {
  const { knex } = demo;
  const router = Router();

  router.get('/bank/:reference', async (req, res) => {
    const order = await bankOrderOf(knex, req.params.reference);
    if (!order) throw new DemoError('not_found', 404);
    if (order.state !== 'open') {
      res.redirect(303, `${order.back_to}?order=${order.reference}`);
      return;
    }
    res.render('bank', { order, merchant: SELLER.name });
  });

  router.post('/bank/:reference', express.urlencoded({ extended: false, limit: '20kb' }), async (req, res) => {
    const order = await bankOrderOf(knex, String(req.params.reference));
    if (!order) throw new DemoError('not_found', 404);
    const { answer } = (req.body ?? {}) as Record<string, unknown>;
    if (order.state === 'open' && answer === 'pay') await receive(demo, order);
    else if (order.state === 'open')
      await knex('crm_bank_orders').where({ reference: order.reference, state: 'open' }).update({ state: 'left' });
    res.redirect(303, `${order.back_to}?order=${order.reference}`);
  });
  return router;
}
