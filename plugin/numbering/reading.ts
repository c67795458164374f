/** What the pages of numbers show: series, gaps with their neighbours and causes, the strip. Reads only. */
import { PluginError } from '../errors';
import type { Actor, Db, Id } from '../host/contract';
import { nextSetting } from '../host/numbers';
import { visibleIds } from '../host/own-columns';
import { restrictTo } from '../host/scope';
import { currentSeries, nextOf, numberInSeries, seriesOfKey, type Series } from '../host/series';
import { documentsAt, seriesFound, type SeriesDocument } from '../host/series-documents';
import { aroundSequence, countBorne, scanSeries, stretchOf, type SeriesScan } from '../host/series-read';
import { keysOf } from './allocating';
import type { Gap, GapCause, GapPage, NumberedDocument, SeriesSummary, Strip } from './contract';
import { today, type NumberingDeps } from './deps';
import { runsOf, segmentsOf } from './rules';
import type { Stretch } from './store';

export const PAGE = 50;
/** Numbers of one page of the strip. */
const STRIP = 1000;
/** Causes that one page of gaps reads at most, and that one gap shows. */
const MOST_CAUSES = 5000;
const SHOWN_CAUSES = 100;

/** The numbers that anybody is known to have borne: a series begins and ends there. null: none. */
export interface Bounds {
  low: number | null;
  high: number | null;
}

/** A gap by the sequence numbers beside it; null: the series begins or ends there. */
interface Hole extends Stretch {
  before: number | null;
  after: number | null;
}

