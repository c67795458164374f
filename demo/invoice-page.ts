/** An invoice's page. */
import { randomUUID } from 'node:crypto';
import { invoiceTotals } from 'crm-invoice-merge';
import type { Request, Response } from 'express';
import { DemoError, idOf, personOf, type Demo } from './context';
import { usesOf } from './credit-notes';
import { refusalOf } from './error-pages';
import { ACCEPTED, papersOf } from './invoice-papers';
import { findInvoice, formExtras, mergeFacts } from './invoice-store';
import { totalRows } from './invoice-totals';
import { formerNumbersOf } from './invoice-list-pages';
import { mayDo } from './roles';
import { exactAmount } from './sums';

/** Money for an invoice that was merged: asked about before it is booked on the one that replaces it. */
interface AskedPayment {
  number: string;
  old: string;
  payment: { amount: string; methodId: string; date: string; note: string };
}

export interface InvoicePage {
  /** `refused`: why what was asked for did not happen. */
  render(req: Request, res: Response, id: string, refused: string | null): Promise<void>;
  acting(act: (req: Request, id: string) => Promise<string>): (req: Request, res: Response) => Promise<void>;
}

/** What of an invoice another system collects: by the payment's row, and whether any of it stands. */
async function settledElsewhere({ knex, merge }: Demo, id: string) {
  const taken = await merge.billing.paymentsOf(knex, id);
  const outside = taken.filter(({ settledExternally }) => settledExternally);
  const sum = outside.reduce((all, { amount }) => all.plus(exactAmount(amount)), exactAmount('0'));
  return {
    any: sum.gt(exactAmount('0')),
    /** Nothing of it was received here: "paid" would say too much. */
    whole: sum.eq(taken.reduce((all, { amount }) => all.plus(exactAmount(amount)), exactAmount('0'))),
    methods: new Map(taken.map(({ hostPaymentId, method }) => [hostPaymentId, method.name])),
    rows: new Set(outside.map(({ hostPaymentId }) => hostPaymentId)),
  };
}

export function invoicePage(demo: Demo): InvoicePage {
  const { knex, merge, host } = demo;

  async function renderInvoice(
    req: Request,
    res: Response,
    id: string,
    refused: string | null,
    asked: AskedPayment | null = null,
  ): Promise<void> {
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
    const facts = await mergeFacts(demo, id);
    const summary = await merge.summary(knex, id);
    const successor = facts.mergedInto ? await findInvoice(knex, facts.mergedInto) : null;
    // Of a merged one its payer may still owe the whole: the credit note is only how it was settled here.
    const taken = successor ? invoice.payments.sum : exactAmount(invoice.payments.sum).plus(invoice.credits.sum);
    const left = exactAmount(invoice.total).minus(taken);
    const { currency, pricesIncludeTax } = invoice;
    const alone = { currency, pricesIncludeTax, allowancesCharges: [], discount: null, adjustment: '0', prepaid: '0' };
    res.render('invoice', {
      invoice,
      lines: invoice.lines.map((line) => ({
        ...line,
        net: invoiceTotals({ ...alone, lines: [line] }).lineExtension,
      })),
      state: stored.state,
      former: (await formerNumbersOf(demo, [stored])).get(stored.id) ?? null,
      numbersPage: mayDo(personOf(req).role, 'numbers.adjust') ? merge.numbers.pageOf(id) : null,
      customer,
      payments,
      credits: await usesOf(knex, [id]),
      expenses: await knex('crm_expenses').where(of).orderBy('spent_on'),
      estimates: await knex('crm_estimates').where(of).orderBy('issued_on'),
      ...(await papersOf(knex, id, summary)),
      accepted: ACCEPTED,
      publicPath: stored.state === 'draft' ? null : host.invoiceUrl(id, 'public'),
      methods: await knex('crm_payment_methods').where({ enabled: true }).orderBy('id'),
      checkoutUrl: merge.billing.checkoutUrl({ invoiceId: id }),
      elsewhere: await settledElsewhere(demo, id),
      agreed: await formExtras(knex, id),
      rows: totalRows(invoice.totals, invoice.currency, req.speech),
      left: left.toFixed(),
      // Deleting it would leave those that it replaces without the invoice that stands for them.
      replacesOthers: summary.replaces.length > 0,
      successor: successor ? { id: successor.id, ref: successor.ref } : null,
      today: demo.today(),
      refused,
      asked: asked && { ...asked, key: randomUUID() },
    });
  }

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
        const asked =
          error instanceof DemoError && error.code === 'merged_elsewhere'
            ? (error.vars as unknown as AskedPayment)
            : null;
        await renderInvoice(req, res, id, refusal.message, asked);
      }
    };

  return { render: renderInvoice, acting };
}
