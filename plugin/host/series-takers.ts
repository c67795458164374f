/** Finds the invoices that a missing number of a series could be given to. */
import type { Day, Db, Id, Query, Row, TableMap } from './contract';
import { INVOICES } from './heads';
import { customersNamed } from './lookups';
import { currentSeries, numberColumns, type Series } from './series';
import { allDocuments, within } from './series-sql';
import { contains, isMysql, text, textOf } from './sql';
import { own } from './table-map';

const at = (column: string): string => `${INVOICES}.${column}`;

/**
 * Ids, nearest in date to the gap first: invoices of the series, and those without a number that would be numbered in it.
 * Cancelled and merged ones are left out.
 * @param about `days`: of the documents on both sides of the gap; `search`: part of a number or of a customer's name
 */
export async function takersNear(
  db: Db,
  map: TableMap,
  series: Series,
  about: {
    days: [Day | null, Day | null];
    search: string;
    lockedUntil: Day | null;
    limit: number;
    restrict: (query: Query, alias: string) => void;
  },
): Promise<Id[]> {
  const { invoices } = map;
  const columns = numberColumns(map, 'invoice');
  const numberColumn = typeof columns === 'object' ? columns.sequence : (columns ?? '');
  const query = allDocuments(db, map, 'invoice').where((narrowed) => void about.restrict(narrowed, INVOICES));
  if ('column' in invoices.status) {
    const { column, values } = invoices.status;
    query.whereNotIn(at(column), [values.cancelled].flat());
  } else {
    const { status } = invoices;
    query.where((narrowed) => void status.where(narrowed, ['draft', 'unpaid', 'overdue', 'partial', 'paid'], INVOICES));
  }
  query.whereNull(at(own(map, 'merged_into_id')));
  if (about.lockedUntil !== null) query.where(at(invoices.issueDate), '>', about.lockedUntil);
  query.where((any) => {
    void any.where((one) => void within(db, one, map, series));
    // Whose next number would be of another series gets none of this one.
    const period = currentSeries(map, 'invoice', series.period?.from ?? '2000-01-01');
    if (period?.key !== series.key) return;
    void any.orWhere((one) => {
      if (typeof columns === 'object')
        one.where((none) => void none.whereNull(at(numberColumn)).orWhere(at(numberColumn), '<=', 0));
      else one.where((none) => void none.whereNull(at(numberColumn)).orWhere(at(numberColumn), ''));
      if (series.period)
        void one
          .where(at(invoices.issueDate), '>=', series.period.from)
          .where(at(invoices.issueDate), '<', series.period.before);
    });
  });
  if (about.search)
    query.where(
      (any) =>
        void any
          .where(contains(db, at(numberColumn), about.search))
          .orWhereIn(at(invoices.customer), customersNamed(db, map, about.search)),
    );
  const [before, after] = about.days;
  if (before !== null && after !== null) {
    const away = isMysql(db) ? 'ABS(DATEDIFF(??, ?))' : 'ABS(JULIANDAY(??) - JULIANDAY(?))';
    const column = at(invoices.issueDate);
    const [earliest, latest] = before < after ? [before, after] : [after, before];
    query.orderByRaw(`CASE WHEN ?? BETWEEN ? AND ? THEN 0 WHEN ?? < ? THEN ${away} ELSE ${away} END`, [
      ...[column, earliest, latest],
      ...[column, earliest, column, earliest, column, latest],
    ]);
  }
  const rows = await query
    .orderBy(at(invoices.id), 'desc')
    .limit(about.limit)
    .select<Row[]>(text(db, at(invoices.id), 'imid'));
  return rows.map(({ imid }) => textOf(imid) ?? '');
}
