/** What the pages and the API ask of numbering, and the shapes that they get: types only. */
import type { Actor, Day, Db, Id, InvoiceStatus, NumberPattern, Row, Trx } from '../host/contract';

export type DocumentType = 'invoice' | 'credit_note';
export type NumberingAction = 'numbers.view' | 'numbers.adjust';

/** A document of a series. `id`: null where the person may not see it; then only its number and day are told. */
export interface NumberedDocument {
  id: Id | null;
  number: string;
  date: Day | null;
}

/** One series as its row in the list shows it. */
export interface SeriesSummary {
  /** Its key, in addresses and tables: 'FA-2026-', 'INV-{seq}-24'. */
  series: string;
  type: DocumentType;
  pattern: NumberPattern;
  /** The days whose documents belong to it; null: it goes on for ever. */
  period: { from: Day; before: Day } | null;
  /** New numbers of today are of this one. */
  current: boolean;
  /** The lowest and the highest number that anybody is known to have borne, also such as nobody bears any more; null: none yet. */
  first: string | null;
  last: string | null;
  next: string;
  /** Documents that bear a number of it. */
  count: number;
  /** Gaps: runs of missing numbers, explained ones too. */
  gaps: number;
  /** Missing numbers, and how many of them are explained. */
  missing: number;
  explained: number;
}

/** Why a number is not borne by anybody. */
export interface GapCause {
  /**
   * `merge`: deleted in a merge; `deleted`: deleted by the host, through guard('delete'); `renumbered`: its document got
   * another number; `freed`: taken from a cancelled invoice; `given`: it was given, and no document bears it: never saved,
   * or deleted past the plugin.
   */
  kind: 'merge' | 'deleted' | 'renumbered' | 'freed' | 'given';
  at: string;
  /** null: the host did not say. */
  by: Actor | null;
  /** Of the document that bore it; null: nobody knows which. */
  documentId: Id | null;
  mergeId: Id | null;
  /** The number that its document bears instead. */
  newNumber: string | null;
  reason: string | null;
}

/** Written down in place of filling. */
export interface GapExplanation {
  from: number;
  to: number;
  reason: string;
  by: Actor;
  at: string;
}

/** A run of missing numbers, `from` and `to` included. */
export interface Gap {
  series: string;
  from: number;
  to: number;
  /** The same as numbers: 'FA-2026-00012'. */
  fromNumber: string;
  toNumber: string;
  /** The documents on both sides; null: there is none on that side. */
  before: NumberedDocument | null;
  after: NumberedDocument | null;
  /** Of all of its numbers; null: unknown, or not the same for all: see `causes`. */
  cause: GapCause | null;
  /** Of single numbers, the lowest first; those of which nothing is known are left out. At most 100. */
  causes: { sequence: number; number: string; cause: GapCause }[];
  /** What explains all of its numbers; null: nothing, or only some: see `explanations`. */
  explained: GapExplanation | null;
  explanations: GapExplanation[];
}

export interface GapPage {
  series: SeriesSummary;
  gaps: Gap[];
  page: number;
  pages: number;
  /** Gaps of the series. */
  total: number;
}

export type StripKind = 'filled' | 'cancelled' | 'gap' | 'explained';

/** A thousand numbers of a series, as they are drawn. */
export interface Strip {
  series: string;
  /** Sequence numbers of the page, both included: 1 to 1000, 1001 to 2000 …, cut at the first and last of the series. */
  from: number;
  to: number;
  page: number;
  pages: number;
  /** In order, without holes or overlaps. */
  runs: { from: number; to: number; kind: StripKind }[];
}

/** Bears a number that fits no pattern of its type. */
export interface UnmatchedDocument extends NumberedDocument {
  type: DocumentType;
}

/** A number that a cancelled invoice bears, and what it was merged into; null: it was cancelled otherwise. */
export interface CancelledNumber extends NumberedDocument {
  /** `id` and what tells its name: null out of sight. */
  mergedInto: { id: Id | null; number: string | null; date: Day | null } | null;
}

/** Why a number is not given, freed or taken back. */
export type NumberRefusalCode =
  /** Settings: filling gaps (freeing numbers) is switched off. */
  | 'switched_off'
  /** Freeing, under these presets. */
  | 'france'
  | 'eu'
  /** It fits no pattern. */
  | 'format'
  /** Of another series than the invoice's own; `vars.series` is that. */
  | 'other_series'
  /** Above the last number of the series: not given yet. */
  | 'beyond'
  /** The invoice bears it already. */
  | 'same'
  | 'locked'
  | 'cancelled'
  | 'merged'
  | 'credited'
  | 'transmitted'
  | 'not_cancelled'
  | 'no_number'
  /** The host's column takes no empty number. */
  | 'number_required'
  /** Of an undo: the invoice bears another number by now. */
  | 'changed_since'
  /** Of an undo: somebody else bears the old number; `vars.number`. */
  | 'taken';

