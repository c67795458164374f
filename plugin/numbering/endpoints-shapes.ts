/** What numbering's endpoints ask for and answer with; contract.ts says the same to the compiler. */
import { z } from 'zod';
import { actor, component, count, day, id, instant } from '../web/shapes';

// ---------------------------------------------------------------- asked

/** A series' key may hold most characters: 'FA-2026-', 'INV-{seq}/2024'. */
export const seriesParams = z.strictObject({ series: z.string().regex(/^[^\p{C}]{1,200}$/u) });
const sequence = z.int().min(0).max(999_999_999_999_999);
export const reason = z.string().trim().max(2000);
export const stretchBody = z.strictObject({ from: sequence, to: sequence, reason });
export const giveBody = z.strictObject({
  number: z.string().regex(/^[^\p{C}]{1,190}$/u),
  reason,
  confirm: z
    .array(z.string().regex(/^[a-z_]{1,40}$/))
    .max(20)
    .optional(),
});
export const freeBody = z.strictObject({ invoiceId: id, reason });

// ---------------------------------------------------------------- answered

const documentType = z.enum(['invoice', 'credit_note']);
const vars = z.record(z.string(), z.unknown());

export const numberedDocument = component(
  'NumberedDocument',
  z.strictObject({ id: z.string().nullable(), number: z.string(), date: z.string().nullable() }),
);
const beside = numberedDocument.nullable();

export const seriesSummary = component(
  'Series',
  z.strictObject({
    series: z.string(),
    type: documentType,
    pattern: z.string(),
    period: z.strictObject({ from: day, before: day }).nullable(),
    current: z.boolean(),
    first: z.string().nullable(),
    last: z.string().nullable(),
    next: z.string(),
    count,
    gaps: count,
    missing: count,
    explained: count,
  }),
);

const cause = component(
  'GapCause',
  z.strictObject({
    kind: z.enum(['merge', 'deleted', 'renumbered', 'freed', 'given']),
    at: instant,
    by: actor.nullable(),
    documentId: z.string().nullable(),
    mergeId: z.string().nullable(),
    newNumber: z.string().nullable(),
    reason: z.string().nullable(),
  }),
);

export const explanation = component(
  'GapExplanation',
  z.strictObject({ from: count, to: count, reason: z.string(), by: actor, at: instant }),
);

export const gap = component(
  'Gap',
  z.strictObject({
    series: z.string(),
    from: count,
    to: count,
    fromNumber: z.string(),
    toNumber: z.string(),
    before: beside,
    after: beside,
    cause: cause.nullable(),
    causes: z.array(z.strictObject({ sequence: count, number: z.string(), cause })),
    explained: explanation.nullable(),
    explanations: z.array(explanation),
  }),
);

export const strip = component(
  'Strip',
  z.strictObject({
    series: z.string(),
    from: count,
    to: count,
    page: count,
    pages: count,
    runs: z.array(
      z.strictObject({ from: count, to: count, kind: z.enum(['filled', 'cancelled', 'gap', 'explained']) }),
    ),
  }),
);

export const unmatchedDocument = component(
  'UnmatchedDocument',
  z.strictObject({ ...numberedDocument.shape, type: documentType }),
);

export const cancelledNumber = component(
  'CancelledNumber',
  z.strictObject({
    ...numberedDocument.shape,
    mergedInto: z
      .strictObject({ id: z.string().nullable(), number: z.string().nullable(), date: z.string().nullable() })
      .nullable(),
  }),
);

const refusal = component('NumberRefusal', z.strictObject({ code: z.string(), vars }));
const question = component('NumberQuestion', z.strictObject({ code: z.string(), vars }));
const status = z.enum(['draft', 'unpaid', 'overdue', 'partial', 'paid', 'cancelled']);

export const freeNumbers = component(
  'FreeNumbers',
  z.strictObject({
    invoice: z.strictObject({ id, number: z.string().nullable(), date: z.string(), status }),
    series: z.string().nullable(),
    refusals: z.array(refusal),
    free: z.array(
      z.strictObject({
        number: z.string(),
        sequence: count,
        before: beside,
        after: beside,
        cause: cause.nullable(),
        explained: explanation.nullable(),
        questions: z.array(question),
      }),
    ),
    freeing: z.strictObject({ refusals: z.array(refusal) }).nullable(),
  }),
);

export const taker = component(
  'Taker',
  z.strictObject({
    id,
    number: z.string().nullable(),
    date: z.string(),
    status,
    customer: z.string(),
    questions: z.array(question),
  }),
);

const changeShape = {
  id,
  act: z.enum(['give', 'free', 'undo']),
  type: documentType,
  documentId: id,
  series: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  actor,
  at: instant,
  reason: z.string(),
  confirmed: z.array(z.string()),
  undone: z.strictObject({ at: instant, by: actor, reason: z.string() }).nullable(),
};
export const change = component('NumberChange', z.strictObject(changeShape));
/** With what stands against taking it back. */
export const changeNow = component(
  'NumberChangeNow',
  z.strictObject({ ...changeShape, undo: z.strictObject({ refusals: z.array(refusal) }).nullable() }),
);
