/** What the banner's template shows, made from the service's answers: pure. */
import { isPluginError } from '../errors';
import type { Candidate, Id, InvoiceStatus, Settlement } from '../host/contract';
import { explainError, explainQuestion, explainReason, explainRefusal, showVars } from '../i18n';
import type { Words } from '../i18n';
import type { CandidateList, InvoiceMerges, Refusal, SettlementOffer } from './contract';
import { FIELDS } from './payload';
import type { MergeForm } from './payload';

export interface HiddenField {
  name: string;
  value: string;
}

export interface CandidateRow {
  id: Id;
  /** `id~version`, what the box posts; the bare id of one that is only shown. */
  value: string;
  label: string;
  issued: boolean;
  status: InvoiceStatus;
  statusLabel: string;
  due: string;
  total: string;
  amount: string;
  currency: string;
  url: string;
  viewLabel: string;
  checked: boolean;
  /** Why it was unticked by a refused save, or cannot be ticked at all. */
  problem: string | null;
}

export interface SettlementView {
  hidden: HiddenField[];
  /** The box "cancelled instead of deleted"; null where there is nothing to choose. */
  box: { checked: boolean; disabled: boolean; label: string; effect: string; reason: string | null } | null;
  sentence: string | null;
  note: string | null;
}

export interface AlertView {
  code: string;
  message: string;
  compareUrl: string | null;
  compareLabel: string;
}

export interface QuestionView {
  code: string;
  text: string;
  checked: boolean;
}

type InvoiceUrl = (id: Id, page: 'preview' | 'edit') => string;

/** How an invoice is called on screen: its number, or "Draft of 3 Nov 2026". */
export function labelOf(words: Words, invoice: { number: string | null; issueDate: string }): string {
  return invoice.number ?? words.t('invoice.draftOf', { date: words.day(invoice.issueDate) });
}

/** Deleting it would leave a gap; into a draft it would be due no more. */
export const isNumbered = ({ status, number }: Candidate): boolean => status !== 'draft' && number !== null;

function dueOf(words: Words, { dueDate, status }: Candidate): string {
  if (dueDate === null) return words.t('banner.noDue');
  return words.t(status === 'overdue' ? 'banner.overdue' : 'banner.due', { date: words.day(dueDate) });
}

/** The invoices that an error names, with what it says of each. */
export function problemsOf(words: Words, error: unknown): Map<Id, string> {
  const problems = new Map<Id, string>();
  if (!isPluginError(error)) return problems;
  const { vars } = error;
  const stale = error.code === 'IM_STALE_SOURCE' ? (vars.stale ?? [vars]) : [];
  for (const source of Array.isArray(stale) ? (stale as Record<string, unknown>[]) : []) {
    const id = source.id ?? source.invoiceId;
    if (typeof id !== 'string') continue;
    const { number } = showVars(words, { number: source.other });
    const merged = number === undefined ? null : explainReason(words, { code: 'merged', vars: { number } });
    problems.set(id, merged ?? words.t('banner.changed'));
  }
  for (const invoice of Array.isArray(vars.invoices) ? (vars.invoices as Record<string, unknown>[]) : []) {
    if (typeof invoice.invoiceId !== 'string') continue;
    const reasons = (Array.isArray(invoice.reasons) ? invoice.reasons : []) as Refusal[];
    const text = reasons.map(({ code, vars: own }) => explainReason(words, { code, vars: own ?? {} }));
    problems.set(invoice.invoiceId, text.length > 0 ? words.list(text) : words.t('banner.changed'));
  }
  return problems;
}

/**
 * One row per candidate; ticked as the form had it, except what changed since or was refused.
 * @param versions of those that may be ticked
 */
export function toRows(
  words: Words,
  candidates: Candidate[],
  ticks: Pick<MergeForm, 'sources'> | null,
  error: unknown,
  invoiceUrl: InvoiceUrl,
  versions = new Map<Id, string>(),
): CandidateRow[] {
  const wanted = new Map(ticks?.sources.map(({ id, version }) => [id, version]));
  const problems = problemsOf(words, error);
  return candidates.map((candidate) => {
    const { id, status } = candidate;
    const version = versions.get(id);
    const label = labelOf(words, candidate);
    const stale = wanted.has(id) && ![null, version].includes(wanted.get(id) ?? null);
    const reasons = candidate.reasons.map((reason) =>
      explainReason(words, { code: reason.code, vars: { status, ...reason.vars } }),
    );
    return {
      id,
      value: version === undefined ? id : `${id}~${version}`,
      label,
      issued: isNumbered(candidate),
      status,
      statusLabel: words.t(`status.${status}`),
      due: dueOf(words, candidate),
      total: candidate.total,
      amount: words.money(candidate.total, candidate.currency),
      currency: candidate.currency,
      url: invoiceUrl(id, 'preview'),
      viewLabel: words.t('banner.view', { number: label }),
      checked: candidate.eligible && wanted.has(id) && !stale && !problems.has(id),
      problem: candidate.eligible
        ? (problems.get(id) ?? (stale ? words.t('banner.changed') : null))
        : words.list(reasons),
    };
  });
}

