/** How much there is to merge, for lists and customers' pages: counted without opening anything. */
import type { Id, InvoiceHead } from '../host/contract';
import { forIds } from '../host/sql';
import { askHook, toCandidate } from './admission';
import type { CountMergeable } from './contract';
import { keepsAdjustment, lockedUntil, restrictTo, type MergingDeps } from './deps';
import { mostTogether, reasonsAgainst, type Judged } from './rules';

/**
 * How many open invoices of each customer the person could merge into one new invoice: as many as the create page
 * ticks for `invoiceMergeAll=1`. Customers without any are left out; empty for whoever may not merge, and while merging is switched off.
 * Two queries for up to 500 customers; whole invoices are loaded (a constant number of queries per 500) only where
 * the host's `candidates` hook or discounts after tax have a say.
 */
export const createMergeable = (deps: MergingDeps): CountMergeable => {
  const { host, hooks } = deps;
  const { discount } = host.map.invoices;
  const hostKeepsAdjustment = keepsAdjustment(host);
  const needsWhole = discount !== undefined && discount.basis !== 'before_tax' && !hostKeepsAdjustment;

  return async (db, { customerIds, actor }) => {
    if (!(await deps.settings.read(db)).enabled) return new Map();
    for (const action of ['merge.view', 'merge.apply'] as const)
      if (!(await deps.authorize(actor, action, { db }))) return new Map();
    const restrict = restrictTo(deps, actor);
    const heads = await forIds(customerIds, (part) => host.findCandidates(db, { customerIds: part, restrict }));
    const ids = heads.map(({ id }) => id);
    const loaded = ids.length > 0 && (needsWhole || hooks.candidates) ? await host.loadInvoices(db, ids) : [];
    const whole = new Map(loaded.map((invoice) => [invoice.id, invoice]));
    const closedUntil = await lockedUntil(deps, db);

    async function countOf(customerId: Id, documents: InvoiceHead[]): Promise<number> {
      const context = { target: null, customerId, hostKeepsAdjustment, lockedUntil: closedUntil };
      const judged = documents.map((head) => {
        const document: Judged = whole.get(head.id) ?? head;
        return { document, reasons: reasonsAgainst(document, context) };
      });
      const candidates = judged.flatMap(({ document: { id }, reasons }) => {
        const invoice = whole.get(id);
        return invoice ? [toCandidate(invoice, reasons)] : [];
      });
      const asked = hooks.candidates && (await askHook(deps, candidates, { customerId, actor, db }));
      const refused = (id: Id): boolean => asked !== undefined && !asked.some((one) => one.id === id && one.eligible);
      const eligible = judged.filter(({ document, reasons }) => reasons.length === 0 && !refused(document.id));
      return mostTogether(eligible.map(({ document }) => document)).length;
    }

    const perCustomer = new Map<Id, InvoiceHead[]>();
    for (const head of heads) perCustomer.set(head.customerId, [...(perCustomer.get(head.customerId) ?? []), head]);
    const counts = new Map<Id, number>();
    for (const [customerId, documents] of perCustomer) {
      const count = await countOf(customerId, documents);
      if (count > 0) counts.set(customerId, count);
    }
    return counts;
  };
};
