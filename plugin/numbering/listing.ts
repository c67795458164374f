/** Lists beside the gaps: what fits no pattern, what is cancelled, what was changed, and the gaps as an auditor reads them. */
import type { Actor, Db, Id } from '../host/contract';
import { readHeads } from '../host/heads';
import { visibleIds } from '../host/own-columns';
import { restrictTo } from '../host/scope';
import { numberInSeries } from '../host/series';
import { cancelledDocuments, documentsAt, unmatchedDocuments } from '../host/series-documents';
import type { Changing } from './changing';
import type {
  CancelledNumber,
  DocumentType,
  GapCause,
  GapRow,
  NumberChangeNow,
  NumberedDocument,
  UnmatchedDocument,
} from './contract';
import { today, type NumberingDeps } from './deps';
import type { Offering } from './offering';
import { PAGE, type Reading } from './reading';
import { segmentsOf } from './rules';

interface Paged {
  page: number;
  pages: number;
  total: number;
}

/** Gaps that are read at a time, and what is known of one gap's numbers. */
const PORTION = 1000;

const pagesOf = (total: number): number => Math.max(1, Math.ceil(total / PAGE));
const rangeOf = (page: number) => ({ offset: (page - 1) * PAGE, limit: PAGE });

export const createListing = (deps: NumberingDeps, reading: Reading, offering: Offering, changing: Changing) => {
  const { host, stores } = deps;
  const { map } = host;

  return {
    async unmatched(
      db: Db,
      { type, page, actor }: { type: DocumentType; page: number; actor: Actor },
    ): Promise<{ documents: UnmatchedDocument[] } & Paged> {
      const restrict = restrictTo(deps, actor);
      const { documents, total } = await unmatchedDocuments(db, map, type, rangeOf(page), restrict);
      return {
        documents: documents.map((one) => ({ ...one, type })),
        ...{ page, pages: pagesOf(total), total },
      };
    },

    async cancelled(
      db: Db,
      query: { series: string; page: number; actor: Actor },
    ): Promise<{ documents: CancelledNumber[] } & Paged> {
      const series = reading.demandSeries(query.series);
      const restrict = restrictTo(deps, query.actor);
      const { documents, total } = await cancelledDocuments(db, map, series, rangeOf(query.page), restrict);
      const ids = documents.map(({ id }) => id);
      const heads = await readHeads(db, map, today(deps), ids);
      const targetOf = new Map(heads.map(({ head }) => [head.id, head.mergedIntoId]));
      const targetIds = [...new Set(targetOf.values())].filter((id) => id !== null);
      const targets = new Map((await readHeads(db, map, today(deps), targetIds)).map(({ head }) => [head.id, head]));
      const visible = await visibleIds(db, map, targetIds, restrict);
      const mergedInto = (id: Id): CancelledNumber['mergedInto'] => {
        const targetId = targetOf.get(id) ?? null;
        if (targetId === null) return null;
        const target = visible.has(targetId) ? targets.get(targetId) : undefined;
        return target
          ? { id: target.id, number: target.number, date: target.issueDate }
          : { id: null, number: null, date: null };
      };
      return {
        documents: documents.map(({ id, number, date }) => ({
          ...{ id, number, date },
          mergedInto: mergedInto(id),
        })),
        ...{ page: query.page, pages: pagesOf(total), total },
      };
    },

    async changesOf(db: Db, { invoiceId, actor }: { invoiceId: Id; actor: Actor }): Promise<NumberChangeNow[]> {
      const invoice = await offering.demandInvoice(db, invoiceId, actor);
      const { lockedUntil } = await offering.rulesAt(db);
      const changes: NumberChangeNow[] = [];
      for (const change of await stores.changes.ofDocument(db, invoiceId)) {
        const isOver = change.undone !== null || change.act === 'undo';
        const undo = isOver ? null : { refusals: await changing.refusalsToUndo(db, invoice, change, lockedUntil) };
        changes.push({ ...change, undo });
      }
      return changes;
    },

    async formerNumbers(db: Db, invoiceIds: Id[]): Promise<Map<Id, string[]>> {
      const former = new Map<Id, string[]>();
      const now = new Map<Id, string | null>();
      for (const { documentId, from, to } of await stores.changes.standing(db, invoiceIds)) {
        now.set(documentId, to);
        if (from !== null)
          former.set(documentId, [from, ...(former.get(documentId) ?? []).filter((one) => one !== from)]);
      }
      return new Map(
        [...former].flatMap(([id, numbers]): [Id, string[]][] => {
          const left = numbers.filter((number) => number !== now.get(id));
          return left.length > 0 ? [[id, left]] : [];
        }),
      );
    },

    async *exportRows(db: Db, query: { series: string; actor: Actor }): AsyncGenerator<GapRow> {
      const series = reading.demandSeries(query.series);
      for (let offset = 0; ; offset += PORTION) {
        const { holes } = await reading.holesOf(db, series, offset, PORTION);
        const beside = [...new Set(holes.flatMap(({ before, after }) => [before, after]))].filter(
          (one) => one !== null,
        );
        const found = await documentsAt(db, map, series, beside);
        const documents = await reading.shown(db, series, [...found.values()], query.actor);
        const document = (sequence: number | null): NumberedDocument | null =>
          sequence === null ? null : (documents.get(sequence) ?? null);
        for (const { from, to, ...sides } of holes) {
          const [before, after] = [document(sides.before), document(sides.after)];
          const number = (sequence: number): string =>
            numberInSeries(series, sequence, before?.date ?? after?.date ?? null);
          for (let start = from; start <= to;) {
            const { causes, end } = await known(db, series, start, to);
            const explanations = await stores.gaps.explanations(db, series.key, [{ from: start, to: end }]);
            for (const segment of segmentsOf({ from: start, to: end }, causes, explanations))
              yield {
                ...{ series: series.key, fromNumber: number(segment.from), toNumber: number(segment.to) },
                ...{ count: segment.to - segment.from + 1, before, after },
                ...{ cause: segment.cause, explained: segment.explained },
              };
            start = end + 1;
          }
        }
        if (holes.length < PORTION) return;
      }
    },
  };

  /** What is known from `from` on, as far as one portion of it goes. */
  async function known(
    db: Db,
    series: Parameters<Reading['causesOf']>[1],
    from: number,
    to: number,
  ): Promise<{ causes: Map<number, GapCause>; end: number }> {
    for (let limit = PORTION; ; limit *= 2) {
      const { causes, readTo } = await reading.causesOf(db, series, [{ from, to }], limit);
      const end = Math.min(readTo, to);
      // More acts on one number than a portion holds.
      if (end < from) continue;
      return { causes: new Map([...causes].filter(([sequence]) => sequence <= end)), end };
    }
  }
};
