/**
 * Handing a sale over to another system instead of taking money for it: what the till, a host's own code and the pages
 * work with. Types only. A hand-over is never a payment and never an invoice.
 */
import type { Actor, Day, Db, Id, Row, SaleLine, Trx } from '../host/contract';
import type { Totals } from '../money/types';

// ---------------------------------------------------------------- what the till asks

/** A sale as it is at this moment: all of it is copied, so that what changes later changes nothing in what is sent. */
export interface SaleToHandOver {
  /** The caller's own id of the sale; one sale is never handed over twice at a time. At most 64 characters. */
  saleId: Id;
  method: { id: Id; name: string; externalIdentifier: string | null; integrationId: Id };
  module: { id: Id; name: string };
  customer: { id: Id; name: string } | null;
  currency: string;
  lines: SaleLine[];
  totals: SaleTotals;
  /** The room, say. */
  reference: string | null;
  note: string | null;
  actor: Actor;
}
export type SaleTotals = Pick<Totals, 'taxExclusive' | 'tax' | 'taxInclusive' | 'payable' | 'taxes'>;

/**
 * `waiting`: nobody knows yet whether the other system has it; `stuck`: the same, and no further try is planned: a person
 * decides; `cancelling`: a cancellation was asked for and is not accepted yet. The other three are final for the till,
 * except that an accepted one can be cancelled.
 */
export type HandoverState = 'waiting' | 'stuck' | 'accepted' | 'rejected' | 'cancelling' | 'cancelled';

export interface Outcome {
  handoverId: Id;
  state: HandoverState;
  /** Accepted: what the other system calls the sale. */
  reference: string | null;
  /** Rejected: in the words of the other system, which is plain text from outside. */
  reason: string | null;
  /** Waiting or cancelling: when the next try is due, ISO 8601 in UTC. */
  nextAt: string | null;
  /** Which connection, in its own name. */
  integration: { id: Id; name: string };
  /** What the other system told later (see the callback). */
  invoice: ExternalInvoice | null;
}
/** The document that the other system made of the sale. */
export interface ExternalInvoice {
  number: string;
  date: Day | null;
  note: string | null;
  /** http or https. */
  url: string | null;
}

/**
 * Told in the transaction that records the outcome, so that the sale closes (or comes back) exactly when it is known.
 * Throwing leaves both as they were; the same message is sent again and told again. `accepted` also comes for a sale that
 * is accepted already, when the other system refused to cancel it.
 */
export interface SaleOutcome {
  saleId: Id;
  outcome: 'accepted' | 'rejected' | 'cancelled';
  handoverId: Id;
  reference: string | null;
  reason: string | null;
}
export type OnOutcome = (trx: Trx, outcome: SaleOutcome) => Promise<void>;

/**
 * Why a connection takes nothing at the moment: `handover.unavailable_<why>` are the words. `removed` and `disabled` by a
 * person, `gone`: it answered 410, `key`: the secret cannot be read, `function`: the host no longer registers it,
 * `closed`: it says so itself, in `reason`.
 */
export type Unavailable = 'removed' | 'disabled' | 'gone' | 'key' | 'function' | 'closed';
export type Availability =
  | { available: true; name: string }
  | { available: false; name: string | null; why: Unavailable; reason: string | null };

export interface HandoverService {
  /** The connections that a payment method may be bound to, by name; removed ones are left out. */
  integrations(db: Db): Promise<{ id: Id; name: string; kind: IntegrationKind; enabled: boolean }[]>;
  /** Whether a sale may be handed over there now. With `ask` a function's own `check` is asked too (at most 3 seconds). */
  available(db: Db, integrationId: Id, how?: { ask?: boolean }): Promise<Availability>;
  /**
   * Writes the message beside the sale's own change of state, in the caller's transaction; nothing is sent before it
   * commits, nothing at all when it rolls back. Call `deliver` after the commit.
   * @throws IM_HANDOVER_OPEN 409 while the sale is handed over or waits already; IM_INTEGRATION_UNAVAILABLE 409
   *   `{ name, why, reason }`; IM_TRX_REQUIRED
   */
  begin(trx: Trx, sale: SaleToHandOver): Promise<{ handoverId: Id }>;
  /** The first try, after the commit: at most 8 seconds. What it does not settle goes on by the worker. Never throws for the other system's sake. */
  deliver(handoverId: Id): Promise<Outcome>;
  /** The last hand-over of a sale; null when it never had one. */
  state(db: Db, saleId: Id): Promise<Outcome | null>;
  /** The last hand-over of each sale that had one, two queries for any number: for lists. */
  states(db: Db, saleIds: Id[]): Promise<Map<Id, Outcome>>;
  /**
   * "Check now": the same message once more (its id is the same, so that the other system knows it again), at most 8
   * seconds. Answers the state as it is where nothing waits or somebody else is sending.
   */
  check(handoverId: Id): Promise<Outcome>;
  /**
   * Takes back what waits, or what was accepted (a void). At once (`cancelled`) where nothing can have arrived; else as a
   * message of its own: `cancelling` until the other system accepts that. Call `deliver` after the commit.
   * @throws IM_HANDOVER_CLOSED 409 `{ state }` for what was rejected or cancelled
   */
  cancel(trx: Trx, handoverId: Id, how: { actor: Actor; reason: string }): Promise<Outcome>;
  /** How many sales were handed over (accepted) in a period, from inclusive to exclusive, ISO 8601 in UTC: "n sales are not listed here". */
  handedOver(db: Db, period: { from?: string; to?: string; moduleId?: Id }): Promise<number>;
}

// ---------------------------------------------------------------- what a host registers

/** What a function integration receives: the message that a webhook would get, parsed. */
export interface HandoverMessage {
  /** The same for every try of one message: whoever has seen it has the sale already. */
  id: string;
  type: 'external_billing.handover.requested' | 'external_billing.handover.cancelled';
  /** When the sale was handed over, ISO 8601 in UTC. */
  timestamp: string;
  data: Row;
}
export type HandlerAnswer = { accepted: true; reference?: string } | { accepted: false; reason: string };
/** A host's own code that takes hand-overs. What it throws, or does not answer in time, counts as "nobody knows": it is asked again. */
export interface IntegrationHandler {
  deliver(message: HandoverMessage, signal: AbortSignal): Promise<HandlerAnswer>;
  /** Whether it takes sales at the moment; asked when a payment page opens. */
  check?(signal: AbortSignal): Promise<{ available: boolean; reason?: string }>;
}

// ---------------------------------------------------------------- connections

export type IntegrationKind = 'webhook' | 'function';

/** As pages and the API show it: no secret, no header's value. */
export interface Integration {
  id: Id;
  name: string;
  kind: IntegrationKind;
  /** Webhooks. */
  url: string | null;
  /** Functions: the key in `options.integrations`. */
  functionName: string | null;
  /** Names of the custom headers. */
  headers: string[];
  /** Idempotency-Key in quotes, as the draft standard has it; many systems expect it bare. */
  quotedKey: boolean;
  enabled: boolean;
  /** Why it is not enabled: a person, or the other system's 410. */
  disabledBy: 'person' | 'gone' | null;
  /** While two secrets sign: until when the older one does. */
  oldSecretUntil: string | null;
  removed: boolean;
  version: number;
}
