/** Making, changing, archiving and deleting payment methods. */
import { PluginError } from '../errors';
import type { Actor, Db, Id, Trx } from '../host/contract';
import {
  countHostPayments,
  deleteUnusedMethod,
  insertMethod,
  markMethodUsed,
  methodsNamed,
  updateMethod,
} from '../host/payment-methods';
import { runTransaction } from '../host/transaction';
import type { MethodFields, MethodKind, MethodService, PaymentMethod } from './contract';
import { folded, invalid, readFields } from './rules';
import { isIcon } from './rules-icons';
import { demandManage, loadMethods, type BillingDeps } from './service-deps';

const ACTION = 'billing.method';
const NO_FIELDS: MethodFields = {
  name: '',
  externalIdentifier: null,
  requiresReference: false,
  referenceLabel: null,
  referenceMask: null,
  imageId: null,
  integrationId: null,
};
const fieldsOf = (method: PaymentMethod): MethodFields => ({
  name: method.name,
  externalIdentifier: method.externalIdentifier,
  requiresReference: method.requiresReference,
  referenceLabel: method.referenceLabel,
  referenceMask: method.referenceMask,
  imageId: method.imageId,
  integrationId: method.integrationId,
});

/** @param moved told of a method that was archived, restored or deleted, in the same transaction: lists contain it */
export function createMethods(
  deps: BillingDeps,
  moved: (trx: Trx, methodId: Id, how: 'changed' | 'deleted') => Promise<void>,
): MethodService {
  const { knex, map, store } = deps;
  const collator = new Intl.Collator('fr');

  async function byId(db: Db, id: Id): Promise<PaymentMethod> {
    const [method] = await loadMethods(deps, db, [id]);
    if (!method) throw new PluginError('IM_NOT_FOUND', 404, { why: 'method' });
    return method;
  }

  async function external(trx: Trx, id: Id): Promise<PaymentMethod> {
    const method = await byId(trx, id);
    if (method.kind === 'internal') throw new PluginError('IM_METHOD_BUILTIN', 422, { name: method.name });
    return method;
  }

  async function uses(db: Db, ids: Id[]): Promise<Map<Id, number>> {
    const sums = new Map(ids.map((id) => [id, 0]));
    for (const count of [(on: Db, of: Id[]) => countHostPayments(on, map, of), ...deps.countUses])
      for (const [id, n] of await count(db, ids)) sums.set(id, (sums.get(id) ?? 0) + n);
    return sums;
  }

  /** Archived ones too: two of one name could not be told apart once one is restored. */
  async function demandFreeName(trx: Trx, name: string, except: Id | null): Promise<void> {
    const same = await methodsNamed(trx, map, name);
    const other = (await loadMethods(deps, trx)).find(
      (one) => one.id !== except && (same.includes(one.id) || folded(one.name) === folded(name)),
    );
    if (other)
      throw new PluginError('IM_METHOD_NAME_TAKEN', 409, { name: other.name, archived: other.archivedAt !== null });
  }

  async function demandFit(
    trx: Trx,
    kind: MethodKind,
    { imageId, integrationId }: Partial<MethodFields>,
  ): Promise<void> {
    if (imageId && !isIcon(imageId) && !(await deps.images.hasImage(trx, imageId))) throw invalid('image');
    if (!integrationId) return;
    if (kind !== 'external_billing') throw invalid('integrationId');
    const known = await deps.integrations(trx);
    if (!known.some(({ id }) => id === integrationId)) throw new PluginError('IM_INTEGRATION_MISSING', 422);
  }

  /** Under the lock of all methods, logged with before and after; `work` answers the method's id, null when it is gone. */
  async function changing(
    actor: Actor,
    act: string,
    work: (trx: Trx, at: string) => Promise<{ id: Id; before: PaymentMethod | null; gone?: boolean }>,
  ): Promise<PaymentMethod | null> {
    await demandManage(deps, actor);
    const at = deps.clock().toISOString();
    return runTransaction(knex, async (trx) => {
      await store.lockMethods(trx);
      const { id, before, gone = false } = await work(trx, at);
      const after = gone ? null : await byId(trx, id);
      if (JSON.stringify(before) !== JSON.stringify(after))
        await store.log(trx, ACTION, at, actor, { act, methodId: id, before, after });
      return after;
    });
  }

  const kept = async (changed: Promise<PaymentMethod | null>): Promise<PaymentMethod> => {
    const method = await changed;
    if (!method) throw new PluginError('IM_NOT_FOUND', 404, { why: 'method' });
    return method;
  };

  async function archiving(actor: Actor, methodId: Id, archives: boolean): Promise<PaymentMethod> {
    const work = async (trx: Trx, at: string) => {
      const before = await external(trx, methodId);
      if ((before.archivedAt !== null) !== archives) {
        // The host's own forms offer what is active there.
        await updateMethod(trx, map, methodId, { archivedAt: archives ? at : null, active: !archives });
        await moved(trx, methodId, 'changed');
      }
      return { id: methodId, before };
    };
    return kept(changing(actor, archives ? 'archive' : 'restore', work));
  }

  return {
    byId,
    uses,

    async list(db) {
      const all = await loadMethods(deps, db);
      const externals = all.filter(({ kind }) => kind !== 'internal');
      return [
        ...all.filter(({ kind }) => kind === 'internal'),
        ...externals.sort((a, b) => collator.compare(a.name, b.name)),
      ];
    },

    async markUsed(trx, id) {
      if (!(await markMethodUsed(trx, map, id, deps.clock().toISOString())))
        throw new PluginError('IM_NOT_FOUND', 404, { why: 'method' });
    },

    async create(actor, kind, given) {
      const fields = { ...NO_FIELDS, ...readFields(given) };
      const work = async (trx: Trx) => {
        await demandFreeName(trx, fields.name, null);
        await demandFit(trx, kind, fields);
        return { id: await insertMethod(trx, map, { ...fields, kind, active: true }), before: null };
      };
      return kept(changing(actor, 'create', work));
    },

    async change(actor, id, given) {
      const fields = readFields(given);
      const work = async (trx: Trx) => {
        const before = await external(trx, id);
        if (fields.name !== undefined && fields.name !== before.name) await demandFreeName(trx, fields.name, id);
        // What it has may stay, also where its connection is gone: only what is new must be there.
        const { imageId, integrationId } = fields;
        await demandFit(trx, before.kind, {
          ...(imageId !== before.imageId && { imageId }),
          ...(integrationId !== before.integrationId && { integrationId }),
        });
        await updateMethod(trx, map, id, { ...fieldsOf(before), ...fields });
        return { id, before };
      };
      return kept(changing(actor, 'change', work));
    },

    async remove(actor, id) {
      await changing(actor, 'delete', async (trx) => {
        const before = await external(trx, id);
        // Deleted before it is counted: a first payment writes the same row, and one of the two waits or fails.
        const unused = await deleteUnusedMethod(trx, map, id);
        const count = (await uses(trx, [id])).get(id) ?? 0;
        if (!unused || count > 0)
          throw new PluginError('IM_METHOD_USED', 409, { name: before.name, count: Math.max(count, 1) });
        await moved(trx, id, 'deleted');
        return { id, before, gone: true };
      });
    },

    archive: (actor, id) => archiving(actor, id, true),
    restore: (actor, id) => archiving(actor, id, false),
  };
}
