// @ts-check
/**
 * The list of a module's payment methods: moved by press-and-hold and by buttons, saved at once; and the window that adds
 * to it. Without this script the same buttons are plain forms.
 */
import Sortable from './sortable.esm.js';

const HOLD_MS = 300;
const MOVABLE = 'im-movable';

const list = /** @type {HTMLElement} */ (document.querySelector('[data-im="order"]'));
const said = /** @type {HTMLElement} */ (document.querySelector('[data-im="said"]'));
const failed = /** @type {HTMLElement} */ (document.querySelector('[data-im="failed"]'));
const undo = /** @type {HTMLElement} */ (document.querySelector('[data-im="undo"]'));

const rows = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll(':scope > li')]);
const idsNow = () => rows().map((row) => row.dataset.imId ?? '');
let savedIds = idsNow();

/** The first that can move has no way up, the last no way down; told, not taken out of the tab order. */
function markEnds() {
  const movable = rows().filter((row) => row.classList.contains(MOVABLE));
  movable.forEach((row, index) => {
    const ends = { up: index === 0, down: index === movable.length - 1 };
    for (const [to, isEnd] of Object.entries(ends)) {
      const button = row.querySelector(`button[value="${to}"]`);
      if (isEnd) button?.setAttribute('aria-disabled', 'true');
      else button?.removeAttribute('aria-disabled');
    }
  });
}

/** @param {string[]} ids */
function arrange(ids) {
  for (const id of ids) {
    const row = rows().find((one) => one.dataset.imId === id);
    if (row) list.append(row);
  }
  markEnds();
}

/** @param {HTMLElement} element @param {string} text */
function tell(element, text) {
  // What the page said when it was opened is over.
  document.querySelector('[data-im="page"] > .im-notice:not([data-im])')?.remove();
  said.hidden = element !== said;
  failed.hidden = element !== failed;
  element.textContent = text;
}

/** @param {number} version */
function setVersion(version) {
  list.dataset.imVersion = String(version);
  for (const field of document.querySelectorAll('input[data-im="version"]'))
    /** @type {HTMLInputElement} */ (field).value = String(version);
}

/** @param {HTMLElement} moved */
async function save(moved) {
  const ids = idsNow();
  if (ids.join() === savedIds.join()) return;
  const { imApi = '', imVersion, imHeader, imToken = '', imSaid = '', imOffline = '' } = list.dataset;
  const headers = {
    ...{ 'Content-Type': 'application/json', Accept: 'application/json' },
    ...(imHeader && { [imHeader]: imToken }),
  };
  const body = JSON.stringify({ ids, version: Number(imVersion) });
  const reply = await fetch(imApi, { method: 'PUT', credentials: 'same-origin', headers, body }).catch(() => null);
  const answer = await reply?.json().catch(() => null);
  if (reply?.ok && answer) {
    savedIds = ids;
    setVersion(answer.version);
    undo.hidden = !answer.undoable;
    const names = { name: moved.dataset.imName, at: ids.indexOf(moved.dataset.imId ?? '') + 1, of: ids.length };
    const text = Object.entries(names).reduce(
      (line, [key, value]) => line.replace(`{${key}}`, () => `${value}`),
      imSaid,
    );
    return tell(said, text);
  }
  if (reply?.status === 409) {
    // The page itself says what happened, over the list as it is now.
    location.assign(`${location.pathname}?done=orderStale`);
    return;
  }
  arrange(savedIds);
  tell(failed, answer?.error?.message ?? imOffline);
}

/** One save after the other: each needs the version that the one before was given. */
let saving = Promise.resolve();
/** @param {HTMLElement} moved */
function saveSoon(moved) {
  markEnds();
  saving = saving.then(() => save(moved));
}

new Sortable(list, {
  draggable: `.${MOVABLE}`,
  // Also with a mouse: a list that is scrolled or clicked must not change.
  delay: HOLD_MS,
  touchStartThreshold: 5,
  filter: 'button',
  preventOnFilter: false,
  forceFallback: true,
  fallbackTolerance: 3,
  animation: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 150,
  chosenClass: 'im-held',
  ghostClass: 'im-ghost',
  // Beside `draggable`: that one says what may be taken up, this one next to what it may be put down.
  onMove: ({ related }) => related.classList.contains(MOVABLE),
  onEnd: ({ item }) => saveSoon(item),
});

// A long press on a phone opens no menu of the browser's.
let isTouched = false;
list.addEventListener('pointerdown', ({ pointerType }) => {
  isTouched = pointerType !== 'mouse';
});
list.addEventListener('contextmenu', (event) => {
  if (isTouched) event.preventDefault();
});

list.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button[name="to"]') : null;
  const row = button?.closest('li');
  if (!(button instanceof HTMLButtonElement) || !row) return;
  event.preventDefault();
  if (button.getAttribute('aria-disabled') === 'true') return;
  const neighbour = button.value === 'up' ? row.previousElementSibling : row.nextElementSibling;
  if (!neighbour?.classList.contains(MOVABLE)) return;
  if (button.value === 'up') neighbour.before(row);
  else neighbour.after(row);
  button.focus();
  saveSoon(row);
});

// ---------------------------------------------------------------- the window that adds

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('im-add'));
const form = /** @type {HTMLFormElement} */ (dialog.querySelector('[data-im="add"]'));
const chosenText = form.querySelector('[data-im="chosen"]');
/** In the order in which they were ticked. @type {HTMLInputElement[]} */
let chosen = [];

document.querySelector('[data-im="open-add"]')?.addEventListener('click', (event) => {
  event.preventDefault();
  dialog.showModal();
});
dialog.querySelector('[data-im="close-add"]')?.addEventListener('click', (event) => {
  event.preventDefault();
  dialog.close();
});
form.addEventListener('change', (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== 'checkbox') return;
  chosen = box.checked ? [...chosen, box] : chosen.filter((one) => one !== box);
  for (const one of form.querySelectorAll('input[type="checkbox"]')) {
    const rank = one.closest('label')?.querySelector('[data-im="rank"]');
    const at = chosen.indexOf(/** @type {HTMLInputElement} */ (one));
    if (rank) rank.textContent = at === -1 ? '' : String(at + 1);
  }
  if (!chosenText) return;
  const names = new Intl.ListFormat(document.documentElement.lang || 'fr').format(
    chosen.map((one) => one.dataset.imName ?? ''),
  );
  chosenText.textContent = names && (form.dataset.imChosen ?? '').replace('{names}', () => names);
});
form.addEventListener('submit', () => {
  // Posted in the order in which they were chosen, not in that of the page.
  for (const box of chosen) {
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name: 'methodIds', value: box.value });
    form.append(field);
  }
  for (const box of form.querySelectorAll('input[type="checkbox"]')) box.removeAttribute('name');
});
