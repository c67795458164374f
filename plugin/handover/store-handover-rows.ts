/** How a message of the outbox is stored: its row, there and back. */
import type { Actor, Id, Row } from '../host/contract';
import { clipped, textOf } from '../host/sql';
import type { Decimal } from '../money/types';
import type { ExternalInvoice, HandoverState } from './contract';

/** `dropped`: a cancellation that was no longer needed. */
export type MessageState = HandoverState | 'dropped';
export type DatedInvoice = ExternalInvoice & { at: string };

export interface StoredHandover {
  id: Id;
  messageId: string;
  kind: 'request' | 'cancel';
  /** Of a cancellation: what it takes back. */
  requestId: Id | null;
  saleId: Id;
  integrationId: Id;
  /** null once it was forgotten. */
  body: string | null;
  state: MessageState;
  /** What a request was before somebody asked to cancel it. */
  stateBefore: HandoverState | null;
  /** Planned tries; those that a person asked for do not use up the schedule. */
  tries: number;
  nextAt: string | null;
  leaseUntil: string | null;
  reference: string | null;
  reason: string | null;
  acceptedAt: string | null;
  /** By hand. */
  settled: { at: string; by: Actor; reason: string } | null;
  module: { id: Id; name: string };
  method: { id: Id; name: string };
  customerName: string | null;
  saleReference: string | null;
  currency: string;
  total: Decimal;
  actor: Actor;
  createdAt: string;
  invoice: DatedInvoice | null;
  /** Another number for the same sale, kept for somebody to look at. */
  otherInvoice: DatedInvoice | null;
}

export type NewHandover = Pick<
  StoredHandover,
  | 'messageId'
  | 'kind'
  | 'requestId'
  | 'saleId'
  | 'integrationId'
  | 'body'
  | 'nextAt'
  | 'module'
  | 'method'
  | 'customerName'
> &
  Pick<StoredHandover, 'saleReference' | 'currency' | 'total' | 'actor' | 'createdAt'>;

/** Columns that the course of a hand-over changes. */
export type Change = Partial<
  Pick<
    StoredHandover,
    | 'state'
    | 'stateBefore'
    | 'tries'
    | 'nextAt'
    | 'reference'
    | 'reason'
    | 'acceptedAt'
    | 'settled'
    | 'invoice'
    | 'otherInvoice'
  >
>;

const OPEN: MessageState[] = ['waiting', 'stuck', 'accepted', 'cancelling'];
/** Nobody has settled these. */
export const UNSETTLED: MessageState[] = ['waiting', 'stuck', 'cancelling'];

/** The columns of a change. */
export function toRow(change: Change, saleId: Id): Row {
  const row: Row = {};
  const { state, settled, invoice, otherInvoice } = change;
  const put = (column: string, value: unknown): void => void (value !== undefined && (row[column] = value));
  put('state', state);
  // What frees the sale frees it in the same statement.
  if (state) put('open_sale', OPEN.includes(state) ? saleId : null);
  put('state_before', change.stateBefore);
  put('tries', change.tries);
  put('next_at', change.nextAt);
  put('reference', change.reference);
  put('reason', change.reason);
  put('accepted_at', change.acceptedAt);
  if (settled) {
    put('settled_at', settled.at);
    put('settled_by_id', settled.by.id);
    put('settled_by_name', clipped(settled.by.name));
    put('settled_reason', settled.reason);
  }
  if (invoice) {
    put('invoice_number', invoice.number);
    put('invoice_date', invoice.date);
    put('invoice_note', invoice.note);
    put('invoice_url', invoice.url);
    put('invoice_at', invoice.at);
  }
  if (otherInvoice !== undefined) put('other_invoice', otherInvoice && JSON.stringify(otherInvoice));
  return row;
}

/** A row as it was stored. */
export function fromRow(row: Row): StoredHandover {
  const value = (name: string): string => textOf(row[name]) ?? '';
  const other = textOf(row.other_invoice);
  return {
    id: value('recordid'),
    messageId: value('message_id'),
    kind: value('kind') as StoredHandover['kind'],
    requestId: textOf(row.requestid),
    saleId: value('sale_id'),
    integrationId: value('integrationid'),
    body: textOf(row.body),
    state: value('state') as MessageState,
    stateBefore: textOf(row.state_before) as HandoverState | null,
    tries: Number(row.tries),
    nextAt: textOf(row.next_at),
    leaseUntil: textOf(row.lease_until),
    reference: textOf(row.reference),
    reason: textOf(row.reason),
    acceptedAt: textOf(row.accepted_at),
    settled: row.settled_at
      ? {
          at: value('settled_at'),
          by: { id: value('settled_by_id'), name: value('settled_by_name') },
          reason: value('settled_reason'),
        }
      : null,
    module: { id: value('module_id'), name: value('module_name') },
    method: { id: value('method_id'), name: value('method_name') },
    customerName: textOf(row.customer_name),
    saleReference: textOf(row.sale_reference),
    currency: value('currency'),
    total: value('total'),
    actor: { id: value('actor_id'), name: value('actor_name') },
    createdAt: value('created_at'),
    invoice: row.invoice_number
      ? {
          number: value('invoice_number'),
          date: textOf(row.invoice_date),
          note: textOf(row.invoice_note),
          url: textOf(row.invoice_url),
          at: value('invoice_at'),
        }
      : null,
    otherInvoice: other === null ? null : (JSON.parse(other) as DatedInvoice),
  };
}
