/** Undoes a merge: sources come back, lines and links return, the target is as it was. One transaction, or nothing. */
import Big from 'big.js';
import { PluginError } from '../errors';
import type { Actor, Invoice, Merge, Trx } from '../host/contract';
import { linksOnLines } from '../host/links';
import { numberRow } from '../host/numbers';
import { textOf } from '../host/sql';
import { demandTransaction } from '../host/transaction';
import { minorUnit } from '../money/currency';
import { sum, toAmount } from '../money/decimal';
import type { AllowanceCharge } from '../money/types';
import type { Undone, UndoRefusal, UndoRequest } from './contract';
import type { MergingDeps } from './deps';
import type { MergeParts } from './store-undo';
import type { Judging } from './undo-judging';

type UndoDeps = Pick<MergingDeps, 'host' | 'store' | 'hooks' | 'clock' | 'documents' | 'allocateNumbers' | 'numbers'>;

export const createUndoing = (deps: UndoDeps, judging: Judging) => {
  const { host, store } = deps;

  function refuse(merge: Merge, refusals: UndoRefusal[]): void {
    if (refusals.length > 0)
      throw new PluginError('IM_UNDO_REFUSED', 422, { mergeId: merge.id, number: merge.targetNumber, refusals });
  }

  async function demand(trx: Trx, actor: Actor, merge: Merge, confirmed: boolean): Promise<void> {
    const right = await judging.rightToUndo(trx, actor, merge);
    if (right === null || (right === 'own' && confirmed))
      throw new PluginError('IM_FORBIDDEN', 403, { action: 'merge.undo' });
  }

  const restore = (trx: Trx, sources: MergeParts['sources']): Promise<void> =>
    host.restoreInvoices(
      trx,
      sources.flatMap(({ snapshot }) => snapshot ?? []),
    );

  /** The target as it was: its own discount again, without what the merge brought. */
  async function restoreTarget(trx: Trx, target: Invoice, parts: MergeParts, ownAllowances: AllowanceCharge[]) {
    const { discounts } = parts;
    const before = discounts.target;
    const brought = [discounts.fixed?.adjustment ?? '0', ...discounts.carried.map(({ adjustment }) => adjustment)];
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

  /** The kept rows get the next numbers of their series, and a note of the number that they bore. */
  async function giveNewNumbers(trx: Trx, sources: MergeParts['sources']): Promise<Undone['renumbered']> {
    const renumbered: Undone['renumbered'] = [];
    const { table, note } = host.map.invoices;
    for (const { invoiceId, number, issueDate, snapshot } of sources) {
      const row = snapshot?.tables[table]?.[0];
      if (!row || number === null) continue;
      const [next = ''] = await deps.allocateNumbers(trx, 'invoice', 1, issueDate);
      Object.assign(row, numberRow(host.map, 'invoice', next));
      const words = deps.documents.t('document.renumbered', { number });
      if (note) row[note] = [textOf(row[note]), words].filter(Boolean).join('\n');
      renumbered.push({ invoiceId, from: number, to: next });
    }
    return renumbered;
  }

  return {
    /**
     * @throws IM_NOT_FOUND 404, IM_ALREADY_UNDONE 409, IM_FORBIDDEN 403, IM_UNDO_REFUSED 422 with every reason
     */
    async undo(trx: Trx, request: UndoRequest, actor: Actor): Promise<Undone> {
      const { mergeId, reason, confirmSent = false, numberTaken } = request;
      demandTransaction(trx);
      const at = deps.clock().toISOString();
      const mine = await store.mark(trx, 'undone', mergeId, { at, by: actor, reason });
      const merge = await judging.seenMerge(trx, mergeId, actor);
      if (!mine) throw judging.tooLate(merge);
      await demand(trx, actor, merge, confirmSent);
      const parts = await store.partsOf(trx, mergeId);
      await host.touchInvoices(trx, [merge.targetId, ...parts.sources.map(({ invoiceId }) => invoiceId)]);
      // Whose number comes back must be judged while nobody can be given it.
      if (parts.sources.some(({ number, settlement }) => number !== null && settlement !== 'credit'))
        await deps.numbers.hold(trx);
      const { target, ownAllowances, renumber, refusals } = await judging.judge(trx, merge, parts);
      const answered = [...(confirmSent ? ['sent'] : []), ...(numberTaken === 'new_number' ? ['number_taken'] : [])];
      refuse(
        merge,
        refusals.filter(({ code }) => !answered.includes(code)),
      );
      if (!target) throw new PluginError('IM_NOT_FOUND', 404, { mergeId });
      await deps.hooks.beforeUndo?.(trx, structuredClone(merge));
      await store.freeSources(trx, mergeId);

      // The others first: the next number of the series must be none that comes back.
      const back = parts.sources.filter((source) => !renumber.includes(source));
      await restore(trx, back);
      const act = { actor, at, reason };
      const numbered = back.filter(({ settlement }) => settlement !== 'credit');
      await deps.numbers.restored(
        trx,
        numbered.map(({ invoiceId, number }) => ({ id: invoiceId, number })),
        act,
      );
      const renumbered = await giveNewNumbers(trx, renumber);
      if (renumber.length > 0) await restore(trx, renumber);
      for (const { invoiceId, from, to } of renumbered)
        await deps.numbers.renumbered(trx, { id: invoiceId, from, to }, act);
      const linksLeft = await host.restoreLinks(trx, parts.links);
      const lineIds = parts.carried.flatMap(({ lineId }) => lineId ?? []);
      const links = await linksOnLines(trx, host.map, lineIds);
      refuse(merge, links.length > 0 ? [{ code: 'link', vars: { links } }] : []);
      await host.removeLines(trx, merge.targetId, lineIds);
      await restoreTarget(trx, target, parts, ownAllowances);
      await host.saveTotals(trx, merge.targetId);
      await store.logAct(trx, 'undo', {
        mergeId,
        targetId: merge.targetId,
        at,
        by: actor,
        details: {
          reason,
          linksLeft: linksLeft.map(({ link, from, to, row }) => ({ link, from, to, row })),
          renumbered,
        },
      });
      return { merge, linksLeft, renumbered };
    },
  };
};

export type Undoing = ReturnType<typeof createUndoing>;
