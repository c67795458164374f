/** What the pages of hand-overs work with, and what they ask first. */
import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Action, Options } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Db } from '../host/contract';
import type { Words } from '../i18n';
import { signedIn } from '../web/guards';
import type { Pages } from '../web/page';
import type { Outbox } from './outbox';

export const CONNECTIONS_PATH = '/connections';
export const JOURNAL_PATH = '/handovers';

export interface HandoverPageDeps {
  db: Db;
  outbox: Outbox;
  pages: Pages;
  wordsOf: (req: IncomingMessage) => Words;
  actorOf: (req: IncomingMessage) => Promise<Actor | null>;
  may(actor: Actor, action: Action): Promise<boolean>;
  csrf?: Options<IncomingMessage>['csrf'];
  /** Where browsers reach the router, without a slash at the end: what the other system calls back. */
  base: string;
  /** The names of the payment methods that are bound to a connection. */
  usesOf(db: Db, integrationId: string): Promise<string[]>;
}

/** Who asks, once that person may do it. @throws IM_UNAUTHENTICATED 401; IM_FORBIDDEN 403 */
export async function entering(
  req: Request,
  deps: Pick<HandoverPageDeps, 'actorOf' | 'may'>,
  action: Action,
): Promise<Actor> {
  const actor = await signedIn(req, deps.actorOf);
  if (!(await deps.may(actor, action))) throw new PluginError('IM_FORBIDDEN', 403, { action });
  return actor;
}
