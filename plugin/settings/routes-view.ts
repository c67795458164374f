/** What the settings page shows, made from the settings: pure. */
import type { Settlement } from '../host/contract';
import type { Words } from '../i18n';
import type { NumberSettings, Preset, Settings, SettingsChange, SettlementRule } from './contract';
import { needsCredit, NUMBER_ACTS, numberRules, PRESETS, SETTLEMENTS } from './rules';

const KINDS = ['issued', 'draft'] as const;
export type Kind = (typeof KINDS)[number];

export interface RuleView {
  kind: Kind;
  legend: string;
  hint: string;
  choices: { value: Settlement; label: string; effect: string; offered: boolean; chosen: boolean }[];
}

/**
 * One settlement a row: whether it is offered, whether it is the default, and what it does to numbers, reports and VAT.
 * @param canCredit credit notes are a choice on hosts that keep them
 */
export function toRuleView(words: Words, kind: Kind, rule: SettlementRule, canCredit: boolean): RuleView {
  const settlements: readonly Settlement[] = SETTLEMENTS[kind];
  return {
    kind,
    legend: words.t(`settings.${kind}`),
    hint: words.t(`settings.${kind}Hint`),
    choices: settlements
      .filter((one) => one !== 'credit' || canCredit)
      .map((value) => ({
        value,
        label: words.t(`settings.${value}`),
        effect: words.t(`settings.${value}_${kind}`),
        offered: rule.offered.includes(value),
        chosen: rule.default === value,
      })),
  };
}

export interface PresetView {
  value: Preset;
  label: string;
  effects: string[];
  chosen: boolean;
  /** Why it cannot be chosen. */
  reason: string | null;
}

/** What may be done with numbers by hand, one a row. */
export const toNumbersView = (words: Words, numbers: NumberSettings) =>
  NUMBER_ACTS.map((value) => ({
    value,
    label: words.t(`settings.${value}`),
    effect: words.t(`settings.${value}Effect`),
    allowed: numbers[value],
  }));

/** Where the business may invoice, in three lines each; none is chosen until somebody has answered. */
export const toPresets = (words: Words, chosen: Preset | null, canCredit: boolean): PresetView[] =>
  PRESETS.map((value) => {
    const impossible = !canCredit && needsCredit({ preset: value, issued: { offered: [], default: 'cancel' } });
    return {
      value,
      label: words.t(`settings.preset_${value}`),
      effects: ['does', 'besides', 'numbers'].map((line) => words.t(`settings.preset_${value}_${line}`)),
      chosen: value === chosen,
      reason: impossible ? words.t('settings.presetUnavailable') : null,
    };
  });

const presetName = (words: Words, preset: Preset | null): string => words.t(`settings.preset_${preset ?? 'unset'}`);

const closedLine = (words: Words, day: Settings['lockedUntil']): string =>
  day === null ? words.t('settings.noneClosed') : words.t('settings.closedUntil', { day: words.day(day) });

/** "annuler (par défaut), supprimer". */
function namesOf(words: Words, rule: SettlementRule): string {
  const names = rule.offered.map((one) => {
    const name = words.t(`settings.${one}`).toLocaleLowerCase(words.locale);
    return one === rule.default ? words.t('settings.byDefault', { name }) : name;
  });
  return names.join(', ');
}

/** A line for each kind of source: "Factures émises : annuler (par défaut), supprimer". */
const ruleLines = (words: Words, settings: Pick<Settings, Kind>): string[] =>
  KINDS.map((kind) =>
    words.t('settings.rule', { kind: words.t(`settings.${kind}`), names: namesOf(words, settings[kind]) }),
  );

function allowedOf(words: Words, numbers: NumberSettings): string {
  const allowed = NUMBER_ACTS.filter((one) => numbers[one]).map((one) => words.t(`settings.${one}`));
  return allowed.join(', ').toLocaleLowerCase(words.locale) || words.t('settings.numbersFixed');
}

/** "Numéros : combler un trou, libérer le numéro d’une facture annulée". */
const numbersLine = (words: Words, numbers: NumberSettings): string =>
  words.t('settings.rule', { kind: words.t('settings.numbers'), names: allowedOf(words, numbers) });

/** Where the business invoices, until when its books are closed, a line for each kind of source, and one for numbers. */
export const explainRules = (words: Words, settings: Omit<Settings, 'enabled'>): string[] => [
  words.t('settings.presetIs', { name: presetName(words, settings.preset) }),
  closedLine(words, settings.lockedUntil),
  ...ruleLines(words, settings),
  numbersLine(words, numberRules(settings)),
];

/** Who, when, and each thing that became another. */
export function explainChange(words: Words, { at, by, before, after }: SettingsChange) {
  const switched = words.t(after.enabled ? 'notices.switchedOn' : 'notices.switchedOff');
  const now = ruleLines(words, after);
  const became = (line: string, was: string): string => words.t('settings.became', { now: line, was });
  const moved = [
    ...(before.preset === after.preset
      ? []
      : [
          became(
            words.t('settings.presetIs', { name: presetName(words, after.preset) }),
            presetName(words, before.preset),
          ),
        ]),
    ...(before.lockedUntil === after.lockedUntil
      ? []
      : [
          became(
            closedLine(words, after.lockedUntil),
            before.lockedUntil === null ? words.t('settings.noClosed') : words.day(before.lockedUntil),
          ),
        ]),
  ];
  const rules = KINDS.flatMap((kind, index) => {
    const was = namesOf(words, before[kind]);
    return was === namesOf(words, after[kind]) ? [] : [became(now[index] ?? '', was)];
  });
  const allowedBefore = allowedOf(words, before.numbers);
  const numbers =
    allowedBefore === allowedOf(words, after.numbers) ? [] : [became(numbersLine(words, after.numbers), allowedBefore)];
  const sales =
    before.directSaleInvoice === after.directSaleInvoice
      ? []
      : [words.t(`settings.directSaleInvoice_${after.directSaleInvoice ? 'on' : 'off'}`)];
  return {
    at: words.instant(at),
    by: by.name,
    what: [...(before.enabled === after.enabled ? [] : [switched]), ...moved, ...rules, ...numbers, ...sales],
  };
}
