/** What the page of one merge shows, made from its dossier: pure. */
import type { Id } from '../host/contract';
import { explainCauses, explainUndoRefusal, linkName } from '../i18n';
import type { Words } from '../i18n';
import { exact, ZERO } from '../money/decimal';
import { totalOf } from '../money/totals';
import type { Totals } from '../money/types';
import { labelOf } from './banner-view';
import type { MergeDossier, UndoRefusal } from './contract';
import { LAWFUL } from './undo-reasons';

type InvoiceUrl = (id: Id, page: 'preview' | 'edit') => string;
type Source = MergeDossier['merge']['sources'][number] & MergeDossier['sources'][number];

/** "Notes de frais (3), Étiquettes (1)" */
function linkList(words: Words, links: MergeDossier['links']): string | null {
  if (links.length === 0) return null;
  const named = links.map(({ link, count }) =>
    words.t('merge.link', { name: linkName(words, link), number: words.number(String(count)) }),
  );
  return words.list(named);
}

/** How the invoice that received the others is called: as it stands, else as it was. */
const nameOfTarget = (words: Words, { merge, target }: MergeDossier): string =>
  target ? labelOf(words, target) : (merge.targetNumber ?? words.t('invoice.draft'));

export function mergeTitle(words: Words, dossier: MergeDossier): string {
  const { target } = dossier;
  if (target?.number === null) return words.t('merge.titleDraft', { date: words.day(target.issueDate) });
  return words.t('merge.title', { number: nameOfTarget(words, dossier) });
}

const sourcesOf = ({ merge, sources }: MergeDossier): Source[] => {
  const more = new Map(sources.map((one) => [one.invoiceId, one]));
  return merge.sources.flatMap((one) => {
    const known = more.get(one.invoiceId);
    return known ? [{ ...one, ...known }] : [];
  });
};

const settledBy = (words: Words, { creditNote, settlement }: Source): string =>
  creditNote ? words.t('merge.creditNote', { number: creditNote.number }) : words.t(`settlement.done_${settlement}`);

/** One line for each rate that either has, then the total; amounts of a new invoice's "before" are none. */
function toTotals(words: Words, before: Totals | null, after: Totals, currency: string) {
  const money = (amount: string | undefined): string =>
    amount === undefined ? words.t('merge.nothing') : words.money(amount, currency);
  const row = (label: string, of: (totals: Totals) => string | undefined) => ({
    label,
    before: money(before ? of(before) : undefined),
    after: money(of(after)),
  });
  const rates = [...new Set([...(before?.taxes ?? []), ...after.taxes].map(({ rate }) => exact(rate).toFixed()))];
  const taxAt =
    (rate: string) =>
    ({ taxes }: Totals): string | undefined => {
      const same = taxes.filter((one) => exact(one.rate).toFixed() === rate);
      return same.length > 0 ? same.reduce((all, { tax }) => all.plus(tax), ZERO).toFixed() : undefined;
    };
  const adjusted = [before, after].some((totals) => totals && !exact(totals.adjustment).eq(ZERO));
  return [
    row(words.t('summary.taxExclusive'), ({ taxExclusive }) => taxExclusive),
    ...rates.map((rate) => row(words.t('summary.tax', { rate: words.percent(rate) }), taxAt(rate))),
    ...(adjusted ? [row(words.t('summary.adjustment'), ({ adjustment }) => adjustment)] : []),
    { ...row(words.t('summary.total'), totalOf), isTotal: true },
  ];
}

/** What comes back, and what there is to say or to confirm. `asked`: what was posted and refused. */
function toUndo(words: Words, dossier: MergeDossier) {
  const { undo, lines, links } = dossier;
  if (!undo) return null;
  const number = nameOfTarget(words, dossier);
  const answer = (code: UndoRefusal['code']): UndoRefusal | undefined =>
    undo.answers.includes(code) ? undo.refusals.find((one) => one.code === code) : undefined;
  const returning = linkList(words, links);
  const taken = answer('number_taken');
  return {
    refusals: undo.refusals
      .filter(({ code }) => !undo.answers.includes(code))
      .map((refusal) => explainUndoRefusal(words, { ...refusal })),
    returns: [
      ...sourcesOf(dossier).map(({ number: own, issueDate, settlement, statusBefore }) =>
        words.t(settlement === 'delete' ? 'merge.comesBackDeleted' : 'merge.comesBack', {
          number: labelOf(words, { number: own, issueDate }),
          status: words.t(`status.${statusBefore}`),
        }),
      ),
      words.t(dossier.target?.number === null ? 'merge.linesLeaveDraft' : 'merge.linesLeave', {
        count: lines,
        number,
        date: words.day(dossier.target?.issueDate ?? ''),
      }),
      ...(returning === null ? [] : [words.t('merge.linksReturn', { links: returning })]),
    ],
    confirmSent: answer('sent') ? words.t('merge.confirmSent', { number }) : null,
    newNumber: taken ? words.t('merge.newNumber', { numbers: words.list(taken.vars.numbers as string[]) }) : null,
  };
}

