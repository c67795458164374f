/** Handing over, asking again, taking back: what the till and the journal do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PluginError } from '../errors';
import type { Actor, Db, Id, Trx } from '../host/contract';
import { demandTransaction, isDuplicateKey, runTransaction } from '../host/transaction';
import type { HandoverService, HandoverState, Outcome } from './contract';
import type { Delivering } from './delivering';
import type { HandoverDeps } from './deps';
import type { Integrations } from './integrations';
import { FIRST_TRY_GRACE } from './rules';
import { cancelBody, requestBody } from './rules-payload';
import { newMessageId } from './rules-signing';
import type { Settling } from './settling';
import type { StoredHandover } from './store-handovers';

const CANCELLABLE = ['waiting', 'stuck', 'accepted'] as const;
/** How often a request looks whether another sender is done. */
const LOOK_EVERY = 100;

/** What people with their own permission do in the journal. */
export interface JournalActs {
  /**
   * Sends the same message again. What was accepted already only with `confirm`.
   * @throws IM_HANDOVER_DELIVERED 409, IM_HANDOVER_BUSY 409 while it is being sent, IM_HANDOVER_CLOSED 409 `{ state }`,
   *   IM_INTEGRATION_UNAVAILABLE 409
   */
  resend(handoverId: Id, how: { actor: Actor; confirm?: boolean }): Promise<Outcome>;
  /** "Check now" by a person, whose name stands with the try. */
  checkBy(handoverId: Id, actor: Actor): Promise<Outcome>;
  /** Cancels in a transaction of its own, and sends what is to be sent. */
  cancelNow(handoverId: Id, how: { actor: Actor; reason: string }): Promise<Outcome>;
  /**
   * Says by hand what the other system was asked by telephone: it has the sale, or it does not.
   * @throws IM_HANDOVER_BUSY 409, IM_HANDOVER_CLOSED 409 `{ state }`
   */
  settle(handoverId: Id, how: { outcome: 'accepted' | 'cancelled'; reason: string; actor: Actor }): Promise<Outcome>;
}

