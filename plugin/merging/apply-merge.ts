/** The save's protocol: key, lock, check, the host's own save, lines, links, settlement, totals, comparison, record. Nothing here commits or retries. */
import type { ApplyResult, InvoiceMergePlugin, SavedInvoice } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Id, Invoice, Merge, Trx } from '../host/contract';
import { visibleIds } from '../host/own-columns';
import { afterOutermostCommit, demandTransaction } from '../host/transaction';
import { exact, ZERO } from '../money/decimal';
import { totalOf } from '../money/totals';
import { admit } from './admission';
import { askAboutFields, askAboutLines, askAboutTotal, compare, demandAnswers } from './asking';
import { bringIn, lineIdPairs, type MergingSave } from './bringing';
import { contentOf } from './carried';
import { arrivingLines, demandSources, followCarriedLines } from './carrying';
import { restrictTo, type MergingDeps } from './deps';
import type { Guarding } from './guarding';
import { hashForm, parseMergeForm, sentByBanner } from './payload';
import { settle } from './settling';
import type { NewMerge } from './store';

type ApplyMerge = InvoiceMergePlugin<never>['applyMerge'];

/** What the host's save answered, in one shape. */
function readSaved(answer: unknown, expected: Id | null): SavedInvoice {
  const saved: Partial<SavedInvoice> =
    typeof answer === 'object' && answer !== null ? answer : { invoiceId: answer as Id, carried: [] };
  const invoiceId = typeof saved.invoiceId === 'number' ? String(saved.invoiceId) : saved.invoiceId;
  const carried = saved.carried ?? [];
  if (
    typeof invoiceId !== 'string' ||
    invoiceId === '' ||
    !Array.isArray(carried) ||
    (expected !== null && invoiceId !== expected)
  )
    throw new PluginError('IM_SAVE_RESULT_INVALID', 500, { expected, answered: invoiceId ?? null });
  return { invoiceId, carried: carried.map(({ key, lineId }) => ({ key, lineId: String(lineId) })) };
}

