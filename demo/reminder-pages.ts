/** The reminders' page: who is due, who is not and why, and the log of what would have been sent. */
import { Router } from 'express';
import type { Demo } from './context';
import { reminderRound, runReminders } from './reminders';
import { leaveNotice } from './session';

const SHOWN = 40;

interface LogRow {
  id: number;
  invoice_id: number;
  ref: string | null;
  company: string;
  currency: string;
  outcome: string;
  reason: string | null;
}

export function reminderPages(demo: Demo): Router {
  const { knex, merge } = demo;
  const router = Router();

  router.get('/reminders', async (_req, res) => {
    const rows = await knex('crm_reminder_log as r')
      .join('crm_invoices as i', 'i.id', 'r.invoice_id')
      .join('crm_clients as c', 'c.id', 'i.client_id')
      .orderBy('r.logged_at', 'desc')
      .orderBy('r.id', 'desc')
      .limit(SHOWN)
      .select<LogRow[]>('r.*', 'i.ref', 'i.currency', 'c.company');
    const log = [];
    for (const row of rows) {
      const id = row.reason === 'merged' ? await merge.successorOf(knex, String(row.invoice_id)) : null;
      const successor = id ? await knex('crm_invoices').where({ id }).first<{ ref: string | null }>('ref') : null;
      log.push({ ...row, successor: id && successor ? { id, ref: successor.ref } : null });
    }
    res.render('reminders', { ...(await reminderRound(demo)), log });
  });

  router.post('/reminders', async (req, res) => {
    const { sent } = await runReminders(demo);
    leaveNotice(req, { key: 'notice.reminded', vars: { count: sent } });
    res.redirect(303, '/reminders');
  });
  return router;
}
