/** What the plugin asks of a CRM, and the shapes that travel between them. Amounts and quantities are decimal strings, days 'YYYY-MM-DD', ids strings. */
import type { Knex } from 'knex';
import type { AllowanceCharge, Decimal, Discount, Tax, Totals } from '../money/types';

export type Id = string;
export type Day = string;
export type Row = Record<string, unknown>;
export type Trx = Knex.Transaction;
export type Db = Knex | Trx;
export type Col = string;
export type Query = Knex.QueryBuilder;

export interface Actor {
  id: Id;
  name: string;
}
export type InvoiceStatus = 'draft' | 'unpaid' | 'overdue' | 'partial' | 'paid' | 'cancelled';
export type Settlement = 'cancel' | 'delete' | 'credit';
/** Chosen once for the issued sources and once for the drafts of a merge. */
export interface SettlementChoice {
  issued: Settlement;
  draft: 'cancel' | 'delete';
}

// ---------------------------------------------------------------- domain

export type Reason =
  | 'status'
  | 'kind'
  | 'customer'
  | 'company'
  | 'currency'
  | 'self'
  | 'payments'
  | 'credits'
  | 'recurring'
  | 'merged'
  | 'price_basis'
  | 'tax_category'
  | 'discount_after_tax'
  | 'negative_total'
  | 'must_match'
  | 'link'
  | 'locked'
  | 'transmitted'
  | 'blocked'
  | 'target_issued'
  | 'host';

export interface InvoiceLine {
  id: Id;
  description: string;
  longDescription: string | null;
  quantity: Decimal;
  unit: string | null;
  unitPrice: Decimal;
  baseQuantity: Decimal;
  taxes: Tax[];
  allowancesCharges: AllowanceCharge[];
  supplyDate: Day | null;
  sourceInvoiceId: Id | null;
  sourceLineId: Id | null;
}
/** What eligibility is judged from: the host reports, merging/ judges. `ordinary`: kind is invoice; `recurring`: a recurrence's master. */
export interface InvoiceHead {
  id: Id;
  number: string | null;
  status: InvoiceStatus;
  customerId: Id;
  companyId: Id | null;
  currency: string;
  issueDate: Day;
  dueDate: Day | null;
  total: Decimal;
  pricesIncludeTax: boolean;
  ordinary: boolean;
  recurring: boolean;
  sent: boolean;
  transmitted: boolean;
  blocked: boolean;
  credited: boolean;
  /** Of all taxes of its lines and of its own allowances and charges, each once. */
  taxCategories: string[];
  /** A discount after tax or an adjustment stands below its tax total. */
  adjusted: boolean;
  mergedIntoId: Id | null;
  reminderLevel: number;
  payments: { count: number; sum: Decimal };
  credits: { count: number; sum: Decimal };
  refusingLinks: string[];
  mustMatch: Record<string, string | null>;
  askIfDiffer: Record<string, string | null>;
}
export interface Invoice extends InvoiceHead {
  discount: Discount | null;
  allowancesCharges: AllowanceCharge[];
  adjustment: Decimal;
  prepaid: Decimal;
  lines: InvoiceLine[];
  totals: Totals;
  /** SHA-256 (22 characters) over the mapped columns, lines, taxes, discounts, payments and credits in canonical form. */
  version: string;
}
/** A line as it comes into the target; `sourceLineId` null = a carried discount (quantity -1 x a positive price). */
export interface CarriedLine extends Omit<InvoiceLine, 'id' | 'sourceInvoiceId'> {
  /** unique in the merge, stable for the source's version */ key: string;
  sourceInvoiceId: Id;
  kind: 'line' | 'allowance' | 'charge';
  extra: Row;
}
/** As it is listed. Its version costs all of its lines: only those that are shown to be ticked get one, from the service. */
export interface Candidate {
  id: Id;
  number: string | null;
  status: InvoiceStatus;
  issueDate: Day;
  dueDate: Day | null;
  currency: string;
  total: Decimal;
  eligible: boolean;
  reasons: { code: Reason; vars: Row }[];
  /** What speaks against any settlement but a credit note. Empty where `reasons` says it, since none is open to the person. */
  creditOnly: { code: Reason; vars: Row }[];
}
export interface Merge {
  id: Id;
  targetId: Id;
  currency: string;
  sources: {
    invoiceId: Id;
    number: string | null;
    issueDate: Day;
    total: Decimal;
    settlement: Settlement;
    creditNote: { id: Id; number: string } | null;
  }[];
  totalsBefore: Totals | null;
  totalsAfter: Totals;
  difference: Decimal;
  causes: { code: string; amount: Decimal }[];
  acknowledged: string[];
  targetNumber: string | null;
  customerId: Id;
  actor: Actor;
  createdAt: string;
  undone: { at: string; by: Actor; reason: string } | null;
  /** Credited, and opened again as drafts; `sourceId` null: what the invoice had of its own. */
  corrected: {
    at: string;
    by: Actor;
    reason: string;
    creditNote: { id: Id; number: string };
    drafts: { sourceId: Id | null; invoiceId: Id }[];
  } | null;
}

