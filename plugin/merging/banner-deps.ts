/** What the banner's rooms share: what they work with, what was asked, and what every template needs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec, Options } from '../contract';
import { isPluginError } from '../errors';
import type { Actor, Db, Id } from '../host/contract';
import type { Words } from '../i18n';
import type { Render } from '../web/render';
import type { ListView } from './banner-list';
import type { CandidateList, MergingService } from './contract';
import { FIELDS, type MergeForm } from './payload';

/** What merging's pages work with; create-plugin.ts puts it together. */
export interface MergingPageDeps {
  db: Db;
  service: MergingService;
  /** null = nobody is signed in. */
  actorOf: (req: IncomingMessage) => Promise<Actor | null>;
  wordsOf: (req: IncomingMessage) => Words;
  render: Render;
  urls: {
    /** Public base of the router, without a slash at the end; '' at the root. */
    base: string;
    /** Where our pages stand, without a slash at the end. */
    pages: string;
    asset: (name: string) => string;
    invoice: (id: Id, page: 'preview' | 'edit') => string;
  };
  csrf?: Options<IncomingMessage>['csrf'];
  nonce?: Options<IncomingMessage>['nonce'];
}

/** What the request and the host's page say the create or edit page is about. */
export interface Wanted {
  customerId: Id | undefined;
  currency: string | undefined;
  invoiceId: Id | undefined;
  form: MergeForm | null;
  /** What the page's address asks to tick: the person came to merge. */
  toTick: 'all' | Id[];
  view: ListView;
}

/** In the create page's address: all that can be merged is ticked when the page comes. */
export const TICK_ALL = { name: 'invoiceMergeAll', value: '1' } as const;

/** The host's address may have a query of its own, and a place in the page. @param added a list is repeated */
export function withQuery(url: string, added: Record<string, string | string[]>): string {
  const [, path = '', query = '', hash = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  for (const [name, value] of Object.entries(added)) {
    parameters.delete(name);
    for (const one of [value].flat()) parameters.append(name, one);
  }
  return `${path}?${parameters}${hash}`;
}

/**
 * The way to a new invoice that takes this issued one, and what else was ticked; null where there is none.
 * @param ticked ids of other sources
 */
export function regroupUrl<Req extends IncomingMessage>(
  req: Req,
  spec: BannerSpec<Req>,
  { mayRegroup, target }: Pick<CandidateList, 'mayRegroup' | 'target'>,
  ticked: Id[],
): string | null {
  const url = mayRegroup && target ? spec.createUrl?.(req, target.customerId) : undefined;
  if (url === undefined || !target) return null;
  const { id, customerId, currency } = target;
  return withQuery(url, { customerId, currency, [FIELDS.source]: [id, ...ticked] });
}

/** Whether the person may, where a page shows less to whoever may not. */
export const allows = (service: MergingService, ...[actor, action, about]: Parameters<MergingService['demand']>) =>
  service.demand(actor, action, about).then(
    () => true,
    (error: unknown) => {
      if (isPluginError(error) && error.status === 403) return false;
      throw error;
    },
  );

/** What every template of the banner needs. */
export const chrome = (deps: MergingPageDeps, req: IncomingMessage, res: ServerResponse, words: Words) => ({
  locale: words.locale,
  t: words.t,
  nonce: deps.nonce?.(req, res) ?? null,
  stylesheet: deps.urls.asset('css/banner.css'),
  script: deps.urls.asset('js/banner.js'),
});
