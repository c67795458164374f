/** The overdue-reminder job: whom it would write to and what, and why not to others. Nothing leaves this machine. */
import { isPluginError, type Query } from 'crm-invoice-merge';
import type { Demo } from './context';
import { usesOf } from './credit-notes';
import { markLate } from './invoice-store';
import { speeches } from './language';
import { exactAmount, groupedBy } from './sums';
import { tableMap } from './table-map';

const HIGHEST_LEVEL = 3;
const DAYS_BETWEEN = 7;
/** How long the page goes on saying that a merged invoice is not reminded. */
const DAYS_MENTIONED = 60;

export type SkipReason = 'merged' | 'off' | 'on_hold' | 'last_level' | 'recent';

export interface DueReminder {
  invoiceId: string;
  ref: string | null;
  company: string;
  /** '' for one who is written to by post. */
  email: string;
  issued_on: string;
  due_on: string;
  days: number;
  level: number;
  currency: string;
  amount: string;
}
export interface SkippedReminder {
  invoiceId: string;
  ref: string | null;
  company: string;
  due_on: string;
  currency: string;
  amount: string;
  reason: SkipReason;
  /** The invoice that replaces a merged one. */
  successor: { id: string; ref: string | null } | null;
}
export interface ReminderRound {
  due: DueReminder[];
  skipped: SkippedReminder[];
}

interface Found {
  id: number;
  ref: string | null;
  company: string;
  email: string | null;
  issued_on: string;
  due_on: string;
  dunning_level: number;
  on_hold: number | boolean;
  currency: string;
  grand_total: string;
  deposit_paid: string;
}

const overdue = ({ knex, today }: Demo): Query =>
  knex('crm_invoices as i')
    .join('crm_clients as c', 'c.id', 'i.client_id')
    .where('i.due_on', '<', today())
    .orderBy('i.due_on')
    .orderBy('i.id')
    .select('i.id', 'i.ref', 'i.issued_on', 'i.due_on', 'i.dunning_level', 'i.on_hold', 'i.currency', 'i.grand_total')
    .select('i.deposit_paid', 'c.company', 'c.email') as Query;

/** Every invoice that is past its date: those that a reminder is due for today, and the others with the reason. */
export async function reminderRound(demo: Demo): Promise<ReminderRound> {
  const { knex, merge, now } = demo;
  const open = overdue(demo).whereIn('i.state', ['open', 'late', 'part']);
  const all = (await open.clone()) as Found[];
  // The plugin knows which of them nobody is to be reminded of.
  const narrowed = open.clone();
  merge.remindable(narrowed, { invoices: 'i' });
  const remindable = new Set(((await narrowed) as Found[]).map((row) => row.id));
  const ids = all.map((row) => row.id);
  const payments = await knex('crm_payments')
    .whereIn('invoice_id', ids)
    .select<{ invoice_id: number; amount: string }[]>('invoice_id', 'amount');
  const taken = groupedBy([...payments, ...(await usesOf(knex, ids))], (row) => String(row.invoice_id));
  const since = new Date(now().getTime() - DAYS_BETWEEN * 86_400_000).toISOString();
  const recent = new Set(
    (await knex('crm_reminder_log')
      .whereIn('invoice_id', ids)
      .where({ outcome: 'sent' })
      .where('logged_at', '>', since)
      .pluck('invoice_id')) as number[],
  );
  const reasonOf = (row: Found): SkipReason | null => {
    if (!remindable.has(row.id)) return 'off';
    if (row.on_hold) return 'on_hold';
    if (recent.has(row.id)) return 'recent';
    return row.dunning_level >= HIGHEST_LEVEL ? 'last_level' : null;
  };

  const round: ReminderRound = { due: [], skipped: await mergedOnes(demo) };
  for (const row of all) {
    const left = (taken.get(String(row.id)) ?? []).reduce(
      (sum, { amount }) => sum.minus(exactAmount(amount)),
      exactAmount(row.grand_total).minus(exactAmount(row.deposit_paid)),
    );
    const facts = { ...shared(row), amount: left.toFixed() };
    const reason = reasonOf(row);
    if (reason) round.skipped.push({ ...facts, reason, successor: null });
    else
      round.due.push({
        ...facts,
        email: row.email ?? '',
        issued_on: row.issued_on,
        days: Math.round((Date.parse(demo.today()) - Date.parse(row.due_on)) / 86_400_000),
        level: row.dunning_level + 1,
      });
  }
  return round;
}

