/** The invoice form: what was typed, and what it says as an invoice. */
import type { AllowanceCharge, Invoice } from 'crm-invoice-merge';
import { ZodError } from 'zod';
import type { FormExtras } from './invoice-store';
import { readNumber, type Speech } from './language';

export interface TypedAdjustment {
  kind: string;
  amount: string;
  reason: string;
}
/** A line as typed: nothing is read into it, so that a refused save gives it back unchanged. */
export interface TypedLine {
  index: string;
  id: string;
  key: string;
  description: string;
  longDescription: string;
  quantity: string;
  unit: string;
  unitPrice: string;
  baseQuantity: string;
  taxRate: string;
  taxCategory: string;
  taxName: string;
  supplyDate: string;
  productCode: string;
  /** AllowanceCharge[] as JSON: shown with the invoice, not edited here. */
  allowancesCharges: string;
  /** The copied columns that a carried line brings along, as JSON. */
  extra: string;
}
export interface TypedAllowance extends TypedAdjustment {
  index: string;
  /** The invoice that a merge brings it from; '' for one of this invoice's own. */
  source: string;
  taxRate: string;
  taxCategory: string;
}
export interface TypedInvoice {
  customerId: string;
  currency: string;
  issueDate: string;
  dueDate: string;
  note: string;
  buyerReference: string;
  paymentTerms: string;
  pricesIncludeTax: boolean;
  discountValue: string;
  discountKind: string;
  discountBasis: string;
  adjustment: string;
  prepaid: string;
  lines: TypedLine[];
  allowances: TypedAllowance[];
  /** Adjustments that merged invoices bring along, by invoice; the merge itself adds them. */
  carriedAdjustments: { index: string; amount: string }[];
}

type Fields = Record<string, unknown>;
const fieldsOf = (value: unknown): Fields => (value !== null && typeof value === 'object' ? (value as Fields) : {});
const textOf = (value: unknown): string => {
  const last: unknown = Array.isArray(value) ? value.at(-1) : value;
  return typeof last === 'string' ? last : '';
};

/**
 * The rows `list[index][field]` of a form, in its order and under the index that each bears there. Body parsers that
 * make arrays of them count anew where a row was taken out, and what is said of a row then goes to its neighbour.
 */
function rowsOf(form: Fields, list: string): [string, Fields][] {
  const rows = new Map<string, Fields>();
  for (const [name, value] of Object.entries(form)) {
    const [, of, index, field] = /^(\w+)\[(\w+)\]\[(\w+)\]$/.exec(name) ?? [];
    if (of !== list || index === undefined || field === undefined) continue;
    rows.set(index, { ...rows.get(index), [field]: value });
  }
  return [...rows];
}

const adjustmentOf = (row: Fields): TypedAdjustment => ({
  kind: textOf(row.kind) || 'allowance',
  amount: textOf(row.amount),
  reason: textOf(row.reason),
});

/** Reads the posted form without judging it. */
export function typedInvoice(body: unknown): TypedInvoice {
  const form = fieldsOf(body);
  return {
    customerId: textOf(form.customerId),
    currency: textOf(form.currency) || 'EUR',
    issueDate: textOf(form.issueDate),
    dueDate: textOf(form.dueDate),
    note: textOf(form.note),
    buyerReference: textOf(form.buyerReference),
    paymentTerms: textOf(form.paymentTerms),
    pricesIncludeTax: textOf(form.pricesIncludeTax) === '1',
    discountValue: textOf(form.discountValue),
    discountKind: textOf(form.discountKind) || 'percent',
    discountBasis: textOf(form.discountBasis) || 'before_tax',
    adjustment: textOf(form.adjustment),
    prepaid: textOf(form.prepaid),
    lines: rowsOf(form, 'lines').map(([index, row]) => ({
      index,
      id: textOf(row.id),
      key: textOf(row.key),
      description: textOf(row.description),
      longDescription: textOf(row.longDescription),
      quantity: textOf(row.quantity),
      unit: textOf(row.unit),
      unitPrice: textOf(row.unitPrice),
      baseQuantity: textOf(row.baseQuantity),
      taxRate: textOf(row.taxRate),
      taxCategory: textOf(row.taxCategory),
      taxName: textOf(row.taxName),
      supplyDate: textOf(row.supplyDate),
      productCode: textOf(row.productCode),
      allowancesCharges: textOf(row.allowancesCharges),
      extra: textOf(row.extra),
    })),
    allowances: rowsOf(form, 'allowances').map(([index, row]) => ({
      index,
      source: textOf(row.source),
      taxRate: textOf(row.taxRate),
      taxCategory: textOf(row.taxCategory),
      ...adjustmentOf(row),
    })),
    carriedAdjustments: Object.entries(form).flatMap(([name, value]) => {
      const [, index] = /^carriedAdjustments\[([^\]]+)\]$/.exec(name) ?? [];
      return index === undefined ? [] : [{ index, amount: textOf(value) }];
    }),
  };
}

/** What is no JSON goes on as text, for the validation to refuse. */
function parsed(text: string): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isSpare = (row: TypedLine): boolean => !row.description.trim() && !row.unitPrice && !row.key;
const isSpareAllowance = (row: TypedAllowance): boolean => !row.amount && !row.source;

const FORM_FIELDS: Record<string, string> = { rate: 'taxRate', category: 'taxCategory', name: 'taxName' };

