/** Order modules and their lists of payment methods: Cash first, everything else in the order that an admin gave. */
import { PluginError } from '../errors';
import type { Actor, Db, Id, Trx } from '../host/contract';
import { runTransaction } from '../host/transaction';
import type { BuiltinModule, ModuleMethods, ModuleService, OrderModule, PaymentMethod } from './contract';
import { cashFirst, demandName, folded, isOrderOf } from './rules';
import { demandManage, loadMethods, type BillingDeps } from './service-deps';

const BUILTIN: BuiltinModule[] = ['direct_sale', 'invoices'];
const ACTION = 'billing.module';
const NAME_LIMIT = 80;

/** A module's list under its lock. */
interface Listed {
  module: OrderModule;
  /** Of every method that the host knows. */
  methods: Map<Id, PaymentMethod>;
  /** In order; those that cannot be used now are left out. */
  visible: Id[];
  /** The rest, kept behind them: what is restored comes back last. */
  hidden: Id[];
  cashId: Id | null;
}

export interface Modules extends ModuleService {
  /** A method was archived, restored or deleted: it goes to the end of each list that has it, or out of it. */
  methodMoved(trx: Trx, methodId: Id, how: 'changed' | 'deleted'): Promise<void>;
}

/** @param deps see BillingDeps */
export function createModules(deps: BillingDeps): Modules {
  const { knex, store } = deps;

  async function listed(db: Db, module: OrderModule): Promise<Listed> {
    const all = await store.attached(db, module.id);
    const methods = new Map((await loadMethods(deps, db)).map((one) => [one.id, one]));
    // What the host has deleted itself is in no list any more.
    const known = all.filter((id) => methods.has(id));
    const cashId = known.find((id) => methods.get(id)?.isCash) ?? null;
    return {
      ...{ module, methods, cashId },
      visible: cashFirst(
        known.filter((id) => methods.get(id)?.active),
        cashId,
      ),
      hidden: known.filter((id) => !methods.get(id)?.active),
    };
  }

  const toMethods = ({ module, methods, visible }: Listed): ModuleMethods => ({
    module,
    methods: visible.flatMap((id) => methods.get(id) ?? []),
  });

  /** The host's own methods, which a new module begins with. */
  async function builtinMethods(db: Db): Promise<Id[]> {
    const usable = (await loadMethods(deps, db)).filter(({ kind, active }) => kind === 'internal' && active);
    const cash = usable.find(({ isCash }) => isCash);
    return cashFirst(
      usable.map(({ id }) => id),
      cash?.id ?? null,
    );
  }

  async function seed(trx: Trx): Promise<void> {
    for (const builtin of BUILTIN) {
      const id = await store.insertModule(trx, { name: null, builtin });
      if (id !== null) await store.writeAttached(trx, id, await builtinMethods(trx), null);
    }
  }

  /** The built-in ones are made by whoever asks first, in any process: no migration can know the host's methods. */
  async function list(db: Db): Promise<OrderModule[]> {
    const found = await store.modules(db);
    if (BUILTIN.every((builtin) => found.some((one) => one.builtin === builtin))) return found;
    await (db.isTransaction ? seed(db as Trx) : runTransaction(knex, seed));
    return store.modules(db);
  }

  async function byId(db: Db, id: Id): Promise<OrderModule> {
    let module = await store.moduleById(db, id);
    if (!module && (await list(db)).length > 0) module = await store.moduleById(db, id);
    if (!module) throw new PluginError('IM_NOT_FOUND', 404, { why: 'module' });
    return module;
  }

  /**
   * Changes one list under its lock; what changes nothing leaves the version as it was.
   * @param next the ids that can be used, in their new order
   */
  async function rewriting(
    actor: Actor,
    id: Id,
    act: string,
    next: (now: Listed & { version: number }, trx: Trx) => Id[] | Promise<Id[]>,
  ): Promise<ModuleMethods> {
    await demandManage(deps, actor);
    const known = await byId(knex, id);
    const at = deps.clock().toISOString();
    return runTransaction(knex, async (trx) => {
      await store.lockModule(trx, known.id);
      const locked = await byId(trx, known.id);
      const version = locked.version - 1;
      const now = await listed(trx, { ...locked, version });
      const ids = await next({ ...now, version }, trx);
      const [before, after] = [
        [...now.visible, ...now.hidden],
        [...ids, ...now.hidden.filter((one) => !ids.includes(one))],
      ];
      if (before.join() === after.join()) {
        await store.setVersion(trx, known.id, version);
        return toMethods(now);
      }
      await store.writeAttached(trx, known.id, after, before);
      await store.log(trx, ACTION, at, actor, { act, moduleId: known.id, before, after });
      return toMethods({ ...now, module: { ...locked, undoable: true }, visible: ids });
    });
  }

  const demandNotCash = ({ cashId, visible }: Listed, ids: Id[]): void => {
    if (cashId !== null && visible.includes(cashId) && ids[0] !== cashId) throw new PluginError('IM_CASH_PINNED', 422);
  };

  async function demandFreeName(trx: Trx, name: string, except: Id | null): Promise<void> {
    const other = (await store.modules(trx)).find(
      (one) =>
        one.id !== except &&
        [one.name ?? [], one.name === null && one.builtin ? deps.builtinNames(one.builtin) : []]
          .flat()
          .some((taken) => folded(taken) === folded(name)),
    );
    if (other) throw new PluginError('IM_MODULE_NAME_TAKEN', 409, { name });
  }

  return {
    list,
    byId,
    methods: async (db, id) => toMethods(await listed(db, await byId(db, id))),

    async create(actor, given) {
      await demandManage(deps, actor);
      const name = demandName(given, NAME_LIMIT);
      await list(knex);
      const at = deps.clock().toISOString();
      return runTransaction(knex, async (trx) => {
        await store.lockMethods(trx);
        await demandFreeName(trx, name, null);
        const id = (await store.insertModule(trx, { name, builtin: null })) ?? '';
        await store.writeAttached(trx, id, await builtinMethods(trx), null);
        await store.log(trx, ACTION, at, actor, { act: 'create', moduleId: id, name });
        return byId(trx, id);
      });
    },

    async rename(actor, id, given) {
      await demandManage(deps, actor);
      const name = demandName(given, NAME_LIMIT);
      const known = await byId(knex, id);
      const at = deps.clock().toISOString();
      return runTransaction(knex, async (trx) => {
        await store.lockMethods(trx);
        await demandFreeName(trx, name, known.id);
        await store.renameModule(trx, known.id, name);
        await store.log(trx, ACTION, at, actor, { act: 'rename', moduleId: known.id, before: known.name, after: name });
        return byId(trx, known.id);
      });
    },

    attach: (actor, id, methodIds) =>
      rewriting(actor, id, 'attach', ({ methods, visible }) => {
        for (const one of methodIds) {
          const method = methods.get(one);
          if (!method) throw new PluginError('IM_NOT_FOUND', 404, { why: 'method' });
          if (!method.active) throw new PluginError('IM_METHOD_ARCHIVED', 409, { name: method.name });
        }
        const cash = methodIds.find((one) => methods.get(one)?.isCash) ?? null;
        return cashFirst([...new Set([...visible, ...methodIds])], cash);
      }),

    detach: (actor, id, methodId) =>
      rewriting(actor, id, 'detach', ({ cashId, visible }) => {
        if (methodId === cashId) throw new PluginError('IM_CASH_PINNED', 422);
        return visible.filter((one) => one !== methodId);
      }),

    reorder: (actor, id, { ids, version }) =>
      rewriting(actor, id, 'reorder', (now) => {
        if (version !== now.version || !isOrderOf(ids, now.visible))
          throw new PluginError('IM_STALE_ORDER', 409, { version: now.version, ids: now.visible });
        demandNotCash(now, ids);
        return ids;
      }),

    undo: (actor, id, version) =>
      rewriting(actor, id, 'undo', async (now, trx) => {
        if (version !== now.version)
          throw new PluginError('IM_STALE_ORDER', 409, { version: now.version, ids: now.visible });
        const previous = await store.previous(trx, now.module.id);
        if (previous === null) throw new PluginError('IM_NOTHING_TO_UNDO', 409);
        return cashFirst(
          previous.filter((one) => now.methods.get(one)?.active),
          now.cashId,
        );
      }),

    async methodMoved(trx, methodId, how) {
      for (const id of await store.modulesWith(trx, methodId)) {
        await store.lockModule(trx, id);
        const { visible, hidden } = await listed(trx, await byId(trx, id));
        // What was before is no list to go back to: the way back is to restore, or to archive.
        await store.writeAttached(
          trx,
          id,
          [...visible, ...hidden].filter((one) => how !== 'deleted' || one !== methodId),
          null,
        );
      }
    },
  };
}
