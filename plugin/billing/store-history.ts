/** The history of sales: filtered, paged, added up. Own tables only, but for the subquery of what a person may see. */
import type { Actor, Db, Id, Query, Row } from '../host/contract';
import { contains, text, textOf } from '../host/sql';
import { fromMinor } from '../merging/store-participations';
import type { Decimal } from '../money/types';
import type { MethodKind } from './contract';
import { ACT_GROUPS, type ActGroup } from './rules-acts';
import { paymentColumns, readPayment, withVat } from './store-sale-payments';
import type { Named, SalePayment, SaleVat } from './types';

/** What the history is narrowed by, as the tables know it. */
export interface StoredFilter {
  /** Instants: from inclusive, until exclusive. */
  from?: string;
  until?: string;
  moduleId?: Id;
  methodId?: Id;
  actorId?: Id;
  acts?: ActGroup;
  reference?: { exact: string } | { prefix: string };
  /** In notes, customers' names and numbers of invoices and slips. */
  text?: string;
  /** Only what this person took. */
  own?: Id;
  /** Invoices that the person may see; left out: all. */
  visible?: (db: Db) => Query;
  /** Rows up to this one: what comes while a file is written is not in it. */
  upTo?: Id;
}

export interface Cursor {
  at: string;
  id: Id;
}

/** A method's part of what the filter shows. */
export interface MethodTotal {
  currency: string;
  method: Named & { kind: MethodKind; isCash: boolean };
  amount: Decimal;
  count: number;
}
export interface VatTotal extends SaleVat {
  currency: string;
}
/** What one day or month came to, by what kind of method. */
export interface Bucket {
  currency: string;
  when: string;
  kind: MethodKind;
  amount: Decimal;
}

const value = (row: Row, name: string): string => textOf(row[name]) ?? '';

