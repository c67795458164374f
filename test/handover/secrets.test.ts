/** Cases 63 and 51: secrets are seen once, kept sealed, and rotated with two signatures; and what a connection that is off means. */
import { Webhook } from 'standardwebhooks';
import { createVault } from '../../plugin/handover/rules-sealing';
import { isSigned, newSecret, signatures } from '../../plugin/handover/rules-signing';
import { eachDatabase } from '../support/databases';
import { openTill, SECRET_KEY, type Till } from './fixture';
import { openReceiver, type Receiver } from './receiver';

const DAY = 86_400_000;

it('a signature is the library’s, letter for letter, also of text beyond ASCII', () => {
  const secret = newSecret();
  const at = new Date(1_700_000_000_000);
  const body = '{"customer":"Élodie 🛏️"}';
  expect(signatures([secret], 'msg_1', 1_700_000_000, body)).toBe(new Webhook(secret).sign('msg_1', at, body));
  expect(Buffer.from(secret.replace('whsec_', ''), 'base64')).toHaveLength(32);
});

it('a signature of another secret, id, body or of more than five minutes ago is none', () => {
  const [secret, other, now] = [newSecret(), newSecret(), new Date(1_700_000_000_000)];
  const body = Buffer.from('{}');
  const request = (signed: string, seconds = 1_700_000_000) => ({
    ...{ id: 'msg_1', timestamp: String(seconds), signature: signatures([signed], 'msg_1', seconds, '{}') },
  });
  expect(isSigned([other, secret], request(secret), body, now)).toBe(true);
  expect(isSigned([secret], { ...request(secret), signature: `v1,AAAA ${request(secret).signature}` }, body, now)).toBe(
    true,
  );
  expect(isSigned([secret], request(other), body, now)).toBe(false);
  expect(isSigned([secret], request(secret), Buffer.from('{ }'), now)).toBe(false);
  expect(isSigned([secret], { ...request(secret), id: 'msg_2' }, body, now)).toBe(false);
  for (const [seconds, valid] of [
    [-301, false],
    [-299, true],
    [299, true],
    [301, false],
  ] as const)
    expect([seconds, isSigned([secret], request(secret, 1_700_000_000 + seconds), body, now)]).toEqual([
      seconds,
      valid,
    ]);
  for (const missing of ['id', 'timestamp', 'signature'])
    expect(isSigned([secret], { ...request(secret), [missing]: undefined }, body, now)).toBe(false);
  for (const wrong of ['', 'v1,', 'v1a,AAAA', 'nonsense'])
    expect(isSigned([secret], { ...request(secret), signature: wrong }, body, now)).toBe(false);
});

it('what is sealed opens in its own place under its own key only', () => {
  const vault = createVault(SECRET_KEY);
  const sealed = vault.seal('whsec_x', 'integration:1:secret');
  expect(vault.open(sealed, 'integration:1:secret')).toBe('whsec_x');
  expect(vault.seal('whsec_x', 'integration:1:secret')).not.toBe(sealed);
  const refusal = expect.objectContaining({ code: 'IM_SECRET_KEY', status: 500 }) as Error;
  expect(() => vault.open(sealed, 'integration:2:secret')).toThrow(refusal);
  expect(() => createVault(`${SECRET_KEY}!`).open(sealed, 'integration:1:secret')).toThrow(refusal);
  const last = sealed.at(-1) === 'A' ? 'B' : 'A';
  expect(() => vault.open(sealed.slice(0, -2) + last + sealed.at(-1)!, 'integration:1:secret')).toThrow(refusal);
  expect(() => vault.open('', 'integration:1:secret')).toThrow(refusal);
});