/** The box over a hidden field of the same name: the last value posted counts, with and without JavaScript. */
export function toSettlement(words: Words, offer: SettlementOffer, form: MergeForm | null): SettlementView {
  const byDefault = offer.chosenByDefault;
  const may = (settlement: Settlement): boolean => offer.offered.includes(settlement);
  const hidden = (name: string, value: string): HiddenField => ({ name, value });
  const fixed = [hidden(FIELDS.issued, byDefault.issued), hidden(FIELDS.draft, byDefault.draft)];
  const blocked =
    offer.deleteBlockedBy.length > 0
      ? words.t('settlement.deleteBlocked', { where: words.list(offer.deleteBlockedBy.map(({ where }) => where)) })
      : null;
  if (!may('cancel') || !may('delete')) {
    const only = may('delete') ? 'delete' : 'cancel';
    const sentence = [words.t(`settlement.${only}Only`), words.t('settlement.cancelEffect')];
    return {
      hidden: [hidden(FIELDS.issued, only)],
      box: null,
      sentence: only === 'cancel' ? sentence.join(' ') : (sentence[0] ?? null),
      note: blocked,
    };
  }
  const issued = offer.mayChoose ? (form?.settlement.issued ?? byDefault.issued) : byDefault.issued;
  return {
    hidden: offer.mayChoose ? [hidden(FIELDS.issued, 'delete')] : fixed,
    box: {
      checked: issued === 'cancel',
      disabled: !offer.mayChoose,
      label: words.t('settlement.cancelInstead'),
      effect: words.t('settlement.cancelEffect'),
      reason: offer.mayChoose ? null : words.t('settlement.mayNotChoose'),
    },
    sentence: null,
    // Without JavaScript it cannot follow the box: it says both ways.
    note: words.t(issued === 'cancel' ? 'settlement.noGap' : 'settlement.gapsPlain'),
  };
}

export interface CurrencyView {
  /** Whose currency is listed. */
  note: string;
  /** The way to those of another. */
  others: { currency: string; label: string; url: string }[];
}

/** For a new invoice of a customer with open ones in several currencies; null where there is nothing to choose. */
export function toCurrencies(words: Words, list: CandidateList): CurrencyView | null {
  const { currency, currencies, customer } = list;
  const others = currencies.filter((one) => one.currency !== currency);
  if (currency === null || others.length === 0) return null;
  return {
    note: words.t('banner.currency', { currency }),
    others: others.map((one) => ({
      currency: one.currency,
      label: words.t('banner.otherCurrency', one),
      url: `?${new URLSearchParams({ customerId: customer?.id ?? '', currency: one.currency })}`,
    })),
  };
}

/** Why nothing can be merged into this invoice, where there would be something to merge. */
export function explainClosed(words: Words, list: CandidateList): string | null {
  const { refusal, target } = list;
  if (!refusal) return null;
  return explainRefusal(words, { code: refusal.code, vars: { status: target?.status, ...refusal.vars } });
}

/** The message of a refused save; null when the error is none of ours. */
export function toAlert(words: Words, error: unknown, invoiceId: Id | undefined, url: InvoiceUrl): AlertView | null {
  const message = explainError(words, error);
  if (message === null || !isPluginError(error)) return null;
  return {
    code: error.code,
    message,
    compareUrl: error.code === 'IM_STALE_TARGET' && invoiceId !== undefined ? url(invoiceId, 'preview') : null,
    compareLabel: words.t('errors.compare'),
  };
}

const QUESTIONS = new Set(['IM_CARRIED_LINES_CHANGED', 'IM_TOTAL_CHANGED']);
const shortCode = (code: string): string => code.replace(/^IM_/, '').toLowerCase();

/**
 * What the person has to confirm. Questions answered at an earlier try stay, ticked: asked one after the other,
 * each would otherwise forget the one before.
 */
export function toQuestions(words: Words, error: unknown, form: MergeForm | null): QuestionView[] {
  const asked = new Map<string, QuestionView>();
  for (const code of form?.acknowledged ?? []) {
    asked.set(code, { code, text: explainQuestion(words, { code }), checked: true });
  }
  if (isPluginError(error)) {
    const list = Array.isArray(error.vars.questions) ? (error.vars.questions as { code: string }[]) : [];
    const questions = list.length > 0 || !QUESTIONS.has(error.code) ? list : [{ ...error.vars, code: error.code }];
    for (const question of questions) {
      const code = shortCode(String(question.code));
      asked.set(code, { code, text: explainQuestion(words, question), checked: false });
    }
  }
  return [...asked.values()];
}

export interface ProvenanceView {
  mergedInto: { text: string; url: string } | null;
  replaces: { title: string; rows: { text: string; label: string; url: string | null }[] } | null;
}

/** For the preview page: what it was merged into, what it replaces. A deleted source has no page any more. */
export function toProvenance(words: Words, merges: InvoiceMerges, invoiceUrl: InvoiceUrl): ProvenanceView {
  const { mergedInto, replaces } = merges;
  return {
    mergedInto: mergedInto && {
      text: words.t('banner.mergedInto', {
        number: labelOf(words, { number: mergedInto.number, issueDate: mergedInto.date ?? '' }),
        at: words.instant(mergedInto.at),
        name: mergedInto.by.name,
      }),
      url: invoiceUrl(mergedInto.invoiceId, 'preview'),
    },
    replaces:
      replaces.length === 0
        ? null
        : {
            title: words.t('banner.replaces', { count: replaces.length }),
            rows: replaces.map((source) => ({
              label: source.number ?? words.t('invoice.draft'),
              text: words.t('banner.replaced', {
                number: source.number ?? words.t('invoice.draft'),
                date: words.day(source.date),
                amount: words.money(source.total, source.currency),
                settlement: words.t(`settlement.done_${source.settlement}`),
              }),
              url: source.settlement === 'delete' ? null : invoiceUrl(source.invoiceId, 'preview'),
            })),
          },
  };
}
