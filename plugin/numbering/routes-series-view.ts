/** What the page of a series, and the page of one gap, show of it. Pure. */
import type { Words } from '../i18n';
import type { CancelledNumber, DocumentType, Gap, GapCause, GapRow, SeriesSummary, Strip, StripKind } from './contract';
import { paths } from './routes-deps';
import {
  asSentence,
  causeLink,
  causeText,
  dated,
  explainedText,
  seriesName,
  sequenceLabel,
  toDocument,
  type DocumentView,
  type ViewUrls,
} from './routes-view';
import { drawNarrowStrip, drawWideStrip } from './strip-drawing';

const KINDS: StripKind[] = ['filled', 'cancelled', 'gap', 'explained'];
/** Missing numbers that the text for a drawing names. */
const NAMED = 12;

/** A page of a series: drawn twice, and the same in words. */
export function toStrip(words: Words, series: SeriesSummary, strip: Strip, url: (page: number) => string) {
  const label = sequenceLabel(series);
  const counts = new Map<StripKind, number>();
  for (const { from, to, kind } of strip.runs) counts.set(kind, (counts.get(kind) ?? 0) + to - from + 1);
  const legend = KINDS.flatMap((kind) => {
    const count = counts.get(kind) ?? 0;
    return count === 0 ? [] : [{ kind, text: words.t(`numbers.kind_${kind}`, { count }) }];
  });
  const rangeOf = (from: number, to: number): string =>
    from === to ? label(from) : words.t('numbers.printTo', { from: label(from), to: label(to) });
  const missing = strip.runs.filter(({ kind }) => kind === 'gap');
  const named = missing.slice(0, NAMED).map(({ from, to }) => rangeOf(from, to));
  if (missing.length > NAMED) named.push(words.t('numbers.stripMore', { count: missing.length - NAMED }));
  const where = named.length > 0 ? [words.t('numbers.stripWhere', { numbers: named.join(', ') })] : [];
  const ends = { from: label(strip.from), to: label(strip.to) };
  return {
    title: words.t('numbers.stripTitle', { ...ends, name: seriesName(words, series.series) }),
    description: words.t('numbers.stripDesc', { parts: [...legend.map(({ text }) => text), ...where].join(', ') }),
    drawings: [
      { name: 'wide', drawing: drawWideStrip(strip.runs, label) },
      { name: 'narrow', drawing: drawNarrowStrip(strip.runs, label) },
    ],
    legend,
    range: words.t('numbers.range', ends),
    previous: strip.page > 1 ? url(strip.page - 1) : null,
    next: strip.page < strip.pages ? url(strip.page + 1) : null,
  };
}

export const gapTitle = (words: Words, { from, to, fromNumber, toNumber }: Gap): string =>
  from === to
    ? words.t('numbers.gapTitle', { number: fromNumber })
    : words.t('numbers.gapRangeTitle', { from: fromNumber, to: toNumber });

/** One gap: why, what stands on both sides, what explains it. */
export function toGap(words: Words, gap: Gap, series: SeriesSummary, urls: ViewUrls) {
  const { type } = series;
  const { from, to, fromNumber, toNumber, causes, explanations } = gap;
  const isRange = from !== to;
  const shared = gap.cause !== null || causes.length === 0;
  const single = (cause: GapCause | null) => ({
    text: asSentence(causeText(words, cause, type)),
    link: causeLink(words, cause, urls),
  });
  const label = sequenceLabel(series);
  return {
    id: `gap-${from}`,
    isRange,
    fromNumber,
    title: isRange
      ? words.t('numbers.gapRange', { from: fromNumber, to: toNumber, n: words.number(String(to - from + 1)) })
      : words.t('numbers.gap', { number: fromNumber }),
    /** Why, of all its numbers; null: not the same for all. */
    cause: shared ? single(gap.cause) : null,
    causes: shared
      ? []
      : causes.map(({ number, cause }) => ({
          ...single(cause),
          text: words.t('numbers.causeOf', { number, cause: causeText(words, cause, type) }),
        })),
    before: toDocument(words, gap.before, type, urls),
    after: toDocument(words, gap.after, type, urls),
    state: gap.explained ? 'explained' : 'gap',
    explained: gap.explained
      ? [explainedText(words, gap.explained)]
      : explanations.map((one) =>
          words.t('numbers.explainedPart', {
            ...{ from: label(one.from), to: label(one.to), name: one.by.name },
            ...{ at: words.instant(one.at), reason: one.reason },
          }),
        ),
    url: urls.pages + paths.gap(gap.series, from),
  };
}

/** The first numbers of a gap that nothing explains yet: what its form begins with. */
export function unexplainedIn({ from, to, explanations }: Gap): { from: number; to: number } {
  const sorted = [...explanations].sort((a, b) => a.from - b.from);
  let start = from;
  for (const one of sorted) {
    if (one.from > start) return { from: start, to: one.from - 1 };
    start = Math.max(start, one.to + 1);
  }
  return { from: Math.min(start, to), to };
}

/** The number of a cancelled invoice, and what became of it. */
export function toCancelled(words: Words, one: CancelledNumber, type: DocumentType, urls: ViewUrls) {
  const { mergedInto } = one;
  const into =
    mergedInto?.number ?? (mergedInto?.date ? words.t('invoice.draftOf', { date: words.day(mergedInto.date) }) : null);
  const fate = !mergedInto
    ? words.t('numbers.cancelledAs')
    : into === null
      ? words.t('numbers.cancelledElse')
      : words.t('numbers.cancelledInto', { number: into });
  return {
    document: toDocument(words, one, type, urls),
    fate,
    fateUrl: mergedInto?.id != null ? urls.invoice(mergedInto.id, 'preview') : null,
    url: one.id === null ? null : `${urls.pages}${paths.invoice(one.id)}#im-free`,
  };
}

/** A row of the printed list. */
export function toPrintRow(words: Words, row: GapRow, type: DocumentType, urls: ViewUrls) {
  const side = (document: DocumentView | null): string =>
    document ? dated(words, document) : words.t('numbers.noNeighbour');
  return {
    numbers: row.count === 1 ? row.fromNumber : words.t('numbers.printTo', { from: row.fromNumber, to: row.toNumber }),
    count: words.number(String(row.count)),
    before: side(toDocument(words, row.before, type, urls)),
    after: side(toDocument(words, row.after, type, urls)),
    cause: asSentence(causeText(words, row.cause, type)),
    explained: row.explained ? explainedText(words, row.explained) : words.t('numbers.printNotExplained'),
    isExplained: row.explained !== null,
  };
}
