/** Reading and changing the settings. */
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Options } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Db } from '../host/contract';
import { runTransaction } from '../host/transaction';
import type { Settings, SettingsNow, SettingsService } from './contract';
import { needsCredit, parseSettings } from './rules';
import type { SettingsStore } from './store';

export interface SettingsDeps {
  knex: Knex;
  store: SettingsStore;
  authorize: Options<IncomingMessage>['authorize'];
  clock: () => Date;
  /** Whether the host keeps credit notes. */
  canCredit: boolean;
}

const same = (a: Settings, b: Settings): boolean =>
  JSON.stringify(parseSettings(a)) === JSON.stringify(parseSettings(b));

/** @param deps see SettingsDeps */
export function createSettings(deps: SettingsDeps): SettingsService {
  const { knex, store, clock } = deps;

  async function read(db: Db): Promise<SettingsNow> {
    const { value, version } = await store.read(db);
    return { ...parseSettings(value), version };
  }

  const mayManage = async (actor: Actor): Promise<boolean> => deps.authorize(actor, 'settings.manage', { db: knex });

  async function demandManage(actor: Actor): Promise<void> {
    if (!(await mayManage(actor))) throw new PluginError('IM_FORBIDDEN', 403, { action: 'settings.manage' });
  }

  async function changes(db: Db, limit: number) {
    return (await store.changes(db, limit)).map(({ at, by, details }) => ({
      at,
      by,
      before: parseSettings(details.before),
      after: parseSettings(details.after),
    }));
  }

  return {
    read,
    mayManage,
    demandManage,
    changes,

    async demandEnabled(db) {
      if (!(await read(db)).enabled) throw new PluginError('IM_DISABLED', 409);
    },

    async change(actor, wanted, seen) {
      await demandManage(actor);
      const at = clock().toISOString();
      return runTransaction(knex, async (trx) => {
        await store.lock(trx);
        const { version: locked, ...before } = await read(trx);
        const version = locked - 1;
        if (seen !== undefined && seen !== version) {
          const [last] = await changes(trx, 1);
          const now: SettingsNow = { ...before, version };
          throw new PluginError('IM_STALE_SETTINGS', 409, { now, ...(last && { at: last.at, by: last.by.name }) });
        }
        const after = parseSettings({ ...before, ...wanted });
        if (!deps.canCredit && needsCredit(after) && !needsCredit(before))
          throw new PluginError('IM_CREDIT_UNAVAILABLE', 422);
        // What changes nothing leaves no trace, and makes nobody's form too old.
        const next = same(before, after) ? version : version + 1;
        await store.write(trx, after, next);
        if (next > version) await store.log(trx, { at, by: actor, before, after });
        return { ...after, version: next };
      });
    },
  };
}
