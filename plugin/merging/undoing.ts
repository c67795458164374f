/** Undoes a merge: sources come back, lines and links return, the target is as it was. One transaction, or nothing. */
import Big from 'big.js';
import { PluginError } from '../errors';
import type { Actor, Id, Invoice, Merge, Trx } from '../host/contract';
import { linksOnLines } from '../host/links';
import { visibleIds } from '../host/own-columns';
import { demandTransaction } from '../host/transaction';
import { minorUnit } from '../money/currency';
import { sum, toAmount } from '../money/decimal';
import type { AllowanceCharge } from '../money/types';
import { recognise } from './carried';
import type { Undone, UndoRefusal, UndoRequest } from './contract';
import { lockedUntil, restrictTo, type MergingDeps } from './deps';
import type { MergeParts } from './store-undo';
import { reasonsAgainstUndo } from './undo-reasons';

type UndoDeps = Pick<MergingDeps, 'host' | 'store' | 'settings' | 'authorize' | 'scope' | 'hooks' | 'clock'>;

/** One for each of a merge that can be undone for whoever asks. */
interface Judged {
  target: Invoice | null;
  /** The target's allowances without those that the merge brought. */
  ownAllowances: AllowanceCharge[];
  refusals: UndoRefusal[];
}

const sameAllowance = (a: AllowanceCharge, b: AllowanceCharge): boolean =>
  a.kind === b.kind &&
  new Big(a.amount).eq(b.amount) &&
  (a.reason ?? '') === (b.reason ?? '') &&
  a.tax?.category === b.tax?.category &&
  new Big(a.tax?.rate ?? 0).eq(b.tax?.rate ?? 0);

/** `all` without each of `brought` once; null where one of them is not there any more. */
function without(all: AllowanceCharge[], brought: AllowanceCharge[]): AllowanceCharge[] | null {
  const left = [...all];
  for (const one of brought) {
    const index = left.findIndex((other) => sameAllowance(one, other));
    if (index < 0) return null;
    left.splice(index, 1);
  }
  return left;
}

const broughtAllowances = ({ discounts }: MergeParts): AllowanceCharge[] => [
  ...discounts.carried.flatMap(({ allowancesCharges }) => allowancesCharges),
  ...discounts.fixed.allowancesCharges,
];

