/** The banner on the host's preview page: read-only, with the way to the edit page and what was merged. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec } from '../contract';
import { isPluginError } from '../errors';
import type { Actor, Id } from '../host/contract';
import { chrome, regroupUrl } from './banner-deps';
import type { MergingPageDeps } from './banner-deps';
import { toLineageView } from './banner-lineage';
import { titleOf } from './banner-list';
import { explainClosed, toProvenance, toRows } from './banner-view';

/** As many of the candidates are shown; where they are ticked, all of them are. */
const AT_A_GLANCE = 5;

/** @param deps see MergingPageDeps */
export function createPreviewBanner(deps: MergingPageDeps) {
  const { db, service, urls } = deps;

  async function allows(actor: Actor, invoiceId: Id): Promise<boolean> {
    return service.demand(actor, 'merge.apply', invoiceId).then(
      () => true,
      (error: unknown) => {
        if (isPluginError(error) && error.status === 403) return false;
        throw error;
      },
    );
  }

  return async function preview<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    invoiceId: Id,
    actor: Actor,
    enabled: boolean,
  ): Promise<string> {
    const words = deps.wordsOf(req);
    const merges = await service.mergesOf(db, invoiceId, actor);
    // A settled source is looked up, never merged into: nothing else to ask. Switched off, what was merged is still told.
    const list =
      merges.mergedInto || !enabled
        ? null
        : await service.candidates(db, { customerId: '', targetId: invoiceId, actor });
    const rows = toRows(words, list?.candidates ?? [], null, null, urls.invoice);
    const eligible = rows.filter((_row, index) => list?.candidates[index]?.eligible);
    const closed = list && eligible.length > 0 ? explainClosed(words, list) : null;
    const choices = closed ? [] : eligible;
    const provenance = toProvenance(words, merges, urls.invoice);
    const lineage = toLineageView(words, await service.lineage(db, invoiceId, actor), urls.invoice);
    const nothing = choices.length === 0 && !closed && !provenance.mergedInto && !provenance.replaces && !lineage;
    if (nothing) return '';
    const mayApply = await allows(actor, invoiceId);
    return deps.render('banner-preview', {
      ...chrome(deps, req, res, words),
      ...provenance,
      lineage,
      closed,
      regroup: closed && list && mayApply ? regroupUrl(req, spec, list, []) : null,
      choices: choices.slice(0, AT_A_GLANCE),
      more: choices.length > AT_A_GLANCE ? words.t('banner.more', { count: choices.length - AT_A_GLANCE }) : null,
      title: choices.length > 0 ? titleOf(words, list?.customer?.name ?? '', choices.length) : null,
      editUrl: mayApply ? `${spec.editUrl?.(req) ?? urls.invoice(invoiceId, 'edit')}#im-first` : null,
    });
  };
}
