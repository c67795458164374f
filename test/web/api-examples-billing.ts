/** Requests about payment methods and order modules, for api-examples.ts: each of those that change something has its own. */
import type { MergingFixture } from '../support/merging-fixture';
import type { Example, World } from './api-examples';

export interface BillingWorld {
  /** Changed, archived, restored. */
  methodId: string;
  /** Deleted. */
  unusedId: string;
  /** In none of the modules. */
  freeId: string;
  /** In `direct_sale`. */
  attachedId: string;
  /** Modules whose lists nobody else changes. */
  ordered: { id: string; ids: string[]; version: number };
  undone: { id: string; version: number };
  tag: string;
}

/** A PNG of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const FIELDS = {
  ...{ externalIdentifier: 'PMS', requiresReference: true, referenceLabel: 'Room', referenceMask: '999' },
  ...{ imageId: 'icon-bed', integrationId: null },
};

/** Examples that name no invoice and no customer: what a person may see does not bear on them. */
const apart = (
  examples: Record<string, (world: BillingWorld) => Omit<Example, 'apart'>>,
): Record<string, (world: World) => Example> =>
  Object.fromEntries(
    Object.entries(examples).map(([name, example]) => [name, ({ billing }) => ({ ...example(billing), apart: true })]),
  );

export const BILLING_EXAMPLES = apart({
  'GET /payment-methods': () => ({ query: { page: '1', state: 'all' }, status: 200 }),
  'POST /payment-methods': ({ tag }) => ({
    body: { kind: 'external_billing', name: `Garden ${tag}`, ...FIELDS },
    status: 201,
  }),
  'GET /payment-methods/{id}': ({ methodId }) => ({ params: { id: methodId }, status: 200 }),
  'PATCH /payment-methods/{id}': ({ methodId, tag }) => ({
    params: { id: methodId },
    body: { name: `Suite ${tag}`, ...FIELDS },
    status: 200,
  }),
  'DELETE /payment-methods/{id}': ({ unusedId }) => ({ params: { id: unusedId }, status: 200 }),
  'POST /payment-methods/{id}/archive': ({ methodId }) => ({ params: { id: methodId }, status: 200 }),
  'POST /payment-methods/{id}/restore': ({ methodId }) => ({ params: { id: methodId }, status: 200 }),
  'PUT /payment-methods/{id}/image': ({ methodId }) => ({
    params: { id: methodId },
    body: { imageId: 'icon-key' },
    status: 200,
  }),
  'POST /images': () => ({ body: { file: PIXEL }, status: 201 }),
  'GET /order-modules': () => ({ query: { page: '1' }, status: 200 }),
  'POST /order-modules': ({ tag }) => ({ body: { name: `Terrace ${tag}` }, status: 201 }),
  'PATCH /order-modules/{id}': ({ ordered, tag }) => ({
    params: { id: ordered.id },
    body: { name: `Counter ${tag}` },
    status: 200,
  }),
  'GET /order-modules/{id}/payment-methods': () => ({ params: { id: 'direct_sale' }, status: 200 }),
  'POST /order-modules/{id}/payment-methods': ({ freeId, methodId }) => ({
    params: { id: 'direct_sale' },
    body: { methodId: freeId, methodIds: [methodId] },
    status: 200,
  }),
  'DELETE /order-modules/{id}/payment-methods/{methodId}': ({ attachedId }) => ({
    params: { id: 'direct_sale', methodId: attachedId },
    status: 200,
  }),
  'PUT /order-modules/{id}/order': ({ ordered: { id, ids, version } }) => ({
    params: { id },
    body: { ids, version },
    status: 200,
  }),
  'POST /order-modules/{id}/undo': ({ undone: { id, version } }) => ({
    params: { id },
    body: { version },
    status: 200,
  }),
});

export async function openBillingWorld(fixture: MergingFixture, tag: string): Promise<BillingWorld> {
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const reply = await fixture.http(`/api${path}`, { body });
    if (reply.status >= 300) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  const make = async (name: string): Promise<string> =>
    String((await post('/payment-methods', { kind: 'external_billing', name: `${name} ${tag}` })).id);
  const attached = async (module: string, methodId: string) =>
    (await post(`/order-modules/${module}/payment-methods`, { methodId })) as {
      paymentMethods: { id: string }[];
      version: number;
    };
  const moduleOf = async (name: string): Promise<string> =>
    String((await post('/order-modules', { name: `${name} ${tag}` })).id);
  const [methodId, attachedId] = [await make('Room'), await make('Spa')];
  await attached('direct_sale', attachedId);
  const [orderedId, undoneId] = [await moduleOf('Bar'), await moduleOf('Shop')];
  const { paymentMethods, version } = await attached(orderedId, attachedId);
  const [cash, ...others] = paymentMethods.map(({ id }) => id);
  return {
    ...{ methodId, attachedId, tag, unusedId: await make('Pool'), freeId: await make('Golf') },
    ordered: { id: orderedId, ids: [cash!, ...others.reverse()], version },
    undone: { id: undoneId, version: (await attached(undoneId, attachedId)).version },
  };
}