const shared = (row: Found) => ({
  invoiceId: String(row.id),
  ref: row.ref,
  company: row.company,
  due_on: row.due_on,
  currency: row.currency,
});

/** Late invoices that were merged of late: their successor is reminded in their place, on its own date. */
async function mergedOnes(demo: Demo): Promise<SkippedReminder[]> {
  const { knex, merge, now } = demo;
  const mergedAt = `i.${tableMap.tablePrefix ?? 'im_'}merged_at`;
  const since = new Date(now().getTime() - DAYS_MENTIONED * 86_400_000).toISOString();
  const rows = (await overdue(demo).where(mergedAt, '>', since)) as Found[];
  const skipped: SkippedReminder[] = [];
  for (const row of rows) {
    const id = await merge.successorOf(knex, String(row.id));
    const successor = id
      ? await knex('crm_invoices').where({ id }).first<{ ref: string | null } | undefined>('ref')
      : undefined;
    if (id && successor)
      skipped.push({
        ...shared(row),
        amount: exactAmount(row.grand_total).toFixed(),
        reason: 'merged',
        successor: { id, ref: successor.ref },
      });
  }
  return skipped;
}

/** What the customer would read: in French, as the invoice is. */
export function reminderText(about: {
  ref: string | null;
  issued_on: string;
  due_on: string;
  level: number;
  amount: string;
  currency: string;
}): { subject: string; body: string } {
  const { t, money, day } = speeches.fr;
  const vars = {
    number: about.ref ?? '',
    issued: day(about.issued_on),
    due: day(about.due_on),
    amount: money(about.amount, about.currency),
  };
  const level = Math.min(HIGHEST_LEVEL, about.level);
  return { subject: t(`letter.subject_${level}`, vars), body: t(`letter.body_${level}`, vars) };
}

/** Sends one reminder, which may have been queued a while ago, and raises the level; false where it is due no more. */
export async function sendReminder({ merge }: Demo, reminder: DueReminder, at: string): Promise<boolean> {
  const send = merge.transaction(async (trx) => {
    // Whoever merges it at this moment waits, or has merged it: then nothing is sent.
    await merge.guard(trx, reminder.invoiceId, 'edit');
    const still = trx('crm_invoices as i')
      .where('i.id', reminder.invoiceId)
      .whereIn('i.state', ['open', 'late', 'part']);
    merge.remindable(still as Query, { invoices: 'i' });
    if (!(await still.first('i.id'))) return false;
    await trx('crm_reminder_log').insert({
      invoice_id: reminder.invoiceId,
      logged_at: at,
      level: reminder.level,
      recipient: reminder.email,
      amount_due: reminder.amount,
      outcome: 'sent',
      ...reminderText(reminder),
    });
    await trx('crm_invoices').where({ id: reminder.invoiceId }).update({ dunning_level: reminder.level });
    return true;
  });
  try {
    return await send;
  } catch (error) {
    if (!isPluginError(error) || error.status >= 500) throw error;
    return false;
  }
}

/** Runs the job once: logs each reminder with its text, raises the level, and logs once why others get none. */
export async function runReminders(demo: Demo): Promise<{ sent: number; skipped: number }> {
  const { knex } = demo;
  await markLate(demo);
  const { due, skipped } = await reminderRound(demo);
  const at = demo.now().toISOString();
  let sent = 0;
  for (const reminder of due) if (await sendReminder(demo, reminder, at)) sent += 1;
  // That it was reminded a few days ago stands in the log already.
  const worthSaying = skipped.filter((one) => one.reason !== 'recent');
  let said = 0;
  for (const { invoiceId, reason, amount } of worthSaying) {
    if (await knex('crm_reminder_log').where({ invoice_id: invoiceId, outcome: 'skipped', reason }).first('id'))
      continue;
    await knex('crm_reminder_log').insert({
      invoice_id: invoiceId,
      logged_at: at,
      level: 0,
      recipient: '',
      amount_due: amount,
      outcome: 'skipped',
      reason,
    });
    said += 1;
  }
  return { sent, skipped: said };
}
