import knex from 'knex';
import { knexHost } from '../../plugin/host/knex-host';
import { createDatabase, eachDatabase, type TestDatabase } from '../support/databases';
import { crmHost, install, type InvoiceSpec } from '../support/hosts';

const VAT = { category: 'S', name: 'TVA 20 %', rate: '20' };
const clock = (): Date => new Date('2026-11-21T10:00:00Z');

function spec(customerId: string): InvoiceSpec {
  return {
    customerId,
    number: 'FA-2026-00001',
    issueDate: '2026-03-29',
    dueDate: '2026-04-28',
    note: 'Réf. 12\nà côté',
    discount: { kind: 'percent', value: '2.5', basis: 'before_tax' },
    allowancesCharges: [
      { kind: 'charge', amount: '4.1', reason: 'Port', tax: { category: 'S', rate: '20' } },
      { kind: 'allowance', amount: '10', reason: 'Fidélité', tax: { category: 'S', rate: '20' } },
    ],
    lines: [
      { description: 'Jetons', quantity: '1000000', unitPrice: '0.00101', taxes: [VAT] },
      {
        description: 'Pièces',
        quantity: '0.333333',
        unitPrice: '123456789.123456',
        baseQuantity: '100',
        taxes: [VAT],
        allowancesCharges: [{ kind: 'allowance', amount: '0.3' }],
      },
    ],
  };
}

describe.each(eachDatabase)('exact reads on %s', (name, create) => {
  let database: TestDatabase;
  const app = crmHost();
  beforeAll(async () => {
    database = await create();
    await install(database.knex, app);
  });
  afterAll(() => database.close());

  it('gives prices, quantities and days as they were written, to the last decimal', async () => {
    const customer = await app.createCustomer(database.knex, 'A');
    const id = await app.createInvoice(database.knex, spec(customer));
    const [invoice] = await app.host.loadInvoices(database.knex, [id]);
    expect(invoice?.lines.map(({ quantity, unitPrice, baseQuantity }) => [quantity, unitPrice, baseQuantity])).toEqual([
      ['1000000', '0.00101', '1'],
      ['0.333333', '123456789.123456', '100'],
    ]);
    expect([invoice?.issueDate, invoice?.dueDate]).toEqual(['2026-03-29', '2026-04-28']);
    expect(invoice?.total).toBe(invoice?.totals.payable);
  });

  it('adds payments without a float: ten times 0.1 and a prepaid amount are exact', async () => {
    const customer = await app.createCustomer(database.knex, 'B');
    const id = await app.createInvoice(database.knex, { ...spec(customer), prepaid: '0.2' });
    for (let paid = 0; paid < 10; paid++) await app.pay(database.knex, id, '0.1');
    const [head] = await app.host.findCandidates(database.knex, { customerIds: [customer], restrict: () => undefined });
    expect(head?.payments).toEqual({ count: 11, sum: '1.20' });
  });

  it('adds amounts of more digits than a float holds', async () => {
    const customer = await app.createCustomer(database.knex, 'B2');
    const id = await app.createInvoice(database.knex, spec(customer));
    for (let paid = 0; paid < 11; paid++) await app.pay(database.knex, id, '99999999999.999');
    const [invoice] = await app.host.loadInvoices(database.knex, [id]);
    expect(invoice?.payments.sum).toBe('1099999999999.989');
  });

  it('finds an amount however it is typed', async () => {
    const customer = await app.createCustomer(database.knex, 'C');
    const line = { description: 'x', quantity: '1', taxes: [] };
    const id = await app.createInvoice(database.knex, {
      customerId: customer,
      lines: [{ ...line, unitPrice: '1604.80' }],
    });
    await app.createInvoice(database.knex, { customerId: customer, lines: [{ ...line, unitPrice: '160.48' }] });
    for (const search of ['1604,80', '1604.8', '1 604,80', '1\u202f604,80', ' 1604.80 ']) {
      const found = await app.host.findCandidates(database.knex, {
        customerIds: [customer],
        search,
        restrict: () => {},
      });
      expect([search, found.map((head) => head.id)]).toEqual([search, [id]]);
    }
  });

  it('gives the same version whatever the driver options and the time zone of the process', async () => {
    const customer = await app.createCustomer(database.knex, 'D');
    const id = await app.createInvoice(database.knex, spec(customer));
    const [plain] = await knexHost(app.map, { clock }).loadInvoices(database.knex, [id]);
    expect(plain?.version).toMatch(/^[\w-]{22}$/);
    const versions: (string | undefined)[] = [];
    if (name !== 'sqlite') {
      for (const options of [
        { decimalNumbers: true },
        { dateStrings: true },
        { supportBigNumbers: true, bigNumberStrings: true },
      ]) {
        const other = knex({ client: 'mysql2', connection: { uri: database.url, ...options } as never });
        versions.push((await app.host.loadInvoices(other, [id]))[0]?.version);
        await other.destroy();
      }
    }
    const mapped = database.connect();
    // What objection's snakeCaseMappers do to result rows.
    const { config } = mapped.client as { config: { postProcessResponse?: (rows: unknown) => unknown } };
    config.postProcessResponse = (rows: unknown): unknown =>
      Array.isArray(rows) && rows.every((row) => row && typeof row === 'object')
        ? rows.map((row: object) =>
            Object.fromEntries(
              Object.entries(row).map(([key, value]) => [
                key.replace(/_(\w)/g, (_all, c: string) => c.toUpperCase()),
                value,
              ]),
            ),
          )
        : rows;
    versions.push((await app.host.loadInvoices(mapped, [id]))[0]?.version);
    const zone = process.env.TZ;
    for (const TZ of ['America/New_York', 'Pacific/Auckland']) {
      process.env.TZ = TZ;
      versions.push((await app.host.loadInvoices(database.connect(), [id]))[0]?.version);
    }
    process.env.TZ = zone;
    expect(new Set(versions)).toEqual(new Set([plain?.version]));
  });

  it('does not let time alone change a version: an invoice that became overdue is the same', async () => {
    const customer = await app.createCustomer(database.knex, 'E');
    const id = await app.createInvoice(database.knex, spec(customer));
    const before = await app.host.loadInvoices(database.knex, [id]);
    await database.knex('app_factures').where({ id }).update({ statut: 'relancee' });
    const after = await app.host.loadInvoices(database.knex, [id]);
    expect(after[0]?.status).toBe('overdue');
    expect(after[0]?.version).toBe(before[0]?.version);
  });
});

