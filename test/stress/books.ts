/** What must hold of one customer's books, whatever was done to them. */
import Big from 'big.js';
import type { Knex } from 'knex';
import type { InvoiceMergePlugin } from '../../plugin/contract';
import type { Id, Invoice, Row } from '../../plugin/host/contract';
import type { TestHost } from '../support/hosts';

export interface Books {
  /** All of the customer's invoices; in one order on every engine, so that the same seed does the same things. */
  invoices(): Promise<Invoice[]>;
  /** What is owed is to change by this, since people did or acknowledged it. */
  owe(currency: string, difference: Big): void;
  /** Lines are to stand, or to be gone. */
  lines(change: { gone: string[]; come: string[] }): void;
  /** Revenue and tax of a past month are to change by this invoice: people wrote one of that month. */
  invoiced(invoice: Pick<Invoice, 'issueDate' | 'currency' | 'totals'>): void;
  /** @throws Error saying what does not hold */
  demand(): Promise<void>;
}

export const stands = ({ status, mergedIntoId }: Invoice): boolean => status !== 'cancelled' && mergedIntoId === null;

const balance = ({ total, payments, credits }: Invoice): Big => new Big(total).minus(payments.sum).minus(credits.sum);

export function demandSame(before: Record<string, string[]>, after: Record<string, string[]>, what: string): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (before[name]?.join('\n') !== after[name]?.join('\n')) throw new Error(`${what} changed ${name}`);
}