// ---------------------------------------------------------------- the host

/** knexHost(map): HostCrm. Any function may be replaced: { ...knexHost(map), cancelInvoices }. */
export interface HostCrm {
  /** What migrations, checkHost, reportable and the plugin's own columns (never written by a replaced function) work from. */
  readonly map: TableMap;
  /** All open documents of the customers, oldest first, without lines: merging/ judges, counts and pages. */
  findCandidates(
    db: Db,
    q: { customerIds: Id[]; exclude?: Id; search?: string; restrict(query: Query, alias: string): void },
  ): Promise<InvoiceHead[]>;
  /** With lines, taxes, discounts; missing ids are left out. */
  loadInvoices(db: Db, ids: Id[]): Promise<Invoice[]>;
  /** The locking write: one UPDATE of the version column of all of them. */
  touchInvoices(trx: Trx, ids: Id[]): Promise<void>;
  appendLines(trx: Trx, targetId: Id, lines: CarriedLine[]): Promise<void>;
  removeLines(trx: Trx, targetId: Id, lineIds: Id[]): Promise<void>;
  /** The document's own fields: fixed discounts and adjustment at a merge and its undo, issuing, renumbering, reminder level. */
  updateInvoice(
    trx: Trx,
    id: Id,
    change: Partial<
      Pick<
        Invoice,
        | 'number'
        | 'status'
        | 'issueDate'
        | 'dueDate'
        | 'discount'
        | 'allowancesCharges'
        | 'adjustment'
        | 'reminderLevel'
      >
    >,
  ): Promise<void>;
  moveLinks(trx: Trx, from: { invoiceIds: Id[]; lineIds: [Id, Id][] }, targetId: Id): Promise<MovedLink[]>;
  /** Gives back those that it left because they point elsewhere by now. */
  restoreLinks(trx: Trx, moved: MovedLink[]): Promise<MovedLink[]>;
  cancelInvoices(trx: Trx, ids: Id[], note: string): Promise<Snapshot[]>;
  deleteInvoices(trx: Trx, ids: Id[]): Promise<Snapshot[]>;
  /** Undoes cancelInvoices (rows put back) and deleteInvoices (inserted, same ids). */
  restoreInvoices(trx: Trx, snapshots: Snapshot[]): Promise<void>;
  /**
   * One credit note per invoice, dated `date`, applied to its invoice, which is settled by it (not cancelled, no payment).
   * Amounts are written as given, never computed. Answers in the order of `credits`. Absent: `credit` cannot be offered.
   */
  creditInvoices?(
    trx: Trx,
    credits: NewCreditNote[],
    date: Day,
  ): Promise<{ invoiceId: Id; creditNoteId: Id; number: string }[]>;
  /**
   * Drafts without number, in the order of `drafts`, each with the ids of its lines in theirs; `saveTotals` follows.
   * Absent: a merge cannot be corrected.
   */
  createDrafts?(trx: Trx, drafts: NewDraft[]): Promise<{ invoiceId: Id; lineIds: Id[] }[]>;
  /** The host's own arithmetic when replaced: it has the last word, a difference is shown. */
  saveTotals(trx: Trx, invoiceId: Id): Promise<{ totals: Totals; status: InvoiceStatus }>;
  allocateNumbers(trx: Trx, type: 'invoice' | 'credit_note', count: number, date: Day): Promise<string[]>;
  /**
   * Stores a payment; the status follows by `saveTotals`, which is called after it. `columns`: what else the host's row
   * needs. Without this function payments that wait can be seen, not allocated.
   */
  recordPayment?(
    trx: Trx,
    payment: { invoiceId: Id | null; methodId: Id; amount: Decimal; date: Day; note: string; columns: Row },
  ): Promise<Id>;
  /**
   * The host's own document for a direct sale that it invoices: numbered and open, its total that of the lines; the
   * payments follow through `recordPayment`. Absent: direct sales can only be paid by what another system invoices.
   */
  createSale?(trx: Trx, sale: Sale): Promise<{ invoiceId: Id; number: string | null }>;
  invoiceUrl(id: Id, page: 'preview' | 'edit' | 'public'): string;
}
/** A basket that was paid; prices without tax, as on invoices. `customerId` null: nobody asked for the name. */
export interface Sale {
  customerId: Id | null;
  currency: string;
  /** The day of the business. */
  date: Day;
  lines: SaleLine[];
  actor: Actor;
}
export interface SaleLine {
  description: string;
  quantity: Decimal;
  unitPrice: Decimal;
  taxes: Tax[];
}
export interface NewCreditNote {
  invoice: Invoice;
  number: string;
  /** In words, the number and date of the invoice that it credits. */
  note: string;
  /** The invoice's own, its discount made fixed. */
  lines: CarriedLine[];
  /** Empty where `creditNotes.allowances` has none of documents: then they are lines. */
  allowancesCharges: AllowanceCharge[];
}
/** A draft made of lines of another invoice, which go along with what `lines.copy` names. */
export interface NewDraft {
  /** Whose columns go along: the seller, the price basis, what `invoices.copy` names. */
  like: Id;
  customerId: Id;
  currency: string;
  issueDate: Day;
  dueDate: Day | null;
  note: string;
  /** Their `sourceLineId` is the line of `like`. */
  lines: CarriedLine[];
  allowancesCharges: AllowanceCharge[];
  adjustment: Decimal;
}
/** `dropped`: the target already had it (the same tag, say). */
export interface MovedLink {
  link: string;
  row: Row;
  from: Id;
  to: Id;
  how: 'moved' | 'copied' | 'dropped';
}
export interface Snapshot {
  invoiceId: Id;
  tables: Record<string, Row[]>;
}
/** Literals and {seq} {seq:5} {yyyy} {yy} {mm}, exactly one {seq}: 'FA-{yyyy}-{seq:5}'. */
export type NumberPattern = string;

