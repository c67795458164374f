/** What a host brings to the contract suite, and the suite's own readers: raw rows by the map, past the functions under test. */
import assert from 'node:assert/strict';
import Big from 'big.js';
import type { Knex } from 'knex';
import type { AllowanceCharge, Decimal, Discount, Tax } from '../../money/types';
import type { CarriedLine, Col, Day, Db, HostCrm, Id, Invoice, Row, TableMap, Trx } from '../contract';

/** An invoice as the host's own code is asked to make it. What is absent is the host's choice. */
export interface ContractInvoice {
  customerId: Id;
  /** Default: unpaid. */
  status?: 'draft' | 'unpaid' | 'overdue' | 'cancelled';
  number?: string;
  issueDate?: Day;
  dueDate?: Day;
  lines: ContractLine[];
  /** Given only where the map has `invoices.discount`. */
  discount?: Discount;
  /** Given only where the map has `allowances` of invoices. */
  allowancesCharges?: AllowanceCharge[];
  /** Given only where the map has `invoices.adjustment`. */
  adjustment?: Decimal;
  note?: string;
}
export interface ContractLine {
  /** A line of this invoice that is saved already; a host whose save rewrites all lines may ignore it. */
  id?: Id;
  description: string;
  quantity: Decimal;
  unitPrice: Decimal;
  /** At most one where the map keeps the rate in the line; none where it has no taxes. */
  taxes: Tax[];
  /** On a new line that came from another invoice: what the save answers in `carried`, where the host takes lines into its form. */
  key?: string;
}

export interface SavedLines {
  invoiceId: Id;
  carried: { key: string; lineId: Id }[];
}

/**
 * A database of the host that merge.migrate() has run on. The cases make their own customers: other rows do not disturb.
 * createCustomer, createInvoice, pay and addLink commit by themselves; saveInvoice and deleteInvoice are given a transaction.
 */
export interface ContractFixture {
  knex: Knex;
  host: HostCrm;
  createCustomer(this: void, name: string): Promise<Id>;
  /** Through the host's own code, totals included. */
  createInvoice(this: void, invoice: ContractInvoice): Promise<Id>;
  /** The host's own save of an existing invoice, which stores exactly these lines; it answers what it answers to applyMerge. */
  saveInvoice(this: void, trx: Trx, id: Id, invoice: ContractInvoice): Promise<Id | SavedLines>;
  /** The host's own payment, status included. */
  pay(this: void, invoiceId: Id, amount: Decimal): Promise<unknown>;
  /** The host's own delete, where it has one. */
  deleteInvoice?(this: void, trx: Trx, id: Id): Promise<unknown>;
  /** One more row of a link of the map that points at this invoice (or line, for links of lines). Needed where the map has links. */
  addLink?(this: void, link: string, invoiceOrLineId: Id): Promise<unknown>;
}

export interface ContractCase {
  title: string;
  /** False where the host lacks the optional function or the mapped column that the case is about. */
  applies(this: void, host: HostCrm): boolean;
  /** Throws an AssertionError that says what the host did otherwise. Does nothing where the case does not apply. */
  run(this: void, fixture: ContractFixture): Promise<void>;
}

export function contractCase(
  title: string,
  run: (fixture: ContractFixture) => Promise<void>,
  applies: (host: HostCrm) => boolean = () => true,
): ContractCase {
  return {
    title,
    applies,
    async run(fixture) {
      if (applies(fixture.host)) await run(fixture);
    },
  };
}

// ---------------------------------------------------------------- making

export const STANDARD: Tax = { category: 'S', name: 'VAT 20 %', rate: '20' };
export const REDUCED: Tax = { category: 'S', name: 'VAT 5.5 %', rate: '5.5' };
export const EXTRA: Tax = { category: 'S', name: 'Levy 2 %', rate: '2' };

/** As many of these taxes as the host can keep in a line. */
export function taxesFor({ map }: HostCrm, taxes: Tax[]): Tax[] {
  if (!map.taxes) return [];
  return 'table' in map.taxes ? taxes : taxes.slice(0, 1);
}

let made = 0;
export function customer(fixture: ContractFixture): Promise<Id> {
  made += 1;
  return fixture.createCustomer(`Contract customer ${made}`);
}

/** 2 x 50.00 at 20 %, 1 x 80.00 at 5.5 %: 204.40 in all where prices are without tax. */
export function twoLines(host: HostCrm): ContractLine[] {
  return [
    { description: 'Two of these', quantity: '2', unitPrice: '50.00', taxes: taxesFor(host, [STANDARD]) },
    { description: 'One of those', quantity: '1', unitPrice: '80.00', taxes: taxesFor(host, [REDUCED]) },
  ];
}

export function simple(host: HostCrm, customerId: Id, more: Partial<ContractInvoice> = {}): ContractInvoice {
  return { customerId, issueDate: '2026-03-02', dueDate: '2036-04-01', lines: twoLines(host), ...more };
}

export async function loadOne(fixture: ContractFixture, db: Db, id: Id): Promise<Invoice> {
  const invoices = await fixture.host.loadInvoices(db, [id]);
  assert.equal(invoices?.length, 1, `loadInvoices must give the invoice ${id}`);
  return invoices[0] as Invoice;
}

/** The lines of a loaded source as merging/ hands them to appendLines. */
export function carriedFrom({ id: sourceInvoiceId, lines }: Invoice): CarriedLine[] {
  return lines.map(({ id, ...line }) => ({
    ...line,
    key: `${sourceInvoiceId}-${id}`,
    sourceInvoiceId,
    sourceLineId: id,
    kind: 'line',
    extra: {},
  }));
}