/** The names of the form's fields that a refusal is about: ['lines', 0, 'taxes', 0, 'rate'] is 'lines[0][taxRate]'. */
export function fieldNames(form: TypedInvoice, error: unknown): string[] {
  if (!(error instanceof ZodError)) return [];
  const lines = form.lines.filter((row) => !isSpare(row));
  const allowances = form.allowances.filter((row) => !isSpareAllowance(row));
  return error.issues.map(({ path }) => {
    const [list, position] = path;
    const last = String(path.findLast((part) => typeof part === 'string') ?? '');
    const field = FORM_FIELDS[last] ?? last;
    if (typeof position !== 'number')
      return list === 'discount' ? `discount${last[0]?.toUpperCase() ?? ''}${last.slice(1)}` : field;
    if (list === 'lines') return `lines[${lines[position]?.index ?? ''}][${field}]`;
    return `allowances[${allowances[position]?.index ?? ''}][${field}]`;
  });
}

/** The form's content as the JSON body would have it; rows without description and price are spare ones. */
export function inputFromForm(form: TypedInvoice, status: 'draft' | 'unpaid'): Record<string, unknown> {
  const adjustment = (row: TypedAdjustment) => ({ ...row, amount: readNumber(row.amount) });
  return {
    customerId: form.customerId,
    currency: form.currency,
    status,
    issueDate: form.issueDate || undefined,
    dueDate: form.dueDate || null,
    note: form.note,
    buyerReference: form.buyerReference,
    paymentTerms: form.paymentTerms,
    pricesIncludeTax: form.pricesIncludeTax,
    discount: form.discountValue
      ? { kind: form.discountKind, value: readNumber(form.discountValue), basis: form.discountBasis }
      : null,
    adjustment: readNumber(form.adjustment) || '0',
    prepaid: readNumber(form.prepaid) || '0',
    lines: form.lines
      .filter((row) => !isSpare(row))
      .map((row) => ({
        id: row.id || null,
        key: row.key,
        description: row.description,
        longDescription: row.longDescription,
        quantity: readNumber(row.quantity) || '1',
        unit: row.unit,
        unitPrice: readNumber(row.unitPrice) || '0',
        baseQuantity: readNumber(row.baseQuantity) || '1',
        taxes: [{ rate: readNumber(row.taxRate) || '0', category: row.taxCategory || 'S', name: row.taxName }],
        allowancesCharges: parsed(row.allowancesCharges) ?? [],
        supplyDate: row.supplyDate || null,
        productCode: row.productCode || textOf(fieldsOf(parsed(row.extra)).product_code),
      })),
    allowancesCharges: form.allowances
      .filter((row) => !isSpareAllowance(row))
      .map((row) => ({
        ...adjustment(row),
        key: row.source,
        tax: row.taxCategory ? { category: row.taxCategory, rate: readNumber(row.taxRate) || '0' } : undefined,
      })),
  };
}

const zeroAsEmpty = (value: string, speech: Speech): string => (Number(value) === 0 ? '' : speech.typed(value, 2));

/** A saved invoice as the form shows it. */
export function typedFromInvoice(invoice: Invoice, kept: FormExtras, speech: Speech): TypedInvoice {
  const adjustment = (row: AllowanceCharge): TypedAdjustment => ({
    kind: row.kind,
    amount: speech.typed(row.amount, 2),
    reason: row.reason ?? '',
  });
  return {
    customerId: invoice.customerId,
    currency: invoice.currency,
    issueDate: invoice.issueDate,
    dueDate: invoice.dueDate ?? '',
    note: kept.note,
    buyerReference: kept.buyerReference,
    paymentTerms: kept.paymentTerms,
    pricesIncludeTax: invoice.pricesIncludeTax,
    discountValue: invoice.discount && Number(invoice.discount.value) !== 0 ? speech.typed(invoice.discount.value) : '',
    discountKind: invoice.discount?.kind ?? 'percent',
    discountBasis: invoice.discount?.basis ?? 'before_tax',
    adjustment: zeroAsEmpty(invoice.adjustment, speech),
    prepaid: zeroAsEmpty(invoice.totals.prepaid, speech),
    lines: invoice.lines.map((row, index) => ({
      index: String(index),
      id: row.id,
      key: '',
      description: row.description,
      longDescription: row.longDescription ?? '',
      quantity: speech.typed(row.quantity),
      unit: row.unit ?? '',
      unitPrice: speech.typed(row.unitPrice, 2),
      baseQuantity: speech.typed(row.baseQuantity),
      taxRate: speech.typed(row.taxes[0]?.rate ?? '0'),
      taxCategory: row.taxes[0]?.category ?? 'S',
      taxName: row.taxes[0]?.name ?? '',
      supplyDate: row.supplyDate ?? '',
      productCode: kept.codes.get(row.id) ?? '',
      allowancesCharges: row.allowancesCharges.length > 0 ? JSON.stringify(row.allowancesCharges) : '',
      extra: '',
    })),
    allowances: invoice.allowancesCharges.map((row, index) => ({
      index: String(index),
      source: '',
      taxRate: row.tax ? speech.typed(row.tax.rate) : '',
      taxCategory: row.tax?.category ?? '',
      ...adjustment(row),
    })),
    carriedAdjustments: [],
  };
}
