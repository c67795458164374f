/** What every part of numbering works with; made once by feature.ts. */
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Options } from '../contract';
import type { Day, Db, HostCrm } from '../host/contract';
import { todayIn } from '../host/own-columns';
import type { SettingsService } from '../settings/contract';
import type { SeriesStore } from './store';
import type { ChangeStore } from './store-changes';
import type { GapStore } from './store-gaps';

export interface NumberingDeps {
  knex: Knex;
  host: HostCrm;
  stores: { series: SeriesStore; changes: ChangeStore; gaps: GapStore };
  settings: SettingsService;
  authorize: Options<IncomingMessage>['authorize'];
  scope: Options<IncomingMessage>['scope'];
  clock: () => Date;
  /** Of the business: which day it is. */
  timeZone: string;
  /** Last day whose accounts are closed; null when none is. */
  lockedUntil(db: Db): Promise<Day | null>;
}

export const today = (deps: Pick<NumberingDeps, 'timeZone' | 'clock'>): Day => todayIn(deps.timeZone, deps.clock());