describe('versions across engines', () => {
  it('are equal for the same content on SQLite and on MariaDB', async () => {
    const versions: (string | undefined)[] = [];
    for (const engine of ['sqlite', 'mariadb'] as const) {
      const database = await createDatabase(engine);
      const app = await install(database.knex, crmHost());
      const customer = await app.createCustomer(database.knex, 'A');
      const id = await app.createInvoice(database.knex, spec(customer));
      await app.pay(database.knex, id, '12.5');
      versions.push((await app.host.loadInvoices(database.knex, [id]))[0]?.version);
      await database.close();
    }
    expect(versions[0]).toBe(versions[1]);
  });
});

describe('reads in a transaction on MariaDB', () => {
  it('see what is there now, payments included, although the transaction began before', async () => {
    const database = await createDatabase('mariadb');
    const app = await install(database.knex, crmHost());
    const customer = await app.createCustomer(database.knex, 'F');
    const id = await app.createInvoice(database.knex, spec(customer));
    await database.knex.transaction(async (trx) => {
      await trx('app_clients').select('id');
      await app.pay(database.knex, id, '5');
      await database.knex('app_lignes').where({ facture_id: id, rang: 1 }).update({ libelle: 'renamed' });
      const [invoice] = await app.host.loadInvoices(trx, [id]);
      expect([invoice?.status, invoice?.payments.count, invoice?.lines[0]?.description]).toEqual([
        'partial',
        1,
        'renamed',
      ]);
    });
    await database.close();
  });
});
