/** The overdue-reminder job: what it would send, and the log of what it sent. Nothing leaves this machine. */
import { Router } from 'express';
import type { Demo } from './context';
import { markLate } from './invoice-store';
import { leaveNotice } from './session';
import { exactAmount } from './sums';

const HIGHEST_LEVEL = 3;

export interface DueReminder {
  invoiceId: string;
  ref: string | null;
  company: string;
  email: string | null;
  due_on: string;
  days: number;
  level: number;
  currency: string;
  amount: string;
}

/** Invoices that a reminder is due for today: late, not settled elsewhere, and not reminded in the last seven days. */
export async function dueReminders({ knex, merge, now, today }: Demo): Promise<DueReminder[]> {
  const query = knex('crm_invoices as i')
    .join('crm_clients as c', 'c.id', 'i.client_id')
    .whereIn('i.state', ['open', 'late', 'part'])
    .where('i.due_on', '<', today())
    .orderBy('i.due_on')
    .orderBy('i.id');
  merge.remindable(query, { invoices: 'i' });
  type Found = {
    id: number;
    ref: string | null;
    company: string;
    email: string | null;
    due_on: string;
    dunning_level: number;
    currency: string;
    grand_total: string;
    deposit_paid: string;
  };
  const found = await query.select<Found[]>(
    'i.id',
    'i.ref',
    'i.due_on',
    'i.dunning_level',
    'i.currency',
    'i.grand_total',
    'i.deposit_paid',
    'c.company',
    'c.email',
  );
  const ids = found.map((row) => row.id);
  const payments = await knex('crm_payments').whereIn('invoice_id', ids).select<
    {
      invoice_id: number;
      amount: string;
    }[]
  >('invoice_id', 'amount');
  const weekAgo = new Date(now().getTime() - 7 * 24 * 60 * 60 * 1000).toISOString();
  const recent = new Set(
    (await knex('crm_reminder_log')
      .whereIn('invoice_id', ids)
      .where('logged_at', '>', weekAgo)
      .pluck('invoice_id')) as number[],
  );
  return found
    .filter((row) => !recent.has(row.id))
    .map((row) => ({
      invoiceId: String(row.id),
      ref: row.ref,
      company: row.company,
      email: row.email,
      due_on: row.due_on,
      days: Math.round((Date.parse(today()) - Date.parse(row.due_on)) / 86_400_000),
      level: Math.min(HIGHEST_LEVEL, row.dunning_level + 1),
      currency: row.currency,
      amount: payments
        .filter((payment) => payment.invoice_id === row.id)
        .reduce((left, payment) => left.minus(exactAmount(payment.amount)), exactAmount(row.grand_total))
        .minus(exactAmount(row.deposit_paid))
        .toFixed(),
    }));
}

export function reminderPages(demo: Demo): Router {
  const { knex, merge } = demo;
  const router = Router();

  router.get('/reminders', async (_req, res) => {
    const log = await knex('crm_reminder_log as r')
      .join('crm_invoices as i', 'i.id', 'r.invoice_id')
      .join('crm_clients as c', 'c.id', 'i.client_id')
      .orderBy('r.id', 'desc')
      .limit(50)
      .select('r.*', 'i.ref', 'i.currency', 'c.company');
    res.render('reminders', { due: await dueReminders(demo), log });
  });

  router.post('/reminders', async (req, res) => {
    await markLate(demo);
    const due = await dueReminders(demo);
    for (const reminder of due) {
      await merge.transaction(async (trx) => {
        await merge.guard(trx, reminder.invoiceId, 'edit');
        await trx('crm_reminder_log').insert({
          invoice_id: reminder.invoiceId,
          logged_at: demo.now().toISOString(),
          level: reminder.level,
          recipient: reminder.email ?? '',
          amount_due: reminder.amount,
        });
        await trx('crm_invoices').where({ id: reminder.invoiceId }).update({ dunning_level: reminder.level });
      });
    }
    leaveNotice(req, { key: 'notice.reminded', vars: { count: due.length } });
    res.redirect(303, '/reminders');
  });
  return router;
}
