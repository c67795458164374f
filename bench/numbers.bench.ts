/**
 * The first page of the gaps of a series of a million documents, against the best SQL that one would write by hand for the
 * same answer, on MariaDB, one after the other in one run; and what of it stays in memory. Prints; fails above twice the time.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Knex } from 'knex';
import { migrate } from '../migrations';
import { knexHost } from '../plugin/host/knex-host';
import type { Row } from '../plugin/host/contract';
import { createNumberingFeature } from '../plugin/numbering/feature';
import { createSettings } from '../plugin/settings/service';
import { createSettingsStore } from '../plugin/settings/store';
import { ACTORS } from '../test/support/merging-fixture';
import { createDatabase, type TestDatabase } from '../test/support/databases';
import { hostWith } from '../test/numbering/numbers-fixture';
import { say } from '../test/stress/seed';

const DOCUMENTS = 1_000_000;
const FEW = 10_000;
const ROUNDS = 5;
const SERIES = 'FA-2026-';
/** One number in so many is missing. */
const HOLE = 997;

/** Documents made by the server itself. */
async function fill(knex: Knex, year: number, count: number): Promise<void> {
  await knex.raw(
    `INSERT INTO app_factures (client_id, numero, statut, emise_le, devise)
     SELECT 1, CONCAT('FA-', ?, '-', LPAD(seq, 7, '0')), 'payee', DATE_ADD(?, INTERVAL FLOOR(seq * 360 / ?) DAY), 'EUR'
     FROM seq_1_to_${count} WHERE seq % ? <> 0`,
    [year, `${year}-01-01`, count, HOLE],
  );
  await knex.raw('ANALYZE TABLE app_factures');
}

/** The gaps by LEAD with their total, then the documents beside them by the index on the number. */
async function byHand(knex: Knex, prefix: string): Promise<{ gaps: Row[]; total: number; missing: number }> {
  const sequence = `CAST(SUBSTR(numero, ${prefix.length + 1}) AS UNSIGNED)`;
  const [rows = []] = await knex.raw<Row[][]>(
    `SELECT n, next, COUNT(*) OVER () AS total, SUM(next - n - 1) OVER () AS missing
     FROM (SELECT n, LEAD(n) OVER (ORDER BY n) AS next
           FROM (SELECT ${sequence} AS n FROM app_factures WHERE numero LIKE ?) AS numbers) AS pairs
     WHERE next > n + 1 ORDER BY n LIMIT 50`,
    [`${prefix}%`],
  );
  const number = (n: unknown): string => prefix + String(n).padStart(7, '0');
  const numbers = rows.flatMap(({ n, next }) => [number(n), number(next)]);
  const beside: Row[] = await knex('app_factures').whereIn('numero', numbers).select('id', 'numero', 'emise_le');
  const byNumber = new Map(beside.map((one) => [one.numero, one]));
  return {
    gaps: rows.map(({ n, next }) => ({
      from: Number(n) + 1,
      before: byNumber.get(number(n)),
      after: byNumber.get(number(next)),
    })),
    total: Number(rows[0]?.total),
    missing: Number(rows[0]?.missing),
  };
}

const median = (times: number[]): number => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const start = process.hrtime.bigint();
  const result = await work();
  return [Number(process.hrtime.bigint() - start) / 1e6, result];
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** MB that the heap grew by at most while this ran. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  collect();
  const before = process.memoryUsage().heapUsed;
  let most = 0;
  const look = setInterval(() => (most = Math.max(most, process.memoryUsage().heapUsed - before)), 2);
  await work();
  most = Math.max(most, process.memoryUsage().heapUsed - before);
  clearInterval(look);
  return most / 1_048_576;
}

