/** What numbering's pages share: what they work with, and where each of them stands. */
import type { IncomingMessage } from 'node:http';
import type { Options } from '../contract';
import type { Actor, Db, Id } from '../host/contract';
import type { Words } from '../i18n';
import type { Pages } from '../web/page';
import type { NumberingService } from './contract';

/** Below our pages. */
export const NUMBERS_PATH = '/numbers';

export interface NumbersPageDeps {
  db: Db;
  service: NumberingService;
  pages: Pages;
  wordsOf: (req: IncomingMessage) => Words;
  /** null = nobody is signed in. */
  actorOf: (req: IncomingMessage) => Promise<Actor | null>;
  urls: {
    /** Public base of the router, without a slash at the end. */
    base: string;
    invoice: (id: Id, page: 'preview') => string;
  };
  /** Whether this person may open the pages of merges. */
  opensMerges(actor: Actor): Promise<boolean>;
  clock: () => Date;
  csrf?: Options<IncomingMessage>['csrf'];
}

/**
 * Paths below our pages. A series stands in the query: its key may hold a slash, which some proxies unpack in a path.
 */
export const paths = {
  series: (series: string, more: Record<string, string | number> = {}): string =>
    `${NUMBERS_PATH}/series?${new URLSearchParams({ key: series, ...strings(more) })}`,
  print: (series: string): string => `${NUMBERS_PATH}/print?${new URLSearchParams({ key: series })}`,
  gap: (series: string, sequence: number): string =>
    `${NUMBERS_PATH}/gap?${new URLSearchParams({ key: series, n: String(sequence) })}`,
  unmatched: (type: string, page = 1): string =>
    `${NUMBERS_PATH}/unmatched?${new URLSearchParams({ type, page: String(page) })}`,
  invoice: (invoiceId: Id): string => `${NUMBERS_PATH}/invoices/${encodeURIComponent(invoiceId)}`,
  give: (invoiceId: Id, number?: string): string =>
    `${NUMBERS_PATH}/invoices/${encodeURIComponent(invoiceId)}/give${number === undefined ? '' : `?${new URLSearchParams({ number })}`}`,
};

const strings = (more: Record<string, string | number>): Record<string, string> =>
  Object.fromEntries(Object.entries(more).map(([name, value]) => [name, String(value)]));

/** The export of the JSON API, which the pages lead to. */
export const exportUrl = (base: string, series: string): string =>
  `${base}/api/series/${encodeURIComponent(series)}/gaps/export.csv`;
