/** Reads the `invoiceMerge…` names out of a form's body: pure, and total (a wrong shape is IM_PAYLOAD_INVALID, never a TypeError). */
import { createHash } from 'node:crypto';
import { PluginError } from '../errors';
import type { Id, SettlementChoice } from '../host/contract';
import type { Decimal } from '../money/types';

/** Names of the banner's controls in the host's form. */
export const FIELDS = {
  source: 'invoiceMergeSource',
  issued: 'invoiceMergeIssued',
  draft: 'invoiceMergeDraft',
  key: 'invoiceMergeKey',
  target: 'invoiceMergeTarget',
  shown: 'invoiceMergeShown',
  acknowledged: 'invoiceMergeAcknowledged',
  lines: 'invoiceMergeLines',
  /** The button "save without it": ids of sources that are not to be merged after all, `~` between them. */
  without: 'invoiceMergeWithout',
} as const;

export const LIMITS = { sources: 500, acknowledged: 20, id: 64, version: 64 } as const;

export interface MergeForm {
  /** Each invoice once. `version` null: posted without one. */
  sources: { id: Id; version: string | null }[];
  /** Only what was posted; drafts follow the issued ones where nothing else was said. */
  settlement: Partial<SettlementChoice>;
  key: string | null;
  targetVersion: string | null;
  /** null without JavaScript: nothing was shown. */
  shownTotal: Decimal | null;
  acknowledged: string[];
  /** `form`: the host's own rows bear the lines. */
  linesBy: 'form' | 'server';
}

const SETTLEMENTS = ['cancel', 'delete', 'credit'] as const;
const DRAFT_SETTLEMENTS = ['cancel', 'delete'] as const;
const KEY = /^[A-Za-z0-9_-]{8,64}$/;
const VERSION = /^[A-Za-z0-9_-]{1,64}$/;
const ACKNOWLEDGED = /^[a-z_]{1,40}$/;
const DECIMAL = /^-?\d{1,18}(\.\d{1,6})?$/;
// Ids of any host: numbers, UUIDs, short codes; no blanks, no control characters.
const ID = /^[^\s\p{C}~]{1,64}$/u;

function invalid(field: string): PluginError {
  return new PluginError('IM_PAYLOAD_INVALID', 400, { field });
}

function valuesOf(form: unknown, field: string, limit: number): string[] {
  // Own properties only: a body made by qs or JSON.parse may bring a __proto__ of its own.
  if (!Object.prototype.hasOwnProperty.call(form, field)) return [];
  const value = (form as Record<string, unknown>)[field];
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  // A hidden input, a checkbox of the same name and a repeated field: three are plenty for a single one.
  if (list.length > limit) throw invalid(field);
  return list.map((item) => {
    if (typeof item !== 'string') throw invalid(field);
    return item;
  });
}

function single(form: unknown, field: string, allowed: RegExp): string | null {
  const value = valuesOf(form, field, 10).at(-1) ?? '';
  if (value === '') return null;
  if (!allowed.test(value)) throw invalid(field);
  return value;
}

function choice<T extends string>(form: unknown, field: string, allowed: readonly T[]): T | undefined {
  const value = valuesOf(form, field, 10).at(-1) ?? '';
  if (value === '') return undefined;
  const known = allowed.find((one) => one === value);
  if (known === undefined) throw invalid(field);
  return known;
}

function sourcesOf(form: unknown): MergeForm['sources'] {
  const sources = new Map<Id, { id: Id; version: string | null }>();
  const without = valuesOf(form, FIELDS.without, 10).flatMap((value) => value.split('~'));
  for (const value of valuesOf(form, FIELDS.source, LIMITS.sources)) {
    const [id = '', version, ...rest] = value.split('~');
    if (!ID.test(id) || rest.length > 0 || (version !== undefined && !VERSION.test(version))) {
      throw invalid(FIELDS.source);
    }
    if (!without.includes(id)) sources.set(id, { id, version: version ?? null });
  }
  return [...sources.values()];
}

/**
 * What the banner's controls say in a posted form; other names are not looked at.
 * The last value of a repeated single field counts (a ticked box stands after a hidden field of its name).
 * @throws PluginError IM_PAYLOAD_INVALID 400 with `vars.field`
 */
export function parseMergeForm(form: unknown): MergeForm {
  if (form === null || typeof form !== 'object' || Array.isArray(form)) throw invalid('form');
  const issued = choice(form, FIELDS.issued, SETTLEMENTS);
  const draft = choice(form, FIELDS.draft, DRAFT_SETTLEMENTS);
  const acknowledged = valuesOf(form, FIELDS.acknowledged, LIMITS.acknowledged);
  if (!acknowledged.every((code) => ACKNOWLEDGED.test(code))) throw invalid(FIELDS.acknowledged);
  return {
    sources: sourcesOf(form),
    settlement: { ...(issued && { issued }), ...(draft && { draft }) },
    key: single(form, FIELDS.key, KEY),
    targetVersion: single(form, FIELDS.target, VERSION),
    shownTotal: single(form, FIELDS.shown, DECIMAL),
    acknowledged: [...new Set(acknowledged)],
    linesBy: choice(form, FIELDS.lines, ['form', 'server'] as const) ?? 'server',
  };
}

/** Whether a form posted any of the banner's fields; of an empty one, a program's that has no form, there is nothing to expect. */
export const sentByBanner = (form: unknown): boolean => {
  const names = Object.keys(form as object);
  return names.length === 0 || Object.values(FIELDS).some((name) => names.includes(name));
};

const MAX_DEPTH = 32;

function canonical(value: unknown, ignored: ReadonlySet<string>, depth: number): unknown {
  if (depth > MAX_DEPTH) throw invalid('form');
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => canonical(item, ignored, depth + 1));
  if (value instanceof Date) return value.toISOString();
  // As pairs, not as an object: a key named __proto__ would vanish from one.
  return Object.entries(value)
    .filter(([name]) => depth > 0 || !ignored.has(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, item]) => [name, canonical(item, ignored, depth + 1)]);
}

/**
 * Tells whether two posts are the same save: SHA-256 (22 base64url characters) over the form with its keys sorted.
 * @param ignoredFields names left out at the top level, such as the host's CSRF field
 * @throws PluginError IM_PAYLOAD_INVALID 400 for a form nested deeper than any form is
 */
export function hashForm(form: unknown, ignoredFields: readonly string[] = []): string {
  const text = JSON.stringify(canonical(form, new Set(ignoredFields), 0)) ?? 'null';
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
