/** Rows of allowances and charges, of documents and of lines. */
import Big from 'big.js';
import type { AllowanceCharge } from '../money/types';
import type { Id, Row, TableMap, Trx } from './contract';
import { loadInvoices } from './load';
import { insertRows } from './sql';

type Allowances = NonNullable<TableMap['allowances']>[number];

/** A row as the host keeps it; `key` is the id of its document or line. */
export function allowanceRow(part: Allowances, key: Id, { kind, amount, reason, tax }: AllowanceCharge): Row {
  return {
    [part.key]: key,
    [part.kind]: kind,
    [part.amount]: amount,
    ...(part.reason ? { [part.reason]: reason ?? null } : {}),
    ...(part.rate ? { [part.rate]: tax?.rate ?? null } : {}),
    ...(part.category ? { [part.category]: tax?.category ?? null } : {}),
  };
}

/** Makes a document's allowances and charges those that are wanted; rows that stay are not touched. */
export async function replaceAllowances(
  trx: Trx,
  map: TableMap,
  invoiceId: Id,
  wanted: AllowanceCharge[],
): Promise<void> {
  const part = map.allowances?.find((one) => one.of === 'invoice');
  if (!part) return;
  const [current] = await loadInvoices(trx, map, '9999-12-31', [invoiceId]);
  const missing = [...wanted];
  const superfluous = (current?.allowancesCharges ?? []).filter((one) => {
    const found = missing.findIndex((other) => sameAllowance(one, other));
    if (found >= 0) missing.splice(found, 1);
    return found < 0;
  });
  for (const one of new Set(superfluous.map((allowance) => comparable(allowance)))) {
    const allowance = superfluous.find((other) => comparable(other) === one);
    if (!allowance) continue;
    await trx(part.table)
      .where(allowanceRow(part, invoiceId, allowance) as Record<string, string>)
      .delete();
    // Equal rows cannot be told apart: those that stay are written anew.
    missing.push(...wanted.filter((other) => comparable(other) === one));
  }
  await insertRows(
    trx,
    part.table,
    missing.map((allowance) => allowanceRow(part, invoiceId, allowance)),
  );
}

function comparable({ kind, amount, reason, tax }: AllowanceCharge): string {
  const rate = tax && new Big(tax.rate).toFixed();
  return JSON.stringify([kind, new Big(amount).toFixed(), reason ?? '', tax?.category ?? '', rate ?? '']);
}

function sameAllowance(one: AllowanceCharge, other: AllowanceCharge): boolean {
  return comparable(one) === comparable(other);
}
