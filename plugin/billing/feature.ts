/** Puts billing together: stores -> services -> endpoints and pages. */
import { Router } from 'express';
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Action, Options } from '../contract';
import type { Actor, Db, Id, TableMap } from '../host/contract';
import type { Translator, Words } from '../i18n';
import type { Endpoint } from '../web/endpoints';
import type { Pages } from '../web/page';
import type { IntegrationChoice, MethodService, ModuleService } from './contract';
import { billingEndpoints } from './endpoints';
import { imageRoutes, IMAGES_PATH } from './routes-images';
import { methodRoutes } from './routes-methods';
import { missingBilling } from './routes-missing';
import { moduleRoutes } from './routes-modules';
import { iconOf } from './rules-icons';
import { createImages } from './service-images';
import { createMethods } from './service-methods';
import { createModules } from './service-modules';
import { createBillingStore } from './store';
import { createImageStore } from './store-images';
import { usesOf } from './store-uses';

export interface BillingShared {
  knex: Knex;
  map: TableMap;
  prefix: string;
  authorize: Options<IncomingMessage>['authorize'];
  clock: () => Date;
  translator: Translator;
  pages: Pages;
  wordsOf: (req: IncomingMessage) => Words;
  actorOf: (req: IncomingMessage) => Promise<Actor | null>;
  may(actor: Actor, action: Action): Promise<boolean>;
  csrf?: Options<IncomingMessage>['csrf'];
  /** The address of a file below assets/. */
  asset(name: string): string;
  /** Where browsers reach the router. */
  base: string;
  /** The connections that hand-overs go to; left out: there are none. */
  integrations?(db: Db): Promise<IntegrationChoice[]>;
}

export interface Billing {
  endpoints: Endpoint[];
  pages: Router;
  /** null where the map names no payment methods, or no payments: then there is no billing. */
  services: { methods: MethodService; modules: ModuleService; imageUrl(imageId: string | null): string | null } | null;
}

/** @param shared what create-plugin knows */
export function createBilling(shared: BillingShared): Billing {
  const { knex, map, prefix, pages, asset, translator } = shared;
  if (!map.paymentMethods || !map.payments) return { endpoints: [], pages: missingBilling(shared), services: null };

  const store = createBillingStore(prefix);
  const deps = {
    ...{ knex, map, store, images: createImageStore(prefix), authorize: shared.authorize, clock: shared.clock },
    integrations: shared.integrations ?? (() => Promise.resolve([])),
    // What the plugin records in the host's payments bears a snapshot there, and is counted here.
    countUses: [(db: Db, ids: Id[]) => usesOf(db, prefix, ids)],
    builtinNames: (builtin: string) => ['fr', 'en'].map((locale) => translator(locale).t(`modules.${builtin}`)),
  };
  const modules = createModules(deps);
  const methods = createMethods(deps, modules.methodMoved);
  const images = createImages(deps);
  const imageUrl = (imageId: string | null): string | null => {
    if (imageId === null) return null;
    const icon = iconOf(imageId);
    return icon ? asset(`icons/${icon}.svg`) : `${pages.base}${IMAGES_PATH}/${imageId}`;
  };

  const pageDeps = { ...shared, db: knex, methods, modules, images, imageUrl, integrations: deps.integrations };
  const router = Router();
  router.use(imageRoutes(pageDeps), methodRoutes(pageDeps), moduleRoutes(pageDeps));
  return {
    endpoints: billingEndpoints({ db: knex, methods, modules, images, imageUrl, wordsOf: shared.wordsOf }),
    pages: router,
    services: { methods, modules, imageUrl },
  };
}
