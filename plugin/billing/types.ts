/** Sales and their payments: types only. */
import type { Actor, Day, Id } from '../host/contract';
import type { Decimal, Tax } from '../money/types';

/** `external_billing`: another system asks the customer for the money. */
export type MethodKind = 'internal' | 'external_payment' | 'external_billing';

/**
 * `open`: a basket that waits for its payment. `waiting`: given to another system that has not answered yet.
 * `handed_over`: that system has taken it: no payment, no invoice, no line of the history.
 */
export type SaleState = 'open' | 'paid' | 'waiting' | 'handed_over' | 'void';

/**
 * `payment`: what was taken. The others name the row that they reverse, with its amount below zero: `void` (it did not
 * happen), `refund` (given back), `correction` (it was another method: the `replacement` beside it says which).
 */
export type SaleAct = 'payment' | 'void' | 'refund' | 'correction' | 'replacement';

export interface SaleVat {
  rate: Decimal;
  base: Decimal;
  tax: Decimal;
}

/** What a till sells: prices without tax, as on invoices. */
export interface SaleLine {
  description: string;
  quantity: Decimal;
  unitPrice: Decimal;
  taxes: Tax[];
}
