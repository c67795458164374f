/** What admins decide, and who changed it when: types only. */
import type { Actor, Db } from '../host/contract';

/** What may become of merged invoices of one kind; `default` is among `offered`. */
export interface SettlementRule {
  offered: ('cancel' | 'delete')[];
  default: 'cancel' | 'delete';
}

export interface Settings {
  /** Off: nothing can be merged and no banner is shown; what was merged stays as it is. */
  enabled: boolean;
  /** For sources that bear a number. */
  issued: SettlementRule;
  draft: SettlementRule;
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
   * @throws IM_FORBIDDEN 403; IM_STALE_SETTINGS 409 `{ now, at, by }` when they were changed since
   */
  change(actor: Actor, wanted: Partial<Settings>, version?: number): Promise<SettingsNow>;
  /** The latest first. */
  changes(db: Db, limit: number): Promise<SettingsChange[]>;
}
