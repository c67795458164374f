/** How much there is to merge, for lists and customers' pages: counted without opening anything. */
import type { Id, InvoiceHead } from '../host/contract';
import { forIds } from '../host/sql';
import { askHook, toCandidate } from './admission';
import type { CountMergeable } from './contract';
import { keepsAdjustment, lockedUntil, mayCredit, restrictTo, type MergingDeps } from './deps';
import { mostTogether, reasonsAgainst } from './rules';

/**
 * How many open invoices of each customer the person could merge into one new invoice: as many as the create page
 * ticks for `invoiceMergeAll=1`. Customers without any are left out; empty for whoever may not merge, and while
 * merging is switched off.
 * As many queries for 500 customers as for one; the host's `candidates` hook is asked once for each.
 */
export const createMergeable =
  (deps: MergingDeps): CountMergeable =>
  async (db, { customerIds, actor }) => {
    const settings = await deps.settings.read(db);
    if (!settings.enabled) return new Map();
    for (const action of ['merge.view', 'merge.apply'] as const)
      if (!(await deps.authorize(actor, action, { db }))) return new Map();
    const { host } = deps;
    const restrict = restrictTo(deps, actor);
    const heads = await forIds(customerIds, (part) => host.findCandidates(db, { customerIds: part, restrict }));
    const rules = {
      target: null,
      hostKeepsAdjustment: keepsAdjustment(host),
      lockedUntil: await lockedUntil(deps, db, settings),
      credit: await mayCredit(deps, db, settings, actor),
    };

    const perCustomer = new Map<Id, InvoiceHead[]>();
    for (const head of heads) perCustomer.set(head.customerId, [...(perCustomer.get(head.customerId) ?? []), head]);
    const counts = new Map<Id, number>();
    for (const [customerId, open] of perCustomer) {
      const judged = open.map((head) => toCandidate(head, reasonsAgainst(head, { ...rules, customerId }), []));
      const asked = await askHook(deps, judged, { customerId, actor, db });
      const eligible = new Set(asked.filter((one) => one.eligible).map(({ id }) => id));
      const count = mostTogether(open.filter(({ id }) => eligible.has(id))).length;
      if (count > 0) counts.set(customerId, count);
    }
    return counts;
  };
