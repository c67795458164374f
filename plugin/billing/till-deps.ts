/** What the till works with; made once by feature-till.ts. */
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Options } from '../contract';
import { PluginError } from '../errors';
import type { HandoverService } from '../handover/contract';
import type { Actor, Day, Db, HostCrm, Id, Trx } from '../host/contract';
import { todayIn, visibleIds } from '../host/own-columns';
import type { Words } from '../i18n';
import { restrictTo } from '../merging/deps';
import type { Guarding } from '../merging/guarding';
import type { SettingsService } from '../settings/contract';
import type { MethodService, ModuleService, OrderModule } from './contract';
import type { SaleStore } from './store-sales';
import type { Named, SaleHandover, SaleRecord } from './types';

export interface TillDeps {
  knex: Knex;
  host: HostCrm;
  store: SaleStore;
  settings: SettingsService;
  authorize: Options<IncomingMessage>['authorize'];
  scope: Options<IncomingMessage>['scope'];
  clock: () => Date;
  /** Of the business. */
  timeZone: string;
  /** Speaks the language of documents: what the host's rows are told. */
  documents: Words;
  guarding: Pick<Guarding, 'guard' | 'successorOf'>;
  methods: Pick<MethodService, 'markUsed'>;
  modules: Pick<ModuleService, 'byId' | 'methods' | 'list'>;
  /** What a module is called, a built-in one by its word of the language. */
  moduleName(words: Words, module: OrderModule): string;
  /** null where nothing takes hand-overs. */
  handover: HandoverService | null;
}

type Recorder = NonNullable<HostCrm['recordPayment']>;

/** @throws IM_NO_BILLING 409 on a host whose payments or methods are not mapped */
export function demandBilling({ map, recordPayment }: Pick<HostCrm, 'map' | 'recordPayment'>): Recorder {
  if (map.payments && map.paymentMethods && recordPayment) return recordPayment;
  throw new PluginError('IM_NO_BILLING', 409);
}

/** @throws IM_FORBIDDEN 403 */
export async function demandMay(
  { authorize, knex }: Pick<TillDeps, 'authorize' | 'knex'>,
  actor: Actor,
  action: 'checkout.take' | 'sales.view' | 'sales.view_all' | 'sales.void' | 'sales.export',
  about: { invoiceId?: Id; db?: Db } = {},
): Promise<void> {
  if (!(await authorize(actor, action, { db: knex, ...about }))) throw new PluginError('IM_FORBIDDEN', 403, { action });
}

/** @throws IM_NOT_FOUND 404 for an invoice that is gone, or that the person may not see */
export async function demandVisible(
  deps: Pick<TillDeps, 'host' | 'scope'>,
  db: Db,
  actor: Actor,
  invoiceId: Id,
): Promise<void> {
  const seen = await visibleIds(db, deps.host.map, [invoiceId], restrictTo(deps, actor));
  if (!seen.has(invoiceId)) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId });
}

/** Now, and the day that it is in the business. */
export function nowIn({ clock, timeZone }: Pick<TillDeps, 'clock' | 'timeZone'>): { at: string; day: Day } {
  const now = clock();
  return { at: now.toISOString(), day: todayIn(timeZone, now) };
}

/** A module under the name that records keep. */
export const namedModule = (deps: Pick<TillDeps, 'documents' | 'moduleName'>, module: OrderModule): Named => ({
  id: module.id,
  name: deps.moduleName(deps.documents, module),
});

/** A sale under its lock. @throws IM_NOT_FOUND 404 */
export async function lockedSale({ store }: Pick<TillDeps, 'store'>, trx: Trx, saleId: Id): Promise<SaleRecord> {
  await store.lockSale(trx, saleId);
  const sale = await store.saleById(trx, saleId);
  if (!sale) throw new PluginError('IM_NOT_FOUND', 404, { why: 'sale', saleId });
  return sale;
}

/** @throws IM_SALE_WAITING 409, IM_SALE_CLOSED 409 `{ why }` */
export function demandOpen(sale: Pick<SaleRecord, 'id' | 'state'> & { handover: SaleHandover | null }): void {
  if (sale.state === 'open') return;
  if (sale.state === 'waiting')
    throw new PluginError('IM_SALE_WAITING', 409, { saleId: sale.id, method: sale.handover?.method.name });
  throw new PluginError('IM_SALE_CLOSED', 409, { saleId: sale.id, why: sale.state });
}
