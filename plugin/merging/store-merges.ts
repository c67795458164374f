/** Merges read again, one or a page of them. Own tables only: which of them a person sees comes as a subquery from host/. */
import type { Actor, Db, Id, Merge, Query, Row, Settlement } from '../host/contract';
import { latest, text, textOf } from '../host/sql';
import type { Totals } from '../money/types';
import type { DifferenceCause } from './contract';
import { fromMinor } from './store-participations';

export interface MergeFilter {
  /** As target or as source. */
  invoiceId?: Id;
  customerId?: Id;
  actorId?: Id;
  /** Instants, ISO 8601 in UTC: not before `from`, before `until`. */
  from?: string;
  until?: string;
  /** Of at least one source. */
  settlement?: Settlement;
}

/** Makes the subquery of the invoices that a person sees; left out: all of them, also those that are gone. */
export type Visible = () => Query;

/** As the driver gives it, by aliases without underscore (case mappers). */
type Read = (column: string) => string;

function mergeFrom(row: Row, sources: Merge['sources'], drafts: { sourceId: Id | null; invoiceId: Id }[]): Merge {
  const value: Read = (column) => textOf(row[column]) ?? '';
  const person = (who: string): Actor => ({ id: value(`${who}id`), name: value(`${who}name`) });
  const before = textOf(row.totalsbefore);
  return {
    id: value('mergeid'),
    targetId: value('targetid'),
    targetNumber: textOf(row.targetnumber),
    customerId: value('customerid'),
    sources,
    totalsBefore: before === null ? null : (JSON.parse(before) as Totals),
    totalsAfter: JSON.parse(value('totalsafter')) as Totals,
    difference: fromMinor(value('difference'), value('currency')),
    causes: JSON.parse(value('causes')) as DifferenceCause[],
    acknowledged: JSON.parse(value('acknowledged')) as string[],
    actor: person('actor'),
    createdAt: value('createdat'),
    undone: row.undoneat ? { at: value('undoneat'), by: person('undoer'), reason: value('undonereason') } : null,
    corrected: row.correctedat
      ? {
          at: value('correctedat'),
          by: person('corrector'),
          reason: value('correctedreason'),
          creditNote: { id: value('noteid'), number: value('notenumber') },
          drafts,
        }
      : null,
  };
}

/** Of a source that one settled; null for the others. */
export const creditNoteFrom = (row: Row): { id: Id; number: string } | null => {
  const id = textOf(row.creditnoteid);
  return id === null ? null : { id, number: textOf(row.creditnotenumber) ?? '' };
};

