/** Which invoice became part of which, also by merges that were undone. Own tables only. */
import type { Day, Db, Id, Row, Settlement } from '../host/contract';
import { chunks, latest, text, textOf } from '../host/sql';
import type { Decimal } from '../money/types';
import { fromMinor } from './store-participations';

/** One source of one merge, as it was when it was merged. */
export interface LineageEdge {
  mergeId: Id;
  from: Id;
  to: Id;
  number: string | null;
  issueDate: Day;
  total: Decimal;
  currency: string;
  settlement: Settlement;
  creditNote: string | null;
  targetNumber: string | null;
  at: string;
  by: string;
  undone: boolean;
}

export const createLineageStore = (prefix: string) => ({
  /** The merges that these invoices came into, or those that they came from, oldest first: a statement per 500. */
  async edges(db: Db, end: 'from' | 'to', ids: Id[]): Promise<LineageEdge[]> {
    const found: Row[] = [];
    for (const part of chunks(ids)) {
      const rows: Row[] = await latest(db, db({ s: `${prefix}merge_sources` }))
        .join({ m: `${prefix}merges` }, 'm.id', 's.merge_id')
        .whereIn(end === 'from' ? 's.source_id' : 'm.target_id', part)
        .orderBy(['m.id', 's.position'])
        .select(
          {
            number: 's.number',
            issuedate: 's.issue_date',
            currency: 'm.currency',
            settlement: 's.settlement',
            creditnote: 's.credit_note_number',
            targetnumber: 'm.target_number',
            at: 'm.created_at',
            actorname: 'm.actor_name',
            undoneat: 'm.undone_at',
          },
          text(db, 'm.id', 'mergeid'),
          text(db, 's.source_id', 'sourceid'),
          text(db, 'm.target_id', 'targetid'),
          text(db, 's.total_minor', 'total'),
        );
      found.push(...rows);
    }
    return found.map((row) => {
      const value = (name: string): string => textOf(row[name]) ?? '';
      return {
        mergeId: value('mergeid'),
        from: value('sourceid'),
        to: value('targetid'),
        number: textOf(row.number),
        issueDate: value('issuedate'),
        total: fromMinor(value('total'), value('currency')),
        currency: value('currency'),
        settlement: value('settlement') as Settlement,
        creditNote: textOf(row.creditnote),
        targetNumber: textOf(row.targetnumber),
        at: value('at'),
        by: value('actorname'),
        undone: row.undoneat !== null,
      };
    });
  },
});
