/** The next numbers of a series, from the host's own documents and its next-number setting. */
import { PluginError } from '../errors';
import type { Day, Db, Query, Row, TableMap, Trx } from './contract';
import { INVOICES } from './heads';
import { leadOf, numberOf, sequenceIn } from './patterns';
import { currentSeries, nextOf, numberColumns, seriesOfNumber, type Series } from './series';
import { documentTable, sequenceOf, within } from './series-sql';
import { max, text, textOf } from './sql';

/**
 * `count` numbers in a row, after the highest of the series on `date` and not below the host's next-number setting, which is raised.
 * The caller holds the lock that makes it safe. Throws IM_HOST_FAULT 500 where the map has no pattern for the type.
 */
export async function allocateNumbers(
  trx: Trx,
  map: TableMap,
  type: 'invoice' | 'credit_note',
  count: number,
  date: Day,
): Promise<string[]> {
  if (count === 0) return [];
  const series = currentSeries(map, type, date);
  const where = type === 'invoice' ? 'invoice' : 'creditNote';
  if (!series)
    throw new PluginError('IM_HOST_FAULT', 500, { where: `series.${where}`, mend: 'map the pattern of its numbers' });
  if (type === 'credit_note' && !map.creditNotes)
    throw new PluginError('IM_HOST_FAULT', 500, { where: 'creditNotes', mend: 'map the table of credit notes' });
  const next = nextOf(map, type);
  const highest = await highestSequence(trx, map, series);
  const setting = next && (await nextSetting(trx, next));
  const first = Math.max(highest, (setting ?? 1) - 1) + 1;
  // As text: SQLite's drivers bind JavaScript's numbers as reals, which a text column would keep as '45.0'.
  if (next)
    await trx(next.table)
      .where(next.where as Record<string, string>)
      .update({ [next.column]: String(first + count) });
  return Array.from({ length: count }, (_none, index) => numberOf(series.pattern, first + index, date));
}

/** Of all rows of the table: what the host hides (soft-deleted ones, say) has used its number up all the same. */
async function highestSequence(trx: Trx, map: TableMap, series: Series): Promise<number> {
  const columns = numberColumns(map, series.type);
  const query = trx({ [INVOICES]: documentTable(map, series.type)?.table ?? '' }) as Query;
  if (typeof columns === 'object') {
    const { sequence, date } = columns;
    const { period } = series;
    if (period) query.where(`${INVOICES}.${date}`, '>=', period.from).where(`${INVOICES}.${date}`, '<', period.before);
    // The sequence alone does not say whose it is: other documents of the table have theirs.
    if (series.type === 'invoice') map.invoices.only?.(query, INVOICES);
    query.select(max(trx, '??', [`${INVOICES}.${sequence}`], 'immax'));
  } else {
    const { sql, bindings } = sequenceOf(trx, map, series);
    within(trx, query, map, series).select(max(trx, sql, bindings, 'immax'));
  }
  const row = (await query.first()) as Row | undefined;
  return Number(textOf(row?.immax) ?? 0);
}

/** The host's own next number; 1 where it says nothing. Locked where it will be raised. */
export async function nextSetting(trx: Db, next: { table: string; column: string; where: Row }): Promise<number> {
  const query = trx({ setting: next.table }).select(text(trx, `setting.${next.column}`, 'imnext'));
  if (trx.isTransaction) query.forUpdate();
  for (const [column, value] of Object.entries(next.where)) query.where(`setting.${column}`, value as string);
  const row = (await query.first()) as Row | undefined;
  if (!row) throw new PluginError('IM_HOST_FAULT', 500, { where: 'series.next', mend: `add the row to ${next.table}` });
  return Number(textOf(row.imnext) ?? 1) || 1;
}

/** What a number is stored as: the number itself, or its sequence where the host keeps the parts apart. */
export function numberRow(map: TableMap, kind: 'invoice' | 'creditNote', number: string | null): Row {
  const columns = kind === 'invoice' ? map.invoices.number : map.creditNotes?.number;
  if (columns === undefined) return {};
  if (typeof columns === 'string') return { [columns]: number };
  if (number === null) return { [columns.sequence]: null };
  const series = map.series?.[kind];
  for (const pattern of series?.patterns ?? []) {
    const sequence = sequenceIn(pattern, number);
    if (sequence !== null) return { [columns.sequence]: String(sequence) };
  }
  // Under a prefix of its own, as the host's column keeps it.
  const read = seriesOfNumber(map, kind === 'invoice' ? 'invoice' : 'credit_note', number);
  if (read && columns.prefix)
    return { [columns.sequence]: String(read.sequence), [columns.prefix]: leadOf(read.series.pattern) };
  const [, prefix = '', digits] = /^(.*?)(\d{1,15})$/s.exec(number) ?? [];
  if (digits === undefined || series)
    throw new PluginError('IM_HOST_FAULT', 500, {
      number,
      mend: `add a pattern that the number fits to series.${kind}`,
    });
  return { [columns.sequence]: String(Number(digits)), ...(columns.prefix ? { [columns.prefix]: prefix } : {}) };
}