export interface TableMap {
  /** Prefix of the plugin's own tables and of the columns it adds to the host's. Default: im_ */
  tablePrefix?: string;
  invoices: {
    table: string;
    id: Col;
    customer: Col;
    number: Col | { sequence: Col; prefix?: Col; date: Col };
    issueDate: Col;
    dueDate?: Col;
    currency: Col | { value: string };
    total: Col;
    subtotal?: Col;
    taxTotal?: Col;
    adjustment?: Col;
    prepaid?: Col;
    note?: Col;
    recurring?: Col;
    company?: Col;
    pricesIncludeTax?: Col | boolean;
    /** Highest reminder already sent; the highest of the sources is kept. */
    reminderLevel?: Col;
    /** Set once it reached the customer. */
    sent?: Col;
    /** Disputed, in collection, payment under way. */
    blocked?: Col;
    /** Set once an e-invoicing platform or the accounts have it: then only `credit`. */
    transmitted?: Col;
    discount?: { value: Col; kind: Col | 'percent' | 'amount'; basis: Col | 'before_tax' | 'after_tax' };
    /** Document kind, and which value is an ordinary invoice (others: deposit, progress, retention, pro forma). */
    kind?: { column: Col; invoice: string | number };
    status:
      | {
          column: Col;
          values: Record<InvoiceStatus, string | number | (string | number)[]>;
          credited?: string | number;
        }
      | {
          of(row: Row, today: Day): InvoiceStatus;
          where(query: Query, statuses: InvoiceStatus[], alias: string): void;
          set?: Partial<Record<InvoiceStatus | 'credited', Row>>;
        };
    /** Columns that must be equal (seller entity, billing address, buyer reference, VAT regime) and columns to ask about (terms, bank, project, agent). */
    mustMatch?: Col[];
    askIfDiffer?: Col[];
    /** Columns that a draft takes along from the corrected invoice. Given, if only as [], merges can be corrected. */
    copy?: Col[];
    /** Soft-deleted rows, other document types. */
    only?(query: Query, alias: string): void;
  };
  lines: {
    table: string;
    id: Col;
    invoice: Col;
    position?: Col;
    description: Col;
    longDescription?: Col;
    quantity: Col;
    unit?: Col;
    unitPrice: Col;
    baseQuantity?: Col;
    supplyDate?: Col;
    fixed?: Row;
    copy?: Col[];
  };
  taxes?:
    | { table: string; line: Col; invoice?: Col; name?: Col; rate: Col; category?: Col; fixed?: Row }
    | { rate: Col; name?: Col; category?: Col };
  allowances?: {
    table: string;
    of: 'invoice' | 'line';
    key: Col;
    kind: Col;
    amount: Col;
    reason?: Col;
    rate?: Col;
    category?: Col;
  }[];
  customers: { table: string; id: Col; name: Col };
  payments?: { table: string; id: Col; invoice: Col; amount: Col; method: Col; date: Col; note?: Col };
  /**
   * Ways to pay, the external ones among them: with `payments`, what billing needs. `cash`: the columns and values of the
   * row that is Cash. `fixed`: what a method added here gets besides its name.
   */
  paymentMethods?: { table: string; id: Col; name: Col; active?: Col; cash: Row; fixed?: Row };
  /** Any row = not a candidate. */
  credits?: { table: string; invoice: Col; amount: Col };
  /** Where credit notes are kept, for the settlement `credit`; their numbers are `series.creditNote`. */
  creditNotes?: {
    table: string;
    id: Col;
    number: Col | { sequence: Col; prefix?: Col; date: Col };
    customer: Col;
    date: Col;
    /** The invoice that it credits, where the host has a column for it. */
    invoice?: Col;
    currency?: Col;
    total: Col;
    subtotal?: Col;
    taxTotal?: Col;
    adjustment?: Col;
    pricesIncludeTax?: Col;
    /** Takes the words that name the credited invoice and its date. */
    note?: Col;
    /** What each of them has: its kind, its status. */
    fixed?: Row;
    /** Columns of the invoice that it takes along under the same name: seller entity, billing address, project. */
    copy?: Col[];
    /** Whether the host keeps their quantities and totals above or below zero. Default: positive. */
    amounts?: 'positive' | 'negative';
    lines: TableMap['lines'];
    taxes?: TableMap['taxes'];
    allowances?: TableMap['allowances'];
    appliedTo: { table: string; note: Col; invoice: Col; amount: Col; date?: Col; fixed?: Row };
  };
  /** How the host rounds tax. Default: document. */
  taxRounding?: 'document' | 'line';
  /** First pattern: for new numbers; others: older ones. `next`: the host's own next-number setting, kept right. */
  series?: Partial<
    Record<
      'invoice' | 'creditNote',
      {
        patterns: NumberPattern[];
        next?: { table: string; column: Col; where: Row };
        /** When the sequence begins anew. Default: each year where a year stands in the pattern, else never. */
        restarts?: 'never' | 'yearly' | 'monthly';
      }
    >
  >;
  /** Rows that go with a deleted invoice and are in its snapshot. */
  owned: { table: string; invoice: Col; fixed?: Row }[];
  links: {
    name: string;
    table: string;
    /** several where a pivot has no id */ id: Col | Col[];
    to: 'invoice' | 'line';
    column: Col;
    /** With `column`, what an invoice bears once (a custom field's value by its field): the target's own stays. */
    unique?: Col[];
    fixed?: Row;
    policy: 'move' | 'copy' | 'keep' | 'refuse';
  }[];
}
