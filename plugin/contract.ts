/** What a host passes to createInvoiceMerge and what it gets back. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Knex } from 'knex';
import type {
  Actor,
  Candidate,
  Day,
  Db,
  HostCrm,
  Id,
  Merge,
  Query,
  Row,
  SaleLine,
  Settlement,
  Trx,
} from './host/contract';
import type { IntegrationHandler } from './handover/contract';
import type { Decimal } from './money/types';

/** Fits Express 4 and 5 without naming either: a v5 Router does not compile in a host typed for v4. */
export type HttpHandler = (req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void) => void;

// ---------------------------------------------------------------- options

export interface Options<Req extends IncomingMessage> {
  /** Where the host mounts the router; written once. */
  mountPath: string;
  /** Only where a proxy strips a prefix. Default: mountPath. */
  publicPath?: string;
  /** The host's handle: borrowed, never tuned, never destroyed. */
  knex: Knex;
  host: HostCrm;
  /** null = nobody is signed in: empty banner, 401 elsewhere. */
  actor(req: Req): Actor | null | Promise<Actor | null>;
  /**
   * Required: there is no "allow" default. `db` is what to ask the database with: inside a save its transaction,
   * since a pool that is full would never give another connection.
   */
  authorize(actor: Actor, action: Action, about: { invoiceId?: Id; db: Db }): boolean | Promise<boolean>;
  /** Limits which invoices a person sees; what is outside is 404. `alias` is the invoice table's alias in `query`. */
  scope?(query: Query, actor: Actor, alias: string): void;
  locale?(req: Req): string | undefined;
  csrf?: { token(req: Req, res: ServerResponse): string; fieldName: string; headerName: string };
  nonce?(req: Req, res: ServerResponse): string | undefined;
  layout?(html: string, page: { title: string; req: Req; res: ServerResponse }): string | Promise<string>;
  translate?(key: string, vars: Row, locale: string): string | undefined;
  logger?: Record<'debug' | 'info' | 'warn' | 'error', (message: string, fields?: Row) => void>;
  hooks?: Hooks;
  /** Functions that take hand-overs, by the name that a connection is given, beside signed webhooks. */
  integrations?: Record<string, IntegrationHandler>;
  /** Encrypts the secrets of webhooks at rest, at least 32 characters; without it there are no webhooks. */
  secretKey?: string;
  /** Host names, addresses and networks (CIDR) of your own that hand-overs may reach, also by http. Default: none. */
  allowedDestinations?: string[];
  /** Time zone of the business, for periods and days. Default: Europe/Paris. */
  timeZone?: string;
  /** Language of what the plugin writes into documents: discount lines, notes. Default: fr */
  documentLocale?: string;
  clock?: () => Date;
}

/** What `authorize` is asked. Later features add their own. */
export type Action =
  | 'merge.view'
  | 'merge.apply'
  | 'merge.choose_settlement'
  | 'merge.undo'
  | 'merge.undo_own'
  | 'merge.history'
  | 'payments.allocate'
  | 'numbers.view'
  | 'numbers.adjust'
  | 'billing.manage'
  | 'checkout.take'
  | 'sales.view'
  | 'sales.view_all'
  | 'sales.void'
  | 'sales.export'
  | 'handover.view'
  | 'handover.resend'
  | 'settings.manage';

/** `db` is what a hook asks the database with: inside a save its transaction. */
export interface Hooks {
  /** May take candidates away or add the reason 'host'; what it adds is checked like user input. */
  candidates?(
    list: Candidate[],
    context: { customerId: Id; targetId?: Id; actor: Actor; db: Db },
  ): Candidate[] | Promise<Candidate[]>;
  /** Throwing rolls the whole save back. */
  beforeMerge?(trx: Trx, merge: Merge): Promise<void>;
  /** Throwing leaves the merge as it is. */
  beforeUndo?(trx: Trx, merge: Merge): Promise<void>;
  /** After the outermost commit; an error is logged, never thrown at the host. */
  afterMerge?(merge: Merge): Promise<void>;
  /**
   * Sends a customer the message that a person has asked for on the page; never called by itself. After the commit, once
   * per request; throwing tells the person that nothing was sent. Without it people copy the text and send it themselves.
   */
  tellCustomer?(message: CustomerMessage): Promise<void>;
  /** Last day whose accounts or VAT return are closed. */
  lockedUntil?(db: Db): Day | null | Promise<Day | null>;
}

// ---------------------------------------------------------------- what the factory returns