function demand(holds: boolean, what: string, facts: unknown): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(facts)}`);
}

/** By key, what is not zero. */
const plain = (sums: Map<string, Big>): Record<string, string> =>
  Object.fromEntries(
    [...sums]
      .filter(([, sum]) => !sum.eq(0))
      .map(([key, sum]) => [key, sum.toFixed()] as const)
      .sort(),
  );

function add(sums: Map<string, Big>, key: string, amount: Big.BigSource): void {
  sums.set(key, (sums.get(key) ?? new Big(0)).plus(amount));
}

/**
 * @param named the lines that people typed
 * @param pastBefore first day of the month that may still change; null: the law is not asked, all months may
 */
export function keepBooks(
  knex: Knex,
  { host, map }: TestHost,
  merge: Pick<InvoiceMergePlugin<never>, 'reportable' | 'successorOf'>,
  customerId: Id,
  named: (lines: Invoice['lines']) => string[],
  pastBefore: string | null,
): Books {
  const owed = new Map<string, Big>();
  const past = new Map<string, Big>();
  const lines = new Set<string>();

  async function invoices(): Promise<Invoice[]> {
    const ids = (await knex(map.invoices.table)
      .where({ [map.invoices.customer]: customerId })
      .pluck(map.invoices.id)) as number[];
    const found = ids.length > 0 ? await host.loadInvoices(knex, ids.map(String)) : [];
    return found.sort((a, b) => Number(a.id) - Number(b.id));
  }

  /** Month by month, rate by rate. */
  function report(sums: Map<string, Big>, { issueDate, currency, totals }: Parameters<Books['invoiced']>[0]): void {
    if (pastBefore === null || issueDate >= pastBefore) return;
    for (const { category, rate, taxable, tax } of totals.taxes) {
      const key = `${issueDate.slice(0, 7)} ${currency} ${category} ${new Big(rate).toFixed()}`;
      add(sums, `${key} revenue`, taxable);
      add(sums, `${key} tax`, tax);
    }
  }

  async function demandPast(all: Invoice[]): Promise<void> {
    if (pastBefore === null) return;
    const query = knex({ i: map.invoices.table }).where({ [`i.${map.invoices.customer}`]: customerId });
    merge.reportable(query, { invoices: 'i' });
    const reported = new Set(((await query.pluck(`i.${map.invoices.id}`)) as number[]).map(String));
    const now = new Map<string, Big>();
    for (const invoice of all) if (reported.has(invoice.id)) report(now, invoice);
    demand(JSON.stringify(plain(now)) === JSON.stringify(plain(past)), 'revenue and tax of past months', {
      is: plain(now),
      should: plain(past),
    });
    const { creditNotes } = map;
    if (!creditNotes) return;
    const early = (await knex(creditNotes.table)
      .where(creditNotes.customer, customerId)
      .where(creditNotes.date, '<', pastBefore)) as Row[];
    demand(early.length === 0, 'credit notes of past months', early);
  }

  async function demandSuccessors(all: Invoice[], standing: Set<Id>): Promise<void> {
    const { tablePrefix: prefix = 'im_' } = map;
    const sources: { id: number; undone: string | null }[] = await knex(`${prefix}merge_sources as s`)
      .join(`${prefix}merges as m`, 'm.id', 's.merge_id')
      .where('m.customer_id', customerId)
      .select({ id: 's.source_id', undone: 'm.undone_at' });
    const merged = new Set(sources.filter(({ undone }) => undone === null).map(({ id }) => String(id)));
    for (const id of merged) {
      const successor = await merge.successorOf(knex, id);
      demand(successor !== null && standing.has(successor), 'a source leads nowhere', { id, successor });
      demand(!standing.has(id), 'a source stands', id);
    }
    const strays = all.filter(({ id, mergedIntoId }) => mergedIntoId !== null && !merged.has(id));
    demand(
      strays.length === 0,
      'marked as merged by no merge',
      strays.map(({ id }) => id),
    );
  }

  async function demandLinks(all: Invoice[], standing: Set<Id>): Promise<void> {
    const known = new Set(all.map(({ id }) => id));
    for (const { table, column, fixed, to, policy, name } of map.links) {
      const pointed = (
        (await knex(table)
          .where(fixed ?? {})
          .whereNotNull(column)
          .pluck(column)) as number[]
      ).map(String);
      const rows = to === 'invoice' ? map.invoices : map.lines;
      const existing = new Set(((await knex(rows.table).pluck(rows.id)) as number[]).map(String));
      const lost = pointed.filter((id) => !existing.has(id));
      demand(lost.length === 0, `links of ${name} point nowhere`, lost);
      if (policy !== 'move' || to !== 'invoice') continue;
      const left = pointed.filter((id) => known.has(id) && !standing.has(id));
      demand(left.length === 0, `links of ${name} stayed with a source`, left);
    }
  }

  async function demandUniqueNumbers(): Promise<void> {
    const { invoices: documents, creditNotes } = map;
    for (const { table, number } of creditNotes ? [documents, creditNotes] : [documents]) {
      const column = typeof number === 'string' ? number : number.sequence;
      const numbers = ((await knex(table).whereNotNull(column).pluck(column)) as (string | number)[]).map(String);
      const twice = numbers.filter((one, index) => numbers.indexOf(one) !== index);
      demand(twice.length === 0, `numbers of ${table} borne twice`, twice);
    }
  }

  async function demandCredits(): Promise<void> {
    const { creditNotes } = map;
    if (!creditNotes) return;
    const { appliedTo } = creditNotes;
    const notes: { id: number; total: string | number }[] = await knex(creditNotes.table)
      .where(creditNotes.customer, customerId)
      .select({ id: creditNotes.id, total: creditNotes.total });
    const applied: { id: number; amount: string | number }[] = await knex(appliedTo.table)
      .whereIn(
        appliedTo.note,
        notes.map(({ id }) => id),
      )
      .select({ id: appliedTo.note, amount: appliedTo.amount });
    for (const { id, total } of notes) {
      const sum = applied
        .filter((one) => one.id === id)
        .reduce((left, { amount }) => left.plus(String(amount)), new Big(0));
      const whole = new Big(String(total)).times(creditNotes.amounts === 'negative' ? -1 : 1);
      demand(sum.round(3).eq(whole.round(3)), 'a credit note that is not used up by its invoice', { id, total, sum });
    }
  }

  return {
    invoices,
    owe: (currency, difference) => add(owed, currency, difference),
    lines({ gone, come }) {
      for (const name of gone) lines.delete(name);
      for (const name of come) lines.add(name);
    },
    invoiced: (invoice) => report(past, invoice),

    async demand() {
      const all = await invoices();
      const open = all.filter(stands);
      const standing = new Set(open.map(({ id }) => id));

      // What is settled by a credit note counts with it: nothing is left of both.
      const sums = new Map<string, Big>();
      for (const invoice of all) if (invoice.status !== 'cancelled') add(sums, invoice.currency, balance(invoice));
      demand(JSON.stringify(plain(sums)) === JSON.stringify(plain(owed)), 'what the customer owes', {
        is: plain(sums),
        should: plain(owed),
      });

      const found = open.flatMap((invoice) => named(invoice.lines));
      demand(new Set(found).size === found.length, 'a line stands twice', found);
      demand([...lines].sort().join() === [...found].sort().join(), 'lines', {
        lost: [...lines].filter((one) => !found.includes(one)),
        stray: found.filter((one) => !lines.has(one)),
      });

      await demandUniqueNumbers();
      await demandSuccessors(all, standing);
      await demandLinks(all, standing);
      await demandCredits();
      await demandPast(all);
    },
  };
}
