/** The save's protocol: key, lock, check, the host's own save, lines, links, settlement, totals, comparison, record. Nothing here commits or retries. */
import Big from 'big.js';
import type { ApplyResult, InvoiceMergePlugin, SavedInvoice } from '../contract';
import { PluginError } from '../errors';
import type {
  Actor,
  Id,
  Invoice,
  InvoiceLine,
  Merge,
  MovedLink,
  Settlement,
  SettlementChoice,
  Snapshot,
  Trx,
} from '../host/contract';
import { copyLineColumns, markMerged, tagLines, todayIn } from '../host/own-columns';
import { afterOutermostCommit, demandTransaction } from '../host/transaction';
import { minorUnit } from '../money/currency';
import { sum, toAmount } from '../money/decimal';
import { invoiceTotals, totalOf } from '../money/totals';
import type { AllowanceCharge } from '../money/types';
import { changedLine, contentOf, recognise, sameFigures, type ChangedLine } from './carried';
import { admit, settlementOf, type Admission } from './admission';
import { carriedFrom, difference, fixDiscount, isPureRounding, type Carried } from './combine';
import { carryingWords, ownDiscountText, keepsAllowances, nameOf, type MergingDeps } from './deps';
import type { Guarding } from './guarding';
import { hashForm, parseMergeForm, type MergeForm } from './payload';
import type { CarriedRecord, NewMerge, SourceRecord } from './store';

type ApplyMerge = InvoiceMergePlugin<never>['applyMerge'];

const sameAllowance = (a: AllowanceCharge, b: AllowanceCharge): boolean =>
  a.kind === b.kind &&
  new Big(a.amount).eq(b.amount) &&
  a.tax?.category === b.tax?.category &&
  new Big(a.tax?.rate ?? 0).eq(b.tax?.rate ?? 0);

type CarriedSource = Carried & { sourceId: Id };

type Change = Parameters<MergingDeps['host']['updateInvoice']>[2];

/** Leaves out what stays as it is: hosts without a discount or an adjustment column are then not asked for it. */
function onlyChanges(
  saved: Invoice,
  change: Required<Pick<Change, 'allowancesCharges' | 'adjustment' | 'reminderLevel'>> & Pick<Change, 'discount'>,
): Change {
  return {
    ...(change.discount && !new Big(saved.discount?.value ?? 0).eq(0) && { discount: change.discount }),
    ...(change.allowancesCharges.length !== saved.allowancesCharges.length && {
      allowancesCharges: change.allowancesCharges,
    }),
    ...(!new Big(change.adjustment).eq(saved.adjustment) && { adjustment: change.adjustment }),
    ...(change.reminderLevel !== saved.reminderLevel && { reminderLevel: change.reminderLevel }),
  };
}

interface Question {
  code: 'carried_lines_changed' | 'total_changed';
  vars: Record<string, unknown>;
}

