/** Customers, and what each owes. */
import { Router } from 'express';
import { DemoError, idOf, type Demo } from './context';
import { listedNotes } from './credit-notes';
import { listedEstimates, shownState } from './estimate-pages';
import { formerNumbersOf, listedInvoices, type ListedInvoice } from './invoice-list-pages';
import { spacedNumber } from './seller';
import { groupedBy, inOrder, negated, sumsByCurrency } from './sums';

/** What is still owed per customer: totals of open invoices less what was paid on them or credited. */
async function openSums(
  demo: Demo,
  customerId?: string,
  states = ['open', 'late', 'part'],
): Promise<Map<string, { currency: string; amount: string }[]>> {
  const owed = demo.knex('crm_invoices').whereIn('state', states);
  const paid = demo
    .knex('crm_payments as p')
    .join('crm_invoices as i', 'i.id', 'p.invoice_id')
    .whereIn('i.state', states);
  const credited = demo
    .knex('crm_credit_uses as p')
    .join('crm_invoices as i', 'i.id', 'p.invoice_id')
    .whereIn('i.state', states);
  if (customerId) {
    owed.where({ client_id: customerId });
    for (const query of [paid, credited]) query.where('i.client_id', customerId);
  }
  type Part = { client_id: number; currency: string; amount: string };
  const invoices = await owed.select<Part[]>('client_id', 'currency', 'grand_total as amount');
  const deposits = await owed.clone().clearSelect().select<Part[]>('client_id', 'currency', 'deposit_paid as amount');
  const payments = await paid.select<Part[]>('i.client_id', 'i.currency', 'p.amount');
  const credits = await credited.select<Part[]>('i.client_id', 'i.currency', 'p.amount');
  const parts = [
    ...invoices,
    ...[...deposits, ...payments, ...credits].map((row) => ({ ...row, amount: negated(row.amount) })),
  ];
  const perCustomer = groupedBy(parts, (row) => String(row.client_id));
  return new Map([...perCustomer].map(([id, rows]) => [id, sumsByCurrency(rows)]));
}

export function customerPages(demo: Demo): Router {
  const { knex } = demo;
  const router = Router();

  router.get('/customers', async (_req, res) => {
    const open = await openSums(demo);
    const counts = await knex('crm_invoices')
      .groupBy('client_id')
      .select('client_id')
      .count<{ client_id: number; n: number | string }[]>({ n: '*' });
    const count = new Map(counts.map((row) => [row.client_id, Number(row.n)]));
    const customers = await knex('crm_clients').select<{ id: number; company: string }[]>();
    res.render('customers', {
      customers: inOrder(customers, (row) => row.company).map((row) => ({
        ...row,
        open: open.get(String(row.id)) ?? [],
        invoices: count.get(row.id) ?? 0,
      })),
    });
  });

  const banner = demo.merge.banner({
    page: 'customer',
    customerId: (req) => String(req.params.id),
    createUrl: () => '/invoices/new',
  });
  router.get('/customers/:id', banner, async (req, res) => {
    const id = idOf(req);
    const customer = (await knex('crm_clients').where({ id }).first()) as unknown;
    if (!customer) throw new DemoError('not_found', 404);
    const invoices = (await listedInvoices(knex)
      .where('i.client_id', id)
      .orderBy([
        { column: 'i.issued_on', order: 'desc' },
        { column: 'i.id', order: 'desc' },
      ])) as ListedInvoice[];
    const former = await formerNumbersOf(demo, invoices);
    const expenses = await knex('crm_expenses as e')
      .leftJoin('crm_invoices as i', 'i.id', 'e.invoice_id')
      .where('e.client_id', id)
      .orderBy('e.spent_on', 'desc')
      .select<{ currency: string; amount: string; invoice_id: number | null }[]>('e.*', 'i.ref');
    res.render('customer', {
      customer,
      invoices: invoices.map((row) => ({ ...row, former: former.get(row.id) })),
      open: (await openSums(demo, id)).get(id) ?? [],
      late: (await openSums(demo, id, ['late'])).get(id) ?? [],
      estimates: (await listedEstimates(knex).where('e.client_id', id)).map((one) => ({
        ...one,
        shown: shownState(one, demo.today()),
      })),
      notes: await listedNotes(knex).where('n.client_id', id),
      expenses,
      toCharge: sumsByCurrency(expenses.filter((one) => one.invoice_id === null)),
      spaced: spacedNumber,
    });
  });
  return router;
}
