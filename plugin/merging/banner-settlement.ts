/** What becomes of the sources, as the banner asks it or says it: pure. */
import type { Settlement } from '../host/contract';
import type { Words } from '../i18n';
import type { SettlementOffer } from './contract';
import { FIELDS } from './payload';
import type { MergeForm } from './payload';
import type { HiddenField } from './banner-view';

export interface SettlementBox {
  /** `cancel` also tells about gaps in the numbering; drafts have no numbers. */
  part: 'cancel' | 'cancel-drafts';
  name: string;
  checked: boolean;
  disabled: boolean;
  label: string;
  effect: string | null;
  reason: string | null;
}

/** One of several that credit notes are among: a box has two ends only. */
export interface SettlementRadio {
  value: Settlement;
  name: string;
  checked: boolean;
  disabled: boolean;
  label: string;
  effect: string;
}

export interface SettlementView {
  hidden: HiddenField[];
  /** Where credit notes are offered beside something else: one each for issued sources. */
  radios: SettlementRadio[];
  /** Who may choose, where the person may not. */
  radioReason: string | null;
  /** "Cancelled instead of deleted": one for all, or one for each kind; none where there is nothing to choose. */
  boxes: SettlementBox[];
  sentences: string[];
  note: string | null;
  /** What becomes of issued sources as the page stands. */
  issued: Settlement;
}

/**
 * A box over a hidden field of the same name, whose last value counts; radio buttons where credit notes are offered;
 * a sentence where one settlement only is. All of it works without JavaScript.
 */
export function toSettlement(words: Words, offer: SettlementOffer, form: MergeForm | null): SettlementView {
  const { issued, draft, mayChoose } = offer;
  const credits = issued.offered.includes('credit');
  const alike = issued.offered.join() === draft.offered.join() && issued.default === draft.default;
  const blocked =
    offer.deleteBlockedBy.length > 0
      ? words.t('settlement.deleteBlocked', { where: words.list(offer.deleteBlockedBy.map(({ where }) => where)) })
      : null;
  const view: SettlementView = {
    ...{ hidden: [], radios: [], radioReason: null, boxes: [], sentences: [] },
    note: blocked,
    issued: issued.default,
  };
  const kinds = [
    { rule: issued, name: FIELDS.issued, wanted: form?.settlement.issued, words: alike ? 'all' : 'issued' },
    { rule: draft, name: FIELDS.draft, wanted: form?.settlement.draft, words: 'draft' },
  ] as const;
  for (const kind of kinds) {
    const { rule, name } = kind;
    const isDraft = name === FIELDS.draft;
    const free = mayChoose && rule.offered.length > 1;
    // Drafts follow the box that speaks of all.
    if (isDraft && alike && free) continue;
    const chosen = (free && rule.offered.find((one) => one === kind.wanted)) || rule.default;
    if (!isDraft) view.issued = chosen;
    if (!isDraft && credits && rule.offered.length > 1) {
      view.radios = rule.offered.map((value) => ({
        ...{ value, name },
        checked: value === chosen,
        disabled: !free && value !== rule.default,
        label: words.t(`settlement.choose_${value}`),
        effect: words.t(`settlement.effect_${value}`),
      }));
      view.radioReason = free ? null : words.t('settlement.mayNotChoose');
      view.note ??= words.t(NOTES[chosen]);
      continue;
    }
    view.hidden.push({ name, value: free ? 'delete' : rule.default });
    if (isDraft && alike) continue;
    if (rule.offered.length === 1) {
      view.sentences.push(words.t(`settlement.${rule.default}_${kind.words}`));
      if (!isDraft && rule.default === 'cancel') view.sentences.push(words.t('settlement.cancelEffect'));
      if (!isDraft && rule.default === 'credit') view.sentences.push(words.t('settlement.creditEffect'));
      continue;
    }
    view.boxes.push({
      part: isDraft ? 'cancel-drafts' : 'cancel',
      name,
      checked: chosen === 'cancel',
      disabled: !free,
      label: words.t(`settlement.instead_${kind.words}`),
      effect: isDraft ? (credits ? words.t('settlement.draftNoCredit') : null) : words.t('settlement.cancelEffect'),
      // Said once for both.
      reason: free || view.radioReason !== null ? null : words.t('settlement.mayNotChoose'),
    });
    // Without JavaScript it cannot follow the box: it says both ways.
    if (!isDraft) view.note = words.t(NOTES[chosen]);
  }
  return view;
}

/** Before anything is ticked. */
const NOTES: Record<Settlement, string> = {
  cancel: 'settlement.noGap',
  delete: 'settlement.gapsPlain',
  credit: 'settlement.creditsPlain',
};
