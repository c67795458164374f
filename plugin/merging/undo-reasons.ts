/** Why a merge cannot be undone: judged from what stands now, pure. */
import type { Day, Invoice, Settlement } from '../host/contract';
import { exact, ZERO } from '../money/decimal';
import type { UndoRefusal, UndoRefusalCode } from './contract';

export interface UndoFacts {
  /** null: deleted meanwhile. */
  target: Invoice | null;
  /** It was merged on, into another invoice. */
  mergedOn: boolean;
  /** Numbers of invoices that were merged into the target after this merge. */
  mergedSince: (string | null)[];
  sources: { settlement: Settlement; issueDate: Day; number: string | null }[];
  /** Carried lines that are gone or changed, by what they say. */
  changedLines: string[];
  /** Allowances that the merge brought and that are not on the target any more, or a new discount. */
  discountChanged: boolean;
  /** Sources that were deleted and whose id or number somebody else bears by now. */
  taken: (string | null)[];
  lockedUntil: Day | null;
}

/** Empty when the merge can be undone. `sent` may be confirmed by whoever has `merge.undo`; all others stand. */
export function reasonsAgainstUndo(facts: UndoFacts): UndoRefusal[] {
  const { target, lockedUntil } = facts;
  if (!target) return [{ code: 'target_gone', vars: {} }];
  const { number, currency, payments, credits } = target;
  const closed = [
    target.issueDate,
    ...facts.sources.filter((source) => source.number !== null).map(({ issueDate }) => issueDate),
  ].some((day) => lockedUntil !== null && day <= lockedUntil);
  const paid = payments.count > 0 && exact(payments.sum).gte(target.total) && !exact(payments.sum).eq(ZERO);
  const checks: [boolean, UndoRefusalCode, UndoRefusal['vars']?][] = [
    [facts.mergedOn, 'merged_on'],
    [facts.mergedSince.length > 0, 'merged_since', { numbers: facts.mergedSince.filter(Boolean) }],
    [paid || target.status === 'paid', 'paid', { number }],
    [!paid && (payments.count > 0 || target.status === 'partial'), 'partial', { number, sum: payments.sum, currency }],
    [target.status === 'cancelled', 'cancelled', { number }],
    [credits.count > 0 || target.credited, 'credits', { number }],
    [facts.sources.some(({ settlement }) => settlement === 'credit'), 'credit_note'],
    [target.transmitted, 'transmitted', { number }],
    [closed, 'locked', { lockedUntil }],
    [facts.changedLines.length > 0, 'lines_changed', { lines: facts.changedLines }],
    [facts.discountChanged, 'discount_changed'],
    [facts.taken.length > 0, 'number_taken', { numbers: facts.taken.filter(Boolean) }],
    [target.sent, 'sent', { number }],
  ];
  return checks.filter(([against]) => against).map(([, code, vars]) => ({ code, vars: vars ?? {} }));
}
