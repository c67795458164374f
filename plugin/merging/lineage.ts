/** Where an invoice comes from and what it became, over merges of merges. */
import type { Actor, Db, Id } from '../host/contract';
import { visibleIds } from '../host/own-columns';
import type { Lineage, LineageNode } from './contract';
import { restrictTo, type MergingDeps } from './deps';
import type { LineageEdge } from './store-lineage';

/** Merges of merges that are followed each way, and invoices in all: what is beyond stands on the pages of the others. */
const MOST_LEVELS = 20;
const MOST_EDGES = 2000;

export const createLineage = (deps: Pick<MergingDeps, 'host' | 'store' | 'scope'>) => {
  const { host, store } = deps;

  /** Whoever came in, level by level: one statement each. Through an undone merge nothing came in any more. */
  async function ancestors(db: Db, id: Id): Promise<LineageEdge[]> {
    const found: LineageEdge[] = [];
    const seen = new Set([id]);
    for (let level = [id], depth = 0; level.length > 0 && depth < MOST_LEVELS && found.length < MOST_EDGES; depth++) {
      const edges = await store.edges(db, 'to', level);
      found.push(...edges);
      level = edges.filter(({ undone, from }) => !undone && !seen.has(from)).map(({ from }) => from);
      level.forEach((one) => seen.add(one));
    }
    return found;
  }

  async function successors(db: Db, id: Id): Promise<{ chain: LineageEdge[]; undone: LineageEdge[] }> {
    const chain: LineageEdge[] = [];
    const undone: LineageEdge[] = [];
    const seen = new Set<Id>();
    for (let at: Id | undefined = id; at !== undefined && !seen.has(at) && chain.length < MOST_LEVELS;) {
      seen.add(at);
      const edges: LineageEdge[] = await store.edges(db, 'from', [at]);
      if (at === id) undone.push(...edges.filter((edge) => edge.undone));
      const next = edges.find((edge) => !edge.undone);
      if (next) chain.push(next);
      at = next?.to;
    }
    return { chain, undone };
  }

  /** Those in sight, and what a merge has deleted into one of them, once or again and again. */
  async function inSight(db: Db, edges: LineageEdge[], ids: Id[], actor: Actor) {
    const stands = await visibleIds(db, host.map, ids, restrictTo(deps, actor));
    const seen = new Set(stands);
    const deletions = edges.filter(({ undone, settlement }) => !undone && settlement === 'delete');
    for (let before = -1; before < seen.size;) {
      before = seen.size;
      for (const { from, to } of deletions) if (seen.has(to)) seen.add(from);
    }
    return { stands, seen };
  }

  return async function lineage(db: Db, id: Id, actor: Actor): Promise<Lineage | null> {
    const into = await successors(db, id);
    const from = await ancestors(db, id);
    const edges = [...from, ...into.chain, ...into.undone];
    if (edges.length === 0) return null;
    const ids = [...new Set([id, ...edges.flatMap((edge) => [edge.from, edge.to])])];
    const { stands, seen } = await inSight(db, edges, ids, actor);
    if (!seen.has(id)) return null;

    // As sources they are recorded; the others are asked of the host.
    const settled = new Map(edges.filter(({ undone }) => !undone).map((edge) => [edge.from, edge]));
    const open = ids.filter((one) => stands.has(one) && !settled.has(one));
    const sinks = open.filter((one) => one === id || [...into.chain, ...into.undone].some(({ to }) => to === one));
    const live = new Map((await host.loadInvoices(db, sinks)).map((invoice) => [invoice.id, invoice]));

    const nodeOf = (invoiceId: Id, edge: LineageEdge | null, came: LineageNode[] = []): LineageNode => {
      const known = live.get(invoiceId) ?? settled.get(invoiceId) ?? (edge?.from === invoiceId ? edge : null);
      return {
        invoiceId,
        number: known ? known.number : (edge?.targetNumber ?? null),
        issueDate: known?.issueDate ?? null,
        total: known?.total ?? null,
        currency: known?.currency ?? edge?.currency ?? '',
        stands: stands.has(invoiceId),
        merge: edge && {
          ...{ id: edge.mergeId, at: edge.at, by: edge.by, undone: edge.undone },
          ...{ settlement: edge.settlement, creditNote: edge.creditNote },
        },
        from: came,
      };
    };
    const byTarget = new Map<Id, LineageEdge[]>();
    for (const edge of from) byTarget.set(edge.to, [...(byTarget.get(edge.to) ?? []), edge]);
    const drawn = new Set([id]);
    const cameInto = (target: Id): LineageNode[] =>
      (byTarget.get(target) ?? []).flatMap((edge) => {
        if (!seen.has(edge.from) || (!edge.undone && drawn.has(edge.from))) return [];
        if (edge.undone) return [nodeOf(edge.from, edge)];
        drawn.add(edge.from);
        return [nodeOf(edge.from, edge, cameInto(edge.from))];
      });
    const chain: LineageNode[] = [];
    for (const edge of into.chain) {
      if (!seen.has(edge.to)) break;
      chain.push(nodeOf(edge.to, edge));
    }
    const root = nodeOf(id, null, cameInto(id));
    const before = into.undone.filter(({ to }) => seen.has(to)).map((edge) => nodeOf(edge.to, edge));
    return root.from.length + chain.length + before.length > 0 ? { root, into: chain, undoneInto: before } : null;
  };
};
