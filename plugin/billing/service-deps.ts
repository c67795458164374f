/** What the services of billing work with, and what both of them ask. */
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Options } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Db, Id, TableMap } from '../host/contract';
import { readMethods, type MethodRow } from '../host/payment-methods';
import type { BuiltinModule, IntegrationChoice, MethodKind, PaymentMethod } from './contract';
import type { BillingStore } from './store';
import type { ImageStore } from './store-images';

export type UseCounter = (db: Db, methodIds: Id[]) => Promise<Map<Id, number>>;

export interface BillingDeps {
  knex: Knex;
  map: TableMap;
  store: BillingStore;
  images: ImageStore;
  authorize: Options<IncomingMessage>['authorize'];
  clock: () => Date;
  /** The connections that hand-overs go to; none where hand-over is not there. */
  integrations(db: Db): Promise<IntegrationChoice[]>;
  /** Each counts payments that no other counts. */
  countUses: UseCounter[];
  /** What a built-in module is called, in each language. */
  builtinNames(builtin: BuiltinModule): string[];
}

/** @throws IM_FORBIDDEN 403 */
export async function demandManage({ authorize, knex }: BillingDeps, actor: Actor): Promise<void> {
  const action = 'billing.manage';
  if (!(await authorize(actor, action, { db: knex }))) throw new PluginError('IM_FORBIDDEN', 403, { action });
}

/** Methods in the host's order, with what their connection says; one statement, one more where some are extended. */
export async function loadMethods(deps: BillingDeps, db: Db, ids?: Id[]): Promise<PaymentMethod[]> {
  const rows = await readMethods(db, deps.map, ids);
  const isExtended = rows.some(({ integrationId }) => integrationId !== null);
  const known = new Map((isExtended ? await deps.integrations(db) : []).map((one) => [one.id, one]));
  return rows.map((row) => toMethod(row, known));
}

function toMethod(row: MethodRow, integrations: Map<Id, IntegrationChoice>): PaymentMethod {
  const integration = row.integrationId === null ? undefined : integrations.get(row.integrationId);
  const missing = integration ? 'integration_disabled' : 'integration_missing';
  return {
    id: row.id,
    name: row.name,
    kind: (row.kind ?? 'internal') as MethodKind,
    externalIdentifier: row.externalIdentifier,
    requiresReference: row.requiresReference,
    referenceLabel: row.referenceLabel,
    referenceMask: row.referenceMask,
    imageId: row.imageId,
    integrationId: row.integrationId,
    extended: row.integrationId !== null,
    isCash: row.isCash,
    archivedAt: row.archivedAt,
    active: row.active && row.archivedAt === null,
    unavailable: row.integrationId === null || integration?.enabled ? null : missing,
  };
}
