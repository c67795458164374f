/** The banner on a customer's page: the way to one invoice with all of the customer's open ones ticked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec } from '../contract';
import type { Actor, Id } from '../host/contract';
import { chrome, TICK_ALL, withQuery } from './banner-deps';
import type { MergingPageDeps } from './banner-deps';

/** One open invoice is paid as it is: merging begins with two. */
const FEWEST = 2;

/** @param deps see MergingPageDeps */
export function createCustomerBanner(deps: MergingPageDeps) {
  const { db, service } = deps;

  return async function customer<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    customerId: Id,
    actor: Actor,
  ): Promise<string> {
    const createUrl = spec.createUrl?.(req, customerId);
    if (createUrl === undefined) return '';
    const count = (await service.mergeable(db, { customerIds: [customerId], actor })).get(customerId) ?? 0;
    if (count < FEWEST) return '';
    const words = deps.wordsOf(req);
    return deps.render('banner-customer', {
      ...chrome(deps, req, res, words),
      url: withQuery(createUrl, { customerId, [TICK_ALL.name]: TICK_ALL.value }),
      label: words.t('banner.start', { count }),
    });
  };
}
