/** The totals that the form shows while one types: the plugin's arithmetic, so that page and save agree. */
import { Big } from 'big.js';
import { invoiceTotals, mergedTotals, type Totals } from 'crm-invoice-merge';
import { invoiceInput, pricedDocument, type InvoiceInput } from './invoice-input';
import { inputFromForm, type TypedInvoice } from './typed-invoice';
import { readNumber, type Speech } from './language';

export interface TotalRow {
  label: string;
  value: string;
  kind: 'plain' | 'total' | 'payable';
}
export interface ShownTotals {
  total: string;
  taxes: Totals['taxes'];
  /** Without the lines that a merge brought in. */
  own: { total: string; taxes: Totals['taxes'] };
  /** Net amount per row of the form. */
  lines: Record<string, string>;
  rows: TotalRow[];
  /** For the bar at the bottom. */
  display: string;
}

/** What an invoice asks for before what was already paid of it. */
const totalOf = (totals: Totals): string =>
  new Big(totals.payable).plus(totals.prepaid).toFixed(scaleOf(totals.payable));

const scaleOf = (amount: string): number => amount.split('.')[1]?.length ?? 0;

/** The rows of a totals table, from net to what is left to pay. */
export function totalRows(totals: Totals, currency: string, { t, money, percent }: Speech): TotalRow[] {
  const rows: TotalRow[] = [];
  const add = (label: string, amount: string, kind: TotalRow['kind'] = 'plain'): void => {
    rows.push({ label, value: money(amount, currency), kind });
  };
  const nonZero = (amount: string): boolean => Number(amount) !== 0;
  if (nonZero(totals.allowances) || nonZero(totals.charges)) {
    add(t('totals.lines'), totals.lineExtension);
    if (nonZero(totals.allowances)) add(t('totals.allowances'), negated(totals.allowances));
    if (nonZero(totals.charges)) add(t('totals.charges'), totals.charges);
  }
  add(t('totals.net'), totals.taxExclusive);
  for (const tax of totals.taxes) add(taxLabel(tax, t, percent), tax.tax);
  add(t('totals.gross'), totals.taxInclusive, 'total');
  if (nonZero(totals.adjustment)) add(t('totals.adjustment'), totals.adjustment);
  if (nonZero(totals.rounding)) add(t('totals.rounding'), totals.rounding);
  if (nonZero(totals.prepaid)) add(t('totals.prepaid'), negated(totals.prepaid));
  if (nonZero(totals.adjustment) || nonZero(totals.rounding) || nonZero(totals.prepaid))
    add(t('totals.payable'), totals.payable, 'payable');
  return rows;
}

const negated = (amount: string): string => (amount.startsWith('-') ? amount.slice(1) : `-${amount}`);

const taxLabel = (tax: Totals['taxes'][number], t: Speech['t'], percent: Speech['percent']): string =>
  ['S', 'B', 'L', 'M'].includes(tax.category)
    ? t('totals.vat', { rate: percent(tax.rate) })
    : t('totals.vat_other', { rate: percent(tax.rate), why: t(`tax_category.${tax.category}`) });

/** Rows that cannot be read yet (half typed) count as nothing. */
function readable(form: TypedInvoice): { input: InvoiceInput; rows: string[] } {
  const usable = (row: TypedInvoice['lines'][number]): boolean =>
    [row.quantity || '1', row.unitPrice || '0', row.baseQuantity || '1', row.taxRate || '0'].every((value) =>
      /^-?\d{1,12}(\.\d{1,6})?$/.test(readNumber(value)),
    ) && Number(readNumber(row.baseQuantity) || '1') > 0;
  const lines = form.lines.filter((row) => (row.description.trim() || row.unitPrice || row.key) && usable(row));
  const number = (value: string, signed = true): string =>
    (signed ? /^-?\d{1,12}(\.\d{1,3})?$/ : /^\d{1,12}(\.\d{1,3})?$/).test(readNumber(value)) ? readNumber(value) : '0';
  const raw = inputFromForm(
    {
      ...form,
      customerId: form.customerId || '1',
      issueDate: '',
      dueDate: '',
      adjustment: number(form.adjustment),
      prepaid: number(form.prepaid),
      discountValue: number(form.discountValue, false),
      lines: lines.map((row) => ({ ...row, id: '', description: row.description.trim() || '-', supplyDate: '' })),
      allowances: form.allowances.filter((row) => /^-?\d+(\.\d{1,3})?$/.test(readNumber(row.amount))),
    },
    'draft',
  );
  return { input: invoiceInput.parse(raw), rows: lines.map((row) => row.index) };
}

/**
 * @throws ZodError where even the readable part is no invoice
 */
export function shownTotals(form: TypedInvoice, speech: Speech): ShownTotals {
  const { input, rows } = readable(form);
  const whole = pricedDocument(input);
  const own = {
    ...whole,
    lines: input.lines.filter((row) => row.key === null),
    allowancesCharges: input.allowancesCharges.filter((row) => row.key === null),
  };
  const carried = [
    {
      lines: input.lines.filter((row) => row.key !== null),
      allowancesCharges: input.allowancesCharges.filter((row) => row.key !== null),
      adjustment: form.carriedAdjustments
        .filter((row) => /^-?\d+(\.\d+)?$/.test(row.amount))
        .reduce((sum, row) => sum.plus(row.amount), new Big(0))
        .toFixed(),
    },
  ];
  const merged = carried[0]?.lines.length || carried[0]?.allowancesCharges.length || form.carriedAdjustments.length;
  const totals = merged ? mergedTotals(own, carried, { into: 'allowances' }) : invoiceTotals(own);
  const ownTotals = merged ? invoiceTotals(own) : totals;
  return {
    total: totalOf(totals),
    taxes: totals.taxes,
    own: { total: totalOf(ownTotals), taxes: ownTotals.taxes },
    lines: Object.fromEntries(
      rows.map((index, position) => {
        const row = input.lines[position];
        const alone = {
          ...whole,
          lines: row ? [row] : [],
          allowancesCharges: [],
          discount: null,
          adjustment: '0',
          prepaid: '0',
        };
        return [index, speech.money(invoiceTotals(alone).lineExtension, input.currency)];
      }),
    ),
    rows: totalRows(totals, input.currency, speech),
    display: speech.money(totals.payable, input.currency),
  };
}
