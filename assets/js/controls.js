// @ts-check
/** Buttons that say what they will do, and the notes on what the save will bring about. */
import { add } from './decimal.js';

/** @typedef {HTMLButtonElement | HTMLInputElement} SaveButton */

/**
 * The host's Save button, `[data-invoice-merge-submit]`, and the one that issues, `[data-invoice-merge-issue]`.
 * @param {HTMLFormElement | null} form @returns {SaveButton[]} Save first
 */
export function saveButtons(form) {
  const find = (/** @type {string} */ mark) => /** @type {SaveButton[]} */ ([...document.querySelectorAll(mark)]);
  const all = [...find('[data-invoice-merge-submit]'), ...find('[data-invoice-merge-issue]')];
  return [...all].filter((button) => button.form === form);
}

/**
 * @param {SaveButton[]} buttons the host's own, given their text back when nothing is ticked
 * @param {HTMLButtonElement | null} own the one in the bar on a phone
 * @param {number} count @param {boolean} mustIssue @param {import('./words.js').Words} words
 */
export function labelButtons(buttons, own, count, mustIssue, words) {
  const text = words.say('banner.save', { count });
  for (const button of buttons) {
    const isInput = button instanceof HTMLInputElement;
    button.dataset.imText ??= (isInput ? button.value : button.textContent) ?? '';
    const issues = 'invoiceMergeIssue' in button.dataset || (mustIssue && buttons.length === 1);
    const merging = issues ? words.say('banner.issue') : text;
    const isHeld = mustIssue && !issues && button.dataset.invoiceMergeSubmit === 'draft';
    const label = count > 0 && merging && !isHeld ? merging : button.dataset.imText;
    if (isInput) button.value = label;
    else if (button.textContent !== label) button.textContent = label;
  }
  if (own) own.textContent = mustIssue ? words.say('banner.issue') : text;
}

/**
 * No way to save while lines are still loading: neither by the marked buttons nor by another one of the form.
 * @param {HTMLFormElement | null} form @param {HTMLButtonElement | null} own @param {boolean} busy
 */
export function holdButtons(form, own, busy) {
  const inForm = /** @type {SaveButton[]} */ (
    [...(form?.elements ?? [])].filter((one) => one.matches('button:not([type]), [type="submit"], [type="image"]'))
  );
  for (const button of own ? [...inForm, own] : inForm) {
    // A button that the host has disabled for reasons of its own stays so.
    if (busy && !button.disabled) {
      button.disabled = true;
      button.dataset.imHeld = '';
      button.setAttribute('aria-busy', 'true');
    } else if (!busy && 'imHeld' in button.dataset) {
      button.disabled = false;
      delete button.dataset.imHeld;
      button.removeAttribute('aria-busy');
    }
  }
}

/**
 * Credit notes need an invoice that stands for the others: nothing else than issuing it would be accepted.
 * @param {SaveButton[]} buttons @param {boolean} mustIssue @param {string} why id of what says so
 */
export function holdDraftButton(buttons, mustIssue, why) {
  if (!buttons.some((button) => 'invoiceMergeIssue' in button.dataset)) return;
  for (const button of buttons.filter(({ dataset }) => dataset.invoiceMergeSubmit === 'draft')) {
    if (mustIssue && !button.disabled) {
      button.disabled = true;
      button.dataset.imDraftHeld = '';
      button.setAttribute('aria-describedby', why);
    } else if (!mustIssue && 'imDraftHeld' in button.dataset) {
      button.disabled = false;
      delete button.dataset.imDraftHeld;
      button.removeAttribute('aria-describedby');
    }
  }
}

/** What becomes of issued invoices, as chosen. @param {HTMLElement} root @param {string} only where there is nothing to choose */
export function settlementOf(root, only) {
  const radio = /** @type {HTMLInputElement | null} */ (root.querySelector('[data-im="settlement"]:checked'));
  const box = /** @type {HTMLInputElement | null} */ (root.querySelector('[data-im="cancel"]'));
  if (radio) return radio.value;
  return box ? (box.checked ? 'cancel' : 'delete') : only;
}