export interface NumberRefusal {
  code: NumberRefusalCode;
  /** `number`, `lockedUntil`, `series`, as the code needs it. */
  vars: Row;
}

/** What must be answered with yes, and with a reason, before a number is given. */
export type NumberQuestionCode =
  /** A neighbour is dated after it, or before it: `vars.before`, `vars.after` are `{ number, date }` of whom it would pass. */
  | 'date_order'
  /** The invoice is issued: its old number (`vars.number`, maybe null) becomes a gap. */
  | 'issued'
  | 'sent'
  /** An issued invoice bore it before; `vars.number`. */
  | 'gap_of_issued'
  /** Under France: why this does not break the chronology. */
  | 'chronology'
  /** Under EU, where a reason is always written down. */
  | 'reason';

export interface NumberQuestion {
  code: NumberQuestionCode;
  vars: Row;
}

/** A number that could be given to an invoice. */
export interface FreeNumber {
  number: string;
  sequence: number;
  before: NumberedDocument | null;
  after: NumberedDocument | null;
  cause: GapCause | null;
  explained: GapExplanation | null;
  /** Asked if this one is given. */
  questions: NumberQuestion[];
}

/** What the invoice's page of numbers shows. */
export interface FreeNumbers {
  invoice: { id: Id; number: string | null; date: Day; status: InvoiceStatus };
  /** The series of the invoice: of its number, else of its date; null: its number fits no pattern. */
  series: string | null;
  /** Why none can be given to it, whichever; then `free` is empty. */
  refusals: NumberRefusal[];
  /** At most 20, the nearest to the invoice's date first. */
  free: FreeNumber[];
  /** Why its number cannot be freed, else empty; null: it is not cancelled, so that nobody would ask. */
  freeing: { refusals: NumberRefusal[] } | null;
}

/** An invoice that a missing number could be given to. */
export interface Taker {
  id: Id;
  number: string | null;
  date: Day;
  status: InvoiceStatus;
  customer: string;
  questions: NumberQuestion[];
}

export interface GiveRequest {
  invoiceId: Id;
  number: string;
  /** May be empty where nothing is asked. */
  reason: string;
  /** The codes of the questions answered with yes. */
  confirm: string[];
}

/** One act on a number. Kept for ever. */
export interface NumberChange {
  id: Id;
  act: 'give' | 'free' | 'undo';
  type: DocumentType;
  documentId: Id;
  series: string;
  /** What the document bore before, and bears since. */
  from: string | null;
  to: string | null;
  actor: Actor;
  at: string;
  reason: string;
  /** The questions that were answered with yes. */
  confirmed: string[];
  undone: { at: string; by: Actor; reason: string } | null;
}

/** With what stands against taking it back: empty: nothing; null: nobody would, it is undone or an undo itself. */
export interface NumberChangeNow extends NumberChange {
  undo: { refusals: NumberRefusal[] } | null;
}

/** A gap as the auditor's list has it: one row a run of the same cause and the same explanation. */
export interface GapRow {
  series: string;
  fromNumber: string;
  toNumber: string;
  count: number;
  before: NumberedDocument | null;
  after: NumberedDocument | null;
  cause: GapCause | null;
  explained: GapExplanation | null;
}

/** For merging: what becomes of the numbers of the documents that it deletes and brings back. Inside its transaction. */
export interface NumberRecords {
  /** Whoever gives or frees a number of an invoice at that moment waits, or fails on a cluster. */
  hold(trx: Trx): Promise<void>;
  /** These invoices are gone, and their numbers with them. Numbers that fit no pattern leave no gap. */
  deleted(
    trx: Trx,
    invoices: { id: Id; number: string | null; status: InvoiceStatus }[],
    why: { mergeId: Id | null; actor: Actor | null; at: string },
  ): Promise<void>;
  /** They bear these numbers again: what had taken them is over, a freeing is taken back. */
  restored(
    trx: Trx,
    invoices: { id: Id; number: string | null }[],
    act: { actor: Actor; at: string; reason: string },
  ): Promise<void>;
  /** An undo brought the invoice back under another number, since somebody else bears its own. */
  renumbered(
    trx: Trx,
    invoice: { id: Id; from: string; to: string },
    act: { actor: Actor; at: string; reason: string },
  ): Promise<void>;
  /** The invoices that bore this number once and bear another one, or none, by an act that stands. */
  formerBearers(db: Db, number: string): Promise<Id[]>;
}

/**
 * Reads ask for nothing but what `db` is; who may call them is the caller's matter (`demand`). Every function hides what the
 * person may not see: `actor`. Writes check `numbers.adjust` themselves and run in a transaction of their own, run again as a
 * whole where the database says so.
 */
