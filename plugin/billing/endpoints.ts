/** Payment methods and order modules over the JSON API. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Action } from '../contract';
import { PluginError } from '../errors';
import type { Db } from '../host/contract';
import type { Words } from '../i18n';
import { endpoint, type Endpoint } from '../web/endpoints';
import { count, distinct, id, paged, pageNumber } from '../web/shapes';
import type { MethodService, ModuleMethods, ModuleService, OrderModule, PaymentMethod } from './contract';
import {
  imageBody,
  imageId,
  methodBody,
  methodChange,
  methodShape,
  moduleShape,
  nameBody,
  orderBody,
  type ImageUrl,
} from './endpoints-shapes';
import type { Images } from './service-images';

const PAGE_SIZE = 50;
/** Methods that one call attaches. */
const MOST_METHODS = 200;
const action: Action = 'billing.manage';
const one = z.strictObject({ id });

export interface BillingEndpointDeps {
  db: Db;
  methods: MethodService;
  modules: ModuleService;
  images: Images;
  imageUrl: ImageUrl;
  wordsOf: (req: IncomingMessage) => Words;
}

/** A page of a list that is read whole: there are tens of these, never thousands. */
const pageOf = <T>(all: T[], page: number) => ({
  shown: all.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
  said: { page, pages: Math.max(1, Math.ceil(all.length / PAGE_SIZE)), total: all.length },
});

/** @param deps the services, and the address of a picture */
export function billingEndpoints(deps: BillingEndpointDeps): Endpoint[] {
  return [...methodEndpoints(deps), ...moduleEndpoints(deps)];
}

/** As the API shows methods, each with how often it was used. */
async function shaped({ db, methods, imageUrl }: BillingEndpointDeps, list: PaymentMethod[]) {
  const ids = list.map((method) => method.id);
  const uses = await methods.uses(db, ids);
  return list.map(({ isCash, unavailable: _shown, ...method }) => ({
    ...method,
    pinned: isCash,
    imageUrl: imageUrl(method.imageId),
    uses: uses.get(method.id) ?? 0,
  }));
}

function methodEndpoints(deps: BillingEndpointDeps): Endpoint[] {
  const { db, methods, images, imageUrl } = deps;
  const single = async (method: PaymentMethod) => (await shaped(deps, [method]))[0] as z.input<typeof methodShape>;

  return [
    endpoint({
      method: 'get',
      path: '/payment-methods',
      summary: 'The payment methods: built-in ones in the order of the CRM, then external ones by name',
      action,
      query: z.strictObject({ page: pageNumber, state: z.enum(['active', 'archived', 'all']).default('all') }),
      replies: { 200: z.strictObject({ paymentMethods: z.array(methodShape), ...paged }) },
      async handler({ query: { page, state } }) {
        const all = (await methods.list(db)).filter(
          ({ archivedAt }) => state === 'all' || (archivedAt !== null) === (state === 'archived'),
        );
        const { shown, said } = pageOf(all, page);
        return { status: 200, body: { paymentMethods: await shaped(deps, shown), ...said } };
      },
    }),

    endpoint({
      method: 'post',
      path: '/payment-methods',
      summary: 'Makes an external payment method; a name that people would take for that of another is refused',
      action,
      body: methodBody,
      replies: { 201: methodShape },
      refusals: [409, 422],
      async handler({ actor, body: { kind, name, ...given } }) {
        const fields = {
          ...{ externalIdentifier: null, requiresReference: false, referenceLabel: null, referenceMask: null },
          ...{ imageId: null, integrationId: null },
        };
        const method = await methods.create(actor, kind, { ...fields, ...given, name });
        return { status: 201, body: await single(method) };
      },
    }),

    endpoint({
      method: 'get',
      path: '/payment-methods/:id',
      summary: 'One payment method',
      action,
      params: one,
      replies: { 200: methodShape },
      refusals: [404],
      handler: async ({ params }) => ({ status: 200, body: await single(await methods.byId(db, params.id)) }),
    }),

    endpoint({
      method: 'patch',
      path: '/payment-methods/:id',
      summary: 'Changes what is given of an external payment method; records of old sales keep what they say',
      action,
      params: one,
      body: methodChange,
      replies: { 200: methodShape },
      refusals: [404, 409, 422],
      handler: async ({ actor, params, body }) => ({
        status: 200,
        body: await single(await methods.change(actor, params.id, body)),
      }),
    }),

    endpoint({
      method: 'delete',
      path: '/payment-methods/:id',
      summary: 'Deletes an external payment method that was never used; others can be archived',
      action,
      params: one,
      replies: { 200: z.strictObject({ deleted: z.boolean() }) },
      refusals: [404, 409, 422],
      async handler({ actor, params }) {
        await methods.remove(actor, params.id);
        return { status: 200, body: { deleted: true } };
      },
    }),

    ...(['archive', 'restore'] as const).map((act) =>
      endpoint({
        method: 'post',
        path: `/payment-methods/:id/${act}`,
        summary:
          act === 'archive'
            ? 'Takes an external payment method out of every module at once'
            : 'Offers it again, last in each module that had it',
        action,
        params: one,
        replies: { 200: methodShape },
        refusals: [404, 422],
        handler: async ({ actor, params }) => ({
          status: 200,
          body: await single(await methods[act](actor, params.id)),
        }),
      }),
    ),

    endpoint({
      method: 'put',
      path: '/payment-methods/:id/image',
      summary:
        'Gives an external payment method a picture: `icon-…` of the gallery, the id of an uploaded one, or none',
      action,
      params: one,
      body: z.strictObject({ imageId }),
      replies: { 200: methodShape },
      refusals: [404, 422],
      handler: async ({ actor, params, body }) => ({
        status: 200,
        body: await single(await methods.change(actor, params.id, body)),
      }),
    }),

    endpoint({
      method: 'post',
      path: '/images',
      summary: 'Takes a picture (PNG, JPEG, GIF or WebP, in base64), draws it anew and answers its id',
      action,
      body: imageBody,
      replies: { 201: z.strictObject({ imageId: z.string(), imageUrl: z.string() }) },
      refusals: [422],
      async handler({ actor, body }) {
        const stored = await images.upload(actor, Buffer.from(body.file, 'base64'));
        return { status: 201, body: { imageId: stored, imageUrl: imageUrl(stored) ?? '' } };
      },
    }),
  ];
}

