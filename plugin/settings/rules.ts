/** The settings' shape, their defaults, and what of them holds at this moment: pure. */
import { z } from 'zod';
import type { SettlementChoice } from '../host/contract';
import type { HostAbilities, NumberRules, Preset, RulesNow, Settings, SettlementRule } from './contract';

/** Until somebody decides otherwise. */
export const DEFAULT_SETTINGS: Settings = {
  enabled: true,
  preset: null,
  lockedUntil: null,
  issued: { offered: ['cancel', 'delete'], default: 'cancel' },
  draft: { offered: ['cancel', 'delete'], default: 'cancel' },
  numbers: { fillGaps: true, freeCancelled: true },
  directSaleInvoice: false,
};

/** What can be offered at all for each kind of source, in the order of the screen. A draft owes nothing that could be credited. */
export const SETTLEMENTS = {
  issued: ['cancel', 'delete', 'credit'],
  draft: ['cancel', 'delete'],
} as const;

/** What may be allowed of numbers, in the order of the screen. */
export const NUMBER_ACTS = ['fillGaps', 'freeCancelled'] as const;

export const PRESETS = ['none', 'france', 'eu'] as const;

/** The default must be offered. */
const ruleOf = <const T extends readonly [string, ...string[]]>(settlements: T) =>
  z
    .strictObject({
      offered: z.array(z.enum(settlements)).min(1).max(settlements.length),
      default: z.enum(settlements),
    })
    .refine((one) => (one.offered as string[]).includes(one.default), { path: ['default'] });
export const issuedRule = ruleOf(SETTLEMENTS.issued);
export const draftRule = ruleOf(SETTLEMENTS.draft);
export const preset = z.enum(PRESETS).nullable();
export const closedDay = z.iso.date().nullable();
export const numberSettings = z.strictObject({ fillGaps: z.boolean(), freeCancelled: z.boolean() });

/** Part by part: one that is missing, or that a newer version wrote in its own way, is as by default. */
export function parseSettings(stored: unknown): Settings {
  const parts = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<
    Record<keyof Settings, unknown>
  >;
  const issued = issuedRule.safeParse(parts.issued).data ?? DEFAULT_SETTINGS.issued;
  const draft = draftRule.safeParse(parts.draft).data ?? DEFAULT_SETTINGS.draft;
  return {
    enabled: typeof parts.enabled === 'boolean' ? parts.enabled : DEFAULT_SETTINGS.enabled,
    preset: preset.safeParse(parts.preset).data ?? DEFAULT_SETTINGS.preset,
    lockedUntil: closedDay.safeParse(parts.lockedUntil).data ?? DEFAULT_SETTINGS.lockedUntil,
    issued: { ...issued, offered: SETTLEMENTS.issued.filter((one) => issued.offered.includes(one)) },
    draft: { ...draft, offered: SETTLEMENTS.draft.filter((one) => draft.offered.includes(one)) },
    numbers: numberSettings.safeParse(parts.numbers).data ?? DEFAULT_SETTINGS.numbers,
    directSaleInvoice:
      typeof parts.directSaleInvoice === 'boolean' ? parts.directSaleInvoice : DEFAULT_SETTINGS.directSaleInvoice,
  };
}

/** Whether a host that has no credit notes could not do what is wanted. */
export const needsCredit = ({ preset: chosen, issued }: Pick<Settings, 'preset' | 'issued'>): boolean =>
  (chosen !== null && chosen !== 'none') || issued.offered.includes('credit');

type LawfulRules = Omit<RulesNow, 'preset'>;

/** Directive 2006/112, art. 219, and what France made of it: an issued invoice is neither withdrawn nor added to, only credited. */
const CREDITED: LawfulRules = {
  issued: { offered: ['credit'], default: 'credit' },
  draft: { offered: ['cancel', 'delete'], default: 'delete' },
  issuedTargets: false,
  warnsAcrossMonths: false,
};

const PRESET_RULES: Record<Exclude<Preset, 'none'>, LawfulRules> = {
  france: CREDITED,
  eu: { ...CREDITED, warnsAcrossMonths: true },
};

/**
 * What holds now, and the one place where the preset and the host's abilities are applied: the stored choice stays as it
 * is, and comes back with `none`. Where nothing that was offered is left it is `cancel`, which loses nothing: under all
 * settings whoever may merge can finish a merge.
 */
export function rulesNow(
  settings: Pick<Settings, 'preset' | 'issued' | 'draft'>,
  { deleteBlocked, canCredit }: HostAbilities,
): RulesNow {
  const keep = <S extends SettlementRule['default']>(rule: SettlementRule<S>): SettlementRule<S | 'cancel'> => {
    const left = rule.offered.filter((one) => (one !== 'delete' || !deleteBlocked) && (one !== 'credit' || canCredit));
    const [first = 'cancel' as const] = left;
    return {
      offered: left.length > 0 ? left : ['cancel'],
      default: left.includes(rule.default) ? rule.default : first,
    };
  };
  const chosen = settings.preset ?? 'none';
  if (chosen === 'none') {
    const open = { issuedTargets: true, warnsAcrossMonths: false };
    return { preset: chosen, ...open, issued: keep(settings.issued), draft: keep(settings.draft) };
  }
  const lawful = PRESET_RULES[chosen];
  // Never `cancel` instead, whatever the host lacks: such a merge fails and is rolled back.
  return { preset: chosen, ...lawful, draft: keep(lawful.draft) };
}

/**
 * What holds for numbers under the preset. No law lets a cancelled invoice give up its number: it stays in the books
 * under it. A gap may be filled anywhere, since it is a bookkeeper who answers for it, in writing.
 */
export function numberRules({ preset: chosen, numbers }: Pick<Settings, 'preset' | 'numbers'>): NumberRules {
  if (chosen === null || chosen === 'none') return { preset: 'none', ...numbers, fillAsks: 'nothing' };
  const fillAsks = chosen === 'france' ? 'chronology' : 'reason';
  return { preset: chosen, fillGaps: true, freeCancelled: false, fillAsks };
}

/** What a form chose. Drafts go the way that was chosen for issued ones, where it is open to them and nothing else was said. */
export function choiceOf(
  posted: Partial<SettlementChoice>,
  { issued, draft }: Pick<RulesNow, 'issued' | 'draft'>,
): SettlementChoice {
  const chosen = posted.issued ?? issued.default;
  const followed = draft.offered.find((one) => one === chosen && chosen !== issued.default);
  return { issued: chosen, draft: posted.draft ?? followed ?? draft.default };
}
