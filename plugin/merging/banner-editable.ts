/** The banner on the host's create and edit pages: candidates to tick, the settlement, questions after a refused save. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec } from '../contract';
import type { Actor, Id } from '../host/contract';
import { chrome } from './banner-deps';
import type { MergingPageDeps, Wanted } from './banner-deps';
import { toAlert, toFields, toQuestions, toUnticked } from './banner-refused';
import { explainClosed, selectAllLabel, titleOf, toCurrencies, toRows, toSettlement } from './banner-view';
import type { HiddenField } from './banner-view';
import { clientWords } from './client-words';
import { FIELDS, LIMITS } from './payload';
import type { MergeForm } from './payload';

/** @param deps see MergingPageDeps */
export function createEditableBanner(deps: MergingPageDeps) {
  const { db, service, urls } = deps;

  return async function editable<Req extends IncomingMessage>(
    req: Req,
    res: ServerResponse,
    spec: BannerSpec<Req>,
    wanted: Wanted,
    actor: Actor,
  ): Promise<string> {
    const words = deps.wordsOf(req);
    const { customerId, invoiceId, currency, form, tickAll } = wanted;
    const known = customerId !== undefined || invoiceId !== undefined;
    const [list, offer] = await Promise.all([
      known ? service.candidates(db, { customerId: customerId ?? '', targetId: invoiceId, currency, actor }) : null,
      service.settlements(db, actor),
    ]);
    const all =
      tickAll && form === null ? { sources: (list?.together ?? []).slice(0, LIMITS.sources).map(unversioned) } : null;
    const rows = toRows(words, list?.candidates ?? [], form ?? all, spec.error, urls.invoice);
    const choices = rows.filter((_row, index) => list?.candidates[index]?.eligible);
    const others = rows.filter((row) => !choices.includes(row));
    const closed = list && explainClosed(words, list);
    const customer = list?.customer?.name ?? '';
    const alert = toAlert(words, spec.error, form, invoiceId, urls.invoice);
    const questions = toQuestions(words, spec.error, form);
    // What could not be merged anyway makes no sentence worth reading.
    const nothing = rows.length === 0 || (closed !== null && choices.length === 0);
    const state = !list ? 'choose' : nothing ? 'empty' : closed ? 'closed' : 'open';

    return deps.render('banner', {
      ...chrome(deps, req, res, words),
      page: spec.page,
      state,
      formId: spec.formId ?? null,
      // A form that was refused keeps its age: what was typed against an older invoice stays older until reloaded.
      hidden: hiddenFields(form, form?.targetVersion ?? list?.target?.version ?? null),
      sourceField: FIELDS.source,
      issuedField: FIELDS.issued,
      acknowledgedField: FIELDS.acknowledged,
      closed,
      currencies: list && toCurrencies(words, list),
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
      unticked: toUnticked(words, spec.error, form, closed ? [] : choices),
      questions,
      config: JSON.stringify({
        base: urls.base,
        page: spec.page,
        locale: words.locale,
        customerId: customerId ?? list?.customer?.id ?? null,
        customer,
        invoiceId: invoiceId ?? null,
        currency: list?.currency ?? null,
        // Which currency it is to be was the banner's own choice: the form follows it.
        tickedAll: all !== null && all.sources.length > 0,
        formId: spec.formId ?? null,
        customerField: spec.customerField ?? null,
        currencyField: spec.currencyField ?? null,
        csrf: csrfOf(deps, req, res),
        draft: list?.target?.status === 'draft',
        restored: form !== null,
        fields: list?.target ? toFields(words, list.target.askIfDiffer) : [],
        words: clientWords(words),
      }),
    });
  };
}

const unversioned = (id: Id): MergeForm['sources'][number] => ({ id, version: null });

function csrfOf(
  deps: MergingPageDeps,
  req: IncomingMessage,
  res: ServerResponse,
): { header: string; token: string } | null {
  return deps.csrf ? { header: deps.csrf.headerName, token: deps.csrf.token(req, res) } : null;
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

/** For people without JavaScript: this page's own address with a customer in it. */
function exampleUrl(req: IncomingMessage): string {
  const { originalUrl = req.url ?? '' } = req as { originalUrl?: string };
  return `${originalUrl.split('?')[0] ?? ''}?customerId=1`;
}
