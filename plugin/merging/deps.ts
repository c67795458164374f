/** What every part of merging works with; made once by create-plugin. */
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Options } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Day, Db, HostCrm, InvoiceHead, Settlement, Trx } from '../host/contract';
import { canCredit } from '../host/credit-notes';
import type { Words } from '../i18n';
import type { Tax } from '../money/types';
import type { NumberRecords } from '../numbering/contract';
import type { RulesNow, Settings, SettingsService } from '../settings/contract';
import { rulesNow } from '../settings/rules';
import type { CarryingWords } from './combine';
import type { MergeStore } from './store';

export interface MergingDeps {
  knex: Knex;
  host: HostCrm;
  store: MergeStore;
  settings: SettingsService;
  authorize: Options<IncomingMessage>['authorize'];
  scope: Options<IncomingMessage>['scope'];
  hooks: NonNullable<Options<IncomingMessage>['hooks']>;
  logger: NonNullable<Options<IncomingMessage>['logger']>;
  clock: () => Date;
  /** Of the business: which day it is. */
  timeZone: string;
  csrfField: string | undefined;
  /** Speaks the language of documents. */
  documents: Words;
  /** Of numbering: safe with two at once, given back by a roll-back. */
  allocateNumbers(trx: Trx, type: 'invoice' | 'credit_note', count: number, date: Day): Promise<string[]>;
  /** Of numbering: what becomes of the numbers of documents that merging deletes and brings back. */
  numbers: NumberRecords;
  /** Columns that point at invoices and are not mapped: `delete` is not offered while there are any. */
  deleteBlockers(db: Db): Promise<{ where: string; mend: string }[]>;
}

export { restrictTo } from '../host/scope';

/** '2026-02-30' would close nothing, or too much. */
const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).getUTCDate() === Number(text.slice(8));

/**
 * Last day whose accounts are closed, the later of what the settings and the hook say; null when none is.
 * @throws IM_HOOK_INVALID 500 for anything but 'YYYY-MM-DD': compared with days, a Date would leave every period open
 */
export async function lockedUntil(
  deps: Pick<MergingDeps, 'hooks'>,
  db: Db,
  settings: Pick<Settings, 'lockedUntil'>,
): Promise<Day | null> {
  const day: unknown = (await deps.hooks.lockedUntil?.(db)) ?? null;
  if (day !== null && (typeof day !== 'string' || !isDay(day)))
    throw new PluginError('IM_HOOK_INVALID', 500, { hook: 'lockedUntil' });
  const days = [day, settings.lockedUntil].filter((one) => one !== null);
  return days.sort().at(-1) ?? null;
}

/**
 * The rules that hold now, and the columns that forbid `delete`.
 * @param matter which settlements matter to the asker: only where `delete` is among them is the schema read, which costs queries
 */
export async function rulesFor(
  deps: Pick<MergingDeps, 'host' | 'deleteBlockers'>,
  db: Db,
  settings: Settings,
  matter: (rules: RulesNow) => (Settlement | undefined)[],
): Promise<{ rules: RulesNow; blockedBy: { where: string; mend: string }[] }> {
  const able = { deleteBlocked: false, canCredit: canCredit(deps.host) };
  const rules = rulesNow(settings, able);
  const blockedBy = matter(rules).includes('delete') ? await deps.deleteBlockers(db) : [];
  return { rules: blockedBy.length > 0 ? rulesNow(settings, { ...able, deleteBlocked: true }) : rules, blockedBy };
}

/** Whether this person may settle issued invoices by credit notes: by default, or by choice. */
export async function mayCredit(
  deps: Pick<MergingDeps, 'host' | 'deleteBlockers' | 'authorize'>,
  db: Db,
  settings: Settings,
  actor: Actor,
): Promise<boolean> {
  const { rules } = await rulesFor(deps, db, settings, ({ issued }) =>
    issued.offered.includes('credit') ? [issued.default] : [],
  );
  const { issued } = rules;
  return (
    issued.offered.includes('credit') &&
    (issued.default === 'credit' || deps.authorize(actor, 'merge.choose_settlement', { db }))
  );
}

export const isIssued = (invoice: Pick<InvoiceHead, 'status'>): boolean => invoice.status !== 'draft';

/** How an invoice is called in texts: its number, else "draft of …". */
export const nameOf = (documents: Words, invoice: Pick<InvoiceHead, 'number' | 'issueDate'>): string =>
  invoice.number ?? documents.t('document.draft_of', { date: documents.day(invoice.issueDate) });

const ratesOf = (documents: Words, taxes: Tax[]): string | undefined =>
  taxes.length > 0 ? taxes.map(({ rate }) => documents.percent(rate)).join(' + ') : undefined;

export const ownDiscountText =
  (documents: Words) =>
  (taxes: Tax[]): string =>
    documents.t('document.own_discount', { rates: ratesOf(documents, taxes) });

/** What carried discounts, allowances and charges are called on the invoice that receives them. */
export const carryingWords = (documents: Words): CarryingWords => {
  const text =
    (kind: 'discount' | 'allowance' | 'charge') =>
    (number: string | null, taxes: Tax[]): string =>
      documents.t(`document.${kind}_${number === null ? 'of_draft' : 'of'}`, {
        number: number ?? '',
        rates: ratesOf(documents, taxes),
      });
  return { discount: text('discount'), allowance: text('allowance'), charge: text('charge') };
};

export const keepsAllowances = (host: HostCrm): boolean =>
  host.map.allowances?.some((one) => one.of === 'invoice' && one.rate !== undefined) ?? false;

export const keepsAdjustment = (host: HostCrm): boolean => host.map.invoices.adjustment !== undefined;
