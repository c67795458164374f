/** What the page of one invoice's number shows: what it bore, what it could bear, what is asked. Pure. */
import type { Day } from '../host/contract';
import { explainNumberQuestion, explainNumberRefusal, type Words } from '../i18n';
import type { FreeNumber, FreeNumbers, NumberChangeNow, NumberQuestion, NumberRefusal, Taker } from './contract';
import { paths } from './routes-deps';
import { asSentence, causeText, dated, explainedText, seriesName, toDocument, type ViewUrls } from './routes-view';

type Invoice = FreeNumbers['invoice'];

/** Of a number, else of its day: a cancelled invoice whose number was freed is no draft. */
export function invoiceTitle(words: Words, { number, date, status }: Invoice): string {
  if (number !== null) return words.t('numbers.invoiceTitle', { number });
  return words.t(status === 'draft' ? 'numbers.invoiceTitleDraft' : 'numbers.invoiceTitleNone', {
    date: words.day(date),
  });
}

const labelOf = (words: Words, number: string | null, date: Day): string =>
  number ?? words.t('invoice.draftOf', { date: words.day(date) });

export const refusalsOf = (words: Words, refusals: NumberRefusal[]): string[] =>
  refusals.map(({ code, vars }) => explainNumberRefusal(words, { code, vars }));

/** "Demande une confirmation : facture émise, déjà envoyée." */
function asksFor(words: Words, questions: NumberQuestion[]): string | null {
  const names = questions.map(({ code }) => words.t(`numbers.short_${code}`));
  return names.length > 0 ? words.t('numbers.asksFor', { list: names.join(', ') }) : null;
}

export function toFreeNumber(words: Words, free: FreeNumber, invoice: Invoice, urls: ViewUrls) {
  const side = (document: FreeNumber['before']): string => {
    const view = toDocument(words, document, 'invoice', urls);
    return view ? dated(words, view) : words.t('numbers.noNeighbour');
  };
  return {
    number: free.number,
    sides: words.t('numbers.sides', { before: side(free.before), after: side(free.after) }),
    cause: asSentence(causeText(words, free.cause, 'invoice')),
    explained: free.explained && explainedText(words, free.explained),
    asks: asksFor(words, free.questions),
    url: urls.pages + paths.give(invoice.id, free.number),
    action: words.t('numbers.freeNumber', { number: free.number }),
  };
}

/** An invoice that could get the number. */
export function toTaker(words: Words, taker: Taker, number: string, urls: ViewUrls) {
  const label = labelOf(words, taker.number, taker.date);
  const { customer, status } = taker;
  const key = taker.number === null ? 'numbers.takerDraft' : 'numbers.taker';
  return {
    text: words.t(key, { label, date: words.day(taker.date), customer, status: words.t(`status.${status}`) }),
    asks: asksFor(words, taker.questions),
    url: urls.pages + paths.give(taker.id, number),
    action: words.t('numbers.giveTo', { number }),
    actionWhole: words.t('numbers.giveToWhom', { number, label }),
  };
}

/** A code that is answered by the reason alone needs no box. */
const WRITTEN_ONLY = new Set(['reason']);

export const toQuestions = (words: Words, questions: NumberQuestion[], confirmed: readonly string[]) => ({
  boxes: questions
    .filter(({ code }) => !WRITTEN_ONLY.has(code))
    .map(({ code, vars }) => ({
      code,
      text: explainNumberQuestion(words, { code, vars }),
      checked: confirmed.includes(code),
    })),
  hidden: questions.filter(({ code }) => WRITTEN_ONLY.has(code)).map(({ code }) => code),
  asked: questions.length > 0,
});

/** What giving this number does to the invoice, but for what is asked about below. */
export function whatItDoes(
  words: Words,
  { number: now, date }: Invoice,
  number: string,
  questions: NumberQuestion[],
): string[] {
  if (now === null) return [words.t('numbers.confirmWhatDraft', { date: words.day(date), number })];
  const what = words.t('numbers.confirmWhat', { label: now, number });
  return questions.some(({ code }) => code === 'issued')
    ? [what]
    : [what, words.t('numbers.confirmOld', { number: now })];
}

/** "FA-2026-00031 → FA-2026-00024". */
function changeText(words: Words, { act, from, to }: NumberChangeNow): string {
  const form = act === 'free' ? '' : to === null ? '_none' : from === null ? (act === 'give' ? '_first' : '_back') : '';
  return words.t(`numbers.change_${act}${form}`, { from: from ?? '', to: to ?? '' });
}

/** One act on the number: who, when, why, and the way back. */
export function toChange(words: Words, change: NumberChangeNow, pages: string) {
  const { at, actor, reason, confirmed, undone, undo } = change;
  const names = confirmed.map((code) => words.find([`numbers.short_${code}`]) ?? code);
  const refusals = undo ? refusalsOf(words, undo.refusals) : [];
  return {
    id: change.id,
    text: changeText(words, change),
    by: words.t('numbers.changeBy', { at: words.instant(at), name: actor.name }),
    reason: reason === '' ? null : words.t('numbers.changeReason', { reason }),
    confirmed: names.length > 0 ? words.t('numbers.changeConfirmed', { list: names.join(', ') }) : null,
    undone:
      undone &&
      words.t('numbers.changeUndone', {
        ...{
          at: words.instant(undone.at),
          name: undone.by.name,
          reason: undone.reason === '' ? undefined : undone.reason,
        },
      }),
    barred: refusals.length > 0 ? words.t('numbers.undoNot', { reasons: refusals.join(' ') }) : null,
    undo:
      undo && refusals.length === 0
        ? {
            url: `${pages}/numbers/changes/${encodeURIComponent(change.id)}/undo`,
            hint:
              change.from === null
                ? words.t('numbers.undoHintNone')
                : words.t('numbers.undoHint', { number: change.from }),
          }
        : null,
  };
}

/** The facts on top of the page. @param former numbers that it bore */
export function toFacts(words: Words, { invoice, series }: Pick<FreeNumbers, 'invoice' | 'series'>, former: string[]) {
  const fact = (name: string, value: string | null) =>
    value === null ? [] : [{ label: words.t(`numbers.${name}`), value }];
  return [
    ...fact('now', invoice.number ?? words.t('numbers.noneYet')),
    ...fact(former.length > 1 ? 'formers' : 'former', former.length > 0 ? former.join(', ') : null),
    ...fact('inSeries', series === null ? null : seriesName(words, series)),
    ...fact('date', words.day(invoice.date)),
    ...fact('status', words.t(`status.${invoice.status}`)),
  ];
}
