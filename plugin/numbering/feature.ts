/** Numbering put together: stores, service, the JSON API and the pages. create-plugin only calls it. */
import type { IncomingMessage } from 'node:http';
import type { Router } from 'express';
import type { Actor, Id } from '../host/contract';
import type { Endpoint } from '../web/endpoints';
import type { NumberingDeps } from './deps';
import { numbersEndpoints } from './endpoints';
import { numbersRoutes } from './routes';
import { paths, type NumbersPageDeps } from './routes-deps';
import { createNumbersNote, type NumbersNote, type NumbersNoteDeps } from './routes-note';
import { createNumbering, type Numbering } from './service';
import { createSeriesStore } from './store';
import { createChangeStore } from './store-changes';
import { createGapStore } from './store-gaps';

/** What others of the house need before pages can be made: allocation, and what merging writes down. */
export function createNumberingFeature(deps: Omit<NumberingDeps, 'stores'> & { prefix: string }): Numbering {
  const { prefix, ...shared } = deps;
  return createNumbering({
    ...shared,
    stores: { series: createSeriesStore(prefix), changes: createChangeStore(prefix), gaps: createGapStore(prefix) },
  });
}

export interface NumbersWeb {
  endpoints: Endpoint[];
  pages: Router;
  /** What the host's page of an invoice says of its former numbers. */
  note: NumbersNote;
  /** Our page of one invoice's number. */
  pageOf(invoiceId: Id): string;
}

export interface NumbersWebDeps
  extends Omit<NumbersPageDeps, 'service' | 'urls' | 'opensMerges'>, Omit<NumbersNoteDeps, 'service' | 'urls'> {
  urls: NumbersPageDeps['urls'] & NumbersNoteDeps['urls'];
  timeZone: string;
  /** Whether this person may open the pages of merges. */
  opensMerges(actor: Actor): Promise<boolean>;
  wordsOf: NumbersPageDeps['wordsOf'] & ((req: IncomingMessage) => unknown);
}

export function createNumbersWeb({ service }: Pick<Numbering, 'service'>, deps: NumbersWebDeps): NumbersWeb {
  return {
    endpoints: numbersEndpoints({ ...deps, service }),
    pages: numbersRoutes({ ...deps, service }),
    note: createNumbersNote({ ...deps, service }),
    pageOf: (invoiceId) => deps.urls.pages + paths.invoice(invoiceId),
  };
}