const QUESTION_ERRORS = {
  carried_lines_changed: 'IM_CARRIED_LINES_CHANGED',
  total_changed: 'IM_TOTAL_CHANGED',
} as const;

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
  const { map } = host;

  async function reload(trx: Trx, invoiceId: Id): Promise<Invoice> {
    const [invoice] = await host.loadInvoices(trx, [invoiceId]);
    if (!invoice) throw new PluginError('IM_SAVE_RESULT_INVALID', 500, { expected: invoiceId, answered: null });
    return invoice;
  }

  /** Follows the lines of earlier merges through this save; what is gone or changed becomes a question. */
  async function followCarriedLines(
    trx: Trx,
    records: CarriedRecord[],
    saved: Invoice,
    before: Invoice | null,
    answer: SavedInvoice,
    at: string,
  ): Promise<{ retagged: number; lost: ChangedLine[] }> {
    if (records.length === 0) return { retagged: 0, lost: [] };
    // Rows that this merge brings bear no mark yet either, and may say the same.
    const arriving = new Set(answer.carried.map(({ lineId }) => lineId));
    const { restored, changed, reworded, gone } = recognise(
      records,
      saved.lines.filter(({ id }) => !arriving.has(id)),
      before?.lines.filter(({ sourceInvoiceId }) => sourceInvoiceId === null) ?? [],
    );
    const found = [...restored, ...changed, ...reworded];
    const retag = found.filter(({ line }) => line.sourceInvoiceId === null);
    await tagLines(
      trx,
      map,
      retag.map(({ record, line }) => ({
        lineId: line.id,
        sourceInvoiceId: record.sourceId,
        sourceLineId: record.sourceLineId,
      })),
    );
    const follow = ({ record, line }: { record: CarriedRecord; line: InvoiceLine }) => ({
      ...record,
      lineId: line.id,
      content: contentOf(line),
      goneAt: null,
    });
    await store.updateCarriedLines(trx, [
      ...found.map(follow),
      ...gone.map((record) => ({ ...record, lineId: null, goneAt: at })),
    ]);
    return {
      retagged: retag.length,
      lost: [
        ...changed.map(({ record, line }) => changedLine(record.sourceId, record.content, contentOf(line))),
        ...gone.map((record) => changedLine(record.sourceId, record.content, null)),
      ],
    };
  }

  /** The host's rows carry the lines: marks them, and names what did not arrive as it was. */
  async function adoptFormLines(
    trx: Trx,
    saved: Invoice,
    answer: SavedInvoice,
    carried: CarriedSource[],
  ): Promise<{ lost: ChangedLine[]; own: Invoice }> {
    const lineIds = new Map(answer.carried.map(({ key, lineId }) => [key, lineId]));
    const lines = new Map(saved.lines.map((line) => [line.id, line]));
    const lost: ChangedLine[] = [];
    const tags: { lineId: Id; sourceInvoiceId: Id; sourceLineId: Id | null }[] = [];
    for (const line of carried.flatMap((one) => one.lines)) {
      const lineId = lineIds.get(line.key) ?? '';
      const now = lines.get(lineId);
      // Once each: a host that sums equal rows up answers one row for two.
      lines.delete(lineId);
      if (!now) {
        lost.push(changedLine(line.sourceInvoiceId, line, null));
        continue;
      }
      if (!sameFigures(line, contentOf(now))) lost.push(changedLine(line.sourceInvoiceId, line, contentOf(now)));
      tags.push({ lineId: now.id, sourceInvoiceId: line.sourceInvoiceId, sourceLineId: line.sourceLineId });
    }
    // Document allowances bear no mark: each one brought must be among those saved, once per time it was brought.
    const ownAllowances = [...saved.allowancesCharges];
    for (const { sourceId, allowancesCharges } of carried)
      for (const part of allowancesCharges) {
        const index = ownAllowances.findIndex((one) => sameAllowance(one, part));
        if (index >= 0) ownAllowances.splice(index, 1);
        else {
          const was = { quantity: part.kind === 'charge' ? '1' : '-1', unitPrice: part.amount };
          lost.push({ sourceId, description: part.reason ?? '', was, now: null });
        }
      }
    await tagLines(trx, map, tags);
    await copyLineColumns(
      trx,
      map,
      tags.flatMap(({ lineId, sourceLineId }): [Id, Id][] => (sourceLineId ? [[sourceLineId, lineId]] : [])),
    );
    const ownLines = saved.lines.filter((line) => !tags.some(({ lineId }) => lineId === line.id));
    return { lost, own: { ...saved, lines: ownLines, allowancesCharges: ownAllowances } };
  }

  async function settle(
    trx: Trx,
    target: Invoice,
    sources: Invoice[],
    settlement: SettlementChoice,
    actor: Actor,
    at: string,
  ): Promise<SourceRecord[]> {
    const idsOf = (wanted: Settlement): Id[] =>
      sources.filter((source) => settlementOf(source, settlement) === wanted).map(({ id }) => id);
    const snapshots = new Map<Id, Snapshot>();
    const cancelled = idsOf('cancel');
    if (cancelled.length > 0) {
      const note = deps.documents.t('document.merged_note', {
        number: nameOf(deps.documents, target),
        date: deps.documents.day(todayIn(deps.timeZone, new Date(at))),
        name: actor.name,
      });
      for (const snapshot of await host.cancelInvoices(trx, cancelled, note))
        snapshots.set(snapshot.invoiceId, snapshot);
      await markMerged(trx, map, cancelled, target.id, at);
    }
    const deleted = idsOf('delete');
    if (deleted.length > 0)
      for (const snapshot of await host.deleteInvoices(trx, deleted)) snapshots.set(snapshot.invoiceId, snapshot);
    return sources.map((source) => ({
      invoiceId: source.id,
      number: source.number,
      issueDate: source.issueDate,
      status: source.status,
      total: source.total,
      settlement: settlementOf(source, settlement),
      snapshot: snapshots.get(source.id) ?? null,
    }));
  }

  function demandAnswers(questions: Question[], acknowledged: string[]): void {
    const open = questions.filter(({ code }) => !acknowledged.includes(code));
    const [first] = open;
    if (first)
      throw new PluginError(QUESTION_ERRORS[first.code], 422, {
        ...first.vars,
        questions: open.map(({ code, vars }) => ({ code, ...vars })),
      });
  }

  /** Steps 5 to 10 for a save that merges. */
  async function merge(
    trx: Trx,
    admitted: Admission,
    saved: Invoice,
    answer: SavedInvoice,
    form: MergeForm,
    lostBefore: ChangedLine[],
    actor: Actor,
    at: string,
  ): Promise<Merge> {
    const { sources, before, settlement } = admitted;
    const into = keepsAllowances(host) ? 'allowances' : 'lines';
    const options = { taxRounding: map.taxRounding };
    const carried = sources.map((source) => ({
      sourceId: source.id,
      ...carriedFrom(source, into, carryingWords(deps.documents)),
    }));
    const byForm = form.linesBy === 'form';

    const adopted = byForm ? await adoptFormLines(trx, saved, answer, carried) : { lost: [], own: saved };
    const { own } = adopted;
    const fixed = fixDiscount(own, into, ownDiscountText(deps.documents), {
      ...options,
      supplyDate: null,
    });
    // Marked with the invoice's own id: it was carried by this merge, though from no other document.
    const fixedLines = fixed.lines.map((line, index) => ({ ...line, key: `own.${index}`, sourceInvoiceId: saved.id }));
    const added = byForm ? fixedLines : [...carried.flatMap((one) => one.lines), ...fixedLines];
    if (added.length > 0) await host.appendLines(trx, saved.id, added);
    const change = {
      ...(saved.discount && { discount: { ...saved.discount, value: '0' } }),
      allowancesCharges: [
        ...saved.allowancesCharges,
        ...fixed.allowancesCharges,
        ...(byForm ? [] : carried.flatMap((one) => one.allowancesCharges)),
      ],
      adjustment: toAmount(
        sum([saved.adjustment, fixed.adjustment, ...carried.map((one) => one.adjustment)]),
        minorUnit(saved.currency),
      ),
      // Reminders go on where the customer was reminded most, instead of beginning anew.
      reminderLevel: Math.max(saved.reminderLevel, ...sources.map((one) => one.reminderLevel)),
    };
    const changes = onlyChanges(saved, change);
    if (Object.keys(changes).length > 0) await host.updateInvoice(trx, saved.id, changes);

    const withLines = await reload(trx, saved.id);
    const lineIdBySource = new Map(
      withLines.lines.flatMap((line) => (line.sourceLineId === null ? [] : [[line.sourceLineId, line.id] as const])),
    );
    const links: MovedLink[] = await host.moveLinks(
      trx,
      {
        invoiceIds: sources.map(({ id }) => id),
        lineIds: sources.flatMap((source) =>
          source.lines.flatMap(({ id }): [Id, Id][] => {
            const lineId = lineIdBySource.get(id);
            return lineId === undefined ? [] : [[id, lineId]];
          }),
        ),
      },
      saved.id,
    );

    const records = await settle(trx, withLines, sources, settlement, actor, at);
    const { totals } = await host.saveTotals(trx, saved.id);
    admitted.judgeTotal(totalOf(totals));

    const parts = [
      { document: own, total: totalOf(invoiceTotals(own, options)) },
      ...sources.map((source) => ({ document: source, total: source.total })),
    ];
    const compared = difference(parts, { document: withLines, total: totalOf(totals) }, options);
    const questions: Question[] = [];
    const lost = [...lostBefore, ...adopted.lost];
    if (lost.length > 0) questions.push({ code: 'carried_lines_changed', vars: { lines: lost } });
    const shown = form.shownTotal;
    const asked = shown === null ? !isPureRounding(compared.causes) : !new Big(shown).eq(totals.payable);
    if (asked)
      questions.push({
        code: 'total_changed',
        vars: {
          shown: shown ?? toAmount(sum(parts.map(({ total }) => total)), minorUnit(saved.currency)),
          after: totals.payable,
          currency: saved.currency,
          causes: compared.causes,
        },
      });
    demandAnswers(questions, form.acknowledged);

    const record: NewMerge = {
      targetId: saved.id,
      targetNumber: withLines.number,
      customerId: saved.customerId,
      currency: saved.currency,
      totalsBefore: before?.totals ?? null,
      totalsAfter: totals,
      difference: compared.difference,
      causes: compared.causes,
      acknowledged: form.acknowledged,
      discounts: {
        target: { discount: saved.discount, adjustment: saved.adjustment, allowancesCharges: saved.allowancesCharges },
        carried: carried.map(({ sourceId, adjustment, allowancesCharges }) => ({
          sourceId,
          adjustment,
          allowancesCharges,
        })),
      },
      settlement,
      actor,
      at,
      sources: records,
      links,
      carried: withLines.lines
        .filter(
          (line) =>
            line.sourceInvoiceId !== null &&
            !saved.lines.some((old) => old.id === line.id && old.sourceInvoiceId !== null),
        )
        .map((line) => ({
          targetId: saved.id,
          sourceId: line.sourceInvoiceId ?? '',
          sourceLineId: line.sourceLineId,
          lineId: line.id,
          kind: line.sourceLineId !== null ? 'line' : new Big(line.quantity).lt(0) ? 'allowance' : 'charge',
          content: contentOf(line),
        })),
    };
    const id = await store.record(trx, record);
    const made: Merge = {
      id,
      targetId: record.targetId,
      sources: records.map(({ invoiceId, number, total, settlement: how }) => ({
        invoiceId,
        number,
        total,
        settlement: how,
        creditNote: null,
      })),
      totalsBefore: record.totalsBefore,
      totalsAfter: record.totalsAfter,
      difference: record.difference,
      causes: record.causes,
      acknowledged: record.acknowledged,
      targetNumber: record.targetNumber,
      customerId: record.customerId,
      actor,
      createdAt: at,
      undone: null,
    };
    await deps.hooks.beforeMerge?.(trx, made);
    const { afterMerge } = deps.hooks;
    if (afterMerge)
      afterOutermostCommit(trx, () => {
        Promise.resolve()
          .then(() => afterMerge(made))
          .catch((error: unknown) => deps.logger.error('afterMerge hook failed', { mergeId: id, error }));
      });
    return made;
  }

  return async (trx, input, save) => {
    demandTransaction(trx);
    const form = parseMergeForm(input.form);
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
        if (first.formHash !== hash)
          throw new PluginError('IM_KEY_REUSED', 409, {
            invoiceId: first.invoiceId,
            url: host.invoiceUrl(first.invoiceId, 'preview'),
          });
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
    if (records.length > 0 || admitted.sources.length > 0) {
      const saved = await reload(trx, answer.invoiceId);
      const followed = await followCarriedLines(trx, records, saved, admitted.before, answer, at);
      result.retagged = followed.retagged;
      if (admitted.sources.length > 0) {
        admitted.judgeSaved(saved);
        // Marks that were just restored belong to earlier merges: what follows must see them.
        const current = followed.retagged > 0 ? await reload(trx, saved.id) : saved;
        result.merge = await merge(trx, admitted, current, answer, form, followed.lost, input.actor, at);
      } else if (followed.lost.length > 0)
        demandAnswers([{ code: 'carried_lines_changed', vars: { lines: followed.lost } }], form.acknowledged);
    }
    if (form.key !== null) await store.fulfilKey(trx, form.key, answer.invoiceId, result.merge?.id ?? null);
    return result;
  };
};
