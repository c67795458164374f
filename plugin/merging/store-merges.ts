/** Merges read again, one or a page of them. Own tables only: which of them a person sees comes as a subquery from host/. */
import Big from 'big.js';
import type { Actor, Db, Id, Merge, Query, Row, Settlement } from '../host/contract';
import { latest, sum, sumFrom, sumOfJson, text, textOf } from '../host/sql';
import { minorUnit } from '../money/currency';
import { toAmount } from '../money/decimal';
import type { Decimal, Totals } from '../money/types';
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
  undone?: boolean;
  /** Merges that stand, with issued invoices that were cancelled or deleted and have no credit note; or all the others. */
  uncredited?: boolean;
  /** Makes the subquery of customers whose name was searched for. */
  customers?: () => Query;
}

/** A merge stands after another in the list when it is older. */
export interface Cursor {
  at: string;
  id: Id;
}

/** What merges of one currency come to: `before` + `merged` + `difference` is `after`, unless sources are out of sight. */
export interface MergeTotals {
  currency: string;
  merges: number;
  undone: number;
  before: Decimal;
  merged: Decimal;
  after: Decimal;
  difference: Decimal;
}

/** What `totalOf` adds up. */
const TOTAL: (keyof Totals)[] = ['taxInclusive', 'adjustment', 'rounding'];

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
    currency: value('currency'),
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

  /** Invoices that a merge which stands has deleted. */
  const deletions = (db: Db): Query => db({ d: `${prefix}merge_sources` }).where('d.settlement', 'delete');

  /** Targets that were merged on and deleted, once or again and again, into an invoice that a person sees. */
  function livingOn(db: Db, visible: Visible): Query {
    const deletedInto = (query: Query, id: string): Query =>
      query
        .join({ d: `${prefix}merge_sources` }, (on) =>
          on.on('d.active_source_id', id).andOnVal('d.settlement', 'delete'),
        )
        .join({ later: `${prefix}merges` }, 'later.id', 'd.merge_id');
    // UNION without ALL: a circle, which only damaged rows could make, comes to an end.
    return db
      .withRecursive('gone', ['goneid', 'holderid'], (first: Query) => {
        void deletedInto(first.from({ t: `${prefix}merges` }), 't.target_id')
          .select('d.active_source_id', 'later.target_id')
          .union(deletedInto(db({ g: 'gone' }), 'g.holderid').select('g.goneid', 'later.target_id'));
      })
      .from('gone')
      .whereIn('gone.holderid', visible())
      .select('gone.goneid') as Query;
  }

  const intoSeen = (db: Db, query: Query, visible: Visible): Query =>
    query.where((seen) => void seen.whereIn('m.target_id', visible()).orWhereIn('m.target_id', livingOn(db, visible)));

  const allSources = (db: Db, visible?: Visible): Query => {
    const query: Query = db({ s: `${prefix}merge_sources` });
    // What was deleted exists in its successor only: whoever sees that one sees what it replaced.
    if (visible)
      query.where(
        (seen) =>
          void seen
            .whereIn('s.source_id', visible())
            .orWhereExists(deletions(db).whereRaw('?? = ??', ['d.active_source_id', 's.source_id'])),
      );
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
          issuedate: 's.issue_date',
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
        issueDate: textOf(row.issuedate) ?? '',
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

  /** The merges into invoices that a person sees, of those that a query reads as `m`. */
  function narrow(db: Db, query: Query, filter: MergeFilter, visible: Visible): Query {
    intoSeen(db, query, visible);
    const having = (): Query => allSources(db, visible).whereRaw('?? = ??', ['s.merge_id', 'm.id']);
    const { invoiceId, customerId, actorId, from, until, settlement, undone, uncredited, customers } = filter;
    if (invoiceId !== undefined)
      query.where(
        (part) => void part.where('m.target_id', invoiceId).orWhereExists(having().where('s.source_id', invoiceId)),
      );
    if (customerId !== undefined) query.where('m.customer_id', customerId);
    if (customers !== undefined) query.whereIn('m.customer_id', customers());
    if (actorId !== undefined) query.where('m.actor_id', actorId);
    if (from !== undefined) query.where('m.created_at', '>=', from);
    if (until !== undefined) query.where('m.created_at', '<', until);
    if (settlement !== undefined) query.whereExists(having().where('s.settlement', settlement));
    if (undone !== undefined) query[undone ? 'whereNotNull' : 'whereNull']('m.undone_at');
    if (uncredited !== undefined) {
      const issued = having()
        .whereNotNull('s.active_source_id')
        .whereNot('s.status_before', 'draft')
        .whereIn('s.settlement', ['cancel', 'delete']);
      query[uncredited ? 'whereExists' : 'whereNotExists'](issued);
    }
    return query;
  }

  const newestFirst = (query: Query): Query =>
    query.orderBy([
      { column: 'm.created_at', order: 'desc' },
      { column: 'm.id', order: 'desc' },
    ]) as Query;

  return {
    /** Null where there is none, or none that the person may see. Sources out of sight are left out. */
    async mergeById(db: Db, id: Id, visible?: Visible): Promise<Merge | null> {
      const query = allMerges(db).where('m.id', id);
      if (visible) intoSeen(db, query, visible);
      const [merge] = await read(db, query, visible);
      // MySQL reads '12abc' as 12: only the id itself names the merge.
      return merge?.id === id ? merge : null;
    },

    /** Merges that the person may see, newest first, and how many there are. Three statements, whatever the number. */
    async mergesPage(
      db: Db,
      filter: MergeFilter,
      visible: Visible,
      page: { offset: number; limit: number },
    ): Promise<{ merges: Merge[]; total: number }> {
      const matching = (): Query => narrow(db, allMerges(db), filter, visible);
      const [counted] = (await matching().count({ count: '*' })) as [Row];
      return {
        merges: await read(db, newestFirst(matching()).offset(page.offset).limit(page.limit), visible),
        total: Number(counted.count),
      };
    },

    /** The next of the same list, by where the last one stands: merges that are made meanwhile shift nothing. */
    async mergesAfter(
      db: Db,
      filter: MergeFilter,
      visible: Visible,
      last: Cursor | null,
      limit: number,
    ): Promise<Merge[]> {
      const query = narrow(db, allMerges(db), filter, visible);
      if (last)
        query.where(
          (older) =>
            void older
              .where('m.created_at', '<', last.at)
              .orWhere((same) => void same.where('m.created_at', last.at).andWhere('m.id', '<', last.id)),
        );
      return read(db, newestFirst(query).limit(limit), visible);
    },

    /** What the merges of a list come to, by currency: two statements. */
    async mergeTotals(db: Db, filter: MergeFilter, visible: Visible): Promise<MergeTotals[]> {
      const merges: Row[] = await narrow(db, allMerges(db), filter, visible)
        .groupBy('m.currency')
        .orderBy('m.currency')
        .select({
          currency: 'm.currency',
          merges: db.raw('COUNT(*)'),
          undone: db.raw('COUNT(??)', ['m.undone_at']),
          totalbefore: sumOfJson(db, 'm.totals_before', TOTAL),
          totalafter: sumOfJson(db, 'm.totals_after', TOTAL),
          difference: sum(db, 'm.difference_minor'),
        });
      const sources: Row[] = await narrow(db, allSources(db, visible), filter, visible)
        .join({ m: `${prefix}merges` }, 'm.id', 's.merge_id')
        .groupBy('m.currency')
        .select({ currency: 'm.currency', total: sum(db, 's.total_minor') });
      const merged = new Map(sources.map((row) => [textOf(row.currency), sumFrom(db, row.total)]));
      return merges.map((row) => {
        const currency = textOf(row.currency) ?? '';
        const amount = (value: unknown): Decimal => toAmount(new Big(sumFrom(db, value)), minorUnit(currency));
        return {
          currency,
          merges: Number(row.merges),
          undone: Number(row.undone),
          before: amount(row.totalbefore),
          merged: fromMinor(merged.get(currency) ?? '0', currency),
          after: amount(row.totalafter),
          difference: fromMinor(sumFrom(db, row.difference), currency),
        };
      });
    },

    /** Who has merged, by name. */
    async mergers(db: Db, visible: Visible): Promise<Actor[]> {
      const rows: Row[] = await narrow(db, allMerges(db), {}, visible)
        .groupBy('m.actor_id')
        .orderBy('name')
        .select({ id: 'm.actor_id', name: db.raw('MAX(??)', ['m.actor_name']) });
      return rows.map((row) => ({ id: textOf(row.id) ?? '', name: textOf(row.name) ?? '' }));
    },

    /** Targets and sources of these merges that a merge has deleted: they have no page any more. */
    async goneOf(db: Db, mergeIds: Id[]): Promise<Set<Id>> {
      if (mergeIds.length === 0) return new Set();
      const named = (column: string, table: string, id: string): Query =>
        db(`${prefix}${table}`).whereIn(id, mergeIds).select(column) as Query;
      const rows: Row[] = await deletions(db)
        .where(
          (one) =>
            void one
              .whereIn('d.active_source_id', named('target_id', 'merges', 'id'))
              .orWhereIn('d.active_source_id', named('source_id', 'merge_sources', 'merge_id')),
        )
        .select(text(db, 'd.active_source_id', 'goneid'));
      return new Set(rows.map((row) => textOf(row.goneid) ?? ''));
    },
  };
};