export interface InvoiceMergePlugin<Req extends IncomingMessage> {
  mountPath: string;
  router: HttpHandler;
  banner(spec: BannerSpec<Req>): HttpHandler;
  renderBanner(req: Req, res: ServerResponse, spec: BannerSpec<Req>): Promise<string>;
  /** knex.transaction, run again as a whole when the database says "retry": three times at least, and for eight seconds. */
  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  /** Every save of an invoice goes through it, with or without sources; `save` is the host's own save and resolves to the invoice's id. */
  applyMerge(
    trx: Trx,
    input: { page: 'create' | 'edit'; invoiceId?: Id; form: unknown; actor: Actor },
    save: () => Promise<Id | SavedInvoice>,
  ): Promise<ApplyResult>;
  /** First call of every other host transaction that changes an invoice. */
  guard(
    trx: Trx,
    invoiceId: Id,
    act: 'edit' | 'pay' | 'issue' | 'cancel' | 'credit' | 'reopen' | 'delete',
  ): Promise<void>;
  /** Where a payment meant for this invoice belongs: itself, or the invoice it was merged into. */
  paymentTarget(db: Db, invoiceId: Id): Promise<{ invoiceId: Id; mergedFrom: Id | null }>;
  successorOf(db: Db, invoiceId: Id): Promise<Id | null>;
  /**
   * How many open invoices of each customer the person could merge into a new one, for lists: two queries for up to 500
   * customers. Customers without any are left out; empty for whoever may not merge.
   */
  mergeable(db: Db, query: { customerIds: Id[]; actor: Actor }): Promise<Map<Id, number>>;
  /**
   * Books money for an invoice, merged or not, and never refuses it: up to its balance on the invoice that stands for it now,
   * by calling `record`; what is left over waits in "Payments to allocate". The same key again records nothing.
   * First call of the transaction; guards as 'pay' does.
   * @throws IM_PAYLOAD_INVALID 400 for what is no amount, day, currency, key; IM_KEY_REUSED 409 for another payment under the same key
   */
  receivePayment(
    trx: Trx,
    payment: IncomingPayment,
    record: (to: PaymentToRecord) => Promise<unknown>,
  ): Promise<ReceivedPayment>;
  /**
   * The document that carries this number now, also if the number's own document was merged (once or again and again) or
   * deleted by a merge. Its own documents come first; empty when nobody ever bore it. With `actor` only what that person
   * may see (`scope`), without one all: then narrowing is the host's matter.
   */
  findByNumber(db: Db, number: string, actor?: Actor): Promise<FoundInvoice[]>;
  /** What an invoice replaces, for public pages and print: also what was merged into its sources before. */
  summary(db: Db, invoiceId: Id): Promise<MergeSummary>;
  /**
   * What is still owed of each invoice by the due dates of the invoices that it replaces, oldest first, payments counted
   * against the oldest; the parts add up to its balance. Empty for what owes nothing; invoices that do not exist are left out.
   */
  agedParts(db: Db, invoiceIds: Id[]): Promise<Map<Id, AgedPart[]>>;
  /**
   * Forgets the keys of saves that are 90 days old, in small parts: call it daily, from any one process. After that, the
   * same form posted again is a new save. Of hand-overs it forgets the messages and replies, not the journal. Merges,
   * snapshots and received payments are records: nothing deletes them.
   */
  housekeeping(): Promise<{ saveKeys: number; handovers: number }>;
  /** Leaves out drafts and all cancelled invoices; credited ones stay. */
  reportable(query: Query, aliases: { invoices: string }): void;
  /** Leaves out every cancelled or settled invoice and those whose overdue reminders are off. */
  remindable(query: Query, aliases: { invoices: string }): void;
  /** The words for an error of applyMerge, guard or allocate, in the person's language; null when it is not ours. */
  explain(error: unknown, req: Req): string | null;
  /** Leaves out rows of external billing, which is another system's money. For reports of payments received. */
  received(query: Query, aliases: { payments: string }): void;
  billing: Billing;
  numbers: {
    allocate(trx: Trx, type: 'invoice' | 'credit_note', count: number, date: Day): Promise<string[]>;
    /**
     * The numbers that these invoices bore and do not bear now, the latest first, by id: a cancelled invoice whose number
     * was freed is still called by it. Who never bore another number is left out. One statement.
     */
    former(db: Db, invoiceIds: Id[]): Promise<Map<Id, string[]>>;
    /** Our page of one invoice's number, for a link on the host's own page of it; `numbers.view` opens it. */
    pageOf(invoiceId: Id): string;
  };
  migrate(options?: {
    allowCopy?: boolean;
    uniqueNumber?: boolean;
    onStep?(step: { name: string; table: string; way: 'instant' | 'inplace' | 'copy' }): void;
  }): Promise<string[]>;
  /** Refuses while merges, snapshots, number changes or reference transactions exist, unless told to discard them. */
  rollback(options?: { discardHistory?: boolean }): Promise<string[]>;
  /** What other systems call back, signed: mount it at `mountPath` too, before whatever demands a sign-in. `router` has it as well. */
  callbacks: HttpHandler;
  /** Sends hand-overs that no checkout has settled. Nothing runs before `start`; `runOnce` is for cron. */
  worker: {
    /** Looks every two seconds; keeps no process alive. */
    start(): void;
    /** After what is being sent is recorded. */
    stop(): Promise<void>;
    /** Sends all that is due now. @returns how many tries were made */
    runOnce(): Promise<number>;
  };
  /** Stops what runs, so that the process can end. The host's Knex handle stays open. */
  close(): Promise<void>;
  checkHost(): Promise<{ ok: boolean; faults: { code: string; where: string; mend: string }[] }>;
}

