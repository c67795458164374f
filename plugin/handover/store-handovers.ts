/** The outbox, a row a message, and what the journal shows of it. Own table only. */
import type { Knex } from 'knex';
import type { Db, Id, Row, Trx } from '../host/contract';
import { clipped, forIds, latest, text, textOf } from '../host/sql';
import type { HandoverState } from './contract';
import { fromRow, toRow, UNSETTLED, type Change, type DatedInvoice, type MessageState } from './store-handover-rows';
import type { NewHandover, StoredHandover } from './store-handover-rows';

export type { DatedInvoice, MessageState, StoredHandover } from './store-handover-rows';

export interface HandoverFilter {
  state?: HandoverState;
  /** Exactly, of the other system, of the cashier or of the later invoice. */
  search?: string;
}

export const createHandoverStore = (prefix: string) => {
  const table = `${prefix}handovers`;
  const ids = (db: Db) => [
    text(db, 'id', 'recordid'),
    text(db, 'request_id', 'requestid'),
    text(db, 'integration_id', 'integrationid'),
  ];
  const select = (db: Db) => latest(db, db(table).select('*', ...ids(db)));

  /** Nobody is sending it, as far as the lease says. */
  const free = (db: Db, now: string) => db.raw('(lease_until IS NULL OR lease_until <= ?)', [now]);

  /** Connections (`i`) that take messages now: neither off nor removed, nor put off by the other system. */
  const sendable = (query: Knex.QueryBuilder, now: string) =>
    query
      .where({ 'i.enabled': 1 })
      .whereNull('i.removed_at')
      .where((open) => void open.whereNull('i.paused_until').orWhere('i.paused_until', '<=', now));

  function filtered(db: Db, { state, search }: HandoverFilter) {
    const query = db(table).where({ kind: 'request' });
    if (state) void query.where({ state });
    if (search !== undefined)
      void query.where(
        (any) =>
          void any
            .where('reference', search)
            .orWhere('sale_reference', search)
            .orWhere('invoice_number', search)
            .orWhere('sale_id', search)
            .orWhere('message_id', search),
      );
    return query;
  }

  return {
    /** The duplicate key of `open_sale` is what refuses a second hand-over of a sale. */
    async insert(trx: Trx, one: NewHandover): Promise<Id> {
      const [id] = await trx(table).insert({
        message_id: one.messageId,
        kind: one.kind,
        request_id: one.requestId,
        sale_id: one.saleId,
        open_sale: one.kind === 'request' ? one.saleId : null,
        integration_id: one.integrationId,
        body: one.body,
        state: 'waiting',
        tries: 0,
        next_at: one.nextAt,
        module_id: one.module.id,
        module_name: clipped(one.module.name),
        method_id: one.method.id,
        method_name: clipped(one.method.name),
        customer_name: clipped(one.customerName),
        sale_reference: one.saleReference,
        currency: one.currency,
        total: one.total,
        actor_id: one.actor.id,
        actor_name: clipped(one.actor.name),
        created_at: one.createdAt,
      });
      return String(id);
    },

    async find(db: Db, id: Id): Promise<StoredHandover | null> {
      const [row] = (await select(db).where({ id })) as Row[];
      return row ? fromRow(row) : null;
    },

    /** By the id that the other system knows. */
    async findByMessage(db: Db, messageId: string): Promise<StoredHandover | null> {
      const [row] = (await select(db).where({ message_id: messageId, kind: 'request' })) as Row[];
      return row ? fromRow(row) : null;
    },

    /** The last request of each sale. */
    async lastOf(db: Db, saleIds: Id[]): Promise<StoredHandover[]> {
      const rows = await forIds(saleIds, async (part) => {
        const newest = db(table).where({ kind: 'request' }).whereIn('sale_id', part).groupBy('sale_id').max('id');
        return (await select(db).whereIn('id', newest)) as Row[];
      });
      return rows.map(fromRow);
    },

    /** The cancellation that is on its way, or was the last. */
    async cancellationOf(db: Db, requestId: Id): Promise<StoredHandover | null> {
      const [row] = (await select(db).where({ request_id: requestId }).orderBy('id', 'desc').limit(1)) as Row[];
      return row ? fromRow(row) : null;
    },

    /**
     * Takes the message for one sender, by this one statement: whoever else asks for it finds it taken.
     * @param take.states in which it may be sent at all
     * @param take.due it must be due by the schedule
     * @param take.counts it uses up a try of the schedule
     * @returns false when it is taken, settled or not due
     */
    async claim(
      trx: Trx,
      id: Id,
      take: { token: string; now: string; until: string; states: MessageState[]; due: boolean; counts: boolean },
    ): Promise<boolean> {
      const { token, now, until, states, due, counts } = take;
      const query = trx(table).where({ id }).whereIn('state', states).whereRaw(free(trx, now));
      if (due)
        void query
          .where('next_at', '<=', now)
          // Switched off, removed or put off since the worker looked: what is left of its round stays.
          .whereExists(
            sendable(trx(`${prefix}integrations as i`), now)
              .whereRaw('?? = ??', ['i.id', `${table}.integration_id`])
              .select(trx.raw('1')),
          );
      const lease: Row = { lease_token: token, lease_until: until, ...(counts && { tries: trx.raw('tries + 1') }) };
      return (await query.update(lease)) > 0;
    },

    /** Lets go what we hold. @returns false when somebody else has taken it over since */
    async release(trx: Trx, id: Id, token: string): Promise<boolean> {
      return (await trx(table).where({ id, lease_token: token }).update({ lease_token: null, lease_until: null })) > 0;
    },

    async update(trx: Trx, { id, saleId, kind }: StoredHandover, change: Change): Promise<void> {
      const row = toRow(change, saleId);
      // Only the request binds the sale.
      if (kind === 'cancel') delete row.open_sale;
      await trx(table).where({ id }).update(row);
    },

    /** Only where none is known yet. @returns whether it was */
    async recordInvoice(trx: Trx, { id, saleId }: StoredHandover, invoice: DatedInvoice): Promise<boolean> {
      return (await trx(table).where({ id }).whereNull('invoice_number').update(toRow({ invoice }, saleId))) > 0;
    },

    /** Moves a request to another state only from these. @returns whether it was in one of them */
    async change(trx: Trx, one: StoredHandover, from: MessageState[], change: Change): Promise<boolean> {
      return (await trx(table).where({ id: one.id }).whereIn('state', from).update(toRow(change, one.saleId))) > 0;
    },

    /** The connections that have something to send now, those that are off or put off left out. */
    async dueIntegrations(db: Db, now: string): Promise<Id[]> {
      const query = db(`${table} as h`).join(`${prefix}integrations as i`, 'i.id', 'h.integration_id');
      const rows: Row[] = await sendable(query, now)
        .where('h.state', 'waiting')
        .where('h.next_at', '<=', now)
        .where((open) => void open.whereNull('h.lease_until').orWhere('h.lease_until', '<=', now))
        .distinct(text(db, 'h.integration_id', 'integrationid'));
      return rows.map((row) => textOf(row.integrationid) ?? '');
    },

    /** What is to be sent there now, the longest overdue first. */
    async due(db: Db, integrationId: Id, now: string, limit: number): Promise<Id[]> {
      const rows: Row[] = await db(table)
        .where({ integration_id: integrationId, state: 'waiting' })
        .where('next_at', '<=', now)
        .whereRaw(free(db, now))
        .orderBy('next_at')
        .orderBy('id')
        .limit(limit)
        .select(text(db, 'id', 'recordid'));
      return rows.map((row) => textOf(row.recordid) ?? '');
    },

    /** What a connection put off, or one that was off, is due at once. */
    async makeDue(trx: Trx, integrationId: Id, now: string): Promise<void> {
      await trx(table)
        .where({ integration_id: integrationId, state: 'waiting' })
        .where('next_at', '>', now)
        .whereNull('lease_token')
        .update({ next_at: now });
    },

    /** Messages that nobody has settled, on a connection. */
    async unsettled(db: Db, integrationId: Id): Promise<number> {
      const query = db(table).where({ integration_id: integrationId }).whereIn('state', UNSETTLED);
      const [row] = (await latest(db, query.count({ n: '*' }))) as Row[];
      return Number(row?.n ?? 0);
    },

    /** The latest first. */
    async page(db: Db, filter: HandoverFilter, offset: number, limit: number): Promise<StoredHandover[]> {
      const rows = (await filtered(db, filter)
        .select('*', ...ids(db))
        .orderBy('id', 'desc')
        .offset(offset)
        .limit(limit)) as Row[];
      return rows.map(fromRow);
    },

    async count(db: Db, filter: HandoverFilter): Promise<number> {
      const [row] = await filtered(db, filter).count<Row[]>({ n: '*' });
      return Number(row?.n ?? 0);
    },

    /** How many sales are with other systems, of those handed over in the period. */
    async handedOver(db: Db, { from, to, moduleId }: { from?: string; to?: string; moduleId?: Id }): Promise<number> {
      const query = db(table).where({ kind: 'request' }).whereIn('state', ['accepted', 'cancelling']);
      void query.whereNotNull('accepted_at');
      if (from !== undefined) void query.where('accepted_at', '>=', from);
      if (to !== undefined) void query.where('accepted_at', '<', to);
      if (moduleId !== undefined) void query.where({ module_id: moduleId });
      const [row] = await query.count<Row[]>({ n: '*' });
      return Number(row?.n ?? 0);
    },

    /** Drops what was sent of sales that were settled before that moment: a customer's name need not stay with us for ever. */
    async forgetBodies(db: Db, before: string): Promise<number> {
      return db(table)
        .where('created_at', '<', before)
        .whereIn('state', ['accepted', 'rejected', 'cancelled', 'dropped'])
        .whereNotNull('body')
        .update({ body: null });
    },
  };
};

export type HandoverStore = ReturnType<typeof createHandoverStore>;
