/** What merging/ offers to its routes, its banner and create-plugin; implemented in service.ts. */
import type { PluginError } from '../errors';
import type {
  Actor,
  Candidate,
  CarriedLine,
  Day,
  Db,
  Id,
  Invoice,
  InvoiceStatus,
  Merge,
  MovedLink,
  Reason,
  Row,
  Settlement,
  SettlementChoice,
} from '../host/contract';
import type { AllowanceCharge, Decimal, Totals } from '../money/types';
import type { RulesNow } from '../settings/contract';

export interface Refusal {
  code: Reason;
  vars: Row;
}

/** What the page warns of before saving. The server asks nothing of it: what was shown counts as acknowledged. */
export interface MonthWarnings {
  /** What a new invoice is dated. */
  today: Day;
  /** Withdrawing issued invoices of earlier months, whose VAT may be declared: nobody says until when books are closed. */
  earlier: boolean;
  /** Bringing several months together. */
  several: boolean;
}

/** For each kind of source what is offered, and which of it unless the person chooses; and what else the preset says. */
export interface SettlementOffer extends RulesNow {
  months: MonthWarnings;
  /** False: the person merges with the default only. */
  mayChoose: boolean;
  /** Why `delete` is not offered although settings allow it: columns that point at invoices and are not mapped. */
  deleteBlockedBy: { where: string; mend: string }[];
}

/** All open documents of a customer, judged against a target (or against a new invoice). */
export interface CandidateList {
  customer: { id: Id; name: string } | null;
  target: Invoice | null;
  /** Why nothing can be merged into the target. */
  refusal: Refusal | null;
  /** The target takes no lines because it is issued, and may itself go into a new invoice. */
  mayRegroup: boolean;
  /** Oldest first; those that may not merge carry their reasons. */
  candidates: Candidate[];
  /** What the invoice is in: as asked, else the target's, else what most that go together are in. null: nothing to merge. */
  currency: string | null;
  /** For a new invoice: the currencies that it could be in, with how many could be merged into it. */
  currencies: { currency: string; count: number }[];
  /** For a new invoice: the most that may all go into it. */
  together: Id[];
}

/** What a source brings into the form. */
export interface SourceLines {
  source: {
    id: Id;
    number: string | null;
    issueDate: Day;
    currency: string;
    version: string;
    totals: Totals;
    /** By column of the host: what is asked about where it is not the same on all. */
    askIfDiffer: Record<string, string | null>;
  };
  lines: CarriedLine[];
  /** Document allowances and charges, fixed discount included; empty on hosts that keep none per invoice (then they are lines). */
  allowancesCharges: AllowanceCharge[];
  adjustment: Decimal;
  pricesIncludeTax: boolean;
}

/** Of one of those asked for: its lines, or why it brings none. */
export type BroughtLines = { sourceId: Id } & (
  { lines: SourceLines; error?: undefined } | { lines?: undefined; error: PluginError }
);

export interface DifferenceCause {
  code: string;
  amount: Decimal;
}

export interface MergePreview {
  sources: SourceLines[];
  /** The target as saved; null for a new invoice. */
  target: Totals | null;
  /** Sum of the sources' totals. */
  merged: Totals;
  after: Totals;
  difference: Decimal;
  causes: DifferenceCause[];
  refusals: { invoiceId: Id; reasons: Refusal[] }[];
}

/** What became of an invoice, or what it replaces. */
export interface InvoiceMerges {
  mergedInto: {
    invoiceId: Id;
    mergeId: Id;
    number: string | null;
    /** null where it does not stand any more. */ date: Day | null;
    at: string;
    by: Actor;
    corrected: boolean;
    settlement: Settlement;
    creditNote: { id: Id; number: string } | null;
  } | null;
  replaces: {
    invoiceId: Id;
    number: string | null;
    date: Day;
    total: Decimal;
    currency: string;
    settlement: Settlement;
    creditNote: { id: Id; number: string } | null;
    mergeId: Id;
    at: string;
    by: Actor;
    corrected: boolean;
  }[];
}

