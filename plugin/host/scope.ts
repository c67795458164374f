/** What a person may see, as a restriction of queries over the invoice table. */
import { PluginError } from '../errors';
import type { Actor, Query } from './contract';

/**
 * The person's `scope` as a restriction of a query over the invoice table.
 * @throws IM_HOOK_INVALID 500 for an async scope: its conditions would come after the query has run, so all would be seen
 */
export const restrictTo =
  (deps: { scope: ((query: Query, actor: Actor, alias: string) => void) | undefined }, actor: Actor) =>
  (query: Query, alias: string): void => {
    const answer: unknown = deps.scope?.(query, actor, alias);
    // Knex's builders have a `then` too: an arrow function may well answer one.
    if (answer instanceof Promise) {
      answer.catch(() => undefined);
      throw new PluginError('IM_HOOK_INVALID', 500, { hook: 'scope' });
    }
  };
