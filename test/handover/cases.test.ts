/** Cases 46 to 58: a sale is handed over once, and nothing of it is lost; against a receiver that verifies with `standardwebhooks`. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { HandlerAnswer, HandoverMessage } from '../../plugin/handover/contract';
import { eachDatabase } from '../support/databases';
import { BOOKS, CASHIER, openTill, type Till } from './fixture';
import { answer, hangUp, openReceiver, silence, type Receiver } from './receiver';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe.each(eachDatabase)('hand-overs, on %s', (_name, createDatabase) => {
  let till: Till;
  let pms: Receiver;
  let to: string;
  let slow: (message: HandoverMessage, signal: AbortSignal) => Promise<HandlerAnswer>;
  const functions = { own: { deliver: (message: HandoverMessage, signal: AbortSignal) => slow(message, signal) } };

  beforeAll(async () => {
    till = await openTill(await createDatabase(), { functions });
    pms = await openReceiver(till.clock);
    const { integration, secret } = await till.outbox.integrations.create({
      ...{ name: 'PMS de l’hôtel', kind: 'webhook', url: pms.url },
      headers: [{ name: 'Authorization', value: 'Bearer s3cret-of-the-hotel' }],
    });
    to = integration.id;
    pms.secret = secret ?? '';
  });
  afterEach(() => {
    pms.replies.length = 0;
    pms.received.length = 0;
    till.outcomes.length = 0;
  });
  afterAll(async () => {
    await pms.close();
    await till.close();
  });

  const { deliver, state, resend, settle, check } = {
    deliver: (id: string) => till.outbox.handovers.deliver(id),
    check: (id: string) => till.outbox.handovers.check(id),
    state: (saleId: string) => till.outbox.handovers.state(till.knex, saleId),
    resend: (id: string, confirm = false) => till.outbox.handovers.resend(id, { actor: BOOKS, confirm }),
    settle: (id: string, outcome: 'accepted' | 'cancelled') =>
      till.outbox.handovers.settle(id, { outcome, reason: 'Mme Petit, par téléphone', actor: BOOKS }),
  };
  const cancel = (id: string) => till.outbox.handovers.cancelNow(id, { actor: BOOKS, reason: 'Erreur de chambre' });
  const dossier = (id: string) => till.outbox.journal.dossier(till.knex, id);
  const refused = (work: Promise<unknown>): Promise<{ code?: string; vars?: object }> =>
    work.then(
      () => ({}),
      (error: unknown) => error as { code: string; vars: object },
    );
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    for (let left = 400; !(await isSo()); left -= 1) {
      if (left === 0) throw new Error('it did not come');
      await new Promise((tick) => setTimeout(tick, 5));
    }
  }
  /** A connection whose address nobody listens at. */
  async function deadEnd(name: string): Promise<string> {
    const server = createServer();
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const { port } = server.address() as AddressInfo;
    await new Promise((done) => server.close(done));
    const url = `http://127.0.0.1:${port}/`;
    return (await till.outbox.integrations.create({ name, kind: 'webhook', url })).integration.id;
  }

  describe('case 46', () => {
    it('what was committed is sent by the worker though the process died before it sent anything', async () => {
      const { saleId } = await till.begin(to);
      expect(pms.received).toEqual([]);
      const restarted = till.another();
      expect(await restarted.worker.runOnce()).toBe(0);
      till.clock.advance(11_000);
      expect(await restarted.worker.runOnce()).toBe(1);
      expect(await state(saleId)).toMatchObject({ state: 'accepted', reference: 'R-1' });
      expect(await till.stateOf(saleId)).toBe('handed_over');
    });

    it('of a save that rolled back nothing is ever sent', async () => {
      const sale = till.sale();
      sale.method.integrationId = to;
      const failed = till.transaction(async (trx) => {
        await till.outbox.handovers.begin(trx, sale);
        throw new Error('the till rolled back');
      });
      await expect(failed).rejects.toThrow('the till rolled back');
      till.clock.advance(MINUTE);
      expect(await till.outbox.worker.runOnce()).toBe(0);
      expect([pms.received, await state(sale.saleId)]).toEqual([[], null]);
    });
  });

  describe('case 47', () => {
    it.each([200, 201, 202, 204, 299])('a reply %i is a sale handed over', async (status) => {
      pms.replies.push(answer(status));
      const { saleId, handoverId } = await till.begin(to);
      expect(await deliver(handoverId)).toMatchObject({ state: 'accepted' });
      expect(await till.stateOf(saleId)).toBe('handed_over');
      expect(till.outcomes).toMatchObject([{ saleId, outcome: 'accepted' }]);
    });

    it.each([400, 401, 403, 404, 413, 422])(
      'a reply %i is a refusal: the sale is back at payment, and may go another way',
      async (status) => {
        pms.replies.push(answer(status, { reason: 'Chambre 0012 libre' }));
        const { saleId, handoverId } = await till.begin(to);
        expect(await deliver(handoverId)).toMatchObject({
          state: 'rejected',
          reason: 'Chambre 0012 libre',
          nextAt: null,
        });
        expect(await till.stateOf(saleId)).toBe('open');
        const again = await till.begin(to, { saleId });
        expect(await deliver(again.handoverId)).toMatchObject({ state: 'accepted' });
        expect(pms.received[0]?.id).not.toBe(pms.received[1]?.id);
      },
    );

    it.each([408, 409, 425, 429, 500, 502, 503])(
      'a reply %i says nothing: it waits, and no second way is open',
      async (status) => {
        pms.replies.push(answer(status));
        const { saleId, handoverId } = await till.begin(to);
        const outcome = await deliver(handoverId);
        expect(outcome).toMatchObject({ state: 'waiting', reference: null });
        expect(outcome.nextAt).toBe(new Date(till.clock().getTime() + 5000).toISOString());
        expect([await till.stateOf(saleId), till.outcomes]).toEqual(['waiting', []]);
        const second = till.begin(to, { saleId });
        expect(await refused(second)).toMatchObject({ code: 'IM_HANDOVER_OPEN' });
        await settle(handoverId, 'cancelled');
        expect(await till.stateOf(saleId)).toBe('open');
      },
    );

    it('a cut connection and a reply that never comes say nothing either', async () => {
      for (const reply of [hangUp, silence]) {
        pms.replies.push(reply);
        const { saleId, handoverId } = await till.begin(to);
        expect(await deliver(handoverId)).toMatchObject({ state: 'waiting' });
        expect(await till.stateOf(saleId)).toBe('waiting');
        await settle(handoverId, 'cancelled');
      }
    });

    it('after a try that may have arrived, a refusal at the door is none: only the other system itself can say that it has nothing', async () => {
      pms.replies.push(answer(500), answer(401), answer(404), answer(422, { reason: 'Inconnue' }));
      const { saleId, handoverId } = await till.begin(to);
      for (const expected of ['waiting', 'waiting', 'waiting', 'rejected']) {
        const outcome = expected === 'waiting' && pms.received.length === 0 ? deliver(handoverId) : check(handoverId);
        expect((await outcome).state).toBe(expected);
      }
      expect(await till.stateOf(saleId)).toBe('open');
    });
  });

  it('case 48: when the reply was lost, the next try has the same id and the same bytes, signed anew, and counts once', async () => {
    pms.replies.push(hangUp);
    const { saleId, handoverId } = await till.begin(to);
    await deliver(handoverId);
    till.clock.advance(6000);
    expect(await till.outbox.worker.runOnce()).toBe(1);
    expect(await state(saleId)).toMatchObject({ state: 'accepted' });
    const [first, second] = pms.received;
    expect(second).toMatchObject({ id: first!.id, body: first!.body, fault: null });
    expect(second!.headers['idempotency-key']).toBe(`"${first!.id}"`);
    expect(Number(second!.headers['webhook-timestamp'])).toBeGreaterThan(Number(first!.headers['webhook-timestamp']));
    expect(second!.headers['webhook-signature']).not.toBe(first!.headers['webhook-signature']);
    expect(pms.sales().filter((id) => id === first!.id)).toHaveLength(1);
    expect(till.outcomes).toHaveLength(1);
  });

  describe('case 49', () => {
    it('two workers send each of 40 sales once', async () => {
      const begun = await Promise.all(Array.from({ length: 40 }, () => till.begin(to)));
      till.clock.advance(11_000);
      const [one, two] = await Promise.all([till.another().worker.runOnce(), till.another().worker.runOnce()]);
      expect(one + two).toBe(40);
      expect(new Set(pms.received.map(({ id }) => id)).size).toBe(40);
      expect(pms.received).toHaveLength(40);
      for (const { saleId } of begun) expect(await till.stateOf(saleId)).toBe('handed_over');
    });

    it('a worker that dies while it sends is taken over once its lease is over, and its try is told as lost', async () => {
      const { saleId, handoverId } = await till.begin(to);
      const now = till.clock().toISOString();
      const until = new Date(till.clock().getTime() + 28_000).toISOString();
      await till.knex('im_handovers').where({ id: handoverId }).update({ lease_token: 'dead', lease_until: until });
      await till.knex('im_handover_attempts').insert({
        ...{ handover_id: handoverId, token: 'dead', how: 'first', started_at: now },
      });
      till.clock.advance(15_000);
      expect(await till.outbox.worker.runOnce()).toBe(0);
      till.clock.advance(15_000);
      expect(await till.outbox.worker.runOnce()).toBe(1);
      expect(await state(saleId)).toMatchObject({ state: 'accepted' });
      const { attempts } = await dossier(handoverId);
      expect(attempts).toMatchObject([
        { outcome: 'unknown', code: 'lost' },
        { outcome: 'accepted', how: 'worker' },
      ]);
    });

    it('the outcome and the sale change together or not at all: when the till fails, the message goes again and is told again', async () => {
      till.failing.next = 1;
      const { saleId, handoverId } = await till.begin(to);
      expect(await deliver(handoverId)).toMatchObject({ state: 'waiting' });
      expect([await till.stateOf(saleId), till.outcomes]).toEqual(['waiting', []]);
      till.clock.advance(MINUTE);
      expect(await till.outbox.worker.runOnce()).toBe(1);
      expect([await till.stateOf(saleId), till.outcomes.length]).toEqual(['handed_over', 1]);
      expect(new Set(pms.received.map(({ id }) => id)).size).toBe(1);
    });
  });

  it('case 50: what is sent is the sale as it was: a name changed before the third try does not alter it', async () => {
    pms.replies.push(answer(500), answer(500));
    const { saleId, handoverId } = await till.begin(to, {
      note: 'Sans gluten',
      customer: { id: '12', name: 'Élodie Martin' },
    });
    await deliver(handoverId);
    await till.knex('sales_of_the_test').where({ id: saleId }).update({ says: 'changed' });
    for (const wait of [6000, 6 * MINUTE]) {
      till.clock.advance(wait);
      await till.outbox.worker.runOnce();
    }
    expect(pms.received).toHaveLength(3);
    expect(new Set(pms.received.map(({ body }) => body)).size).toBe(1);
    expect(pms.received[2]!.data).toMatchObject({
      ...{ saleId, note: 'Sans gluten', reference: '0012', customer: { id: '12', name: 'Élodie Martin' } },
      ...{ module: { id: '1', name: 'Vente directe' }, cashier: { id: '7', name: 'Sam Sales' }, currency: 'EUR' },
      method: { id: '4', name: 'Chambre', externalIdentifier: 'ROOM' },
      totals: { payable: '42.90' },
    });
  });

  it('case 51: an address or a secret that changes while a sale waits holds for its next try', async () => {
    const old = await deadEnd('Moved');
    const { handoverId } = await till.begin(old);
    expect(await deliver(handoverId)).toMatchObject({ state: 'waiting' });
    await till.outbox.integrations.update(old, { url: pms.url });
    const { secret } = await till.outbox.integrations.rotate(old);
    const before = pms.secret;
    pms.secret = secret;
    try {
      expect(await check(handoverId)).toMatchObject({ state: 'accepted' });
      expect(pms.received).toMatchObject([{ fault: null }]);
    } finally {
      pms.secret = before;
    }
  });

  describe('case 52', () => {
    it.each([301, 302, 307, 308])('a redirect %i is not followed', async (status) => {
      const other = await openReceiver(till.clock);
      pms.replies.push(answer(status, '', { location: other.url }));
      const { handoverId } = await till.begin(to);
      expect(await deliver(handoverId)).toMatchObject({ state: 'waiting' });
      expect(other.received).toEqual([]);
      expect((await dossier(handoverId)).attempts).toMatchObject([{ code: 'redirect', status }]);
      await settle(handoverId, 'cancelled');
      await other.close();
    });

    it('410 disables the connection, of which an admin is told; what waits is kept, and goes once it is on again', async () => {
      const { integration } = await till.outbox.integrations.create({ name: 'Gone', kind: 'webhook', url: pms.url });
      pms.replies.push(answer(500), answer(410));
      const first = await till.begin(integration.id);
      await deliver(first.handoverId);
      const second = await till.begin(integration.id);
      expect(await deliver(second.handoverId)).toMatchObject({ state: 'rejected' });
      const { knex, outbox } = till;
      expect(await outbox.integrations.get(knex, integration.id)).toMatchObject({ enabled: false, disabledBy: 'gone' });
      expect(await outbox.handovers.available(knex, integration.id)).toMatchObject({ available: false, why: 'gone' });
      expect(till.logged).toContainEqual(
        expect.objectContaining({ level: 'warn', message: expect.stringContaining('410') as string }),
      );
      till.clock.advance(DAY);
      expect(await outbox.worker.runOnce()).toBe(0);
      expect(await refused(till.begin(integration.id))).toMatchObject({
        code: 'IM_INTEGRATION_UNAVAILABLE',
        vars: { why: 'gone' },
      });
      await outbox.integrations.setEnabled(integration.id, true);
      expect(await outbox.worker.runOnce()).toBe(1);
      expect(await state(first.saleId)).toMatchObject({ state: 'accepted' });
    });

    it.each([
      ['in seconds', (): string => '120', 120_000],
      [
        'as a date',
        (): string => new Date(Math.ceil(till.clock().getTime() / 1000) * 1000 + 120_000).toUTCString(),
        120_000,
      ],
      ['for years, of which a day is left', (): string => '99999999', DAY],
      ['sooner than planned', (): string => '1', 5000],
    ])('Retry-After %s is kept, for the others of that system too', async (_how, header, wait) => {
      const { integration } = await till.outbox.integrations.create({ name: 'Busy', kind: 'webhook', url: pms.url });
      pms.replies.push(answer(429, '', { 'retry-after': header() }));
      const first = await till.begin(integration.id);
      const { nextAt } = await deliver(first.handoverId);
      const due = Date.parse(nextAt ?? '') - till.clock().getTime();
      expect(Math.abs(due - wait)).toBeLessThanOrEqual(1000);
      if (wait < 10_000) return void (await settle(first.handoverId, 'cancelled'));
      await till.begin(integration.id);
      till.clock.advance(wait - 5000);
      expect(await till.outbox.worker.runOnce()).toBe(0);
      till.clock.advance(6001);
      expect(await till.outbox.worker.runOnce()).toBe(2);
    });

    it('404 and 500 leave the connection as it is, and the schedule is the standard’s: ten tries in three days, then a person decides', async () => {
      const { handoverId, saleId } = await till.begin(to);
      const waits: number[] = [];
      pms.replies.push(...Array.from({ length: 10 }, () => answer(500)));
      let outcome = await deliver(handoverId);
      while (outcome.state === 'waiting') {
        const wait = Date.parse(outcome.nextAt ?? '') - till.clock().getTime();
        waits.push(wait / 1000);
        till.clock.advance(wait);
        expect(await till.outbox.worker.runOnce()).toBe(1);
        outcome = (await state(saleId))!;
      }
      expect(waits).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]);
      expect(outcome).toMatchObject({ state: 'stuck', nextAt: null });
      expect(pms.received).toHaveLength(10);
      expect(await till.outbox.integrations.get(till.knex, to)).toMatchObject({ enabled: true });
      expect([await till.stateOf(saleId), await till.outbox.worker.runOnce()]).toEqual(['waiting', 0]);
      expect(await check(handoverId)).toMatchObject({ state: 'accepted' });
    });
  });

  describe('case 53', () => {
    it('a dead system delays no other', async () => {
      const dead = await deadEnd('Dead');
      const waiting = await Promise.all(Array.from({ length: 12 }, () => till.begin(dead)));
      const living = await till.begin(to);
      till.clock.advance(11_000);
      const made = await till.outbox.worker.runOnce();
      // One round of tries, not twelve.
      expect(made).toBeLessThanOrEqual(1 + 7);
      expect(await till.stateOf(living.saleId)).toBe('handed_over');
      for (const { handoverId } of waiting) await settle(handoverId, 'cancelled');
    });

    it('a slow system delays no other either: what comes while its round goes on is sent at the next look', async () => {
      let finish: (answer: HandlerAnswer) => void = () => undefined;
      slow = () => new Promise((settled) => (finish = settled));
      const own = await till.outbox.integrations.create({ name: 'Slow', kind: 'function', functionName: 'own' });
      const held = await till.begin(own.integration.id);
      till.clock.advance(11_000);
      const { worker } = till.another({ limit: { person: 1000, worker: 10_000 } });
      const round = worker.runOnce();
      const living = await till.begin(to);
      till.clock.advance(11_000);
      const look = worker.runOnce();
      await until(async () => (await till.stateOf(living.saleId)) === 'handed_over');
      expect(await till.stateOf(held.saleId)).toBe('waiting');
      finish({ accepted: true });
      expect(await round).toBe(1);
      await look;
      expect(await till.stateOf(held.saleId)).toBe('handed_over');
    });

    it('a connection that is switched off in the middle of a round gets nothing more of it', async () => {
      const off = await till.outbox.integrations.create({ name: 'Off', kind: 'function', functionName: 'own' });
      const { id } = off.integration;
      let sent = 0;
      slow = async () => {
        sent += 1;
        await till.outbox.integrations.setEnabled(id, false);
        return { accepted: true };
      };
      const sales = await Promise.all(Array.from({ length: 12 }, () => till.begin(id)));
      till.clock.advance(11_000);
      await till.outbox.worker.runOnce();
      // Those of the four lanes that were under way already.
      expect(sent).toBeLessThanOrEqual(4);
      const states = await till.outbox.handovers.states(
        till.knex,
        sales.map(({ saleId }) => saleId),
      );
      const waiting = [...states.values()].filter(({ state: now }) => now === 'waiting');
      expect(waiting).toHaveLength(12 - sent);
      for (const { handoverId } of waiting) await settle(handoverId, 'cancelled');
    });

    it('a form that is posted again asks once more and uses up no try of the schedule', async () => {
      pms.replies.push(...Array.from({ length: 12 }, () => answer(503)));
      const { handoverId } = await till.begin(to);
      const first = await deliver(handoverId);
      for (let times = 0; times < 11; times += 1) await deliver(handoverId);
      expect(await deliver(handoverId)).toMatchObject({ state: 'accepted' });
      expect(first.state).toBe('waiting');
      const [, second] = (await dossier(handoverId)).attempts;
      expect(second).toMatchObject({ how: 'person', outcome: 'unknown' });
      expect((await dossier(handoverId)).tries).toBe(1);
    });

    it('nobody settles by hand while a cancellation is on its way: its answer may come a moment later', async () => {
      const { saleId, handoverId } = await till.begin(to);
      await deliver(handoverId);
      let reply: () => void = () => undefined;
      pms.replies.push((res) => (reply = () => void res.writeHead(200).end()));
      const cancelling = cancel(handoverId);
      await until(() => Promise.resolve(pms.received.length === 2));
      expect(await refused(settle(handoverId, 'accepted'))).toMatchObject({ code: 'IM_HANDOVER_BUSY' });
      reply();
      expect(await cancelling).toMatchObject({ state: 'cancelled' });
      expect(await till.stateOf(saleId)).toBe('open');
    });

    it('a cancellation never overtakes its request, even when that one is on its way', async () => {
      let land: () => void = () => undefined;
      pms.replies.push((res) => {
        land = () => void res.writeHead(200).end('{"reference":"R-9"}');
      });
      const { saleId, handoverId } = await till.begin(to);
      const first = deliver(handoverId);
      while (pms.received.length === 0) await new Promise((tick) => setTimeout(tick, 5));
      const cancelled = cancel(handoverId);
      await new Promise((tick) => setTimeout(tick, 150));
      expect(pms.received).toHaveLength(1);
      land();
      await first;
      expect(await cancelled).toMatchObject({ state: 'cancelled' });
      expect(pms.received.map(({ type }) => type.split('.').at(-1))).toEqual(['requested', 'cancelled']);
      expect(await till.stateOf(saleId)).toBe('open');
    });

    it('Resend is a new try of the same message; of what is accepted it asks first, and while one is sent it is refused', async () => {
      const { handoverId } = await till.begin(to);
      await deliver(handoverId);
      expect(await refused(resend(handoverId))).toMatchObject({ code: 'IM_HANDOVER_DELIVERED' });
      expect(pms.received).toHaveLength(1);
      pms.replies.push(answer(422, 'twice'));
      expect(await resend(handoverId, true)).toMatchObject({ state: 'accepted', reference: 'R-1' });
      expect(pms.received[1]).toMatchObject({ id: pms.received[0]!.id, body: pms.received[0]!.body });
      const { attempts } = await dossier(handoverId);
      expect(attempts).toMatchObject([
        { how: 'first', outcome: 'accepted', actorName: null },
        { how: 'person', outcome: 'rejected', actorName: BOOKS.name },
      ]);
      const until = new Date(till.clock().getTime() + 5000).toISOString();
      await till.knex('im_handovers').where({ id: handoverId }).update({ lease_token: 'busy', lease_until: until });
      expect(await refused(resend(handoverId, true))).toMatchObject({ code: 'IM_HANDOVER_BUSY' });
      pms.replies.push(answer(422));
      const other = await till.begin(to);
      await deliver(other.handoverId);
      expect(await refused(resend(other.handoverId))).toMatchObject({
        code: 'IM_HANDOVER_CLOSED',
        vars: { state: 'rejected' },
      });
    });
  });

  describe('case 54', () => {
    it('a reply of 50 MB is cut at 64 KiB, and what its status says holds', async () => {
      let written = 0;
      pms.replies.push((res) => {
        res.writeHead(200);
        const part = Buffer.alloc(64 * 1024, 'x');
        const write = (): void => {
          while (written < 50 * 1024 * 1024 && !res.destroyed) {
            written += part.length;
            if (!res.write(part)) return void res.once('drain', write);
          }
          res.end();
        };
        write();
      });
      const { handoverId } = await till.begin(to);
      expect(await deliver(handoverId)).toMatchObject({ state: 'accepted', reference: null });
      expect(written).toBeLessThan(20 * 1024 * 1024);
      const { attempts } = await dossier(handoverId);
      expect(attempts[0]?.reply).toHaveLength(500);
    });

    it('a packed bomb is not unpacked', async () => {
      const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024, 'x'));
      pms.replies.push((res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
      const { handoverId } = await till.begin(to);
      expect(await deliver(handoverId)).toMatchObject({ state: 'accepted' });
      expect((await dossier(handoverId)).attempts).toMatchObject([{ status: 200, reply: null }]);
    });

    it('a reply that changes the protocol ends the try: nobody waits for it for ever', async () => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
        });
      });
      await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const { integration } = await till.outbox.integrations.create({ name: 'Upgrades', kind: 'webhook', url });
      const { handoverId } = await till.begin(integration.id);
      expect(await deliver(handoverId)).toMatchObject({ state: 'waiting' });
      expect((await dossier(handoverId)).attempts).toMatchObject([{ outcome: 'unknown', status: 101 }]);
      await settle(handoverId, 'cancelled');
      await new Promise((done) => server.close(done));
    });

    it('a reply that drips ends with the limit of the try', async () => {
      pms.replies.push((res) => {
        res.writeHead(500);
        const drip = setInterval(() => res.write('x'), 50);
        res.once('close', () => clearInterval(drip));
      });
      const { handoverId } = await till.begin(to);
      const started = performance.now();
      expect(await deliver(handoverId)).toMatchObject({ state: 'waiting' });
      expect(performance.now() - started).toBeLessThan(2000);
      await settle(handoverId, 'cancelled');
    });
  });

  describe('case 45', () => {
    it('a void of what was accepted is a message with an id of its own, which names the first', async () => {
      const { saleId, handoverId } = await till.begin(to);
      await deliver(handoverId);
      expect(await cancel(handoverId)).toMatchObject({ state: 'cancelled' });
      const [request, cancellation] = pms.received;
      expect(cancellation).toMatchObject({
        ...{ type: 'external_billing.handover.cancelled', fault: null },
        data: { handoverId: request!.id, saleId, reason: 'Erreur de chambre', cashier: { name: BOOKS.name } },
      });
      expect(cancellation!.id).not.toBe(request!.id);
      expect(till.outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'cancelled']);
    });

    it('one that nobody answers is pending, not cancelled, until it is accepted', async () => {
      const { saleId, handoverId } = await till.begin(to);
      await deliver(handoverId);
      pms.replies.push(answer(503));
      expect(await cancel(handoverId)).toMatchObject({ state: 'cancelling' });
      expect(await till.stateOf(saleId)).toBe('handed_over');
      expect(await refused(till.begin(to, { saleId }))).toMatchObject({ code: 'IM_HANDOVER_OPEN' });
      till.clock.advance(6000);
      expect(await till.outbox.worker.runOnce()).toBe(1);
      expect(await state(saleId)).toMatchObject({ state: 'cancelled' });
      expect(till.outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'cancelled']);
    });

    it('one that is refused leaves the sale where it was, with the reason', async () => {
      const { handoverId } = await till.begin(to);
      await deliver(handoverId);
      pms.replies.push(answer(422, { reason: 'Déjà facturée' }));
      expect(await cancel(handoverId)).toMatchObject({ state: 'accepted' });
      expect((await dossier(handoverId)).cancellation).toMatchObject({ state: 'rejected', reason: 'Déjà facturée' });
    });

    it('what cannot have arrived is cancelled at once, and no message is sent', async () => {
      const dead = await deadEnd('Unreachable');
      const { saleId, handoverId } = await till.begin(dead);
      expect(await deliver(handoverId)).toMatchObject({ state: 'waiting' });
      expect(await cancel(handoverId)).toMatchObject({ state: 'cancelled' });
      expect(await till.stateOf(saleId)).toBe('open');
      expect(await till.knex('im_handovers').where({ sale_id: saleId })).toHaveLength(1);
      expect(await refused(cancel(handoverId))).toMatchObject({
        code: 'IM_HANDOVER_CLOSED',
        vars: { state: 'cancelled' },
      });
    });
  });

  describe('case 56', () => {
    it('the journal holds no secret and no full card number, and forgets replies and messages after 90 days', async () => {
      pms.replies.push(
        answer(
          422,
          `Bearer s3cret-of-the-hotel, ${pms.secret}, card 4111 1111 1111 1111, key whsec_AAAABBBBCCCC\u0000`,
        ),
      );
      const { handoverId } = await till.begin(to);
      await deliver(handoverId);
      const { attempts } = await dossier(handoverId);
      expect(attempts[0]?.reply).toBe('•••, •••, card •••• 1111, key •••');
      pms.replies.push(answer(422, { reason: `refused: Bearer s3cret-of-the-hotel, ${pms.secret}` }));
      const echoed = await till.begin(to);
      expect(await deliver(echoed.handoverId)).toMatchObject({ state: 'rejected', reason: 'refused: •••, •••' });
      const waiting = await till.begin(to);
      pms.replies.push(answer(500));
      await deliver(waiting.handoverId);
      till.clock.advance(91 * DAY);
      expect(await till.outbox.forget(till.knex)).toBeGreaterThan(0);
      expect((await dossier(handoverId)).attempts).toMatchObject([{ reply: null, status: 422 }]);
      const bodies = (await till
        .knex('im_handovers')
        .whereIn('id', [handoverId, waiting.handoverId])
        .orderBy('id')
        .pluck('body')) as unknown[];
      expect(bodies).toEqual([null, expect.any(String)]);
      await settle(waiting.handoverId, 'accepted');
    });
  });

  describe('case 57', () => {
    it('a worker that is stopped ends what it sends and leaves no timer; started twice it runs once', async () => {
      const { worker } = till.another();
      const { saleId } = await till.begin(to);
      till.clock.advance(11_000);
      worker.start();
      worker.start();
      while (pms.received.length === 0) await new Promise((tick) => setTimeout(tick, 5));
      await worker.stop();
      expect(await till.stateOf(saleId)).toBe('handed_over');
      expect(pms.received).toHaveLength(1);
    });
  });

  describe('case 58', () => {
    let own: string;
    beforeAll(async () => {
      own = (await till.outbox.integrations.create({ name: 'Own', kind: 'function', functionName: 'own' })).integration
        .id;
    });

    it.each<[string, () => Promise<HandlerAnswer>, string]>([
      ['accepts', () => Promise.resolve({ accepted: true, reference: 'F-1' }), 'accepted'],
      ['refuses', () => Promise.resolve({ accepted: false, reason: 'Fermé' }), 'rejected'],
      ['refuses without a word', () => Promise.resolve({ accepted: false } as never), 'rejected'],
      ['throws', () => Promise.reject(new Error('no')), 'waiting'],
      ['answers nonsense', () => Promise.resolve({ accepted: 'yes' } as never), 'waiting'],
      ['answers nothing', () => Promise.resolve(undefined as never), 'waiting'],
    ])('a function that %s', async (_what, deliverTo, expected) => {
      slow = deliverTo;
      const { saleId, handoverId } = await till.begin(own);
      expect(await deliver(handoverId)).toMatchObject({ state: expected });
      expect(await till.stateOf(saleId)).toBe(
        { accepted: 'handed_over', rejected: 'open', waiting: 'waiting' }[expected],
      );
      if (expected === 'waiting') await settle(handoverId, 'cancelled');
    });

    it('a function that throws before it promises anything, or never answers, leaves the sale waiting within the limit', async () => {
      slow = () => {
        throw new Error('at once');
      };
      const first = await till.begin(own);
      expect(await deliver(first.handoverId)).toMatchObject({ state: 'waiting' });
      let aborted = false;
      slow = (_message, signal) =>
        new Promise(() => signal.addEventListener('abort', () => void (aborted = true), { once: true }));
      const started = performance.now();
      expect(await check(first.handoverId)).toMatchObject({ state: 'waiting' });
      expect(performance.now() - started).toBeLessThan(2000);
      expect(aborted).toBe(true);
      const seen: HandoverMessage[] = [];
      slow = (message) => {
        seen.push(message);
        return Promise.resolve({ accepted: true });
      };
      expect(await check(first.handoverId)).toMatchObject({ state: 'accepted' });
      expect(seen).toMatchObject([{ type: 'external_billing.handover.requested', data: { saleId: first.saleId } }]);
      expect(seen[0]!.id).toMatch(/^msg_/);
      expect(CASHIER.name).toBe((seen[0]!.data.cashier as { name: string }).name);
    });
  });
});
