/** Voids, refunds and changes of the method: what is possible, and how the history calls it. Pure. */
import { minorUnit } from '../money/currency';
import { exact, toAmount, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import type { SaleAct, SalePayment, TillMethod } from './types';

/** Why a sale was voided or refunded; `other` is said in words. */
export const REASONS = ['entry_error', 'duplicate', 'customer_left', 'returned', 'complaint', 'other'] as const;
export type Reason = (typeof REASONS)[number];

/** What the filter of the history tells apart. */
export const ACT_GROUPS = {
  sales: ['payment'],
  returns: ['refund'],
  voids: ['void'],
  corrections: ['correction', 'replacement'],
} as const satisfies Record<string, readonly SaleAct[]>;
export type ActGroup = keyof typeof ACT_GROUPS;

/** What became of a row since; rows below zero are what they are. */
export type PaymentState =
  'recorded' | 'voided' | 'refunded' | 'part_refunded' | 'moved' | 'void' | 'refund' | 'correction';

/** What of a payment can still be voided, refunded or moved to another method. */
export const remaining = ({
  amount,
  reversed,
  currency,
}: Pick<SalePayment, 'amount' | 'reversed' | 'currency'>): Decimal =>
  toAmount(exact(amount).minus(exact(reversed)), minorUnit(currency));

export const isReversal = (act: SaleAct): boolean => act === 'void' || act === 'refund' || act === 'correction';

/** @param by the acts of the rows that reverse it */
export function stateOf(payment: Pick<SalePayment, 'act' | 'amount' | 'reversed'>, by: SaleAct[]): PaymentState {
  const { act } = payment;
  if (act === 'void' || act === 'refund' || act === 'correction') return act;
  if (by.length === 0) return 'recorded';
  if (by.includes('correction')) return 'moved';
  if (by.includes('void')) return 'voided';
  return exact(payment.reversed).lt(exact(payment.amount)) ? 'part_refunded' : 'refunded';
}

/**
 * Whether money that came in one way may go back another. What another system collects was never ours to give back: only
 * that system can, and nothing of ours is turned into a claim of theirs.
 */
export const canPayOut = (
  paid: Pick<TillMethod, 'id' | 'kind'>,
  out: Pick<TillMethod, 'id' | 'kind' | 'integrationId'>,
) =>
  out.id === paid.id ||
  (out.integrationId === null && paid.kind !== 'external_billing' && out.kind !== 'external_billing');

/**
 * Whether a payment may turn out to have been made with another method. A direct sale that another system invoices has no
 * invoice here, and one that is invoiced here must not be invoiced elsewhere too: those are voided and rung up again.
 * The method itself fits where only the reference was wrong: the other room.
 */
export function canMove(
  payment: Pick<SalePayment, 'invoiceId'> & { method: Pick<TillMethod, 'id' | 'kind'> },
  to: Pick<TillMethod, 'id' | 'kind' | 'integrationId'>,
  about: { kind: 'basket' | 'invoice'; directSaleInvoice: boolean },
): boolean {
  if (to.integrationId !== null) return false;
  if (to.id === payment.method.id) return to.kind !== 'internal';
  if (about.kind === 'invoice' || (about.directSaleInvoice && payment.invoiceId !== null)) return true;
  return (to.kind === 'external_billing') === (payment.method.kind === 'external_billing');
}

export const isNothing = (amount: Decimal): boolean => exact(amount).eq(ZERO);
