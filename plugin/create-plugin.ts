/** Options -> stores -> services -> router: the only file that knows everyone. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from 'express';
import type { Action, BannerSpec, HttpHandler, InvoiceMergePlugin, Options } from './contract';
import { createBilling } from './billing/feature';
import { createTill } from './billing/feature-till';
import { SALES_PATH } from './billing/routes-till-deps';
import { METHODS_PATH, MODULES_PATH } from './billing/routes-view';
import { createHandover } from './handover/feature';
import { CONNECTIONS_PATH, JOURNAL_PATH } from './handover/routes-deps';
import type { Actor, Db } from './host/contract';
import { checkHost, deleteBlockers } from './host/check';
import { canCredit } from './host/credit-notes';
import { PluginError } from './errors';
import { asNotMigrated } from './host/not-migrated';
import { received } from './host/own-payments';
import { remindable, reportable } from './host/reports';
import { runTransaction } from './host/transaction';
import { createTranslator, explainError } from './i18n';
import { lockedUntil } from './merging/deps';
import { createMergingFeature } from './merging/feature';
import { HISTORY_PATH } from './merging/routes-history';
import { createNumberingFeature, createNumbersWeb } from './numbering/feature';
import { NUMBERS_PATH } from './numbering/routes-deps';
import { checkOptions } from './options';
import { settingsEndpoints } from './settings/endpoints';
import { settingsRoutes } from './settings/routes';
import { modulePage, type ModuleCard } from './settings/routes-module';
import { createSettings } from './settings/service';
import { createSettingsStore } from './settings/store';
import { createAssets } from './web/assets';
import { createApi } from './web/endpoints';
import { createErrorHandler } from './web/error-handler';
import { createMountCheck } from './web/mount-check';
import { createPages } from './web/page';
import { createRender } from './web/render';
import { migrate, rollback } from '../migrations';

const consoleLogger: NonNullable<Options<IncomingMessage>['logger']> = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, fields) => console.warn(`crm-invoice-merge: ${message}`, fields ?? ''),
  error: (message, fields) => console.error(`crm-invoice-merge: ${message}`, fields ?? ''),
};

/**
 * Makes one plugin for one host. No I/O: call `migrate()` and `checkHost()` at start.
 * @throws IM_OPTIONS_INVALID naming every fault with its mend
 */