export const createMergesStore = (prefix: string) => {
  const allMerges = (db: Db): Query => db({ m: `${prefix}merges` });
  const allSources = (db: Db, visible?: Visible): Query => {
    const query: Query = db({ s: `${prefix}merge_sources` });
    // What was deleted exists in its successor only: whoever sees that one sees what it replaced.
    if (visible) query.where((seen) => void seen.where('s.settlement', 'delete').orWhereIn('s.source_id', visible()));
    return query;
  };

  // The latest: a save that is answered again may stand in a transaction older than the merge.
  async function read(db: Db, merges: Query, visible?: Visible): Promise<Merge[]> {
    const rows: Row[] = await latest(db, merges).select(
      {
        targetnumber: 'm.target_number',
        currency: 'm.currency',
        totalsbefore: 'm.totals_before',
        totalsafter: 'm.totals_after',
        causes: 'm.causes',
        acknowledged: 'm.acknowledged',
        actorid: 'm.actor_id',
        actorname: 'm.actor_name',
        createdat: 'm.created_at',
        undoneat: 'm.undone_at',
        undoerid: 'm.undone_by_id',
        undoername: 'm.undone_by_name',
        undonereason: 'm.undone_reason',
        correctedat: 'm.corrected_at',
        correctorid: 'm.corrected_by_id',
        correctorname: 'm.corrected_by_name',
        correctedreason: 'm.corrected_reason',
        noteid: 'm.corrected_note_id',
        notenumber: 'm.corrected_note_number',
        restid: 'm.corrected_rest_id',
      },
      // Ids and amounts as text: a driver's numbers end at 2^53.
      text(db, 'm.id', 'mergeid'),
      text(db, 'm.target_id', 'targetid'),
      text(db, 'm.customer_id', 'customerid'),
      text(db, 'm.difference_minor', 'difference'),
    );
    if (rows.length === 0) return [];
    const ids = rows.map((row) => textOf(row.mergeid) ?? '');
    const currencies = new Map(rows.map((row) => [textOf(row.mergeid) ?? '', textOf(row.currency) ?? '']));
    const sources = new Map<Id, Merge['sources']>(ids.map((id) => [id, []]));
    const sourceRows: Row[] = await latest(db, allSources(db, visible))
      .whereIn('s.merge_id', ids)
      .orderBy('s.position')
      .select(
        {
          number: 's.number',
          settlement: 's.settlement',
          creditnoteid: 's.credit_note_id',
          creditnotenumber: 's.credit_note_number',
          draftid: 's.draft_id',
        },
        text(db, 's.merge_id', 'mergeid'),
        text(db, 's.source_id', 'sourceid'),
        text(db, 's.total_minor', 'total'),
      );
    for (const row of sourceRows) {
      const mergeId = textOf(row.mergeid) ?? '';
      sources.get(mergeId)?.push({
        invoiceId: textOf(row.sourceid) ?? '',
        number: textOf(row.number),
        total: fromMinor(textOf(row.total) ?? '0', currencies.get(mergeId) ?? ''),
        settlement: textOf(row.settlement) as Settlement,
        creditNote: creditNoteFrom(row),
      });
    }
    return rows.map((row, index) => {
      const id = ids[index] ?? '';
      const drafts = sourceRows
        .filter((source) => textOf(source.mergeid) === id && textOf(source.draftid) !== null)
        .map((source) => ({ sourceId: textOf(source.sourceid), invoiceId: textOf(source.draftid) ?? '' }));
      const restId = textOf(row.restid);
      if (restId !== null) drafts.push({ sourceId: null, invoiceId: restId });
      return mergeFrom(row, sources.get(id) ?? [], drafts);
    });
  }

  return {
    /** Null where there is none, or none into a visible invoice. Sources out of sight are left out. */
    async mergeById(db: Db, id: Id, visible?: Visible): Promise<Merge | null> {
      const query = allMerges(db).where('m.id', id);
      if (visible) query.whereIn('m.target_id', visible());
      const [merge] = await read(db, query, visible);
      // MySQL reads '12abc' as 12: only the id itself names the merge.
      return merge?.id === id ? merge : null;
    },

    /** Merges into visible invoices, newest first, and how many there are. Three statements, whatever the number. */
    async mergesPage(
      db: Db,
      filter: MergeFilter,
      visible: Visible,
      page: { offset: number; limit: number },
    ): Promise<{ merges: Merge[]; total: number }> {
      const matching = (): Query => {
        const query = allMerges(db).whereIn('m.target_id', visible());
        const having = (column: 'source_id' | 'settlement', value: string): Query =>
          allSources(db, visible).whereRaw('?? = ??', ['s.merge_id', 'm.id']).where(`s.${column}`, value);
        const { invoiceId, customerId, actorId, from, until, settlement } = filter;
        if (invoiceId !== undefined)
          query.where(
            (part) => void part.where('m.target_id', invoiceId).orWhereExists(having('source_id', invoiceId)),
          );
        if (customerId !== undefined) query.where('m.customer_id', customerId);
        if (actorId !== undefined) query.where('m.actor_id', actorId);
        if (from !== undefined) query.where('m.created_at', '>=', from);
        if (until !== undefined) query.where('m.created_at', '<', until);
        if (settlement !== undefined) query.whereExists(having('settlement', settlement));
        return query;
      };
      const [counted] = (await matching().count({ count: '*' })) as [Row];
      const newestFirst = matching().orderBy([
        { column: 'm.created_at', order: 'desc' },
        { column: 'm.id', order: 'desc' },
      ]);
      return {
        merges: await read(db, newestFirst.offset(page.offset).limit(page.limit), visible),
        total: Number(counted.count),
      };
    },
  };
};
