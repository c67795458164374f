/** The banner on the host's create, edit and preview pages: asks the service, makes the view model, renders. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec, Options } from '../contract';
import { isPluginError } from '../errors';
import type { Actor, Db, Id } from '../host/contract';
import type { Words } from '../i18n';
import type { Render } from '../web/render';
import { explainClosed, selectAllLabel, toAlert, toProvenance, toQuestions, toRows, toSettlement } from './banner-view';
import type { HiddenField } from './banner-view';
import { clientWords } from './client-words';
import type { MergingService } from './contract';
import { FIELDS, parseMergeForm } from './payload';
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
    asset: (name: string) => string;
    invoice: (id: Id, page: 'preview' | 'edit') => string;
  };
  csrf?: Options<IncomingMessage>['csrf'];
  nonce?: Options<IncomingMessage>['nonce'];
}

/** The banner of one page. */
export interface Banner {
  /** '' for an anonymous visitor and for whoever may not see merges. Rejects on any other failure: the caller decides. */
  render<Req extends IncomingMessage>(req: Req, res: ServerResponse, spec: BannerSpec<Req>): Promise<string>;
}

interface Wanted {
  customerId: Id | undefined;
  currency: string | undefined;
  invoiceId: Id | undefined;
  form: MergeForm | null;
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
  const { db, service, urls } = deps;

  function chrome(req: IncomingMessage, res: ServerResponse, words: Words) {
    return {
      locale: words.locale,
      t: words.t,
      nonce: deps.nonce?.(req, res) ?? null,
      stylesheet: urls.asset('css/banner.css'),
      script: urls.asset('js/banner.js'),
    };
  }

  async function editable<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    wanted: Wanted,
    actor: Actor,
  ): Promise<string> {
    const words = deps.wordsOf(req);
    const { customerId, invoiceId, currency, form } = wanted;
    const known = customerId !== undefined || invoiceId !== undefined;
    const [list, offer] = await Promise.all([
      known ? service.candidates(db, { customerId: customerId ?? '', targetId: invoiceId, currency, actor }) : null,
      service.settlements(db, actor),
    ]);
    const rows = toRows(words, list?.candidates ?? [], form, spec.error, urls.invoice);
    const choices = rows.filter((_row, index) => list?.candidates[index]?.eligible);
    const others = rows.filter((row) => !choices.includes(row));
    const closed = list && explainClosed(words, list);
    const customer = list?.customer?.name ?? '';
    const alert = toAlert(words, spec.error, invoiceId, urls.invoice);
    const questions = toQuestions(words, spec.error, form);
    const state = !list ? 'choose' : rows.length === 0 ? 'empty' : closed ? 'closed' : 'open';

    return deps.render('banner', {
      ...chrome(req, res, words),
      page: spec.page,
      state,
      formId: spec.formId ?? null,
      // A form that was refused keeps its age: what was typed against an older invoice stays older until reloaded.
      hidden: hiddenFields(form, form?.targetVersion ?? list?.target?.version ?? null),
      sourceField: FIELDS.source,
      issuedField: FIELDS.issued,
      acknowledgedField: FIELDS.acknowledged,
      closed,
      example: exampleUrl(req),
      title: titleOf(words, customer, choices.length),
      choices: closed ? [] : choices,
      others: closed ? [] : others,
      othersLabel: words.t(choices.length > 0 ? 'banner.others' : 'banner.othersAlone', { count: others.length }),
      selectAll: selectAllLabel(words, choices),
      settlement: toSettlement(words, offer, form),
      // Without JavaScript the page cannot know what will be ticked: the sentence stands there from the start.
      draft: list?.target?.status === 'draft' && choices.some((row) => row.issued),
      alert,
      questions,
      config: JSON.stringify({
        base: urls.base,
        page: spec.page,
        locale: words.locale,
        customerId: customerId ?? list?.customer?.id ?? null,
        customer,
        invoiceId: invoiceId ?? null,
        currency: list?.target?.currency ?? currency ?? choices[0]?.currency ?? null,
        formId: spec.formId ?? null,
        customerField: spec.customerField ?? null,
        currencyField: spec.currencyField ?? null,
        csrf: csrfOf(req, res),
        draft: list?.target?.status === 'draft',
        restored: form !== null,
        words: clientWords(words),
      }),
    });
  }

  async function preview<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    invoiceId: Id,
    actor: Actor,
  ): Promise<string> {
    const words = deps.wordsOf(req);
    const merges = await service.mergesOf(db, invoiceId, actor);
    // A settled source is looked up, never merged into: nothing else to ask.
    const list = merges.mergedInto
      ? null
      : await service.candidates(db, { customerId: '', targetId: invoiceId, actor });
    const rows = toRows(words, list?.candidates ?? [], null, null, urls.invoice);
    const closed = list && rows.length > 0 ? explainClosed(words, list) : null;
    const choices = closed ? [] : rows.filter((_row, index) => list?.candidates[index]?.eligible);
    const provenance = toProvenance(words, merges, urls.invoice);
    const nothing = choices.length === 0 && !closed && !provenance.mergedInto && !provenance.replaces;
    if (nothing) return '';
    const mayApply = await allows(actor, invoiceId);
    return deps.render('banner-preview', {
      ...chrome(req, res, words),
      ...provenance,
      closed,
      choices,
      title: choices.length > 0 ? titleOf(words, list?.customer?.name ?? '', choices.length) : null,
      editUrl: mayApply ? `${spec.editUrl?.(req) ?? urls.invoice(invoiceId, 'edit')}#im-banner` : null,
    });
  }

  function csrfOf(req: IncomingMessage, res: ServerResponse): { header: string; token: string } | null {
    return deps.csrf ? { header: deps.csrf.headerName, token: deps.csrf.token(req, res) } : null;
  }

  async function allows(actor: Actor, invoiceId: Id): Promise<boolean> {
    return service.demand(actor, 'merge.apply', invoiceId).then(
      () => true,
      (error: unknown) => {
        if (isPluginError(error) && error.status === 403) return false;
        throw error;
      },
    );
  }

  async function renderFor<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    actor: Actor,
  ): Promise<string> {
    const invoiceId = spec.invoiceId?.(req);
    await service.demand(actor, 'merge.view', invoiceId);
    if (spec.page === 'preview') return invoiceId === undefined ? '' : preview(req, res, spec, invoiceId, actor);
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

function hiddenFields(form: MergeForm | null, targetVersion: string | null): HiddenField[] {
  return [
    // Fresh at every render: a save that was refused is another save when it is sent again.
    { name: FIELDS.key, value: randomUUID() },
    { name: FIELDS.target, value: targetVersion ?? '' },
    { name: FIELDS.shown, value: form?.shownTotal ?? '' },
    { name: FIELDS.lines, value: form?.linesBy ?? 'server' },
  ];
}

function titleOf(words: Words, customer: string, count: number): string {
  return count > 0 ? words.t('banner.title', { count, customer }) : words.t('banner.titleNone', { customer });
}

/** For people without JavaScript: this page's own address with a customer in it. */
function exampleUrl(req: IncomingMessage): string {
  const { originalUrl = req.url ?? '' } = req as { originalUrl?: string };
  return `${originalUrl.split('?')[0] ?? ''}?customerId=1`;
}
