/** Hand-overs while servers are killed and two workers race: each sale is with the other system once, and none is lost. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoClient } from '../demo/demo-client';
import { openTill } from '../handover/fixture';
import { answer, hangUp, openReceiver, type Receiver, type Reply } from '../handover/receiver';
import { eachDatabase } from '../support/databases';
import { build, killAll, serve, type Served } from './killable';
import type { KillPoint } from './killable-demo';
import { chance, say, SEED, type Chance } from './seed';

const API = '/invoice-merge/api';
/** On each database. */
/** On each of two databases. */
const HANDOVERS = Number(process.env.STRESS_HANDOVERS ?? 100);
const ROWS = 1000;
const LIMIT = 3_600_000;
/** Beyond a dead sender's lease, and the first waits of the schedule. */
const STEP = 7 * 60_000;

let folder: string;
beforeAll(() => void (folder = build()));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Drops what it has taken, delays, fails, hangs up before it says anything, or answers; and tells its invoice twice. */
function behaviour(luck: Chance): Reply {
  const fate = luck.upTo(10);
  if (fate < 3) return hangUp;
  if (fate < 5) return answer(503);
  if (fate < 7) return (res) => void setTimeout(() => res.writeHead(200).end('{"reference":"late"}'), luck.upTo(120));
  return answer(200, { reference: 'R' });
}

const pointOf = (luck: Chance): KillPoint => ({
  statement: luck.of([1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 'commit'] as const),
  when: luck.of(['before', 'during', 'after']),
});

