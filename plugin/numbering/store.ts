/** The series' rows: one per kind of document as its lock, one per series with the last sequence number given. Own table only. */
import type { Trx } from '../host/contract';

export const createSeriesStore = (prefix: string) => {
  const table = `${prefix}series`;
  return {
    async touch(trx: Trx, type: string): Promise<void> {
      await trx(table)
        .insert({ series: `#${type}`, type, last_sequence: 1 })
        .onConflict('series')
        .merge({ last_sequence: trx.raw('??.?? + 1', [table, 'last_sequence']) });
    },
    async lastSequence(trx: Trx, series: string): Promise<number> {
      const row: { last_sequence: unknown } | undefined = await trx(table)
        .where({ series })
        .forShare()
        .first('last_sequence');
      return Number(row?.last_sequence ?? 0);
    },
    async setLastSequence(trx: Trx, type: string, series: string, sequence: number): Promise<void> {
      await trx(table).insert({ series, type, last_sequence: sequence }).onConflict('series').merge(['last_sequence']);
    },
  };
};