export interface MergeRequest {
  targetId: Id;
  targetVersion?: string;
  sources: { id: Id; version: string }[];
  settlement: SettlementChoice;
  key: string;
  shownTotal?: Decimal;
  acknowledged?: string[];
}

export type UndoRefusalCode =
  | 'target_gone'
  | 'merged_on'
  | 'merged_since'
  | 'paid'
  | 'partial'
  | 'cancelled'
  | 'credits'
  | 'credit_note'
  | 'transmitted'
  | 'locked'
  | 'lines_changed'
  | 'discount_changed'
  | 'link'
  | 'id_taken'
  | 'number_taken'
  | 'sent'
  | 'issued';

export interface UndoRefusal {
  code: UndoRefusalCode;
  vars: Row;
}

/** Beside these, what also stands against an undo: payments, credits, a merge on. */
export type CorrectRefusalCode =
  | Extract<UndoRefusalCode, 'target_gone' | 'merged_on' | 'paid' | 'partial' | 'cancelled' | 'credits'>
  | 'unable'
  | 'draft'
  | 'undo_instead'
  | 'today_locked';

export interface CorrectRefusal {
  code: CorrectRefusalCode;
  vars: Row;
}

export interface CorrectRequest {
  mergeId: Id;
  reason: string;
}

export interface UndoRequest {
  mergeId: Id;
  reason: string;
  /** The person was told that the invoice reached the customer, and goes on. */
  confirmSent?: boolean;
  /** Whose number another invoice bears by now comes back under the next number of its series, with a note of the old one. */
  numberTaken?: 'new_number';
}

export interface Undone {
  merge: Merge;
  /** What the merge had moved and somebody has put elsewhere since: left there. */
  linksLeft: MovedLink[];
  renumbered: { invoiceId: Id; from: string; to: string }[];
}

/** One merge as its page shows it, with what could be done about it now. */
export interface MergeDossier {
  merge: Merge;
  /** Merging's target as it stands. */
  target: Invoice | null;
  currency: string;
  /** In the order of `merge.sources`: those that the person may see. */
  sources: { invoiceId: Id; issueDate: Day; statusBefore: InvoiceStatus; exists: boolean }[];
  /** How many lines came along. */
  lines: number;
  /** How many rows of each link the merge brought along. */
  links: { link: string; count: number }[];
  /** Why it cannot be undone, else empty; null: undone already, or not for this person. */
  undo: {
    refusals: UndoRefusal[];
    /** Of those: what the person may answer with yes. */
    answers: UndoRefusalCode[];
  } | null;
  /** Why it cannot be corrected, else empty; null: not for this person, or over. */
  correct: { refusals: CorrectRefusal[] } | null;
  /** Of an undone merge: what stayed where somebody had put it, and who came back under another number. */
  left: { links: { link: string; count: number }[]; renumbered: Undone['renumbered'] } | null;
}

/** An invoice in a lineage. */
export interface LineageNode {
  invoiceId: Id;
  number: string | null;
  issueDate: Day | null;
  total: Decimal | null;
  currency: string;
  /** False: a merge has deleted it. */
  stands: boolean;
  /** The merge between it and its neighbour towards the invoice that was asked for; null for that one. */
  merge: {
    id: Id;
    at: string;
    by: string;
    undone: boolean;
    /** Of the source of the two. */
    settlement: Settlement;
    creditNote: string | null;
  } | null;
  /** What came into it; nothing through an undone merge. */
  from: LineageNode[];
}

export interface Lineage {
  root: LineageNode;
  /** What it became, one after the other. */
  into: LineageNode[];
  /** What it would have become, had the merges not been undone. */
  undoneInto: LineageNode[];
}

export interface HistoryFilter {
  /** As target or as source. */
  invoiceId?: Id;
  customerId?: Id;
  /** Part of a customer's name. */
  customer?: string;
  actorId?: Id;
  /** Days in the business time zone, both included. */
  from?: Day;
  to?: Day;
  /** Of at least one source. */
  settlement?: Settlement;
  undone?: boolean;
  /** Merges that stand, in which issued invoices were cancelled or deleted without a credit note; false: the others. */
  uncredited?: boolean;
}

