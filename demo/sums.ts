/** Exact sums, groups and order for the lists and reports. */
import { Big } from 'big.js';

/** SQLite hands decimals over as floats: their shortest text is the amount that was stored. */
export const exactAmount = (value: string | number): Big => new Big(String(value));

/** What is taken off a sum: a payment that was voided is below zero itself. */
export const negated = (value: string | number): string => exactAmount(value).neg().toFixed();

export interface Sum {
  currency: string;
  amount: string;
}

/** One sum per currency, EUR first. */
export function sumsByCurrency(rows: { currency: string; amount: string | number }[]): Sum[] {
  const sums = new Map<string, Big>();
  for (const { currency, amount } of rows)
    sums.set(currency, (sums.get(currency) ?? new Big(0)).plus(exactAmount(amount)));
  return [...sums]
    .map(([currency, sum]) => ({ currency, amount: sum.toFixed() }))
    .sort(
      (a, b) => Number(b.currency === 'EUR') - Number(a.currency === 'EUR') || a.currency.localeCompare(b.currency),
    );
}

/** By name as the French sort, accents included: the databases do not agree on it. */
export function inOrder<T>(rows: T[], nameOf: (row: T) => string): T[] {
  return [...rows].sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'fr'));
}

/** Map.groupBy, which Node 20 does not have. */
export function groupedBy<T>(rows: T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
