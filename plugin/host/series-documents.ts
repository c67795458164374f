/** Finds documents by their numbers, and the series that there are. */
import type { Day, Db, Id, Query, Row, TableMap } from './contract';
import { INVOICES } from './heads';
import {
  currentSeries,
  numberColumns,
  numberInSeries,
  patternsOf,
  patternUnder,
  seriesOf,
  seriesOfNumber,
  type DocumentType,
  type Series,
} from './series';
import { allDocuments, documentsIn, documentTable, fitting, onlyCancelled, sequenceOf } from './series-sql';
import { chunks, day, isMysql, text, textOf } from './sql';

const at = (column: string): string => `${INVOICES}.${column}`;
const numeric = (value: unknown): number => Number(textOf(value) ?? 0);

export interface SeriesDocument {
  id: Id;
  number: string;
  date: Day | null;
  sequence: number;
}

/** The documents that bear these sequence numbers; one of them where several bear the same. */
export async function documentsAt(
  db: Db,
  map: TableMap,
  series: Series,
  sequences: number[],
): Promise<Map<number, SeriesDocument>> {
  const found = new Map<number, SeriesDocument>();
  const take = async (query: Query): Promise<void> => {
    for (const row of (await withDocument(db, map, series, query)) as Row[]) {
      const one = documentOf(series, row);
      if (!found.has(one.sequence)) found.set(one.sequence, one);
    }
  };
  const columns = numberColumns(map, series.type);
  const { sql, bindings } = sequenceOf(db, map, series);
  // As they are usually written: by the index on the number.
  if (typeof columns === 'string' && !/[{]/.test(series.prefix + series.suffix))
    for (const some of chunks(sequences))
      await take(
        documentsIn(db, map, series).whereIn(
          at(columns),
          some.map((sequence) => numberInSeries(series, sequence, null)),
        ),
      );
  for (const some of chunks(sequences.filter((sequence) => !found.has(sequence))))
    await take(
      documentsIn(db, map, series).whereRaw(`${sql} IN (${some.map(() => '?').join(', ')})`, [...bindings, ...some]),
    );
  return found;
}

function withDocument(db: Db, map: TableMap, series: Series, query: Query): Query {
  const table = documentTable(map, series.type);
  const columns = numberColumns(map, series.type);
  const { sql, bindings } = sequenceOf(db, map, series);
  query.select(
    text(db, at(table?.id ?? ''), 'imid'),
    text(db, at(table?.date ?? ''), 'imdate'),
    db.raw(`${sql} AS ??`, [...bindings, 'imseq']),
  );
  if (typeof columns === 'string') query.select(text(db, at(columns), 'imnumber'));
  else if (columns) query.select(text(db, at(columns.date), 'imnumberdate'));
  return query;
}

function documentOf(series: Series, row: Row): SeriesDocument {
  const sequence = numeric(row.imseq);
  return {
    id: textOf(row.imid) ?? '',
    number: textOf(row.imnumber) ?? numberInSeries(series, sequence, day(row.imnumberdate)),
    date: day(row.imdate),
    sequence,
  };
}

/** Of which documents bear numbers: the series of each pattern, the latest period first. That of `today` too, if nobody is in it. */
export async function seriesFound(db: Db, map: TableMap, type: DocumentType, today: Day): Promise<Series[]> {
  const columns = numberColumns(map, type);
  const found = new Map<string, Series>();
  const current = currentSeries(map, type, today);
  if (current) found.set(current.key, current);
  if (columns === undefined || !documentTable(map, type)) return [];
  if (typeof columns === 'string')
    for (const pattern of patternsOf(map, type)) {
      for (const sample of await samplesOf(db, map, type, columns, pattern)) {
        const read = seriesOfNumber(map, type, sample);
        if (read) found.set(read.series.key, read.series);
      }
    }
  else {
    const month = isMysql(db) ? `SUBSTR(CAST(?? AS CHAR), 1, 7)` : `SUBSTR(CAST(?? AS TEXT), 1, 7)`;
    const query = allDocuments(db, map, type)
      .where(at(columns.sequence), '>', 0)
      .distinct(db.raw(`${month} AS ??`, [at(columns.date), 'immonth']));
    if (columns.prefix !== undefined) query.select(text(db, at(columns.prefix), 'imprefix'));
    for (const { immonth, imprefix } of (await query) as Row[]) {
      const pattern = patternUnder(map, type, textOf(imprefix));
      const date = `${textOf(immonth) ?? ''}-01`;
      if (pattern === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(date)) continue;
      const series = seriesOf(map, type, pattern, date);
      found.set(series.key, series);
    }
  }
  const began = ({ period }: Series): string => period?.from ?? '9999';
  return [...found.values()].sort((a, b) =>
    began(b) < began(a) ? -1 : began(b) > began(a) ? 1 : a.key < b.key ? -1 : 1,
  );
}

/** A number of each series of a pattern: what stands around the sequence, read once each. */
async function samplesOf(
  db: Db,
  map: TableMap,
  type: DocumentType,
  column: string,
  pattern: string,
): Promise<string[]> {
  const [, prefix = '', suffix = ''] = /^(.*?)\{seq(?::\d+)?\}(.*)$/s.exec(pattern) ?? [];
  const query = allDocuments(db, map, type);
  fitting(db, query, column, { prefix, suffix, width: 1 });
  const width = (template: string): number =>
    template.replace(/\{(yyyy|yy|mm)\}/g, (_all, token: string) => token).length;
  const [before, after] = [width(prefix), width(suffix)];
  const parts = [
    before > 0 ? db.raw('SUBSTR(??, 1, ?) AS ??', [at(column), before, 'imhead']) : null,
    after > 0 ? db.raw('SUBSTR(??, ?) AS ??', [at(column), -after, 'imtail']) : null,
  ].flatMap((part) => part ?? []);
  if (parts.length === 0 || !/\{(yyyy|yy|mm)\}/.test(pattern)) {
    const [row] = (await query.select(text(db, at(column), 'imnumber')).limit(1)) as Row[];
    return row ? [textOf(row.imnumber) ?? ''] : [];
  }
  return (await query.distinct<Row[]>(...parts)).map(
    ({ imhead, imtail }) => `${textOf(imhead) ?? ''}1${textOf(imtail) ?? ''}`,
  );
}

/** Documents whose number fits no pattern of their type, the newest first. @param restrict what a person may see */
export async function unmatchedDocuments(
  db: Db,
  map: TableMap,
  type: DocumentType,
  page: { offset: number; limit: number },
  restrict: (query: Query, alias: string) => void,
): Promise<{ documents: { id: Id; number: string; date: Day | null }[]; total: number }> {
  const columns = numberColumns(map, type);
  const table = documentTable(map, type);
  // Where the parts are kept apart every sequence number is of a series.
  if (typeof columns !== 'string' || !table) return { documents: [], total: 0 };
  const unmatched = (): Query => {
    const query = allDocuments(db, map, type).whereNotNull(at(columns)).whereNot(at(columns), '');
    if (type === 'invoice') query.where((narrowed) => void restrict(narrowed, INVOICES));
    for (const pattern of patternsOf(map, type)) {
      const [, prefix = '', suffix = ''] = /^(.*?)\{seq(?::\d+)?\}(.*)$/s.exec(pattern) ?? [];
      query.whereNot((one) => void fitting(db, one as Query, columns, { prefix, suffix, width: 1 }));
    }
    return query;
  };
  const counted = await unmatched().count({ imtotal: '*' }).first<Row | undefined>();
  const rows = await unmatched()
    .orderBy([
      { column: at(table.date), order: 'desc' },
      { column: at(table.id), order: 'desc' },
    ])
    .offset(page.offset)
    .limit(page.limit)
    .select<Row[]>(
      text(db, at(table.id), 'imid'),
      text(db, at(columns), 'imnumber'),
      text(db, at(table.date), 'imdate'),
    );
  return {
    total: numeric(counted?.imtotal),
    documents: rows.map((row) => ({
      id: textOf(row.imid) ?? '',
      number: textOf(row.imnumber) ?? '',
      date: day(row.imdate),
    })),
  };
}

/** The documents of a series that are cancelled, the lowest number first. @param restrict what a person may see */
export async function cancelledDocuments(
  db: Db,
  map: TableMap,
  series: Series,
  page: { offset: number; limit: number },
  restrict: (query: Query, alias: string) => void,
): Promise<{ documents: SeriesDocument[]; total: number }> {
  if (series.type !== 'invoice') return { documents: [], total: 0 };
  const cancelled = (): Query =>
    onlyCancelled(documentsIn(db, map, series), map).where((narrowed) => void restrict(narrowed, INVOICES));
  const counted = await cancelled().count({ imtotal: '*' }).first<Row | undefined>();
  const { sql, bindings } = sequenceOf(db, map, series);
  const query = withDocument(db, map, series, cancelled())
    .orderByRaw(sql, bindings)
    .orderBy(at(map.invoices.id))
    .offset(page.offset)
    .limit(page.limit);
  const rows = (await query) as Row[];
  return { documents: rows.map((row) => documentOf(series, row)), total: numeric(counted?.imtotal) };
}

/** Who bears this number in the host's table, whatever the host hides of it. */
export async function bearersIn(db: Db, map: TableMap, series: Series, sequence: number): Promise<Id[]> {
  const { sql, bindings } = sequenceOf(db, map, series);
  const columns = numberColumns(map, series.type);
  const table = documentTable(map, series.type);
  if (!table || columns === undefined) return [];
  const rows = await documentsIn(db, map, series, typeof columns === 'string')
    .whereRaw(`${sql} = ?`, [...bindings, sequence])
    .limit(10)
    .select<Row[]>(text(db, at(table.id), 'imid'));
  return rows.map(({ imid }) => textOf(imid) ?? '');
}
