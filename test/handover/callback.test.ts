/** Case 55: the other system tells the number of its invoice later, signed over the bytes as they came. */
import express from 'express';
import request from 'supertest';
import { callbackRoutes } from '../../plugin/handover/routes-callback';
import { createTranslator } from '../../plugin/i18n';
import { eachDatabase } from '../support/databases';
import { BOOKS, openTill, type Till } from './fixture';
import { answer, openReceiver, type Receiver } from './receiver';

describe.each(eachDatabase)('case 55: a callback, on %s', (_name, createDatabase) => {
  let till: Till;
  let pms: Receiver;
  let to: string;
  let app: express.Express;
  let events = 0;
  beforeAll(async () => {
    till = await openTill(await createDatabase());
    pms = await openReceiver(till.clock);
    const { integration, secret } = await till.outbox.integrations.create({
      name: 'PMS',
      kind: 'webhook',
      url: pms.url,
    });
    to = integration.id;
    pms.secret = secret!;
    app = hostWith();
  });
  afterAll(async () => {
    await pms.close();
    await till.close();
  });
  afterEach(() => void (pms.received.length = 0));

  /** @param before what the host mounts before the router */
  function hostWith(...before: express.RequestHandler[]): express.Express {
    const host = express();
    for (const handler of before) host.use(handler);
    host.use('/invoice-merge', callbackRoutes(till.outbox.callbacks, createTranslator()('en')));
    return host;
  }

  async function handedOver(): Promise<{ saleId: string; handoverId: string; messageId: string }> {
    const begun = await till.begin(to);
    await till.outbox.handovers.deliver(begun.handoverId);
    return { ...begun, messageId: pms.received.at(-1)!.id };
  }

  const tells = (handoverId: string, more: object = {}): string =>
    JSON.stringify({
      type: 'external_billing.invoice.issued',
      timestamp: till.clock().toISOString(),
      data: { handoverId, invoiceNumber: 'H-2026-114', invoiceDate: '2026-11-21', note: 'Note n° 12', ...more },
    });

  async function post(
    body: string,
    how: {
      at?: Date;
      id?: string;
      integration?: string;
      headers?: Record<string, string>;
      host?: express.Express;
    } = {},
  ): Promise<[number, Record<string, unknown>]> {
    const signed = pms.signed(body, how.at ?? till.clock(), how.id ?? `evt_${(events += 1)}`);
    const reply = await request(how.host ?? app)
      .post(`/invoice-merge/callbacks/${how.integration ?? to}`)
      .set({ ...signed.headers, ...how.headers })
      .send(body);
    const answered = reply.body as Record<string, unknown> & { error?: { code: string } };
    return [reply.status, answered.error ? { code: answered.error.code } : answered];
  }

  it('brings the number, date, note and address of the invoice to the sale', async () => {
    const { saleId, messageId } = await handedOver();
    const url = 'https://pms.example/invoices/114';
    expect(await post(tells(messageId, { invoiceUrl: url }))).toEqual([200, { result: 'recorded', replayed: false }]);
    expect((await till.outbox.handovers.state(till.knex, saleId))?.invoice).toMatchObject({
      ...{ number: 'H-2026-114', date: '2026-11-21', note: 'Note n° 12', url },
    });
  });

  it('that comes twice counts once, also when both come at the same time', async () => {
    const { messageId } = await handedOver();
    const body = tells(messageId);
    const at = till.clock();
    const replies = await Promise.all([1, 2, 3].map(() => post(body, { id: 'evt_same', at })));
    expect(replies.map(([status]) => status)).toEqual([200, 200, 200]);
    expect(replies.filter(([, reply]) => reply.replayed === false)).toHaveLength(1);
    expect(await post(body, { id: 'evt_same' })).toEqual([200, { result: 'recorded', replayed: true }]);
    expect(await till.knex('im_handover_callbacks').where({ message_id: 'evt_same' })).toHaveLength(1);
  });

  it('without a signature, with another’s, of other bytes or of another time is refused', async () => {
    const { messageId, saleId } = await handedOver();
    const body = tells(messageId);
    const now = till.clock().getTime();
    const wrong: Parameters<typeof post>[1][] = [
      { headers: { 'webhook-signature': 'v1,AAAA' } },
      { headers: { 'webhook-signature': '' } },
      { headers: { 'webhook-id': 'evt_other' } },
      { at: new Date(now - 301_000) },
      { at: new Date(now + 301_000) },
    ];
    for (const how of wrong) expect(await post(body, how)).toEqual([401, { code: 'IM_SIGNATURE_INVALID' }]);
    const signed = pms.signed(body, till.clock());
    const changed = await request(app)
      .post(`/invoice-merge/callbacks/${to}`)
      .set(signed.headers)
      .send(body.replace('114', '115'));
    expect(changed.status).toBe(401);
    expect((await till.outbox.handovers.state(till.knex, saleId))?.invoice).toBeNull();
  });

  it('about a sale that nobody knows, or that went to another system, is 404, and so is one to no connection', async () => {
    const { messageId } = await handedOver();
    const unknown = `msg_${'x'.repeat(24)}`;
    expect(await post(tells(unknown))).toEqual([404, { code: 'IM_NOT_FOUND' }]);
    const other = await till.outbox.integrations.create({ name: 'Other', kind: 'webhook', url: pms.url });
    const before = pms.secret;
    pms.secret = other.secret!;
    try {
      expect(await post(tells(messageId), { integration: other.integration.id })).toEqual([
        404,
        { code: 'IM_NOT_FOUND' },
      ]);
      expect((await post(tells(messageId)))[0]).toBe(401);
    } finally {
      pms.secret = before;
    }
    for (const id of ['999999', 'x', '1;2']) expect((await post(tells(messageId), { integration: id }))[0]).toBe(404);
  });

  it('with a second, different number is a conflict that is kept for somebody to look at; the first stands', async () => {
    const { saleId, handoverId, messageId } = await handedOver();
    await post(tells(messageId));
    expect(await post(tells(messageId, { note: 'again' }))).toEqual([200, { result: 'same', replayed: false }]);
    const id = 'evt_second';
    expect(await post(tells(messageId, { invoiceNumber: 'H-2026-999' }), { id })).toEqual([
      409,
      { code: 'IM_INVOICE_CONFLICT' },
    ]);
    expect((await post(tells(messageId, { invoiceNumber: 'H-2026-999' }), { id }))[0]).toBe(409);
    expect((await till.outbox.handovers.state(till.knex, saleId))?.invoice?.number).toBe('H-2026-114');
    expect((await till.outbox.journal.dossier(till.knex, handoverId)).otherInvoice?.number).toBe('H-2026-999');
  });

  it('of two different numbers at the same time one stands and the other is kept as a conflict', async () => {
    const { messageId, handoverId } = await handedOver();
    const replies = await Promise.all(
      ['A-1', 'A-2'].map((number) => post(tells(messageId, { invoiceNumber: number }))),
    );
    expect(replies.map(([status]) => status).sort()).toEqual([200, 409]);
    const { invoice, otherInvoice } = await till.outbox.journal.dossier(till.knex, handoverId);
    expect([invoice?.number, otherInvoice?.number].sort()).toEqual(['A-1', 'A-2']);
  });

  it('about a sale whose reply was lost says that the other system has it: the sale closes', async () => {
    pms.replies.push((res) => void res.destroy());
    const { saleId, handoverId, messageId } = await handedOver();
    expect(await till.stateOf(saleId)).toBe('waiting');
    expect((await post(tells(messageId)))[0]).toBe(200);
    expect(await till.stateOf(saleId)).toBe('handed_over');
    expect((await till.outbox.journal.dossier(till.knex, handoverId)).state).toBe('accepted');
  });

  it('about a sale that was refused or cancelled here is a conflict: it is invoiced there all the same', async () => {
    pms.replies.push(answer(422));
    const refused = await handedOver();
    const cancelled = await handedOver();
    await till.outbox.handovers.cancelNow(cancelled.handoverId, { actor: BOOKS, reason: 'Erreur' });
    for (const { messageId, handoverId } of [refused, cancelled]) {
      expect((await post(tells(messageId)))[0]).toBe(409);
      const one = await till.outbox.journal.dossier(till.knex, handoverId);
      expect([one.invoice, one.otherInvoice?.number]).toEqual([null, 'H-2026-114']);
    }
  });

  it.each([
    ['no JSON', '{'],
    ['another type', JSON.stringify({ type: 'other', data: {} })],
    [
      'no number',
      JSON.stringify({
        type: 'external_billing.invoice.issued',
        data: { handoverId: `msg_${'x'.repeat(24)}`, invoiceNumber: ' ' },
      }),
    ],
    [
      'an address that runs',
      JSON.stringify({
        type: 'external_billing.invoice.issued',
        data: { handoverId: `msg_${'x'.repeat(24)}`, invoiceNumber: '1', invoiceUrl: 'javascript:alert(1)' },
      }),
    ],
  ])('with %s is 400', async (_what, body) => {
    expect(await post(body)).toEqual([400, { code: 'IM_PAYLOAD_INVALID' }]);
  });

  it('of more than 64 KiB, or packed, is not read', async () => {
    expect((await post(tells(`msg_${'x'.repeat(24)}`, { note: 'x'.repeat(70_000) })))[0]).toBe(413);
    expect((await post('{}', { headers: { 'content-encoding': 'gzip' } }))[0]).toBe(415);
  });

  it('is read behind a body parser that kept the bytes, and refused with the mend behind one that did not', async () => {
    const keeping = express.json({
      verify: (req, _res, bytes) => void ((req as { rawBody?: Buffer }).rawBody = bytes),
    });
    const { messageId } = await handedOver();
    const body = tells(messageId).replace('{', '{ ');
    expect(await post(body, { host: hostWith(express.json()) })).toEqual([400, { code: 'IM_RAW_BODY_MISSING' }]);
    expect((await post(body, { host: hostWith(keeping) }))[0]).toBe(200);
    expect((await post(tells(messageId), { host: hostWith(express.raw({ type: '*/*' })) }))[0]).toBe(200);
  });
});
