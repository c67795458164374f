/** Why a merge cannot be undone: judged from what stands now, pure. */
import type { Day, Id, Invoice, Settlement } from '../host/contract';
import { exact, ZERO } from '../money/decimal';
import type { CorrectRefusal, CorrectRefusalCode, UndoRefusal, UndoRefusalCode } from './contract';

export interface UndoFacts {
  /** null: deleted meanwhile. */
  target: Invoice | null;
  /** Into which other invoice it was merged on. */
  mergedOn: { mergeId: Id; targetNumber: string | null } | null;
  /** Numbers of invoices that were merged into the target after this merge. */
  mergedSince: (string | null)[];
  sources: { settlement: Settlement; issueDate: Day; number: string | null; creditNote?: { number: string } | null }[];
  /** Carried lines that are gone or changed, by what they say. */
  changedLines: string[];
  /** Allowances that the merge brought and that are not on the target any more, or a new discount. */
  discountChanged: boolean;
  /** Numbers of deleted sources whose id another invoice has by now. */
  takenIds: (string | null)[];
  /** Numbers of sources that another invoice bears by now. */
  takenNumbers: (string | null)[];
  lockedUntil: Day | null;
  /** Whether an invoice that was issued may change: not under a preset of the law. */
  issuedChange: boolean;
}

/**
 * Empty when the merge can be undone. `sent` may be confirmed by whoever has `merge.undo`, `number_taken` by choosing new
 * numbers; all others stand.
 */
export function reasonsAgainstUndo(facts: UndoFacts): UndoRefusal[] {
  const { target, lockedUntil } = facts;
  const on = facts.mergedOn && { mergeId: facts.mergedOn.mergeId, other: facts.mergedOn.targetNumber };
  // Merged on and deleted, it comes back with that merge's undo.
  if (!target) return on ? [{ code: 'merged_on', vars: on }] : [{ code: 'target_gone', vars: {} }];
  const { number, currency, payments, credits } = target;
  const closed = [
    target.issueDate,
    ...facts.sources.filter((source) => source.number !== null).map(({ issueDate }) => issueDate),
  ].some((day) => lockedUntil !== null && day <= lockedUntil);
  const paid = payments.count > 0 && exact(payments.sum).gte(target.total) && !exact(payments.sum).eq(ZERO);
  const unchangeable = !facts.issuedChange && target.status !== 'draft';
  const notes = facts.sources.filter(({ settlement }) => settlement === 'credit');
  const checks: [boolean, UndoRefusalCode, UndoRefusal['vars']?][] = [
    [on !== null, 'merged_on', on ?? {}],
    [facts.mergedSince.length > 0, 'merged_since', { numbers: facts.mergedSince.filter(Boolean) }],
    [paid || target.status === 'paid', 'paid', { number }],
    [!paid && (payments.count > 0 || target.status === 'partial'), 'partial', { number, sum: payments.sum, currency }],
    [target.status === 'cancelled', 'cancelled', { number }],
    [credits.count > 0 || target.credited, 'credits', { number }],
    [notes.length > 0, 'credit_note', { numbers: notes.map(({ creditNote }) => creditNote?.number).filter(Boolean) }],
    [target.transmitted, 'transmitted', { number }],
    [closed, 'locked', { lockedUntil }],
    [facts.changedLines.length > 0, 'lines_changed', { lines: facts.changedLines }],
    [facts.discountChanged, 'discount_changed'],
    [facts.takenIds.length > 0, 'id_taken', { numbers: facts.takenIds.filter(Boolean) }],
    [facts.takenNumbers.length > 0, 'number_taken', { numbers: facts.takenNumbers.filter(Boolean) }],
    [target.sent && !unchangeable, 'sent', { number }],
    [unchangeable && notes.length === 0, 'issued', { number }],
  ];
  return checks.filter(([against]) => against).map(([, code, vars]) => ({ code, vars: vars ?? {} }));
}

/** What stands against an undo and against a correction alike. */
const AGAINST_BOTH: readonly UndoRefusalCode[] = [
  'target_gone',
  'merged_on',
  'paid',
  'partial',
  'cancelled',
  'credits',
];
/** The law, or time: what was issued, told or declared stays, and is credited. */
export const LAWFUL: readonly UndoRefusalCode[] = [
  'credit_note',
  'sent',
  'issued',
  'transmitted',
  'locked',
  'lines_changed',
  'discount_changed',
  'id_taken',
];

/** Empty when the invoice can be credited and opened again. `undo`: why the merge cannot be undone. */
export function reasonsAgainstCorrecting(facts: {
  target: Invoice | null;
  undo: UndoRefusal[];
  canCorrect: boolean;
  today: Day;
  lockedUntil: Day | null;
}): CorrectRefusal[] {
  const { target, undo, canCorrect, today, lockedUntil } = facts;
  if (!canCorrect) return [{ code: 'unable', vars: {} }];
  const barred = undo.filter(({ code }) => AGAINST_BOTH.includes(code)) as CorrectRefusal[];
  if (barred.length > 0 || !target) return barred;
  const checks: [boolean, CorrectRefusalCode, CorrectRefusal['vars']?][] = [
    [target.status === 'draft', 'draft'],
    [!undo.some(({ code }) => LAWFUL.includes(code)), 'undo_instead'],
    [lockedUntil !== null && today <= lockedUntil, 'today_locked', { lockedUntil }],
  ];
  return checks.filter(([against]) => against).map(([, code, vars]) => ({ code, vars: vars ?? {} }));
}
