/** The demo CRM as a process of its own, killed while it merges or undoes: afterwards all of it is there or nothing. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { DemoClient, mergeRequest, type DemoInvoice } from '../demo/demo-client';
import { allRows } from '../support/all-rows';
import { eachDatabase, type DatabaseName, type TestDatabase } from '../support/databases';
import { build, killAll, serve, type Served } from './killable';
import type { KillPoint } from './killable-demo';
import { chance, say, SEED, type Chance } from './seed';

const API = '/invoice-merge/api';
/** Every fourth is an undo: of merges there are 200 on two databases. */
const KILLS = { mariadb: 134, mysql: 134, sqlite: 134 };
/** Each round starts a server: how long so many take says nothing. */
const LIMIT = 1_800_000;
/** Of all, and of the merges among them, so many at least between the first statement and COMMIT. */
const INSIDE = 0.75;
const MERGES = 100;
const SOURCES = 3;
const TOTAL = 144.72;
const ACTS = ['cancel', 'delete', 'credit', 'undo'] as const;
type Act = (typeof ACTS)[number];

/** Once the dead process's transaction is rolled back: the server then has no connection but ours. */
async function untilAlone(knex: Knex, name: DatabaseName): Promise<void> {
  if (name === 'sqlite') return;
  for (;;) {
    const others = (await knex('information_schema.processlist')
      .whereRaw('db = DATABASE() AND id <> CONNECTION_ID()')
      .pluck('id')) as number[];
    if (others.length === 0) return;
    await sleep(5);
  }
}

/** Nearly all inside the transaction, some around COMMIT; null: at any moment, by somebody else. */
function pointOf(luck: Chance, statements: number): KillPoint | null {
  const fate = luck.upTo(20);
  if (fate === 0) return null;
  if (fate === 1) return { statement: 'commit', when: luck.of(['during', 'after']) };
  const statement = 1 + luck.upTo(statements);
  return { statement, when: luck.of(statement === 1 ? ['during', 'after'] : ['before', 'during', 'after']) };
}

const bill = (work: string) => ({
  issueDate: '2026-11-02',
  dueDate: '2099-12-02',
  lines: ['one', 'two'].map((part) => ({
    description: `${work} ${part}`,
    quantity: '2',
    unitPrice: '30.15',
    taxes: [{ category: 'S', rate: '20' }],
  })),
});

/** One act on invoices of its own: what is asked, what it comes to. */
interface Scene {
  act: Act;
  path: string;
  request: Record<string, unknown>;
  target: DemoInvoice;
  sources: DemoInvoice[];
}