export const createApplyMerge = (deps: MergingDeps, guarding: Guarding): ApplyMerge => {
  const { host, store, clock } = deps;

  async function reload(trx: Trx, invoiceId: Id): Promise<Invoice> {
    const [invoice] = await host.loadInvoices(trx, [invoiceId]);
    if (!invoice) throw new PluginError('IM_SAVE_RESULT_INVALID', 500, { expected: invoiceId, answered: null });
    return invoice;
  }

  /** Names the invoice only to whom may see it: a key of one's own choice may have been somebody else's. */
  async function keyReused(trx: Trx, invoiceId: Id, actor: Actor): Promise<PluginError> {
    const visible = await visibleIds(trx, host.map, [invoiceId], restrictTo(deps, actor));
    const vars = visible.has(invoiceId) ? { invoiceId, url: host.invoiceUrl(invoiceId, 'preview') } : {};
    return new PluginError('IM_KEY_REUSED', 409, vars);
  }

  /** Steps 5 to 10 for a save that merges. */
  async function merge(trx: Trx, save: MergingSave, at: string): Promise<Merge> {
    const { admitted, saved, form, actor } = save;
    const { sources, before, settlement } = admitted;

    // 5
    const brought = await bringIn(deps, trx, save);
    const { document } = brought;

    // 6
    const links = await host.moveLinks(
      trx,
      { invoiceIds: sources.map(({ id }) => id), lineIds: lineIdPairs(sources, document) },
      saved.id,
    );

    // 7
    const settled = await settle(deps, trx, document, sources, settlement, actor, at);

    // 8
    const { totals } = await host.saveTotals(trx, saved.id);
    admitted.judgeTotal(totalOf(totals));

    // 9
    const rounding = { taxRounding: host.map.taxRounding };
    const compared = compare(brought, sources, totals, rounding);
    demandAnswers(
      [
        ...askAboutLines([...save.lost, ...brought.lost], saved.currency),
        ...askAboutFields(saved, sources),
        ...askAboutTotal(save, brought, totals, compared, rounding),
      ],
      form.acknowledged,
    );

    // 10
    const record: NewMerge = {
      targetId: saved.id,
      targetNumber: document.number,
      customerId: saved.customerId,
      currency: saved.currency,
      totalsBefore: before?.totals ?? null,
      totalsAfter: totals,
      difference: compared.difference,
      causes: compared.causes,
      acknowledged: form.acknowledged,
      discounts: brought.discounts,
      settlement,
      actor,
      at,
      sources: settled,
      links,
      carried: brought.lines.map((line) => ({
        targetId: saved.id,
        sourceId: line.sourceInvoiceId ?? saved.id,
        sourceLineId: line.sourceLineId,
        lineId: line.id,
        kind: line.sourceLineId !== null ? 'line' : exact(line.quantity).lt(ZERO) ? 'allowance' : 'charge',
        content: contentOf(line),
      })),
    };
    const id = await store.record(trx, record);
    // Why their numbers are missing from now on.
    const deleted = settled.filter((one) => one.settlement === 'delete').map((one) => ({ ...one, id: one.invoiceId }));
    if (deleted.length > 0) await deps.numbers.deleted(trx, deleted, { mergeId: id, actor, at });
    const { targetId, targetNumber, customerId, currency, totalsBefore, totalsAfter } = record;
    const { difference, causes, acknowledged } = record;
    const made: Merge = {
      ...{ id, targetId, targetNumber, customerId, currency, totalsBefore, totalsAfter, actor },
      ...{ difference, causes, acknowledged },
      sources: settled.map(({ invoiceId, number, issueDate, total, settlement: how, creditNote }) => ({
        invoiceId,
        number,
        issueDate,
        total,
        settlement: how,
        creditNote,
      })),
      createdAt: at,
      undone: null,
      corrected: null,
    };
    // Copies: what a hook does to its own changes no answer.
    await deps.hooks.beforeMerge?.(trx, structuredClone(made));
    const { afterMerge } = deps.hooks;
    if (afterMerge)
      afterOutermostCommit(trx, () => {
        // A transaction opened by hand ends well for Knex also when it was rolled back: only the row tells.
        Promise.resolve(store.mergeById(deps.knex, id))
          .then((kept) =>
            kept?.targetId === targetId && kept.createdAt === at ? afterMerge(structuredClone(made)) : undefined,
          )
          .catch((error: unknown) => deps.logger.error('afterMerge hook failed', { mergeId: id, error }));
      });
    return made;
  }

  // Once: what a form lacks, it lacks at every save.
  let warned = false;
  function warnOfPlainForm(page: string, body: unknown): void {
    if (warned || sentByBanner(body)) return;
    warned = true;
    deps.logger.warn('a form without the fields of the banner was saved: neither replays nor its age are checked', {
      code: 'IM_FORM_WITHOUT_BANNER',
      page,
    });
  }

  return async (trx, input, save) => {
    demandTransaction(trx);
    const form = parseMergeForm(input.form);
    warnOfPlainForm(input.page, input.form);
    const targetId = input.page === 'edit' ? (input.invoiceId ?? null) : null;
    if (input.page === 'edit' && targetId === null)
      throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'invoiceId' });
    const at = clock().toISOString();

    // 1: the key, before anything is read: the second of two equal saves waits here and then answers the first's result.
    if (form.key !== null) {
      const ignored = deps.csrfField === undefined ? [] : [deps.csrfField];
      const hash = hashForm([hashForm(input.form, ignored), input.page, targetId, input.actor.id]);
      const first = await store.claimKey(trx, form.key, hash, at);
      if (first) {
        if (first.formHash !== hash) throw await keyReused(trx, first.invoiceId, input.actor);
        const merge = first.mergeId === null ? null : await store.mergeById(trx, first.mergeId);
        return { invoiceId: first.invoiceId, merge, replayed: true, retagged: 0 };
      }
    }

    // 2: the lock is a row written, so that it also holds between the nodes of a cluster.
    const ids = [...(targetId === null ? [] : [targetId]), ...form.sources.map(({ id }) => id)];
    if (ids.length > 0) await host.touchInvoices(trx, ids);

    // 3: nothing that the page said is trusted.
    const admitted = await admit(deps, guarding, trx, { targetId, form, actor: input.actor });

    // 4
    const answer = readSaved(await save(), targetId);
    const result: ApplyResult = { invoiceId: answer.invoiceId, merge: null, replayed: false, retagged: 0 };
    const records = targetId === null ? [] : await store.carriedLines(trx, targetId);
    if (records.length > 0 || admitted.sources.length > 0 || answer.carried.length > 0) {
      const saved = await reload(trx, answer.invoiceId);
      const arriving = arrivingLines(answer, admitted.sources);
      const followed = await followCarriedLines(deps, trx, records, saved, admitted.before, arriving, at);
      result.retagged = followed.retagged;
      // Marks that were just restored belong to earlier merges: what follows must see them.
      const current = followed.retagged > 0 ? await reload(trx, saved.id) : saved;
      demandSources(current, answer, arriving);
      if (admitted.sources.length > 0) {
        admitted.judgeSaved(current);
        result.merge = await merge(
          trx,
          { admitted, saved: current, answer, form, lost: followed.lost, actor: input.actor },
          at,
        );
      } else demandAnswers(askAboutLines(followed.lost, saved.currency), form.acknowledged);
    }
    if (form.key !== null) await store.fulfilKey(trx, form.key, answer.invoiceId, result.merge?.id ?? null);
    return result;
  };
};
