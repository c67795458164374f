/** One merge with all that its page says: what it did, what undoing it would meet, what an undo left. */
import { PluginError } from '../errors';
import type { Db, Row } from '../host/contract';
import type { MergeDossier, MergingService, UndoRefusalCode, Undone } from './contract';
import type { MergingDeps } from './deps';
import type { Correcting } from './correcting';
import type { Judging } from './undo-judging';

/** How many of each, in the order of first appearance. */
export function countLinks(rows: { link: string }[]): { link: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { link } of rows) counts.set(link, (counts.get(link) ?? 0) + 1);
  return [...counts].map(([link, count]) => ({ link, count }));
}

export const createDossier = (
  deps: Pick<MergingDeps, 'host' | 'store' | 'authorize'>,
  judging: Judging,
  correcting: Pick<Correcting, 'judge'>,
): Pick<MergingService, 'dossier' | 'mayUndo'> => {
  const { host, store } = deps;

  async function leftBy(db: Db, merge: MergeDossier['merge']): Promise<MergeDossier['left']> {
    const details: Row = (await store.actOn(db, merge, 'undo')) ?? {};
    return {
      links: countLinks((details.linksLeft ?? []) as { link: string }[]),
      renumbered: (details.renumbered ?? []) as Undone['renumbered'],
    };
  }

  const mayAnswer =
    (right: 'any' | 'own') =>
    (code: UndoRefusalCode): boolean =>
      (code === 'sent' && right === 'any') || (code === 'number_taken' && host.map.series?.invoice !== undefined);

  return {
    async dossier(db, mergeId, actor) {
      const merge = await judging.seenMerge(db, mergeId, actor);
      const right = await judging.rightToUndo(db, actor, merge);
      if (!right && !(await deps.authorize(actor, 'merge.history', { invoiceId: merge.targetId, db })))
        throw new PluginError('IM_FORBIDDEN', 403, { action: 'merge.history' });
      const parts = await store.partsOf(db, mergeId);
      const seen = new Map(parts.sources.map((source) => [source.invoiceId, source]));
      const present = await host.loadInvoices(
        db,
        merge.sources.map(({ invoiceId }) => invoiceId),
      );
      const exists = new Set(present.map(({ id }) => id));
      const { target, refusals } = await judging.judge(db, merge, parts);
      const over = merge.undone !== null || merge.corrected !== null;
      const mayCorrect = !over && (await deps.authorize(actor, 'merge.undo', { invoiceId: merge.targetId, db }));
      return {
        merge,
        target,
        sources: merge.sources.flatMap(({ invoiceId }) => {
          const part = seen.get(invoiceId);
          if (!part) return [];
          return [
            {
              invoiceId,
              issueDate: part.issueDate,
              statusBefore: part.statusBefore,
              exists: exists.has(invoiceId),
            },
          ];
        }),
        currency: parts.currency,
        lines: parts.carried.length,
        links: countLinks(parts.links),
        undo: right && !over ? { refusals, answers: refusals.map(({ code }) => code).filter(mayAnswer(right)) } : null,
        correct: mayCorrect ? { refusals: await correcting.judge(db, { target, refusals }) } : null,
        left: merge.undone ? await leftBy(db, merge) : null,
      };
    },

    mayUndo: async (db, merge, actor) => (await judging.rightToUndo(db, actor, merge)) !== null,
  };
};
