/** The list of invoices: search, status filter, pages, and what is owed at a glance. */
import { Router } from 'express';
import type { Knex } from 'knex';
import { personOf, type Demo } from './context';
import { listedNotes } from './credit-notes';
import { negated, sumsByCurrency } from './sums';

const PAGE_SIZE = 20;
const FILTERS = ['draft', 'open', 'late', 'part', 'settled', 'credited', 'void'];

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
  /** Of a cancelled one without a number: what it was called. */
  former?: string;
}

/** What cancelled invoices that gave their number up are still called, by id. */
export async function formerNumbersOf(
  { knex, merge }: Pick<Demo, 'knex' | 'merge'>,
  invoices: { id: number; ref: string | null; state: string }[],
): Promise<Map<number, string>> {
  const ids = invoices.filter(({ ref, state }) => ref === null && state === 'void').map(({ id }) => String(id));
  if (ids.length === 0) return new Map();
  const found = await merge.numbers.former(knex, ids);
  return new Map([...found].flatMap(([id, [number]]) => (number === undefined ? [] : [[Number(id), number]])));
}

/** Invoices with their customer's name; amounts are read as text, never as floats. */
export function listedInvoices(knex: Knex): Knex.QueryBuilder {
  return knex('crm_invoices as i')
    .join('crm_clients as c', 'c.id', 'i.client_id')
    .select('i.id', 'i.ref', 'i.state', 'i.issued_on', 'i.due_on', 'i.currency', 'i.client_id', 'c.company')
    .select({ grand_total: 'i.grand_total' });
}

type ListedName = Pick<ListedInvoice, 'id' | 'ref' | 'state' | 'issued_on' | 'former'>;

const likePattern = (text: string): string => `%${text.replace(/[!%_]/g, '!$&')}%`;

export function invoiceListPages(demo: Demo): Router {
  const { knex, merge } = demo;
  const router = Router();

  /** The invoices that a number of old leads to, merged or changed by hand; people look for the one on the customer's transfer. */
  async function carriersOf(number: string): Promise<(ListedName & { how: 'merged' | 'renumbered' })[]> {
    const found = (await merge.findByNumber(knex, number)).filter(({ how }) => how !== 'itself');
    const rows = await knex('crm_invoices')
      .whereIn(
        'id',
        found.map(({ invoiceId }) => invoiceId),
      )
      .orderBy('id')
      .select<ListedName[]>('id', 'ref', 'state', 'issued_on');
    const former = await formerNumbersOf(demo, rows);
    return rows.map((row) => ({
      ...row,
      former: former.get(row.id),
      how: found.some(({ invoiceId, how }) => how === 'merged' && invoiceId === String(row.id))
        ? 'merged'
        : 'renumbered',
    }));
  }

  router.get('/', (_req, res) => res.redirect(303, '/invoices'));

  router.get('/invoices', async (req, res) => {
    const q = typeof req.query.q === 'string' ? req.query.q.trim().slice(0, 100) : '';
    const state = typeof req.query.state === 'string' && FILTERS.includes(req.query.state) ? req.query.state : '';
    const carriers = q ? await carriersOf(q.toUpperCase()) : [];
    const narrow = (query: Knex.QueryBuilder): Knex.QueryBuilder => {
      if (state) query.where('i.state', state);
      if (q) {
        query.where((any) => {
          any
            .whereRaw("i.ref LIKE ? ESCAPE '!'", [likePattern(q)])
            .orWhereRaw("c.company LIKE ? ESCAPE '!'", [likePattern(q)])
            .orWhereIn(
              'i.id',
              carriers.map(({ id }) => id),
            );
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
    const former = await formerNumbersOf(demo, invoices);
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
    const takenBy = (table: string) =>
      knex({ p: table })
        .join('crm_invoices as i', 'i.id', 'p.invoice_id')
        .whereIn('i.state', ['open', 'late', 'part'])
        .select<{ state: string; currency: string; amount: string }[]>('i.state', 'i.currency', 'p.amount');
    const taken = [...(await takenBy('crm_payments')), ...(await takenBy('crm_credit_uses'))];
    const sums = (of: string[]) =>
      sumsByCurrency(
        [
          ...owed.map((row) => ({ ...row, amount: row.grand_total })),
          ...taken.map((row) => ({ ...row, amount: negated(row.amount) })),
        ].filter((row) => of.includes(row.state)),
      );
    res.render('invoices', {
      q,
      carriers,
      notes: q ? await listedNotes(knex).where('n.ref', q.toUpperCase()) : [],
      state,
      filters: FILTERS,
      counts: Object.fromEntries(states.map((row) => [row.state, Number(row.n)])),
      cards: { due: sums(['open', 'late', 'part']), late: sums(['late']), draft: sums(['draft']) },
      invoices: invoices.map((row) => ({ ...row, former: former.get(row.id) })),
      mergeable,
      page,
      pages,
      total,
    });
  });
  return router;
}
