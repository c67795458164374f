/** What the banner's template shows, made from the service's answers: pure. */
import Big from 'big.js';
import { isPluginError } from '../errors';
import type { Candidate, Id, InvoiceStatus } from '../host/contract';
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
  /** `id~version`, what the box posts. */
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

export interface SettlementBox {
  /** `cancel` also tells about gaps in the numbering; drafts have no numbers. */
  part: 'cancel' | 'cancel-drafts';
  name: string;
  checked: boolean;
  disabled: boolean;
  label: string;
  effect: string | null;
  reason: string | null;
}

export interface SettlementView {
  hidden: HiddenField[];
  /** "Cancelled instead of deleted": one for all, or one for each kind; none where there is nothing to choose. */
  boxes: SettlementBox[];
  sentences: string[];
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

/** How many can be merged here, and whose. */
export function titleOf(words: Words, customer: string, count: number): string {
  return count > 0 ? words.t('banner.title', { count, customer }) : words.t('banner.titleNone', { customer });
}

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

/** One row per candidate; ticked as the form had it, except what changed since or was refused. */
export function toRows(
  words: Words,
  candidates: Candidate[],
  form: MergeForm | null,
  error: unknown,
  invoiceUrl: InvoiceUrl,
): CandidateRow[] {
  const wanted = new Map(form?.sources.map(({ id, version }) => [id, version]));
  const problems = problemsOf(words, error);
  return candidates.map((candidate) => {
    const { id, version, status } = candidate;
    const label = labelOf(words, candidate);
    const stale = wanted.has(id) && ![null, version].includes(wanted.get(id) ?? null);
    const reasons = candidate.reasons.map((reason) =>
      explainReason(words, { code: reason.code, vars: { status, ...reason.vars } }),
    );
    return {
      id,
      value: `${id}~${version}`,
      label,
      issued: status !== 'draft' && candidate.number !== null,
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

/** "Select all (3 · 931,20 €)"; without the amount where the currencies differ. */
export function selectAllLabel(words: Words, rows: CandidateRow[]): string {
  const currencies = new Set(rows.map((row) => row.currency));
  const [currency] = currencies;
  const sum = rows.reduce((total, row) => total.plus(row.total), new Big(0));
  const amount = currencies.size === 1 && currency ? words.money(sum.toFixed(), currency) : undefined;
  return words.t('banner.selectAll', { n: words.number(String(rows.length)), amount });
}

/** The box over a hidden field of the same name: the last value posted counts, with and without JavaScript. */
export function toSettlement(words: Words, offer: SettlementOffer, form: MergeForm | null): SettlementView {
  const { issued, draft, mayChoose } = offer;
  const alike = issued.offered.join() === draft.offered.join() && issued.default === draft.default;
  const blocked =
    offer.deleteBlockedBy.length > 0
      ? words.t('settlement.deleteBlocked', { where: words.list(offer.deleteBlockedBy.map(({ where }) => where)) })
      : null;
  const view: SettlementView = { hidden: [], boxes: [], sentences: [], note: blocked };
  const kinds = [
    { rule: issued, name: FIELDS.issued, wanted: form?.settlement.issued, words: alike ? 'all' : 'issued' },
    { rule: draft, name: FIELDS.draft, wanted: form?.settlement.draft, words: 'draft' },
  ] as const;
  for (const kind of kinds) {
    const { rule, name } = kind;
    const isDraft = name === FIELDS.draft;
    const free = mayChoose && rule.offered.length > 1;
    // Drafts follow the box that speaks of all.
    if (isDraft && alike && free) continue;
    const chosen = free && rule.offered.some((one) => one === kind.wanted) ? kind.wanted : rule.default;
    view.hidden.push({ name, value: free ? 'delete' : rule.default });
    if (isDraft && alike) continue;
    if (rule.offered.length === 1) {
      view.sentences.push(words.t(`settlement.${rule.default}_${kind.words}`));
      if (!isDraft && rule.default === 'cancel') view.sentences.push(words.t('settlement.cancelEffect'));
      continue;
    }
    view.boxes.push({
      part: isDraft ? 'cancel-drafts' : 'cancel',
      name,
      checked: chosen === 'cancel',
      disabled: !free,
      label: words.t(`settlement.instead_${kind.words}`),
      effect: isDraft ? null : words.t('settlement.cancelEffect'),
      reason: free ? null : words.t('settlement.mayNotChoose'),
    });
    // Without JavaScript it cannot follow the box: it says both ways.
    if (!isDraft) view.note = words.t(chosen === 'cancel' ? 'settlement.noGap' : 'settlement.gapsPlain');
  }
  return view;
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
