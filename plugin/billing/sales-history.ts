/** "Sales history": who took what, with which method, and what it came to; each person what they may see. */
import { PluginError } from '../errors';
import type { Actor, Day, Db, Id } from '../host/contract';
import { seenInvoices, startOfDay } from '../host/own-columns';
import { restrictTo } from '../merging/deps';
import { exact, sum, toAmount } from '../money/decimal';
import { minorUnit } from '../money/currency';
import type { Decimal } from '../money/types';
import type { MethodKind } from './contract';
import { stateOf, type ActGroup, type PaymentState } from './rules-acts';
import { searchOf } from './rules-reference';
import type { Bucket, Cursor, HistoryStore, MethodTotal, StoredFilter, VatTotal } from './store-history';
import { demandMay, type TillDeps } from './till-deps';
import type { Named, SalePayment } from './types';

export interface SalesFilter {
  /** Days of the business, both inclusive. */
  from?: Day;
  to?: Day;
  moduleId?: Id;
  methodId?: Id;
  actorId?: Id;
  act?: ActGroup;
  reference?: string;
  text?: string;
}

export interface SalesRow extends SalePayment {
  state: PaymentState;
}

/** What a currency came to: whose money it is stands apart. */
export interface SalesTotal {
  currency: string;
  total: Decimal;
  count: number;
  cash: Decimal;
  /** Of each kind its own, cash among the internal ones. */
  kinds: Record<MethodKind, Decimal>;
  methods: MethodTotal[];
  vat: VatTotal[];
}

export interface SalesPage {
  rows: SalesRow[];
  page: number;
  pages: number;
  total: number;
  totals: SalesTotal[];
  buckets: { by: 'day' | 'month'; list: Bucket[]; first: string; last: string } | null;
  /** Sales that another system has taken: not among the rows. */
  handedOver: number;
  choices: { modules: Named[]; methods: Named[]; people: Actor[] };
  /** Only what the person took. */
  own: boolean;
}

const PAGE_SIZE = 50;
const PORTION = 500;
/** Longer than two months is drawn by month. */
const MOST_DAYS = 62;
const KINDS: MethodKind[] = ['internal', 'external_payment', 'external_billing'];

const daysBetween = (first: Day, last: Day): number => (Date.parse(last) - Date.parse(first)) / 86_400_000 + 1;

/** @param totals of one currency at least */
function addUp(totals: MethodTotal[], vat: VatTotal[]): SalesTotal[] {
  const currencies = [...new Set(totals.map(({ currency }) => currency))];
  return currencies
    .sort((a, b) => Number(b === 'EUR') - Number(a === 'EUR') || a.localeCompare(b))
    .map((currency) => {
      const scale = minorUnit(currency);
      const of = totals.filter((one) => one.currency === currency);
      const amount = (list: MethodTotal[]): Decimal => toAmount(sum(list.map((one) => one.amount)), scale);
      const kind = (wanted: MethodKind): Decimal => amount(of.filter(({ method }) => method.kind === wanted));
      return {
        currency,
        total: amount(of),
        count: of.reduce((rows, { count }) => rows + count, 0),
        cash: amount(of.filter(({ method }) => method.isCash)),
        kinds: {
          internal: kind('internal'),
          external_payment: kind('external_payment'),
          external_billing: kind('external_billing'),
        },
        methods: [...of].sort(
          (a, b) =>
            KINDS.indexOf(a.method.kind) - KINDS.indexOf(b.method.kind) ||
            Number(b.method.isCash) - Number(a.method.isCash) ||
            exact(b.amount).cmp(exact(a.amount)) ||
            a.method.name.localeCompare(b.method.name),
        ),
        vat: vat.filter((one) => one.currency === currency),
      };
    });
}

