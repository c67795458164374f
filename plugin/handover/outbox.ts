/** Puts the services of this feature together; pages and endpoints come on top in feature.ts. */
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Options } from '../contract';
import { PluginError } from '../errors';
import type { Db } from '../host/contract';
import { createCallbacks, type Callbacks } from './callback';
import type { HandoverService, IntegrationHandler, OnOutcome } from './contract';
import { createDelivering } from './delivering';
import type { HandoverDeps } from './deps';
import { createIntegrations, type Integrations } from './integrations';
import { createJournal, type Journal } from './journal';
import { LIMIT } from './rules';
import { readAllowed } from './rules-address';
import { createVault } from './rules-sealing';
import { createSender, lookupAll, type Lookup } from './sending';
import { createHandovers, type JournalActs } from './service';
import { createSettling } from './settling';
import { createAttemptStore, createCallbackStore } from './store-attempts';
import { createHandoverStore } from './store-handovers';
import { createIntegrationStore } from './store-integrations';
import { createWorker, type Worker } from './worker';

/** Days that replies and what was sent are kept once a sale is settled. */
const KEPT_DAYS = 90;

export interface OutboxOptions {
  knex: Knex;
  prefix: string;
  clock: () => Date;
  logger: NonNullable<Options<IncomingMessage>['logger']>;
  onOutcome: OnOutcome;
  functions?: Record<string, IntegrationHandler>;
  secretKey?: string;
  allowedDestinations?: string[];
  /** How names are resolved, how long a try may take, and chance: for tests. */
  limit?: HandoverDeps['limit'];
  lookup?: Lookup;
  chance?: () => number;
}

export interface Outbox {
  handovers: HandoverService & JournalActs;
  integrations: Integrations;
  callbacks: Callbacks;
  journal: Journal;
  worker: Worker;
  /** Drops replies and messages of sales that were settled 90 days ago. */
  forget(db: Db): Promise<number>;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { knex, prefix, clock, logger, onOutcome } = options;
  const allowed = readAllowed(options.allowedDestinations ?? []);
  // options.ts has asked the same in its own words.
  if (!allowed) throw new PluginError('IM_OPTIONS_INVALID', 500, { where: 'allowedDestinations' });
  const deps: HandoverDeps = {
    ...{ knex, clock, logger, onOutcome },
    integrations: createIntegrationStore(prefix),
    handovers: createHandoverStore(prefix),
    attempts: createAttemptStore(prefix),
    callbacks: createCallbackStore(prefix),
    vault: options.secretKey === undefined ? null : createVault(options.secretKey),
    functions: options.functions ?? {},
    allowed,
    lookup: options.lookup ?? lookupAll,
    limit: options.limit ?? LIMIT,
    chance: options.chance ?? Math.random,
  };
  const sender = createSender(deps);
  const settling = createSettling(deps);
  const integrations = createIntegrations(deps, sender);
  const delivering = createDelivering(deps, { integrations, sender, settling });
  return {
    handovers: createHandovers(deps, { integrations, delivering, settling }),
    integrations,
    callbacks: createCallbacks(deps, { integrations, settling }),
    journal: createJournal(deps),
    worker: createWorker(deps, delivering),
    async forget(db) {
      const before = new Date(clock().getTime() - KEPT_DAYS * 86_400_000).toISOString();
      return (await deps.attempts.forgetReplies(db, before)) + (await deps.handovers.forgetBodies(db, before));
    },
  };
}
