/** Reads the documents of a series: its gaps, its neighbours, a stretch of it. Memory does not grow with the series. */
import type { Day, Db, Id, Query, Row, TableMap } from './contract';
import type { Series } from './series';
import { documentsIn, documentTable, onlyCancelled, sequenceOf } from './series-sql';
import { INVOICES } from './heads';
import { chunks, day, isMysql, text, textOf } from './sql';

const at = (column: string): string => `${INVOICES}.${column}`;
const numeric = (value: unknown): number => Number(textOf(value) ?? 0);
const maybe = (value: unknown): number | null => (value === null || value === undefined ? null : numeric(value));

/** What the documents of a series come to, with a page of the gaps between them. */
export interface SeriesScan {
  /** Documents; null bounds: there are none. */
  count: number;
  first: number | null;
  last: number | null;
  /** Gaps between documents, and the numbers missing in them. */
  gaps: number;
  missing: number;
  /** Of the gaps, those asked for: the sequence numbers of the documents on both sides. */
  page: { before: number; after: number }[];
}

/** One scan by LEAD, whatever is asked for. @param page `offset` and `limit` in gaps; a limit of 0 reads no gaps */
export async function scanSeries(
  db: Db,
  map: TableMap,
  series: Series,
  page: { offset: number; limit: number },
): Promise<SeriesScan> {
  const { sql, bindings } = sequenceOf(db, map, series);
  const numbers = documentsIn(db, map, series).select(db.raw(`${sql} AS ??`, [...bindings, 'imseq']));
  // One window for both: each of its own would cost the server another pass.
  const pairs = db.raw(
    'SELECT ??, LEAD(??) OVER sorted AS ??, ROW_NUMBER() OVER sorted AS ?? FROM ? AS numbers WINDOW sorted AS (ORDER BY ??)',
    ['imseq', 'imseq', 'imnext', 'imrow', numbers, 'imseq'],
  );
  const isGap = '?? > ?? + 1';
  const gap = ['imnext', 'imseq'];
  const edges = db
    .select(
      ...['imseq', 'imnext', 'imrow'],
      db.raw(`SUM(CASE WHEN ${isGap} THEN 1 ELSE 0 END) OVER () AS ??`, [...gap, 'imgaps']),
      db.raw(`SUM(CASE WHEN ${isGap} THEN ?? - ?? - 1 ELSE 0 END) OVER () AS ??`, [...gap, ...gap, 'immissing']),
      db.raw(`SUM(CASE WHEN ${isGap} THEN 1 ELSE 0 END) OVER (ORDER BY ??) AS ??`, [...gap, 'imrow', 'imindex']),
    )
    .from(db.raw('(?) AS pairs', [pairs]))
    .whereRaw(`${isGap} OR ?? IS NULL OR ?? = 1`, [...gap, 'imnext', 'imrow']);
  const rows = (await db
    .select('*')
    .from(edges.as('edges'))
    .whereRaw(`?? = 1 OR ?? IS NULL OR (${isGap} AND ?? > ? AND ?? <= ?)`, [
      ...['imrow', 'imnext', ...gap],
      ...['imindex', page.offset, 'imindex', page.offset + page.limit],
    ])
    .orderBy('imrow')) as Row[];
  const [firstRow] = rows;
  const lastRow = rows.at(-1);
  if (!firstRow || !lastRow) return { count: 0, first: null, last: null, gaps: 0, missing: 0, page: [] };
  const wanted = rows.filter(({ imseq, imnext, imindex }) => {
    const index = numeric(imindex);
    return (
      imnext !== null &&
      numeric(imnext) > numeric(imseq) + 1 &&
      index > page.offset &&
      index <= page.offset + page.limit
    );
  });
  return {
    count: numeric(lastRow.imrow),
    first: numeric(firstRow.imseq),
    last: numeric(lastRow.imseq),
    gaps: numeric(firstRow.imgaps),
    missing: numeric(firstRow.immissing),
    page: wanted.map(({ imseq, imnext }) => ({ before: numeric(imseq), after: numeric(imnext) })),
  };
}

/** The nearest sequence numbers on both sides of one that is borne, or not, and the bounds of all. @param but left out */
export async function aroundSequence(
  db: Db,
  map: TableMap,
  series: Series,
  sequence: number,
  but?: Id,
): Promise<{
  before: number | null;
  after: number | null;
  isBorne: boolean;
  first: number | null;
  last: number | null;
}> {
  const { sql, bindings } = sequenceOf(db, map, series);
  const query = documentsIn(db, map, series);
  if (but !== undefined) query.whereNot(at(documentTable(map, series.type)?.id ?? ''), but);
  const numbers = query.select(db.raw(`${sql} AS ??`, [...bindings, 'imseq']));
  const when = (how: string, compared: string, alias: string) =>
    db.raw(`${how}(CASE WHEN ?? ${compared} ? THEN ?? END) AS ??`, ['imseq', sequence, 'imseq', alias]);
  const row = (await db
    .select(
      when('MAX', '<', 'imbefore'),
      when('MIN', '>', 'imafter'),
      when('COUNT', '=', 'imborne'),
      db.raw('MIN(??) AS ??, MAX(??) AS ??', ['imseq', 'imfirst', 'imseq', 'imlast']),
    )
    .from((numbers as Query).as('numbers'))
    .first()) as Row | undefined;
  return {
    before: maybe(row?.imbefore),
    after: maybe(row?.imafter),
    isBorne: numeric(row?.imborne) > 0,
    first: maybe(row?.imfirst),
    last: maybe(row?.imlast),
  };
}

