/** What people and programs send as an invoice, checked once for the pages and the JSON API. */
import type { PricedDocument, Tax } from 'crm-invoice-merge';
import { z } from 'zod';

const decimal = z.string().regex(/^-?\d{1,12}(\.\d{1,6})?$/);
const amount = z.string().regex(/^-?\d{1,12}(\.\d{1,3})?$/);
const positive = decimal.refine((value) => Number(value) > 0);
const rate = z.string().regex(/^\d{1,3}(\.\d{1,4})?$/);
const day = z.iso.date();
const category = z.enum(['S', 'Z', 'E', 'AE', 'K', 'G', 'O', 'L', 'M', 'B']);
const id = z.union([z.string().regex(/^\d{1,18}$/), z.number().int().positive().transform(String)]);
const optionalText = (max: number) =>
  z
    .string()
    .max(max)
    .nullish()
    .transform((text) => text || null);

const allowanceCharge = z.object({
  kind: z.enum(['allowance', 'charge']),
  amount,
  reason: z
    .string()
    .max(255)
    .nullish()
    .transform((text) => text ?? undefined),
});
const documentAllowance = allowanceCharge.extend({
  tax: z.object({ category, rate }).optional(),
  key: optionalText(200),
});

export const PAYMENT_TERMS = ['receipt', 'days30', 'month45'] as const;

const line = z.object({
  id: id.nullish().transform((value) => value ?? null),
  /** CarriedLine.key of a line that a merge brought in. */
  key: optionalText(200),
  description: z.string().trim().min(1).max(500),
  longDescription: optionalText(20000),
  quantity: decimal.default('1'),
  unit: optionalText(40),
  unitPrice: decimal,
  baseQuantity: positive.default('1'),
  /** This CRM keeps one tax per line. */
  taxes: z
    .array(
      z.object({ category: category.default('S'), name: z.string().max(120).default(''), rate: rate.default('0') }),
    )
    .max(1)
    .default([]),
  allowancesCharges: z.array(allowanceCharge).default([]),
  supplyDate: day.nullish().transform((value) => value ?? null),
  productCode: optionalText(60),
});

/** The body of POST and PUT /api/invoices; what is left out is empty. */
export const invoiceInput = z
  .object({
    customerId: id,
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .default('EUR'),
    /** Late, part-paid and paid follow from the due date and the payments; a draft is a draft only when asked for. */
    status: z
      .enum(['draft', 'unpaid', 'overdue', 'partial', 'paid'])
      .default('unpaid')
      .transform((status) => (status === 'draft' ? status : 'unpaid')),
    issueDate: day.optional(),
    dueDate: day.nullish().transform((value) => value ?? null),
    note: optionalText(20000),
    buyerReference: optionalText(60),
    paymentTerms: z
      .enum(['', ...PAYMENT_TERMS])
      .nullish()
      .transform((terms) => terms || null),
    lines: z.array(line).max(20000).default([]),
    allowancesCharges: z.array(documentAllowance).default([]),
    discount: z
      .object({
        kind: z.enum(['percent', 'amount']),
        value: decimal,
        basis: z.enum(['before_tax', 'after_tax']).default('before_tax'),
      })
      .nullable()
      .default(null),
    adjustment: amount.default('0'),
    prepaid: amount.default('0'),
    pricesIncludeTax: z.boolean().default(false),
  })
  .refine((invoice) => !invoice.issueDate || !invoice.dueDate || invoice.dueDate >= invoice.issueDate, {
    path: ['dueDate'],
  });

export type InvoiceInput = z.output<typeof invoiceInput>;
export type LineInput = InvoiceInput['lines'][number];

/** What the plugin's arithmetic needs of an input. */
export function pricedDocument(input: InvoiceInput): PricedDocument {
  return {
    currency: input.currency,
    pricesIncludeTax: input.pricesIncludeTax,
    lines: input.lines,
    allowancesCharges: input.allowancesCharges,
    discount: input.discount,
    adjustment: input.adjustment,
    prepaid: input.prepaid,
  };
}

/** The one tax of a line; none given counts as outside the scope of VAT. */
export const taxOf = (row: LineInput): Tax => row.taxes[0] ?? { category: 'O', name: '', rate: '0' };