describe('a series of a million documents', () => {
  let database: TestDatabase;
  let service: ReturnType<typeof createNumberingFeature>['service'];
  const actor = ACTORS.books;

  beforeAll(async () => {
    database = await createDatabase('mariadb');
    const { knex } = database;
    const crm = hostWith({ patterns: ['FA-{yyyy}-{seq:7}'] });
    await crm.createSchema(knex);
    // With the index on the number that a host of this size has.
    await migrate(knex, crm.map, { uniqueNumber: true });
    await fill(knex, 2026, DOCUMENTS);
    await fill(knex, 2025, FEW);
    ({ service } = createNumberingFeature({
      ...{ knex, host: knexHost(crm.map), prefix: 'im_', authorize: () => true, scope: undefined },
      ...{ clock: () => new Date('2026-11-21T10:00:00Z'), timeZone: 'Europe/Paris', lockedUntil: async () => null },
      settings: createSettings({
        ...{ knex, store: createSettingsStore('im_'), authorize: () => true, canCredit: false },
        clock: () => new Date(),
      }),
    }));
  });
  afterAll(() => database.close());

  const firstPage = (series = SERIES) => service.gaps(database.knex, { series, page: 1, actor });

  it('answers the first page of its gaps within twice the time of the best SQL by hand', async () => {
    const times: Record<'ours' | 'byHand', number[]> = { ours: [], byHand: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ours, page] = await timed(() => firstPage());
      const [hand, answer] = await timed(() => byHand(database.knex, SERIES));
      // The same answer.
      expect([page.total, page.series.missing]).toEqual([answer.total, answer.missing]);
      expect(page.gaps.map(({ from, before, after }) => [from, before?.id, after?.number])).toEqual(
        answer.gaps.map(({ from, before, after }) => [from, String((before as Row).id), (after as Row).numero]),
      );
      times.ours.push(ours);
      times.byHand.push(hand);
    }
    const [ours, hand] = [median(times.ours), median(times.byHand)];
    say(
      `first page of ${Math.floor(DOCUMENTS / HOLE)} gaps in ${DOCUMENTS} documents: ${ours.toFixed(0)} ms, by hand ` +
        `${hand.toFixed(0)} ms (medians of ${ROUNDS}): ${(ours / hand).toFixed(2)} times`,
    );
    expect(ours / hand).toBeLessThan(2);
  });

  it('keeps no more of a million documents in memory than of ten thousand', async () => {
    const all = async (series: string): Promise<void> => {
      let rows = 0;
      for await (const row of service.exportRows(database.knex, { series, actor })) rows += row.count;
      expect(rows).toBeGreaterThan(0);
    };
    const sizes = {
      page: [await growth(() => firstPage('FA-2025-')), await growth(() => firstPage())],
      strip: [
        await growth(() => service.strip(database.knex, { series: 'FA-2025-' })),
        await growth(() => service.strip(database.knex, { series: SERIES })),
      ],
      export: [await growth(() => all('FA-2025-')), await growth(() => all(SERIES))],
    };
    for (const [what, [few = 0, many = 0]] of Object.entries(sizes)) {
      say(`${what}: ${few.toFixed(1)} MB of heap for ${FEW} documents, ${many.toFixed(1)} MB for ${DOCUMENTS}`);
      // A hundred times as many documents: a few MB more are the garbage of a hundred times as many gaps.
      expect(many).toBeLessThan(Math.max(few, 1) + 20);
    }
  });

  it('lists its series, draws its strip and finds numbers for an invoice in seconds', async () => {
    const { knex } = database;
    const [list] = await timed(() => service.series(knex));
    const [strip] = await timed(() => service.strip(knex, { series: SERIES }));
    const [{ id }] = (await knex('app_factures').where({ numero: 'FA-2026-0500000' }).select('id')) as [{ id: number }];
    const [free, found] = await timed(() => service.freeNumbers(knex, { invoiceId: String(id), actor }));
    expect(found.free).toHaveLength(20);
    const ms = (time: number): string => `${time.toFixed(0)} ms`;
    say(`list of series ${ms(list)}, strip ${ms(strip)}, free numbers of an invoice ${ms(free)}`);
  });
});