/** How many open invoices of each customer the person could merge into one new invoice; see mergeable.ts. */
export type CountMergeable = (db: Db, query: { customerIds: Id[]; actor: Actor }) => Promise<Map<Id, number>>;

export interface MergingService {
  /** False while merging is switched off. */
  enabled(db: Db): Promise<boolean>;
  settlements(db: Db, actor: Actor): Promise<SettlementOffer>;
  /** @throws IM_DISABLED 409 while merging is switched off; so do `lines`, `preview` and `merge` */
  candidates(
    db: Db,
    query: { customerId: Id; targetId?: Id; currency?: string; search?: string; actor: Actor },
  ): Promise<CandidateList>;
  mergeable: CountMergeable;
  /** Of candidates that are shown: a version costs all lines of its invoice. Missing ids are left out. */
  versions(db: Db, ids: Id[]): Promise<Map<Id, string>>;
  /**
   * Of each in the order asked for; an error is IM_NOT_FOUND where the person may not see it, IM_NOT_MERGEABLE with reasons.
   * As many statements for one as for a hundred.
   * @throws IM_NOT_FOUND 404 for a target out of sight
   */
  lines(db: Db, query: { sourceIds: Id[]; targetId?: Id; actor: Actor }): Promise<BroughtLines[]>;
  preview(db: Db, query: { targetId?: Id; customerId?: Id; sourceIds: Id[]; actor: Actor }): Promise<MergePreview>;
  /** POST /merges: its own transaction, retried as a whole. */
  merge(request: MergeRequest, actor: Actor): Promise<{ merge: Merge; replayed: boolean }>;
  /**
   * Its own transaction, retried as a whole.
   * @throws IM_NOT_FOUND 404, IM_ALREADY_UNDONE 409, IM_FORBIDDEN 403, IM_UNDO_REFUSED 422 with every reason
   */
  undo(request: UndoRequest, actor: Actor): Promise<Undone>;
  /**
   * Credits the invoice and opens a draft for each of its parts. Its own transaction, retried as a whole.
   * @throws IM_NOT_FOUND 404, IM_ALREADY_UNDONE and IM_ALREADY_CORRECTED 409, IM_FORBIDDEN 403, IM_CORRECT_REFUSED 422
   */
  correct(request: CorrectRequest, actor: Actor): Promise<Merge>;
  /** For whoever may read merges or undo this one. @throws IM_NOT_FOUND 404 as mergeById; IM_FORBIDDEN 403 */
  dossier(db: Db, mergeId: Id, actor: Actor): Promise<MergeDossier>;
  /** Whether a link to Undo is worth showing: rights only, nothing is judged. */
  mayUndo(db: Db, merge: { targetId: Id; actor: Actor }, actor: Actor): Promise<boolean>;
  /** IM_NOT_FOUND 404 where the person sees neither its target nor what that one was merged into and deleted. Sources out of sight are left out. */
  mergeById(db: Db, id: Id, actor: Actor): Promise<Merge>;
  /** A page of the merges that the person may see, newest first. */
  merges(
    db: Db,
    query: HistoryFilter & { page: number; actor: Actor },
  ): Promise<{ merges: Merge[]; page: number; pages: number; total: number }>;
  /** Only what the person may see; a deleted source belongs to whoever sees its successor. */
  mergesOf(db: Db, invoiceId: Id, actor: Actor): Promise<InvoiceMerges>;
  /** All that an invoice came from and became, of what the person may see; null: nothing. Statements by levels, not by invoices. */
  lineage(db: Db, invoiceId: Id, actor: Actor): Promise<Lineage | null>;
  /** Throws IM_FORBIDDEN 403. */
  demand(actor: Actor, action: 'merge.view' | 'merge.apply' | 'merge.history', invoiceId?: Id): Promise<void>;
}
