/** What a merge brings together: the rows that sources carry into a target, discounts made fixed, and what it adds up to. Pure. */
import type { CarriedLine, Day, Invoice } from '../host/contract';
import { minorUnit } from '../money/currency';
import { exact, round, sum, toAmount, ZERO } from '../money/decimal';
import { discountShares, exactTotal, invoiceTotals, totalOf, type TotalsOptions } from '../money/totals';
import type { AllowanceCharge, Decimal, PricedDocument, PricedLine, Tax, Totals } from '../money/types';
import type { DifferenceCause } from './contract';

/**
 * Where a document's allowances go: 'allowances' on hosts that map those of an invoice with their tax, else 'lines'
 * (quantity -1 at a positive price, since EN 16931 forbids a negative one).
 */
export type Into = 'allowances' | 'lines';

/** The texts of carried discounts, in the person's language. `number` is null for a draft. */
export interface CarryingWords {
  discount(number: string | null, taxes: Tax[]): string;
  /** For allowances and charges that came without a reason of their own. */
  allowance(number: string | null, taxes: Tax[]): string;
  charge(number: string | null, taxes: Tax[]): string;
}

export interface Carried<Line extends PricedLine = CarriedLine> {
  lines: Line[];
  allowancesCharges: AllowanceCharge[];
  /** Added to the target's own. */
  adjustment: Decimal;
}

/** A discount as a line, before somebody says which invoice it is carried from. */
export type DiscountLine = Omit<CarriedLine, 'key' | 'sourceInvoiceId'>;

export interface FixedDiscount {
  lines: DiscountLine[];
  allowancesCharges: AllowanceCharge[];
  /** Less the discount after tax; added to the document's adjustment. */
  adjustment: Decimal;
}

/**
 * All that a source brings: its lines as they are (also sections and notes of quantity 0), its allowances, charges and
 * discount, and what stands below its tax total. Keys are the same as long as the source's version is.
 */
export function carriedFrom(source: Invoice, into: Into, words: CarryingWords): Carried {
  const lines: CarriedLine[] = source.lines.map(({ id, ...line }) => ({
    ...line,
    key: `${source.id}.${id}`,
    sourceInvoiceId: source.id,
    sourceLineId: id,
    supplyDate: line.supplyDate ?? dayOf(source),
    kind: 'line',
    extra: {},
  }));
  const fixed = fixedRows(
    source.allowancesCharges.map((entry) => {
      const taxes = namedTaxes(entry, source);
      return { ...entry, taxes, reason: entry.reason || words[entry.kind](source.number, taxes) };
    }),
    shareRows(source, (taxes) => words.discount(source.number, taxes)),
    into,
    dayOf(source),
  );
  fixed.lines.forEach((line, index) =>
    lines.push({ ...line, key: `${source.id}.d${index}`, sourceInvoiceId: source.id }),
  );
  return { lines, allowancesCharges: fixed.allowancesCharges, adjustment: source.totals.adjustment };
}

/**
 * A document's own discount as fixed amounts: with `discount` null and these added, its totals stay the same.
 * A discount on lines of several taxes is a line in either case: an allowance knows one tax only.
 * @param text what a discount on lines of these taxes is called
 */
export function fixDiscount(
  document: PricedDocument,
  into: Into,
  text: (taxes: Tax[]) => string,
  options: TotalsOptions & { supplyDate?: Day | null } = {},
): FixedDiscount {
  const rows = fixedRows([], shareRows(document, text), into, options.supplyDate ?? null);
  const scale = minorUnit(document.currency);
  const below = exact(invoiceTotals(document, options).adjustment).minus(round(exact(document.adjustment), scale));
  return { ...rows, adjustment: toAmount(below, scale) };
}

/** The target as it is once its own discount was fixed over its own lines and everything carried was added. */
export function mergedDocument(
  target: PricedDocument,
  carried: Carried<PricedLine>[],
  options: TotalsOptions & { into: Into },
): PricedDocument {
  const scale = minorUnit(target.currency);
  const own = fixDiscount(target, options.into, () => '', options);
  // Each rounded before they are added, as each part's own total was: a host may keep more decimals than the currency has.
  const adjustments = [target.adjustment, own.adjustment, ...carried.map((one) => one.adjustment)];
  return {
    ...target,
    lines: [...target.lines, ...own.lines, ...carried.flatMap((one) => one.lines)],
    allowancesCharges: [
      ...target.allowancesCharges,
      ...own.allowancesCharges,
      ...carried.flatMap((one) => one.allowancesCharges),
    ],
    discount: null,
    adjustment: toAmount(sum(adjustments.map((one) => toAmount(one, scale))), scale),
  };
}

export function mergedTotals(
  target: PricedDocument,
  carried: Carried<PricedLine>[],
  options: TotalsOptions & { into: Into },
): Totals {
  return invoiceTotals(mergedDocument(target, carried, options), options);
}

/** A document and the total that the host states for it; left out where only the rules decide. */
export interface Part {
  document: PricedDocument;
  total?: Decimal;
}

