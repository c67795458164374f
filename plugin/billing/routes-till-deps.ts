/** What the pages of the till and of the history work with. */
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Action, Options } from '../contract';
import type { HandoverService } from '../handover/contract';
import type { Actor, Id } from '../host/contract';
import type { Words } from '../i18n';
import type { Pages } from '../web/page';
import type { CheckoutService } from './checkout';
import type { SaleActs } from './sale-acts';
import type { SalesHistory } from './sales-history';
import type { SaleStore } from './store-sales';
import type { Taking } from './taking';
import type { TillDeps } from './till-deps';
import type { MethodSnapshot } from './types';

export interface TillPageDeps {
  knex: Knex;
  till: TillDeps;
  store: SaleStore;
  checkout: CheckoutService;
  taking: Taking;
  history: SalesHistory;
  acts: SaleActs;
  handover: HandoverService | null;
  pages: Pages;
  wordsOf: (req: IncomingMessage) => Words;
  actorOf: (req: IncomingMessage) => Promise<Actor | null>;
  may(actor: Actor, action: Action): Promise<boolean>;
  csrf?: Options<IncomingMessage>['csrf'];
  /** Where browsers reach the router: the API stands below it. */
  base: string;
  invoiceUrl(id: Id, page: 'preview'): string;
  /** The picture of a method, as it is or as it was. */
  pictureOf(method: Pick<MethodSnapshot, 'imageId' | 'kind' | 'isCash' | 'name'>): string | null;
  clock: () => Date;
}

export const CHECKOUT_PATH = '/checkout';
export const SALES_PATH = '/sales';
export const SLIPS_PATH = '/slips';

export const checkoutPath = (of: { invoiceId: Id } | { saleId: Id }): string =>
  'invoiceId' in of
    ? `${CHECKOUT_PATH}/invoice/${encodeURIComponent(of.invoiceId)}`
    : `${CHECKOUT_PATH}/sale/${encodeURIComponent(of.saleId)}`;
export const donePath = (saleId: Id): string => `${CHECKOUT_PATH}/done/${encodeURIComponent(saleId)}`;
