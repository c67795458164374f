/** Sales and their payments: types only. */
import type { Actor, Day, Id, SaleLine } from '../host/contract';
import type { Decimal } from '../money/types';
import type { PaymentMethod } from './contract';

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

/** What the till needs to know of a payment method. */
export type TillMethod = Pick<
  PaymentMethod,
  | 'id'
  | 'name'
  | 'kind'
  | 'isCash'
  | 'externalIdentifier'
  | 'requiresReference'
  | 'referenceLabel'
  | 'referenceMask'
  | 'integrationId'
  | 'imageId'
  | 'unavailable'
>;

/** A method as it was when something was paid with it. */
export type MethodSnapshot = Pick<TillMethod, 'id' | 'name' | 'kind' | 'isCash' | 'externalIdentifier' | 'imageId'>;

export interface Named {
  id: Id;
  name: string;
}

/** A hand-over of a basket as the sale keeps it: which one, with which method, and what came of it last. */
export interface SaleHandover {
  handoverId: Id;
  method: MethodSnapshot;
  reference: string | null;
  note: string | null;
  actor: Actor;
  /** Of the last one that was rejected or taken back; null while it waits. */
  refused: { outcome: 'rejected' | 'cancelled'; reason: string | null } | null;
  /** What the other system calls the sale. */
  externalReference: string | null;
}

export interface SaleRecord {
  id: Id;
  kind: 'basket' | 'invoice';
  state: SaleState;
  module: Named;
  invoiceId: Id | null;
  invoiceNumber: string | null;
  slipNumber: string | null;
  customer: Named | null;
  currency: string;
  total: Decimal;
  /** Of a basket. */
  lines: SaleLine[];
  vat: SaleVat[];
  requestKey: string | null;
  requestHash: string | null;
  returnUrl: string | null;
  openedAt: string;
  openedBy: Actor;
  closedAt: string | null;
  handover: SaleHandover | null;
}

/** A row of the history: what was paid, or given back, with one method. */
export interface SalePayment {
  id: Id;
  saleId: Id;
  act: SaleAct;
  /** ISO 8601 in UTC, and the day that it was in the business. */
  at: string;
  day: Day;
  actor: Actor;
  module: Named;
  invoiceId: Id | null;
  invoiceNumber: string | null;
  slipNumber: string | null;
  customer: Named | null;
  method: MethodSnapshot;
  reference: string | null;
  note: string | null;
  currency: string;
  amount: Decimal;
  /** How much of it was voided, refunded or moved to another method since. */
  reversed: Decimal;
  reversesId: Id | null;
  reason: string | null;
  reasonText: string | null;
  hostPaymentId: Id | null;
  vat: SaleVat[];
}

export type NewSalePayment = Omit<SalePayment, 'id' | 'reversed'> & { requestKey: string | null };

/** What is to be paid with one method, as it was typed. */
export interface WantedPayment {
  methodId: Id;
  amount: Decimal;
  reference?: string | null;
  note?: string | null;
}
/** The same, read and judged. */
export interface JudgedPayment {
  method: TillMethod;
  amount: Decimal;
  reference: string | null;
  note: string | null;
}
