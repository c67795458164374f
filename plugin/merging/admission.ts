/** Who may merge what into what: everything that a save claims, checked again under lock. */
import { PluginError } from '../errors';
import type {
  Actor,
  Candidate,
  Db,
  Id,
  Invoice,
  InvoiceHead,
  Reason,
  Row,
  Settlement,
  SettlementChoice,
  Trx,
} from '../host/contract';
import { linksLeft } from '../host/links';
import { visibleIds } from '../host/own-columns';
import { exact, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import type { RulesNow, SettingsNow } from '../settings/contract';
import { choiceOf } from '../settings/rules';
import type { Refusal } from './contract';
import { isIssued, keepsAdjustment, lockedUntil, restrictTo, rulesFor, type MergingDeps } from './deps';
import type { Guarding } from './guarding';
import type { MergeForm } from './payload';
import { reasonsAgainst, reasonsAgainstTogether, targetRefusal } from './rules';

export interface Admission {
  /** The target as it was before this save; null when the save creates it. */
  before: Invoice | null;
  sources: Invoice[];
  settlement: SettlementChoice;
  /** Judges the sources against what the host has just saved: the form may have changed the customer, say. */
  judgeSaved(saved: Invoice): void;
  /** Judges the total that the target comes to. */
  judgeTotal(total: Decimal): void;
}

/** Of a save without sources, which settles none. */
const NOTHING: SettlementChoice = { issued: 'cancel', draft: 'cancel' };

/** Of the target: judged once it is saved, since the form may bring another customer, currency or other taxes. */
const FORM_MAY_CHANGE: Reason[] = ['customer', 'company', 'currency', 'price_basis', 'must_match', 'tax_category'];

const about = (targetId: Id | null, db: Db): { invoiceId?: Id; db: Db } =>
  targetId === null ? { db } : { invoiceId: targetId, db };

export const settlementOf = (source: Pick<Invoice, 'status'>, choice: SettlementChoice): Settlement =>
  isIssued(source) ? choice.issued : choice.draft;

export const toCandidate = (invoice: InvoiceHead, reasons: Refusal[], creditOnly: Refusal[]): Candidate => ({
  id: invoice.id,
  number: invoice.number,
  status: invoice.status,
  issueDate: invoice.issueDate,
  dueDate: invoice.dueDate,
  currency: invoice.currency,
  total: invoice.total,
  eligible: reasons.length === 0,
  reasons,
  creditOnly,
});

/**
 * Runs the host's `candidates` hook. It may take candidates away and refuse them; ids of its own invention are dropped.
 * @throws IM_HOOK_INVALID 500 when it answers something else than a list of candidates
 */
export async function askHook(
  deps: Pick<MergingDeps, 'hooks' | 'logger'>,
  candidates: Candidate[],
  context: { customerId: Id; targetId?: Id; actor: Actor; db: Db },
): Promise<Candidate[]> {
  if (!deps.hooks.candidates) return candidates;
  const answer: unknown = await deps.hooks.candidates(structuredClone(candidates), context);
  if (!Array.isArray(answer)) throw new PluginError('IM_HOOK_INVALID', 500, { hook: 'candidates' });
  const answered = new Map(
    (answer as Partial<Candidate>[]).flatMap((one) => (typeof one?.id === 'string' ? [[one.id, one] as const] : [])),
  );
  const unknown = [...answered.keys()].filter((id) => !candidates.some((one) => one.id === id));
  if (unknown.length > 0 || answered.size !== answer.length)
    deps.logger.warn('candidates hook answered what was not a candidate: ignored', { ids: unknown });
  return candidates.flatMap((one) => {
    const changed = answered.get(one.id);
    if (!changed) return [];
    const given = (Array.isArray(changed.reasons) ? changed.reasons : []) as Partial<Refusal | null>[];
    const added = given.filter((reason) => !one.reasons.some(({ code }) => code === reason?.code));
    // Whatever the host says against it, and in which shape: it is not merged.
    if (added.length === 0 && (changed.eligible !== false || !one.eligible)) return [one];
    const vars = added.find((reason) => isObject(reason?.vars))?.vars ?? {};
    return [{ ...one, eligible: false, reasons: [...one.reasons, { code: 'host' as const, vars }] }];
  });
}

const isObject = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

type Refused = { invoiceId: Id; number: string | null; reasons: Refusal[] };

export const notMergeable = (invoices: Refused[]): PluginError =>
  new PluginError('IM_NOT_MERGEABLE', 422, { invoices });

/** @throws IM_NOT_MERGEABLE 422 with `invoices`, unless there are none */
export function demandNone(refused: Refused[]): void {
  if (refused.length > 0) throw notMergeable(refused);
}

export async function admit(
  deps: MergingDeps,
  guarding: Guarding,
  trx: Trx,
  save: { targetId: Id | null; form: MergeForm; actor: Actor },
): Promise<Admission> {
  const { host, store } = deps;
  const { targetId, form, actor } = save;
  const sourceIds = form.sources.map(({ id }) => id);
  const loaded = new Map<Id, Invoice>();
  const ids = [...(targetId === null ? [] : [targetId]), ...sourceIds];
  if (ids.length > 0) for (const invoice of await host.loadInvoices(trx, ids)) loaded.set(invoice.id, invoice);

  const before = targetId === null ? null : (loaded.get(targetId) ?? null);
  const visible = sourceIds.length > 0 ? new Set(await visibleIds(trx, host.map, ids, restrictTo(deps, actor))) : null;
  if (targetId !== null) {
    const [merged] = await store.asSources(trx, [targetId]);
    // Who merges may be anybody: what follows names numbers, people and successors. A save alone is the host's to allow.
    if (visible && before && !visible.has(targetId))
      throw new PluginError('IM_NOT_FOUND', 404, { invoiceId: targetId });
    if (merged) throw await guarding.mergedError(trx, merged, 'edit', actor);
    if (!before) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId: targetId });
    if (form.targetVersion !== null && form.targetVersion !== before.version) {
      const [last] = (await store.asTarget(trx, targetId)).slice(-1);
      throw new PluginError('IM_STALE_TARGET', 409, {
        invoiceId: targetId,
        number: before.number,
        url: host.invoiceUrl(targetId, 'edit'),
        ...(last && { lastMerge: { at: last.at, by: last.actor.name } }),
      });
    }
  }
  if (visible === null)
    return { before, sources: [], settlement: NOTHING, judgeSaved: () => undefined, judgeTotal: () => undefined };

  if (!(await deps.authorize(actor, 'merge.apply', about(targetId, trx))))
    throw new PluginError('IM_FORBIDDEN', 403, { action: 'merge.apply' });
  const settings = await deps.settings.read(trx);
  const { settlement, rules } = await admitSettlement(deps, trx, settings, save);

  const mergedAlready = new Map((await store.asSources(trx, sourceIds)).map((one) => [one.sourceId, one]));
  const sources: Invoice[] = [];
  const stale: Record<string, unknown>[] = [];
  for (const { id, version } of form.sources) {
    const source = loaded.get(id);
    const merged = mergedAlready.get(id);
    if (merged && (!source || visible.has(id))) {
      const error = await guarding.mergedError(trx, merged, 'merge', actor);
      // Of a deleted invoice nobody can say who might see it: whoever sees its successor may know.
      if (!source && error.vars.successorId === undefined)
        throw new PluginError('IM_NOT_FOUND', 404, { invoiceId: id });
      stale.push({ ...error.vars, id, change: 'merged' });
    } else if (!source || !visible.has(id)) throw new PluginError('IM_NOT_FOUND', 404, { invoiceId: id });
    else if (version !== null && version !== source.version) {
      const { number, issueDate } = source;
      const context = {
        ...{ target: before, customerId: source.customerId },
        ...{ hostKeepsAdjustment: true, lockedUntil: null, credit: true },
      };
      // Paid or cancelled meanwhile, say: then it cannot be ticked again either.
      const reasons = reasonsAgainst(source, context).filter(({ code }) => !FORM_MAY_CHANGE.includes(code));
      const url = host.invoiceUrl(id, 'preview');
      stale.push({ id, number, issueDate, url, change: 'edited', reasons });
    } else sources.push(source);
  }
  if (stale.length > 0) throw new PluginError('IM_STALE_SOURCE', 409, { ...stale[0], stale });

  const closedUntil = await lockedUntil(deps, trx, settings);
  // A draft that this very save issues was none when it took the lines.
  const issuedTargets = rules.issuedTargets || before === null || !isIssued(before);
  const judge = (target: Invoice, hostRefused: Map<Id, Refusal[]>, open: Reason[] = []): void => {
    const refusal = targetRefusal(target, { lockedUntil: closedUntil, issuedTargets });
    if (refusal)
      throw new PluginError('IM_TARGET_CLOSED', 422, { invoiceId: target.id, number: target.number, reason: refusal });
    const context = {
      target,
      customerId: target.customerId,
      hostKeepsAdjustment: keepsAdjustment(host),
      lockedUntil: closedUntil,
      credit: settlement.issued === 'credit',
    };
    const standing = (reasons: Refusal[]): Refusal[] => reasons.filter(({ code }) => !open.includes(code));
    const refused = sources.flatMap((source) => {
      const reasons = standing([...reasonsAgainst(source, context), ...(hostRefused.get(source.id) ?? [])]);
      return reasons.length > 0 ? [{ invoiceId: source.id, number: source.number, reasons }] : [];
    });
    const together = reasonsAgainstTogether(target, sources, '0').filter(({ reasons }) => standing(reasons).length > 0);
    demandNone(refused.length > 0 ? refused : withNumbers(together));
  };
  const withNumbers = (refused: { invoiceId: Id; reasons: Refusal[] }[]) =>
    refused.map((one) => ({ ...one, number: loaded.get(one.invoiceId)?.number ?? null }));
  const customerId = before?.customerId ?? sources[0]?.customerId ?? '';
  const asked = await askHook(
    deps,
    sources.map((source) => toCandidate(source, [], [])),
    {
      customerId,
      ...(targetId !== null && { targetId }),
      actor,
      db: trx,
    },
  );
  const hostRefused = new Map<Id, Refusal[]>();
  for (const { id } of sources) {
    const answer = asked.find((one) => one.id === id);
    const reasons = answer ? answer.reasons : [{ code: 'host' as const, vars: {} }];
    if (reasons.length > 0) hostRefused.set(id, reasons);
  }
  const deleted = sources.filter((source) => settlementOf(source, settlement) === 'delete').map(({ id }) => id);
  for (const [id, links] of await linksLeft(trx, host.map, deleted, 'keep'))
    hostRefused.set(id, [...(hostRefused.get(id) ?? []), { code: 'link', vars: { links } }]);
  // Before the save too: the host's own save should not run for what is refused whatever the form says.
  if (before) judge(before, hostRefused, FORM_MAY_CHANGE);
  return {
    before,
    sources,
    settlement,
    judgeSaved: (saved) => {
      // A new invoice that waits for its merged lines is worth nothing yet, which many hosts call paid.
      const waiting = !before && saved.status === 'paid' && saved.payments.count === 0 && exact(saved.total).eq(ZERO);
      judge(waiting ? { ...saved, status: 'unpaid' } : saved, hostRefused);
    },
    judgeTotal: (total) => demandNone(withNumbers(reasonsAgainstTogether(before, sources, total))),
  };
}

