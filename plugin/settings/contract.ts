/** What admins decide, and who changed it when: types only. */
import type { Actor, Day, Db, Settlement, SettlementChoice } from '../host/contract';

/** What may become of merged invoices of one kind; `default` is among `offered`. */
export interface SettlementRule<S extends Settlement = Settlement> {
  offered: S[];
  default: S;
}

/** Where the business invoices, which decides what is lawful: see rules.ts. */
export type Preset = 'none' | 'france' | 'eu';

/** What bookkeepers may do with numbers by hand. */
export interface NumberSettings {
  /** A number that no document bears may be given to an invoice. */
  fillGaps: boolean;
  /** The number of a cancelled invoice may be taken from it. */
  freeCancelled: boolean;
}

export interface Settings {
  /** Off: nothing can be merged and no banner is shown; what was merged stays as it is. */
  enabled: boolean;
  /** null: nobody has chosen yet, which counts as `none`. */
  preset: Preset | null;
  /** Last day whose accounts or VAT return are closed; the later of it and of the hook `lockedUntil` holds. */
  lockedUntil: Day | null;
  /** What is offered where the preset leaves the choice (`none`), for sources that bear a number. */
  issued: SettlementRule;
  draft: SettlementRule<SettlementChoice['draft']>;
  /**
   * A direct sale that another system bills gets an invoice of the host all the same, for hosts that invoice themselves
   * what another system only collects.
   */
  directSaleInvoice: boolean;
  /** As far as the preset leaves the choice: see `numberRules`. */
  numbers: NumberSettings;
}

/** What holds for numbers at this moment. */
export interface NumberRules extends NumberSettings {
  preset: Preset;
  /**
   * What filling a gap asks for besides: nothing, a reason (EU), or a reason that says why the order of dates is broken
   * (France, where numbers follow each other in it).
   */
  fillAsks: 'nothing' | 'reason' | 'chronology';
}

/** What holds at this moment: the settings under their preset, as far as the host goes along. */
export interface RulesNow extends Pick<Settings, 'issued' | 'draft'> {
  preset: Preset;
  /** False: an invoice that bears a number takes no further lines, so that targets are new or drafts. */
  issuedTargets: boolean;
  /** Invoices of several months in one are warned about. */
  warnsAcrossMonths: boolean;
}

/** What this host can do at all. */
export interface HostAbilities {
  /** Columns of it point at invoices and are not mapped. */
  deleteBlocked: boolean;
  canCredit: boolean;
}

export interface SettingsNow extends Settings {
  /** Counts the changes: a form that was made from an older one is refused. */
  version: number;
}

export interface SettingsChange {
  at: string;
  by: Actor;
  before: Settings;
  after: Settings;
}

export interface SettingsService {
  /** One statement; in a transaction the latest. */
  read(db: Db): Promise<SettingsNow>;
  /** @throws IM_DISABLED 409 while merging is switched off */
  demandEnabled(db: Db): Promise<void>;
  mayManage(actor: Actor): Promise<boolean>;
  /** @throws IM_FORBIDDEN 403 */
  demandManage(actor: Actor): Promise<void>;
  /**
   * Changes what is given, in a transaction of its own, and logs it.
   * @param version of the settings that the person saw; left out where the change says all by itself (on, off)
   * @throws IM_FORBIDDEN 403; IM_STALE_SETTINGS 409 `{ now, at, by }` when they were changed since; IM_CREDIT_UNAVAILABLE
   *   422 for what needs credit notes on a host without them
   */
  change(actor: Actor, wanted: Partial<Settings>, version?: number): Promise<SettingsNow>;
  /** The latest first. */
  changes(db: Db, limit: number): Promise<SettingsChange[]>;
}
