import { eachDatabase } from '../support/databases';
import { openTill, type Till } from './fixture';
import { answer, openReceiver, type Receiver } from './receiver';

describe.each(eachDatabase)('a sale that is handed over, on %s', (_name, createDatabase) => {
  let till: Till;
  let pms: Receiver;
  let to: string;
  beforeAll(async () => {
    till = await openTill(await createDatabase());
    pms = await openReceiver();
    const { integration, secret } = await till.outbox.integrations.create({
      name: 'PMS de l’hôtel',
      kind: 'webhook',
      url: pms.url,
    });
    to = integration.id;
    pms.secret = secret ?? '';
  });
  afterAll(async () => {
    await pms.close();
    await till.close();
  });

  it('works at all', async () => {
    const { saleId, handoverId } = await till.begin(to);
    const outcome = await till.outbox.handovers.deliver(handoverId);
    expect(outcome).toMatchObject({ state: 'accepted', reference: 'R-1' });
    expect(await till.stateOf(saleId)).toBe('handed_over');
    expect(pms.received.map(({ fault }) => fault)).toEqual([null]);
    pms.replies.push(answer(422, { reason: 'No such room' }));
    const second = await till.begin(to);
    expect(await till.outbox.handovers.deliver(second.handoverId)).toMatchObject({
      state: 'rejected',
      reason: 'No such room',
    });
    expect(await till.stateOf(second.saleId)).toBe('open');
  });
});