/**
 * Correcting, where it can be done. Where undo is refused with the advice to correct, and that cannot be done either, why.
 */
function toCorrect(words: Words, dossier: MergeDossier): { correct: string | null; notCorrectable: string[] } {
  const { undo, correct } = dossier;
  if (correct?.refusals.length === 0)
    return { correct: words.t('merge.correctLead', { number: nameOfTarget(words, dossier) }), notCorrectable: [] };
  const standing = undo?.refusals.filter(({ code }) => !undo.answers.includes(code)) ?? [];
  if (!standing.some(({ code }) => code !== 'sent' && LAWFUL.includes(code)))
    return { correct: null, notCorrectable: [] };
  if (!correct) return { correct: null, notCorrectable: [words.t('merge.correctNotYours')] };
  const said = standing.map(({ code }): string => code);
  const more = correct.refusals.filter(({ code }) => !said.includes(code));
  return { correct: null, notCorrectable: more.map((refusal) => explainUndoRefusal(words, { ...refusal })) };
}

export function toMergePage(words: Words, dossier: MergeDossier, invoiceUrl: InvoiceUrl) {
  const { merge, currency, left } = dossier;
  const causes = explainCauses(words, { causes: merge.causes, currency });
  const followed = linkList(words, dossier.links);
  const stayed = left && linkList(words, left.links);
  const confirmed = merge.acknowledged.flatMap((code) => words.find([`merge.confirmed_${code}`]) ?? []);
  return {
    made: words.t('merge.made', { at: words.instant(merge.createdAt), name: merge.actor.name }),
    sources: sourcesOf(dossier).map((source) => ({
      text: words.t('merge.source', {
        number: source.number ?? words.t('invoice.draft'),
        date: words.day(source.issueDate),
        amount: words.money(source.total, currency),
        // Undone, it is settled no more.
        settlement: merge.undone ? undefined : settledBy(words, source),
      }),
      url: source.exists ? invoiceUrl(source.invoiceId, 'preview') : null,
    })),
    totals: toTotals(words, merge.totalsBefore, merge.totalsAfter, currency),
    difference: exact(merge.difference).eq(ZERO)
      ? words.t('merge.exact')
      : words.t('merge.difference', {
          amount: words.money(merge.difference, currency),
          causes: causes.length > 0 ? words.list(causes) : undefined,
        }),
    cameIn: words.t(merge.undone ? 'merge.cameBack' : 'merge.sources'),
    followed: followed === null || merge.undone ? null : words.t('merge.followed', { links: followed }),
    confirmed: confirmed.length > 0 ? words.t('merge.confirmed', { list: words.list(confirmed) }) : null,
    undone: merge.undone && {
      text: words.t('merge.undone', { at: words.instant(merge.undone.at), name: merge.undone.by.name }),
      reason: merge.undone.reason === '' ? null : words.t('merge.becauseOf', { reason: merge.undone.reason }),
      left: stayed ? words.t('merge.leftThere', { links: stayed }) : null,
      renumbered: (left?.renumbered ?? []).map((one) => words.t('merge.renumbered', one)),
    },
    undo: toUndo(words, dossier),
    corrected: merge.corrected && {
      text: words.t('merge.corrected', {
        at: words.instant(merge.corrected.at),
        name: merge.corrected.by.name,
        number: merge.corrected.creditNote.number,
      }),
      reason: merge.corrected.reason === '' ? null : words.t('merge.becauseOf', { reason: merge.corrected.reason }),
      drafts: merge.corrected.drafts.map(({ sourceId, invoiceId }) => ({
        text: words.t(sourceId === null ? 'merge.draftRest' : 'merge.draftOf', {
          number: merge.sources.find((one) => one.invoiceId === sourceId)?.number ?? words.t('invoice.draft'),
        }),
        url: invoiceUrl(invoiceId, 'preview'),
      })),
    },
    ...toCorrect(words, dossier),
  };
}
