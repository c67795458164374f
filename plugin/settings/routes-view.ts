/** What the settings page shows, made from the settings: pure. */
import type { Settlement } from '../host/contract';
import type { Words } from '../i18n';
import type { Settings, SettingsChange, SettlementRule } from './contract';
import { SETTLEMENTS } from './rules';

const KINDS = ['issued', 'draft'] as const;
type Kind = (typeof KINDS)[number];

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

/** "annuler (par défaut), supprimer". */
function namesOf(words: Words, rule: SettlementRule): string {
  const names = rule.offered.map((one) => {
    const name = words.t(`settings.${one}`).toLocaleLowerCase(words.locale);
    return one === rule.default ? words.t('settings.byDefault', { name }) : name;
  });
  return names.join(', ');
}

/** A line for each kind of source: "Factures émises : annuler (par défaut), supprimer". */
export function explainRules(words: Words, settings: Pick<Settings, Kind>): string[] {
  return KINDS.map((kind) =>
    words.t('settings.rule', { kind: words.t(`settings.${kind}`), names: namesOf(words, settings[kind]) }),
  );
}

/** Who, when, and each thing that became another. */
export function explainChange(words: Words, { at, by, before, after }: SettingsChange) {
  const switched = words.t(after.enabled ? 'notices.switchedOn' : 'notices.switchedOff');
  const now = explainRules(words, after);
  const rules = KINDS.flatMap((kind, index) => {
    const was = namesOf(words, before[kind]);
    return was === namesOf(words, after[kind]) ? [] : [words.t('settings.became', { now: now[index], was })];
  });
  return {
    at: words.instant(at),
    by: by.name,
    what: [...(before.enabled === after.enabled ? [] : [switched]), ...rules],
  };
}
