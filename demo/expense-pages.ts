/** Expenses, and the invoice that each was charged on. */
import { Router } from 'express';
import type { Demo } from './context';
import { sumsByCurrency } from './sums';

export function expensePages({ knex }: Demo): Router {
  const router = Router();
  router.get('/expenses', async (_req, res) => {
    const expenses = await knex('crm_expenses as e')
      .leftJoin('crm_invoices as i', 'i.id', 'e.invoice_id')
      .leftJoin('crm_invoice_lines as l', 'l.id', 'e.line_id')
      .leftJoin('crm_clients as c', 'c.id', 'e.client_id')
      .orderBy([
        { column: 'e.spent_on', order: 'desc' },
        { column: 'e.id', order: 'desc' },
      ])
      .select<
        {
          currency: string;
          amount: string;
          invoice_id: number | null;
        }[]
      >('e.*', 'i.ref', 'i.state', 'c.company', 'l.label as line');
    res.render('expenses', {
      expenses,
      open: sumsByCurrency(expenses.filter((row) => row.invoice_id === null)),
    });
  });
  return router;
}
