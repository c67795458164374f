/** What waits for somebody once invoices were merged, for the module page. */
import type { Actor, Db, Id } from '../host/contract';
import type { Words } from '../i18n';
import type { Lookups } from './after-lookups';
import type { Payments } from './after-payments';
import { labelOf } from './banner-view';

export interface Waiting {
  text: string;
  url: string;
}

export interface AttentionDeps {
  db: Db;
  payments: Pick<Payments, 'waiting'>;
  lookups: Pick<Lookups, 'waitingDrafts'>;
  may(actor: Actor, action: 'payments.allocate' | 'merge.view'): Promise<boolean>;
  /** Our page of payments to allocate. */
  paymentsUrl: string;
  invoiceUrl(id: Id, page: 'preview'): string;
}

/** As many drafts are named; a longer list is worked off from its top. */
const MOST_DRAFTS = 20;

/** "3 payments to allocate", and each draft that holds up issued invoices, for those who may do something about it. */
export const createAttention = (deps: AttentionDeps): ((actor: Actor, words: Words) => Promise<Waiting[]>)[] => [
  async (actor, words) => {
    if (!(await deps.may(actor, 'payments.allocate'))) return [];
    const { length: count } = await deps.payments.waiting(deps.db, actor);
    return count === 0 ? [] : [{ text: words.t('payments.waiting', { count }), url: deps.paymentsUrl }];
  },
  async (actor, words) => {
    if (!(await deps.may(actor, 'merge.view'))) return [];
    const drafts = await deps.lookups.waitingDrafts(deps.db, actor);
    return drafts.slice(0, MOST_DRAFTS).map((draft) => ({
      text: words.t('payments.held', {
        draft: labelOf(words, draft),
        customer: draft.customer,
        amount: words.money(draft.held, draft.currency),
      }),
      url: deps.invoiceUrl(draft.invoiceId, 'preview'),
    }));
  },
];