export const createHistoryStore = (prefix: string) => {
  const table = `${prefix}sale_payments`;

  function narrowed(db: Db, query: Query, filter: StoredFilter): Query {
    const { from, until, reference, visible } = filter;
    if (from !== undefined) query.where('p.at', '>=', from);
    if (until !== undefined) query.where('p.at', '<', until);
    for (const [column, wanted] of [
      ['p.module_id', filter.moduleId],
      ['p.method_id', filter.methodId],
      ['p.actor_id', filter.actorId],
      ['p.actor_id', filter.own],
    ] as const)
      if (wanted !== undefined) query.where(column, wanted);
    if (filter.acts !== undefined) query.whereIn('p.act', [...ACT_GROUPS[filter.acts]]);
    if (filter.upTo !== undefined) query.where('p.id', '<=', filter.upTo);
    if (reference && 'exact' in reference) query.where('p.reference', reference.exact);
    if (reference && 'prefix' in reference)
      // Not LIKE: SQLite's takes 'a' for 'A'.
      query.whereRaw('SUBSTR(p.reference, 1, ?) = ?', [Array.from(reference.prefix).length, reference.prefix]);
    const term = filter.text;
    if (term !== undefined)
      query.where((any) => {
        for (const column of ['note', 'customer_name', 'invoice_number', 'slip_number'])
          void any.orWhere(contains(db, `p.${column}`, term));
      });
    if (visible) query.where((seen) => void seen.whereNull('p.invoice_id').orWhereIn('p.invoice_id', visible(db)));
    return query;
  }

  const from = (db: Db, filter: StoredFilter): Query => narrowed(db, db({ p: table }) as Query, filter);
  const summed = (db: Db, column: string, alias: string) =>
    db.raw(`CAST(SUM(??) AS ${(db.client as { dialect?: string }).dialect === 'mysql' ? 'CHAR' : 'TEXT'}) AS ??`, [
      column,
      alias,
    ]);

  return {
    /** What each method came to, in the order of its kind; under the name that its last row bears. */
    async totals(db: Db, filter: StoredFilter): Promise<MethodTotal[]> {
      const rows: Row[] = await from(db, filter)
        .groupBy(['p.currency', 'p.method_id', 'p.method_kind', 'p.method_cash'])
        .select('p.currency', 'p.method_id', 'p.method_kind', 'p.method_cash', summed(db, 'p.amount_minor', 'amount'))
        .count({ rows: '*' })
        .max({ last: 'p.id' });
      const names: Row[] = await db({ p: table })
        .whereIn(
          'p.id',
          rows.map(({ last }) => last as number),
        )
        .select('p.method_name', text(db, 'p.id', 'paymentid'));
      const nameOf = new Map(names.map((row) => [value(row, 'paymentid'), value(row, 'method_name')]));
      return rows.map((row) => ({
        currency: value(row, 'currency'),
        method: {
          id: value(row, 'method_id'),
          name: nameOf.get(value(row, 'last')) ?? '',
          kind: value(row, 'method_kind') as MethodKind,
          isCash: Number(row.method_cash) === 1,
        },
        amount: fromMinor(value(row, 'amount'), value(row, 'currency')),
        count: Number(row.rows),
      }));
    },

    async vat(db: Db, filter: StoredFilter): Promise<VatTotal[]> {
      const rows: Row[] = await from(db, filter)
        .join({ t: `${prefix}sale_payment_taxes` }, 't.payment_id', 'p.id')
        .groupBy(['p.currency', 't.rate'])
        .select('p.currency', 't.rate', summed(db, 't.base_minor', 'base'), summed(db, 't.tax_minor', 'tax'));
      return rows
        .map((row) => ({
          currency: value(row, 'currency'),
          rate: value(row, 'rate'),
          base: fromMinor(value(row, 'base'), value(row, 'currency')),
          tax: fromMinor(value(row, 'tax'), value(row, 'currency')),
        }))
        .sort((a, b) => Number(b.rate) - Number(a.rate));
    },

    /** @param length 10: a day each; 7: a month each */
    async buckets(db: Db, filter: StoredFilter, length: 7 | 10): Promise<Bucket[]> {
      const when = db.raw('SUBSTR(p.business_day, 1, ?)', [length]);
      const rows = (await from(db, filter)
        .groupBy(['p.currency', 'p.method_kind', when])
        .select('p.currency', 'p.method_kind', db.raw('SUBSTR(p.business_day, 1, ?) AS bucket', [length]))
        .select(summed(db, 'p.amount_minor', 'amount'))
        .orderBy('bucket')) as Row[];
      return rows.map((row) => ({
        currency: value(row, 'currency'),
        when: value(row, 'bucket'),
        kind: value(row, 'method_kind') as MethodKind,
        amount: fromMinor(value(row, 'amount'), value(row, 'currency')),
      }));
    },

    /** The first and the last day that the filter finds anything on. */
    async span(db: Db, filter: StoredFilter): Promise<{ first: string; last: string } | null> {
      const [row]: Row[] = await from(db, filter).min({ first: 'p.business_day' }).max({ last: 'p.business_day' });
      const first = textOf(row?.first);
      return first === null ? null : { first, last: textOf(row?.last) ?? first };
    },

    /** Newest first. */
    async page(db: Db, filter: StoredFilter, { offset, limit }: { offset: number; limit: number }) {
      const rows = (await from(db, filter)
        .select(paymentColumns(db, 'p'))
        .orderBy([
          { column: 'p.at', order: 'desc' },
          { column: 'p.id', order: 'desc' },
        ])
        .offset(offset)
        .limit(limit)) as Row[];
      return withVat(db, prefix, rows.map(readPayment));
    },

    /** The next ones after a row, in the same order: as quick for the last as for the first. */
    async after(db: Db, filter: StoredFilter, last: Cursor | null, limit: number): Promise<SalePayment[]> {
      const query = from(db, filter).select(paymentColumns(db, 'p'));
      if (last)
        query.where(
          (older) =>
            void older
              .where('p.at', '<', last.at)
              .orWhere((same) => void same.where('p.at', last.at).where('p.id', '<', last.id)),
        );
      const rows = (await query
        .orderBy([
          { column: 'p.at', order: 'desc' },
          { column: 'p.id', order: 'desc' },
        ])
        .limit(limit)) as Row[];
      return withVat(db, prefix, rows.map(readPayment));
    },

    /** Which rows were reversed by which acts. */
    async reversedBy(db: Db, ids: Id[]): Promise<Map<Id, SalePayment['act'][]>> {
      const acts = new Map<Id, SalePayment['act'][]>();
      if (ids.length === 0) return acts;
      const rows: Row[] = await db({ p: table })
        .whereIn('p.reverses_id', ids)
        .where('p.act', '<>', 'replacement')
        .orderBy('p.id')
        .select('p.act', text(db, 'p.reverses_id', 'reversesid'));
      for (const row of rows) {
        const id = value(row, 'reversesid');
        acts.set(id, [...(acts.get(id) ?? []), value(row, 'act') as SalePayment['act']]);
      }
      return acts;
    },

    async lastId(db: Db): Promise<Id> {
      const [row] = (await db({ p: table })
        .select(text(db, 'p.id', 'paymentid'))
        .orderBy('p.id', 'desc')
        .limit(1)) as Row[];
      return row ? value(row, 'paymentid') : '0';
    },

    /** Whom and what the filter's lists offer: all that was ever recorded and that the person may see, under its last name. */
    async choices(db: Db, seen: StoredFilter): Promise<{ modules: Named[]; methods: Named[]; people: Actor[] }> {
      const named = async (id: string, name: string): Promise<Named[]> => {
        const last: Row[] = await from(db, seen).groupBy(`p.${id}`).max({ last: 'p.id' }).select(`p.${id}`);
        const rows: Row[] = await db({ p: table })
          .whereIn(
            'p.id',
            last.map((row) => row.last as number),
          )
          .select(text(db, `p.${id}`, 'imid'), `p.${name}`);
        return rows
          .map((row) => ({ id: value(row, 'imid'), name: value(row, name) }))
          .sort((a, b) => a.name.localeCompare(b.name));
      };
      return {
        modules: await named('module_id', 'module_name'),
        methods: await named('method_id', 'method_name'),
        people: await named('actor_id', 'actor_name'),
      };
    },

    /** Sales that another system has taken: in no row of this history. */
    async handedOver(db: Db, filter: Pick<StoredFilter, 'from' | 'until' | 'moduleId' | 'actorId' | 'own'>) {
      const query = db({ s: `${prefix}sales` }).where('s.state', 'handed_over');
      if (filter.from !== undefined) query.where('s.closed_at', '>=', filter.from);
      if (filter.until !== undefined) query.where('s.closed_at', '<', filter.until);
      if (filter.moduleId !== undefined) query.where('s.module_id', filter.moduleId);
      for (const person of [filter.actorId, filter.own])
        if (person !== undefined) query.where('s.closed_by_id', person);
      const [row]: Row[] = await query.count({ rows: '*' });
      return Number(row?.rows ?? 0);
    },
  };
};

export type HistoryStore = ReturnType<typeof createHistoryStore>;
