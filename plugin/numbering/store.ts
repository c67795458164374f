/** The series' rows: one per kind of document as its lock, one per series with the last sequence number given; and the claims. Own tables only. */
import type { Knex } from 'knex';
import type { Db, Id, Row, Trx } from '../host/contract';
import { latest, portions, text, textOf } from '../host/sql';
import type { DocumentType } from './contract';

/** Sequence numbers, both ends included. */
export interface Stretch {
  from: number;
  to: number;
}

/** A condition on the column `sequence`. */
export const inStretches =
  (stretches: Stretch[]) =>
  (query: Knex.QueryBuilder): void => {
    for (const { from, to } of stretches) void query.orWhereBetween('sequence', [from, to]);
  };

const whole = (value: unknown): number | null => (value === null || value === undefined ? null : Number(textOf(value)));

export const createSeriesStore = (prefix: string) => {
  const table = `${prefix}series`;
  const claims = `${prefix}claimed_numbers`;

  return {
    /** Written, not only locked: on a cluster two nodes then conflict at COMMIT. */
    async touch(trx: Trx, type: DocumentType): Promise<void> {
      await trx(table)
        .insert({ series: `#${type}`, type, last_sequence: 1 })
        .onConflict('series')
        .merge({ last_sequence: trx.raw('??.?? + 1', [table, 'last_sequence']) });
    },

    /** @param keys of the series, and what the first migrations called it */
    async lastSequence(db: Db, keys: string[]): Promise<number> {
      const rows = (await latest(db, db(table).whereIn('series', keys).select('last_sequence'))) as Row[];
      return Math.max(0, ...rows.map((row) => whole(row.last_sequence) ?? 0));
    },

    async setLastSequence(trx: Trx, type: DocumentType, series: string, sequence: number): Promise<void> {
      await trx(table).insert({ series, type, last_sequence: sequence }).onConflict('series').merge(['last_sequence']);
    },

    /** Keys of the series that numbers were given of. */
    async known(db: Db): Promise<string[]> {
      const rows: Row[] = await db(table).whereNot('series', 'like', '#%').select('series');
      return rows.map((row) => textOf(row.series) ?? '');
    },

    /** A number that was given before and is borne by nobody may be claimed again: the caller has looked, under the lock. */
    async claim(
      trx: Trx,
      claimed: { type: DocumentType; series: string; sequences: number[]; documentId: Id | null; at: string },
    ): Promise<void> {
      const { type, series, documentId, at } = claimed;
      const rows = claimed.sequences.map((sequence) => ({ series, sequence, type, document_id: documentId, at }));
      for (const part of portions(rows))
        await trx(claims).insert(part).onConflict(['series', 'sequence']).merge(['document_id', 'at']);
    },

    async lowestClaim(db: Db, series: string): Promise<number | null> {
      const row = await db(claims).where({ series }).min({ lowest: 'sequence' }).first<Row | undefined>();
      return whole(row?.lowest);
    },

    /** Of these stretches: what was given, and when, the lowest first. At most `limit`. */
    async claimsIn(
      db: Db,
      series: string,
      stretches: Stretch[],
      limit: number,
    ): Promise<{ sequence: number; documentId: Id | null; at: string }[]> {
      const rows: Row[] = await db(claims)
        .where({ series })
        .where(inStretches(stretches))
        .orderBy('sequence')
        .limit(limit)
        .select('sequence', text(db, 'document_id', 'documentid'), 'at');
      return rows.map((row) => ({
        sequence: whole(row.sequence) ?? 0,
        documentId: textOf(row.documentid),
        at: textOf(row.at) ?? '',
      }));
    },
  };
};

export type SeriesStore = ReturnType<typeof createSeriesStore>;