export function createHandovers(
  deps: HandoverDeps,
  { integrations, delivering, settling }: { integrations: Integrations; delivering: Delivering; settling: Settling },
): HandoverService & JournalActs {
  const { knex, handovers, attempts, clock } = deps;
  const now = (): string => clock().toISOString();
  const isTaken = ({ leaseUntil }: StoredHandover): boolean => leaseUntil !== null && leaseUntil > now();

  async function demand(db: Db, id: Id): Promise<StoredHandover> {
    const one = /^\d{1,18}$/.test(id) ? await handovers.find(db, id) : null;
    if (one?.kind !== 'request') throw new PluginError('IM_NOT_FOUND', 404);
    return one;
  }

  async function outcomes(db: Db, list: StoredHandover[]): Promise<Outcome[]> {
    const names = new Map((await deps.integrations.all(db)).map(({ id, name }) => [id, name]));
    const nextOf = async (one: StoredHandover): Promise<string | null> =>
      one.state === 'cancelling' ? ((await handovers.cancellationOf(db, one.id))?.nextAt ?? null) : one.nextAt;
    const read: Outcome[] = [];
    for (const one of list)
      read.push({
        handoverId: one.id,
        state: one.state as HandoverState,
        reference: one.reference,
        reason: one.reason,
        nextAt: await nextOf(one),
        integration: { id: one.integrationId, name: names.get(one.integrationId) ?? '' },
        invoice: one.invoice && { ...one.invoice },
      });
    return read;
  }

  const outcome = async (db: Db, one: StoredHandover): Promise<Outcome> => (await outcomes(db, [one]))[0] as Outcome;

  /** The message that a request's state makes the next one: itself, or its cancellation. */
  async function messageOf(one: StoredHandover): Promise<StoredHandover> {
    return one.state === 'cancelling' ? ((await handovers.cancellationOf(knex, one.id)) ?? one) : one;
  }

  /** A cancellation never overtakes its request: while that one is on its way, the other waits. */
  async function untilFree(id: Id): Promise<void> {
    const patience = performance.now() + deps.limit.person;
    for (;;) {
      const one = await handovers.find(knex, id);
      if (!one || !isTaken(one) || performance.now() > patience) return;
      await sleep(LOOK_EVERY);
    }
  }

  /** A form that is posted again asks once more, but uses up no try of the schedule. */
  const howOf = (how: 'first' | 'person', { tries }: StoredHandover) => (tries > 0 ? 'person' : how);

  async function tryNow(id: Id, by: { how: 'first' | 'person'; actor?: Actor }): Promise<Outcome> {
    const one = await demand(knex, id);
    if (one.state !== 'waiting' && one.state !== 'stuck' && one.state !== 'cancelling') return outcome(knex, one);
    const ready = await integrations.available(knex, one.integrationId);
    if (ready.available) {
      await untilFree(id);
      const message = await messageOf(await demand(knex, id));
      const request = message.kind === 'cancel' ? await demand(knex, id) : null;
      const sent =
        !(request && isTaken(request)) &&
        (await delivering.attempt(message.id, { how: howOf(by.how, message), actorName: by.actor?.name })) !== null;
      // The worker was quicker: its answer is ours.
      if (!sent) await untilFree(message.id);
    }
    return outcome(knex, await demand(knex, id));
  }

  const closed = (state: string, why?: string): PluginError =>
    new PluginError('IM_HANDOVER_CLOSED', 409, { state, why: why ?? state });

  async function cancel(trx: Trx, id: Id, { actor, reason }: { actor: Actor; reason: string }): Promise<Outcome> {
    demandTransaction(trx);
    const seen = await demand(trx, id);
    let moved = false;
    // The state that it had is kept: a refused cancellation goes back to it.
    for (const from of CANCELLABLE)
      moved ||= await handovers.change(trx, seen, [from], { state: 'cancelling', stateBefore: from });
    const one = await demand(trx, id);
    if (!moved) {
      if (one.state === 'cancelling') return outcome(trx, one);
      throw closed(one.state);
    }
    const at = clock();
    await handovers.update(trx, one, { settled: { at: at.toISOString(), by: actor, reason } });
    if (!isTaken(one) && !(await attempts.mayHaveArrived(trx, id))) {
      await settling.cancelled(trx, one, reason);
      return outcome(trx, await demand(trx, id));
    }
    const about = { saleId: one.saleId, actor, reason };
    await handovers.insert(trx, {
      ...one,
      messageId: newMessageId(),
      kind: 'cancel',
      requestId: one.id,
      body: cancelBody(one.messageId, about, at),
      nextAt: isTaken(one) ? one.leaseUntil : at.toISOString(),
      actor,
      createdAt: at.toISOString(),
    });
    return outcome(trx, await demand(trx, id));
  }

  return {
    async integrations(db) {
      return (await integrations.list(db)).map(({ id, name, kind, enabled }) => ({ id, name, kind, enabled }));
    },
    available: integrations.available,

    async begin(trx, sale) {
      demandTransaction(trx);
      const ready = await integrations.available(trx, sale.method.integrationId);
      if (!ready.available) {
        const { name, why, reason } = ready;
        throw new PluginError('IM_INTEGRATION_UNAVAILABLE', 409, { name, why, reason });
      }
      const at = clock();
      const messageId = newMessageId();
      try {
        const handoverId = await handovers.insert(trx, {
          messageId,
          kind: 'request',
          requestId: null,
          saleId: sale.saleId,
          integrationId: sale.method.integrationId,
          body: requestBody(messageId, sale, at),
          // The first try is the caller's, right after the commit.
          nextAt: new Date(at.getTime() + FIRST_TRY_GRACE).toISOString(),
          module: sale.module,
          method: sale.method,
          customerName: sale.customer?.name ?? null,
          saleReference: sale.reference,
          currency: sale.currency,
          total: sale.totals.payable,
          actor: sale.actor,
          createdAt: at.toISOString(),
        });
        return { handoverId };
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        throw new PluginError('IM_HANDOVER_OPEN', 409, { saleId: sale.saleId }, { cause: error });
      }
    },

    deliver: (id) => tryNow(id, { how: 'first' }),
    check: (id) => tryNow(id, { how: 'person' }),
    checkBy: (id, actor) => tryNow(id, { how: 'person', actor }),
    cancel,

    async state(db, saleId) {
      const [one] = await handovers.lastOf(db, [saleId]);
      return one ? outcome(db, one) : null;
    },

    async states(db, saleIds) {
      if (saleIds.length === 0) return new Map();
      const found = await handovers.lastOf(db, saleIds);
      const read = await outcomes(db, found);
      return new Map(found.map((one, at) => [one.saleId, read[at] as Outcome]));
    },

    handedOver: (db, period) => handovers.handedOver(db, period),

    async resend(id, { actor, confirm = false }) {
      const one = await demand(knex, id);
      if (one.state === 'rejected' || one.state === 'cancelled') throw closed(one.state);
      if (one.body === null) throw closed(one.state, 'forgotten');
      if (one.state === 'accepted' && !confirm) throw new PluginError('IM_HANDOVER_DELIVERED', 409);
      const ready = await integrations.available(knex, one.integrationId);
      if (!ready.available) {
        const { name, why, reason } = ready;
        throw new PluginError('IM_INTEGRATION_UNAVAILABLE', 409, { name, why, reason });
      }
      const message = await messageOf(one);
      const states = one.state === 'accepted' ? (['accepted'] as const) : (['waiting', 'stuck'] as const);
      const by = { how: 'person' as const, actorName: actor.name, states: [...states] };
      if (isTaken(one) || (await delivering.attempt(message.id, by)) === null)
        throw new PluginError('IM_HANDOVER_BUSY', 409);
      return outcome(knex, await demand(knex, id));
    },

    async cancelNow(id, how) {
      await runTransaction(knex, (trx) => cancel(trx, id, how));
      return tryNow(id, { how: 'first' });
    },

    async settle(id, { outcome: decided, reason, actor }) {
      await runTransaction(knex, async (trx) => {
        const seen = await demand(trx, id);
        const settled = { at: now(), by: actor, reason };
        if (!(await handovers.change(trx, seen, ['waiting', 'stuck', 'cancelling'], { settled })))
          throw closed(seen.state);
        const one = await demand(trx, id);
        // Its cancellation may be on its way as well, and be accepted a moment after it was dropped.
        const cancellation = seen.state === 'cancelling' ? await handovers.cancellationOf(trx, id) : null;
        if (isTaken(one) || (cancellation && isTaken(cancellation))) throw new PluginError('IM_HANDOVER_BUSY', 409);
        await settling.dropCancellation(trx, one);
        await settling[decided](trx, one, null);
      });
      return outcome(knex, await demand(knex, id));
    },
  };
}
