/** What an answer makes of a hand-over and of the sale behind it: in the transaction that records the try. */
import type { Trx } from '../host/contract';
import type { HandoverDeps } from './deps';
import { nextTry, type AttemptOutcome } from './rules';
import type { ReadReply } from './rules-payload';
import type { StoredHandover } from './store-handovers';

/** A try that is over, in the terms that decide. */
export interface Answer extends ReadReply {
  outcome: AttemptOutcome;
  retryAfter: Date | null;
  /** It was one of the schedule. */
  planned: boolean;
  token: string;
}

export function createSettling({ handovers, attempts, onOutcome, clock, chance }: HandoverDeps) {
  const now = (): string => clock().toISOString();

  async function cancelled(trx: Trx, one: StoredHandover, reason: string | null): Promise<void> {
    await handovers.update(trx, one, { state: 'cancelled', nextAt: null });
    await onOutcome(trx, { saleId: one.saleId, outcome: 'cancelled', handoverId: one.id, reference: null, reason });
  }

  async function accepted(trx: Trx, one: StoredHandover, reference: string | null): Promise<void> {
    await handovers.update(trx, one, {
      ...{ state: 'accepted', stateBefore: null, nextAt: null },
      ...(reference !== null && { reference }),
      ...(one.acceptedAt === null && { acceptedAt: now() }),
    });
    const { saleId, id: handoverId } = one;
    const known = reference ?? one.reference;
    await onOutcome(trx, { saleId, outcome: 'accepted', handoverId, reference: known, reason: null });
  }

  /** The next try by the schedule, or none any more. */
  async function again(trx: Trx, one: StoredHandover, { retryAfter, planned }: Answer): Promise<void> {
    // What a person asked for beside the schedule leaves it as it is.
    if (!planned) return;
    const next = nextTry(one.tries, clock(), retryAfter, chance());
    await handovers.update(trx, one, next ? { nextAt: next.toISOString() } : { state: 'stuck', nextAt: null });
  }

  async function dropCancellation(trx: Trx, one: StoredHandover): Promise<void> {
    const cancellation = await handovers.cancellationOf(trx, one.id);
    if (cancellation) await handovers.update(trx, cancellation, { state: 'dropped', nextAt: null });
  }

  async function ofRequest(trx: Trx, one: StoredHandover, answer: Answer): Promise<void> {
    const { outcome, reference, reason, invoice } = answer;
    if (outcome === 'accepted' && invoice) await handovers.recordInvoice(trx, one, { ...invoice, at: now() });
    switch (one.state) {
      case 'waiting':
      case 'stuck':
        if (outcome === 'accepted') return accepted(trx, one, reference);
        if (outcome !== 'rejected') return again(trx, one, answer);
        await handovers.update(trx, one, { state: 'rejected', reason, nextAt: null });
        return onOutcome(trx, {
          ...{ saleId: one.saleId, outcome, handoverId: one.id, reference: null, reason },
        });
      case 'accepted':
        // Sent again by hand: it stays accepted, whatever is said now.
        if (outcome === 'accepted' && one.reference === null && reference !== null)
          await handovers.update(trx, one, { reference });
        return;
      case 'cancelling': {
        // Somebody asked to cancel it while it was on its way.
        const never = outcome === 'unreached' && !(await attempts.mayHaveArrived(trx, one.id, answer.token));
        if (outcome === 'rejected' || never) {
          await dropCancellation(trx, one);
          return cancelled(trx, one, reason);
        }
        if (outcome === 'accepted')
          await handovers.update(trx, one, {
            ...{ stateBefore: 'accepted', acceptedAt: now() },
            ...(reference !== null && { reference }),
          });
        const cancellation = await handovers.cancellationOf(trx, one.id);
        if (cancellation) await handovers.update(trx, cancellation, { nextAt: now() });
        return;
      }
      default:
    }
  }

  async function ofCancellation(trx: Trx, one: StoredHandover, answer: Answer): Promise<void> {
    if (one.state !== 'waiting' && one.state !== 'stuck') return;
    const { outcome, reason } = answer;
    if (outcome !== 'accepted' && outcome !== 'rejected') return again(trx, one, answer);
    await handovers.update(trx, one, { state: outcome, reason, nextAt: null });
    const request = await handovers.find(trx, one.requestId ?? '');
    if (request?.state !== 'cancelling') return;
    if (outcome === 'accepted') return cancelled(trx, request, null);
    // It will not give the sale back: then it has it, or nobody knows, as before.
    if (request.stateBefore === 'accepted') return accepted(trx, request, null);
    await handovers.update(trx, request, { state: 'stuck', stateBefore: null, nextAt: null });
  }

  return {
    accepted,
    cancelled,
    dropCancellation,
    /** @param one as it is now, locked by our own write */
    settle: (trx: Trx, one: StoredHandover, answer: Answer): Promise<void> =>
      one.kind === 'request' ? ofRequest(trx, one, answer) : ofCancellation(trx, one, answer),
  };
}

export type Settling = ReturnType<typeof createSettling>;
