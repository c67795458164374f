/** What all of this feature works with; feature.ts puts it together. */
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Options } from '../contract';
import type { IntegrationHandler, OnOutcome } from './contract';
import type { Allowed } from './rules-address';
import type { Vault } from './rules-sealing';
import type { Lookup } from './sending';
import type { AttemptStore, CallbackStore } from './store-attempts';
import type { HandoverStore } from './store-handovers';
import type { IntegrationStore } from './store-integrations';

export interface HandoverDeps {
  knex: Knex;
  integrations: IntegrationStore;
  handovers: HandoverStore;
  attempts: AttemptStore;
  callbacks: CallbackStore;
  /** null without `secretKey`: then there are no webhooks. */
  vault: Vault | null;
  functions: Record<string, IntegrationHandler>;
  allowed: Allowed;
  lookup: Lookup;
  onOutcome: OnOutcome;
  clock: () => Date;
  /** Milliseconds that a try may take. */
  limit: { person: number; worker: number };
  /** Between 0 and 1. */
  chance: () => number;
  logger: NonNullable<Options<IncomingMessage>['logger']>;
}
