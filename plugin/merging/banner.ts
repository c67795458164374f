/** The banner on the host's pages: reads what the page is about, decides who sees it, hands over to its room. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec } from '../contract';
import { isPluginError } from '../errors';
import type { Actor } from '../host/contract';
import { chrome, TICK_ALL } from './banner-deps';
import type { MergingPageDeps } from './banner-deps';
import { createCustomerBanner } from './banner-customer';
import { createEditableBanner } from './banner-editable';
import { ALL_ROWS, FIRST_VIEW, type ListView } from './banner-list';
import { createPreviewBanner } from './banner-preview';
import { toAlert } from './banner-refused';
import { FIELDS, LIMITS, parseMergeForm } from './payload';
import type { MergeForm } from './payload';

/** The banner of one page. */
export interface Banner {
  /** '' for an anonymous visitor, for whoever may not see merges, and while merging is switched off. Rejects on any other failure: the caller decides. */
  render<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    /** Which part of the list; default: its first page, or what the address of the host's page says. */
    view?: ListView,
  ): Promise<string>;
}

/** In the host's own form or address: only a plain text is an id. */
function textOf(source: unknown, name: string | undefined): string | undefined {
  if (!name || source === null || typeof source !== 'object' || !Object.hasOwn(source, name)) return undefined;
  const value = (source as Record<string, unknown>)[name];
  return typeof value === 'string' && value !== '' && value.length <= 64 ? value : undefined;
}

function parametersOf(req: IncomingMessage): URLSearchParams {
  const { originalUrl = req.url ?? '' } = req as { originalUrl?: string };
  const mark = originalUrl.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : originalUrl.slice(mark));
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

/** A refused save that shows nothing to its sender but what the server renders: without JavaScript there is no other page. */
const isWithoutScript = (form: MergeForm | null): boolean => form?.shownTotal === null && form.linesBy === 'server';

/** @param deps see MergingPageDeps */
export function createBanner(deps: MergingPageDeps): Banner {
  const { service } = deps;
  const editable = createEditableBanner(deps);
  const preview = createPreviewBanner(deps);
  const customer = createCustomerBanner(deps);

  async function renderFor<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    actor: Actor,
    view: ListView | undefined,
  ): Promise<string> {
    const invoiceId = spec.invoiceId?.(req);
    await service.demand(actor, 'merge.view', invoiceId);
    const enabled = await service.enabled(deps.db);
    if (spec.page === 'preview')
      return invoiceId === undefined ? '' : preview(req, res, spec, invoiceId, actor, enabled);
    if (spec.page === 'customer') {
      const customerId = spec.customerId?.(req);
      return customerId === undefined || !enabled ? '' : customer(req, res, spec, customerId, actor);
    }
    if (!enabled) return switchedOff(req, res, spec);
    const parameters = parametersOf(req);
    const query = Object.fromEntries(parameters);
    const byAddress = (name: string): string | undefined => (spec.page === 'create' ? textOf(query, name) : undefined);
    const named = spec.page === 'create' ? parameters.getAll(FIELDS.source).slice(0, LIMITS.sources) : [];
    const toTick: 'all' | string[] = byAddress(TICK_ALL.name) === TICK_ALL.value ? 'all' : named;
    const form = readForm(spec.form);
    const wanted = {
      invoiceId: spec.page === 'edit' ? invoiceId : undefined,
      customerId: textOf(spec.form, spec.customerField) ?? spec.customerId?.(req) ?? byAddress('customerId'),
      // Who comes to merge has not chosen the currency that the host's form happens to begin with.
      currency:
        textOf(spec.form, spec.currencyField) ??
        byAddress('currency') ??
        (toTick.length > 0 ? undefined : spec.currency?.(req)),
      form,
      toTick,
      view: view ?? { ...FIRST_VIEW, all: query[ALL_ROWS.name] === ALL_ROWS.value || isWithoutScript(form) },
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
    const alert = toAlert(words, spec.error, readForm(spec.form), undefined, deps.urls.invoice);
    return alert ? deps.render('banner-off', { ...chrome(deps, req, res, words), alert }) : '';
  }

  return {
    render: async (req, res, spec, view) => {
      const actor = await deps.actorOf(req);
      if (!actor) return '';
      try {
        return await renderFor(req, res, spec, actor, view);
      } catch (error) {
        // Who may not see merges sees the host's page as it was before; an invoice out of sight has the host's own 404.
        if (isPluginError(error) && (error.status === 403 || error.status === 404)) return '';
        throw error;
      }
    },
  };
}