export interface BannerSpec<Req> {
  /** `customer`: a customer's page, where the banner is the way to `createUrl` with all of their open invoices ticked. */
  page: 'create' | 'edit' | 'preview' | 'customer';
  /** id of the host's form that the banner's controls belong to. */
  formId?: string;
  invoiceId?(req: Req): Id | undefined;
  customerId?(req: Req): Id | undefined;
  /** The currency that a new invoice's form begins with; without it the banner takes that of the most open invoices. */
  currency?(req: Req): string | undefined;
  /** Names of the host form's fields; a change of theirs reloads the banner. The currency's values are codes: 'EUR'. */
  customerField?: string;
  currencyField?: string;
  /** Name of the field with the invoice's date, 'YYYY-MM-DD': which months are earlier than its own is told by it. */
  dateField?: string;
  /** A refused save's body, to restore the choice. */
  form?: unknown;
  /** What applyMerge threw: shown where the cause is. */
  error?: unknown;
  editUrl?(req: Req): string;
  /**
   * The host's create page. `customer`: `customerId` and `invoiceMergeAll=1` are added to its query. `edit` and `preview`
   * of an issued invoice that takes no lines: `customerId`, `currency` and, repeated, `invoiceMergeSource`, the ids to tick.
   */
  createUrl?(req: Req, customerId: Id): string;
}

/** The till, for a host's own pages and API. All of it needs `payments` and `paymentMethods` in the map, else IM_NO_BILLING 409. */
export interface Billing {
  /**
   * A basket of the host's till, to be paid at `url`, which leads back to `returnUrl`. Any module; left out: Direct sale.
   * @throws IM_PAYLOAD_INVALID 400 `{ field }`, also for a total below zero; IM_NOT_FOUND 404 for a module or customer
   */
  openSale(
    trx: Trx,
    basket: {
      moduleId?: Id;
      customerId: Id | null;
      currency: string;
      lines: SaleLine[];
      actor: Actor;
      returnUrl?: string;
    },
  ): Promise<{ saleId: Id; url: string }>;
  /** Where "Take payment" leads. */
  checkoutUrl(of: { invoiceId: Id } | { saleId: Id }): string;
  /**
   * What the page does, for a host's own form or API: checks, records and settles an invoice's payments, guarded as 'pay'.
   * The same key again records nothing and answers what the first recorded. First call of the transaction.
   * @throws IM_MERGED 409; IM_NOT_PAYABLE 422 `{ why }`; IM_OVER_PAID 422 `{ due }`; IM_METHOD_UNAVAILABLE 422 `{ why }`;
   *   IM_AMOUNT_INVALID, IM_REFERENCE_MISSING, IM_REFERENCE_ILL_FORMED 422; IM_KEY_REUSED 409; IM_FORBIDDEN 403; IM_NOT_FOUND 404
   */
  takePayment(
    trx: Trx,
    payment: {
      invoiceId: Id;
      /** Left out: Invoices. */
      moduleId?: Id;
      payments: { methodId: Id; amount: Decimal; reference?: string | null; note?: string | null }[];
      /** One per form or message, at most 190 characters. */
      key: string;
      actor: Actor;
      /** The day of the host's payment. Default: today. */
      date?: Day;
    },
  ): Promise<TakenPayment>;
  /** What was taken for an invoice at the checkout, voids and refunds too, oldest first: for its page. */
  paymentsOf(db: Db, invoiceId: Id): Promise<InvoicePayment[]>;
}
export interface TakenPayment {
  saleId: Id;
  replayed: boolean;
  /** The host's own rows. */
  payments: { id: Id; hostPaymentId: Id | null; methodId: Id; amount: Decimal }[];
}
export interface InvoicePayment {
  id: Id;
  hostPaymentId: Id | null;
  at: string;
  /** `correction` and `replacement`: the method was changed afterwards. */
  act: 'payment' | 'void' | 'refund' | 'correction' | 'replacement';
  /** As it was then. */
  method: { id: Id; name: string; kind: 'internal' | 'external_payment' | 'external_billing' };
  reference: string | null;
  note: string | null;
  amount: Decimal;
  currency: string;
  actor: Actor;
  /** Another system has this money: the invoice is settled externally, nothing of it was received. */
  settledExternally: boolean;
}

