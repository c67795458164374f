/** Aged receivables: what customers owe, by how long it has been due. */
import { Big } from 'big.js';
import type { AgedPart, Query } from 'crm-invoice-merge';
import type { Demo } from './context';
import { groupedBy } from './sums';

/** Last day of each age but the oldest; 0 is what is not due yet. */
const LAST_DAYS = [0, 30, 60, 90];
/** Keys of their names in lang/. */
export const AGES = ['current', 'to_30', 'to_60', 'to_90', 'older'] as const;

export interface AgedRow {
  customerId: string;
  company: string;
  /** By AGES, in their order. */
  amounts: string[];
  total: string;
}
export interface AgedReport {
  currency: string;
  /** Who owes most comes first. */
  rows: AgedRow[];
  amounts: string[];
  total: string;
}

interface Open {
  id: number;
  client_id: number;
  company: string;
  currency: string;
}

/** One report per currency, EUR first. What was merged is owed once, by the invoice that replaces it, since its own day. */
export async function agedReceivables({ knex, merge, today }: Demo): Promise<AgedReport[]> {
  const query = knex('crm_invoices as i')
    .join('crm_clients as c', 'c.id', 'i.client_id')
    .whereIn('i.state', ['open', 'late', 'part']);
  merge.reportable(query as Query, { invoices: 'i' });
  const open = await query.select<Open[]>('i.id', 'i.client_id', 'i.currency', 'c.company');
  const parts = await merge.agedParts(
    knex,
    open.map((row) => String(row.id)),
  );
  const age = ({ dueDate, issueDate }: AgedPart): number => {
    const days = (Date.parse(today()) - Date.parse(dueDate ?? issueDate)) / 86_400_000;
    const found = LAST_DAYS.findIndex((last) => days <= last);
    return found === -1 ? LAST_DAYS.length : found;
  };
  const amountsOf = (rows: Open[]): Big[] => {
    const owed = rows.flatMap((row) => parts.get(String(row.id)) ?? []);
    return AGES.map((_age, index) =>
      owed.filter((part) => age(part) === index).reduce((sum, { amount }) => sum.plus(amount), new Big(0)),
    );
  };
  const sumOf = (amounts: Big[]): Big => amounts.reduce((sum, amount) => sum.plus(amount), new Big(0));

  return [...groupedBy(open, (row) => row.currency)]
    .sort(([a], [b]) => Number(b === 'EUR') - Number(a === 'EUR') || a.localeCompare(b))
    .map(([currency, list]) => {
      const rows = [...groupedBy(list, (row) => String(row.client_id))]
        .map(([customerId, owed]) => ({ customerId, company: owed[0]?.company ?? '', amounts: amountsOf(owed) }))
        .sort((a, b) => sumOf(b.amounts).cmp(sumOf(a.amounts)));
      const all = amountsOf(list);
      return {
        currency,
        rows: rows.map((row) => ({
          ...row,
          amounts: row.amounts.map((amount) => amount.toFixed()),
          total: sumOf(row.amounts).toFixed(),
        })),
        amounts: all.map((amount) => amount.toFixed()),
        total: sumOf(all).toFixed(),
      };
    });
}
