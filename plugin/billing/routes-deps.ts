/** What the pages of billing work with, and what they ask first. */
import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Action, Options } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Db } from '../host/contract';
import type { Words } from '../i18n';
import { signedIn } from '../web/guards';
import type { Pages } from '../web/page';
import type { IntegrationChoice, MethodService, ModuleService } from './contract';
import type { Images } from './service-images';

export interface BillingPageDeps {
  db: Db;
  methods: MethodService;
  modules: ModuleService;
  images: Images;
  pages: Pages;
  wordsOf: (req: IncomingMessage) => Words;
  actorOf: (req: IncomingMessage) => Promise<Actor | null>;
  may(actor: Actor, action: Action): Promise<boolean>;
  csrf?: Options<IncomingMessage>['csrf'];
  asset(name: string): string;
  /** Where browsers reach the router: the API stands below it. */
  base: string;
  imageUrl(imageId: string | null): string | null;
  integrations(db: Db): Promise<IntegrationChoice[]>;
}

/** Who asks, once they may manage billing. @throws IM_UNAUTHENTICATED 401; IM_FORBIDDEN 403 */
export async function managing(req: Request, deps: Pick<BillingPageDeps, 'actorOf' | 'may'>): Promise<Actor> {
  const actor = await signedIn(req, deps.actorOf);
  const action: Action = 'billing.manage';
  if (!(await deps.may(actor, action))) throw new PluginError('IM_FORBIDDEN', 403, { action });
  return actor;
}
