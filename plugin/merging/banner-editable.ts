/** The banner on the host's create and edit pages: candidates to tick, the settlement, questions after a refused save. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec } from '../contract';
import type { Actor } from '../host/contract';
import { chrome } from './banner-deps';
import type { MergingPageDeps, Wanted } from './banner-deps';
import { explainClosed, selectAllLabel, titleOf, toAlert, toQuestions, toRows, toSettlement } from './banner-view';
import type { HiddenField } from './banner-view';
import { clientWords } from './client-words';
import { FIELDS } from './payload';
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
        csrf: csrfOf(deps, req, res),
        draft: list?.target?.status === 'draft',
        restored: form !== null,
        words: clientWords(words),
      }),
    });
  };
}

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
