/** Who may merge: what speaks against a source, a target, and a whole merge. Pure; asked for the list and again under lock. */
import type { Candidate, Day, Id, InvoiceHead, Reason, Row } from '../host/contract';
import { exact, ZERO } from '../money/decimal';
import type { Decimal } from '../money/types';
import type { CandidateList, Refusal } from './contract';

export interface MergeContext {
  /** null: a new invoice. */
  target: InvoiceHead | null;
  customerId: Id;
  /** As the form says, which need not be saved yet; else the target's own. */
  currency?: string;
  /** Without it, what stands below the tax total of a source would be lost. */
  hostKeepsAdjustment: boolean;
  /** Last day whose accounts or VAT return are closed. */
  lockedUntil: Day | null;
  /** Issued sources may be settled by credit notes, which leave closed periods and what others already have as it is. */
  credit: boolean;
}

/** What a target is judged by. */
export interface TargetContext extends Pick<MergeContext, 'lockedUntil'> {
  /** Whether an invoice that bears a number may take lines. */
  issuedTargets: boolean;
}

const SOURCE_STATUSES = ['draft', 'unpaid', 'overdue'];
const TARGET_STATUSES = ['draft', 'unpaid', 'overdue'];

/** Why the invoice may not be merged into the target; empty when it may. Presets, hooks and permissions add theirs elsewhere. */
export function reasonsAgainst(source: InvoiceHead, context: MergeContext): Refusal[] {
  const { target } = context;
  const currency = context.currency ?? target?.currency;
  return refusals([
    [!SOURCE_STATUSES.includes(source.status), 'status', { status: source.status }],
    [!source.ordinary, 'kind'],
    [source.customerId !== context.customerId, 'customer'],
    [source.id === target?.id, 'self'],
    [
      currency !== undefined && source.currency !== currency,
      'currency',
      { currency: source.currency, expected: currency },
    ],
    ...(target ? mismatches(source, target) : []),
    ...settled(source),
    [source.recurring, 'recurring'],
    // Into which one, not everybody may know.
    [source.mergedIntoId !== null, 'merged'],
    taxConflict(source.taxCategories, target?.taxCategories ?? []),
    [!context.hostKeepsAdjustment && source.adjusted, 'discount_after_tax'],
    [source.refusingLinks.length > 0, 'link', { links: source.refusingLinks }],
    ...(context.credit && source.status !== 'draft' ? [] : beyondReach(source, context.lockedUntil)),
    [source.blocked, 'blocked'],
  ]);
}

/** What speaks against cancelling or deleting an invoice, and not against a credit note for it. */
export const creditOnly = (source: InvoiceHead, context: Pick<MergeContext, 'lockedUntil' | 'credit'>): Refusal[] =>
  context.credit && source.status !== 'draft' ? refusals(beyondReach(source, context.lockedUntil)) : [];

/** Why nothing may be merged into this invoice, the first reason only; null when something may. */
export function targetRefusal(target: InvoiceHead, context: TargetContext): Refusal | null {
  const [first] = refusals([
    [target.mergedIntoId !== null, 'merged'],
    // Its status says paid, which it is not.
    [target.credited, 'credits'],
    [!TARGET_STATUSES.includes(target.status) && target.status !== 'partial', 'status', { status: target.status }],
    [!target.ordinary, 'kind'],
    // A part-paid one says what was paid rather than its status. And a host may leave its status unpaid after a deposit: the money is there all the same.
    ...settled(target),
    [target.status === 'partial', 'status', { status: target.status }],
    // Its lines would come again with every recurrence.
    [target.recurring, 'recurring'],
    // Before what no other invoice helps against: a new one may take this one and the others.
    [!context.issuedTargets && target.status !== 'draft', 'target_issued'],
    ...beyondReach(target, context.lockedUntil),
  ]);
  return first ?? null;
}

/**
 * What only the choice as a whole shows: sources that do not go with each other, a result below zero.
 * @param after the total of the target with everything carried
 */
export function reasonsAgainstTogether(
  target: InvoiceHead | null,
  sources: InvoiceHead[],
  after: Decimal,
): { invoiceId: Id; reasons: Refusal[] }[] {
  const categories = new Set(target?.taxCategories);
  const [first] = sources;
  const negative = sources.filter((source) => exact(source.total).lt(ZERO));
  const toBlame = new Set((negative.length > 0 ? negative : sources).map((source) => source.id));

  return sources
    .map((source) => {
      const own = source.taxCategories;
      const reasons = refusals([
        // Against a saved target each source was judged by itself.
        ...(target === null && first ? mismatches(source, first) : []),
        [
          target === null && source.currency !== first?.currency,
          'currency',
          { currency: source.currency, expected: first?.currency },
        ],
        taxConflict(own, [...categories]),
        [
          exact(after).lt(ZERO) && toBlame.has(source.id),
          'negative_total',
          { total: after, currency: source.currency },
        ],
      ]);
      own.forEach((category) => categories.add(category));
      return { invoiceId: source.id, reasons };
    })
    .filter(({ reasons }) => reasons.length > 0);
}

