/** Where carried lines are, by content, for hosts that delete and re-insert their lines. Own tables only. */
import type { Knex } from 'knex';
import type { CarriedLine, Db, Id, Row, Trx } from '../host/contract';
import { portions, text, textOf } from '../host/sql';

export type CarriedContent = Pick<
  CarriedLine,
  'description' | 'longDescription' | 'quantity' | 'unit' | 'unitPrice' | 'baseQuantity' | 'taxes' | 'allowancesCharges'
>;

export interface CarriedRecord {
  id: number;
  mergeId: Id;
  targetId: Id;
  sourceId: Id;
  sourceLineId: Id | null;
  lineId: Id | null;
  kind: CarriedLine['kind'];
  content: CarriedContent;
  goneAt: string | null;
  /** Since when its figures are not those that the merge brought. */
  changedAt: string | null;
}

/** @param narrow adds conditions; `c` are the carried lines, `m` their merges */
export async function readCarried(
  trx: Db,
  prefix: string,
  narrow: (query: Knex.QueryBuilder) => void,
): Promise<CarriedRecord[]> {
  const query = trx(`${prefix}carried_lines as c`).join(`${prefix}merges as m`, 'm.id', 'c.merge_id');
  narrow(query);
  const rows = await query
    .orderBy('c.id')
    .forShare()
    .select<Record<string, unknown>[]>(
      'c.*',
      text(trx, 'c.target_id', 'targetid'),
      text(trx, 'c.source_id', 'sourceid'),
      text(trx, 'c.source_line_id', 'sourcelineid'),
      text(trx, 'c.line_id', 'lineid'),
    );
  return rows.map((row) => ({
    id: Number(row.id),
    mergeId: String(row.merge_id),
    targetId: textOf(row.targetid) ?? '',
    sourceId: textOf(row.sourceid) ?? '',
    sourceLineId: textOf(row.sourcelineid),
    lineId: textOf(row.lineid),
    kind: row.kind as CarriedLine['kind'],
    content: JSON.parse(row.content as string) as CarriedContent,
    goneAt: textOf(row.gone_at),
    changedAt: textOf(row.changed_at),
  }));
}

export const createCarriedStore = (prefix: string) => {
  const table = (name: string): string => `${prefix}${name}`;
  return {
    /** Lines of merges that stand which this invoice is known to bear. */
    carriedLines: (trx: Trx, targetId: Id): Promise<CarriedRecord[]> =>
      readCarried(
        trx,
        prefix,
        (query) => void query.where('c.target_id', targetId).whereNull('c.gone_at').whereNull('m.undone_at'),
      ),

    /** Which line of which source each line of these invoices came from; a line may have come further than one merge. */
    async lineOrigins(
      db: Db,
      targetIds: Id[],
    ): Promise<{ targetId: Id; lineId: Id; sourceId: Id; sourceLineId: Id | null }[]> {
      if (targetIds.length === 0) return [];
      const rows: Row[] = await db(`${table('carried_lines')} as c`)
        .join(`${table('merges')} as m`, 'm.id', 'c.merge_id')
        .whereIn('c.target_id', targetIds)
        .whereNotNull('c.line_id')
        .whereNull('c.gone_at')
        .whereNull('m.undone_at')
        .select(
          text(db, 'c.target_id', 'targetid'),
          text(db, 'c.line_id', 'lineid'),
          text(db, 'c.source_id', 'sourceid'),
          text(db, 'c.source_line_id', 'sourcelineid'),
        );
      return rows.map((row) => ({
        targetId: textOf(row.targetid) ?? '',
        lineId: textOf(row.lineid) ?? '',
        sourceId: textOf(row.sourceid) ?? '',
        sourceLineId: textOf(row.sourcelineid),
      }));
    },

    /** Writes where carried lines are now, what they say now, and which are gone, in one statement per 500. */
    async updateCarriedLines(trx: Trx, records: CarriedRecord[]): Promise<void> {
      const rows = records.map((record) => ({
        id: record.id,
        merge_id: record.mergeId,
        target_id: record.targetId,
        source_id: record.sourceId,
        source_line_id: record.sourceLineId,
        line_id: record.lineId,
        kind: record.kind,
        content: JSON.stringify(record.content),
        gone_at: record.goneAt,
        changed_at: record.changedAt,
      }));
      for (const chunk of portions(rows))
        await trx(table('carried_lines'))
          .insert(chunk)
          .onConflict('id')
          .merge(['line_id', 'content', 'gone_at', 'changed_at']);
    },
  };
};
