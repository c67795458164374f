/** Puts merging together: stores -> services -> banner, endpoints and pages. */
import { Router } from 'express';
import type { Action } from '../contract';
import type { Actor } from '../host/contract';
import type { Translator, Words } from '../i18n';
import type { RulesNow, Settings } from '../settings/contract';
import type { Endpoint } from '../web/endpoints';
import type { Pages } from '../web/page';
import { createAgedParts } from './aged-parts';
import { createLookups } from './after-lookups';
import { createNotices } from './after-notices';
import { createPayments } from './after-payments';
import { createBanner, type Banner } from './banner';
import { withAfterPanel } from './banner-after';
import type { MergingPageDeps } from './banner-deps';
import { rulesFor, type MergingDeps } from './deps';
import { mergingEndpoints } from './endpoints';
import { historyEndpoints } from './endpoints-history';
import { noticeEndpoints } from './endpoints-notices';
import { paymentEndpoints } from './endpoints-payments';
import { createHistory } from './history';
import { mergingRoutes } from './routes';
import { createAttention, type Waiting } from './routes-attention';
import { HISTORY_PATH, historyRoutes } from './routes-history';
import { mergePageRoutes } from './routes-merge';
import { noticeRoutes } from './routes-notices';
import { PAYMENTS_PATH, paymentRoutes } from './routes-payments';
import { createMerging } from './service';
import { createMergeStore } from './store';
import { createNoticeStore } from './store-notices';
import { createPaymentStore } from './store-payments';

/** Milliseconds of 90 days: a form left open for longer is not sent twice by a double click. */
const SAVE_KEYS_KEPT = 90 * 86_400_000;

export interface MergingShared extends Omit<MergingDeps, 'store'>, Omit<MergingPageDeps, 'db' | 'service'> {
  prefix: string;
  pages: Pages;
  translator: Translator;
  may(actor: Actor, action: Action): Promise<boolean>;
}

export interface MergingFeature extends ReturnType<typeof createMerging> {
  lookups: ReturnType<typeof createLookups>;
  payments: ReturnType<typeof createPayments>;
  agedParts: ReturnType<typeof createAgedParts>;
  banner: Banner;
  endpoints: Endpoint[];
  /** What the banner fetches: at the root of the router, whatever the pages' path. */
  fragments: Router;
  pages: Router;
  attention: ((actor: Actor, words: Words) => Promise<Waiting[]>)[];
  /** The settings under their preset, as far as the host goes along. */
  held(settings: Settings): Promise<RulesNow>;
  /** Save keys that are too old to be posted again. @returns how many */
  forgetKeys(): Promise<number>;
}

/** @param shared what create-plugin knows */
export function createMergingFeature(shared: MergingShared): MergingFeature {
  const { knex: db, host, prefix, pages, wordsOf, timeZone, clock } = shared;
  const deps: MergingDeps = { ...shared, store: createMergeStore(prefix) };
  const merging = createMerging(deps);
  const { service, guarding } = merging;
  const history = createHistory(deps);
  const lookups = createLookups(deps, guarding);
  const payments = createPayments(deps, guarding, createPaymentStore(prefix));
  const notices = createNotices({ ...deps, wordsOf: shared.translator }, lookups, createNoticeStore(prefix));

  const pageDeps = { ...shared, db, service };
  const noticePages = { ...pageDeps, notices, pagesUrl: pages.base, historyUrl: pages.base + HISTORY_PATH };
  const banner = withAfterPanel(createBanner(pageDeps), noticePages);
  const router = Router();
  router.use(
    noticeRoutes(noticePages),
    historyRoutes({ ...pageDeps, history }),
    mergePageRoutes(pageDeps),
    paymentRoutes({ ...pageDeps, payments, lookups }),
  );
  return {
    ...merging,
    ...{ lookups, payments, banner, pages: router },
    agedParts: createAgedParts(deps),
    endpoints: [
      // Before `/merges/:id`.
      ...historyEndpoints({ db, history, wordsOf, timeZone }),
      ...mergingEndpoints({ db, service, wordsOf }),
      ...paymentEndpoints({ db, payments }),
      ...noticeEndpoints({ db, notices }),
    ],
    fragments: mergingRoutes({ ...pageDeps, banner }),
    attention: createAttention({
      ...{ db, payments, lookups, may: shared.may, invoiceUrl: host.invoiceUrl },
      paymentsUrl: pages.base + PAYMENTS_PATH,
    }),
    held: async (now) =>
      (await rulesFor(deps, db, now, ({ issued, draft }) => [...issued.offered, ...draft.offered])).rules,
    forgetKeys: () => deps.store.forgetKeys(db, new Date(clock().getTime() - SAVE_KEYS_KEPT).toISOString()),
  };
}
