/** An invoice's page, and what one may do with it: pay, issue, cancel, reopen, delete. */
import { invoiceTotals, type Trx } from 'crm-invoice-merge';
import { Router, type Request, type Response } from 'express';
import { DemoError, idOf, type Demo } from './context';
import { refusalOf } from './error-pages';
import { deleteInvoice, findInvoice, formExtras, mergeFacts } from './invoice-store';
import { totalRows } from './invoice-totals';
import { readNumber } from './language';
import { recordPayment } from './payments';
import { leaveNotice } from './session';
import { exactAmount } from './sums';

type Act = 'issue' | 'cancel' | 'reopen' | 'delete';

export function invoiceActs(demo: Demo): Router {
  const { knex, merge, host } = demo;
  const router = Router();

  async function renderInvoice(req: Request, res: Response, id: string, refused: string | null): Promise<void> {
    const stored = await findInvoice(knex, id);
    const [invoice] = await host.loadInvoices(knex, [id]);
    if (!stored || !invoice) throw new DemoError('not_found', 404);
    const of = { invoice_id: id };
    const customer = await knex('crm_clients').where({ id: stored.client_id }).first<Record<string, string>>();
    const payments = await knex('crm_payments as p')
      .join('crm_payment_methods as m', 'm.id', 'p.method_id')
      .where('p.invoice_id', id)
      .orderBy('p.paid_on')
      .select('p.id', 'p.amount', 'p.paid_on', 'p.remark', 'm.label as method');
    const facts = await mergeFacts(knex, id);
    const successor = facts.mergedInto ? await findInvoice(knex, facts.mergedInto) : null;
    const left = exactAmount(invoice.total).minus(invoice.payments.sum);
    const { currency, pricesIncludeTax } = invoice;
    const alone = { currency, pricesIncludeTax, allowancesCharges: [], discount: null, adjustment: '0', prepaid: '0' };
    res.render('invoice', {
      invoice,
      lines: invoice.lines.map((line) => ({
        ...line,
        net: invoiceTotals({ ...alone, lines: [line] }).lineExtension,
      })),
      state: stored.state,
      customer,
      payments,
      expenses: await knex('crm_expenses').where(of).orderBy('spent_on'),
      estimates: await knex('crm_estimates').where(of).orderBy('issued_on'),
      tags: await knex('crm_invoice_tags as l')
        .join('crm_tags as t', 't.id', 'l.tag_id')
        .where('l.invoice_id', id)
        .pluck('t.label'),
      methods: await knex('crm_payment_methods').where({ enabled: true }).orderBy('id'),
      note: (await formExtras(knex, id)).note,
      rows: totalRows(invoice.totals, invoice.currency, req.speech),
      left: left.toFixed(),
      successor: successor ? { id: successor.id, ref: successor.ref } : null,
      today: demo.today(),
      refused,
    });
  }

  const preview = merge.banner({
    page: 'preview',
    invoiceId: (req) => String(req.params.id),
    editUrl: (req) => `/invoices/${String(req.params.id)}/edit`,
  });
  router.get('/invoices/:id', preview, (req, res) => renderInvoice(req, res, idOf(req), null));

  /** Runs an act; a refusal shows the invoice again with the reason on top. */
  const acting =
    (act: (req: Request, id: string) => Promise<string>) =>
    async (req: Request, res: Response): Promise<void> => {
      const id = idOf(req);
      try {
        const to = await act(req, id);
        res.redirect(303, to);
      } catch (error) {
        const refusal = refusalOf(error, demo, req);
        if (!refusal || refusal.status === 404) throw error;
        const banner = await merge.renderBanner(req, res, { page: 'preview', invoiceId: () => id });
        res.locals.invoiceMerge = { banner };
        res.status(refusal.status);
        await renderInvoice(req, res, id, refusal.message);
      }
    };

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
      const [ref] = await merge.numbers.allocate(trx, 'invoice', 1, demo.today());
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
      const { amount, methodId, date, note } = (req.body ?? {}) as Record<string, string | undefined>;
      const payment = { amount: readNumber(amount ?? ''), methodId, date: date || demo.today(), note: note ?? '' };
      await recordPayment(demo, id, payment);
      const paid = await findInvoice(knex, id);
      leaveNotice(req, { key: 'notice.paid', vars: { number: paid?.ref ?? '' } });
      return `/invoices/${id}`;
    }),
  );
  return router;
}
