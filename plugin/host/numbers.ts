/** The next numbers of a series, from the host's own documents and its next-number setting. */
import { PluginError } from '../errors';
import type { Day, Db, Query, Row, TableMap, Trx } from './contract';
import { numberOf, periodOf, sequenceIn, seriesOn } from './patterns';
import { isMysql, likeLiteral, max, text, textOf } from './sql';

type NumberColumns = TableMap['invoices']['number'];
interface Documents {
  table: string;
  number: NumberColumns;
  pattern: string;
  next?: { table: string; column: string; where: Row };
  only?: (query: Query, alias: string) => void;
}

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
  const documents = documentsOf(map, type);
  const highest = await highestSequence(trx, documents, date);
  const setting = documents.next && (await nextSetting(trx, documents.next));
  const first = Math.max(highest, (setting ?? 1) - 1) + 1;
  // As text: SQLite's drivers bind JavaScript's numbers as reals, which a text column would keep as '45.0'.
  if (documents.next)
    await trx(documents.next.table)
      .where(documents.next.where as Record<string, string>)
      .update({ [documents.next.column]: String(first + count) });
  return Array.from({ length: count }, (_none, index) => numberOf(documents.pattern, first + index, date));
}

function documentsOf(map: TableMap, type: 'invoice' | 'credit_note'): Documents {
  const key = type === 'invoice' ? 'invoice' : 'creditNote';
  const pattern = map.series?.[key]?.patterns[0];
  if (!pattern)
    throw new PluginError('IM_HOST_FAULT', 500, { where: `series.${key}`, mend: 'map the pattern of its numbers' });
  const next = map.series?.[key]?.next;
  if (type === 'invoice') {
    const { invoices } = map;
    return {
      table: invoices.table,
      number: invoices.number,
      pattern,
      next,
      only: (query, alias) => invoices.only?.(query, alias),
    };
  }
  if (!map.creditNotes)
    throw new PluginError('IM_HOST_FAULT', 500, { where: 'creditNotes', mend: 'map the table of credit notes' });
  return { table: map.creditNotes.table, number: map.creditNotes.number, pattern, next };
}

async function highestSequence(trx: Trx, documents: Documents, date: Day): Promise<number> {
  const { number, pattern } = documents;
  const query = trx({ doc: documents.table }) as Query;
  if (typeof number === 'string') {
    const { prefix, suffix } = seriesOn(pattern, date);
    inSeries(trx, query, `doc.${number}`, prefix, suffix);
  } else {
    const period = periodOf(pattern, date);
    if (period) query.where(`doc.${number.date}`, '>=', period.from).where(`doc.${number.date}`, '<', period.before);
    query.select(max(trx, '??', [`doc.${number.sequence}`], 'immax'));
    // The sequence alone does not say whose it is: other documents of the table have theirs.
    documents.only?.(query, 'doc');
  }
  const row = (await query.first()) as Row | undefined;
  return Number(textOf(row?.immax) ?? 0);
}

/** Without REGEXP: what stands between prefix and suffix must be digits only, so equal to its own number. */
function inSeries(trx: Db, query: Query, column: string, prefix: string, suffix: string): void {
  const mysql = isMysql(trx);
  const tail = `SUBSTR(??, ${prefix.length + 1}, ${mysql ? 'CHAR_LENGTH' : 'LENGTH'}(??) - ${prefix.length + suffix.length})`;
  const tailOf = [column, column];
  const asNumber = `CAST(${tail} AS ${mysql ? 'UNSIGNED' : 'INTEGER'})`;
  query.select(max(trx, asNumber, tailOf, 'immax'));
  if (mysql) query.whereRaw(`?? LIKE ? ESCAPE '!'`, [column, `${likeLiteral(prefix)}%${likeLiteral(suffix)}`]);
  else {
    if (prefix) query.where(column, '>=', prefix).where(column, '<', `${prefix}\u{10FFFF}`);
    if (suffix) query.whereRaw(`SUBSTR(??, -${suffix.length}) = ?`, [column, suffix]);
  }
  // Fifteen digits: what is longer is no sequence, and JavaScript could not count on.
  query.whereRaw(`${mysql ? 'CHAR_LENGTH' : 'LENGTH'}(${tail}) BETWEEN 1 AND 15`, tailOf);
  // The column has the table's collation, a cast number the connection's: MariaDB compares the two only when told how.
  const digits = mysql
    ? `CONVERT(TRIM(LEADING '0' FROM ${tail}) USING utf8mb4) COLLATE utf8mb4_bin`
    : `LTRIM(${tail}, '0')`;
  const same = mysql ? `CAST(NULLIF(${asNumber}, 0) AS CHAR)` : `CAST(NULLIF(${asNumber}, 0) AS TEXT)`;
  query.whereRaw(`${digits} = COALESCE(${same}, '')`, [...tailOf, ...tailOf]);
}

async function nextSetting(trx: Trx, next: { table: string; column: string; where: Row }): Promise<number> {
  const query = trx({ setting: next.table })
    .select(text(trx, `setting.${next.column}`, 'imnext'))
    .forUpdate();
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
  const [, prefix = '', digits] = /^(.*?)(\d{1,15})$/s.exec(number) ?? [];
  if (digits === undefined || series)
    throw new PluginError('IM_HOST_FAULT', 500, {
      number,
      mend: `add a pattern that the number fits to series.${kind}`,
    });
  return { [columns.sequence]: String(Number(digits)), ...(columns.prefix ? { [columns.prefix]: prefix } : {}) };
}