export interface NumberingService {
  /** @throws IM_FORBIDDEN 403 */
  demand(actor: Actor, action: NumberingAction, invoiceId?: Id): Promise<void>;
  may(actor: Actor, action: NumberingAction): Promise<boolean>;

  /** All series of all patterns, invoices first, the latest period first. Exact counts: a scan of each series' numbers. */
  series(db: Db): Promise<SeriesSummary[]>;
  /** @throws IM_NOT_FOUND 404 for what is no series */
  oneSeries(db: Db, series: string): Promise<SeriesSummary>;
  /** Fifty a page, the highest numbers last; beyond the end there are none. @throws IM_NOT_FOUND 404 */
  gaps(db: Db, query: { series: string; page: number; actor: Actor }): Promise<GapPage>;
  /** The one gap that this number is in; null: it is none. @throws IM_NOT_FOUND 404 */
  gapAt(db: Db, query: { series: string; sequence: number; actor: Actor }): Promise<Gap | null>;
  /** A page of the strip; left out, or beyond the end: the last. @throws IM_NOT_FOUND 404 */
  strip(db: Db, query: { series: string; page?: number }): Promise<Strip>;
  /** The numbers of the series that cancelled invoices bear, of those in sight, fifty a page, the highest last. @throws IM_NOT_FOUND 404 */
  cancelled(
    db: Db,
    query: { series: string; page: number; actor: Actor },
  ): Promise<{ documents: CancelledNumber[]; page: number; pages: number; total: number }>;
  /** Documents in sight that bear a number of no pattern, fifty a page, newest first. */
  unmatched(
    db: Db,
    query: { type: DocumentType; page: number; actor: Actor },
  ): Promise<{ documents: UnmatchedDocument[]; page: number; pages: number; total: number }>;
  /** Every gap of a series for a file or a printed page, read in portions: memory does not grow. @throws IM_NOT_FOUND 404 */
  exportRows(db: Db, query: { series: string; actor: Actor }): AsyncGenerator<GapRow>;

  /** What could be given to an invoice. @throws IM_NOT_FOUND 404 */
  freeNumbers(db: Db, query: { invoiceId: Id; actor: Actor }): Promise<FreeNumbers>;
  /** The invoices of its series that a missing number could be given to, at most 20, the nearest in date first. @throws IM_NOT_FOUND 404 */
  takers(db: Db, query: { series: string; sequence: number; search?: string; actor: Actor }): Promise<Taker[]>;
  /**
   * @throws IM_NOT_FOUND 404, IM_FORBIDDEN 403; IM_NUMBER_TAKEN 409 `{ number, document: { id, number, date } }` (id null out of
   *   sight); IM_NUMBER_REFUSED 422 `{ number, refusals }`; IM_NUMBER_QUESTIONS 422 `{ number, questions }` until all are
   *   confirmed; IM_REASON_REQUIRED 422 where something is asked and nothing was written
   */
  give(request: GiveRequest, actor: Actor): Promise<NumberChange>;
  /** Takes the number from a cancelled invoice. @throws as give; a reason is always needed */
  free(request: { invoiceId: Id; reason: string }, actor: Actor): Promise<NumberChange>;
  /**
   * Takes a give or a free back while the old number is free.
   * @throws IM_NOT_FOUND 404, IM_FORBIDDEN 403; IM_NUMBER_UNDONE 409 when somebody did; IM_NUMBER_REFUSED 422; IM_REASON_REQUIRED 422
   */
  undo(request: { changeId: Id; reason: string }, actor: Actor): Promise<NumberChange>;
  /** All changes of an invoice's number, newest first. @throws IM_NOT_FOUND 404 */
  changesOf(db: Db, query: { invoiceId: Id; actor: Actor }): Promise<NumberChangeNow[]>;
  /**
   * The numbers that these invoices bore by such changes and do not bear now, the latest first; who never did is left out.
   * One statement. Of whatever invoices the caller shows: it asks for no permission.
   */
  formerNumbers(db: Db, invoiceIds: Id[]): Promise<Map<Id, string[]>>;

  /**
   * Explains missing numbers in writing, `from` and `to` included.
   * @throws IM_NOT_FOUND 404, IM_FORBIDDEN 403; IM_NOT_A_GAP 409 `{ number, document }` where somebody bears one of them or
   *   they lie outside the series; IM_GAP_EXPLAINED 409 where one is explained already; IM_REASON_REQUIRED 422
   */
  explain(request: { series: string; from: number; to: number; reason: string }, actor: Actor): Promise<GapExplanation>;
  /** Takes back every explanation that touches these numbers. @throws IM_NOT_FOUND 404 where there is none; IM_REASON_REQUIRED 422 */
  withdraw(request: { series: string; from: number; to: number; reason: string }, actor: Actor): Promise<void>;
}