export function createInvoiceMerge<Req extends IncomingMessage>(options: Options<Req>): InvoiceMergePlugin<Req> {
  checkOptions(options);
  const { knex, host } = options;
  const prefix = host.map.tablePrefix ?? 'im_';
  const logger = options.logger ?? consoleLogger;
  const translator = createTranslator({ translate: options.translate, timeZone: options.timeZone });

  // Reading the schema costs queries: once is enough until somebody asks for the check again.
  let blockers: Promise<{ where: string; mend: string }[]> | null = null;
  const blockersNow = (db: Db): Promise<{ where: string; mend: string }[]> =>
    (blockers ??= checkHost(db, host.map).then(
      ({ faults }) => deleteBlockers(faults),
      (error: unknown) => {
        blockers = null;
        throw error;
      },
    ));
  const inspect = (): ReturnType<typeof checkHost> => {
    blockers = null;
    return checkHost(knex, host.map);
  };
  const authorize: Options<Req>['authorize'] = async (...asked) => {
    const answer: unknown = await options.authorize(...asked);
    // 'no', or an object with `allowed: false`, would allow.
    if (typeof answer !== 'boolean') throw new PluginError('IM_HOOK_INVALID', 500, { hook: 'authorize' });
    return answer;
  };
  const actorOf = async (req: IncomingMessage): Promise<Actor | null> => {
    const actor: Partial<Actor> | null = (await options.actor(req as Req)) ?? null;
    // A number as id would be nobody's own merge, and no name could be read in the records.
    if (actor !== null && !(typeof actor.id === 'string' && actor.id !== '' && typeof actor.name === 'string'))
      throw new PluginError('IM_HOOK_INVALID', 500, { hook: 'actor' });
    return actor as Actor | null;
  };
  const known = (error: unknown): unknown => asNotMigrated(error, prefix);
  /** What the host calls itself: without the tables of ours it hears what to do, not what the driver says. */
  const coded =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      work(...args).catch((error: unknown) => {
        throw known(error);
      });

  const base = (options.publicPath ?? options.mountPath).replace(/\/$/, '');
  // At the root '/' is the host's own first page, and '/settings' may well be its own settings.
  const pagesPath = options.mountPath === '/' ? '/invoice-merge' : '';
  const assets = createAssets(base);
  const render = createRender();
  const wordsOf = (req: IncomingMessage): ReturnType<typeof translator> => translator(options.locale?.(req as Req));
  const { csrf, nonce, layout, scope } = options;
  const urls = { base, pages: base + pagesPath, asset: assets.url, invoice: host.invoiceUrl };
  const pages = createPages({ wordsOf, render, urls, layout, csrf, nonce });
  const clock = options.clock ?? (() => new Date());
  const hooks = options.hooks ?? {};
  const settings = createSettings({
    ...{ knex, store: createSettingsStore(prefix), authorize, clock },
    canCredit: canCredit(host),
  });
  /** What every feature works with; each takes of it what it needs. */
  const shared = {
    ...{ db: knex, knex, host, map: host.map, prefix, settings, authorize, scope, hooks, logger, clock, translator },
    ...{ base, urls, asset: assets.url, pages, render, wordsOf, actorOf, known, csrf, nonce },
    may: async (actor: Actor, action: Action) => authorize(actor, action, { db: knex }),
    timeZone: options.timeZone ?? 'Europe/Paris',
  };

  const numbering = createNumberingFeature({
    ...shared,
    lockedUntil: async (db) => lockedUntil({ hooks }, db, await settings.read(db)),
  });
  const merging = createMergingFeature({
    ...{ ...shared, numbers: numbering.records, allocateNumbers: numbering.allocate, deleteBlockers: blockersNow },
    csrfField: csrf?.fieldName,
    documents: translator(options.documentLocale ?? 'fr'),
  });
  const { guarding } = merging;
  const numbers = createNumbersWeb(numbering, {
    ...shared,
    opensMerges: (actor) => shared.may(actor, 'merge.history'),
  });
  const handover = createHandover({
    ...{ ...shared, functions: options.integrations, secretKey: options.secretKey },
    allowedDestinations: options.allowedDestinations,
    machines: translator('en'),
    // Made after what hands over to it: asked only once a sale was.
    onOutcome: (trx, outcome) => till.onOutcome(trx, outcome),
    usesOf: async (db, id) =>
      ((await billing.services?.methods.list(db)) ?? [])
        .filter(({ integrationId }) => integrationId === id)
        .map(({ name }) => name),
  });
  const billing = createBilling({ ...shared, integrations: handover.service.integrations });
  const till = createTill({
    ...{ ...shared, guarding, services: billing.services, handover: handover.service },
    documentLocale: options.documentLocale,
  });

  const cardOf = (feature: string, action: Action, path: string): ModuleCard => ({
    ...{ title: `${feature}.title`, text: `${feature}.about`, link: `${feature}.link` },
    ...{ action, url: base + pagesPath + path },
  });
  const related = [
    cardOf('methods', 'billing.manage', METHODS_PATH),
    cardOf('modules', 'billing.manage', MODULES_PATH),
    cardOf('connections', 'billing.manage', CONNECTIONS_PATH),
  ];
  const cards = [
    cardOf('history', 'merge.history', HISTORY_PATH),
    cardOf('numbers', 'numbers.view', NUMBERS_PATH),
    cardOf('sales', 'sales.view', SALES_PATH),
    cardOf('handovers', 'handover.view', JOURNAL_PATH),
    ...related,
  ];
  const endpoints = [
    ...merging.endpoints,
    ...settingsEndpoints({ db: knex, settings }),
    ...[...numbers.endpoints, ...billing.endpoints, ...handover.endpoints, ...till.endpoints],
  ];
  const router = Router();
  router.use(createMountCheck([options.mountPath, options.publicPath ?? options.mountPath], logger.warn));
  router.use(
    assets.router,
    handover.callbacks,
    createApi(endpoints, {
      ...shared,
      authorize: (actor, action, about) => authorize(actor, action, { ...about, db: knex }),
    }),
    merging.fragments,
  );
  router.use(
    pagesPath,
    modulePage({
      ...{ ...shared, checkHost: inspect, held: merging.held, cards },
      attention: [...merging.attention, handover.attention],
    }),
    ...[merging.pages, numbers.pages, billing.pages, handover.pages, till.pages],
    settingsRoutes({
      ...{ ...shared, deleteBlockers: blockersNow, canCredit: canCredit(host), related },
      canSell: billing.services !== null && host.createSale !== undefined,
      closedByHost: (db) => lockedUntil({ hooks }, db, { lockedUntil: null }),
    }),
  );
  router.use(createErrorHandler({ wordsOf, pages, known, log: logger.error }));

  const renderBanner = coded(async (req: Req, res: ServerResponse, spec: BannerSpec<Req>) => {
    const invoiceId = spec.page === 'preview' ? spec.invoiceId?.(req) : undefined;
    const note = invoiceId === undefined ? '' : await numbers.note(req, res, invoiceId);
    return note + (await merging.banner.render(req, res, spec));
  });

  return {
    renderBanner,
    /** Decorates the host's page and never breaks it: a banner that fails is empty and logged. */
    banner: (spec) => (req, res, next) => {
      const { locals } = res as ServerResponse & { locals: { invoiceMerge?: { banner: string } } };
      if (locals.invoiceMerge) return next();
      const shown = (locals.invoiceMerge = { banner: '' });
      renderBanner(req as Req, res, spec)
        .then(
          (html) => {
            shown.banner = html;
          },
          (error: unknown) => logger.error('banner failed', { page: spec.page, error }),
        )
        .then(() => next(), next);
    },
    router: router as unknown as HttpHandler,
    mountPath: options.mountPath,
    applyMerge: coded(merging.applyMerge),
    guard: coded(guarding.guard),
    paymentTarget: coded(guarding.paymentTarget),
    successorOf: coded(guarding.successorOf),
    mergeable: coded(merging.service.mergeable),
    receivePayment: coded(merging.payments.receivePayment),
    findByNumber: coded(merging.lookups.findByNumber),
    summary: coded(merging.lookups.summary),
    agedParts: coded(merging.agedParts),
    housekeeping: coded(async () => ({
      saveKeys: await merging.forgetKeys(),
      handovers: await handover.forget(knex),
    })),
    transaction: (work) => runTransaction(knex, work),
    reportable: (query, aliases) => reportable(query, host.map, aliases.invoices),
    received: (query, aliases) => received(knex, query, host.map, aliases.payments),
    billing: {
      checkoutUrl: till.billing.checkoutUrl,
      openSale: coded(till.billing.openSale),
      takePayment: coded(till.billing.takePayment),
      paymentsOf: coded(till.billing.paymentsOf),
    },
    remindable: (query, aliases) => remindable(query, host.map, aliases.invoices),
    explain: (error, req) => explainError(translator(options.locale?.(req)), error),
    numbers: {
      allocate: coded(numbering.allocate),
      former: coded(numbering.service.formerNumbers),
      pageOf: numbers.pageOf,
    },
    callbacks: handover.callbacks as unknown as HttpHandler,
    worker: handover.worker,
    close: () => handover.worker.stop(),
    migrate: async (how) => {
      const applied = await migrate(knex, host.map, how);
      await handover.demandKey(knex);
      return applied;
    },
    rollback: (how) => rollback(knex, host.map, how),
    checkHost: async () => {
      const { ok, faults } = await inspect();
      return { ok, faults: faults.map(({ code, where, mend }) => ({ code, where, mend })) };
    },
  };
}
