/** Settings and their changes: own tables only. */
import type { Actor, Db, Row, Trx } from '../host/contract';
import { clipped, latest, textOf } from '../host/sql';
import { isDuplicateKey } from '../host/transaction';

const NAME = 'merging';
const ACTION = 'settings';

export interface StoredChange {
  at: string;
  by: Actor;
  details: { before: unknown; after: unknown };
}

export const createSettingsStore = (prefix: string) => {
  const table = `${prefix}settings`;
  const activity = `${prefix}activity`;

  return {
    /** version 0: nobody has decided anything yet. */
    async read(db: Db): Promise<{ value: unknown; version: number }> {
      const [row] = (await latest(db, db(table).where({ name: NAME }).select('value', 'version'))) as Row[];
      return row
        ? { value: JSON.parse(textOf(row.value) ?? '{}') as unknown, version: Number(row.version) }
        : { value: {}, version: 0 };
    },

    /** Writes the row before it is read: of two people who change it, one waits for the other or fails. */
    async lock(trx: Trx): Promise<void> {
      const touch = (): Promise<number> => trx(table).where({ name: NAME }).increment('version', 1);
      if ((await touch()) > 0) return;
      try {
        await trx(table).insert({ name: NAME, value: '{}', version: 1 });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        await touch();
      }
    },

    async write(trx: Trx, value: object, version: number): Promise<void> {
      await trx(table)
        .where({ name: NAME })
        .update({ value: JSON.stringify(value), version });
    },

    async log(trx: Trx, change: { at: string; by: Actor; before: object; after: object }): Promise<void> {
      const { at, by, before, after } = change;
      await trx(activity).insert({
        at,
        actor_id: by.id,
        actor_name: clipped(by.name),
        action: ACTION,
        details: JSON.stringify({ before, after }),
      });
    },

    /** The latest first. */
    async changes(db: Db, limit: number): Promise<StoredChange[]> {
      const rows: Row[] = await db(activity)
        .where({ action: ACTION })
        .orderBy('id', 'desc')
        .limit(limit)
        .select('at', 'actor_id', 'actor_name', 'details');
      return rows.map((row) => ({
        at: textOf(row.at) ?? '',
        by: { id: textOf(row.actor_id) ?? '', name: textOf(row.actor_name) ?? '' },
        details: JSON.parse(textOf(row.details) ?? '{}') as StoredChange['details'],
      }));
    },
  };
};

export type SettingsStore = ReturnType<typeof createSettingsStore>;
