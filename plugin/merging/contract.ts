/** What merging/ offers to its routes, its banner and create-plugin; implemented in service.ts. */
import type {
  Actor,
  Candidate,
  CarriedLine,
  Day,
  Db,
  Id,
  Invoice,
  Merge,
  Reason,
  Row,
  Settlement,
  SettlementChoice,
} from '../host/contract';
import type { AllowanceCharge, Decimal, Totals } from '../money/types';
import type { SettlementRule } from '../settings/contract';

export interface Refusal {
  code: Reason;
  vars: Row;
}

export interface SettlementOffer {
  /** For each kind of source what is offered, and which of it unless the person chooses. */
  issued: SettlementRule;
  draft: SettlementRule;
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
  /** Oldest first; those that may not merge carry their reasons. */
  candidates: Candidate[];
}

/** What a source brings into the form. */
export interface SourceLines {
  source: { id: Id; number: string | null; issueDate: Day; currency: string; version: string; totals: Totals };
  lines: CarriedLine[];
  /** Document allowances and charges, fixed discount included; empty on hosts that keep none per invoice (then they are lines). */
  allowancesCharges: AllowanceCharge[];
  adjustment: Decimal;
  pricesIncludeTax: boolean;
}

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
    number: string | null;
    /** null where it does not stand any more. */ date: Day | null;
    at: string;
    by: Actor;
    settlement: Settlement;
  } | null;
  replaces: {
    invoiceId: Id;
    number: string | null;
    date: Day;
    total: Decimal;
    currency: string;
    settlement: Settlement;
    mergeId: Id;
    at: string;
    by: Actor;
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

export interface MergingService {
  /** False while merging is switched off. */
  enabled(db: Db): Promise<boolean>;
  settlements(db: Db, actor: Actor): Promise<SettlementOffer>;
  /** @throws IM_DISABLED 409 while merging is switched off; so do `lines`, `preview` and `merge` */
  candidates(
    db: Db,
    query: { customerId: Id; targetId?: Id; currency?: string; search?: string; actor: Actor },
  ): Promise<CandidateList>;
  /** IM_NOT_FOUND 404 where the person may not see it; IM_NOT_MERGEABLE 422 with reasons. */
  lines(db: Db, query: { sourceId: Id; targetId?: Id; actor: Actor }): Promise<SourceLines>;
  preview(db: Db, query: { targetId?: Id; customerId?: Id; sourceIds: Id[]; actor: Actor }): Promise<MergePreview>;
  /** POST /merges: its own transaction, retried as a whole. */
  merge(request: MergeRequest, actor: Actor): Promise<{ merge: Merge; replayed: boolean }>;
  mergeById(db: Db, id: Id, actor: Actor): Promise<Merge>;
  /** Only what the person may see; a deleted source belongs to whoever sees its successor. */
  mergesOf(db: Db, invoiceId: Id, actor: Actor): Promise<InvoiceMerges>;
  /** Throws IM_FORBIDDEN 403. */
  demand(actor: Actor, action: 'merge.view' | 'merge.apply' | 'merge.history', invoiceId?: Id): Promise<void>;
}
