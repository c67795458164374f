/** Sales and, through store-sale-payments.ts, their payment lines. Own tables only. */
import type { Actor, Db, Id, Row, SaleLine, Trx } from '../host/contract';
import { clipped, latest, text, textOf } from '../host/sql';
import { isDuplicateKey } from '../host/transaction';
import { fromMinor, toMinor } from '../merging/store-participations';
import { createSalePaymentStore, named, value } from './store-sale-payments';
import type { SaleHandover, SaleRecord, SaleState, SaleVat } from './types';

type NewSale = Omit<SaleRecord, 'id' | 'handover' | 'slipNumber'>;
type SaleChange = Partial<
  Pick<
    SaleRecord,
    'state' | 'invoiceId' | 'invoiceNumber' | 'slipNumber' | 'customer' | 'total' | 'vat' | 'requestKey' | 'handover'
  > & { requestHash: string | null; closed: { at: string; day: string; by: Id } }
>;

function readSale(row: Row): SaleRecord {
  const currency = value(row, 'currency');
  const handover = textOf(row.handover);
  return {
    id: value(row, 'saleid'),
    kind: value(row, 'kind') as SaleRecord['kind'],
    state: value(row, 'state') as SaleState,
    module: { id: value(row, 'moduleid'), name: value(row, 'module_name') },
    invoiceId: textOf(row.invoiceid),
    invoiceNumber: textOf(row.invoice_number),
    slipNumber: textOf(row.slip_number),
    customer: named(row, 'customerid', 'customer_name'),
    currency,
    total: fromMinor(value(row, 'total'), currency),
    lines: JSON.parse(value(row, 'basket_lines')) as SaleLine[],
    vat: JSON.parse(value(row, 'vat')) as SaleVat[],
    requestKey: textOf(row.request_key),
    requestHash: textOf(row.request_hash),
    returnUrl: textOf(row.return_url),
    openedAt: value(row, 'opened_at'),
    openedBy: { id: value(row, 'opened_by_id'), name: value(row, 'opened_by_name') },
    closedAt: textOf(row.closed_at),
    handover: handover === null ? null : (JSON.parse(handover) as SaleHandover),
  };
}

const json = (given: object | null | undefined): string | null | undefined =>
  given === undefined || given === null ? given : JSON.stringify(given);

/** Without what is not given, so that it stays as it is. */
const given = (row: Row): Row => Object.fromEntries(Object.entries(row).filter(([, one]) => one !== undefined));

export const createSaleStore = (prefix: string) => {
  const table = `${prefix}sales`;
  const sales = (db: Db) =>
    latest(
      db,
      db({ s: table }).select(
        's.*',
        text(db, 's.id', 'saleid'),
        text(db, 's.module_id', 'moduleid'),
        text(db, 's.invoice_id', 'invoiceid'),
        text(db, 's.customer_id', 'customerid'),
        text(db, 's.total_minor', 'total'),
      ),
    );
  /** MySQL reads '12abc' as 12: only the id itself names a row. */
  const only = <T extends { id: Id }>(found: T | undefined, id: Id): T | null => (found?.id === id ? found : null);

  const change = async (trx: Trx, id: Id, wanted: SaleChange, currency: string): Promise<void> => {
    const { customer, closed, total } = wanted;
    const row = given({
      state: wanted.state,
      invoice_id: wanted.invoiceId,
      invoice_number: wanted.invoiceNumber === undefined ? undefined : clipped(wanted.invoiceNumber),
      slip_number: wanted.slipNumber,
      customer_id: customer === undefined ? undefined : (customer?.id ?? null),
      customer_name: customer === undefined ? undefined : clipped(customer?.name ?? null),
      total_minor: total === undefined ? undefined : toMinor(total, currency),
      vat: json(wanted.vat),
      request_key: wanted.requestKey,
      request_hash: wanted.requestHash,
      handover: json(wanted.handover),
      ...(closed && { closed_at: closed.at, closed_day: closed.day, closed_by_id: closed.by }),
    });
    await trx(table).where({ id }).update(row);
  };

  return {
    ...createSalePaymentStore(prefix),

    /** @returns null where the request key is taken: the sale that took it is `saleByKey` */
    async insertSale(trx: Trx, sale: NewSale): Promise<Id | null> {
      try {
        const [id] = (await trx(table).insert({
          kind: sale.kind,
          state: sale.state,
          module_id: sale.module.id,
          module_name: clipped(sale.module.name),
          invoice_id: sale.invoiceId,
          invoice_number: clipped(sale.invoiceNumber),
          customer_id: sale.customer?.id ?? null,
          customer_name: clipped(sale.customer?.name ?? null),
          currency: sale.currency,
          total_minor: toMinor(sale.total, sale.currency),
          basket_lines: JSON.stringify(sale.lines),
          vat: JSON.stringify(sale.vat),
          request_key: sale.requestKey,
          request_hash: sale.requestHash,
          return_url: sale.returnUrl,
          opened_at: sale.openedAt,
          opened_by_id: sale.openedBy.id,
          opened_by_name: clipped(sale.openedBy.name),
          closed_at: sale.closedAt,
          version: 0,
        })) as [number];
        return String(id);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return null;
      }
    },

    /** Written by whoever changes a sale: the second waits here, or fails where nodes of a cluster clash. */
    async lockSale(trx: Trx, id: Id): Promise<void> {
      await trx(table)
        .where({ id })
        .update({ version: trx.raw('?? + 1', ['version']) });
    },

    async saleById(db: Db, id: Id): Promise<SaleRecord | null> {
      const [row] = (await sales(db).where('s.id', id)) as Row[];
      return only(row && readSale(row), id);
    },

    async saleByKey(db: Db, key: string): Promise<SaleRecord | null> {
      const [row] = (await sales(db).where('s.request_key', key)) as Row[];
      return row ? readSale(row) : null;
    },

    change,

    /** @returns false where the request key is taken by another sale */
    async takeKey(trx: Trx, id: Id, key: string, hash: string, currency: string): Promise<boolean> {
      try {
        await change(trx, id, { requestKey: key, requestHash: hash }, currency);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return false;
      }
    },

    async log(trx: Db, entry: { action: string; at: string; by: Actor; invoiceId?: Id | null; details: object }) {
      await trx(`${prefix}activity`).insert({
        at: entry.at,
        actor_id: entry.by.id,
        actor_name: clipped(entry.by.name),
        action: entry.action,
        invoice_id: entry.invoiceId ?? null,
        details: JSON.stringify(entry.details),
      });
    },
  };
};

export type SaleStore = ReturnType<typeof createSaleStore>;
