/** What people see before they merge, and the merge asked for over the API. */
import { PluginError } from '../errors';
import type { Actor, Db, Id, Invoice } from '../host/contract';
import { customerName, seenInvoices, visibleIds, todayIn } from '../host/own-columns';
import { runTransaction } from '../host/transaction';
import { minorUnit } from '../money/currency';
import { exact, sum, toAmount } from '../money/decimal';
import { invoiceTotals, totalOf } from '../money/totals';
import type { PricedDocument, Totals } from '../money/types';
import type { Settings } from '../settings/contract';
import { askHook, notMergeable, toCandidate } from './admission';
import { createApplyMerge } from './apply-merge';
import { carriedFrom, difference, mergedDocument } from './combine';
import type { MergingService, Refusal, SourceLines } from './contract';
import {
  carryingWords,
  keepsAdjustment,
  keepsAllowances,
  lockedUntil,
  mayCredit,
  restrictTo,
  rulesFor,
  type MergingDeps,
} from './deps';
import { createCorrecting } from './correcting';
import { createGuarding } from './guarding';
import { toStored } from './history';
import { createLineage } from './lineage';
import { FIELDS } from './payload';
import { createMergeable } from './mergeable';
import { chooseCurrency, creditOnly, reasonsAgainst, reasonsAgainstTogether, targetRefusal } from './rules';
import { createDossier } from './undo-dossier';
import { createJudging } from './undo-judging';
import { createUndoing } from './undoing';

/** Merges of one page of the history. */
const MERGES_PAGE = 20;

/** A new invoice that nobody has saved yet: what sources are added to on the create page. */
const emptyDocument = (like: PricedDocument | undefined): PricedDocument => ({
  currency: like?.currency ?? 'EUR',
  pricesIncludeTax: like?.pricesIncludeTax ?? false,
  lines: [],
  allowancesCharges: [],
  discount: null,
  adjustment: '0',
  prepaid: '0',
});

/** The sum of totals as they stand, tax rate by tax rate: nothing is computed anew. */
function addTotals(list: Totals[], currency: string): Totals {
  const scale = minorUnit(currency);
  const add = (of: (totals: Totals) => string): string => toAmount(sum(list.map(of)), scale);
  const rates = new Map<string, Totals['taxes']>();
  for (const tax of list.flatMap((totals) => totals.taxes)) {
    const key = `${tax.category} ${exact(tax.rate).toFixed()}`;
    rates.set(key, [...(rates.get(key) ?? []), tax]);
  }
  return {
    lineExtension: add((totals) => totals.lineExtension),
    allowances: add((totals) => totals.allowances),
    charges: add((totals) => totals.charges),
    taxExclusive: add((totals) => totals.taxExclusive),
    tax: add((totals) => totals.tax),
    taxInclusive: add((totals) => totals.taxInclusive),
    adjustment: add((totals) => totals.adjustment),
    prepaid: add((totals) => totals.prepaid),
    rounding: add((totals) => totals.rounding),
    payable: add((totals) => totals.payable),
    taxes: [...rates.values()].flatMap((same) => {
      const [first] = same;
      if (!first) return [];
      return [
        {
          ...first,
          taxable: toAmount(sum(same.map((one) => one.taxable)), scale),
          tax: toAmount(sum(same.map((one) => one.tax)), scale),
        },
      ];
    }),
  };
}

