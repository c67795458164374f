/** A till of the tests' own: a table of sales that closes exactly when the other system has answered. */
import type { Knex } from 'knex';
import { migrate } from '../../migrations';
import type { Trx } from '../../plugin/host/contract';
import { runTransaction } from '../../plugin/host/transaction';
import type { IntegrationHandler, SaleOutcome, SaleToHandOver } from '../../plugin/handover/contract';
import { createOutbox, type Outbox, type OutboxOptions } from '../../plugin/handover/outbox';
import type { TestDatabase } from '../support/databases';
import { crmHost } from '../support/hosts';

export const SECRET_KEY = 'a key of the tests that is long enough';
export const CASHIER = { id: '7', name: 'Sam Sales' };
export const BOOKS = { id: '8', name: 'Bea Books' };

/** A clock that stands still until it is moved; it starts at the real time, which signatures need. */
export interface TestClock {
  (): Date;
  advance(milliseconds: number): void;
}

export function testClock(): TestClock {
  let ahead = 0;
  const start = Date.now();
  const clock = (): Date => new Date(start + ahead);
  return Object.assign(clock, {
    advance(milliseconds: number) {
      ahead += milliseconds;
    },
  });
}

export interface Till {
  knex: Knex;
  outbox: Outbox;
  clock: TestClock;
  logged: { level: string; message: string; fields?: Record<string, unknown> }[];
  outcomes: SaleOutcome[];
  /** Throws inside the transaction that records an outcome. */
  failing: { next: number };
  /** A connection pool of its own, as another server has. */
  connect(): Knex;
  /** Another server on the same database. */
  another(options?: Partial<OutboxOptions>): Outbox;
  sale(more?: Partial<SaleToHandOver>): SaleToHandOver;
  /** Rings up a sale and hands it over; resolves after the commit. */
  begin(integrationId: string, more?: Partial<SaleToHandOver>): Promise<{ saleId: string; handoverId: string }>;
  stateOf(saleId: string): Promise<string | undefined>;
  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const STATES = { accepted: 'handed_over', rejected: 'open', cancelled: 'open' } as const;

export async function openTill(
  database: TestDatabase,
  options: Partial<OutboxOptions> & { functions?: Record<string, IntegrationHandler> } = {},
): Promise<Till> {
  const { knex } = database;
  if (database.name === 'sqlite') await knex.raw('PRAGMA synchronous = OFF');
  const host = crmHost();
  await host.createSchema(knex);
  await migrate(knex, host.map);
  await knex.schema.createTable('sales_of_the_test', (table) => {
    table.string('id', 64).primary();
    table.string('state', 20);
    table.text('says');
  });
  const clock = testClock();
  const logged: Till['logged'] = [];
  const outcomes: SaleOutcome[] = [];
  const failing = { next: 0 };
  const note =
    (level: string) =>
    (message: string, fields?: Record<string, unknown>): unknown =>
      logged.push({ level, message, fields });
  const another: Till['another'] = (more = {}) =>
    createOutbox({
      ...{ knex, prefix: 'im_', clock, chance: () => 0 },
      logger: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
      secretKey: SECRET_KEY,
      allowedDestinations: ['127.0.0.1'],
      limit: { person: 1000, worker: 1000 },
      async onOutcome(trx, outcome) {
        await trx('sales_of_the_test')
          .where({ id: outcome.saleId })
          .update({ state: STATES[outcome.outcome], says: outcome.reference ?? outcome.reason });
        if (failing.next > 0) {
          failing.next -= 1;
          throw new Error('the till failed');
        }
        outcomes.push(outcome);
      },
      ...options,
      ...more,
    });
  const outbox = another();
  let sales = 0;
  const sale: Till['sale'] = (more = {}) => ({
    saleId: `S${(sales += 1)}`,
    method: { id: '4', name: 'Chambre', externalIdentifier: 'ROOM', integrationId: '1' },
    module: { id: '1', name: 'Vente directe' },
    customer: { id: '12', name: 'Élodie Martin' },
    currency: 'EUR',
    lines: [
      {
        ...{ description: 'Menu « été »', quantity: '2', unitPrice: '19.50' },
        taxes: [{ category: 'S', name: 'TVA 10 %', rate: '10' }],
      },
    ],
    totals: {
      ...{ taxExclusive: '39.00', tax: '3.90', taxInclusive: '42.90', payable: '42.90' },
      taxes: [{ category: 'S', name: 'TVA 10 %', rate: '10', taxable: '39.00', tax: '3.90' }],
    },
    reference: '0012',
    note: null,
    actor: CASHIER,
    ...more,
  });

  return {
    knex,
    outbox,
    clock,
    logged,
    outcomes,
    failing,
    connect: () => database.connect(),
    another,
    sale,
    transaction: (work) => runTransaction(knex, work),
    async begin(integrationId, more = {}) {
      const one = sale(more);
      one.method = { ...one.method, integrationId };
      const { handoverId } = await runTransaction(knex, async (trx) => {
        await trx('sales_of_the_test').where({ id: one.saleId }).delete();
        await trx('sales_of_the_test').insert({ id: one.saleId, state: 'waiting', says: null });
        return outbox.handovers.begin(trx, one);
      });
      return { saleId: one.saleId, handoverId };
    },
    async stateOf(id) {
      const rows = await knex<{ id: string; state: string }>('sales_of_the_test').where({ id }).select('state');
      return rows[0]?.state;
    },
    async close() {
      await outbox.worker.stop();
      await database.close();
    },
  };
}
