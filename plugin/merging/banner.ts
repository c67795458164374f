/** The banner on the host's pages: reads what the page is about, decides who sees it, hands over to its room. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec } from '../contract';
import { isPluginError } from '../errors';
import type { Actor } from '../host/contract';
import { chrome } from './banner-deps';
import type { MergingPageDeps } from './banner-deps';
import { createEditableBanner } from './banner-editable';
import { createPreviewBanner } from './banner-preview';
import { toAlert } from './banner-view';
import { parseMergeForm } from './payload';
import type { MergeForm } from './payload';

/** The banner of one page. */
export interface Banner {
  /** '' for an anonymous visitor, for whoever may not see merges, and while merging is switched off. Rejects on any other failure: the caller decides. */
  render<Req extends IncomingMessage>(req: Req, res: ServerResponse, spec: BannerSpec<Req>): Promise<string>;
}

/** In the host's own form or address: only a plain text is an id. */
function textOf(source: unknown, name: string | undefined): string | undefined {
  if (!name || source === null || typeof source !== 'object' || !Object.hasOwn(source, name)) return undefined;
  const value = (source as Record<string, unknown>)[name];
  return typeof value === 'string' && value !== '' && value.length <= 64 ? value : undefined;
}

function queryOf(req: IncomingMessage): Record<string, string> {
  const { originalUrl = req.url ?? '' } = req as { originalUrl?: string };
  const mark = originalUrl.indexOf('?');
  return mark < 0 ? {} : Object.fromEntries(new URLSearchParams(originalUrl.slice(mark)));
}

function readForm(form: unknown): MergeForm | null {
  if (form === undefined) return null;
  try {
    return parseMergeForm(form);
  } catch (error) {
    // Refused as malformed just now: there is no choice to restore, and the page must still come.
    if (isPluginError(error)) return null;
    throw error;
  }
}

/** @param deps see MergingPageDeps */
export function createBanner(deps: MergingPageDeps): Banner {
  const { service } = deps;
  const editable = createEditableBanner(deps);
  const preview = createPreviewBanner(deps);

  async function renderFor<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    actor: Actor,
  ): Promise<string> {
    const invoiceId = spec.invoiceId?.(req);
    await service.demand(actor, 'merge.view', invoiceId);
    const enabled = await service.enabled(deps.db);
    if (spec.page === 'preview')
      return invoiceId === undefined ? '' : preview(req, res, spec, invoiceId, actor, enabled);
    if (!enabled) return switchedOff(req, res, spec);
    const query = queryOf(req);
    const byAddress = spec.page === 'create' ? textOf(query, 'customerId') : undefined;
    const wanted = {
      invoiceId: spec.page === 'edit' ? invoiceId : undefined,
      customerId: textOf(spec.form, spec.customerField) ?? spec.customerId?.(req) ?? byAddress,
      currency: textOf(spec.form, spec.currencyField) ?? textOf(query, 'currency'),
      form: readForm(spec.form),
    };
    return editable(req, res, spec, wanted, actor);
  }

  /** Nothing, but for the words of a save that was refused because of it. */
  async function switchedOff<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
  ): Promise<string> {
    const words = deps.wordsOf(req);
    const alert = toAlert(words, spec.error, undefined, deps.urls.invoice);
    return alert ? deps.render('banner-off', { ...chrome(deps, req, res, words), alert }) : '';
  }

  return {
    render: async (req, res, spec) => {
      const actor = await deps.actorOf(req);
      if (!actor) return '';
      try {
        return await renderFor(req, res, spec, actor);
      } catch (error) {
        // Who may not see merges sees the host's page as it was before; an invoice out of sight has the host's own 404.
        if (isPluginError(error) && (error.status === 403 || error.status === 404)) return '';
        throw error;
      }
    },
  };
}
