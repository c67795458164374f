/** How often payment methods were used at the checkout. Own tables only. */
import type { Db, Id, Row } from '../host/contract';
import { forIds, text, textOf } from '../host/sql';

/** Payments by method, what was voided or refunded since among them; methods without any are left out. One statement per 500 methods. */
export async function usesOf(db: Db, prefix: string, methodIds: Id[]): Promise<Map<Id, number>> {
  const rows = await forIds(
    methodIds,
    (some) =>
      db({ p: `${prefix}sale_payments` })
        .whereIn('p.method_id', some)
        .whereIn('p.act', ['payment', 'replacement'])
        .groupBy('p.method_id')
        .select(text(db, 'p.method_id', 'methodid'), db.raw('COUNT(*) AS ??', ['uses'])) as PromiseLike<Row[]>,
  );
  return new Map(rows.map((row) => [textOf(row.methodid) ?? '', Number(row.uses)]));
}