/** Of a stretch, both ends included: which sequence numbers are borne, and which of them by cancelled invoices only. */
export async function stretchOf(
  db: Db,
  map: TableMap,
  series: Series,
  from: number,
  to: number,
): Promise<{ borne: Set<number>; cancelled: Set<number> }> {
  const { sql, bindings } = sequenceOf(db, map, series);
  const read = async (query: Query): Promise<number[]> =>
    (
      await query
        .whereRaw(`${sql} BETWEEN ? AND ?`, [...bindings, from, to])
        .select<Row[]>(db.raw(`${sql} AS ??`, [...bindings, 'imseq']))
    ).map(({ imseq }) => numeric(imseq));
  const all = await read(documentsIn(db, map, series));
  const cancelled = series.type === 'invoice' ? await read(onlyCancelled(documentsIn(db, map, series), map)) : [];
  const times = new Map<number, number>();
  for (const sequence of all) times.set(sequence, (times.get(sequence) ?? 0) + 1);
  for (const sequence of cancelled) times.set(sequence, (times.get(sequence) ?? 0) - 1);
  return { borne: new Set(all), cancelled: new Set(cancelled.filter((sequence) => times.get(sequence) === 0)) };
}

/** The lowest sequence number of a stretch, both ends included, that somebody bears. */
export async function firstBorneIn(
  db: Db,
  map: TableMap,
  series: Series,
  from: number,
  to: number,
): Promise<number | null> {
  const { sql, bindings } = sequenceOf(db, map, series);
  const row = await documentsIn(db, map, series)
    .whereRaw(`${sql} BETWEEN ? AND ?`, [...bindings, from, to])
    .select(db.raw(`MIN(${sql}) AS ??`, [...bindings, 'imfirst']))
    .first<Row | undefined>();
  return maybe(row?.imfirst);
}

/** How many of the sequence numbers of these stretches are borne. */
export async function countBorne(
  db: Db,
  map: TableMap,
  series: Series,
  stretches: { from: number; to: number }[],
): Promise<number> {
  const { sql, bindings } = sequenceOf(db, map, series);
  let total = 0;
  for (const some of chunks(stretches, 100)) {
    const inside = documentsIn(db, map, series).where((any) => {
      for (const { from, to } of some) void any.orWhereRaw(`${sql} BETWEEN ? AND ?`, [...bindings, from, to]);
    });
    const row = await inside.select(db.raw(`COUNT(DISTINCT ${sql}) AS ??`, [...bindings, 'imborne'])).first<Row>();
    total += numeric(row.imborne);
  }
  return total;
}

/** Gaps between documents, those nearest to a day first; a gap's days are those of its neighbours. */
export async function gapsNear(
  db: Db,
  map: TableMap,
  series: Series,
  date: Day,
  limit: number,
): Promise<{ before: number; after: number; beforeDate: Day | null; afterDate: Day | null }[]> {
  const { sql, bindings } = sequenceOf(db, map, series);
  const dated = at(documentTable(map, series.type)?.date ?? '');
  const dayOf = isMysql(db)
    ? db.raw('DATE(??)', [dated])
    : // Knex stores a JavaScript Date as milliseconds on SQLite.
      db.raw(
        `CASE WHEN typeof(??) = 'text' THEN SUBSTR(??, 1, 10) ELSE DATE(?? / 1000, 'unixepoch', 'localtime') END`,
        [dated, dated, dated],
      );
  const numbers = documentsIn(db, map, series).select(
    db.raw(`${sql} AS ??`, [...bindings, 'imseq']),
    db.raw('? AS ??', [dayOf, 'imday']),
  );
  const over = 'OVER (ORDER BY ??, ??)';
  const window = ['imseq', 'imday'];
  const pairs = db
    .select(
      ...window,
      db.raw(`LEAD(??) ${over} AS ??`, ['imseq', ...window, 'imnext']),
      db.raw(`LEAD(??) ${over} AS ??`, ['imday', ...window, 'imnextday']),
    )
    .from((numbers as Query).as('numbers'));
  const distance = isMysql(db) ? 'ABS(DATEDIFF(??, ?))' : 'ABS(JULIANDAY(??) - JULIANDAY(?))';
  const rows = (await db
    .select('imseq', 'imnext', text(db, 'imday', 'imdaytext'), text(db, 'imnextday', 'imnextdaytext'))
    .from(pairs.as('pairs'))
    .whereRaw('?? > ?? + 1', ['imnext', 'imseq'])
    .orderByRaw(
      `CASE WHEN ? BETWEEN ?? AND ?? THEN 0 WHEN ${distance} < ${distance} THEN ${distance} ELSE ${distance} END, ?? DESC`,
      [date, 'imday', 'imnextday', 'imday', date, 'imnextday', date, 'imday', date, 'imnextday', date, 'imseq'],
    )
    .limit(limit)) as Row[];
  return rows.map((row) => ({
    before: numeric(row.imseq),
    after: numeric(row.imnext),
    beforeDate: day(row.imdaytext),
    afterDate: day(row.imnextdaytext),
  }));
}
