/** Why numbers are missing, as far as somebody knows, and what somebody wrote about it. Own tables only. */
import type { Actor, Db, Id, Row, Trx } from '../host/contract';
import { clipped, insertRows, latest, text, textOf } from '../host/sql';
import type { GapCause, GapExplanation } from './contract';
import { inStretches, type Stretch } from './store';

export interface NewVacancy {
  series: string;
  sequence: number;
  number: string;
  documentId: Id;
  cause: Exclude<GapCause['kind'], 'given'>;
  /** Its document was issued. */
  issued: boolean;
  mergeId: Id | null;
  newNumber: string | null;
  /** The change of numbers that left it. */
  changeId: Id | null;
  reason: string | null;
  actor: Actor | null;
  at: string;
}

export interface Vacancy {
  sequence: number;
  number: string;
  issued: boolean;
  cause: GapCause;
}

const whole = (value: unknown): number => Number(textOf(value) ?? 0);

export const createGapStore = (prefix: string) => {
  const vacated = `${prefix}vacated_numbers`;
  const explained = `${prefix}explained_gaps`;

  const readExplanation = (row: Row): GapExplanation => ({
    from: whole(row.from_sequence),
    to: whole(row.to_sequence),
    reason: textOf(row.reason) ?? '',
    by: { id: textOf(row.actor_id) ?? '', name: textOf(row.actor_name) ?? '' },
    at: textOf(row.at) ?? '',
  });

  return {
    async vacate(trx: Trx, vacancies: NewVacancy[]): Promise<void> {
      await insertRows(
        trx,
        vacated,
        vacancies.map((one) => ({
          series: one.series,
          sequence: one.sequence,
          number: clipped(one.number),
          document_id: one.documentId,
          cause: one.cause,
          issued: one.issued ? 1 : 0,
          merge_id: one.mergeId,
          new_number: clipped(one.newNumber),
          change_id: one.changeId,
          reason: one.reason,
          actor_id: one.actor?.id ?? null,
          actor_name: clipped(one.actor?.name ?? null),
          at: one.at,
        })),
      );
    },

    /** These documents bear their numbers again, whatever had taken them. */
    async takeBack(trx: Trx, documents: { id: Id; number: string }[], at: string): Promise<void> {
      for (const { id, number } of documents)
        await trx(vacated)
          .where({ document_id: id, number: clipped(number) })
          .whereNull('taken_back_at')
          .update({ taken_back_at: at });
    },

    async takeBackOf(trx: Trx, changeId: Id, at: string): Promise<void> {
      await trx(vacated).where({ change_id: changeId }).whereNull('taken_back_at').update({ taken_back_at: at });
    },

    /**
     * Of these stretches: the latest of each number, the lowest number first. At most `limit` rows are read,
     * up to `readTo`; null: all.
     */
    async vacanciesIn(
      db: Db,
      series: string,
      stretches: Stretch[],
      limit: number,
    ): Promise<{ rows: Vacancy[]; readTo: number | null }> {
      const rows: Row[] = await db(vacated)
        .where({ series })
        .where(inStretches(stretches))
        .whereNull('taken_back_at')
        .orderBy([{ column: 'sequence' }, { column: 'id' }])
        .limit(limit)
        .select(
          ...['sequence', 'number', 'cause', 'issued', 'new_number', 'reason', 'actor_id', 'actor_name', 'at'],
          text(db, 'document_id', 'documentid'),
          text(db, 'merge_id', 'mergeid'),
        );
      const latestOf = new Map<number, Vacancy>();
      for (const row of rows)
        latestOf.set(whole(row.sequence), {
          sequence: whole(row.sequence),
          number: textOf(row.number) ?? '',
          issued: whole(row.issued) !== 0,
          cause: {
            kind: (textOf(row.cause) ?? 'deleted') as GapCause['kind'],
            at: textOf(row.at) ?? '',
            by: row.actor_id == null ? null : { id: textOf(row.actor_id) ?? '', name: textOf(row.actor_name) ?? '' },
            documentId: textOf(row.documentid),
            mergeId: textOf(row.mergeid),
            newNumber: textOf(row.new_number),
            reason: textOf(row.reason),
          },
        });
      // Of the last one there may be more, later ones: it is read again.
      const cut = rows.length === limit ? whole(rows.at(-1)?.sequence) : null;
      return {
        rows: [...latestOf.values()].filter(({ sequence }) => cut === null || sequence < cut),
        readTo: cut === null ? null : cut - 1,
      };
    },

    /** The lowest and the highest that somebody bore once. */
    async bounds(db: Db, series: string): Promise<{ lowest: number | null; highest: number | null }> {
      const row = await db(vacated)
        .where({ series })
        .whereNull('taken_back_at')
        .min({ lowest: 'sequence' })
        .max({ highest: 'sequence' })
        .first<Row | undefined>();
      return {
        lowest: row?.lowest == null ? null : whole(row.lowest),
        highest: row?.highest == null ? null : whole(row.highest),
      };
    },

    /** Explanations that stand, the lowest first. @param within those that touch one of these stretches. Default: all */
    async explanations(db: Db, series: string, within?: Stretch[]): Promise<GapExplanation[]> {
      const query = db(explained).where({ series }).whereNull('withdrawn_at').orderBy('from_sequence');
      if (within)
        query.where((any) => {
          for (const { from, to } of within)
            void any.orWhere((one) => void one.where('from_sequence', '<=', to).where('to_sequence', '>=', from));
        });
      const rows = (await latest(db, query.select('*'))) as Row[];
      return rows.map(readExplanation);
    },

    async explain(trx: Trx, series: string, one: GapExplanation): Promise<void> {
      await trx(explained).insert({
        series,
        from_sequence: one.from,
        to_sequence: one.to,
        reason: one.reason,
        actor_id: one.by.id,
        actor_name: clipped(one.by.name),
        at: one.at,
      });
    },

    /** How many were withdrawn. */
    async withdraw(
      trx: Trx,
      series: string,
      stretch: { from: number; to: number },
      by: { actor: Actor; at: string; reason: string },
    ): Promise<number> {
      return trx(explained)
        .where({ series })
        .whereNull('withdrawn_at')
        .where('from_sequence', '<=', stretch.to)
        .where('to_sequence', '>=', stretch.from)
        .update({
          withdrawn_at: by.at,
          withdrawn_by_id: by.actor.id,
          withdrawn_by_name: clipped(by.actor.name),
          withdrawn_reason: by.reason,
        });
    },
  };
};

export type GapStore = ReturnType<typeof createGapStore>;
