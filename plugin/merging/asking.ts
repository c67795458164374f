/** What a save asks before it goes through: carried lines that are gone or changed, fields that differ, a total that is not the one shown. */
import Big from 'big.js';
import { PluginError } from '../errors';
import type { Id, Invoice, InvoiceHead } from '../host/contract';
import { minorUnit } from '../money/currency';
import { exact, sum, toAmount, ZERO } from '../money/decimal';
import { invoiceTotals, totalOf, type TotalsOptions } from '../money/totals';
import type { Decimal, PricedDocument, Totals } from '../money/types';
import type { Brought, MergingSave } from './bringing';
import type { ChangedLine } from './carried';
import { difference, isPureRounding } from './combine';
import type { DifferenceCause } from './contract';

export interface Question {
  code: 'carried_lines_changed' | 'fields_differ' | 'total_changed';
  vars: Record<string, unknown>;
}

const QUESTION_ERRORS = {
  carried_lines_changed: 'IM_CARRIED_LINES_CHANGED',
  fields_differ: 'IM_FIELDS_DIFFER',
  total_changed: 'IM_TOTAL_CHANGED',
} as const;

export interface Comparison {
  /** Sum of what the parts came to: the invoice's own lines, each source. */
  parts: Decimal;
  difference: Decimal;
  causes: DifferenceCause[];
}

export function compare(
  { own, document }: Pick<Brought, 'own' | 'document'>,
  sources: Invoice[],
  after: Totals,
  options: TotalsOptions,
): Comparison {
  const parts = [
    { document: own, total: totalOf(invoiceTotals(own, options)) },
    ...sources.map((source) => ({ document: source, total: source.total })),
  ];
  return {
    parts: toAmount(sum(parts.map(({ total }) => total)), minorUnit(document.currency)),
    ...difference(parts, { document, total: totalOf(after) }, options),
  };
}

export const askAboutLines = (lines: ChangedLine[], currency: string): Question[] =>
  lines.length > 0 ? [{ code: 'carried_lines_changed', vars: { lines, currency } }] : [];

/** One of the host's `askIfDiffer` columns: what this invoice says, and the sources that say something else. */
export interface DifferingField {
  column: string;
  value: string | null;
  others: { invoiceId: Id; number: string | null; issueDate: string; value: string | null }[];
}

/** Payment terms, bank, project …: the invoice keeps its own, which the person should know. */
export function askAboutFields(saved: InvoiceHead, sources: InvoiceHead[]): Question[] {
  const fields = Object.entries(saved.askIfDiffer).flatMap(([column, value]): DifferingField[] => {
    const others = sources
      .map(({ id, number, issueDate, askIfDiffer }) => ({
        invoiceId: id,
        number,
        issueDate,
        value: askIfDiffer[column] ?? null,
      }))
      .filter((other) => other.value !== value);
    return others.length > 0 ? [{ column, value, others }] : [];
  });
  return fields.length > 0 ? [{ code: 'fields_differ', vars: { fields } }] : [];
}

/** A rounding difference that was shown counts as answered; where nothing was shown (no JavaScript) rounding is not asked about. */
export function askAboutTotal(
  save: Pick<MergingSave, 'saved' | 'form'>,
  brought: Pick<Brought, 'document' | 'discounts'>,
  after: Totals,
  compared: Comparison,
  options: TotalsOptions,
): Question[] {
  const { currency } = save.saved;
  const { shownTotal: shown } = save.form;
  const same = shown === null ? isPureRounding(compared.causes) : new Big(shown).eq(after.payable);
  if (same) return [];
  const causes = shown === null ? compared.causes : causesOfChange(shown, save, brought, after, compared, options);
  return [{ code: 'total_changed', vars: { shown: shown ?? compared.parts, after: after.payable, currency, causes } }];
}

/**
 * Why the result is not the total that was shown. What the page added up is not known, so each way to come to the shown
 * total is tried: the plain sum of the parts, tax rounded the other way, the host's form with its discount on the merged
 * rows too (`discount`). Where none gives it, what is saved is not what was on screen then (`typed`). The amounts add
 * up to the difference.
 */
function causesOfChange(
  shown: Decimal,
  { saved, form }: Pick<MergingSave, 'saved' | 'form'>,
  { document, discounts }: Pick<Brought, 'document' | 'discounts'>,
  after: Totals,
  compared: Comparison,
  options: TotalsOptions,
): DifferenceCause[] {
  if (exact(shown).eq(compared.parts)) return compared.causes;
  const rounding = options.taxRounding ?? 'document';
  const total = (of: PricedDocument, taxRounding: 'document' | 'line' = rounding) =>
    exact(totalOf(invoiceTotals(of, { ...options, taxRounding })));
  const other = rounding === 'document' ? 'line' : 'document';

  const byRules = total(document);
  const inForm = {
    ...saved,
    adjustment: sum([saved.adjustment, ...discounts.carried.map(({ adjustment }) => adjustment)]).toFixed(),
  };
  const bases = form.linesBy === 'form' ? [document, inForm] : [document];
  const base = bases.find((one) => total(one).eq(shown)) ?? bases.find((one) => total(one, other).eq(shown));
  const atBase = base ? total(base) : byRules;
  const causes = [
    { code: 'discount', amount: byRules.minus(atBase) },
    { code: base ? `${rounding}_rounding` : 'typed', amount: atBase.minus(shown) },
    { code: 'host', amount: exact(after.payable).minus(byRules) },
  ];
  return causes
    .filter(({ amount }) => !amount.eq(ZERO))
    .map(({ code, amount }) => ({ code, amount: toAmount(amount, minorUnit(document.currency)) }));
}

/** @throws IM_CARRIED_LINES_CHANGED, IM_FIELDS_DIFFER or IM_TOTAL_CHANGED 422 with every open question, unless each was answered yes */
export function demandAnswers(questions: Question[], acknowledged: string[]): void {
  const open = questions.filter(({ code }) => !acknowledged.includes(code));
  const [first] = open;
  if (first)
    throw new PluginError(QUESTION_ERRORS[first.code], 422, {
      ...first.vars,
      questions: open.map(({ code, vars }) => ({ code, ...vars })),
    });
}
