/** The plugin's own columns on the host's tables, and small look-ups; apart from HostCrm, so that no host replaces them. */
import type { Knex } from 'knex';
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

/**
 * Gives lines that the host stored from its form what no form shows: the mapped `copy` columns (cost price, project …)
 * of the line they came from. One read and one write per 500 lines.
 */
export async function copyLineColumns(trx: Trx, map: TableMap, pairs: [from: Id, to: Id][]): Promise<void> {
  const { table, id, copy = [] } = map.lines;
  if (copy.length === 0) return;
  for (const part of chunks(pairs)) {
    const rows: Row[] = await trx(table)
      .whereIn(
        id,
        part.map(([from]) => from),
      )
      .select(text(trx, id, 'imid'), ...copy);
    const values = new Map(rows.map((row) => [textOf(row.imid), row]));
    const known = part.filter(([from]) => values.has(from));
    if (known.length === 0) continue;
    const change = copy.map((column): [string, Knex.Raw] => [
      column,
      byKey(
        trx,
        id,
        known.map(([from, to]) => [to, values.get(from)?.[column] ?? null]),
      ),
    ]);
    await trx(table)
      .whereIn(
        id,
        known.map(([, to]) => to),
      )
      .update(Object.fromEntries(change));
  }
}

/** Gives lines that the host's form has no date for the day of supply that they came with: invoices must state it. */
export async function setSupplyDates(trx: Trx, map: TableMap, dates: [lineId: Id, date: Day][]): Promise<void> {
  const { table, id, supplyDate } = map.lines;
  if (supplyDate === undefined) return;
  for (const part of chunks(dates))
    await trx(table)
      .whereIn(
        id,
        part.map(([lineId]) => lineId),
      )
      .update({ [supplyDate]: byKey(trx, id, part) });
}

/** The ids of the invoices that `restrict` lets a person see, as a subquery. */
export function seenInvoices(db: Db, map: TableMap, restrict: (query: Query, alias: string) => void): Query {
  const { table, id, only } = map.invoices;
  const query = db({ [INVOICES]: table }).select(`${INVOICES}.${id}`) as Query;
  only?.(query, INVOICES);
  return query.where((narrowed) => void restrict(narrowed, INVOICES));
}

/** Which of the ids exist and are inside what `restrict` lets a person see. */
export async function visibleIds(
  db: Db,
  map: TableMap,
  ids: Id[],
  restrict: (query: Query, alias: string) => void,
): Promise<Set<Id>> {
  const column = `${INVOICES}.${map.invoices.id}`;
  const rows = await forIds(
    ids,
    (some) =>
      seenInvoices(db, map, restrict)
        .clearSelect()
        .select(text(db, column, 'imid'))
        .whereIn(column, some) as PromiseLike<Row[]>,
  );
  return new Set(rows.map((row) => textOf(row.imid) ?? ''));
}

/**
 * Null where the customer does not exist.
 * @param restrict what a person may see: then also null for the customer of whom no invoice is inside it
 */
export async function customerName(
  db: Db,
  map: TableMap,
  customerId: Id,
  restrict?: (query: Query, alias: string) => void,
): Promise<string | null> {
  const { table, id, name } = map.customers;
  const { invoices } = map;
  const query = db({ customer: table })
    .select(text(db, `customer.${name}`, 'imname'))
    .where(`customer.${id}`, customerId);
  if (restrict) {
    const visible = db({ [INVOICES]: invoices.table })
      .select(db.raw('1'))
      .where(`${INVOICES}.${invoices.customer}`, customerId) as Query;
    invoices.only?.(visible, INVOICES);
    query.whereExists(visible.where((narrowed) => void restrict(narrowed, INVOICES)));
  }
  const row = (await query.first()) as Row | undefined;
  return row ? (textOf(row.imname) ?? '') : null;
}

/** Today in the business time zone. */
export function todayIn(timeZone: string, now: Date): Day {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);
}

/** The instant at which a day begins in the business time zone, ISO 8601 in UTC; `after` = 1: the next day. */
export function startOfDay(timeZone: string, day: Day, after = 0): string {
  const midnight = Date.parse(`${day}T00:00:00Z`) + after * 86_400_000;
  const offsetAt = (instant: number): number => {
    // 'GMT+02:00', and 'GMT' alone at zero.
    const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(instant);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
    return Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  };
  // Twice: around midnight of a day of change, the first guess may have the other offset.
  const guess = midnight - offsetAt(midnight);
  return new Date(midnight - offsetAt(guess)).toISOString();
}
