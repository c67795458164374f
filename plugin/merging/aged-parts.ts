/** Splits what an invoice still owes by the days on which the invoices that it replaces were due. */
import type { AgedPart } from '../contract';
import type { Day, Db, Id, Invoice } from '../host/contract';
import { forIds } from '../host/sql';
import { balanceOf } from './after-payments';
import type { MergingDeps } from './deps';
import { fromMinor, toMinor, type Participation } from './store-participations';

interface Due {
  invoiceId: Id;
  issueDate: Day;
  dueDate: Day | null;
}

/** What each invoice came to when it was merged, less what had been merged into it before; the target's own part first. */
function contributions(target: Invoice, mergedInto: Map<Id, Participation[]>): { due: Due; minor: bigint }[] {
  const own = new Map<Id, { due: Due; minor: bigint }>();
  const seen = new Set<Id>();
  const add = (id: Id, due: Due, total: bigint): void => {
    // Damaged rows could make a circle.
    const sources = seen.has(id) ? [] : (mergedInto.get(id) ?? []);
    seen.add(id);
    const rest = sources.reduce((left, one) => left - minor(one.total, target.currency), total);
    own.set(due.invoiceId, { due, minor: (own.get(due.invoiceId)?.minor ?? 0n) + rest });
    for (const { sourceId: invoiceId, issueDate, dueDate, statusBefore, total: part } of sources)
      // A draft never was due: it falls due with the invoice that received it.
      add(invoiceId, statusBefore === 'draft' ? due : { invoiceId, issueDate, dueDate }, minor(part, target.currency));
  };
  const { id: invoiceId, issueDate, dueDate } = target;
  add(invoiceId, { invoiceId, issueDate, dueDate }, minor(target.total, target.currency));
  return [...own.values()];
}

const minor = (amount: string, currency: string): bigint => BigInt(toMinor(amount, currency));
const dayOf = ({ dueDate, issueDate }: Due): Day => dueDate ?? issueDate;

/** Pure; see `createAgedParts`. `mergedInto`: by target, what stands merged into it. */
export function agedPartsOf(target: Invoice, mergedInto: Map<Id, Participation[]>): AgedPart[] {
  const owes = !target.credited && !['draft', 'paid', 'cancelled'].includes(target.status);
  let left = owes ? minor(balanceOf(target), target.currency) : 0n;
  const [own, ...others] = contributions(target, mergedInto);
  if (!own || left === 0n) return [];
  // The oldest are paid first, so what is left is owed for the youngest. Parts below zero have lowered the oldest too.
  const youngest = [own, ...others].sort((a, b) => dayOf(b.due).localeCompare(dayOf(a.due)));
  const owed = new Map<Due, bigint>();
  for (const { due, minor: part } of youngest) {
    const taken = part < left ? part : left;
    if (taken <= 0n) continue;
    owed.set(due, taken);
    left -= taken;
  }
  // Beyond all of them: what the invoice was overpaid by, or what a payment taken back added to it.
  if (left !== 0n) owed.set(own.due, (owed.get(own.due) ?? 0n) + left);
  return [...owed]
    .map(([due, part]) => ({ ...due, amount: fromMinor(String(part), target.currency) }))
    .sort((a, b) => dayOf(a).localeCompare(dayOf(b)));
}

/**
 * For each invoice that exists, what is still owed of it by original due date, oldest first; the parts add up to its
 * balance. Empty for what owes nothing: drafts, paid, credited and cancelled invoices.
 * As many statements for 500 invoices as for one, and one more for each level of invoices merged into merged ones.
 */
export const createAgedParts =
  ({ host, store }: Pick<MergingDeps, 'host' | 'store'>) =>
  async (db: Db, invoiceIds: Id[]): Promise<Map<Id, AgedPart[]>> => {
    const invoices = await forIds(invoiceIds, (some) => host.loadInvoices(db, some));
    const mergedInto = new Map<Id, Participation[]>();
    for (let level = invoices.map(({ id }) => id); level.length > 0;) {
      const found = await forIds(level, (some) => store.asTargets(db, some));
      for (const one of found) mergedInto.set(one.targetId, [...(mergedInto.get(one.targetId) ?? []), one]);
      level = found.map(({ sourceId }) => sourceId).filter((id) => !mergedInto.has(id));
    }
    return new Map(invoices.map((invoice) => [invoice.id, agedPartsOf(invoice, mergedInto)]));
  };
