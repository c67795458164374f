/** How numbering's pages say what more than one of them shows: series, documents, causes. Pure. */
import type { Id } from '../host/contract';
import type { Words } from '../i18n';
import type { DocumentType, GapCause, GapExplanation, NumberedDocument, SeriesSummary } from './contract';
import { paths } from './routes-deps';

/** What the views need to make links. */
export interface ViewUrls {
  /** Where our pages stand, without a slash at the end. */
  pages: string;
  invoice: (id: Id, page: 'preview') => string;
  /** Whether the person may open the pages of merges. */
  merges: boolean;
}

/** 'FA-2026', 'INV-…-24': what its numbers have in common. */
export function seriesName(words: Words, series: string): string {
  const name = series
    .replace(/^\{seq\}$/, '')
    .replace('{seq}', '…')
    .replace(/[\s/._-]+$/, '');
  return name === '' ? words.t('numbers.plain') : name;
}

/** A cause that stands by itself. */
export const asSentence = (text: string): string => text.slice(0, 1).toLocaleUpperCase() + text.slice(1);

/** How a sequence number is written in the series: '00024'. */
export function sequenceLabel({ pattern }: Pick<SeriesSummary, 'pattern'>): (sequence: number) => string {
  const width = Number(/\{seq:(\d+)\}/.exec(pattern)?.[1] ?? 1);
  return (sequence) => String(sequence).padStart(width, '0');
}

export interface DocumentView {
  label: string;
  date: string | null;
  url: string | null;
}

/** @param type only invoices have a page that the host has told of */
export function toDocument(
  words: Words,
  document: NumberedDocument | null,
  type: DocumentType,
  urls: ViewUrls,
): DocumentView | null {
  if (!document) return null;
  const { id, number, date } = document;
  return {
    label: number,
    date: date && words.day(date),
    url: id !== null && type === 'invoice' ? urls.invoice(id, 'preview') : null,
  };
}

/** "FA-2026-00023 du 22/06/2026". */
export const dated = (words: Words, { label, date }: DocumentView): string =>
  date === null ? label : words.t('numbers.of', { number: label, date });

/** Why a number is not borne, as the end of a sentence. */
export function causeText(words: Words, cause: GapCause | null, type: DocumentType): string {
  if (!cause) return words.t('numbers.cause_unknown');
  const { kind, at, by, mergeId, newNumber, reason } = cause;
  const none = newNumber === null ? '_none' : '';
  const keys = [
    `numbers.cause_${kind}_${type}`,
    ...(none ? [`numbers.cause_${kind}${none}`] : []),
    `numbers.cause_${kind}`,
  ];
  const written = reason === null || reason === '' ? undefined : reason;
  return words.find(keys, { at: words.instant(at), name: by?.name, mergeId, newNumber, reason: written }) ?? kind;
}

/** Where more about a cause stands; null: nowhere that the person may go. */
export function causeLink(words: Words, cause: GapCause | null, urls: ViewUrls): { text: string; url: string } | null {
  if (cause?.kind === 'merge' && cause.mergeId !== null && urls.merges)
    return {
      text: words.t('numbers.openMerge', { id: cause.mergeId }),
      url: `${urls.pages}/merges/${encodeURIComponent(cause.mergeId)}`,
    };
  if ((cause?.kind === 'renumbered' || cause?.kind === 'freed') && cause.documentId !== null)
    return { text: words.t('numbers.note.see'), url: urls.pages + paths.invoice(cause.documentId) };
  return null;
}

export const explainedText = (words: Words, { by, at, reason }: GapExplanation): string =>
  words.t('numbers.explainedBy', { name: by.name, at: words.instant(at), reason });

/** "3 numéros manquants, dont 1 justifié": whether something is left to do, in words and as a state. */
export function missingOf(words: Words, { missing, explained }: Pick<SeriesSummary, 'missing' | 'explained'>) {
  const state: 'full' | 'explained' | 'gap' = missing === 0 ? 'full' : explained >= missing ? 'explained' : 'gap';
  const rest =
    state === 'explained'
      ? words.t('numbers.allExplained', { count: missing })
      : words.t('numbers.ofWhichExplained', { count: explained });
  const count = words.t('numbers.missingCount', { count: missing });
  const withRest = (sum: string): string => (explained === 0 ? sum : `${sum}, ${rest}`);
  return {
    state,
    text: state === 'full' ? words.t('numbers.noGap') : withRest(count),
    /** The same under a heading that says what is counted. */
    value: state === 'full' ? words.t('numbers.noneYet') : withRest(words.number(String(missing))),
  };
}

/** One page after the other, where there are several. */
export const pagerOf = (words: Words, page: number, pages: number, url: (page: number) => string) =>
  pages <= 1
    ? null
    : {
        at: words.t('numbers.page', { page: words.number(String(page)), pages: words.number(String(pages)) }),
        previous: page > 1 ? url(page - 1) : null,
        next: page < pages ? url(page + 1) : null,
      };

export const toSeriesRow = (words: Words, one: SeriesSummary, urls: ViewUrls) => ({
  name: seriesName(words, one.series),
  url: urls.pages + paths.series(one.series),
  type: words.t(`numbers.type_${one.type}`),
  current: one.current,
  last: one.last ?? words.t('numbers.noneYet'),
  next: one.next,
  count: words.number(String(one.count)),
  missing: missingOf(words, one),
});
