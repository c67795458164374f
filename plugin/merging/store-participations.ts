/** Which invoices took part in which merges that stand. Own tables only. */
import Big from 'big.js';
import type { Knex } from 'knex';
import type { Actor, Day, Db, Id, InvoiceStatus, Row, Settlement } from '../host/contract';
import { latest, text, textOf } from '../host/sql';
import { minorUnit } from '../money/currency';
import type { Decimal } from '../money/types';

/** One invoice's part in a merge that stands. */
export interface Participation {
  mergeId: Id;
  targetId: Id;
  targetNumber: string | null;
  sourceId: Id;
  number: string | null;
  issueDate: Day;
  dueDate: Day | null;
  statusBefore: InvoiceStatus;
  total: Decimal;
  currency: string;
  settlement: Settlement;
  creditNote: { id: Id; number: string } | null;
  at: string;
  actor: Actor;
  corrected: boolean;
}

export const toMinor = (amount: Decimal, currency: string): string =>
  new Big(amount).times(new Big(10).pow(minorUnit(currency))).toFixed(0);
export const fromMinor = (minor: string, currency: string): Decimal => {
  const scale = minorUnit(currency);
  return new Big(minor).div(new Big(10).pow(scale)).toFixed(scale);
};

export const createParticipationStore = (prefix: string) => {
  /** Ids and amounts are read as text: a driver's numbers end at 2^53. */
  const participations = (db: Db): Knex.QueryBuilder =>
    latest<Knex.QueryBuilder>(
      db,
      db(`${prefix}merge_sources as s`)
        .join(`${prefix}merges as m`, 'm.id', 's.merge_id')
        .whereNull('m.undone_at')
        .select(
          {
            mergeid: 'm.id',
            targetnumber: 'm.target_number',
            number: 's.number',
            issuedate: 's.issue_date',
            duedate: 's.due_date',
            statusbefore: 's.status_before',
            currency: 'm.currency',
            settlement: 's.settlement',
            creditnoteid: 's.credit_note_id',
            creditnotenumber: 's.credit_note_number',
            at: 'm.created_at',
            actorid: 'm.actor_id',
            actorname: 'm.actor_name',
            correctedat: 'm.corrected_at',
          },
          text(db, 'm.target_id', 'targetid'),
          text(db, 's.source_id', 'sourceid'),
          text(db, 's.total_minor', 'total'),
        ),
    );

  const read = async (query: Knex.QueryBuilder): Promise<Participation[]> =>
    ((await query) as Row[]).map((row) => {
      const value = (name: string): string => textOf(row[name]) ?? '';
      return {
        mergeId: value('mergeid'),
        targetId: value('targetid'),
        targetNumber: textOf(row.targetnumber),
        sourceId: value('sourceid'),
        number: textOf(row.number),
        issueDate: value('issuedate'),
        dueDate: textOf(row.duedate),
        statusBefore: value('statusbefore') as InvoiceStatus,
        currency: value('currency'),
        total: fromMinor(value('total'), value('currency')),
        settlement: value('settlement') as Settlement,
        creditNote: row.creditnoteid == null ? null : { id: value('creditnoteid'), number: value('creditnotenumber') },
        at: value('at'),
        actor: { id: value('actorid'), name: value('actorname') },
        corrected: row.correctedat != null,
      };
    });

  return {
    /** Merges that stand in which these invoices were sources, whether the invoices still exist or not. */
    async asSources(db: Db, invoiceIds: Id[]): Promise<Participation[]> {
      return invoiceIds.length === 0 ? [] : read(participations(db).whereIn('s.source_id', invoiceIds));
    },

    /** Merges that stand in which this invoice was the target, oldest first. */
    async asTarget(db: Db, invoiceId: Id): Promise<Participation[]> {
      return read(participations(db).where('m.target_id', invoiceId).orderBy(['m.id', 's.position']));
    },

    async asTargets(db: Db, invoiceIds: Id[]): Promise<Participation[]> {
      if (invoiceIds.length === 0) return [];
      return read(participations(db).whereIn('m.target_id', invoiceIds).orderBy(['m.id', 's.position']));
    },

    /** Sources of merges that stand which bore this number when they were merged. */
    async mergedWithNumber(db: Db, number: string): Promise<Participation[]> {
      return read(participations(db).where('s.number', number).orderBy('m.id'));
    },

    /** The invoices that received issued ones, as a query for their ids. */
    targetsOfIssued(db: Db): Knex.QueryBuilder {
      return db(`${prefix}merge_sources as s`)
        .join(`${prefix}merges as m`, 'm.id', 's.merge_id')
        .whereNull('m.undone_at')
        .whereNot('s.status_before', 'draft')
        .select<Row[]>('m.target_id');
    },
  };
};
