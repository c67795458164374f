/** Options -> stores -> services -> router: the only file that knows everyone. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { BannerSpec, InvoiceMergePlugin, Options } from './contract';
import { checkHost, deleteBlockers } from './host/check';
import { remindable, reportable } from './host/reports';
import { runTransaction } from './host/transaction';
import { createTranslator, explainError } from './i18n';
import type { MergingDeps } from './merging/deps';
import { createMerging } from './merging/service';
import { createMergeStore } from './merging/store';
import { createNumbering } from './numbering/service';
import { checkOptions } from './options';
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
export function createInvoiceMerge<Req extends IncomingMessage = Request>(options: Options<Req>): InvoiceMergePlugin<Req> {
  checkOptions(options);
  const { knex, host } = options;
  const prefix = host.map.tablePrefix ?? 'im_';
  const logger = options.logger ?? consoleLogger;
  const translator = createTranslator({ translate: options.translate, timeZone: options.timeZone });

  // Reading the schema costs queries: once is enough until somebody asks for the check again.
  let blockers: Promise<{ where: string; mend: string }[]> | null = null;
  const deps: MergingDeps = {
    knex,
    host,
    store: createMergeStore(prefix),
    authorize: options.authorize,
    scope: options.scope,
    hooks: options.hooks ?? {},
    logger,
    clock: options.clock ?? (() => new Date()),
    csrfField: options.csrf?.fieldName,
    documents: translator(options.documentLocale ?? 'fr'),
    deleteBlockers: (db) => (blockers ??= deleteBlockers(db, host.map).catch((error: unknown) => {
      blockers = null;
      throw error;
    })),
  };
  const { service, applyMerge, guarding } = createMerging(deps);
  const numbering = createNumbering(host, prefix);

  return {
    mountPath: options.mountPath,
    applyMerge,
    guard: guarding.guard,
    paymentTarget: guarding.paymentTarget,
    successorOf: guarding.successorOf,
    transaction: (work) => runTransaction(knex, work),
    reportable: (query, aliases) => reportable(query, host.map, aliases.invoices),
    remindable: (query, aliases) => remindable(query, host.map, aliases.invoices),
    explain: (error, req) => explainError(translator(options.locale?.(req)), error),
    numbers: { allocate: numbering.allocate },
    migrate: (how) => migrate(knex, host.map, how),
    rollback: (how) => rollback(knex, host.map, how),
    checkHost: () => {
      blockers = null;
      return checkHost(knex, host.map);
    },
  };
}
