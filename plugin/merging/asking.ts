/** What a save asks before it goes through: carried lines that are gone or changed, a total that is not the one shown. */
import Big from 'big.js';
import { PluginError } from '../errors';
import type { Invoice } from '../host/contract';
import { minorUnit } from '../money/currency';
import { sum, toAmount } from '../money/decimal';
import { invoiceTotals, totalOf, type TotalsOptions } from '../money/totals';
import type { Decimal, Totals } from '../money/types';
import type { Brought } from './bringing';
import type { ChangedLine } from './carried';
import { difference, isPureRounding } from './combine';
import type { DifferenceCause } from './contract';

export interface Question {
  code: 'carried_lines_changed' | 'total_changed';
  vars: Record<string, unknown>;
}

const QUESTION_ERRORS = {
  carried_lines_changed: 'IM_CARRIED_LINES_CHANGED',
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

export const askAboutLines = (lost: ChangedLine[]): Question[] =>
  lost.length > 0 ? [{ code: 'carried_lines_changed', vars: { lines: lost } }] : [];

/** A rounding difference that was shown counts as answered; where nothing was shown (no JavaScript) rounding is not asked about. */
export function askAboutTotal(
  shown: Decimal | null,
  after: Totals,
  compared: Comparison,
  currency: string,
): Question[] {
  const same = shown === null ? isPureRounding(compared.causes) : new Big(shown).eq(after.payable);
  if (same) return [];
  return [
    {
      code: 'total_changed',
      vars: { shown: shown ?? compared.parts, after: after.payable, currency, causes: compared.causes },
    },
  ];
}

/** @throws IM_CARRIED_LINES_CHANGED or IM_TOTAL_CHANGED 422 with every open question, unless each was answered yes */
export function demandAnswers(questions: Question[], acknowledged: string[]): void {
  const open = questions.filter(({ code }) => !acknowledged.includes(code));
  const [first] = open;
  if (first)
    throw new PluginError(QUESTION_ERRORS[first.code], 422, {
      ...first.vars,
      questions: open.map(({ code, vars }) => ({ code, ...vars })),
    });
}
