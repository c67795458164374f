/** What the banner's rooms share: what they work with, what was asked, and what every template needs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Options } from '../contract';
import type { Actor, Db, Id } from '../host/contract';
import type { Words } from '../i18n';
import type { Render } from '../web/render';
import type { ListView } from './banner-list';
import type { MergingService } from './contract';
import type { MergeForm } from './payload';

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
  /** All that can be merged is to be ticked: the person came to merge. */
  tickAll: boolean;
  view: ListView;
}

/** What every template of the banner needs. */
export const chrome = (deps: MergingPageDeps, req: IncomingMessage, res: ServerResponse, words: Words) => ({
  locale: words.locale,
  t: words.t,
  nonce: deps.nonce?.(req, res) ?? null,
  stylesheet: deps.urls.asset('css/banner.css'),
  script: deps.urls.asset('js/banner.js'),
});