/**
 * The most of these invoices that one new invoice can take: of one currency, one company, one price basis and so on.
 * Among equally large choices the one with the first invoice.
 */
export function mostTogether(sources: InvoiceHead[]): InvoiceHead[] {
  const alike = new Map<string, InvoiceHead[]>();
  for (const source of sources) {
    const { currency, companyId, pricesIncludeTax, mustMatch } = source;
    const names = Object.keys(mustMatch).sort();
    const key = JSON.stringify([currency, companyId, pricesIncludeTax, names.map((name) => [name, mustMatch[name]])]);
    alike.set(key, [...(alike.get(key) ?? []), source]);
  }
  const withoutConflict = (group: InvoiceHead[]): InvoiceHead[] => {
    const categories: string[] = [];
    return group.filter((source) => {
      const own = source.taxCategories;
      const [conflict] = taxConflict(own, categories);
      if (!conflict) categories.push(...own);
      return !conflict;
    });
  };
  return [...alike.values()]
    .map(withoutConflict)
    .reduce<InvoiceHead[]>((most, group) => (group.length > most.length ? group : most), []);
}

/**
 * A new invoice has one currency: as wished, else that of the most invoices that go together. Those in another one
 * are refused by it, so that nobody ticks what a save would refuse.
 */
export function chooseCurrency(
  candidates: Candidate[],
  heads: InvoiceHead[],
  wish: string | undefined,
): Pick<CandidateList, 'candidates' | 'currency' | 'currencies' | 'together'> {
  const left = new Set(candidates.filter((one) => one.eligible).map(({ id }) => id));
  const eligible = heads.filter(({ id }) => left.has(id));
  const counts = new Map<string, number>();
  for (const { currency } of eligible) counts.set(currency, (counts.get(currency) ?? 0) + 1);
  const currency = wish ?? mostTogether(eligible)[0]?.currency ?? null;
  return {
    candidates: candidates.map((one) => {
      if (currency === null || one.currency === currency) return one;
      const reason: Refusal = { code: 'currency', vars: { currency: one.currency, expected: currency } };
      return { ...one, eligible: false, reasons: [...one.reasons, reason] };
    }),
    currency,
    currencies: [...counts].map(([code, count]) => ({ currency: code, count })),
    together: mostTogether(eligible.filter((one) => one.currency === currency)).map(({ id }) => id),
  };
}

type Check = [against: boolean, code: Reason, vars?: Row];

function refusals(checks: Check[]): Refusal[] {
  return checks.filter(([against]) => against).map(([, code, vars]) => ({ code, vars: vars ?? {} }));
}

/** What must be the same on both: company, price basis and the columns that the host named. */
function mismatches(source: InvoiceHead, other: InvoiceHead): Check[] {
  const names = new Set([...Object.keys(source.mustMatch), ...Object.keys(other.mustMatch)]);
  const fields = [...names].filter((name) => (source.mustMatch[name] ?? null) !== (other.mustMatch[name] ?? null));
  return [
    [source.companyId !== other.companyId, 'company'],
    [source.pricesIncludeTax !== other.pricesIncludeTax, 'price_basis', { pricesIncludeTax: source.pricesIncludeTax }],
    [fields.length > 0, 'must_match', { fields }],
  ];
}

function settled({ payments, credits, credited, currency }: InvoiceHead): Check[] {
  return [
    [payments.count > 0, 'payments', { ...payments, currency }],
    [credits.count > 0 || credited, 'credits', { ...credits, currency }],
  ];
}

/** Declared, or in the hands of others: what it says stays as it is. */
function beyondReach({ issueDate, transmitted }: InvoiceHead, lockedUntil: Day | null): Check[] {
  return [
    [lockedUntil !== null && issueDate <= lockedUntil, 'locked', { issueDate, lockedUntil }],
    [transmitted, 'transmitted'],
  ];
}

/** EN 16931: nothing stands beside O, not subject to VAT (BR-O-11), nor S beside B, split payment (BR-B-02). */
function taxConflict(own: string[], others: string[]): Check {
  const excludes = (a: string, b: string) => (a === 'O' && b !== 'O') || (a === 'B' && b === 'S');
  const pair = own
    .flatMap((category) => others.map((other) => ({ category, other })))
    .find(({ category, other }) => excludes(category, other) || excludes(other, category));
  return [pair !== undefined, 'tax_category', pair];
}
