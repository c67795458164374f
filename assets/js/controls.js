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
 * @param {number} count @param {import('./words.js').Words} words
 */
export function labelButtons(buttons, own, count, words) {
  const text = words.say('banner.save', { count });
  for (const button of buttons) {
    const isInput = button instanceof HTMLInputElement;
    button.dataset.imText ??= (isInput ? button.value : button.textContent) ?? '';
    const merging = 'invoiceMergeIssue' in button.dataset ? words.say('banner.issue') : text;
    const label = count > 0 && merging ? merging : button.dataset.imText;
    if (isInput) button.value = label;
    else if (button.textContent !== label) button.textContent = label;
  }
  if (own) own.textContent = text;
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
 * Issued invoices that go into a draft are neither due nor reminded until it is issued.
 * @param {HTMLElement} note @param {boolean} draft the invoice in hand is one @param {HTMLInputElement[]} chosen
 * @param {import('./words.js').Words} words @param {string | null} currency
 */
export function tellDraft(note, draft, chosen, words, currency) {
  const issued = chosen.filter((box) => box.hasAttribute('data-im-issued'));
  const sum = add('0', ...issued.map((box) => box.dataset.imTotal ?? '0'));
  note.hidden = !draft;
  // Its place is kept while it has nothing to say: ticking must not move the page.
  note.classList.toggle('im-silent', issued.length === 0);
  note.textContent = words.say('banner.draftNote', { amount: words.money(sum, currency) });
}

/**
 * @param {HTMLElement} note @param {boolean} cancelled the box "cancelled instead of deleted" is ticked
 * @param {HTMLInputElement[]} chosen the ticked invoices @param {import('./words.js').Words} words
 */
export function tellGaps(note, cancelled, chosen, words) {
  const issued = chosen.filter((box) => box.hasAttribute('data-im-issued'));
  const numbers = issued.map((box) => box.dataset.imLabel).join(', ');
  note.classList.toggle('im-warn', !cancelled && (issued.length > 0 || chosen.length === 0));
  if (cancelled) note.textContent = words.say('settlement.noGap');
  else if (chosen.length === 0) note.textContent = words.say('settlement.gapsPlain');
  else if (issued.length === 0) note.textContent = words.say('settlement.noGapDrafts');
  else note.textContent = words.say('settlement.gaps', { count: issued.length, numbers });
}
