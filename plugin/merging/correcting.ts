/**
 * The lawful way back where undo is barred: the invoice that received the others is credited as a whole, and a draft is
 * opened for each source with its lines and links, one more for what the invoice had of its own. One transaction.
 */
import Big from 'big.js';
import { PluginError } from '../errors';
import type { Actor, CarriedLine, Id, Invoice, Merge, MovedLink, NewDraft, Trx } from '../host/contract';
import { todayIn } from '../host/own-columns';
import { demandTransaction } from '../host/transaction';
import { minorUnit } from '../money/currency';
import { exact, sum, toAmount, ZERO } from '../money/decimal';
import { carriedFrom } from './combine';
import type { CorrectRequest } from './contract';
import { carryingWords, keepsAllowances, lockedUntil, nameOf, type MergingDeps } from './deps';
import { issueCreditNotes } from './settling';
import type { MergeParts } from './store-undo';
import { without, type Judged, type Judging } from './undo-judging';
import { reasonsAgainstCorrecting } from './undo-reasons';

type CorrectDeps = Pick<
  MergingDeps,
  'host' | 'store' | 'hooks' | 'settings' | 'authorize' | 'clock' | 'timeZone' | 'documents' | 'allocateNumbers'
>;

interface Part {
  /** null: what the invoice had of its own. */
  sourceId: Id | null;
  draft: NewDraft;
}

