/** The shapes that money is computed from: amounts, quantities and rates are decimal strings ('12.50'). */
export type Decimal = string;

export interface Tax {
  /** EN 16931 category code (UNCL 5305): S, Z, E, AE, K, G, O, L, M, B. */
  category: string;
  name: string;
  /** In percent: '20', '5.5'. */
  rate: Decimal;
}

export interface AllowanceCharge {
  kind: 'allowance' | 'charge';
  /** Positive for the usual case; the kind says in which direction it counts. */
  amount: Decimal;
  reason?: string;
  /** Absent on a line's allowance (it follows the line's taxes) and on a document's that bears no tax. */
  tax?: Pick<Tax, 'category' | 'rate'>;
}

export interface Discount {
  kind: 'percent' | 'amount';
  value: Decimal;
  basis: 'before_tax' | 'after_tax';
}

export interface PricedLine {
  quantity: Decimal;
  unitPrice: Decimal;
  /** How many units the unit price is for (EN 16931 BT-149). '1' as a rule. */
  baseQuantity: Decimal;
  taxes: Tax[];
  allowancesCharges: AllowanceCharge[];
}

/** All that the total of an invoice depends on. */
export interface PricedDocument {
  currency: string;
  pricesIncludeTax: boolean;
  lines: PricedLine[];
  allowancesCharges: AllowanceCharge[];
  discount: Discount | null;
  adjustment: Decimal;
  prepaid: Decimal;
}

export interface Totals {
  lineExtension: Decimal;
  /** Sum of the document's allowances, its discount before tax included. */
  allowances: Decimal;
  charges: Decimal;
  taxExclusive: Decimal;
  tax: Decimal;
  taxInclusive: Decimal;
  /** What stands below the tax total: the document's adjustment less its discount after tax. */
  adjustment: Decimal;
  prepaid: Decimal;
  rounding: Decimal;
  /** taxInclusive + adjustment - prepaid + rounding. */
  payable: Decimal;
  taxes: (Tax & { taxable: Decimal; tax: Decimal })[];
}
