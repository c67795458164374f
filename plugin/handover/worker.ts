/** Sends in the background what no request has settled. Any number of them may run, on any number of servers. */
import type { Id } from '../host/contract';
import { isRetryable } from '../host/transaction';
import type { Delivering } from './delivering';
import type { HandoverDeps } from './deps';

/** Milliseconds between two looks. */
const EVERY = 2000;
/** Messages of one connection that are sent at the same time. */
const LANES = 4;
/** Of one connection, per look into the table. */
const PORTION = 100;

export interface Worker {
  /** Looks every two seconds; the timer keeps no process alive. Started twice, it runs once. */
  start(): void;
  /** After what is being sent is recorded. */
  stop(): Promise<void>;
  /** Sends all that is due now; for cron. @returns how many tries were made */
  runOnce(): Promise<number>;
}

export function createWorker({ knex, handovers, clock, logger }: HandoverDeps, delivering: Delivering): Worker {
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> | null = null;
  /** A round of each connection: a slow one goes on while others have theirs. */
  const rounds = new Map<Id, Promise<number>>();
  let stopping = false;
  const now = (): string => clock().toISOString();

  /** In a row, so many tries without an answer end the round: a dead system is not asked a thousand times a look. */
  async function drain(integrationId: Id): Promise<number> {
    let made = 0;
    let failed = 0;
    for (;;) {
      const due = await handovers.due(knex, integrationId, now(), PORTION);
      const before = made;
      let at = 0;
      const lane = async (): Promise<void> => {
        while (!stopping && failed < LANES) {
          const id = due[at++];
          if (id === undefined) return;
          const outcome = await delivering.attempt(id, { how: 'worker' });
          if (outcome === null) continue;
          made += 1;
          failed = outcome === 'accepted' || outcome === 'rejected' ? 0 : failed + 1;
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      if (made === before || due.length < PORTION || failed >= LANES || stopping) return made;
    }
  }

  function round(id: Id): Promise<number> {
    const running =
      rounds.get(id) ??
      drain(id)
        .catch((error: unknown) => {
          logger.error('hand-overs of a connection could not be sent', { integrationId: id, error });
          return 0;
        })
        .finally(() => rounds.delete(id));
    rounds.set(id, running);
    return running;
  }

  const begin = async (): Promise<Promise<number>[]> => (await handovers.dueIntegrations(knex, now())).map(round);

  async function runOnce(): Promise<number> {
    const made = await Promise.all(await begin());
    return made.reduce((sum, count) => sum + count, 0);
  }

  const look = (): void => {
    looking ??= begin()
      .then(
        () => undefined,
        (error: unknown) => {
          logger[isRetryable(error) ? 'warn' : 'error']('hand-overs could not be looked for', { error });
        },
      )
      .finally(() => {
        looking = null;
      });
  };

  return {
    start() {
      if (timer) return;
      stopping = false;
      timer = setInterval(look, EVERY);
      timer.unref();
      look();
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      stopping = true;
      await looking;
      await Promise.all(rounds.values());
      await delivering.idle();
      stopping = false;
    },
    runOnce,
  };
}