export const createSalesHistory = (deps: TillDeps, history: HistoryStore) => {
  const { host, timeZone } = deps;

  /** What the person may see: all, or their own. @throws IM_FORBIDDEN 403 */
  async function seenBy(db: Db, actor: Actor): Promise<StoredFilter> {
    const all = await deps.authorize(actor, 'sales.view_all', { db });
    if (!all) await demandMay(deps, actor, 'sales.view', { db });
    return {
      ...(!all && { own: actor.id }),
      // Without a scope everything is seen: no subquery over all invoices.
      ...(deps.scope && { visible: (on: Db) => seenInvoices(on, host.map, restrictTo(deps, actor)) }),
    };
  }

  function toStored(filter: SalesFilter, seen: StoredFilter): StoredFilter {
    const { from, to, act, text, reference, moduleId, methodId, actorId } = filter;
    const wanted = reference === undefined ? null : searchOf(reference);
    return {
      ...seen,
      ...(from !== undefined && { from: startOfDay(timeZone, from) }),
      ...(to !== undefined && { until: startOfDay(timeZone, to, 1) }),
      ...{ moduleId, methodId, actorId, acts: act, text: text?.trim() || undefined },
      ...(wanted && { reference: wanted }),
    };
  }

  async function withStates(db: Db, payments: SalePayment[]): Promise<SalesRow[]> {
    const by = await history.reversedBy(
      db,
      payments.map(({ id }) => id),
    );
    return payments.map((one) => ({ ...one, state: stateOf(one, by.get(one.id) ?? []) }));
  }

  const totalsOf = async (db: Db, stored: StoredFilter): Promise<SalesTotal[]> =>
    addUp(await history.totals(db, stored), await history.vat(db, stored));

  return {
    withStates,

    /** The same number of statements for one row and for thousands. Beyond the last page: the last one. */
    async page(db: Db, filter: SalesFilter, wanted: number, actor: Actor): Promise<SalesPage> {
      const seen = await seenBy(db, actor);
      const stored = toStored(filter, seen);
      const totals = await totalsOf(db, stored);
      const total = totals.reduce((rows, { count }) => rows + count, 0);
      const pages = Math.max(1, Math.ceil(total / PAGE_SIZE));
      const page = Math.min(wanted, pages);
      const rows = await history.page(db, stored, { offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE });
      const span = await history.span(db, stored);
      const [first, last] = [filter.from ?? span?.first, filter.to ?? span?.last];
      const by = first && last && daysBetween(first, last) > MOST_DAYS ? 'month' : 'day';
      return {
        ...{ page, pages, total, totals, own: seen.own !== undefined },
        rows: await withStates(db, rows),
        buckets:
          span && first && last
            ? { by, first, last, list: await history.buckets(db, stored, by === 'day' ? 10 : 7) }
            : null,
        handedOver: await history.handedOver(db, stored),
        choices: await history.choices(db, seen),
      };
    },

    /**
     * All that a filter shows at this moment, newest first, a portion at a time, with what it comes to.
     * @throws IM_FORBIDDEN 403
     */
    async all(db: Db, filter: SalesFilter, actor: Actor) {
      const seen = await seenBy(db, actor);
      // What is rung up while the file is written is in neither its rows nor its total.
      const stored = { ...toStored(filter, seen), upTo: await history.lastId(db) };
      const totals = await totalsOf(db, stored);
      async function* rows(): AsyncGenerator<SalesRow> {
        for (let last: Cursor | null = null; ;) {
          const payments: SalePayment[] = await history.after(db, stored, last, PORTION);
          yield* await withStates(db, payments);
          const end = payments.at(-1);
          if (!end || payments.length < PORTION) return;
          last = { at: end.at, id: end.id };
        }
      }
      return {
        totals,
        count: totals.reduce((all, { count }) => all + count, 0),
        handedOver: await history.handedOver(db, stored),
        rows: rows(),
      };
    },

    /** One row, with what reverses it and what it reverses. @throws IM_NOT_FOUND 404 */
    async one(db: Db, payment: SalePayment): Promise<{ row: SalesRow; family: SalesRow[] }> {
      const root = payment.reversesId ?? payment.id;
      const all = await deps.store.paymentsOf(db, { saleId: payment.saleId });
      const family = await withStates(
        db,
        all.filter(({ id, reversesId }) => id === root || reversesId === root || reversesId === payment.id),
      );
      const row = family.find(({ id }) => id === payment.id);
      if (!row) throw new PluginError('IM_NOT_FOUND', 404, { why: 'sale', saleId: payment.id });
      return { row, family };
    },
  };
};

export type SalesHistory = ReturnType<typeof createSalesHistory>;
