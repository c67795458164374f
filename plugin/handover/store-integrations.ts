/** Connections: own table only. What is sealed here stays sealed. */
import type { Db, Id, Row, Trx } from '../host/contract';
import { flag, latest, text, textOf } from '../host/sql';
import type { Integration, IntegrationKind } from './contract';

/** A connection with what only the sender and the callback may open. */
export interface StoredIntegration extends Integration {
  sealedSecret: string | null;
  sealedOldSecret: string | null;
  sealedHeaders: string | null;
  pausedUntil: string | null;
}

const toRow = (one: Partial<StoredIntegration>): Row => {
  const columns: Record<keyof Omit<StoredIntegration, 'id' | 'removed'>, string> = {
    name: 'name',
    kind: 'kind',
    url: 'url',
    functionName: 'function_name',
    headers: 'header_names',
    quotedKey: 'quoted_key',
    enabled: 'enabled',
    disabledBy: 'disabled_by',
    oldSecretUntil: 'old_secret_until',
    version: 'version',
    sealedSecret: 'sealed_secret',
    sealedOldSecret: 'sealed_old_secret',
    sealedHeaders: 'sealed_headers',
    pausedUntil: 'paused_until',
  };
  const row: Row = {};
  for (const [name, column] of Object.entries(columns)) {
    const value = one[name as keyof typeof columns];
    if (value === undefined) continue;
    row[column] = Array.isArray(value) ? JSON.stringify(value) : typeof value === 'boolean' ? Number(value) : value;
  }
  return row;
};

const read = (row: Row): StoredIntegration => ({
  id: textOf(row.recordid) ?? '',
  name: textOf(row.name) ?? '',
  kind: textOf(row.kind) as IntegrationKind,
  url: textOf(row.url),
  functionName: textOf(row.function_name),
  headers: JSON.parse(textOf(row.header_names) ?? '[]') as string[],
  quotedKey: flag(row.quoted_key),
  enabled: flag(row.enabled),
  disabledBy: textOf(row.disabled_by) as Integration['disabledBy'],
  oldSecretUntil: textOf(row.old_secret_until),
  removed: row.removed_at !== null,
  version: Number(row.version),
  sealedSecret: textOf(row.sealed_secret),
  sealedOldSecret: textOf(row.sealed_old_secret),
  sealedHeaders: textOf(row.sealed_headers),
  pausedUntil: textOf(row.paused_until),
});

export const createIntegrationStore = (prefix: string) => {
  const table = `${prefix}integrations`;
  const select = (db: Db) => latest(db, db(table).select('*', text(db, 'id', 'recordid')));

  return {
    /** By name; with those that were removed, since hand-overs and methods still name them. */
    async all(db: Db): Promise<StoredIntegration[]> {
      return ((await select(db).orderBy('name').orderBy('id')) as Row[]).map(read);
    },

    async find(db: Db, id: Id): Promise<StoredIntegration | null> {
      const [row] = (await select(db).where({ id })) as Row[];
      return row ? read(row) : null;
    },

    /** Version 1, enabled. */
    async insert(
      trx: Trx,
      one: Pick<Integration, 'name' | 'kind' | 'url' | 'functionName' | 'quotedKey'>,
    ): Promise<Id> {
      const [id] = await trx(table).insert({
        ...toRow({ ...one, headers: [], enabled: true, version: 1 }),
      });
      return String(id);
    },

    /** The locking write, which begins every change. @returns false when it does not exist, or was removed */
    async touch(trx: Trx, id: Id): Promise<boolean> {
      return (await trx(table).where({ id }).whereNull('removed_at').increment('version', 1)) > 0;
    },

    async update(trx: Db, id: Id, change: Partial<Omit<StoredIntegration, 'id' | 'removed'>>): Promise<void> {
      await trx(table).where({ id }).update(toRow(change));
    },

    /** Secrets and headers go with it; what remains is what the journal names. */
    async remove(trx: Trx, id: Id, at: string): Promise<void> {
      await trx(table)
        .where({ id })
        .update({
          removed_at: at,
          enabled: 0,
          ...{ sealed_secret: null, sealed_old_secret: null, old_secret_until: null },
          ...{ sealed_headers: null, header_names: '[]' },
        });
    },

    /** Not before that moment; the later one stands. */
    async pause(db: Db, id: Id, until: string): Promise<void> {
      await db(table)
        .where({ id })
        .where((query) => void query.whereNull('paused_until').orWhere('paused_until', '<', until))
        .update({ paused_until: until });
    },

    /** Takes the next test of this connection for us. @returns false while another was less than that long ago */
    async claimTest(db: Db, id: Id, now: string, before: string): Promise<boolean> {
      const claimed = await db(table)
        .where({ id })
        .where((query) => void query.whereNull('tested_at').orWhere('tested_at', '<=', before))
        .update({ tested_at: now });
      return claimed > 0;
    },
  };
};

export type IntegrationStore = ReturnType<typeof createIntegrationStore>;
