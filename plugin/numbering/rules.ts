/** What may become of numbers, what is asked before, and how missing ones are shown: pure. */
import type { Day, Invoice } from '../host/contract';
import type { NumberRules } from '../settings/contract';
import type {
  GapCause,
  GapExplanation,
  NumberedDocument,
  NumberQuestion,
  NumberRefusal,
  Strip,
  StripKind,
} from './contract';

/** What a document is judged by. */
export type Judged = Pick<
  Invoice,
  'number' | 'status' | 'issueDate' | 'sent' | 'transmitted' | 'credited' | 'mergedIntoId'
>;

export const isIssued = ({ status }: Pick<Invoice, 'status'>): boolean => status !== 'draft';

function lockedAgainst({ issueDate }: Judged, lockedUntil: Day | null): NumberRefusal[] {
  return lockedUntil !== null && issueDate <= lockedUntil ? [{ code: 'locked', vars: { lockedUntil } }] : [];
}

/** Why this invoice gets no other number, whichever. */
export function refusalsToGive(invoice: Judged, rules: NumberRules, lockedUntil: Day | null): NumberRefusal[] {
  const codes: NumberRefusal['code'][] = [];
  if (!rules.fillGaps) codes.push('switched_off');
  if (invoice.mergedIntoId !== null) codes.push('merged');
  else if (invoice.status === 'cancelled') codes.push('cancelled');
  if (invoice.credited) codes.push('credited');
  if (invoice.transmitted) codes.push('transmitted');
  return [...codes.map((code) => ({ code, vars: { number: invoice.number } })), ...lockedAgainst(invoice, lockedUntil)];
}

/** Why the number of this invoice is not freed. */
export function refusalsToFree(invoice: Judged, rules: NumberRules, lockedUntil: Day | null): NumberRefusal[] {
  const codes: NumberRefusal['code'][] = [];
  if (!rules.freeCancelled) codes.push(rules.preset === 'none' ? 'switched_off' : rules.preset);
  if (invoice.status !== 'cancelled') codes.push('not_cancelled');
  if (invoice.number === null) codes.push('no_number');
  if (invoice.transmitted) codes.push('transmitted');
  return [...codes.map((code) => ({ code, vars: { number: invoice.number } })), ...lockedAgainst(invoice, lockedUntil)];
}

/** Why a change of its number is not taken back; that nobody bears the old one is looked up apart. */
export function refusalsToUndo(
  invoice: Judged,
  change: { act: 'give' | 'free' | 'undo'; to: string | null },
  lockedUntil: Day | null,
): NumberRefusal[] {
  const codes: NumberRefusal['code'][] = [];
  if (invoice.number !== change.to) codes.push('changed_since');
  // Who has merged or credited it has written its number down.
  if (change.act === 'give' && invoice.mergedIntoId !== null) codes.push('merged');
  if (change.act === 'give' && invoice.credited) codes.push('credited');
  if (invoice.transmitted) codes.push('transmitted');
  return [...codes.map((code) => ({ code, vars: { number: invoice.number } })), ...lockedAgainst(invoice, lockedUntil)];
}

/** What must be answered before this number is given to this invoice. */
export function questionsOf(
  invoice: Judged,
  about: { before: NumberedDocument | null; after: NumberedDocument | null; number: string; ofIssued: boolean },
  rules: NumberRules,
): NumberQuestion[] {
  const { before, after, number, ofIssued } = about;
  const named = (one: NumberedDocument) => ({ number: one.number, date: one.date });
  const earlier = before?.date != null && before.date > invoice.issueDate ? { before: named(before) } : null;
  const later = after?.date != null && after.date < invoice.issueDate ? { after: named(after) } : null;
  const questions: NumberQuestion[] = [];
  if (earlier || later) questions.push({ code: 'date_order', vars: { date: invoice.issueDate, ...earlier, ...later } });
  if (isIssued(invoice) && invoice.number !== null)
    questions.push({ code: 'issued', vars: { number: invoice.number } });
  if (invoice.sent) questions.push({ code: 'sent', vars: { number: invoice.number } });
  if (ofIssued) questions.push({ code: 'gap_of_issued', vars: { number } });
  if (rules.fillAsks === 'chronology') questions.push({ code: 'chronology', vars: { number } });
  if (rules.fillAsks === 'reason') questions.push({ code: 'reason', vars: { number } });
  return questions;
}

const DAY_MS = 86_400_000;

/** Days between a date and the days of a gap's neighbours; 0 between them. */
export function distance(date: Day, before: Day | null, after: Day | null): number {
  if ((before === null || before <= date) && (after === null || date <= after)) return 0;
  const days = [before, after].flatMap((one) =>
    one === null ? [] : Math.abs(Date.parse(one) - Date.parse(date)) / DAY_MS,
  );
  return Math.min(...days);
}

const covers = (sequence: number) => (one: { from: number; to: number }) => one.from <= sequence && sequence <= one.to;

/** A page of the strip as runs of one kind. */
export function runsOf(
  from: number,
  to: number,
  { borne, cancelled }: { borne: Set<number>; cancelled: Set<number> },
  explanations: GapExplanation[],
): Strip['runs'] {
  const runs: Strip['runs'] = [];
  for (let sequence = from; sequence <= to; sequence += 1) {
    const kind: StripKind = cancelled.has(sequence)
      ? 'cancelled'
      : borne.has(sequence)
        ? 'filled'
        : explanations.some(covers(sequence))
          ? 'explained'
          : 'gap';
    const last = runs.at(-1);
    if (last?.kind === kind) last.to = sequence;
    else runs.push({ from: sequence, to: sequence, kind });
  }
  return runs;
}

/** What tells two causes apart: the same merge deletes many documents. */
const causeKey = (cause: GapCause | undefined): string =>
  cause ? JSON.stringify([cause.kind, cause.at, cause.by?.id, cause.mergeId, cause.newNumber, cause.reason]) : '';

export interface Segment {
  from: number;
  to: number;
  cause: GapCause | null;
  explained: GapExplanation | null;
}

/** Missing numbers, cut where the cause or the explanation changes. */
export function segmentsOf(
  { from, to }: { from: number; to: number },
  causes: Map<number, GapCause>,
  explanations: GapExplanation[],
): Segment[] {
  const cuts = new Set([from]);
  const cut = (sequence: number): void => void (sequence > from && sequence <= to && cuts.add(sequence));
  for (const sequence of causes.keys()) [sequence, sequence + 1].forEach(cut);
  for (const one of explanations) [one.from, one.to + 1].forEach(cut);
  const starts = [...cuts].sort((a, b) => a - b);
  const segments: Segment[] = [];
  starts.forEach((start, index) => {
    const next = starts[index + 1];
    const segment = {
      from: start,
      to: next === undefined ? to : next - 1,
      cause: causes.get(start) ?? null,
      explained: explanations.find(covers(start)) ?? null,
    };
    const last = segments.at(-1);
    if (
      last &&
      last.explained === segment.explained &&
      causeKey(last.cause ?? undefined) === causeKey(segment.cause ?? undefined)
    )
      last.to = segment.to;
    else segments.push(segment);
  });
  return segments;
}
