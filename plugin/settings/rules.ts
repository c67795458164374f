/** The settings' shape, their defaults, and what of them holds at this moment: pure. */
import { z } from 'zod';
import type { SettlementChoice } from '../host/contract';
import type { Settings, SettlementRule } from './contract';

/** Until somebody decides otherwise. */
export const DEFAULT_SETTINGS: Settings = {
  enabled: true,
  issued: { offered: ['cancel', 'delete'], default: 'cancel' },
  draft: { offered: ['cancel', 'delete'], default: 'cancel' },
};

/** What can be offered at all, in the order of the screen. */
export const SETTLEMENTS = ['cancel', 'delete'] as const;

/** The default must be offered. */
export const settlementRule = z
  .strictObject({ offered: z.array(z.enum(SETTLEMENTS)).min(1).max(SETTLEMENTS.length), default: z.enum(SETTLEMENTS) })
  .refine((one) => one.offered.includes(one.default), { path: ['default'] });

/** Part by part: one that is missing, or that a newer version wrote in its own way, is as by default. */
export function parseSettings(stored: unknown): Settings {
  const { enabled, issued, draft } = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<
    Record<keyof Settings, unknown>
  >;
  const ruleOf = (part: unknown, otherwise: Settings['draft']): Settings['draft'] => {
    const rule = settlementRule.safeParse(part).data ?? otherwise;
    return { ...rule, offered: SETTLEMENTS.filter((one) => rule.offered.includes(one)) };
  };
  return {
    enabled: typeof enabled === 'boolean' ? enabled : DEFAULT_SETTINGS.enabled,
    issued: ruleOf(issued, DEFAULT_SETTINGS.issued),
    draft: ruleOf(draft, DEFAULT_SETTINGS.draft),
  };
}

type Rules = Pick<Settings, 'issued' | 'draft'>;

/**
 * The rules without `delete` while the host's columns forbid it. Where nothing else was offered it is `cancel`, which
 * loses nothing: under all settings whoever may merge can finish a merge.
 */
export function rulesNow({ issued, draft }: Rules, deleteBlocked: boolean): Rules {
  const keep = ({ offered, default: wanted }: SettlementRule): SettlementRule => {
    const left = offered.filter((one) => one !== 'delete' || !deleteBlocked);
    const [first = 'cancel'] = left;
    return { offered: left.length > 0 ? left : ['cancel'], default: left.includes(wanted) ? wanted : first };
  };
  return { issued: keep(issued), draft: keep(draft) };
}

/** What a form chose. Drafts go the way that was chosen for issued ones, where it is open to them and nothing else was said. */
export function choiceOf(posted: Partial<SettlementChoice>, { issued, draft }: Rules): SettlementChoice {
  const chosen = posted.issued ?? issued.default;
  const followed = draft.offered.find((one) => one === chosen && chosen !== issued.default);
  return { issued: chosen, draft: posted.draft ?? followed ?? draft.default };
}
