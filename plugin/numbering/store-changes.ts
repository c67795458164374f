/** Numbers given, freed and taken back: what was, what is, who, when and why. Nothing is ever deleted. Own table only. */
import type { Actor, Db, Id, Row, Trx } from '../host/contract';
import { clipped, latest, text, textOf } from '../host/sql';
import type { DocumentType, NumberChange } from './contract';

export interface NewChange {
  act: NumberChange['act'];
  type: DocumentType;
  documentId: Id;
  series: string;
  from: string | null;
  to: string | null;
  actor: Actor;
  at: string;
  reason: string;
  confirmed: string[];
}

export const createChangeStore = (prefix: string) => {
  const table = `${prefix}number_changes`;

  /** With the act that took it back, where there is one. */
  const changes = (db: Db) =>
    latest(
      db,
      db(`${table} as c`)
        .leftJoin(`${table} as u`, 'u.id', 'c.undone_by_id')
        .select(
          {
            ...{
              act: 'c.act',
              type: 'c.type',
              series: 'c.series',
              oldnumber: 'c.old_number',
              newnumber: 'c.new_number',
            },
            ...{ actorid: 'c.actor_id', actorname: 'c.actor_name', at: 'c.at', reason: 'c.reason' },
            ...{ confirmed: 'c.confirmed', undoneat: 'u.at', undonebyid: 'u.actor_id', undonebyname: 'u.actor_name' },
            undonereason: 'u.reason',
          },
          text(db, 'c.id', 'changeid'),
          text(db, 'c.document_id', 'documentid'),
        ),
    );

  const read = (row: Row): NumberChange => {
    const value = (name: string): string => textOf(row[name]) ?? '';
    return {
      id: value('changeid'),
      act: value('act') as NumberChange['act'],
      type: value('type') as DocumentType,
      documentId: value('documentid'),
      series: value('series'),
      from: textOf(row.oldnumber),
      to: textOf(row.newnumber),
      actor: { id: value('actorid'), name: value('actorname') },
      at: value('at'),
      reason: value('reason'),
      confirmed: JSON.parse(value('confirmed') || '[]') as string[],
      undone:
        row.undoneat == null
          ? null
          : {
              at: value('undoneat'),
              by: { id: value('undonebyid'), name: value('undonebyname') },
              reason: value('undonereason'),
            },
    };
  };

  return {
    async add(trx: Trx, change: NewChange): Promise<Id> {
      const [id] = await trx(table).insert({
        act: change.act,
        type: change.type,
        document_id: change.documentId,
        series: change.series,
        old_number: clipped(change.from),
        new_number: clipped(change.to),
        actor_id: change.actor.id,
        actor_name: clipped(change.actor.name),
        at: change.at,
        reason: change.reason,
        confirmed: JSON.stringify(change.confirmed),
      });
      return String(id);
    },

    /** False when somebody took it back before. */
    async markUndone(trx: Trx, id: Id, byId: Id): Promise<boolean> {
      return (await trx(table).where({ id }).whereNull('undone_by_id').update({ undone_by_id: byId })) > 0;
    },

    async byId(db: Db, id: Id): Promise<NumberChange | null> {
      if (!/^\d{1,18}$/.test(id)) return null;
      const [row] = (await changes(db).where('c.id', id)) as Row[];
      return row ? read(row) : null;
    },

    /** Newest first. */
    async ofDocument(db: Db, documentId: Id): Promise<NumberChange[]> {
      const rows = (await changes(db).where('c.document_id', documentId).orderBy('c.id', 'desc')) as Row[];
      return rows.map(read);
    },

    /** Those that stand, of these documents: who bore which number before, the latest last. */
    async standing(db: Db, documentIds: Id[]): Promise<NumberChange[]> {
      if (documentIds.length === 0) return [];
      const rows = (await changes(db)
        .whereIn('c.document_id', documentIds)
        .whereNull('c.undone_by_id')
        .whereNot('c.act', 'undo')
        .orderBy('c.id')) as Row[];
      return rows.map(read);
    },

    /** The documents that bore it and were given another, or none, by an act that stands. */
    async formerBearers(db: Db, number: string): Promise<Id[]> {
      const rows: Row[] = await db(table)
        .where({ old_number: number })
        .whereNull('undone_by_id')
        .whereNot('act', 'undo')
        .distinct(text(db, 'document_id', 'documentid'));
      return rows.map((row) => textOf(row.documentid) ?? '');
    },
  };
};

export type ChangeStore = ReturnType<typeof createChangeStore>;