export const createMerging = (deps: MergingDeps) => {
  const { host, store, settings } = deps;
  const guarding = createGuarding(deps);
  const applyMerge = createApplyMerge(deps, guarding);
  const judging = createJudging(deps);
  const undoing = createUndoing(deps, judging);
  const correcting = createCorrecting(deps, judging);
  const into = keepsAllowances(host) ? 'allowances' : 'lines';
  const options = { taxRounding: host.map.taxRounding };

  const seenBy = (db: Db, actor: Actor) => () => seenInvoices(db, host.map, restrictTo(deps, actor));

  /** Those that exist and that the person may see. */
  async function visibleOf(db: Db, ids: Id[], actor: Actor): Promise<Map<Id, Invoice>> {
    const visible = [...(await visibleIds(db, host.map, ids, restrictTo(deps, actor)))];
    return new Map((await host.loadInvoices(db, visible)).map((invoice) => [invoice.id, invoice]));
  }

  async function visibleInvoices(db: Db, ids: Id[], actor: Actor): Promise<Map<Id, Invoice>> {
    const invoices = await visibleOf(db, ids, actor);
    for (const id of ids) if (!invoices.has(id)) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId: id });
    return invoices;
  }

  const sourceLines = (source: Invoice): SourceLines => {
    const { lines, allowancesCharges, adjustment } = carriedFrom(source, into, carryingWords(deps.documents));
    const { id, number, issueDate, currency, version, totals, pricesIncludeTax, askIfDiffer } = source;
    return {
      source: { id, number, issueDate, currency, version, totals, askIfDiffer },
      lines,
      allowancesCharges,
      adjustment,
      pricesIncludeTax,
    };
  };

  async function settingsNow(db: Db): Promise<Settings> {
    const now = await settings.read(db);
    if (!now.enabled) throw new PluginError('IM_DISABLED', 409);
    return now;
  }

  /** What sources are judged by before anybody has chosen a settlement. */
  const judgedBy = async (db: Db, now: Settings, actor: Actor) => ({
    hostKeepsAdjustment: keepsAdjustment(host),
    lockedUntil: await lockedUntil(deps, db, now),
    credit: await mayCredit(deps, db, now, actor),
  });

  async function refusalOf(db: Db, now: Settings, target: Invoice): Promise<Refusal | null> {
    const { rules } = await rulesFor(deps, db, now, () => []);
    return targetRefusal(target, { lockedUntil: await lockedUntil(deps, db, now), issuedTargets: rules.issuedTargets });
  }

  const service: MergingService = {
    async demand(actor, action, invoiceId) {
      if (!(await deps.authorize(actor, action, { ...(invoiceId !== undefined && { invoiceId }), db: deps.knex })))
        throw new PluginError('IM_FORBIDDEN', 403, { action });
    },

    async enabled(db) {
      return (await settings.read(db)).enabled;
    },

    async settlements(db, actor) {
      const now = await settings.read(db);
      const { rules, blockedBy } = await rulesFor(deps, db, now, ({ issued, draft }) => [
        ...issued.offered,
        ...draft.offered,
      ]);
      const mayChoose = await deps.authorize(actor, 'merge.choose_settlement', { db });
      const months = {
        today: todayIn(deps.timeZone, deps.clock()),
        earlier: rules.preset === 'none' && (await lockedUntil(deps, db, now)) === null,
        several: rules.warnsAcrossMonths,
      };
      return { ...rules, months, mayChoose, deleteBlockedBy: blockedBy };
    },

    mergeable: createMergeable(deps),

    async candidates(db, { customerId: chosen, targetId, currency: wish, search, actor }) {
      const now = await settingsNow(db);
      const currency = wish?.toUpperCase();
      const restrict = restrictTo(deps, actor);
      const target =
        targetId === undefined ? null : ((await visibleInvoices(db, [targetId], actor)).get(targetId) ?? null);
      const customerId = chosen || (target?.customerId ?? '');
      const heads = await host.findCandidates(db, {
        customerIds: [customerId],
        ...(targetId !== undefined && { exclude: targetId }),
        ...(search && { search }),
        restrict,
      });
      const context = {
        target,
        customerId,
        // Of a new invoice it is judged below, once all is known that could be chosen.
        ...(target && currency && { currency }),
        ...(await judgedBy(db, now, actor)),
      };
      const judged = heads.map((head) => toCandidate(head, reasonsAgainst(head, context), creditOnly(head, context)));
      const name = await customerName(db, host.map, customerId, deps.scope && restrict);
      const asked = await askHook(deps, judged, { customerId, ...(targetId !== undefined && { targetId }), actor, db });
      const choice = target ? null : chooseCurrency(asked, heads, currency);
      const refusal = target && (await refusalOf(db, now, target));
      const regrouped =
        target && refusal?.code === 'target_issued'
          ? toCandidate(target, reasonsAgainst(target, { ...context, target: null }), [])
          : null;
      return {
        customer: name === null ? null : { id: customerId, name },
        target,
        refusal,
        mayRegroup:
          regrouped !== null &&
          (await askHook(deps, [regrouped], { customerId, actor, db })).some((one) => one.eligible),
        candidates: asked,
        currency: currency ?? target?.currency ?? null,
        currencies: [],
        together: [],
        ...choice,
      };
    },

    async versions(db, ids) {
      const invoices = ids.length > 0 ? await host.loadInvoices(db, ids) : [];
      return new Map(invoices.map(({ id, version }) => [id, version]));
    },

    async lines(db, { sourceIds, targetId, actor }) {
      const now = await settingsNow(db);
      const invoices = await visibleOf(db, targetId === undefined ? sourceIds : [...sourceIds, targetId], actor);
      const target = targetId === undefined ? null : (invoices.get(targetId) ?? null);
      if (targetId !== undefined && !target) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId: targetId });
      const judged = await judgedBy(db, now, actor);
      return sourceIds.map((sourceId) => {
        const source = invoices.get(sourceId);
        if (!source) return { sourceId, error: new PluginError('IM_NOT_FOUND', 404, { invoiceId: sourceId }) };
        const reasons = reasonsAgainst(source, {
          target,
          // Which customer and currency the form says now, the save will see; here only the person's own sight counts.
          customerId: source.customerId,
          currency: source.currency,
          ...judged,
        });
        return reasons.length > 0
          ? { sourceId, error: notMergeable([{ invoiceId: source.id, number: source.number, reasons }]) }
          : { sourceId, lines: sourceLines(source) };
      });
    },

    async preview(db, { targetId, customerId, sourceIds, actor }) {
      const now = await settingsNow(db);
      const unique = [...new Set(sourceIds)];
      const invoices = await visibleInvoices(db, [...unique, ...(targetId === undefined ? [] : [targetId])], actor);
      const target = targetId === undefined ? null : (invoices.get(targetId) ?? null);
      const sources = unique.flatMap((id) => invoices.get(id) ?? []);
      const context = {
        target,
        customerId: customerId ?? target?.customerId ?? sources[0]?.customerId ?? '',
        ...(await judgedBy(db, now, actor)),
      };
      const document = target ?? emptyDocument(sources[0]);
      const brought = sources.map(sourceLines);
      const after = mergedDocument(document, brought, { ...options, into });
      const compared = difference(
        [
          { document, ...(target && { total: totalOf(target.totals) }) },
          ...sources.map((source) => ({ document: source, total: source.total })),
        ],
        { document: after },
        options,
      );
      const refusals = sources.flatMap((source) => {
        const reasons = reasonsAgainst(source, context);
        return reasons.length > 0 ? [{ invoiceId: source.id, reasons }] : [];
      });
      const refusal = target && (await refusalOf(db, now, target));
      const total = totalOf(invoiceTotals(after, options));
      if (refusals.length === 0) refusals.push(...reasonsAgainstTogether(target, sources, total));
      if (target && refusal) refusals.push({ invoiceId: target.id, reasons: [refusal] });
      return {
        sources: brought,
        target: target?.totals ?? null,
        merged: addTotals(
          sources.map(({ totals }) => totals),
          document.currency,
        ),
        after: invoiceTotals(after, options),
        ...compared,
        refusals,
      };
    },

    async merge(request, actor) {
      if (request.sources.length === 0) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'sources' });
      const form = {
        [FIELDS.source]: request.sources.map(({ id, version }) => `${id}~${version}`),
        [FIELDS.issued]: request.settlement.issued,
        [FIELDS.draft]: request.settlement.draft,
        [FIELDS.key]: request.key,
        [FIELDS.target]: request.targetVersion ?? '',
        [FIELDS.shown]: request.shownTotal ?? '',
        [FIELDS.acknowledged]: request.acknowledged ?? [],
        [FIELDS.lines]: 'server',
      };
      const input = { page: 'edit' as const, invoiceId: request.targetId, form, actor };
      const result = await runTransaction(deps.knex, (trx) =>
        applyMerge(trx, input, () => Promise.resolve(request.targetId)),
      );
      if (!result.merge)
        throw new PluginError('IM_KEY_REUSED', 409, {
          invoiceId: result.invoiceId,
          url: host.invoiceUrl(result.invoiceId, 'preview'),
        });
      return { merge: result.merge, replayed: result.replayed };
    },

    undo: (request, actor) => runTransaction(deps.knex, (trx) => undoing.undo(trx, request, actor)),

    correct: (request, actor) => runTransaction(deps.knex, (trx) => correcting.correct(trx, request, actor)),

    ...createDossier(deps, judging, correcting),

    mergeById: (db, id, actor) => judging.seenMerge(db, id, actor),

    async merges(db, { page, actor, ...filter }) {
      const { merges, total } = await store.mergesPage(db, toStored(deps, db, filter), seenBy(db, actor), {
        offset: (page - 1) * MERGES_PAGE,
        limit: MERGES_PAGE,
      });
      return { merges, page, pages: Math.max(1, Math.ceil(total / MERGES_PAGE)), total };
    },

    lineage: createLineage(deps),

    async mergesOf(db, invoiceId, actor) {
      const { mergedInto, replaces } = await guarding.mergesOf(db, invoiceId);
      const named = [...(mergedInto ? [mergedInto] : []), ...replaces].map((one) => one.invoiceId);
      const visible = await visibleIds(db, host.map, [invoiceId, ...named], restrictTo(deps, actor));
      return {
        mergedInto: mergedInto && visible.has(mergedInto.invoiceId) ? mergedInto : null,
        replaces: visible.has(invoiceId)
          ? replaces.filter((one) => one.settlement === 'delete' || visible.has(one.invoiceId))
          : [],
      };
    },
  };

  return { service, applyMerge, guarding };
};
