/** Puts the till together: checkout, history, export, on top of the methods and modules of feature.ts. */
import { Router } from 'express';
import type { IncomingMessage } from 'node:http';
import type { Options, Billing as PublicBilling } from '../contract';
import { PluginError } from '../errors';
import type { HandoverService, OnOutcome } from '../handover/contract';
import type { HostCrm, Id } from '../host/contract';
import type { Guarding } from '../merging/guarding';
import type { SettingsService } from '../settings/contract';
import type { Endpoint } from '../web/endpoints';
import { createCheckout } from './checkout';
import { checkoutEndpoints } from './endpoints-checkout';
import { salesEndpoints } from './endpoints-sales';
import type { Billing, BillingShared } from './feature';
import { createOutcomes } from './outcomes';
import { checkoutRoutes } from './routes-checkout';
import { doneRoutes } from './routes-done';
import { saleRoutes } from './routes-sale';
import { salesRoutes } from './routes-sales';
import { checkoutPath, CHECKOUT_PATH, SALES_PATH, SLIPS_PATH } from './routes-till-deps';
import { moduleName } from './routes-view';
import { defaultIcon } from './rules-icons';
import { createSaleActs } from './sale-acts';
import { createSalesExport } from './sales-export';
import { createSalesHistory } from './sales-history';
import { createHistoryStore } from './store-history';
import { createSaleStore } from './store-sales';
import { createTaking } from './taking';
import type { TillDeps } from './till-deps';

export interface TillShared extends BillingShared {
  host: HostCrm;
  scope: Options<IncomingMessage>['scope'];
  settings: SettingsService;
  guarding: Pick<Guarding, 'guard' | 'successorOf'>;
  timeZone: string;
  documentLocale: string | undefined;
  services: Billing['services'];
  /** Left out: nothing takes hand-overs. */
  handover?: HandoverService;
}

export interface Till {
  endpoints: Endpoint[];
  pages: Router;
  billing: PublicBilling;
  onOutcome: OnOutcome;
}

const refuse = (): never => {
  throw new PluginError('IM_NO_BILLING', 409);
};
const refuseLater = (): Promise<never> => Promise.resolve().then(refuse);

/** Of a host that maps no payments or no methods: everything says so. */
function missingTill(): Till {
  const pages = Router();
  pages.use([CHECKOUT_PATH, SALES_PATH, SLIPS_PATH], refuse);
  return {
    ...{ endpoints: [], pages, onOutcome: refuseLater },
    billing: { openSale: refuseLater, takePayment: refuseLater, paymentsOf: refuseLater, checkoutUrl: refuse },
  };
}

/** @param shared what create-plugin knows, and the services of `createBilling` */
export function createTill(shared: TillShared): Till {
  const { services, host, prefix, translator, pages, base, knex } = shared;
  if (!services || !host.recordPayment) return missingTill();
  const store = createSaleStore(prefix);
  const deps: TillDeps = {
    ...{ knex, host, store, settings: shared.settings, authorize: shared.authorize, scope: shared.scope },
    ...{ clock: shared.clock, timeZone: shared.timeZone, guarding: shared.guarding, moduleName },
    ...{ methods: services.methods, modules: services.modules, handover: shared.handover ?? null },
    documents: translator(shared.documentLocale ?? 'fr'),
  };
  const checkout = createCheckout(deps);
  const taking = createTaking(deps, checkout);
  const history = createSalesHistory(deps, createHistoryStore(prefix));
  const acts = createSaleActs(deps);
  const files = createSalesExport(deps, history);
  const pageDeps = {
    ...{ knex, till: deps, store, checkout, taking, history, acts, handover: deps.handover, pages, base },
    ...{ wordsOf: shared.wordsOf, actorOf: shared.actorOf, may: shared.may, csrf: shared.csrf, clock: shared.clock },
    invoiceUrl: (id: Id) => host.invoiceUrl(id, 'preview'),
    pictureOf: (method: Parameters<typeof defaultIcon>[0] & { imageId: string | null }) =>
      services.imageUrl(method.imageId ?? defaultIcon(method)),
  };
  const router = Router();
  router.use(doneRoutes(pageDeps), checkoutRoutes(pageDeps), salesRoutes(pageDeps), saleRoutes(pageDeps));
  const urlOf: PublicBilling['checkoutUrl'] = (of) => `${pages.base}${checkoutPath(of)}`;
  return {
    endpoints: [
      ...checkoutEndpoints({ knex, checkout, taking, handover: deps.handover }),
      ...salesEndpoints({ db: knex, history, acts, files, wordsOf: shared.wordsOf, timeZone: shared.timeZone }),
    ],
    pages: router,
    onOutcome: createOutcomes(deps),
    billing: {
      checkoutUrl: urlOf,
      async openSale(trx, basket) {
        const saleId = await checkout.openSale(trx, basket);
        return { saleId, url: urlOf({ saleId }) };
      },
      async takePayment(trx, { invoiceId, ...payment }) {
        const { sale, payments, replayed } = await taking.take(trx, { ...payment, subject: { invoiceId } });
        return {
          ...{ saleId: sale.id, replayed },
          payments: payments.map(({ id, hostPaymentId, method, amount }) => ({
            ...{ id, hostPaymentId, methodId: method.id, amount },
          })),
        };
      },
      async paymentsOf(db, invoiceId) {
        return (await store.paymentsOf(db, { invoiceId })).map((one) => ({
          ...{ id: one.id, hostPaymentId: one.hostPaymentId, at: one.at, act: one.act, actor: one.actor },
          method: { id: one.method.id, name: one.method.name, kind: one.method.kind },
          ...{ reference: one.reference, note: one.note, amount: one.amount, currency: one.currency },
          settledExternally: one.method.kind === 'external_billing',
        }));
      },
    },
  };
}