/** A target and a source with two lines each, of one customer. */
export async function pair(fixture: ContractFixture): Promise<{ target: Id; source: Id }> {
  const mine = await customer(fixture);
  const target = await fixture.createInvoice(
    simple(fixture.host, mine, {
      lines: [{ description: 'Own', quantity: '1', unitPrice: '10.00', taxes: taxesFor(fixture.host, [STANDARD]) }],
    }),
  );
  return { target, source: await fixture.createInvoice(simple(fixture.host, mine)) };
}

/** A draft, an issued one with a note, and one more of the same customer. */
export async function draftAndIssued(
  fixture: ContractFixture,
): Promise<{ mine: Id; draft: Id; issued: Id; other: Id }> {
  const { host, createInvoice } = fixture;
  const mine = await customer(fixture);
  return {
    mine,
    draft: await createInvoice(simple(host, mine, { status: 'draft' })),
    issued: await createInvoice(simple(host, mine, { note: host.map.invoices.note && 'Written before' })),
    other: await createInvoice(simple(host, mine)),
  };
}

const ROLLED_BACK = new Error('rolled back on purpose');

/** Runs `work` in a transaction of which nothing stays. */
export async function rolledBack(knex: Knex, work: (trx: Trx) => Promise<void>): Promise<void> {
  await knex
    .transaction(async (trx) => {
      await work(trx);
      throw ROLLED_BACK;
    })
    .catch((error: unknown) => {
      if (error !== ROLLED_BACK) throw error;
    });
}

/** What `work` asks of the database through this handle or transaction. */
export async function statementsOf(db: Db, work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const listen = ({ sql }: { sql: string }): void => void statements.push(sql);
  db.on('query', listen);
  await work().finally(() => db.off('query', listen));
  return statements;
}

/** SQLite has one writer anyway; a pool of one has no second transaction to try something with. */
export function hasSeveralConnections({ client }: Knex): boolean {
  const { dialect, pool } = client as { dialect: string; pool: { max: number } };
  return dialect === 'mysql' && pool.max > 1;
}

// ---------------------------------------------------------------- reading

/** The ids that findCandidates lists. */
export const openOf = async ({ knex, host }: ContractFixture, customerId: Id): Promise<Id[]> =>
  (await host.findCandidates(knex, { customerIds: [customerId], restrict: () => undefined })).map((head) => head.id);

export function ownColumn({ host }: ContractFixture, name: string): Col {
  return (host.map.tablePrefix ?? 'im_') + name;
}

export async function rows(db: Db, table: string, where: Row): Promise<Row[]> {
  return (await db(table).where(where)) as Row[];
}

export async function invoiceRow(fixture: ContractFixture, db: Db, id: Id): Promise<Row> {
  const { invoices } = fixture.host.map;
  const [row] = await rows(db, invoices.table, { [invoices.id]: id });
  assert.ok(row, `${invoices.table} must have a row with ${invoices.id} ${id}`);
  return row;
}

/** In the order of their position, else of their ids. */
export async function lineRows({ host }: ContractFixture, db: Db, id: Id): Promise<Row[]> {
  const { lines } = host.map;
  return (await db(lines.table)
    .where({ [lines.invoice]: id, ...lines.fixed })
    .orderBy([...(lines.position ? [lines.position] : []), lines.id])) as Row[];
}

export async function taxRows({ host }: ContractFixture, db: Db, lineIds: unknown[]): Promise<Row[]> {
  const { taxes } = host.map;
  if (!taxes || !('table' in taxes)) return [];
  return (await db(taxes.table)
    .whereIn(taxes.line, lineIds as string[])
    .where(taxes.fixed ?? {})) as Row[];
}

/**
 * Every row that belongs to an invoice, by table, in an order that does not depend on the database: without the counter
 * that locking writes, so that the same content compares equal.
 */
export async function documentRows(fixture: ContractFixture, db: Db, id: Id): Promise<Record<string, Row[]>> {
  const { map } = fixture.host;
  const invoice = await invoiceRow(fixture, db, id);
  delete invoice[ownColumn(fixture, 'version')];
  const lines = await lineRows(fixture, db, id);
  const lineIds = lines.map((row) => row[map.lines.id]);
  const found: Record<string, Row[]> = { invoice: [invoice], lines, taxes: await taxRows(fixture, db, lineIds) };
  for (const [index, allowance] of (map.allowances ?? []).entries())
    found[`allowances ${index}`] = (await db(allowance.table).whereIn(
      allowance.key,
      (allowance.of === 'invoice' ? [id] : lineIds) as string[],
    )) as Row[];
  for (const [index, owned] of map.owned.entries())
    found[`owned ${index}`] = await rows(db, owned.table, { [owned.invoice]: id, ...owned.fixed });
  for (const list of Object.values(found)) list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return found;
}

export type Link = TableMap['links'][number];

export async function linkRows(db: Db, link: Link, id: Id): Promise<Row[]> {
  const found = await rows(db, link.table, { [link.column]: id, ...link.fixed });
  return found.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

// ---------------------------------------------------------------- comparing

export function assertAmount(actual: unknown, expected: Decimal, what: string): void {
  assert.ok(actual !== null && actual !== undefined, `${what} is ${String(actual)} instead of ${expected}`);
  const exact = typeof actual === 'string' || typeof actual === 'number' ? new Big(actual) : null;
  assert.ok(exact?.eq(expected), `${what} is ${JSON.stringify(actual)} instead of ${expected}`);
}

export function assertText(actual: unknown, what: string): asserts actual is string {
  assert.equal(typeof actual, 'string', `${what} must be a string, it is ${JSON.stringify(actual)}`);
}
