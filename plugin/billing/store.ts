/** Order modules, what they take, and the log of both: own tables only. */
import type { Actor, Db, Id, Row, Trx } from '../host/contract';
import { clipped, latest, text, textOf } from '../host/sql';
import { isDuplicateKey } from '../host/transaction';
import type { BuiltinModule, OrderModule } from './contract';

const LOCK = 'payment_methods';

export const createBillingStore = (prefix: string) => {
  const modules = `${prefix}order_modules`;
  const attached = `${prefix}module_payment_methods`;

  const selectModules = (db: Db) =>
    latest(
      db,
      db(modules)
        .select('name', 'builtin', 'version', 'previous', text(db, 'id', 'moduleid'))
        .orderBy('id'),
    );

  const readModule = (row: Row): OrderModule => ({
    id: textOf(row.moduleid) ?? '',
    name: textOf(row.name),
    builtin: textOf(row.builtin) as BuiltinModule | null,
    version: Number(row.version),
    undoable: textOf(row.previous) !== null,
  });

  return {
    /**
     * Written by everybody who makes, renames, archives or deletes a method or a module, before they look: names are
     * compared with what is there, and two people must not look at once.
     */
    async lockMethods(trx: Trx): Promise<void> {
      const table = `${prefix}settings`;
      const touch = (): Promise<number> => trx(table).where({ name: LOCK }).increment('version', 1);
      if ((await touch()) > 0) return;
      try {
        await trx(table).insert({ name: LOCK, value: '{}', version: 1 });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        await touch();
      }
    },

    async modules(db: Db): Promise<OrderModule[]> {
      return ((await selectModules(db)) as Row[]).map(readModule);
    },

    /** @param id or what a built-in one is called */
    async moduleById(db: Db, id: Id): Promise<OrderModule | null> {
      // MySQL reads '12abc' as 12: only the id itself names the module.
      const where = /^\d{1,18}$/.test(id) ? { id } : { builtin: id };
      const [row] = (await selectModules(db).where(where)) as Row[];
      return row ? readModule(row) : null;
    },

    /** Null where another process has just made the same built-in one. */
    async insertModule(trx: Trx, module: { name: string | null; builtin: BuiltinModule | null }): Promise<Id | null> {
      try {
        const [id] = (await trx(modules).insert({ ...module, version: 0 })) as [number];
        return String(id);
      } catch (error) {
        if (module.builtin !== null && isDuplicateKey(error)) return null;
        throw error;
      }
    },

    async renameModule(trx: Trx, id: Id, name: string): Promise<void> {
      await trx(modules).where({ id }).update({ name });
    },

    /** Written before the list is read: of two people who change it, one waits for the other or fails. */
    async lockModule(trx: Trx, id: Id): Promise<void> {
      await trx(modules).where({ id }).increment('version', 1);
    },

    /** Ids of its methods in their order, also of those that cannot be used now. */
    async attached(db: Db, moduleId: Id): Promise<Id[]> {
      const rows = (await latest(
        db,
        db(attached)
          .where({ module_id: moduleId })
          .orderBy(['position', 'method_id'])
          .select(text(db, 'method_id', 'imid')),
      )) as Row[];
      return rows.map((row) => textOf(row.imid) ?? '');
    },

    async modulesWith(db: Db, methodId: Id): Promise<Id[]> {
      const rows = (await latest(
        db,
        db(attached)
          .where({ method_id: methodId })
          .orderBy('module_id')
          .select(text(db, 'module_id', 'imid')),
      )) as Row[];
      return rows.map((row) => textOf(row.imid) ?? '');
    },

    /** The whole list anew, positions 0, 1, 2 … @param previous what an undo puts back; null: nothing to undo */
    async writeAttached(trx: Trx, moduleId: Id, methodIds: Id[], previous: Id[] | null): Promise<void> {
      await trx(attached).where({ module_id: moduleId }).delete();
      if (methodIds.length > 0)
        await trx(attached).insert(
          methodIds.map((methodId, position) => ({ module_id: moduleId, method_id: methodId, position })),
        );
      await trx(modules)
        .where({ id: moduleId })
        .update({ previous: previous === null ? null : JSON.stringify(previous) });
    },

    /** After a change that changed nothing: what people see is not older than what is there. */
    async setVersion(trx: Trx, id: Id, version: number): Promise<void> {
      await trx(modules).where({ id }).update({ version });
    },

    async previous(trx: Trx, moduleId: Id): Promise<Id[] | null> {
      const [row] = await trx(modules).where({ id: moduleId }).select<Row[]>('previous');
      const kept = textOf(row?.previous);
      return kept === null ? null : (JSON.parse(kept) as Id[]);
    },

    async log(trx: Trx, action: string, at: string, by: Actor, details: object): Promise<void> {
      await trx(`${prefix}activity`).insert({
        at,
        actor_id: by.id,
        actor_name: clipped(by.name),
        action,
        details: JSON.stringify(details),
      });
    },
  };
};

export type BillingStore = ReturnType<typeof createBillingStore>;
