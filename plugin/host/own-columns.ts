/** The plugin's own columns on the host's tables, and small look-ups; apart from HostCrm, so that no host replaces them. */
import type { Day, Db, Id, Query, Row, TableMap, Trx } from './contract';
import { INVOICES } from './heads';
import { byKey, chunks, forIds, text, textOf } from './sql';
import { own } from './table-map';

/** Sources name the invoice they were merged into and are reminded no more. `at`: ISO-8601 UTC. */
export async function markMerged(trx: Trx, map: TableMap, sourceIds: Id[], targetId: Id, at: string): Promise<void> {
  for (const part of chunks(sourceIds))
    await trx(map.invoices.table)
      .whereIn(map.invoices.id, part)
      .update({
        [own(map, 'merged_into_id')]: targetId,
        [own(map, 'merged_at')]: at,
        [own(map, 'reminders_off')]: 1,
      });
}

/** Says of lines that the host stored itself where they came from; nulls untag. */
export async function tagLines(
  trx: Trx,
  map: TableMap,
  tags: { lineId: Id; sourceInvoiceId: Id | null; sourceLineId: Id | null }[],
): Promise<void> {
  const { table, id } = map.lines;
  for (const part of chunks(tags))
    await trx(table)
      .whereIn(
        id,
        part.map(({ lineId }) => lineId),
      )
      .update({
        [own(map, 'source_invoice_id')]: byKey(
          trx,
          id,
          part.map(({ lineId, sourceInvoiceId }) => [lineId, sourceInvoiceId]),
        ),
        [own(map, 'source_line_id')]: byKey(
          trx,
          id,
          part.map(({ lineId, sourceLineId }) => [lineId, sourceLineId]),
        ),
      });
}

/** Which of the ids exist and are inside what `restrict` lets a person see. */
export async function visibleIds(
  db: Db,
  map: TableMap,
  ids: Id[],
  restrict: (query: Query, alias: string) => void,
): Promise<Set<Id>> {
  const { invoices } = map;
  const { table, id } = invoices;
  const rows = await forIds(ids, (some) => {
    const query = db({ [INVOICES]: table })
      .select(text(db, `${INVOICES}.${id}`, 'imid'))
      .whereIn(`${INVOICES}.${id}`, some) as Query;
    invoices.only?.(query, INVOICES);
    return query.where((narrowed) => void restrict(narrowed, INVOICES)) as PromiseLike<Row[]>;
  });
  return new Set(rows.map((row) => textOf(row.imid) ?? ''));
}

/** Null where the customer does not exist. */
export async function customerName(db: Db, map: TableMap, customerId: Id): Promise<string | null> {
  const { table, id, name } = map.customers;
  const row = (await db({ customer: table })
    .select(text(db, `customer.${name}`, 'imname'))
    .where(`customer.${id}`, customerId)
    .first()) as Row | undefined;
  return row ? (textOf(row.imname) ?? '') : null;
}

/** Today in the business time zone. */
export function todayIn(timeZone: string, now: Date): Day {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);
}
