/** Puts hand-overs together: stores -> services -> endpoints and pages. */
import { Router } from 'express';
import type { Action } from '../contract';
import type { Actor, Db } from '../host/contract';
import type { Words } from '../i18n';
import type { Endpoint } from '../web/endpoints';
import type { HandoverService } from './contract';
import { handoverEndpoints } from './endpoints';
import { createOutbox, type OutboxOptions } from './outbox';
import { callbackRoutes } from './routes-callback';
import { connectionRoutes } from './routes-connections';
import { JOURNAL_PATH, type HandoverPageDeps } from './routes-deps';
import { journalRoutes } from './routes-journal';
import type { Worker } from './worker';

export type HandoverShared = OutboxOptions &
  Omit<HandoverPageDeps, 'db' | 'outbox'> & {
    /** The language that other systems are answered in. */
    machines: Words;
  };

export interface Handover {
  service: HandoverService;
  endpoints: Endpoint[];
  pages: Router;
  /** Outside of the pages' path: nobody is signed in there. */
  callbacks: Router;
  worker: Worker;
  /** "3 ventes transmises attendent une décision", for whoever may decide. */
  attention(actor: Actor, words: Words): Promise<{ text: string; url: string }[]>;
  /** @throws IM_SECRET_KEY 500 under another key than the secrets were saved with */
  demandKey(db: Db): Promise<void>;
  forget(db: Db): Promise<number>;
}

/** @param shared what create-plugin knows */
export function createHandover(shared: HandoverShared): Handover {
  const { knex, pages, may } = shared;
  const outbox = createOutbox(shared);
  const deps: HandoverPageDeps = { ...shared, db: knex, outbox };
  const router = Router();
  router.use(connectionRoutes(deps), journalRoutes(deps));
  return {
    service: outbox.handovers,
    endpoints: handoverEndpoints(knex, outbox),
    pages: router,
    callbacks: callbackRoutes(outbox.callbacks, shared.machines),
    worker: outbox.worker,
    demandKey: outbox.integrations.demandKey,
    forget: outbox.forget,
    async attention(actor, words) {
      const action: Action = 'handover.resend';
      if (!(await may(actor, action))) return [];
      const count = await outbox.journal.stuck(knex);
      const url = `${pages.base}${JOURNAL_PATH}?state=stuck`;
      return count === 0 ? [] : [{ text: words.t('handovers.stuckCount', { count }), url }];
    },
  };
}