export const createUndoing = (deps: UndoDeps) => {
  const { host, store } = deps;

  async function judge(trx: Trx, merge: Merge, parts: MergeParts): Promise<Judged> {
    const [target = null] = await host.loadInvoices(trx, [merge.targetId]);
    const deleted = parts.sources.filter(({ settlement }) => settlement === 'delete');
    // Somebody else's by now: putting the old rows back would overwrite it.
    const takenIds = new Set(
      (
        await host.loadInvoices(
          trx,
          deleted.map(({ invoiceId }) => invoiceId),
        )
      ).map(({ id }) => id),
    );
    const [mergedOn] = await store.asSources(trx, [merge.targetId]);
    const since = (await store.asTarget(trx, merge.targetId)).filter(
      ({ mergeId }) => BigInt(mergeId) > BigInt(merge.id),
    );
    const standing = parts.carried.filter(({ goneAt }) => goneAt === null);
    const { changed, gone } = recognise(standing, target?.lines ?? [], []);
    const lost = [
      ...parts.carried.filter(({ goneAt, changedAt }) => goneAt !== null || changedAt !== null),
      ...gone,
      ...changed.map(({ record }) => record),
    ];
    const ownAllowances = without(target?.allowancesCharges ?? [], broughtAllowances(parts));
    const before = parts.discounts.target.discount;
    const hasNewDiscount = before !== null && !new Big(target?.discount?.value ?? 0).eq(0);
    const refusals = reasonsAgainstUndo({
      target,
      mergedOn: mergedOn !== undefined,
      mergedSince: since.map(({ number }) => number),
      sources: parts.sources,
      changedLines: [...new Set(lost.map(({ content }) => content.description))],
      discountChanged: target !== null && (ownAllowances === null || hasNewDiscount),
      taken: deleted.filter(({ invoiceId }) => takenIds.has(invoiceId)).map(({ number }) => number),
      lockedUntil: await lockedUntil(deps, trx, await deps.settings.read(trx)),
    });
    return { target, ownAllowances: ownAllowances ?? [], refusals };
  }

  function refuse(merge: Merge, refusals: UndoRefusal[]): void {
    if (refusals.length > 0)
      throw new PluginError('IM_UNDO_REFUSED', 422, { mergeId: merge.id, number: merge.targetNumber, refusals });
  }

  /** Whoever may undo all merges, or the author while the invoice is neither sent nor paid. */
  async function demand(trx: Trx, actor: Actor, merge: Merge, confirmed: boolean): Promise<'any' | 'own'> {
    const about = { invoiceId: merge.targetId, db: trx };
    if (await deps.authorize(actor, 'merge.undo', about)) return 'any';
    const mine = actor.id === merge.actor.id && (await deps.authorize(actor, 'merge.undo_own', about));
    if (!mine || confirmed) throw new PluginError('IM_FORBIDDEN', 403, { action: 'merge.undo' });
    return 'own';
  }

  async function demandVisible(trx: Trx, merge: Merge | null, actor: Actor, mergeId: Id): Promise<Merge> {
    const ids = merge ? [merge.targetId] : [];
    const seen = await visibleIds(trx, host.map, ids, restrictTo(deps, actor));
    if (!merge || !seen.has(merge.targetId)) throw new PluginError('IM_NOT_FOUND', 404, { mergeId });
    return merge;
  }

  /** The target as it was: its own discount again, without what the merge brought. */
  async function restoreTarget(trx: Trx, target: Invoice, parts: MergeParts, ownAllowances: AllowanceCharge[]) {
    const { discounts } = parts;
    const before = discounts.target;
    const brought = [discounts.fixed.adjustment, ...discounts.carried.map(({ adjustment }) => adjustment)];
    const adjustment = toAmount(new Big(target.adjustment).minus(sum(brought)), minorUnit(target.currency));
    const change: Parameters<typeof host.updateInvoice>[2] = {
      ...(before.discount && { discount: before.discount }),
      ...(ownAllowances.length !== target.allowancesCharges.length && { allowancesCharges: ownAllowances }),
      ...(!new Big(adjustment).eq(target.adjustment) && { adjustment }),
      // Reminders that were sent for it since stay counted.
      ...(target.reminderLevel === discounts.reminderLevel &&
        before.reminderLevel !== target.reminderLevel && { reminderLevel: before.reminderLevel }),
    };
    if (Object.keys(change).length > 0) await host.updateInvoice(trx, target.id, change);
  }

  return {
    /**
     * @throws IM_NOT_FOUND 404, IM_ALREADY_UNDONE 409, IM_FORBIDDEN 403, IM_UNDO_REFUSED 422 with every reason
     */
    async undo(trx: Trx, { mergeId, reason, confirmSent = false }: UndoRequest, actor: Actor): Promise<Undone> {
      demandTransaction(trx);
      const at = deps.clock().toISOString();
      const mine = await store.markUndone(trx, mergeId, { at, by: actor, reason });
      const merge = await demandVisible(trx, await store.mergeById(trx, mergeId), actor, mergeId);
      if (!mine)
        throw new PluginError('IM_ALREADY_UNDONE', 409, {
          mergeId,
          number: merge.targetNumber,
          at: merge.undone?.at,
          by: merge.undone?.by.name,
        });
      await demand(trx, actor, merge, confirmSent);
      const parts = await store.partsOf(trx, mergeId);
      await host.touchInvoices(trx, [merge.targetId, ...parts.sources.map(({ invoiceId }) => invoiceId)]);
      const { target, ownAllowances, refusals } = await judge(trx, merge, parts);
      refuse(
        merge,
        refusals.filter(({ code }) => code !== 'sent' || !confirmSent),
      );
      if (!target) throw new PluginError('IM_NOT_FOUND', 404, { mergeId });
      await deps.hooks.beforeUndo?.(trx, merge);

      await host.restoreInvoices(
        trx,
        parts.sources.flatMap(({ snapshot }) => snapshot ?? []),
      );
      const linksLeft = await host.restoreLinks(trx, parts.links);
      const lineIds = parts.carried.flatMap(({ lineId }) => lineId ?? []);
      const links = await linksOnLines(trx, host.map, lineIds);
      refuse(merge, links.length > 0 ? [{ code: 'link', vars: { links } }] : []);
      await host.removeLines(trx, merge.targetId, lineIds);
      await restoreTarget(trx, target, parts, ownAllowances);
      await host.saveTotals(trx, merge.targetId);
      await store.logUndo(trx, {
        mergeId,
        targetId: merge.targetId,
        at,
        by: actor,
        details: { reason, linksLeft: linksLeft.map(({ link, row }) => ({ link, row })) },
      });
      return { merge, linksLeft };
    },
  };
};

export type Undoing = ReturnType<typeof createUndoing>;