let folder: string;
beforeAll(() => void (folder = build()));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(eachDatabase)('a server killed while it merges, on %s', (name, createDatabase) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase({ min: 0, max: 1 });
  });
  afterAll(async () => {
    await killAll();
    await database.close();
  });

  it(
    `leaves each of ${KILLS[name]} merges and undos whole or absent, and the same request again completes it`,
    async () => {
      const { knex } = database;
      const luck = chance(`kill ${name}`);
      let server: Served = await serve(folder, database.url);
      let admin = await DemoClient.signedIn(server.url, 'admin', 'en');
      const settings = {
        ...{ enabled: true, preset: 'none', lockedUntil: null, directSaleInvoice: false, version: 0 },
        issued: { offered: ['cancel', 'delete', 'credit'], default: 'cancel' },
        draft: { offered: ['cancel', 'delete'], default: 'cancel' },
        numbers: { fillGaps: true, freeCancelled: true },
      };
      expect((await admin.json('PUT', `${API}/settings`, settings)).status).toBe(200);

      async function invoices(customerId: string, count: number): Promise<DemoInvoice[]> {
        const list: DemoInvoice[] = [];
        for (let index = 0; index < count; index += 1)
          list.push(await admin.invoice(customerId, bill(`Work ${index}`)));
        for (const { id, lines } of list)
          await knex('crm_expenses').insert({
            ...{
              client_id: customerId,
              spent_on: '2026-11-02',
              supplier: 'S',
              label: 'L',
              amount: '1',
              currency: 'EUR',
            },
            ...{ invoice_id: id, line_id: lines[0]?.id },
          });
        return list;
      }

      async function sceneOf(act: Act, customer: string): Promise<Scene> {
        const [target, ...sources] = await invoices(await admin.customer(customer), 1 + SOURCES);
        if (!target) throw new Error('no target');
        const how = act === 'undo' ? luck.of(['cancel', 'delete']) : act;
        const merging = mergeRequest(target, sources, { settlement: { issued: how, draft: 'cancel' } });
        if (act !== 'undo') return { act, path: `${API}/merges`, request: merging, target, sources };
        const { body } = await admin.json<{ merge: { id: string } }>('POST', `${API}/merges`, merging);
        const request = { reason: 'Killed while it was undone' };
        return { act, path: `${API}/merges/${body.merge.id}/undo`, request, target, sources };
      }

      const tell = ({ path, request }: Scene): Promise<number | null> =>
        admin.json('POST', path, request).then(
          ({ status }) => status,
          () => null,
        );

      /** All that a merge does, in every table that it touches. */
      async function demandMerged({ act, target, sources, request }: Scene): Promise<void> {
        const now = await admin.read(target.id);
        const work = [target, ...sources].flatMap((one) => one.lines.map(({ description }) => description));
        expect(now.lines.map(({ description }) => description)).toEqual(work);
        expect(now.total).toBe((TOTAL * (1 + SOURCES)).toFixed(2));
        expect(now.mergedFrom).toEqual(sources.map(({ id }) => id));
        const ids = sources.map(({ id }) => id);
        const left = act === 'delete' ? [] : sources;
        expect(await knex('crm_invoices').whereIn('id', ids)).toHaveLength(left.length);
        for (const { id } of left)
          expect(await admin.read(id)).toMatchObject({
            mergedInto: target.id,
            remindersOff: true,
            credited: act === 'credit',
          });
        const notes = (await knex('crm_credit_notes').whereIn('invoice_id', ids).pluck('grand_total')) as unknown[];
        expect(notes.map(Number)).toEqual(act === 'credit' ? sources.map(() => TOTAL) : []);
        const merges = (await knex('im_merges').where({ target_id: target.id }).pluck('id')) as number[];
        expect(merges).toHaveLength(1);
        expect(await knex('im_merge_sources').whereIn('merge_id', merges)).toHaveLength(SOURCES);
        expect(await knex('im_carried_lines').whereIn('merge_id', merges)).toHaveLength(2 * SOURCES);
        // An expense points at an invoice and at a line: each of both moved.
        expect(await knex('im_merge_links').whereIn('merge_id', merges)).toHaveLength(2 * SOURCES);
        expect(await knex('im_activity').whereIn('merge_id', merges)).toHaveLength(1);
        expect(await knex('im_save_keys').where({ save_key: request.key })).toMatchObject([{ merge_id: merges[0] }]);
        expect(await knex('crm_expenses').where({ client_id: target.customerId }).pluck('invoice_id')).toEqual(
          Array(1 + SOURCES).fill(Number(target.id)),
        );
      }

      async function demandUndone({ target, sources }: Scene): Promise<void> {
        for (const { id, total, number, lines } of [target, ...sources]) {
          const now = await admin.read(id);
          expect(now).toMatchObject({
            status: 'unpaid',
            total,
            number,
            mergedInto: null,
            mergedFrom: [],
            remindersOff: false,
          });
          expect(now.lines.map(({ description }) => description)).toEqual(lines.map(({ description }) => description));
        }
        const merges = await knex('im_merges').where({ target_id: target.id }).pluck('undone_reason');
        expect(merges).toEqual(['Killed while it was undone']);
        const own = [target, ...sources].map(({ id }) => Number(id));
        const expenses = (await knex('crm_expenses')
          .where({ client_id: target.customerId })
          .pluck('invoice_id')) as number[];
        expect(expenses.sort((a, b) => a - b)).toEqual(own.sort((a, b) => a - b));
      }
      const demandWhole = (scene: Scene): Promise<void> =>
        scene.act === 'undo' ? demandUndone(scene) : demandMerged(scene);

      /** Of each act, unharmed: how many statements it takes, and within what span to kill from outside. */
      const statements = new Map<Act, number>();
      let span = 0;
      for (const act of ACTS) {
        const scene = await sceneOf(act, `Calm ${act}`);
        await server.count();
        const start = performance.now();
        expect(await tell(scene)).toBe(act === 'undo' ? 200 : 201);
        span = Math.max(span, performance.now() - start);
        statements.set(act, await server.count());
        await demandWhole(scene);
      }

      const counts = { absent: 0, whole: 0, acknowledged: 0 };
      const killed = { all: 0, merges: 0 };
      const inside = { all: 0, merges: 0 };
      for (let round = 0; round < KILLS[name]; round += 1) {
        const scene = await sceneOf(ACTS[round % ACTS.length] ?? 'cancel', `Killed ${round}`);
        const point = pointOf(luck, statements.get(scene.act) ?? 0);
        const before = await allRows(knex);
        if (point) await server.arm(point);
        const answer = tell(scene);
        // One that never came to its point has answered, and is killed all the same.
        if (point) await Promise.race([server.ended, answer]);
        else await sleep(luck.upTo(Math.ceil(span)));
        await server.kill();
        const status = await answer;
        const lastWord = await server.ended;
        const isInside = lastWord !== null && !lastWord.endsWith('commit');
        for (const which of scene.act === 'undo' ? (['all'] as const) : (['all', 'merges'] as const)) {
          killed[which] += 1;
          inside[which] += Number(isInside);
        }
        await untilAlone(knex, name);
        const after = await allRows(knex);
        const absent = JSON.stringify(after) === JSON.stringify(before);
        if (isInside) expect({ lastWord, absent }).toEqual({ lastWord, absent: true });

        server = await serve(folder, database.url);
        // A restart signs nobody out.
        admin = admin.onServer(server.url);
        if (!absent) await demandWhole(scene);
        // What a person was told is done, is done.
        if (status !== null)
          expect({ status, absent }).toEqual({ status: scene.act === 'undo' ? 200 : 201, absent: false });
        counts[absent ? 'absent' : status === null ? 'whole' : 'acknowledged'] += 1;

        const again = await tell(scene);
        const [done, already] = scene.act === 'undo' ? [200, 409] : [201, 200];
        expect(again).toBe(absent ? done : already);
        await demandWhole(scene);
      }
      await server.kill();
      say(
        `${killed.merges} merges and ${killed.all - killed.merges} undos killed on ${name}, ` +
          `${inside.merges} and ${inside.all - inside.merges} of them between the first statement and COMMIT: ` +
          `${counts.absent} absent, ${counts.whole} whole, ${counts.acknowledged} whole and answered (STRESS_SEED=${SEED})`,
      );
      expect(killed.merges).toBeGreaterThanOrEqual(MERGES);
      for (const which of ['all', 'merges'] as const)
        expect(inside[which]).toBeGreaterThanOrEqual(killed[which] * INSIDE);
    },
    LIMIT,
  );
});
