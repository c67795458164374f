/** What the banner's template shows, made from the service's answers: pure. */
import { isPluginError } from '../errors';
import type { Candidate, Id, InvoiceStatus } from '../host/contract';
import { explainReason, explainRefusal } from '../i18n';
import type { Words } from '../i18n';
import type { CandidateList, InvoiceMerges, Refusal } from './contract';
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
  /** Why only a credit note settles it. */
  creditOnly: string | null;
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
    const merged =
      source.change === 'merged' ? explainReason(words, { code: 'merged', vars: { number: source.other } }) : null;
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
      creditOnly:
        candidate.creditOnly.length > 0
          ? words.list(candidate.creditOnly.map(({ code }) => words.t(`banner.only_${code}`)))
          : null,
    };
  });
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

export interface ProvenanceView {
  mergedInto: { text: string; url: string } | null;
  replaces: { title: string; rows: { text: string; label: string; url: string | null }[] } | null;
}

/** For the preview page: what it was merged into, what it replaces. A deleted source has no page any more. */
export function toProvenance(words: Words, merges: InvoiceMerges, invoiceUrl: InvoiceUrl): ProvenanceView {
  const { mergedInto, replaces } = merges;
  return {
    mergedInto: mergedInto && {
      text: words.t(mergedInto.creditNote ? 'banner.creditedInto' : 'banner.mergedInto', {
        creditNote: mergedInto.creditNote?.number,
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
                settlement: source.creditNote
                  ? words.t('settlement.doneCreditNote', { creditNote: source.creditNote.number })
                  : words.t(`settlement.done_${source.settlement}`),
              }),
              url: source.settlement === 'delete' ? null : invoiceUrl(source.invoiceId, 'preview'),
            })),
          },
  };
}