export const createCorrecting = (deps: CorrectDeps, judging: Judging) => {
  const { host, store } = deps;
  const today = (): string => todayIn(deps.timeZone, deps.clock());

  /** The invoice taken apart: whose each line, allowance and adjustment was. */
  function partsOfTarget(target: Invoice, all: MergeParts[]): Part[] {
    const into = keepsAllowances(host) ? 'allowances' : 'lines';
    const whole = carriedFrom(target, into, carryingWords(deps.documents));
    const sources = all.flatMap((parts) => parts.sources.map(({ invoiceId }) => invoiceId));
    const ownerOf = new Map(target.lines.map((line) => [line.id, line.sourceInvoiceId]));
    const scale = minorUnit(target.currency);
    let allowancesLeft = whole.allowancesCharges;
    let adjustmentLeft = new Big(whole.adjustment);
    const draftOf = (lines: CarriedLine[], part: Pick<NewDraft, 'allowancesCharges' | 'adjustment'>): NewDraft => ({
      like: target.id,
      customerId: target.customerId,
      currency: target.currency,
      issueDate: today(),
      dueDate: target.dueDate === null ? null : later(today(), target.dueDate),
      note: deps.documents.t('document.corrected_from', { number: nameOf(deps.documents, target) }),
      lines,
      ...part,
    });
    const parts = sources.map((sourceId): Part => {
      const carried = all.flatMap(({ discounts }) => discounts.carried.filter((one) => one.sourceId === sourceId));
      const mine = carried.flatMap(({ allowancesCharges }) => allowancesCharges);
      const rest = without(allowancesLeft, mine);
      const adjustment = toAmount(sum(carried.map((one) => one.adjustment)), scale);
      if (rest) allowancesLeft = rest;
      adjustmentLeft = adjustmentLeft.minus(adjustment);
      const lines = whole.lines.filter(({ sourceLineId }) => ownerOf.get(sourceLineId ?? '') === sourceId);
      return { sourceId, draft: draftOf(lines, { allowancesCharges: rest ? mine : [], adjustment }) };
    });
    const taken = new Set(parts.flatMap(({ draft }) => draft.lines));
    const own: Part = {
      sourceId: null,
      draft: draftOf(
        whole.lines.filter((line) => !taken.has(line)),
        { allowancesCharges: allowancesLeft, adjustment: toAmount(adjustmentLeft, scale) },
      ),
    };
    // Nothing is billed by a draft without lines: a person had taken them out.
    return [...parts, own].filter(
      ({ draft }) => draft.lines.length > 0 || draft.allowancesCharges.length > 0 || !exact(draft.adjustment).eq(ZERO),
    );
  }

  const later = (a: string, b: string): string => (a > b ? a : b);

  /** What the merge brought along goes to the drafts; what somebody has put elsewhere since stays there. */
  function toDrafts(links: MovedLink[], drafts: Map<Id, Id>, lines: Map<Id, Id>): MovedLink[] {
    return links.flatMap((one): MovedLink[] => {
      const link = host.map.links.find(({ name }) => name === one.link);
      const next = link && (link.to === 'line' ? lines.get(one.to) : drafts.get(one.from));
      if (!link || next === undefined) return [];
      const how = one.how === 'dropped' ? 'dropped' : 'moved';
      return [{ ...one, how, from: next, row: how === 'dropped' ? { ...one.row, [link.column]: next } : one.row }];
    });
  }

  return {
    /** Why it cannot be corrected, else empty. */
    async judge(trx: Parameters<Judging['judge']>[0], judged: Pick<Judged, 'target' | 'refusals'>) {
      const closedUntil = await lockedUntil(deps, trx, await deps.settings.read(trx));
      return reasonsAgainstCorrecting({
        target: judged.target,
        undo: judged.refusals,
        canCorrect:
          host.creditInvoices !== undefined &&
          host.createDrafts !== undefined &&
          host.map.series?.creditNote !== undefined,
        today: today(),
        lockedUntil: closedUntil,
      });
    },

    /** @throws IM_NOT_FOUND 404, IM_ALREADY_UNDONE and IM_ALREADY_CORRECTED 409, IM_FORBIDDEN 403, IM_CORRECT_REFUSED 422 */
    async correct(trx: Trx, { mergeId, reason }: CorrectRequest, actor: Actor): Promise<Merge> {
      demandTransaction(trx);
      const at = deps.clock().toISOString();
      const mine = await store.mark(trx, 'corrected', mergeId, { at, by: actor, reason });
      const merge = await judging.seenMerge(trx, mergeId, actor);
      if (!mine) throw judging.tooLate(merge);
      if (!(await deps.authorize(actor, 'merge.undo', { invoiceId: merge.targetId, db: trx })))
        throw new PluginError('IM_FORBIDDEN', 403, { action: 'merge.undo' });
      await host.touchInvoices(trx, [merge.targetId]);
      const judged = await judging.judge(trx, merge, await store.partsOf(trx, mergeId));
      const refusals = await this.judge(trx, judged);
      const { target } = judged;
      if (refusals.length > 0 || !target || !host.createDrafts)
        throw new PluginError('IM_CORRECT_REFUSED', 422, { mergeId, number: merge.targetNumber, refusals });

      // All that went into the invoice leaves it: no merge into it stands alone.
      const together = [...new Set((await store.asTarget(trx, target.id)).map((one) => one.mergeId))];
      for (const other of together)
        if (other !== mergeId) await store.mark(trx, 'corrected', other, { at, by: actor, reason });
      const all: MergeParts[] = [];
      for (const id of together) all.push(await store.partsOf(trx, id));

      const parts = partsOfTarget(target, all);
      const note = (
        await issueCreditNotes(deps, trx, [target], today(), (invoice) =>
          deps.documents.t('document.correction_note', {
            number: nameOf(deps.documents, invoice),
            date: deps.documents.day(invoice.issueDate),
          }),
        )
      ).get(target.id);
      const made = await host.createDrafts(
        trx,
        parts.map(({ draft }) => draft),
      );
      const drafts = new Map<Id, Id>();
      const lines = new Map<Id, Id>();
      for (const [index, { sourceId, draft }] of parts.entries()) {
        const { invoiceId = '', lineIds = [] } = made[index] ?? {};
        if (sourceId !== null) drafts.set(sourceId, invoiceId);
        draft.lines.forEach(
          ({ sourceLineId }, at) => sourceLineId !== null && lines.set(sourceLineId, lineIds[at] ?? ''),
        );
        await host.saveTotals(trx, invoiceId);
      }
      await host.restoreLinks(
        trx,
        all.flatMap(({ links }) => toDrafts(links, drafts, lines)),
      );
      const own = parts.findIndex(({ sourceId }) => sourceId === null);
      await store.recordCorrection(trx, together, { note: note ?? null, drafts, restId: made[own]?.invoiceId ?? null });
      await store.logAct(trx, 'correct', {
        mergeId,
        targetId: target.id,
        at,
        by: actor,
        details: { reason, creditNote: note?.number, drafts: made.map(({ invoiceId }) => invoiceId) },
      });
      return judging.seenMerge(trx, mergeId, actor);
    },
  };
};

export type Correcting = ReturnType<typeof createCorrecting>;