describe.each(eachDatabase)('hand-overs on %s', (name, createDatabase) => {
  it(
    `of ${HANDOVERS} whose server is killed each is with the other system once by its id, none is lost, none is in Sales history`,
    async () => {
      const database = await createDatabase({ min: 0, max: 2 });
      let ahead = 0;
      const pms: Receiver = await openReceiver(() => new Date(Date.now() + ahead));
      try {
        const { knex } = database;
        const luck = chance(`handover ${name}`);
        let server: Served = await serve(folder, database.url);
        let admin = await DemoClient.signedIn(server.url, 'admin', 'en');
        const made = await admin.json<{ integration: { id: string }; secret: string }>('POST', `${API}/integrations`, {
          ...{ name: 'PMS', kind: 'webhook', url: pms.url },
        });
        expect(made.status).toBe(201);
        pms.secret = made.body.secret;
        const callback = `/invoice-merge/callbacks/${made.body.integration.id}`;
        const method = await admin.json<{ id: string }>('POST', `${API}/payment-methods`, {
          ...{ kind: 'external_billing', name: 'Chambre', integrationId: made.body.integration.id },
        });
        const modules = await admin.json<{ orderModules: { id: string; builtin: string | null }[] }>(
          'GET',
          `${API}/order-modules`,
        );
        const direct = modules.body.orderModules.find(({ builtin }) => builtin === 'direct_sale')?.id ?? '';
        const added = await admin.json('POST', `${API}/order-modules/${direct}/payment-methods`, {
          methodId: method.body.id,
        });
        expect(added.status).toBeLessThan(300);

        const checkout = (round: number): Promise<{ status: number; body: { saleId: string } } | null> =>
          admin
            .json<{ saleId: string }>('POST', `${API}/order-modules/${direct}/checkout`, {
              sale: {
                ...{ customerId: null, currency: 'EUR' },
                lines: [
                  {
                    description: `Sale ${round}`,
                    quantity: '1',
                    unitPrice: '10.00',
                    taxes: [{ category: 'S', name: 'TVA', rate: '10' }],
                  },
                ],
              },
              payments: [{ methodId: method.body.id, amount: '11.00', reference: `${round}` }],
              key: `round ${round}`,
            })
            .catch(() => null);
        const restart = async (): Promise<void> => {
          server = await serve(folder, database.url, ahead);
          admin = admin.onServer(server.url);
        };

        let killed = 0;
        const sales: string[] = [];
        for (let round = 0; round < HANDOVERS; round += 1) {
          pms.replies.length = 0;
          pms.replies.push(behaviour(luck), behaviour(luck), behaviour(luck));
          const inside = luck.upTo(3) > 0;
          if (inside) await server.arm(pointOf(luck));
          const told = checkout(round);
          if (inside) await Promise.race([server.ended, told]);
          else await sleep(luck.upTo(150));
          await server.kill();
          await told;
          killed += 1;
          await restart();
          // The cashier presses the same button again: one sale, whatever the server had done.
          const again = await checkout(round);
          expect([round, again?.status === 200 || again?.status === 201]).toEqual([round, true]);
          sales.push(again?.body.saleId ?? '');
          if (luck.upTo(4) === 0) {
            // And now and then while the worker is at it.
            ahead += STEP;
            if (luck.upTo(2) === 0) await server.arm(pointOf(luck));
            await Promise.race([server.ended, server.work(ahead).catch(() => 0), sleep(luck.upTo(400))]);
            await server.kill();
            killed += 1;
            await restart();
          }
        }
        expect(new Set(sales).size).toBe(HANDOVERS);

        pms.replies.length = 0;
        const open = () => knex('im_handovers').whereIn('state', ['waiting', 'stuck', 'cancelling']);
        for (let look = 0; look < 60 && (await open()).length > 0; look += 1) {
          ahead += 24 * 3_600_000;
          await server.work(ahead);
        }
        expect(await open()).toEqual([]);

        const requests = pms.received.filter(({ type }) => type.endsWith('requested'));
        expect(requests.filter(({ fault }) => fault !== null)).toEqual([]);
        const bySale = new Map<string, Set<string>>();
        for (const { id, data } of requests) {
          const sale = String(data.saleId);
          bySale.set(sale, (bySale.get(sale) ?? new Set()).add(id));
        }
        expect([...bySale.keys()].sort()).toEqual([...sales].sort());
        expect([...bySale.values()].filter((ids) => ids.size !== 1)).toEqual([]);
        for (const { body, id } of requests) expect(body).toBe(requests.find((one) => one.id === id)?.body);
        expect(await knex('im_sales').pluck('state')).toEqual(sales.map(() => 'handed_over'));
        expect(await knex('im_sale_payments')).toEqual([]);
        expect(await knex('im_handovers').whereNot({ state: 'accepted' })).toEqual([]);

        // Each invoice is told twice, and counts once.
        for (const id of new Set(requests.map((one) => one.id))) {
          const body = JSON.stringify({
            type: 'external_billing.invoice.issued',
            data: { handoverId: id, invoiceNumber: `H-${id}` },
          });
          const signed = pms.signed(body, new Date(Date.now() + ahead), `evt_${id}`);
          for (const replayed of [false, true]) {
            const reply = await fetch(server.url + callback, { method: 'POST', ...signed });
            expect([reply.status, await reply.json()]).toEqual([200, { result: 'recorded', replayed }]);
          }
        }
        say(
          `${HANDOVERS} hand-overs on ${name}, the server killed ${killed} times: ${requests.length} messages of ` +
            `${bySale.size} sales arrived, each under one id (STRESS_SEED=${SEED})`,
        );
      } finally {
        await killAll();
        await pms.close();
        await database.close();
      }
    },
    LIMIT,
  );

  it(
    `two workers on one database send each of ${ROWS} rows once`,
    async () => {
      const till = await openTill(await createDatabase());
      const pms = await openReceiver(till.clock);
      try {
        const { integration, secret } = await till.outbox.integrations.create({
          name: 'PMS',
          kind: 'webhook',
          url: pms.url,
        });
        pms.secret = secret ?? '';
        for (let row = 0; row < ROWS; row += 1) await till.begin(integration.id);
        till.clock.advance(11_000);
        const options = { limit: { person: 20_000, worker: 20_000 } };
        const [first, second] = [
          till.another({ ...options, knex: till.connect() }),
          till.another({ ...options, knex: till.connect() }),
        ];
        const made = [0, 0];
        const started = performance.now();
        const drain = async (at: 0 | 1, worker: (typeof first)['worker']): Promise<void> => {
          for (let more = 1; more > 0;) made[at] = (made[at] ?? 0) + (more = await worker.runOnce());
        };
        await Promise.all([drain(0, first.worker), drain(1, second.worker)]);
        const ids = pms.received.map(({ id }) => id);
        say(
          `${ROWS} rows, two workers on ${name}: ${made.join(' + ')} sent in ${Math.round((performance.now() - started) / 1000)} s, ` +
            `${new Set(ids).size} different ids`,
        );
        expect(ids).toHaveLength(ROWS);
        expect(new Set(ids).size).toBe(ROWS);
        expect((made[0] ?? 0) + (made[1] ?? 0)).toBe(ROWS);
        expect(Math.min(...made)).toBeGreaterThan(0);
        expect(till.outcomes).toHaveLength(ROWS);
      } finally {
        await pms.close();
        await till.close();
      }
    },
    LIMIT,
  );
});
