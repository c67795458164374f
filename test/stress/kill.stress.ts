/** The demo CRM as a process of its own, killed at any moment of a merge: afterwards the merge is whole or was never there. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { DemoClient, mergeRequest, type DemoInvoice } from '../demo/demo-client';
import { allRows } from '../support/all-rows';
import { eachDatabase, type DatabaseName, type TestDatabase } from '../support/databases';
import { chance, say, SEED } from './seed';

const ROOT = resolve(__dirname, '../..');
const MERGES = '/invoice-merge/api/merges';
const KILLS = { mariadb: 100, mysql: 100, sqlite: 40 };
const SOURCES = 3;

/** The real build in a folder that is a package of its own, with what is not compiled beside it. */
function build(): string {
  mkdirSync(join(ROOT, '.tmp'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.tmp', 'kill-'));
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', folder], {
    cwd: ROOT,
    stdio: 'pipe',
  });
  // The demo asks for the package by its name: here that is this folder.
  const itself = { name: 'crm-invoice-merge', type: 'commonjs', exports: { '.': './plugin/index.js' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(itself));
  for (const part of ['views', 'lang', 'public'])
    symlinkSync(join(ROOT, 'demo', part), join(folder, 'demo', part), 'dir');
  return folder;
}

interface Served {
  url: string;
  /** At once, without a chance to clean up. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();

async function serve(folder: string, databaseUrl: string): Promise<Served> {
  const child = spawn(process.execPath, [join(folder, 'demo/main.js')], {
    env: { ...process.env, PORT: '0', DATABASE_URL: databaseUrl, DEMO_DATA: 'empty' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const ended = once(child, 'exit').then(() => running.delete(child));
  let said = '';
  const url = await new Promise<string>((resolveUrl, reject) => {
    const listen = (data: Buffer): void => {
      said += data.toString();
      const ready = /listening on (http:\S+)/.exec(said)?.[1];
      if (ready) resolveUrl(ready);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    void ended.then(() => reject(new Error(`the demo did not start: ${said}`)));
  });
  return {
    url,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

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

describe.each(eachDatabase)('a server killed while it merges, on %s', (name, createDatabase) => {
  let folder: string;
  let database: TestDatabase;
  beforeAll(async () => {
    folder = build();
    database = await createDatabase({ min: 0, max: 1 });
  });
  afterAll(async () => {
    await Promise.all([...running].map((child) => (child.kill('SIGKILL'), once(child, 'exit'))));
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });

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

  it(`leaves each of ${KILLS[name]} merges whole or absent, and the same request again completes it`, async () => {
    const { knex } = database;
    const luck = chance(`kill ${name}`);
    const counts = { absent: 0, whole: 0, acknowledged: 0 };
    let server = await serve(folder, database.url);
    let admin = await DemoClient.signedIn(server.url, 'admin', 'en');

    const invoices = async (customerId: string, count: number): Promise<DemoInvoice[]> => {
      const list: DemoInvoice[] = [];
      for (let index = 0; index < count; index += 1) list.push(await admin.invoice(customerId, bill(`Work ${index}`)));
      for (const { id, lines } of list)
        await knex('crm_expenses').insert({
          ...{ client_id: customerId, spent_on: '2026-11-02', supplier: 'S', label: 'L', amount: '1', currency: 'EUR' },
          ...{ invoice_id: id, line_id: lines[0]?.id },
        });
      return list;
    };

    /** All that one merge does, in every table that it touches. */
    async function demandWhole(target: DemoInvoice, sources: DemoInvoice[], key: string): Promise<void> {
      const now = await admin.read(target.id);
      const work = [target, ...sources].flatMap((one) => one.lines.map(({ description }) => description));
      expect(now.lines.map(({ description }) => description)).toEqual(work);
      expect(now.total).toBe((144.72 * (1 + SOURCES)).toFixed(2));
      expect(now.mergedFrom).toEqual(sources.map(({ id }) => id));
      for (const { id } of sources)
        expect(await admin.read(id)).toMatchObject({ status: 'cancelled', mergedInto: target.id, remindersOff: true });
      const merges = (await knex('im_merges').where({ target_id: target.id }).pluck('id')) as number[];
      expect(merges).toHaveLength(1);
      expect(await knex('im_merge_sources').whereIn('merge_id', merges)).toHaveLength(SOURCES);
      expect(await knex('im_carried_lines').whereIn('merge_id', merges)).toHaveLength(2 * SOURCES);
      // An expense points at an invoice and at a line: each of both moved.
      expect(await knex('im_merge_links').whereIn('merge_id', merges)).toHaveLength(2 * SOURCES);
      expect(await knex('im_activity').whereIn('merge_id', merges)).toHaveLength(1);
      expect(await knex('im_save_keys').where({ save_key: key })).toMatchObject([{ merge_id: merges[0] }]);
      expect(await knex('crm_expenses').where({ client_id: target.customerId }).pluck('invoice_id')).toEqual(
        Array(1 + SOURCES).fill(Number(target.id)),
      );
    }

    /** The merge's own time on this machine: only says within what span to kill, decides nothing. */
    let span = 0;
    for (let round = 0; round < 3; round += 1) {
      const [target, ...sources] = await invoices(await admin.customer('Calm'), 1 + SOURCES);
      if (!target) throw new Error('no target');
      const request = mergeRequest(target, sources);
      const start = performance.now();
      await admin.json('POST', MERGES, request);
      span = Math.max(span, performance.now() - start);
      await demandWhole(target, sources, request.key as string);
    }

    for (let round = 0; round < KILLS[name]; round += 1) {
      const [target, ...sources] = await invoices(await admin.customer(`Killed ${round}`), 1 + SOURCES);
      if (!target) throw new Error('no target');
      const request = mergeRequest(target, sources);
      const before = await allRows(knex);

      const answer = admin.json('POST', MERGES, request).then(
        ({ status }) => status,
        () => null,
      );
      await sleep(luck.upTo(Math.ceil(span * 1.5)));
      await server.kill();
      const status = await answer;
      await untilAlone(knex, name);
      const after = await allRows(knex);
      const absent = JSON.stringify(after) === JSON.stringify(before);

      server = await serve(folder, database.url);
      // A restart signs nobody out.
      admin = admin.onServer(server.url);
      if (!absent) await demandWhole(target, sources, request.key as string);
      // What a person was told is done, is done.
      if (status !== null) expect([status, absent]).toEqual([201, false]);
      counts[absent ? 'absent' : status === null ? 'whole' : 'acknowledged'] += 1;

      const again = await admin.json('POST', MERGES, request);
      expect(again.status).toBe(absent ? 201 : 200);
      await demandWhole(target, sources, request.key as string);
      if (!absent) expect(await allRows(knex)).toEqual(after);
    }
    await server.kill();
    say(
      `${KILLS[name]} merges on ${name} killed at a random moment of some ${Math.round(span)} ms: ${counts.absent} absent, ` +
        `${counts.whole} whole, ${counts.acknowledged} whole and answered (STRESS_SEED=${SEED})`,
    );
  });
});