function moduleEndpoints(deps: BillingEndpointDeps): Endpoint[] {
  const { db, modules } = deps;
  const list = z.strictObject({
    paymentMethods: z.array(methodShape),
    ...paged,
    version: count,
    undoable: z.boolean(),
  });
  const listOf = async ({ module, methods }: ModuleMethods) => ({
    paymentMethods: await shaped(deps, methods),
    ...pageOf(methods, 1).said,
    pages: 1,
    version: module.version,
    undoable: module.undoable,
  });
  const named = (words: Words, { name, ...module }: OrderModule) => ({
    ...module,
    name: name ?? words.t(`modules.${module.builtin}`),
  });

  return [
    endpoint({
      method: 'get',
      path: '/order-modules',
      summary: 'The places where orders are taken',
      action,
      query: z.strictObject({ page: pageNumber }),
      replies: { 200: z.strictObject({ orderModules: z.array(moduleShape), ...paged }) },
      async handler({ req, query }) {
        const { shown, said } = pageOf(await modules.list(db), query.page);
        const words = deps.wordsOf(req);
        return { status: 200, body: { orderModules: shown.map((module) => named(words, module)), ...said } };
      },
    }),

    endpoint({
      method: 'post',
      path: '/order-modules',
      summary: 'Makes an order module, which begins with the built-in payment methods',
      action,
      body: nameBody,
      replies: { 201: moduleShape },
      refusals: [409, 422],
      handler: async ({ actor, body, req }) => ({
        status: 201,
        body: named(deps.wordsOf(req), await modules.create(actor, body.name)),
      }),
    }),

    endpoint({
      method: 'patch',
      path: '/order-modules/:id',
      summary: 'Renames an order module; records of old sales keep what they say',
      action,
      params: one,
      body: nameBody,
      replies: { 200: moduleShape },
      refusals: [404, 409, 422],
      handler: async ({ actor, params, body, req }) => ({
        status: 200,
        body: named(deps.wordsOf(req), await modules.rename(actor, params.id, body.name)),
      }),
    }),

    endpoint({
      method: 'get',
      path: '/order-modules/:id/payment-methods',
      summary: 'What may be taken there, in order; `id` may be `direct_sale` or `invoices`',
      action,
      params: one,
      replies: { 200: list },
      refusals: [404],
      handler: async ({ params }) => ({ status: 200, body: await listOf(await modules.methods(db, params.id)) }),
    }),

    endpoint({
      method: 'post',
      path: '/order-modules/:id/payment-methods',
      summary: 'Appends payment methods in the order given; what is there already stays where it is',
      action,
      params: one,
      body: z.strictObject({
        methodId: id.optional(),
        methodIds: distinct(id, MOST_METHODS, (methodId) => methodId).optional(),
      }),
      replies: { 200: list },
      refusals: [404, 409],
      async handler({ actor, params, body: { methodId, methodIds = [] } }) {
        const ids = methodId === undefined ? methodIds : [methodId, ...methodIds];
        if (ids.length === 0) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'methodIds' });
        return { status: 200, body: await listOf(await modules.attach(actor, params.id, ids)) };
      },
    }),

    endpoint({
      method: 'delete',
      path: '/order-modules/:id/payment-methods/:methodId',
      summary: 'Takes a payment method out of this module; Cash stays',
      action,
      params: z.strictObject({ id, methodId: id }),
      replies: { 200: list },
      refusals: [404, 422],
      handler: async ({ actor, params }) => ({
        status: 200,
        body: await listOf(await modules.detach(actor, params.id, params.methodId)),
      }),
    }),

    endpoint({
      method: 'put',
      path: '/order-modules/:id/order',
      summary: 'The whole list in its new order, Cash first; `version` is that of the list that was read',
      action,
      params: one,
      body: orderBody,
      replies: { 200: list },
      refusals: [404, 409, 422],
      handler: async ({ actor, params, body }) => ({
        status: 200,
        body: await listOf(await modules.reorder(actor, params.id, body)),
      }),
    }),

    endpoint({
      method: 'post',
      path: '/order-modules/:id/undo',
      summary: 'Puts the list back as it was before its last change; once more, and the change is made again',
      action,
      params: one,
      body: z.strictObject({ version: count }),
      replies: { 200: list },
      refusals: [404, 409],
      handler: async ({ actor, params, body }) => ({
        status: 200,
        body: await listOf(await modules.undo(actor, params.id, body.version)),
      }),
    }),
  ];
}
