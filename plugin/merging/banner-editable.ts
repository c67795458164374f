/** The banner on the host's create and edit pages: candidates to tick, the settlement, questions after a refused save. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BannerSpec } from '../contract';
import type { Actor, Candidate, Id } from '../host/contract';
import { chrome, regroupUrl } from './banner-deps';
import type { MergingPageDeps, Wanted } from './banner-deps';
import { toAlert, toFields, toQuestions, toUnticked } from './banner-refused';
import {
  ALL_ROWS,
  isSearchable,
  limitNote,
  listChoices,
  pageOf,
  selectAllLabel,
  titleOf,
  toPager,
} from './banner-list';
import { toSettlement } from './banner-settlement';
import { explainClosed, isNumbered, problemsOf, toCurrencies, toRows } from './banner-view';
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
    const { customerId, invoiceId, currency, form, toTick, view } = wanted;
    const { search } = view;
    const known = customerId !== undefined || invoiceId !== undefined;
    const asked = { customerId: customerId ?? '', targetId: invoiceId, currency, search, actor };
    const [list, offer] = await Promise.all([
      known ? service.candidates(db, asked) : null,
      service.settlements(db, actor),
    ]);
    const named = toTick === 'all' ? (list?.together ?? []).slice(0, LIMITS.sources) : toTick;
    const came = form === null && named.length > 0 ? { sources: named.map(unversioned) } : null;
    const ticks = form ?? came;
    const closed = list && explainClosed(words, list);
    const receivable = list?.candidates.some((candidate) => candidate.eligible);
    const candidates = closed ? [] : (list?.candidates ?? []);
    const eligible = candidates.filter((candidate) => candidate.eligible);
    const kept = new Set([...(ticks?.sources ?? []).map(({ id }) => id), ...problemsOf(words, spec.error).keys()]);
    const choices = listChoices(eligible, view, kept);
    const versions = await service.versions(
      db,
      choices.shown.map(({ id }) => id),
    );
    // What went between the two reads is not there any more.
    const shown = choices.shown.filter(({ id }) => versions.has(id));
    const onPage = new Set(choices.page.items.map(({ id }) => id));
    const settlement = toSettlement(words, offer, form);
    const rows = toRows(words, shown, ticks, spec.error, urls.invoice, versions).map((row) => ({
      ...row,
      checked: row.checked && (row.creditOnly === null || settlement.issued === 'credit'),
      // Where nothing else is offered there is nothing to warn of.
      creditOnly: settlement.radios.length > 0 ? row.creditOnly : null,
      elsewhere: !onPage.has(row.id),
    }));
    const others = pageOf(
      candidates.filter((candidate) => !candidate.eligible),
      view.others,
    );
    const customer = list?.customer?.name ?? '';
    const alert = toAlert(words, spec.error, form, invoiceId, urls.invoice);
    const questions = toQuestions(
      words,
      spec.error,
      form,
      rows.some(({ checked }) => checked),
    );
    const { count } = choices.page;
    // What could not be merged anyway makes no sentence worth reading.
    const nothing = (list?.candidates.length === 0 || (closed !== null && !receivable)) && search === undefined;
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
      regroup: closed && list && regroupUrl(req, spec, list, form?.sources.map(({ id }) => id) ?? []),
      currencies: list && toCurrencies(words, list),
      example: exampleUrl(req),
      title: titleOf(words, customer, count, search),
      // A search that finds nothing leaves the rest of the banner where it is.
      open: count > 0 || search !== undefined,
      choices: {
        rows,
        pager: toPager(words, choices.page),
        // Where the preview page's link leads to.
        first: search === undefined && choices.page.page === 1 ? choices.page.items[0]?.id : undefined,
        ids: JSON.stringify(choices.selectable.map(({ id }) => id)),
        creditIds: JSON.stringify(choices.selectable.filter(isCreditOnly).map(({ id }) => id)),
      },
      search: isSearchable(candidates, view),
      everything: toPager(words, choices.page) && !view.all ? { url: everythingUrl(req), count } : null,
      limit: limitNote(words, choices),
      others: {
        rows: toRows(words, others.items, null, null, urls.invoice),
        pager: toPager(words, others),
        label: words.t(count > 0 ? 'banner.others' : 'banner.othersAlone', { count: others.count }),
      },
      selectAll: selectAllLabel(words, choices, search),
      settlement,
      // Without JavaScript the page cannot know what will be ticked: the sentence stands there from the start.
      draft: list?.target?.status === 'draft' && eligible.some(isNumbered),
      alert,
      unticked: toUnticked(words, spec.error, form, rows),
      questions,
      config: JSON.stringify({
        base: urls.base,
        page: spec.page,
        locale: words.locale,
        customerId: customerId ?? list?.customer?.id ?? null,
        customer,
        invoiceId: invoiceId ?? null,
        currency: list?.currency ?? null,
        // The person came to merge: the form's currency follows that of the invoices.
        cameToMerge: came !== null,
        limit: LIMITS.sources,
        formId: spec.formId ?? null,
        customerField: spec.customerField ?? null,
        currencyField: spec.currencyField ?? null,
        dateField: spec.dateField ?? null,
        csrf: csrfOf(deps, req, res),
        draft: list?.target?.status === 'draft',
        // Of issued invoices, where nothing on the page lets the person choose.
        settlement: settlement.issued,
        months: { ...offer.months, current: (list?.target?.issueDate ?? offer.months.today).slice(0, 7) },
        restored: form !== null,
        fields: list?.target ? toFields(words, list.target.askIfDiffer) : [],
        words: clientWords(words),
      }),
    });
  };
}

const isCreditOnly = ({ creditOnly }: Candidate): boolean => creditOnly.length > 0;
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

/** For people without JavaScript: this page's own address, with all rows. Relative: whatever path the browser knows it by. */
function everythingUrl(req: IncomingMessage): string {
  const { originalUrl = req.url ?? '' } = req as { originalUrl?: string };
  const query = new URLSearchParams(originalUrl.split('?')[1] ?? '');
  query.set(ALL_ROWS.name, ALL_ROWS.value);
  return `?${query.toString()}#im-banner`;
}

/** For people without JavaScript: this page's own address with a customer in it. */
function exampleUrl(req: IncomingMessage): string {
  const { originalUrl = req.url ?? '' } = req as { originalUrl?: string };
  return `${originalUrl.split('?')[0] ?? ''}?customerId=1`;
}