/** Whether the settings let anything be merged, and what becomes of the sources: what was posted, else what they say. */
async function admitSettlement(
  deps: MergingDeps,
  trx: Trx,
  settings: SettingsNow,
  { form, actor, targetId }: { form: MergeForm; actor: Actor; targetId: Id | null },
): Promise<{ settlement: SettlementChoice; rules: RulesNow }> {
  if (!settings.enabled) throw new PluginError('IM_DISABLED', 409);
  const posted = form.settlement;
  const { rules, blockedBy } = await rulesFor(deps, trx, settings, ({ issued, draft }) => [
    ...[issued.default, draft.default],
    ...[posted.issued, posted.draft],
  ]);
  const settlement = choiceOf(posted, rules);
  for (const kind of ['issued', 'draft'] as const) {
    const offered: Settlement[] = rules[kind].offered;
    if (!offered.includes(settlement[kind]))
      throw new PluginError('IM_SETTLEMENT_NOT_OFFERED', 422, {
        settlement: settlement[kind],
        blockedBy: settlement[kind] === 'delete' ? blockedBy : [],
      });
  }
  const byDefault = settlement.issued === rules.issued.default && settlement.draft === rules.draft.default;
  if (!byDefault && !(await deps.authorize(actor, 'merge.choose_settlement', about(targetId, trx))))
    throw new PluginError('IM_SETTLEMENT_FORBIDDEN', 403, { settlement });
  return { settlement, rules };
}