describe.each(eachDatabase)('the secrets of connections, on %s', (_name, createDatabase) => {
  let till: Till;
  let pms: Receiver;
  beforeAll(async () => {
    till = await openTill(await createDatabase());
    pms = await openReceiver(till.clock);
  });
  afterAll(async () => {
    await pms.close();
    await till.close();
  });
  afterEach(() => void (pms.received.length = 0));

  it('case 63: are answered once, and stand nowhere in the clear: not in the table, a list, the log', async () => {
    const header = 'Bearer of-the-hotel-only';
    const { integration, secret } = await till.outbox.integrations.create({
      ...{ name: 'PMS', kind: 'webhook', url: pms.url },
      headers: [{ name: 'Authorization', value: header }],
    });
    pms.secret = secret!;
    const { handoverId } = await till.begin(integration.id);
    await till.outbox.handovers.deliver(handoverId);
    expect(pms.received).toMatchObject([{ fault: null, headers: { authorization: header } }]);
    const shown = JSON.stringify([
      await till.knex('im_integrations'),
      await till.knex('im_handovers'),
      await till.knex('im_handover_attempts'),
      await till.outbox.integrations.list(till.knex),
      await till.outbox.journal.dossier(till.knex, handoverId),
      till.logged,
    ]);
    for (const text of [secret!, secret!.slice(6), 'of-the-hotel-only']) expect(shown).not.toContain(text);
    expect(shown).toContain('Authorization');
    // A header named without its value keeps it; one that is left out goes.
    await till.outbox.integrations.update(integration.id, { headers: [{ name: 'authorization' }] });
    await till.outbox.handovers.deliver((await till.begin(integration.id)).handoverId);
    expect(pms.received[1]?.headers.authorization).toBe(header);
    await till.outbox.integrations.update(integration.id, { headers: [] });
    await till.outbox.handovers.deliver((await till.begin(integration.id)).handoverId);
    expect(pms.received[2]?.headers.authorization).toBeUndefined();
  });

  it('case 63: sign with two while one is changed, for a day', async () => {
    const { integration, secret: old } = await till.outbox.integrations.create({
      name: 'R',
      kind: 'webhook',
      url: pms.url,
    });
    const { secret: young, integration: rotated } = await till.outbox.integrations.rotate(integration.id);
    expect(rotated.oldSecretUntil).toBe(new Date(till.clock().getTime() + DAY).toISOString());
    const send = async (): Promise<void> => {
      await till.outbox.handovers.deliver((await till.begin(integration.id)).handoverId);
    };
    for (const secret of [old!, young]) {
      pms.secret = secret;
      await send();
    }
    expect(pms.received.map(({ fault }) => fault)).toEqual([null, null]);
    expect(String(pms.received[0]?.headers['webhook-signature']).split(' ')).toHaveLength(2);
    till.clock.advance(DAY + 1000);
    pms.secret = old!;
    await send();
    expect(pms.received[2]?.fault).toBe('No matching signature found');
    expect((await till.outbox.integrations.get(till.knex, integration.id)).oldSecretUntil).toBeNull();
  });

  it('case 63: under another key stop the start with a clear text, and nothing is sent unsigned', async () => {
    const { integration } = await till.outbox.integrations.create({ name: 'Key', kind: 'webhook', url: pms.url });
    await till.outbox.integrations.demandKey(till.knex);
    const other = till.another({ secretKey: 'another key of the tests, also long enough' });
    await expect(other.integrations.demandKey(till.knex)).rejects.toThrow(
      /secretKey is not the key that the secret of the connection/,
    );
    const none = till.another({ secretKey: undefined });
    await expect(none.integrations.demandKey(till.knex)).rejects.toThrow(/secretKey is missing/);
    const { handoverId } = await till.begin(integration.id);
    expect(await other.handovers.available(till.knex, integration.id)).toMatchObject({ available: false, why: 'key' });
    expect(await other.handovers.deliver(handoverId)).toMatchObject({ state: 'waiting' });
    till.clock.advance(11_000);
    await other.worker.runOnce();
    expect(pms.received).toEqual([]);
    expect((await till.outbox.journal.dossier(till.knex, handoverId)).attempts).toMatchObject([
      { code: 'key', outcome: 'unreached' },
    ]);
    await till.outbox.integrations.setEnabled(integration.id, false);
  });

  it('case 6: a connection that is off or removed takes no sale, with the reason; it is not removed while a sale waits', async () => {
    const { integrations, handovers, worker } = till.outbox;
    const { integration } = await integrations.create({ name: 'Off', kind: 'webhook', url: pms.url });
    const waiting = await till.begin(integration.id);
    await expect(integrations.remove(integration.id)).rejects.toMatchObject({
      code: 'IM_INTEGRATION_IN_USE',
      vars: { count: 1 },
    });
    await integrations.setEnabled(integration.id, false);
    expect(await handovers.available(till.knex, integration.id)).toEqual({
      ...{ available: false, name: 'Off', why: 'disabled', reason: null },
    });
    await expect(till.begin(integration.id)).rejects.toMatchObject({
      code: 'IM_INTEGRATION_UNAVAILABLE',
      vars: { why: 'disabled' },
    });
    till.clock.advance(11_000);
    expect([await worker.runOnce(), (await handovers.check(waiting.handoverId)).state]).toEqual([0, 'waiting']);
    await handovers.cancelNow(waiting.handoverId, { actor: { id: '8', name: 'Bea Books' }, reason: 'Fermé' });
    await integrations.remove(integration.id);
    expect(await handovers.available(till.knex, integration.id)).toMatchObject({ why: 'removed', name: 'Off' });
    // However it came about that a sale waits there: without a secret nothing is sent, above all not unsigned.
    const late = await till.begin(
      (await integrations.create({ name: 'Late', kind: 'webhook', url: pms.url })).integration.id,
    );
    await till.knex('im_handovers').where({ id: late.handoverId }).update({ integration_id: integration.id });
    const before = pms.received.length;
    await till.knex('im_integrations').where({ id: integration.id }).update({ enabled: 1, removed_at: null });
    expect(await handovers.deliver(late.handoverId)).toMatchObject({ state: 'waiting' });
    expect(pms.received).toHaveLength(before);
    await handovers.cancelNow(late.handoverId, { actor: { id: '8', name: 'Bea Books' }, reason: 'Fermé' });
    await integrations.remove(integration.id);
    expect((await handovers.integrations(till.knex)).map(({ name }) => name)).not.toContain('Off');
    expect(await handovers.available(till.knex, '999999')).toMatchObject({ why: 'removed', name: null });
    expect(await till.knex('im_integrations').where({ id: integration.id }).first()).toMatchObject({
      ...{ sealed_secret: null, sealed_headers: null, name: 'Off' },
    });
  });

  it('of two people who change a connection, the one with the older form is refused', async () => {
    const { integrations } = till.outbox;
    const { integration } = await integrations.create({ name: 'Two', kind: 'webhook', url: pms.url });
    await integrations.update(integration.id, { name: 'Three' }, integration.version);
    await expect(integrations.update(integration.id, { name: 'Four' }, integration.version)).rejects.toMatchObject({
      ...{ code: 'IM_STALE_INTEGRATION', status: 409 },
    });
    expect((await integrations.get(till.knex, integration.id)).name).toBe('Three');
  });

  it('a function says itself whether it takes sales, in time and in its own words', async () => {
    let answer: () => Promise<{ available: boolean; reason?: string }> = () => Promise.resolve({ available: true });
    const own = till.another({
      functions: { hotel: { deliver: () => Promise.resolve({ accepted: true }), check: () => answer() } },
    });
    await expect(
      own.integrations.create({ name: 'F', kind: 'function', functionName: 'constructor' }),
    ).rejects.toMatchObject({
      vars: { why: 'function' },
    });
    const { integration, secret } = await own.integrations.create({
      name: 'F',
      kind: 'function',
      functionName: 'hotel',
    });
    expect(secret).toBeNull();
    const ask = () => own.handovers.available(till.knex, integration.id, { ask: true });
    expect(await ask()).toEqual({ available: true, name: 'F' });
    answer = () => Promise.resolve({ available: false, reason: 'Clôture de nuit' });
    expect(await ask()).toEqual({ available: false, name: 'F', why: 'closed', reason: 'Clôture de nuit' });
    answer = () => Promise.reject(new Error('no'));
    expect(await ask()).toMatchObject({ available: true });
    answer = () => {
      throw new Error('at once');
    };
    expect(await ask()).toMatchObject({ available: true });
    answer = () => Promise.resolve({ available: false, reason: 7 as never });
    expect(await ask()).toMatchObject({ available: false, why: 'closed', reason: null });
    expect(await till.another().handovers.available(till.knex, integration.id)).toMatchObject({ why: 'function' });
  });

  it('the test of a connection is a signed message of its own type', async () => {
    const { integration, secret } = await till.outbox.integrations.create({ name: 'T', kind: 'webhook', url: pms.url });
    pms.secret = secret!;
    expect(await till.outbox.integrations.test(integration.id)).toEqual({ ok: true, code: 'http', status: 200 });
    expect(pms.received).toMatchObject([{ type: 'external_billing.test', fault: null, data: {} }]);
  });
});
