/** Payment methods and the order modules that offer them: types only. */
import type { Actor, Db, Id, Trx } from '../host/contract';

/** `internal`: a method of the host's own, money that it receives itself. The others are settled elsewhere. */
export type MethodKind = 'internal' | 'external_payment' | 'external_billing';
export type ExternalKind = Exclude<MethodKind, 'internal'>;

/** Why a method that is attached cannot be used at this moment: its connection is gone, or switched off. */
/** `integration_closed`: the function behind the connection takes no sale at the moment. */
export type Unavailable = 'integration_missing' | 'integration_disabled' | 'integration_closed';

export interface PaymentMethod {
  id: Id;
  name: string;
  kind: MethodKind;
  externalIdentifier: string | null;
  requiresReference: boolean;
  /** What is asked for: "N° de chambre". */
  referenceLabel: string | null;
  /** `A` a letter, `9` a digit, `?` either, `\` before one of these means itself; everything else stands for itself. */
  referenceMask: string | null;
  /** `icon-bed` of the gallery, or the hash of an uploaded one. */
  imageId: string | null;
  /** Given: the sale is handed over to this connection, nothing of it is recorded as paid. */
  integrationId: Id | null;
  extended: boolean;
  /** The one that the map calls Cash: first in every module, and never moved. */
  isCash: boolean;
  /** ISO 8601 UTC. */
  archivedAt: string | null;
  /** May be offered: not archived, and not switched off by the host itself. */
  active: boolean;
  unavailable: Unavailable | null;
}

/** Everything that an admin may set of an external method. */
export interface MethodFields {
  name: string;
  externalIdentifier: string | null;
  requiresReference: boolean;
  referenceLabel: string | null;
  referenceMask: string | null;
  imageId: string | null;
  integrationId: Id | null;
}

export type BuiltinModule = 'direct_sale' | 'invoices';

export interface OrderModule {
  id: Id;
  /** null for a built-in one that nobody has renamed: it has the name that each language has for it. */
  name: string | null;
  builtin: BuiltinModule | null;
  /** Counts the changes of its list: a list that is older is refused. */
  version: number;
  /** Whether its last change can be undone. */
  undoable: boolean;
}

export interface ModuleMethods {
  module: OrderModule;
  /** Those that can be used, in their order; Cash first. */
  methods: PaymentMethod[];
}

/** A connection that hand-overs go to, as far as methods need to know it. */
export interface IntegrationChoice {
  id: Id;
  name: string;
  enabled: boolean;
}

export interface MethodService {
  /** Built-in ones first, then external ones by name. */
  list(db: Db): Promise<PaymentMethod[]>;
  /** @throws IM_NOT_FOUND 404 */
  byId(db: Db, id: Id): Promise<PaymentMethod>;
  /** How often each was used; voids and refunds count with the payment that they reverse. */
  uses(db: Db, ids: Id[]): Promise<Map<Id, number>>;
  /**
   * To be called in the transaction of each payment with an external method: from then on it can be archived, not deleted.
   * @throws IM_NOT_FOUND 404 where it was deleted meanwhile
   */
  markUsed(trx: Trx, id: Id): Promise<void>;
  /** @throws IM_METHOD_INVALID 422 `{ field }`; IM_METHOD_NAME_TAKEN 409 `{ name }`; IM_INTEGRATION_MISSING 422 */
  create(actor: Actor, kind: ExternalKind, fields: MethodFields): Promise<PaymentMethod>;
  /** What is left out stays. @throws as `create`, and IM_METHOD_BUILTIN 422, IM_NOT_FOUND 404 */
  change(actor: Actor, id: Id, fields: Partial<MethodFields>): Promise<PaymentMethod>;
  /** @throws IM_METHOD_USED 409 `{ name, count }`; IM_METHOD_BUILTIN 422; IM_NOT_FOUND 404 */
  remove(actor: Actor, id: Id): Promise<void>;
  /** Takes it out of all modules at once; already archived: nothing changes. @throws IM_METHOD_BUILTIN, IM_NOT_FOUND */
  archive(actor: Actor, id: Id): Promise<PaymentMethod>;
  /** Puts it last in each module that had it. @throws IM_METHOD_BUILTIN, IM_NOT_FOUND */
  restore(actor: Actor, id: Id): Promise<PaymentMethod>;
}

export interface ModuleService {
  list(db: Db): Promise<OrderModule[]>;
  /** @param id of the module, or what a built-in one is called: `direct_sale`. @throws IM_NOT_FOUND 404 */
  byId(db: Db, id: Id): Promise<OrderModule>;
  /** What may be taken there, in order. @throws IM_NOT_FOUND 404 */
  methods(db: Db, id: Id): Promise<ModuleMethods>;
  /** Begins with the host's built-in methods. @throws IM_METHOD_INVALID 422; IM_MODULE_NAME_TAKEN 409 */
  create(actor: Actor, name: string): Promise<OrderModule>;
  /** @throws as `create`, and IM_NOT_FOUND 404 */
  rename(actor: Actor, id: Id, name: string): Promise<OrderModule>;
  /** Appends in the order given; what is in it already stays where it is. @throws IM_METHOD_ARCHIVED 409; IM_NOT_FOUND 404 */
  attach(actor: Actor, id: Id, methodIds: Id[]): Promise<ModuleMethods>;
  /** What is not in it any more stays out of it. @throws IM_CASH_PINNED 422; IM_NOT_FOUND 404 */
  detach(actor: Actor, id: Id, methodId: Id): Promise<ModuleMethods>;
  /**
   * @param order the whole list, and the version that the person saw
   * @throws IM_CASH_PINNED 422; IM_STALE_ORDER 409 `{ version, ids }`; IM_NOT_FOUND 404
   */
  reorder(actor: Actor, id: Id, order: { ids: Id[]; version: number }): Promise<ModuleMethods>;
  /** Puts the list back as it was before its last change. @throws IM_STALE_ORDER 409; IM_NOTHING_TO_UNDO 409; IM_NOT_FOUND */
  undo(actor: Actor, id: Id, version: number): Promise<ModuleMethods>;
}
