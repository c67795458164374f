/** Requests about connections and hand-overs, for api-examples.ts: each of those that change something has its own. */
import type { IntegrationHandler } from '../../plugin/handover/contract';
import { createOutbox } from '../../plugin/handover/outbox';
import { runTransaction } from '../../plugin/host/transaction';
import type { MergingFixture } from '../support/merging-fixture';
import type { Example, World } from './api-examples';

/** Changed, removed, tried, given another secret. */
type Connection = 'changed' | 'removed' | 'tried' | 'rotated';
/** `waiting` ones are asked for, cancelled and settled by hand; the others were accepted. */
type Sale = 'accepted' | 'resent' | 'asked' | 'cancelled' | 'settled';

export interface HandoverWorld {
  connections: Record<Connection, string>;
  sales: Record<Sale, string>;
  tag: string;
}

/** Takes everything but what says that it waits. */
export const PMS: IntegrationHandler = {
  deliver: ({ data }) =>
    data.reference === 'waits'
      ? Promise.reject(new Error('later'))
      : Promise.resolve({ accepted: true, reference: 'R-1' }),
};

const WEBHOOK = {
  kind: 'webhook',
  url: 'http://127.0.0.1:9/sales',
  headers: [{ name: 'X-Key', value: 'abc' }],
  quotedKey: true,
};

const apart = (
  examples: Record<string, (world: HandoverWorld) => Omit<Example, 'apart'>>,
): Record<string, (world: World) => Example> =>
  Object.fromEntries(
    Object.entries(examples).map(([name, example]) => [
      name,
      ({ handover }) => ({ ...example(handover), apart: true }),
    ]),
  );

const reason = 'Wrong room';

export const HANDOVER_EXAMPLES = apart({
  'GET /integrations': () => ({ status: 200 }),
  'POST /integrations': ({ tag }) => ({ body: { name: `Hotel ${tag}`, ...WEBHOOK }, status: 201 }),
  'PATCH /integrations/{id}': ({ connections, tag }) => ({
    params: { id: connections.changed },
    body: {
      name: `Garden ${tag}`,
      url: WEBHOOK.url,
      headers: [{ name: 'X-Key', value: 'def' }],
      quotedKey: false,
      enabled: false,
    },
    status: 200,
  }),
  'DELETE /integrations/{id}': ({ connections }) => ({ params: { id: connections.removed }, status: 200 }),
  'POST /integrations/{id}/test': ({ connections }) => ({ params: { id: connections.tried }, status: 200 }),
  'POST /integrations/{id}/rotate-secret': ({ connections }) => ({ params: { id: connections.rotated }, status: 200 }),
  'GET /handovers': () => ({ query: { state: 'accepted', search: 'R-1', page: '1' }, status: 200 }),
  'GET /handovers/{id}': ({ sales }) => ({ params: { id: sales.accepted }, status: 200 }),
  'POST /handovers/{id}/check': ({ sales }) => ({ params: { id: sales.asked }, status: 200 }),
  'POST /handovers/{id}/resend': ({ sales }) => ({
    params: { id: sales.resent },
    body: { confirm: true },
    status: 200,
  }),
  'POST /handovers/{id}/cancel': ({ sales }) => ({ params: { id: sales.cancelled }, body: { reason }, status: 200 }),
  'POST /handovers/{id}/settle': ({ sales }) => ({
    params: { id: sales.settled },
    body: { outcome: 'accepted', reason },
    status: 200,
  }),
});

export async function openHandoverWorld(fixture: MergingFixture, tag: string): Promise<HandoverWorld> {
  const connect = async (body: object): Promise<string> => {
    const reply = await fixture.http('/api/integrations', { body });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return (reply.body.integration as { id: string }).id;
  };
  const quiet = (): void => undefined;
  const { handovers } = createOutbox({
    ...{ knex: fixture.knex, prefix: 'im_', functions: { pms: PMS }, onOutcome: () => Promise.resolve() },
    ...{
      clock: () => new Date('2026-11-21T10:00:00.000Z'),
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    },
  });
  const tried = await connect({ name: `PMS ${tag}`, kind: 'function', functionName: 'pms' });
  async function handOver(name: Sale, reference: string): Promise<string> {
    const { handoverId } = await runTransaction(fixture.knex, async (trx) => {
      const { saleId } = await fixture.merge.billing.openSale(trx, {
        ...{ customerId: null, currency: 'EUR', actor: { id: '7', name: 'Sam Sales' } },
        lines: [{ description: name, quantity: '1', unitPrice: '10', taxes: [] }],
      });
      return handovers.begin(trx, {
        ...{ saleId, currency: 'EUR', reference, note: null, customer: null },
        method: { id: '4', name: 'Room', externalIdentifier: null, integrationId: tried },
        module: { id: '1', name: 'Counter' },
        lines: [{ description: 'Breakfast', quantity: '1', unitPrice: '10', taxes: [] }],
        totals: { taxExclusive: '10.00', tax: '0.00', taxInclusive: '10.00', payable: '10.00', taxes: [] },
        actor: { id: '7', name: 'Sam Sales' },
      });
    });
    await handovers.deliver(handoverId);
    return handoverId;
  }
  return {
    tag,
    connections: {
      tried,
      changed: await connect({ name: `Changed ${tag}`, ...WEBHOOK }),
      removed: await connect({ name: `Removed ${tag}`, ...WEBHOOK }),
      rotated: await connect({ name: `Rotated ${tag}`, ...WEBHOOK }),
    },
    sales: {
      accepted: await handOver('accepted', '12'),
      resent: await handOver('resent', '13'),
      asked: await handOver('asked', 'waits'),
      cancelled: await handOver('cancelled', 'waits'),
      settled: await handOver('settled', 'waits'),
    },
  };
}