/**
 * By how much the result differs from the sum of its parts (the target before, each source), and why. Causes:
 * `rounding` (tax rounded once instead of per part), `lines` (lines, allowances or discounts differ),
 * `adjustment`, `host` (a host's stated total is not what the rules give). They add up to the difference.
 */
export function difference(
  parts: Part[],
  after: Part,
  options: TotalsOptions = {},
): { difference: Decimal; causes: DifferenceCause[] } {
  const scale = minorUnit(after.document.currency);
  const gap = (of: (part: Part) => Decimal | typeof ZERO) => exact(of(after)).minus(sum(parts.map(of)));
  const totals = new Map([...parts, after].map((part) => [part, invoiceTotals(part.document, options)]));
  const computed = (part: Part) => totalOf(totals.get(part) ?? invoiceTotals(part.document, options));

  const whole = gap((part) => part.total ?? computed(part));
  const byRules = gap(computed);
  const exactGap = gap((part) => exactTotal(part.document, options));
  const adjustment = gap((part) => totals.get(part)?.adjustment ?? ZERO);
  const beyondRounding = exactGap.minus(adjustment);
  // Less than half a cent of lines can still move the total by one: that cent is not rounding's.
  const hidden = !beyondRounding.eq(ZERO) && round(beyondRounding, scale).eq(ZERO);
  const lines = hidden ? byRules.minus(adjustment) : round(beyondRounding, scale);

  const causes = [
    { code: 'rounding', amount: byRules.minus(adjustment).minus(lines) },
    { code: 'lines', amount: lines },
    { code: 'adjustment', amount: adjustment },
    { code: 'host', amount: whole.minus(byRules) },
  ];
  return {
    difference: toAmount(whole, scale),
    causes: causes
      .filter(({ amount }) => !amount.eq(ZERO))
      .map(({ code, amount }) => ({ code, amount: toAmount(amount, scale) })),
  };
}

/** Shown before saving, such a difference needs no question. Also true where there is none. */
export function isPureRounding(causes: DifferenceCause[]): boolean {
  return causes.every((cause) => cause.code === 'rounding');
}

interface FixedRow {
  kind: AllowanceCharge['kind'];
  amount: Decimal;
  reason: string;
  taxes: Tax[];
}

function shareRows(document: PricedDocument, text: (taxes: Tax[]) => string): FixedRow[] {
  return discountShares(document).map(({ taxes, amount }) => ({
    kind: 'allowance',
    amount,
    reason: text(taxes),
    taxes,
  }));
}

function fixedRows(
  given: FixedRow[],
  shares: FixedRow[],
  into: Into,
  supplyDate: Day | null,
): Omit<FixedDiscount, 'adjustment'> {
  const lines: DiscountLine[] = [];
  const allowancesCharges: AllowanceCharge[] = [];
  for (const row of [...given, ...shares.map(positive)]) {
    if (into === 'lines' || row.taxes.length > 1) {
      // A row of nothing says nothing as a line; as an allowance it is kept as the source has it.
      if (!exact(row.amount).eq(ZERO)) lines.push(asLine(positive(row), supplyDate));
    } else {
      const [tax] = row.taxes;
      allowancesCharges.push({
        kind: row.kind,
        amount: row.amount,
        reason: row.reason,
        ...(tax && { tax: { category: tax.category, rate: tax.rate } }),
      });
    }
  }
  return { lines, allowancesCharges };
}

/** The same effect at a positive amount: a negative document's discount is a charge. */
function positive(row: FixedRow): FixedRow {
  const amount = exact(row.amount);
  if (amount.gte(ZERO)) return row;
  return { ...row, kind: row.kind === 'allowance' ? 'charge' : 'allowance', amount: row.amount.replace('-', '') };
}

function asLine(row: FixedRow, supplyDate: Day | null): DiscountLine {
  return {
    sourceLineId: null,
    kind: row.kind,
    description: row.reason,
    longDescription: null,
    quantity: row.kind === 'allowance' ? '-1' : '1',
    unit: null,
    unitPrice: row.amount,
    baseQuantity: '1',
    taxes: row.taxes,
    allowancesCharges: [],
    supplyDate,
    extra: {},
  };
}

/** An allowance knows its tax by category and rate; the name is the one that the source's lines give it. */
function namedTaxes(entry: AllowanceCharge, source: Pick<Invoice, 'lines'>): Tax[] {
  const { tax } = entry;
  if (!tax) return [];
  const alike = source.lines
    .flatMap((line) => line.taxes)
    .find((one) => one.category === tax.category && exact(one.rate).eq(exact(tax.rate)));
  return [alike ?? { category: tax.category, rate: tax.rate, name: '' }];
}

/** A draft may bear no day yet: an empty text is no value for a host's date column. */
function dayOf({ issueDate }: Pick<Invoice, 'issueDate'>): Day | null {
  return issueDate === '' ? null : issueDate;
}
