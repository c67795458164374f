/** What one may do with an invoice: pay, issue, cancel, reopen, delete. */
import type { Trx } from 'crm-invoice-merge';
import { Router, type Request } from 'express';
import { DemoError, idOf, personOf, type Demo } from './context';
import { invoicePage } from './invoice-page';
import { deleteInvoice, findInvoice } from './invoice-store';
import { readNumber } from './language';
import { recordOnSuccessor, recordPayment } from './payments';
import { leaveNotice } from './session';

type Act = 'issue' | 'cancel' | 'reopen' | 'delete';

export function invoiceActs(demo: Demo): Router {
  const { knex, merge, host } = demo;
  const { render, acting } = invoicePage(demo);
  const router = Router();

  const preview = merge.banner({
    page: 'preview',
    invoiceId: (req) => String(req.params.id),
    editUrl: (req) => `/invoices/${String(req.params.id)}/edit`,
    createUrl: () => '/invoices/new',
  });
  router.get('/invoices/:id', preview, (req, res) => render(req, res, idOf(req), null));

  const changing = (act: Act, change: (trx: Trx, id: string, state: string, req: Request) => Promise<void>) =>
    acting(async (req, id) => {
      const number = await merge.transaction(async (trx) => {
        await merge.guard(trx, id, act);
        const invoice = await findInvoice(trx, id);
        if (!invoice) throw new DemoError('not_found', 404);
        await change(trx, id, invoice.state, req);
        return (
          (await findInvoice(trx, id))?.ref ??
          invoice.ref ??
          req.speech.t('invoice.draft_of', { day: req.speech.day(invoice.issued_on) })
        );
      });
      leaveNotice(req, { key: `notice.${act}`, vars: { number } });
      return act === 'delete' ? '/invoices' : `/invoices/${id}`;
    });

  const demandState = (state: string, allowed: string[]): void => {
    if (!allowed.includes(state)) throw new DemoError('wrong_state', 409);
  };

  router.post(
    '/invoices/:id/issue',
    changing('issue', async (trx, id, state) => {
      demandState(state, ['draft']);
      // A draft may have been given a missing number by hand.
      let ref = (await findInvoice(trx, id))?.ref;
      if (!ref) [ref] = await merge.numbers.allocate(trx, 'invoice', 1, demo.today());
      await trx('crm_invoices').where({ id }).update({ ref, state: 'open', issued_on: demo.today() });
      await host.saveTotals(trx, id);
    }),
  );
  router.post(
    '/invoices/:id/cancel',
    changing('cancel', async (trx, id, state) => {
      demandState(state, ['draft', 'open', 'late']);
      await trx('crm_invoices').where({ id }).update({ state: 'void' });
    }),
  );
  router.post(
    '/invoices/:id/reopen',
    changing('reopen', async (trx, id, state) => {
      demandState(state, ['void']);
      const invoice = await findInvoice(trx, id);
      await trx('crm_invoices')
        .where({ id })
        .update({ state: invoice?.ref ? 'open' : 'draft' });
      await host.saveTotals(trx, id);
    }),
  );
  router.post(
    '/invoices/:id/delete',
    changing('delete', async (trx, id, state) => {
      demandState(state, ['draft', 'open', 'late', 'void']);
      await deleteInvoice(trx, id);
    }),
  );
  router.post(
    '/invoices/:id/payments',
    acting(async (req, id) => {
      const { amount, methodId, date, note, successor } = (req.body ?? {}) as Record<string, string | undefined>;
      const payment = { amount: readNumber(amount ?? ''), methodId, date: date || demo.today(), note: note ?? '' };
      if (successor !== undefined) return payOnSuccessor(req, id, payment, `page:${successor}`);
      const { id: personId, name } = personOf(req);
      await recordPayment(demo, id, payment, { id: personId, name });
      const paid = await findInvoice(knex, id);
      leaveNotice(req, { key: 'notice.paid', vars: { number: paid?.ref ?? '' } });
      return `/invoices/${id}`;
    }),
  );

  async function payOnSuccessor(req: Request, id: string, payment: unknown, key: string): Promise<string> {
    const { recorded, waiting } = await recordOnSuccessor(demo, id, payment, key);
    const meant = await host.loadInvoices(knex, [id]);
    const currency = meant[0]?.currency ?? 'EUR';
    const { money } = req.speech;
    const standing = recorded ? await findInvoice(knex, recorded.invoiceId) : undefined;
    const vars = {
      number: standing?.ref ?? '',
      old: meant[0]?.number ?? '',
      amount: recorded ? money(recorded.amount, currency) : '',
      rest: waiting ? money(waiting.amount, currency) : '',
    };
    if (recorded) {
      leaveNotice(req, { key: waiting ? 'notice.paid_successor_rest' : 'notice.paid_successor', vars });
      return `/invoices/${recorded.invoiceId}`;
    }
    leaveNotice(req, { key: 'notice.payment_waits', vars });
    return `/invoices/${id}`;
  }
  return router;
}
