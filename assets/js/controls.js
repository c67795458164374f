// @ts-check
/** Buttons that say what they will do, and the note on what deleting leaves behind. */

/** @typedef {HTMLButtonElement | HTMLInputElement} SaveButton */

/**
 * @param {SaveButton[]} buttons the host's own, given their text back when nothing is ticked
 * @param {HTMLButtonElement | null} own the one in the bar on a phone
 * @param {{ count: number, busy: boolean, words: import('./words.js').Words }} state busy: lines are still loading
 */
export function labelButtons(buttons, own, { count, busy, words }) {
  const text = count > 0 ? words.say('banner.save', { count }) : null;
  for (const button of buttons) {
    const isInput = button instanceof HTMLInputElement;
    button.dataset.imText ??= (isInput ? button.value : button.textContent) ?? '';
    const label = text ?? button.dataset.imText;
    if (isInput) button.value = label;
    else if (button.textContent !== label) button.textContent = label;
    hold(button, busy);
  }
  if (own) {
    own.textContent = text;
    hold(own, busy);
  }
}

/** A button that the host has disabled for reasons of its own stays so. @param {SaveButton} button @param {boolean} busy */
function hold(button, busy) {
  if (busy && !button.disabled) {
    button.disabled = true;
    button.dataset.imHeld = '';
  } else if (!busy && 'imHeld' in button.dataset) {
    button.disabled = false;
    delete button.dataset.imHeld;
  }
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
