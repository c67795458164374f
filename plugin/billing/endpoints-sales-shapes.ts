/** What the API of the checkout and of the history asks for and answers. */
import { z } from 'zod';
import { cleaned } from './rules';
import { ACT_GROUPS, REASONS } from './rules-acts';
import { actor, component, count, currency, day, decimal, id, instant } from '../web/shapes';
import type { SalesRow } from './sales-history';
import type { SalePayment } from './types';

export const KINDS = ['internal', 'external_payment', 'external_billing'] as const;
export const ACTS = ['payment', 'void', 'refund', 'correction', 'replacement'] as const;
const STATES = [
  ...['recorded', 'voided', 'refunded', 'part_refunded', 'moved'],
  ...['void', 'refund', 'correction'],
] as const satisfies readonly SalesRow['state'][] as readonly [SalesRow['state'], ...SalesRow['state'][]];

const named = z.strictObject({ id, name: z.string() });

export const transaction = component(
  'SalePayment',
  z.strictObject({
    id,
    saleId: id,
    act: z.enum(ACTS),
    at: instant,
    day,
    moduleId: id,
    module: z.string(),
    invoiceId: id.nullable(),
    invoiceNumber: z.string().nullable(),
    slipNumber: z.string().nullable(),
    customer: named.nullable(),
    /** As it was then. */
    method: z.strictObject({
      id,
      name: z.string(),
      kind: z.enum(KINDS),
      externalIdentifier: z.string().nullable(),
    }),
    reference: z.string().nullable(),
    note: z.string().nullable(),
    amount: decimal,
    currency,
    vat: z.array(z.strictObject({ rate: decimal, base: decimal, tax: decimal })),
    reversesId: id.nullable(),
    reason: z.string().nullable(),
    reasonText: z.string().nullable(),
    actor,
  }),
);

export const sale = component('Sale', transaction.extend({ state: z.enum(STATES) }));

export const toTransaction = (one: SalePayment): z.input<typeof transaction> => ({
  ...{ id: one.id, saleId: one.saleId, act: one.act, at: one.at, day: one.day },
  ...{ moduleId: one.module.id, module: one.module.name, invoiceId: one.invoiceId, invoiceNumber: one.invoiceNumber },
  ...{ slipNumber: one.slipNumber, customer: one.customer, reference: one.reference, note: one.note },
  method: {
    ...{ id: one.method.id, name: one.method.name, kind: one.method.kind },
    externalIdentifier: one.method.externalIdentifier,
  },
  ...{ amount: one.amount, currency: one.currency, vat: one.vat, reversesId: one.reversesId },
  ...{ reason: one.reason, reasonText: one.reasonText, actor: one.actor },
});

export const toSale = ({ state, ...one }: SalesRow): z.input<typeof sale> => ({ ...toTransaction(one), state });

const text = (most: number) => z.string().max(most);

/** What the page and the API are narrowed by. */
export const salesFilter = {
  from: day.optional(),
  to: day.optional(),
  moduleId: id.optional(),
  methodId: id.optional(),
  actorId: id.optional(),
  act: z.enum(Object.keys(ACT_GROUPS) as [keyof typeof ACT_GROUPS, ...(keyof typeof ACT_GROUPS)[]]).optional(),
  reference: text(255).optional(),
  text: text(200).optional(),
};

/** One of the list, where `other` is said in reasonText; or the words themselves, which are kept as those of `other`. */
export const why = {
  reason: z.union([z.enum(REASONS), text(500).min(1)]),
  reasonText: text(500).nullish(),
};

export const lacksWords = ({ reason, reasonText }: { reason: string; reasonText?: string | null }): boolean =>
  reason === 'other' && cleaned(reasonText) === null;

export const salesTotal = component(
  'SalesTotal',
  z.strictObject({
    currency,
    total: decimal,
    count,
    cash: decimal,
    internal: decimal,
    externalPayments: decimal,
    externalBilling: decimal,
  }),
);
