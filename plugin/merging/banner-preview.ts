/** The banner on the host's preview page: read-only, with the way to the edit page and what was merged. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec } from '../contract';
import type { Actor, Id } from '../host/contract';
import type { Words } from '../i18n';
import { allows, chrome, regroupUrl } from './banner-deps';
import type { MergingPageDeps } from './banner-deps';
import { toLineageView } from './banner-lineage';
import { titleOf } from './banner-list';
import type { InvoiceMerges } from './contract';
import { explainClosed, toProvenance, toRows } from './banner-view';

interface MergeLink {
  text: string;
  url: string;
  undoUrl: string | null;
}

/** As many of the candidates are shown; where they are ticked, all of them are. */
const AT_A_GLANCE = 5;

/** @param deps see MergingPageDeps */
export function createPreviewBanner(deps: MergingPageDeps) {
  const { db, service, urls } = deps;

  /** The pages of the merges into this invoice, or of the one that took it: for whoever may read or undo them. */
  async function mergePages(words: Words, merges: InvoiceMerges, invoiceId: Id, actor: Actor): Promise<MergeLink[]> {
    const { mergedInto, replaces } = merges;
    const all = mergedInto ? [{ ...mergedInto, targetId: mergedInto.invoiceId }] : [];
    const into = new Map(replaces.map((one) => [one.mergeId, { ...one, targetId: invoiceId }]));
    if (all.length + into.size === 0) return [];
    const mayRead = await allows(service, actor, 'merge.history', invoiceId);
    const links: MergeLink[] = [];
    // Of a merge that issued a credit note the page of the merge says what is possible instead.
    const credited = new Set(replaces.filter((one) => one.settlement === 'credit').map((one) => one.mergeId));
    if (mergedInto?.settlement === 'credit') credited.add(mergedInto.mergeId);
    for (const { mergeId, targetId, at, by, corrected } of [...all, ...into.values()]) {
      const mayUndo =
        !corrected && !credited.has(mergeId) && (await service.mayUndo(db, { targetId, actor: by }, actor));
      const url = `${urls.pages}/merges/${mergeId}`;
      if (mayRead || mayUndo)
        links.push({
          text: words.t(corrected ? 'merge.openCorrected' : 'merge.open', { at: words.instant(at), name: by.name }),
          url,
          undoUrl: mayUndo ? `${url}#im-undo` : null,
        });
    }
    return links;
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
    const mayApply = await allows(service, actor, 'merge.apply', invoiceId);
    const level = provenance.replaces ? (list?.target?.reminderLevel ?? 0) : 0;
    return deps.render('banner-preview', {
      ...chrome(deps, req, res, words),
      ...provenance,
      lineage,
      merges: await mergePages(words, merges, invoiceId, actor),
      // A merge forgives no reminder: the highest of its invoices is kept.
      reminderLevel: level > 0 ? words.t('banner.reminderLevel', { level: words.number(String(level)) }) : null,
      closed,
      regroup: closed && list && mayApply ? regroupUrl(req, spec, list, []) : null,
      choices: choices.slice(0, AT_A_GLANCE),
      more: choices.length > AT_A_GLANCE ? words.t('banner.more', { count: choices.length - AT_A_GLANCE }) : null,
      title: choices.length > 0 ? titleOf(words, list?.customer?.name ?? '', choices.length) : null,
      editUrl: mayApply ? `${spec.editUrl?.(req) ?? urls.invoice(invoiceId, 'edit')}#im-first` : null,
    });
  };
}