/** `merged`: the number was borne by an invoice that became part of this one; `renumbered`: by this one, which bears another by now, or none. */
export interface FoundInvoice {
  invoiceId: Id;
  how: 'itself' | 'merged' | 'renumbered';
}

export interface MergeSummary {
  /** In the order in which they came; `directly` is false for what came with a source that had received it before. */
  replaces: ReplacedInvoice[];
}
export interface ReplacedInvoice {
  invoiceId: Id;
  /** null for a draft, which the customer never saw. */
  number: string | null;
  date: Day;
  total: Decimal;
  currency: string;
  settlement: Settlement;
  creditNote: string | null;
  directly: boolean;
  /** The invoice's lines that came from it, each with its own supply date, else the date of the replaced invoice. */
  lines: { lineId: Id; supplyDate: Day }[];
}

/** What is owed since one due date. */
export interface AgedPart {
  /** The invoice that it was billed on first: one that was merged, or the invoice itself. */
  invoiceId: Id;
  issueDate: Day;
  dueDate: Day | null;
  amount: Decimal;
}

/** Money that came in: a gateway's message, a transfer, a form of the host's. */
export interface IncomingPayment {
  /** One per message or form, at most 190 characters: the gateway's own id of the payment is the best. */
  key: string;
  /** The invoice that the payer named, whatever became of it. */
  invoiceId: Id;
  /** More than 0, no finer than the currency. */
  amount: Decimal;
  currency: string;
  date: Day;
  /** The host's payment method. */
  methodId: Id;
  /** What the payer or the bank wrote. */
  reference: string;
  /** Further columns of the host's payment row, written when the money is allocated later. */
  columns?: Row;
}
export interface PaymentToRecord {
  invoiceId: Id;
  /** At most the balance of the invoice. */
  amount: Decimal;
  /** The reference, with the number that the payer named where that is another invoice. */
  note: string;
}
/**
 * Why money waits: the invoice is `paid`, `cancelled`, a `draft`, in another `currency`, `unknown`; `rest`: it was more
 * than the balance.
 */
export type WaitingReason = 'paid' | 'cancelled' | 'draft' | 'currency' | 'unknown' | 'rest';
export interface ReceivedPayment {
  recorded: { invoiceId: Id; amount: Decimal; mergedFrom: Id | null } | null;
  waiting: { id: Id; amount: Decimal; why: WaitingReason } | null;
  /** The key came before: nothing was recorded now. */
  replayed: boolean;
}

/** What a customer is told once invoices became one. Plain text. */
export interface CustomerMessage {
  customerId: Id;
  /** The invoice that replaces the others: to be attached. */
  invoiceId: Id;
  number: string;
  locale: 'fr' | 'en';
  subject: string;
  body: string;
  replaces: { number: string | null; date: Day; total: Decimal }[];
  /** What settles those that were credited: to be attached too. */
  creditNotes: { id: Id; number: string }[];
  total: Decimal;
  currency: string;
  dueDate: Day | null;
  actor: Actor;
}

/** What a host's save answers when it took the lines into its form: which saved row bears which CarriedLine.key. */
export interface SavedInvoice {
  invoiceId: Id;
  carried: { key: string; lineId: Id }[];
}
export type ApplyResult = {
  invoiceId: Id;
  merge: Merge | null;
  /** the key was saved before: `save` was not called */ replayed: boolean;
  /** carried lines recognised again after the host rewrote its lines */ retagged: number;
};
