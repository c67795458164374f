/** What merging's endpoints ask for and answer with. The types of contract.ts say the same to the compiler: handlers hold them together. */
import { z } from 'zod';
import type { Reason } from '../host/contract';
import { actor, component, currency, day, decimal, distinct, failure, id, instant, version } from '../web/shapes';
import { LIMITS } from './payload';

// ---------------------------------------------------------------- asked

export const settlement = z.enum(['cancel', 'delete', 'credit']);
export const settlementChoice = component(
  'SettlementChoice',
  z.strictObject({ issued: settlement, draft: z.enum(['cancel', 'delete']) }),
);

export const previewBody = z.strictObject({
  targetId: id.optional(),
  customerId: id.optional(),
  sourceIds: distinct(id, LIMITS.sources, (one) => one),
  settlement: settlementChoice.optional(),
});

/** What one call asks for at most: the reply of so many stays within a second. */
const LINES_OF = 100;
export const linesBody = z.strictObject({
  sourceIds: distinct(id, LINES_OF, (one) => one).min(1),
  targetId: id.optional(),
});

export const mergeBody = z.strictObject({
  targetId: id,
  targetVersion: version.optional(),
  sources: distinct(z.strictObject({ id, version }), LIMITS.sources, (source) => source.id).min(1),
  settlement: settlementChoice,
  key: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  shownTotal: z
    .string()
    .regex(/^-?\d{1,18}(\.\d{1,6})?$/)
    .optional(),
  acknowledged: z
    .array(z.string().regex(/^[a-z_]{1,40}$/))
    .max(LIMITS.acknowledged)
    .optional(),
});

// ---------------------------------------------------------------- answered

const tax = { category: z.string(), name: z.string(), rate: decimal };

const allowanceCharge = component(
  'AllowanceCharge',
  z.strictObject({
    kind: z.enum(['allowance', 'charge']),
    amount: decimal,
    reason: z.string().optional(),
    tax: z.strictObject({ category: z.string(), rate: decimal }).optional(),
  }),
);

const totals = component(
  'Totals',
  z.strictObject({
    lineExtension: decimal,
    allowances: decimal,
    charges: decimal,
    taxExclusive: decimal,
    tax: decimal,
    taxInclusive: decimal,
    adjustment: decimal,
    prepaid: decimal,
    rounding: decimal,
    payable: decimal,
    taxes: z.array(z.strictObject({ ...tax, taxable: decimal, tax: decimal })),
  }),
);

const REASONS = [
  'status',
  'kind',
  'customer',
  'company',
  'currency',
  'self',
  'payments',
  'credits',
  'recurring',
  'merged',
  'price_basis',
  'tax_category',
  'discount_after_tax',
  'negative_total',
  'must_match',
  'link',
  'locked',
  'transmitted',
  'blocked',
  'target_issued',
  'host',
] as const satisfies readonly Reason[];

/** Why an invoice cannot take part; `vars` differ by code. */
const reason = component('Reason', z.strictObject({ code: z.enum(REASONS), vars: z.record(z.string(), z.unknown()) }));

export const candidate = component(
  'Candidate',
  z.strictObject({
    id,
    number: z.string().nullable(),
    status: z.enum(['draft', 'unpaid', 'overdue', 'partial', 'paid', 'cancelled']),
    issueDate: day,
    dueDate: day.nullable(),
    currency,
    total: decimal,
    version,
    eligible: z.boolean(),
    reasons: z.array(reason),
    creditOnly: z.array(reason),
  }),
);

const carriedLine = component(
  'CarriedLine',
  z.strictObject({
    key: z.string(),
    kind: z.enum(['line', 'allowance', 'charge']),
    sourceInvoiceId: id,
    sourceLineId: id.nullable(),
    description: z.string(),
    longDescription: z.string().nullable(),
    quantity: decimal,
    unit: z.string().nullable(),
    unitPrice: decimal,
    baseQuantity: decimal,
    taxes: z.array(component('Tax', z.strictObject(tax))),
    allowancesCharges: z.array(allowanceCharge),
    supplyDate: day.nullable(),
    extra: z.record(z.string(), z.unknown()),
  }),
);

const brought = {
  source: z.strictObject({
    id,
    number: z.string().nullable(),
    issueDate: day,
    currency,
    version,
    totals,
    askIfDiffer: z.record(z.string(), z.string().nullable()),
  }),
  lines: z.array(carriedLine),
  allowancesCharges: z.array(allowanceCharge),
  adjustment: decimal,
  pricesIncludeTax: z.boolean(),
};
const sourceLines = component('SourceLines', z.strictObject(brought));

/** With the columns that are asked about, as the person reads them. */
export const shownLines = component(
  'ShownLines',
  z.strictObject({
    ...brought,
    fields: z.array(
      z.strictObject({ column: z.string(), label: z.string(), value: z.string().nullable(), text: z.string() }),
    ),
  }),
);

export const refusedLines = z.strictObject({ sourceId: z.string(), ...failure.shape });

const causes = z.array(z.strictObject({ code: z.string(), amount: decimal }));

export const mergePreview = component(
  'MergePreview',
  z.strictObject({
    sources: z.array(sourceLines),
    target: totals.nullable(),
    merged: totals,
    after: totals,
    difference: decimal,
    causes,
    refusals: z.array(z.strictObject({ invoiceId: id, reasons: z.array(reason) })),
  }),
);

export const merge = component(
  'Merge',
  z.strictObject({
    id,
    targetId: id,
    targetNumber: z.string().nullable(),
    customerId: id,
    currency,
    sources: z.array(
      z.strictObject({
        invoiceId: id,
        number: z.string().nullable(),
        issueDate: day,
        total: decimal,
        settlement,
        creditNote: z.strictObject({ id, number: z.string() }).nullable(),
      }),
    ),
    totalsBefore: totals.nullable(),
    totalsAfter: totals,
    difference: decimal,
    causes,
    acknowledged: z.array(z.string()),
    actor,
    createdAt: instant,
    undone: z.strictObject({ at: instant, by: actor, reason: z.string() }).nullable(),
    corrected: z
      .strictObject({
        at: instant,
        by: actor,
        reason: z.string(),
        creditNote: z.strictObject({ id, number: z.string() }),
        drafts: z.array(z.strictObject({ sourceId: id.nullable(), invoiceId: id })),
      })
      .nullable(),
  }),
);

export const undoBody = z.strictObject({
  reason: z.string().trim().max(2000),
  /** The invoice reached the customer, and it is undone all the same. */
  confirmSent: z.boolean().optional(),
  /** Invoices whose number another one bears by now come back under a new one. */
  numberTaken: z.enum(['new_number']).optional(),
});

export const undone = z.strictObject({
  merge,
  /** What the merge had moved and somebody has put elsewhere since: left there. */
  linksLeft: z.array(z.strictObject({ link: z.string(), from: id, to: id })),
  renumbered: z.array(z.strictObject({ invoiceId: id, from: z.string(), to: z.string() })),
});
