/** Estimates: the list, a page for each, and the invoice that is made of one. */
import { invoiceTotals, type Db, type Id } from 'crm-invoice-merge';
import { Router } from 'express';
import { addDays, DemoError, idOf, personOf, type Demo } from './context';
import { refusalOf } from './error-pages';
import { invoiceInput } from './invoice-input';
import { findInvoice, saveInvoice } from './invoice-store';
import { totalRows } from './invoice-totals';
import { leaveNotice } from './session';
import { exactAmount, sumsByCurrency } from './sums';

export interface Estimate {
  id: number;
  ref: string;
  client_id: number;
  company: string;
  issued_on: string;
  valid_until: string | null;
  state: 'sent' | 'accepted' | 'declined';
  label: string;
  amount: string;
  currency: string;
  invoice_id: number | null;
  /** Of the invoice it hangs on. */
  invoice_ref: string | null;
}

/** With the customer's name and the invoice that each led to; where that one was merged, the one that replaces it. */
export function listedEstimates(db: Db) {
  return db('crm_estimates as e')
    .join('crm_clients as c', 'c.id', 'e.client_id')
    .leftJoin('crm_invoices as i', 'i.id', 'e.invoice_id')
    .orderBy([
      { column: 'e.issued_on', order: 'desc' },
      { column: 'e.id', order: 'desc' },
    ])
    .select<Estimate[]>('e.*', 'c.company', 'i.ref as invoice_ref');
}

/** What its badge says: an expired one cannot be accepted any more, an invoiced one is done. */
export function shownState(estimate: Estimate, today: string): string {
  if (estimate.invoice_id !== null) return 'invoiced';
  if (estimate.state === 'sent' && estimate.valid_until !== null && estimate.valid_until < today) return 'expired';
  return estimate.state;
}

interface EstimateLine {
  label: string;
  qty: string;
  unit_label: string | null;
  price: string;
  vat_rate: string;
  vat_category: string;
}

const plain = (value: string | number): string => exactAmount(value).toFixed();

async function linesOf(db: Db, id: Id) {
  const rows = await db('crm_estimate_lines')
    .where({ estimate_id: id })
    .orderBy('sort')
    .select<EstimateLine[]>('label', 'qty', 'unit_label', 'price', 'vat_rate', 'vat_category');
  return rows.map((row) => ({
    description: row.label,
    quantity: plain(row.qty),
    unit: row.unit_label,
    unitPrice: plain(row.price),
    baseQuantity: '1',
    taxes: [{ category: row.vat_category, name: '', rate: plain(row.vat_rate) }],
    allowancesCharges: [],
  }));
}

export function estimatePages(demo: Demo): Router {
  const { knex, merge } = demo;
  const router = Router();

  async function find(db: Db, id: Id): Promise<Estimate> {
    const [estimate] = await listedEstimates(db).where('e.id', id);
    if (!estimate) throw new DemoError('not_found', 404);
    return estimate;
  }

  router.get('/estimates', async (_req, res) => {
    const estimates = (await listedEstimates(knex)).map((one) => ({ ...one, shown: shownState(one, demo.today()) }));
    res.render('estimates', {
      estimates,
      open: sumsByCurrency(estimates.filter((one) => ['sent', 'accepted'].includes(one.shown))),
    });
  });

  router.get('/estimates/:id', async (req, res) => {
    const estimate = await find(knex, idOf(req));
    const lines = await linesOf(knex, idOf(req));
    const { currency } = estimate;
    const alone = {
      currency,
      pricesIncludeTax: false,
      allowancesCharges: [],
      discount: null,
      adjustment: '0',
      prepaid: '0',
    };
    res.render('estimate', {
      estimate,
      shown: shownState(estimate, demo.today()),
      customer: (await knex('crm_clients').where({ id: estimate.client_id }).first()) as unknown,
      lines: lines.map((line) => ({ ...line, net: invoiceTotals({ ...alone, lines: [line] }).lineExtension })),
      rows: totalRows(invoiceTotals({ ...alone, lines }), currency, req.speech),
    });
  });

  // A draft, to be looked over: on its edit page the customer's other open invoices can be merged at once.
  router.post('/estimates/:id/invoice', async (req, res) => {
    const id = idOf(req);
    const person = personOf(req);
    const actor = { id: person.id, name: person.name };
    const today = demo.today();
    try {
      const { invoiceId } = await merge.transaction((trx) =>
        merge.applyMerge(trx, { page: 'create', form: {}, actor }, async () => {
          const estimate = await find(trx, id);
          const lines = await linesOf(trx, id);
          if (lines.length === 0) throw new DemoError('estimate_empty', 422);
          const saved = await saveInvoice(
            trx,
            demo,
            invoiceInput.parse({
              customerId: estimate.client_id,
              currency: estimate.currency,
              status: 'draft',
              issueDate: today,
              dueDate: addDays(today, 30),
              lines,
            }),
            { by: actor.id },
          );
          // Written, not looked at first: of two clicks at once the second finds it taken.
          const taken = await trx('crm_estimates')
            .where({ id })
            .whereNull('invoice_id')
            .update({ invoice_id: saved.invoiceId, state: 'accepted' });
          if (taken === 0) throw new DemoError('estimate_invoiced', 409, { ref: estimate.ref });
          return saved;
        }),
      );
      const estimate = await find(knex, id);
      leaveNotice(req, { key: 'notice.estimate_invoiced', vars: { ref: estimate.ref } });
      res.redirect(303, `/invoices/${invoiceId}/edit`);
    } catch (error) {
      const refusal = refusalOf(error, demo, req);
      const estimate = refusal && refusal.status === 409 ? await find(knex, id) : null;
      if (!estimate?.invoice_id || !(await findInvoice(knex, String(estimate.invoice_id)))) throw error;
      // Clicked twice: the invoice is there.
      res.redirect(303, `/invoices/${estimate.invoice_id}`);
    }
  });
  return router;
}
