/** The list of invoices: search, status filter, pages, and what is owed at a glance. */
import { Router } from 'express';
import type { Knex } from 'knex';
import { personOf, type Demo } from './context';
import { sumsByCurrency } from './sums';

const PAGE_SIZE = 20;
const FILTERS = ['draft', 'open', 'late', 'part', 'settled', 'void'];

export interface ListedInvoice {
  id: number;
  ref: string | null;
  state: string;
  issued_on: string;
  due_on: string | null;
  currency: string;
  grand_total: string;
  client_id: number;
  company: string;
}

/** Invoices with their customer's name; amounts are read as text, never as floats. */
export function listedInvoices(knex: Knex): Knex.QueryBuilder {
  return knex('crm_invoices as i')
    .join('crm_clients as c', 'c.id', 'i.client_id')
    .select('i.id', 'i.ref', 'i.state', 'i.issued_on', 'i.due_on', 'i.currency', 'i.client_id', 'c.company')
    .select({ grand_total: 'i.grand_total' });
}

const likePattern = (text: string): string => `%${text.replace(/[!%_]/g, '!$&')}%`;

export function invoiceListPages(demo: Demo): Router {
  const { knex } = demo;
  const router = Router();

  router.get('/', (_req, res) => res.redirect(303, '/invoices'));

  router.get('/invoices', async (req, res) => {
    const q = typeof req.query.q === 'string' ? req.query.q.trim().slice(0, 100) : '';
    const state = typeof req.query.state === 'string' && FILTERS.includes(req.query.state) ? req.query.state : '';
    const narrow = (query: Knex.QueryBuilder): Knex.QueryBuilder => {
      if (state) query.where('i.state', state);
      if (q) {
        query.where((any) => {
          any
            .whereRaw("i.ref LIKE ? ESCAPE '!'", [likePattern(q)])
            .orWhereRaw("c.company LIKE ? ESCAPE '!'", [likePattern(q)]);
        });
      }
      return query;
    };
    const counted = await narrow(knex('crm_invoices as i').join('crm_clients as c', 'c.id', 'i.client_id')).count<
      { n: number | string }[]
    >({ n: '*' });
    const total = Number(counted[0]?.n ?? 0);
    const pages = Math.max(1, Math.ceil(total / PAGE_SIZE));
    const page = Math.min(pages, Math.max(1, Number(req.query.page) || 1));
    const invoices = (await narrow(listedInvoices(knex))
      .orderByRaw('CASE WHEN i.ref IS NULL THEN 0 ELSE 1 END')
      .orderBy([
        { column: 'i.issued_on', order: 'desc' },
        { column: 'i.id', order: 'desc' },
      ])
      .limit(PAGE_SIZE)
      .offset((page - 1) * PAGE_SIZE)) as ListedInvoice[];
    const mergeable = await demo.merge.mergeable(knex, {
      customerIds: invoices.map((row) => String(row.client_id)),
      actor: personOf(req),
    });
    const states = await knex('crm_invoices').groupBy('state').select('state').count<
      {
        state: string;
        n: number | string;
      }[]
    >({ n: '*' });
    const owed = await knex('crm_invoices')
      .whereIn('state', ['open', 'late', 'part', 'draft'])
      .select<{ state: string; currency: string; grand_total: string }[]>('state', 'currency', 'grand_total');
    const paid = await knex('crm_payments as p')
      .join('crm_invoices as i', 'i.id', 'p.invoice_id')
      .where('i.state', 'part')
      .select<{ currency: string; amount: string }[]>('i.currency', 'p.amount');
    const sums = (of: string[], less: typeof paid = []) =>
      sumsByCurrency([
        ...owed
          .filter((row) => of.includes(row.state))
          .map((row) => ({ currency: row.currency, amount: row.grand_total })),
        ...less.map((row) => ({ currency: row.currency, amount: `-${row.amount}` })),
      ]);
    res.render('invoices', {
      q,
      state,
      filters: FILTERS,
      counts: Object.fromEntries(states.map((row) => [row.state, Number(row.n)])),
      cards: { due: sums(['open', 'late', 'part'], paid), late: sums(['late']), draft: sums(['draft']) },
      invoices,
      mergeable,
      page,
      pages,
      total,
    });
  });
  return router;
}
