/** What an undo would meet now: read from what stands, for the page that asks and for the act itself. */
import Big from 'big.js';
import { PluginError } from '../errors';
import type { Actor, Db, Id, Invoice, Merge } from '../host/contract';
import { canCredit } from '../host/credit-notes';
import { bearersOf } from '../host/lookups';
import { seenInvoices, todayIn } from '../host/own-columns';
import type { AllowanceCharge } from '../money/types';
import { rulesNow } from '../settings/rules';
import { recognise } from './carried';
import type { UndoRefusal } from './contract';
import { lockedUntil, restrictTo, type MergingDeps } from './deps';
import type { MergeParts } from './store-undo';
import { reasonsAgainstUndo } from './undo-reasons';

export type JudgingDeps = Pick<
  MergingDeps,
  'host' | 'store' | 'authorize' | 'scope' | 'hooks' | 'clock' | 'timeZone' | 'settings'
>;

export interface Judged {
  target: Invoice | null;
  /** The target's allowances without those that the merge brought. */
  ownAllowances: AllowanceCharge[];
  /** Sources whose number another invoice bears by now: they can come back under a new one. */
  renumber: MergeParts['sources'];
  refusals: UndoRefusal[];
}

const sameAllowance = (a: AllowanceCharge, b: AllowanceCharge): boolean =>
  a.kind === b.kind &&
  new Big(a.amount).eq(b.amount) &&
  (a.reason ?? '') === (b.reason ?? '') &&
  a.tax?.category === b.tax?.category &&
  new Big(a.tax?.rate ?? 0).eq(b.tax?.rate ?? 0);

/** `all` without each of `brought` once; null where one of them is not there any more. */
export function without(all: AllowanceCharge[], brought: AllowanceCharge[]): AllowanceCharge[] | null {
  const left = [...all];
  for (const one of brought) {
    const index = left.findIndex((other) => sameAllowance(one, other));
    if (index < 0) return null;
    left.splice(index, 1);
  }
  return left;
}

/** null: nobody knows. */
const broughtAllowances = ({ discounts: { carried, fixed } }: MergeParts): AllowanceCharge[] | null =>
  fixed && [...carried.flatMap(({ allowancesCharges }) => allowancesCharges), ...fixed.allowancesCharges];

export const createJudging = (deps: JudgingDeps) => {
  const { host, store } = deps;

  async function judge(db: Db, merge: Merge, parts: MergeParts): Promise<Judged> {
    const [target = null] = await host.loadInvoices(db, [merge.targetId]);
    const deleted = parts.sources.filter(({ settlement }) => settlement === 'delete');
    // Somebody else's by now: putting the old rows back would overwrite it.
    const takenIds = new Set(
      (
        await host.loadInvoices(
          db,
          deleted.map(({ invoiceId }) => invoiceId),
        )
      ).map(({ id }) => id),
    );
    const numbered = parts.sources.filter(({ number, settlement }) => number !== null && settlement !== 'credit');
    const bearers = await bearersOf(
      db,
      host.map,
      todayIn(deps.timeZone, deps.clock()),
      numbered.flatMap(({ number }) => number ?? []),
    );
    const renumber = numbered.filter(({ number, invoiceId }) =>
      bearers.some((one) => one.number === number && one.id !== invoiceId),
    );
    const [mergedOn] = await store.asSources(db, [merge.targetId]);
    const since = (await store.asTarget(db, merge.targetId)).filter(
      ({ mergeId }) => BigInt(mergeId) > BigInt(merge.id),
    );
    const standing = parts.carried.filter(({ goneAt }) => goneAt === null);
    const { restored, changed, reworded, gone } = recognise(standing, target?.lines ?? [], []);
    // Its mark is lost: the host wrote it anew without us, and one of the invoice's own may read the same.
    const unmarked = [...restored, ...reworded].filter(({ line }) => line.sourceInvoiceId === null);
    const lost = [
      ...parts.carried.filter(({ goneAt, changedAt }) => goneAt !== null || changedAt !== null),
      ...gone,
      ...[...changed, ...unmarked].map(({ record }) => record),
    ];
    const brought = broughtAllowances(parts);
    const ownAllowances = brought && without(target?.allowancesCharges ?? [], brought);
    const before = parts.discounts.target.discount;
    const settings = await deps.settings.read(db);
    const { issuedTargets: issuedChange } = rulesNow(settings, { deleteBlocked: false, canCredit: canCredit(host) });
    const hasNewDiscount = before !== null && !new Big(target?.discount?.value ?? 0).eq(0);
    const refusals = reasonsAgainstUndo({
      target,
      mergedOn: mergedOn ?? null,
      mergedSince: since.map(({ number }) => number),
      sources: parts.sources,
      changedLines: [...new Set(lost.map(({ content }) => content.description))],
      discountChanged: target !== null && (ownAllowances === null || hasNewDiscount),
      takenIds: deleted.filter(({ invoiceId }) => takenIds.has(invoiceId)).map(({ number }) => number),
      takenNumbers: renumber.map(({ number }) => number),
      lockedUntil: await lockedUntil(deps, db, settings),
      issuedChange,
    });
    return { target, ownAllowances: ownAllowances ?? [], renumber, refusals };
  }

  /** All merges, or the author's own while the invoice is neither sent nor paid; null: neither. */
  async function rightToUndo(
    db: Db,
    actor: Actor,
    merge: Pick<Merge, 'targetId' | 'actor'>,
  ): Promise<'any' | 'own' | null> {
    const about = { invoiceId: merge.targetId, db };
    if (await deps.authorize(actor, 'merge.undo', about)) return 'any';
    const own = actor.id === merge.actor.id && (await deps.authorize(actor, 'merge.undo_own', about));
    return own ? 'own' : null;
  }

  /** @throws IM_NOT_FOUND 404 where the person may not see its target */
  async function seenMerge(db: Db, id: Id, actor: Actor): Promise<Merge> {
    const merge = await store.mergeById(db, id, () => seenInvoices(db, host.map, restrictTo(deps, actor)));
    if (!merge) throw new PluginError('IM_NOT_FOUND', 404, { mergeId: id });
    return merge;
  }

  /** Somebody was quicker. */
  function tooLate({ id, targetNumber, undone, corrected }: Merge): PluginError {
    const done = undone ?? corrected;
    const vars = { mergeId: id, number: targetNumber, at: done?.at, by: done?.by.name };
    return new PluginError(undone ? 'IM_ALREADY_UNDONE' : 'IM_ALREADY_CORRECTED', 409, vars);
  }

  return { judge, rightToUndo, seenMerge, tooLate };
};

export type Judging = ReturnType<typeof createJudging>;
