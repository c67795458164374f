/** One try of one message: take it, commit, send it outside of any transaction, record what came of it. */
import { randomUUID } from 'node:crypto';
import type { Id } from '../host/contract';
import { runTransaction } from '../host/transaction';
import type { HandoverDeps } from './deps';
import type { Integrations, OpenedIntegration } from './integrations';
import { LEASE_MARGIN, plain, redacted, type AttemptOutcome } from './rules';
import { messageOf, readReply, type ReadReply } from './rules-payload';
import type { Result, Sender } from './sending';
import type { Settling } from './settling';
import type { AttemptHow } from './store-attempts';
import type { MessageState, StoredHandover } from './store-handovers';

export interface Try {
  how: AttemptHow;
  actorName?: string;
  /** Default: what waits, or waits for a person. */
  states?: MessageState[];
}

const NOTHING_SAID: ReadReply = { reference: null, reason: null, invoice: null };
/** Throttled, or out of order for a while: what it says of when to come back holds for all messages. */
const PUTS_OFF = new Set([429, 502, 503, 504]);

export function createDelivering(
  deps: HandoverDeps,
  { integrations, sender, settling }: { integrations: Integrations; sender: Sender; settling: Settling },
) {
  const { knex, handovers, attempts, clock, logger } = deps;
  const under = new Set<Promise<unknown>>();

  async function callFunction(one: StoredHandover, name: string, limit: number): Promise<[Result, ReadReply]> {
    const result = (outcome: Result['outcome'], code: Result['code'], said = NOTHING_SAID): [Result, ReadReply] => [
      { outcome, code, status: null, reply: '', retryAfter: null },
      said,
    ];
    const handler = Object.hasOwn(deps.functions, name) ? deps.functions[name] : undefined;
    if (!handler) return result('unreached', 'absent');
    const signal = AbortSignal.timeout(limit);
    const late = new Promise<'late'>((settle) => {
      signal.addEventListener('abort', () => settle('late'), { once: true });
    });
    try {
      const working = (async () => handler.deliver(messageOf(one.messageId, one.body ?? '{}'), signal))();
      // When it answers too late, nobody listens any more.
      working.catch(() => undefined);
      const answer: unknown = await Promise.race([working, late]);
      if (answer === 'late') return result('unknown', 'timeout');
      const { accepted, reference, reason } = (answer ?? {}) as Record<string, unknown>;
      if (accepted === true) return result('accepted', 'answer', { ...NOTHING_SAID, reference: plain(reference, 190) });
      // Also without a reason: it said no, and would say so at every try.
      if (accepted === false) return result('rejected', 'answer', { ...NOTHING_SAID, reason: plain(reason, 500) });
      return result('unknown', 'nonsense');
    } catch (error) {
      logger.warn('a function that takes hand-overs threw', { function: name, handoverId: one.id, error });
      return result('unknown', 'threw');
    }
  }

  async function send(one: StoredHandover, doubtful: boolean, limit: number): Promise<[Result, ReadReply, string[]]> {
    const failed = (code: Result['code']): [Result, ReadReply, string[]] => [
      { outcome: 'unreached', code, status: null, reply: '', retryAfter: null },
      NOTHING_SAID,
      [],
    ];
    const stored = await deps.integrations.find(knex, one.integrationId);
    if (!stored || stored.removed || one.body === null) return failed('absent');
    if (stored.kind === 'function') return [...(await callFunction(one, stored.functionName ?? '', limit)), []];
    let opened: OpenedIntegration;
    try {
      opened = integrations.open(stored);
    } catch (error) {
      // Never unsigned instead.
      logger.error('the secret of a connection cannot be read', { integrationId: stored.id, error });
      return failed('key');
    }
    const { secrets, headerValues: headers, url, quotedKey } = opened;
    const message = { id: one.messageId, body: one.body, url: url ?? '', secrets, headers, quotedKey, doubtful };
    if (secrets.length === 0) return failed('key');
    const result = await sender.send(message, limit);
    const hidden = [...secrets, ...Object.values(headers)];
    return [result, readReply(result.reply, hidden), hidden];
  }

  async function take(id: Id, token: string, by: Try): Promise<{ one: StoredHandover; doubtful: boolean } | null> {
    const at = clock();
    const limit = deps.limit[by.how === 'worker' ? 'worker' : 'person'];
    return runTransaction(knex, async (trx) => {
      const taken = await handovers.claim(trx, id, {
        ...{ token, now: at.toISOString(), until: new Date(at.getTime() + limit + LEASE_MARGIN).toISOString() },
        states: by.states ?? ['waiting', 'stuck'],
        due: by.how === 'worker',
        counts: by.how !== 'person',
      });
      const one = taken ? await handovers.find(trx, id) : null;
      if (!one) return null;
      const doubtful = await attempts.mayHaveArrived(trx, id);
      const { how, actorName = null } = by;
      await attempts.begin(trx, { handoverId: id, token, how, actorName, startedAt: at.toISOString() });
      return { one, doubtful };
    });
  }

  async function record(
    { id }: StoredHandover,
    token: string,
    by: Try,
    [result, said, secrets, tookMs]: [Result, ReadReply, string[], number],
  ): Promise<void> {
    const { outcome, code, status, retryAfter } = result;
    await runTransaction(knex, async (trx) => {
      const held = await handovers.release(trx, id, token);
      await attempts.finish(trx, token, { tookMs, outcome, code, status, reply: redacted(result.reply, secrets) });
      // Taken over meanwhile: whoever has it now decides, except that what is accepted is accepted.
      if (!held && outcome !== 'accepted') return;
      const one = await handovers.find(trx, id);
      if (!one) return;
      const planned = by.how !== 'person';
      await settling.settle(trx, one, { ...said, outcome, retryAfter, planned, token });
    });
  }

  async function attempt(id: Id, by: Try): Promise<AttemptOutcome | null> {
    const token = randomUUID();
    const taken = await take(id, token, by);
    if (!taken) return null;
    const { one, doubtful } = taken;
    const started = performance.now();
    const limit = deps.limit[by.how === 'worker' ? 'worker' : 'person'];
    const [result, said, secrets] = await send(one, doubtful, limit);
    const tookMs = Math.round(performance.now() - started);
    try {
      await record(one, token, by, [result, said, secrets, tookMs]);
    } catch (error) {
      // Nobody knows of it then: it is sent again when the lease is over, under the same id.
      logger.error('the outcome of a hand-over could not be recorded', { handoverId: id, error });
    }
    if (result.status === 410) await integrations.disableGone(one.integrationId);
    if (result.retryAfter && PUTS_OFF.has(result.status ?? 0)) {
      const longest = clock().getTime() + 86_400_000;
      const until = new Date(Math.min(result.retryAfter.getTime(), longest)).toISOString();
      await deps.integrations.pause(knex, one.integrationId, until);
    }
    return result.outcome;
  }

  return {
    /** @returns null when there was nothing to send: taken by somebody else, settled, or not due */
    async attempt(id: Id, by: Try): Promise<AttemptOutcome | null> {
      const working = attempt(id, by);
      under.add(working);
      try {
        return await working;
      } finally {
        under.delete(working);
      }
    },

    /** Until all that is being sent is recorded. */
    async idle(): Promise<void> {
      while (under.size > 0) await Promise.allSettled(under);
    },
  };
}

export type Delivering = ReturnType<typeof createDelivering>;