export const createReading = (deps: NumberingDeps) => {
  const { host, stores } = deps;
  const { map } = host;

  /** @throws IM_NOT_FOUND 404 */
  function demandSeries(key: string): Series {
    const series = seriesOfKey(map, key);
    if (!series) throw new PluginError('IM_NOT_FOUND', 404, { why: 'series', series: key });
    return series;
  }

  const isCurrent = (series: Series): boolean => currentSeries(map, series.type, today(deps))?.key === series.key;

  /** The host's own next number, where it has one and means this series. */
  async function settingOf(db: Db, series: Series): Promise<number | null> {
    const next = nextOf(map, series.type);
    return next && isCurrent(series) ? nextSetting(db, next) : null;
  }

  async function boundsOf(db: Db, series: Series, borne: { first: number | null; last: number | null }) {
    const given = await stores.series.lastSequence(db, keysOf(series));
    const claimed = await stores.series.lowestClaim(db, series.key);
    const left = await stores.gaps.bounds(db, series.key);
    const setting = await settingOf(db, series);
    const lows = [borne.first, claimed, left.lowest].filter((one) => one !== null);
    const highs = [given || null, left.highest].filter((one) => one !== null);
    // A host that sets its next number back will give those above it once more: they are not missing.
    const known = highs.map((high) => (setting === null ? high : Math.min(high, setting - 1)));
    const high = Math.max(0, borne.last ?? 0, ...known);
    const low = lows.length > 0 ? Math.min(...lows) : null;
    const bounds: Bounds = low === null || high < low ? { low: null, high: null } : { low, high };
    return { ...bounds, setting };
  }

  async function summaryOf(db: Db, series: Series, scan: SeriesScan): Promise<SeriesSummary> {
    const { low, high, setting } = await boundsOf(db, series, scan);
    const edges = edgesOf({ low, high }, scan);
    const explanations = await stores.gaps.explanations(db, series.key);
    const within = explanations.flatMap(({ from, to }) => clip({ from, to }, { low, high }));
    const inside = within.reduce((total, { from, to }) => total + to - from + 1, 0);
    const number = (sequence: number): string => numberInSeries(series, sequence, today(deps));
    return {
      series: series.key,
      type: series.type,
      pattern: series.pattern,
      period: series.period,
      current: isCurrent(series),
      first: low === null ? null : number(low),
      last: high === null ? null : number(high),
      next: number(Math.max((high ?? 0) + 1, setting ?? 1)),
      count: scan.count,
      gaps: scan.gaps + edges.length,
      missing: edges.reduce((total, { from, to }) => total + to - from + 1, scan.missing),
      explained: inside - (within.length > 0 ? await countBorne(db, map, series, within) : 0),
    };
  }

  const seriesOfAll = async (db: Db): Promise<Series[]> => {
    const found: Series[] = [];
    for (const type of ['invoice', 'credit_note'] as const)
      found.push(...(await seriesFound(db, map, type, today(deps))));
    const known = new Set(found.map(({ key }) => key));
    // Of which nobody bears a number any more.
    const past = (await stores.series.known(db))
      .filter((key) => !known.has(key))
      .flatMap((key) => seriesOfKey(map, key) ?? []);
    const all = [...found, ...past];
    return (['invoice', 'credit_note'] as const).flatMap((type) => all.filter((one) => one.type === type));
  };

  /** Of these documents, what this person may know. */
  async function shown(db: Db, series: Series, documents: SeriesDocument[], actor: Actor) {
    const seen =
      series.type === 'invoice'
        ? await visibleIds(
            db,
            map,
            documents.map(({ id }) => id),
            restrictTo(deps, actor),
          )
        : new Set(documents.map(({ id }) => id));
    return new Map(
      documents.map(({ id, number, date, sequence }): [number, NumberedDocument] => [
        sequence,
        { id: seen.has(id) ? id : null, number, date },
      ]),
    );
  }

  /** What is known of missing numbers, by sequence number; `isAll` is false where there was more than could be read. */
  async function causesOf(
    db: Db,
    series: Series,
    stretches: Stretch[],
    limit = MOST_CAUSES,
  ): Promise<{ causes: Map<number, GapCause>; issued: Set<number>; readTo: number }> {
    const claims = await stores.series.claimsIn(db, series.key, stretches, limit);
    const vacancies = await stores.gaps.vacanciesIn(db, series.key, stretches, limit);
    const causes = new Map<number, GapCause>();
    for (const { sequence, documentId, at } of claims)
      causes.set(sequence, { kind: 'given', at, by: null, documentId, mergeId: null, newNumber: null, reason: null });
    for (const { sequence, cause } of vacancies.rows) causes.set(sequence, cause);
    const ends = [claims.length === limit ? claims.at(-1)?.sequence : null, vacancies.readTo];
    return {
      causes,
      issued: new Set(vacancies.rows.filter((one) => one.issued).map(({ sequence }) => sequence)),
      readTo: Math.min(...ends.map((end) => end ?? Infinity)),
    };
  }

  async function gapsOf(db: Db, series: Series, holes: Hole[], actor: Actor): Promise<Gap[]> {
    if (holes.length === 0) return [];
    const beside = [...new Set(holes.flatMap(({ before, after }) => [before, after]))].filter((one) => one !== null);
    const found = await documentsAt(db, map, series, beside);
    const documents = await shown(db, series, [...found.values()], actor);
    const { causes, readTo } = await causesOf(db, series, holes);
    const explanations = await stores.gaps.explanations(db, series.key, holes);
    return holes.map(({ from, to, before, after }) => {
      const neighbours = {
        before: before === null ? null : (documents.get(before) ?? null),
        after: after === null ? null : (documents.get(after) ?? null),
      };
      // Dates that tell no series apart are written as the neighbours' are.
      const date = neighbours.before?.date ?? neighbours.after?.date ?? null;
      const number = (sequence: number): string => numberInSeries(series, sequence, date);
      const own = new Map([...causes].filter(([sequence]) => sequence >= from && sequence <= to));
      const touching = explanations.filter((one) => one.from <= to && one.to >= from);
      const [only, ...others] = segmentsOf({ from, to }, own, []);
      const [covered, ...pieces] = segmentsOf({ from, to }, new Map(), touching);
      return {
        ...{ series: series.key, from, to, fromNumber: number(from), toNumber: number(to), ...neighbours },
        cause: others.length === 0 && to <= readTo ? (only?.cause ?? null) : null,
        causes: [...own]
          .sort(([a], [b]) => a - b)
          .slice(0, SHOWN_CAUSES)
          .map(([sequence, cause]) => ({ sequence, number: number(sequence), cause })),
        explained: pieces.length === 0 ? (covered?.explained ?? null) : null,
        explanations: touching,
      };
    });
  }

  /** A page of the gaps, those at the ends of the series included. */
  async function holesOf(db: Db, series: Series, offset: number, limit: number) {
    // One more on either side: whether a gap stands before the first document is known afterwards.
    const scan = await scanSeries(db, map, series, { offset: Math.max(0, offset - 1), limit: limit + 1 });
    const bounds = await boundsOf(db, series, scan);
    const edges = edgesOf(bounds, scan);
    const inner = scan.page.map(({ before, after }): Hole => ({ before, after, from: before + 1, to: after - 1 }));
    const leading = edges.filter(({ before, after }) => before === null && after !== null);
    const trailing = edges.filter((one) => !leading.includes(one));
    const skipped = Math.max(0, offset - 1);
    const listed = [
      ...(skipped === 0 ? leading : []),
      ...inner,
      ...(skipped <= scan.gaps && skipped + inner.length >= scan.gaps ? trailing : []),
    ];
    // What stands at `listed[0]` within all gaps.
    const start = skipped === 0 ? 0 : skipped + leading.length;
    return { scan, bounds, holes: listed.slice(Math.max(0, offset - start), Math.max(0, offset - start) + limit) };
  }

  return {
    demandSeries,
    boundsOf,
    causesOf,
    holesOf,
    gapsOf,
    shown,

    async series(db: Db): Promise<SeriesSummary[]> {
      const all: SeriesSummary[] = [];
      for (const series of await seriesOfAll(db))
        all.push(await summaryOf(db, series, await scanSeries(db, map, series, { offset: 0, limit: 0 })));
      return all;
    },

    async oneSeries(db: Db, key: string): Promise<SeriesSummary> {
      const series = demandSeries(key);
      return summaryOf(db, series, await scanSeries(db, map, series, { offset: 0, limit: 0 }));
    },

    async gaps(db: Db, { series: key, page, actor }: { series: string; page: number; actor: Actor }): Promise<GapPage> {
      const series = demandSeries(key);
      const { scan, holes } = await holesOf(db, series, (page - 1) * PAGE, PAGE);
      const summary = await summaryOf(db, series, scan);
      const gaps = await gapsOf(db, series, holes, actor);
      return { series: summary, gaps, page, pages: Math.max(1, Math.ceil(summary.gaps / PAGE)), total: summary.gaps };
    },

    async gapAt(db: Db, query: { series: string; sequence: number; actor: Actor }): Promise<Gap | null> {
      const series = demandSeries(query.series);
      const hole = await this.holeAt(db, series, query.sequence);
      const [gap] = hole ? await gapsOf(db, series, [hole], query.actor) : [];
      return gap ?? null;
    },

    /** @param but its number counts as not borne: it is to get another one */
    async holeAt(db: Db, series: Series, sequence: number, but?: Id): Promise<Hole | null> {
      const { before, after, isBorne, first, last } = await aroundSequence(db, map, series, sequence, but);
      const { low, high } = await boundsOf(db, series, { first, last });
      if (isBorne || low === null || high === null || sequence < low || sequence > high) return null;
      return { before, after, from: before === null ? low : before + 1, to: after === null ? high : after - 1 };
    },

    async strip(db: Db, query: { series: string; page?: number }): Promise<Strip> {
      const series = demandSeries(query.series);
      const { first, last } = await aroundSequence(db, map, series, 0);
      const { low, high } = await boundsOf(db, series, { first, last });
      if (low === null || high === null) return { series: series.key, from: 1, to: 0, page: 1, pages: 1, runs: [] };
      const block = (sequence: number): number => Math.floor((Math.max(sequence, 1) - 1) / STRIP);
      const pages = block(high) - block(low) + 1;
      const page = Math.min(Math.max(query.page ?? pages, 1), pages);
      const start = (block(low) + page - 1) * STRIP;
      const [from, to] = [Math.max(page === 1 ? 0 : start + 1, low), Math.min(start + STRIP, high)];
      const stretch = await stretchOf(db, map, series, from, to);
      const explanations = await stores.gaps.explanations(db, series.key, [{ from, to }]);
      return { series: series.key, from, to, page, pages, runs: runsOf(from, to, stretch, explanations) };
    },
  };
};

/** The gaps before the first and after the last document; one where there is no document at all. */
function edgesOf({ low, high }: Bounds, { first, last }: { first: number | null; last: number | null }): Hole[] {
  if (low === null || high === null) return [];
  if (first === null || last === null) return [{ before: null, after: null, from: low, to: high }];
  return [
    ...(low < first ? [{ before: null, after: first, from: low, to: first - 1 }] : []),
    ...(high > last ? [{ before: last, after: null, from: last + 1, to: high }] : []),
  ];
}

function clip({ from, to }: Stretch, { low, high }: Bounds): Stretch[] {
  if (low === null || high === null) return [];
  const clipped = { from: Math.max(from, low), to: Math.min(to, high) };
  return clipped.from <= clipped.to ? [clipped] : [];
}

export type Reading = ReturnType<typeof createReading>;
