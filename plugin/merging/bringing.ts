/** Brings the sources' lines, discounts and adjustments into the saved target, and makes the target's own discount fixed. */
import Big from 'big.js';
import type { SavedInvoice } from '../contract';
import type { Actor, Id, Invoice, InvoiceLine, Trx } from '../host/contract';
import { minorUnit } from '../money/currency';
import { sum, toAmount } from '../money/decimal';
import type { Admission } from './admission';
import type { ChangedLine } from './carried';
import { adoptFormLines } from './carrying';
import { carriedFrom, fixDiscount } from './combine';
import { carryingWords, keepsAllowances, ownDiscountText, type MergingDeps } from './deps';
import type { MergeForm } from './payload';
import type { FixedDiscounts } from './store';

/** A save that merges, once the host has saved. */
export interface MergingSave {
  admitted: Admission;
  /** As the host has just saved it. */
  saved: Invoice;
  answer: SavedInvoice;
  form: MergeForm;
  /** Carried lines of earlier merges that this save changed. */
  lost: ChangedLine[];
  actor: Actor;
}

export interface Brought {
  /** The target without what this merge brings. */
  own: Invoice;
  /** The target with all of it, as it is stored now. */
  document: Invoice;
  /** The lines that this merge brought. */
  lines: InvoiceLine[];
  lost: ChangedLine[];
  discounts: FixedDiscounts;
}

type Change = Parameters<MergingDeps['host']['updateInvoice']>[2];

/** Leaves out what stays as it is: hosts without a discount or an adjustment column are then not asked for it. */
function onlyChanges(
  saved: Invoice,
  change: Required<Pick<Change, 'allowancesCharges' | 'adjustment' | 'reminderLevel'>> & Pick<Change, 'discount'>,
): Change {
  return {
    ...(change.discount && !new Big(saved.discount?.value ?? 0).eq(0) && { discount: change.discount }),
    ...(change.allowancesCharges.length !== saved.allowancesCharges.length && {
      allowancesCharges: change.allowancesCharges,
    }),
    ...(!new Big(change.adjustment).eq(saved.adjustment) && { adjustment: change.adjustment }),
    ...(change.reminderLevel !== saved.reminderLevel && { reminderLevel: change.reminderLevel }),
  };
}

export async function bringIn(
  deps: Pick<MergingDeps, 'host' | 'documents'>,
  trx: Trx,
  save: MergingSave,
): Promise<Brought> {
  const { host, documents } = deps;
  const { saved, answer, form } = save;
  const { sources } = save.admitted;
  const into = keepsAllowances(host) ? 'allowances' : 'lines';
  const carried = sources.map((source) => ({
    sourceId: source.id,
    ...carriedFrom(source, into, carryingWords(documents)),
  }));

  const byForm = form.linesBy === 'form';
  const adopted = byForm ? await adoptFormLines(host.map, trx, saved, answer, carried) : { lost: [], own: saved };
  const fixed = fixDiscount(adopted.own, into, ownDiscountText(documents), { taxRounding: host.map.taxRounding });
  // Marked with the invoice's own id: it came with this merge, though from no other document.
  const fixedLines = fixed.lines.map((line, index) => ({ ...line, key: `own.${index}`, sourceInvoiceId: saved.id }));
  const added = byForm ? fixedLines : [...carried.flatMap((one) => one.lines), ...fixedLines];
  if (added.length > 0) await host.appendLines(trx, saved.id, added);

  const changes = onlyChanges(saved, {
    ...(saved.discount && { discount: { ...saved.discount, value: '0' } }),
    allowancesCharges: [
      ...saved.allowancesCharges,
      ...fixed.allowancesCharges,
      ...(byForm ? [] : carried.flatMap((one) => one.allowancesCharges)),
    ],
    adjustment: toAmount(
      sum([saved.adjustment, fixed.adjustment, ...carried.map((one) => one.adjustment)]),
      minorUnit(saved.currency),
    ),
    // Late fees and reminders already claimed are not forgotten because invoices became one.
    reminderLevel: Math.max(saved.reminderLevel, ...sources.map((source) => source.reminderLevel)),
  });
  if (Object.keys(changes).length > 0) await host.updateInvoice(trx, saved.id, changes);

  const [document = saved] = await host.loadInvoices(trx, [saved.id]);
  const markedBefore = new Set(saved.lines.filter((line) => line.sourceInvoiceId !== null).map((line) => line.id));
  const { discount, adjustment, allowancesCharges, reminderLevel } = saved;
  return {
    own: adopted.own,
    document,
    lines: document.lines.filter((line) => line.sourceInvoiceId !== null && !markedBefore.has(line.id)),
    lost: adopted.lost,
    discounts: {
      target: { discount, adjustment, allowancesCharges, reminderLevel },
      carried: carried.map((one) => ({
        sourceId: one.sourceId,
        adjustment: one.adjustment,
        allowancesCharges: one.allowancesCharges,
      })),
      fixed: { adjustment: fixed.adjustment, allowancesCharges: fixed.allowancesCharges },
      reminderLevel: document.reminderLevel,
    },
  };
}

/** Which line of the target each source's line has become. */
export function lineIdPairs(sources: Invoice[], target: Invoice): [Id, Id][] {
  const lineIds = new Map<Id, Id>();
  for (const line of target.lines) if (line.sourceLineId !== null) lineIds.set(line.sourceLineId, line.id);
  return sources.flatMap((source) =>
    source.lines.flatMap(({ id }): [Id, Id][] => {
      const lineId = lineIds.get(id);
      return lineId === undefined ? [] : [[id, lineId]];
    }),
  );
}
