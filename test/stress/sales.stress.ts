/** A year of sales as files: 100,000 rows in as much memory as 1,000, their total that of the page; payments against merges. */
import { createServer, get } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AddressInfo } from 'node:net';
import type { Row } from '../../plugin/host/contract';
import { insertRows } from '../../plugin/host/sql';
import { createDatabase, eachDatabase, type TestDatabase } from '../support/databases';
import { codeOf, DRINKS, openTill, taken, type TillFixture } from '../billing/till-fixture';
import { chance, say, SEED } from './seed';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** What is held, without what only waits to be collected. */
const held = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

const ROWS = 100_000;
const ROUNDS = 150;

describe.each(eachDatabase)('sales on %s', (name) => {
  let database: TestDatabase;
  let till: TillFixture;
  beforeAll(async () => {
    database = await createDatabase(name);
    till = await openTill(database);
  });
  afterAll(() => till.close());

  it(`exports ${ROWS} rows as CSV in constant memory, with the page’s total`, async () => {
    taken(await till.sell(DRINKS, [{ methodId: till.room.id, amount: '12.00', reference: '204' }]));
    const [first]: Row[] = await till.knex('im_sale_payments');
    const copies = Array.from({ length: ROWS - 1 }, (_none, index): Row => {
      const at = new Date(Date.parse('2026-01-01T08:00:00Z') + index * 300_000).toISOString();
      return { ...first, id: index + 2, at, business_day: at.slice(0, 10), amount_minor: 100 + (index % 977) };
    });
    await insertRows(till.knex, 'im_sale_payments', copies);
    await insertRows(
      till.knex,
      'im_sale_payment_taxes',
      copies.map(({ id }) => ({ payment_id: id, rate: '20', base_minor: 100, tax_minor: 20 })),
    );
    const server = createServer(till.app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const headers = { 'x-person': 'books', 'x-lang': 'fr' };
    const url = `http://127.0.0.1:${port}/invoice-merge/api/sales/export.csv`;
    const samples: number[] = [];
    let [bytes, lines, tail] = [0, 0, ''];
    const started = Date.now();
    let firstByte = 0;
    await new Promise<void>((resolve, reject) => {
      get(url, { headers }, (reply) => {
        reply.setEncoding('utf8');
        reply.on('data', (part: string) => {
          firstByte ||= Date.now() - started;
          bytes += part.length;
          lines += part.split('\n').length - 1;
          tail = (tail + part).slice(-2000);
          if (lines > (samples.length + 1) * 10_000) samples.push(held());
        });
        reply.on('end', resolve);
      }).on('error', reject);
    });
    const seconds = (Date.now() - started) / 1000;
    const { totals } = await till.sales();
    const total = tail.split('\r\n').find((line) => line.startsWith('Total'))!;
    expect(lines).toBe(ROWS + 2);
    expect(total.split(';')).toContain(totals[0]!.total.replace('.', ','));
    say(
      `${name}: ${lines} lines, ${(bytes / 1e6).toFixed(1)} MB in ${seconds} s, first byte after ${firstByte} ms, heap held after each 10,000 lines: ${samples.map((one) => (one / 1e6).toFixed(0)).join(' ')} MB`,
    );
    // The file itself is 14 MB, its rows as objects some 150.
    expect(Math.max(...samples) - samples[0]!).toBeLessThan(10e6);
    const tooLong = await till.ask('get', '/sales/export.xlsx', undefined, 'books');
    expect(codeOf(tooLong)).toBe('422 IM_EXPORT_TOO_LONG');
    const page = Date.now();
    await till.sales('?reference=204&page=900');
    say(`${name}: page 900 with totals of ${ROWS} rows in ${Date.now() - page} ms`);
    await new Promise((resolve) => server.close(resolve));
  });

  it(`counts money once in ${ROUNDS} rounds of a payment, the same again, and a merge of the same invoice`, async () => {
    const { fixture } = till;
    const outcomes: Record<string, number> = {};
    const { upTo } = chance(`sales ${name}`);
    // Neither is always first: how long each takes differs from database to database.
    const later = <T>(work: () => Promise<T>): Promise<T> =>
      new Promise((resolve) => setTimeout(resolve, upTo(60))).then(work);
    for (let round = 0; round < ROUNDS; round++) {
      const customer = await fixture.customer();
      const [source, target] = [await fixture.invoice(customer), await fixture.invoice(customer)];
      const key = `round-${round}`;
      const pay = () => till.take(source, [{ methodId: till.cash, amount: '120.00' }], { key });
      const merging = later(() => fixture.save({ target, sources: [source], issued: 'cancel' })).then(
        () => 'merged',
        (error: { code?: string }) => error.code,
      );
      const [merged, ...paid] = await Promise.all([merging, later(pay), later(pay)]);
      const rows = await till.knex('app_reglements').where({ facture_id: source });
      const sold = await till.knex('im_sale_payments').where({ invoice_id: source });
      const codes = paid.map(codeOf).sort().join(' ');
      outcomes[`${merged} | ${codes}`] = (outcomes[`${merged} | ${codes}`] ?? 0) + 1;
      expect([rows.length, sold.length]).toEqual(merged === 'merged' ? [0, 0] : [1, 1]);
    }
    say(`${name}, seed ${SEED}: ${JSON.stringify(outcomes)}`);
  });
});