/** Invoices that only a credit note settles can be ticked while that is chosen. @param {HTMLElement} root @param {boolean} credited */
export function holdCreditOnly(root, credited) {
  const held = /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll('li input[data-im-credit-only]')]);
  for (const box of held) {
    box.disabled = !credited;
    box.closest('li')?.toggleAttribute('data-im-held', !credited);
  }
}

/**
 * What the banner says on top is said again where the person pressed the button.
 * @param {HTMLElement} alert the banner's own @param {SaveButton[]} buttons @param {AbortSignal} signal takes it away
 */
export function repeatRefusal(alert, buttons, signal) {
  for (const button of buttons) button.setAttribute('aria-describedby', alert.id);
  const copy = document.createElement('div');
  copy.dataset.im = 'refused';
  copy.className = 'im-alert';
  copy.append(...(alert.querySelector('[data-im="told"]')?.cloneNode(true).childNodes ?? []));
  document.querySelector('[data-invoice-merge-summary]')?.append(copy);
  signal.addEventListener('abort', () => {
    for (const button of buttons) button.removeAttribute('aria-describedby');
    copy.remove();
  });
}

/** None, some or all ticked. @param {Element | null} button @param {number} ticked @param {number} all */
export function tellSelection(button, ticked, all) {
  const state = ticked === 0 ? 'false' : ticked === all ? 'true' : 'mixed';
  button?.setAttribute('aria-checked', state);
}

/** The bar is as high as its words need; the page keeps that much free below its end. @param {HTMLElement | null} bar @param {AbortSignal} signal */
export function keepRoomFor(bar, signal) {
  if (!bar) return;
  const { style } = document.documentElement;
  const observer = new ResizeObserver(() => style.setProperty('--im-bar-height', `${bar.offsetHeight}px`));
  observer.observe(bar);
  signal.addEventListener('abort', () => observer.disconnect());
}

/**
 * Issued invoices that go into a draft are neither due nor reminded until it is issued; credited, they need it issued now.
 * @param {HTMLElement} note @param {boolean} draft the invoice in hand is one @param {boolean} credited
 * @param {HTMLInputElement[]} chosen
 * @param {import('./words.js').Words} words @param {string | null} currency
 */
export function tellDraft(note, draft, credited, chosen, words, currency) {
  const issued = chosen.filter((box) => box.hasAttribute('data-im-issued'));
  const sum = add('0', ...issued.map((box) => box.dataset.imTotal ?? '0'));
  note.hidden = !draft;
  // Its place is kept while it has nothing to say: ticking must not move the page.
  note.classList.toggle('im-silent', issued.length === 0);
  note.textContent = credited
    ? words.say('banner.issueNote')
    : words.say('banner.draftNote', { amount: words.money(sum, currency) });
}

/**
 * @param {HTMLElement} note @param {string} settlement of issued invoices
 * @param {HTMLInputElement[]} chosen the ticked invoices @param {import('./words.js').Words} words
 */
export function tellGaps(note, settlement, chosen, words) {
  const issued = chosen.filter((box) => box.hasAttribute('data-im-issued'));
  const numbers = issued.map((box) => box.dataset.imLabel).join(', ');
  note.classList.toggle('im-warn', settlement === 'delete' && (issued.length > 0 || chosen.length === 0));
  if (settlement === 'credit' && issued.length === 0) note.textContent = words.say('settlement.creditsPlain');
  else if (settlement === 'credit') note.textContent = words.say('settlement.credits', { count: issued.length });
  else if (settlement === 'cancel') note.textContent = words.say('settlement.noGap');
  else if (chosen.length === 0) note.textContent = words.say('settlement.gapsPlain');
  else if (issued.length === 0) note.textContent = words.say('settlement.noGapDrafts');
  else note.textContent = words.say('settlement.gaps', { count: issued.length, numbers });
}
