// @ts-check
/**
 * The list of invoices: pages, search, and the ticks, which outlive both. A tick of another page is a hidden input of
 * the same name and data as its box, so that the form posts it and everything else counts it.
 */
import { tellSelection } from './controls.js';

/**
 * @typedef {object} Options
 * @property {HTMLElement} root
 * @property {Record<string, any>} config
 * @property {ReturnType<typeof import('./api.js').createApi>} api
 * @property {import('./words.js').Words} words
 * @property {AbortSignal} signal ends it
 * @property {(text: string) => void} tell
 * @property {() => boolean} credited issued invoices are to be settled by credit notes
 * @property {() => void} changed called after ticks came or went here
 */

/** @typedef {{ q: string, choices: number, others: number }} View */
/** @typedef {ReturnType<typeof createChoices>} Choices */

const TYPING_PAUSE = 200;

/** @param {HTMLInputElement} box */
const isTick = (box) => box.type === 'hidden' || box.checked;

/** @param {Options} options */
export function createChoices({ root, config, api, words, signal, tell, credited, changed }) {
  const { say } = words;
  /** @type {View} */
  let view = { q: '', choices: 1, others: 1 };
  let asking = new AbortController();
  let turn = 0;
  let selectingTurn = 0;
  let isSelecting = false;

  const part = (/** @type {string} */ name) =>
    /** @type {HTMLElement | null} */ (root.querySelector(`[data-im="${name}"]`));
  const boxes = () =>
    /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll('input[name="invoiceMergeSource"]')]);
  const ticked = () => boxes().filter(isTick);
  const boxOf = (/** @type {string} */ id) =>
    /** @type {HTMLInputElement | null} */ (
      root.querySelector(`input[name="invoiceMergeSource"][data-im-id="${CSS.escape(id)}"]`)
    );
  /** @returns {string[]} ids of all that may be ticked at once, also those of other pages */
  const found = () => {
    const { imIds = '[]', imCreditIds = '[]' } = part('choices')?.dataset ?? {};
    const creditOnly = credited() ? [] : JSON.parse(imCreditIds);
    return JSON.parse(imIds).filter((/** @type {string} */ id) => !creditOnly.includes(id));
  };

  /** @param {{ value: string, dataset: DOMStringMap }} box a tick whose row is not there (any more) */
  function keep({ value, dataset }) {
    const input = document.createElement('input');
    input.type = 'hidden';
    input.name = 'invoiceMergeSource';
    input.autocomplete = 'off';
    input.value = value;
    if (config.formId) input.setAttribute('form', config.formId);
    Object.assign(input.dataset, dataset);
    part('elsewhere')?.append(input);
  }

  /** @param {string} id */
  function untick(id) {
    const box = boxOf(id);
    if (box?.type === 'hidden') box.remove();
    else if (box) box.checked = false;
  }

  function clear() {
    selectingTurn += 1;
    isSelecting = false;
    for (const box of ticked()) untick(box.dataset.imId ?? '');
  }

  /** What a refused save ticked on other pages came as rows, so that it can be unticked without JavaScript too. */
  function foldElsewhere() {
    for (const row of root.querySelectorAll('li[data-im-elsewhere]')) {
      const box = row.querySelector('input');
      // Unticked with a problem: the person has to see it.
      if (row.querySelector('.im-problem') && !box?.checked) continue;
      row.remove();
      if (box?.checked) keep(box);
    }
  }

  // ---------------------------------------------------------------- pages and search

  /** @param {View} wanted @param {{ rows?: string }} [more] @param {AbortSignal} [until] */
  async function ask({ q, choices, others }, more = {}, until) {
    const { page, customerId, invoiceId, formId, currency } = config;
    const about = { page, customerId, invoiceId, formId, currency, q: q || null, ...more };
    const banner = await api.banner({ ...about, choices: String(choices), others: String(others) }, until);
    if (!banner?.querySelector('[data-im="choices"]')) throw new Error(banner?.textContent?.trim() ?? '');
    return banner;
  }

  /** @param {boolean} busy */
  function tellBusy(busy) {
    for (const name of ['choices', 'others']) part(name)?.setAttribute('aria-busy', String(busy));
    const place = part('searching');
    if (place) place.textContent = busy ? say('banner.listing') : '';
  }

  /** @param {Partial<View>} change */
  async function show(change) {
    const mine = ++turn;
    asking.abort();
    asking = new AbortController();
    const wanted = { ...view, ...change };
    tellBusy(true);
    try {
      const next = await ask(wanted, {}, asking.signal);
      // A later wish is on its way: this reply must not overwrite it.
      if (mine !== turn || signal.aborted) return;
      const isSameList = wanted.q === view.q;
      view = wanted;
      swap(next, isSameList);
      const list = change.others === undefined ? 'choices' : 'others';
      const range = root.querySelector(`[data-im="${list}"] [data-im="range"]`);
      tell((isSameList && range?.textContent) || (part('title')?.textContent ?? ''));
      changed();
    } catch (error) {
      if (mine !== turn || signal.aborted) return;
      tell(say('banner.listFailed', { message: error instanceof Error ? error.message : '' }));
    } finally {
      if (mine === turn) tellBusy(false);
    }
  }

  /** @param {Element} next the banner as it would be @param {boolean} isSameList another page of it */
  function swap(next, isSameList) {
    const focused = focusOf(document.activeElement);
    for (const name of ['choices', 'others']) {
      const [old, fresh] = [part(name), /** @type {HTMLElement} */ (next.querySelector(`[data-im="${name}"]`))];
      if (!old || !fresh) continue;
      if (name === 'choices') for (const box of old.querySelectorAll('input')) if (box.checked) keep(box);
      const isOpen = old.querySelector('details')?.open;
      const height = old.offsetHeight;
      old.replaceWith(fresh);
      const details = fresh.querySelector('details');
      if (details && isOpen) details.open = true;
      // The last page is shorter: the buttons stay where the pointer is.
      if (isSameList && fresh.querySelector('[data-im="pager"]')) fresh.style.minHeight = `${height}px`;
    }
    for (const mark of ['[data-im="title"]', '[data-im-action="all"]']) {
      const [old, fresh] = [root.querySelector(mark), next.querySelector(mark)];
      if (old && fresh) old.textContent = fresh.textContent;
    }
    claim();
    showPagers();
    if (!focused) return;
    const like = /** @type {HTMLElement | null} */ (root.querySelector(focused));
    (like ?? part('search') ?? root).focus({ preventScroll: true });
  }

  /** Ticks that were kept are boxes again, with the version whose lines were shown. */
  function claim() {
    const kept = new Map(
      [...(part('elsewhere')?.querySelectorAll('input') ?? [])].map((one) => [one.dataset.imId, one]),
    );
    for (const box of part('choices')?.querySelectorAll('input') ?? []) {
      const tick = kept.get(box.dataset.imId);
      if (!tick) continue;
      box.checked = true;
      box.value = tick.value;
      Object.assign(box.dataset, tick.dataset);
      tick.remove();
    }
  }

  /** @param {Element | null} element @returns {string | null} how to find its like in the list that replaces its own */
  function focusOf(element) {
    if (!(element instanceof HTMLElement) || !element.closest('[data-im="choices"], [data-im="others"]')) return null;
    const { imId, imAction, imList } = element.dataset;
    if (imId) return `[data-im-id="${CSS.escape(imId)}"]`;
    if (imAction !== 'page') return '[data-im="search"]';
    const place = element.nextElementSibling ? 'first-child' : 'last-child';
    return `[data-im-action="page"][data-im-list="${imList}"]:${place}`;
  }

  const showPagers = () => {
    for (const pager of root.querySelectorAll('[data-im="pager"]')) pager.removeAttribute('hidden');
  };

  // ---------------------------------------------------------------- what people do

  /** None, some or all of what is found: all of it, or none where all of it is ticked already. */
  async function toggleAll() {
    const ids = found();
    const chosen = new Set(ticked().map((box) => box.dataset.imId));
    const mine = ++selectingTurn;
    isSelecting = false;
    let left = null;
    if (ids.every((id) => chosen.has(id))) for (const id of ids) untick(id);
    else if (ids.every((id) => boxOf(id))) left = tick(ids);
    else {
      isSelecting = true;
      changed();
      try {
        const all = await ask(view, { rows: 'all' });
        if (mine !== selectingTurn || signal.aborted) return;
        left = tick(ids, all);
      } catch (error) {
        if (mine !== selectingTurn || signal.aborted) return;
        tell(say('banner.listFailed', { message: error instanceof Error ? error.message : '' }));
      }
      isSelecting = false;
    }
    changed();
    if (left) tellFull(left);
  }

  /**
   * @param {string[]} ids @param {Element} [source] where boxes are that are not on this page
   * @returns {HTMLInputElement | null} the first that finds no room
   */
  function tick(ids, source) {
    let room = config.limit - ticked().length;
    for (const id of ids) {
      const box = boxOf(id);
      if (box && isTick(box)) continue;
      const other = /** @type {HTMLInputElement | null | undefined} */ (
        source?.querySelector(`input[data-im-id="${CSS.escape(id)}"]`)
      );
      const next = box ?? other;
      if (!next) continue;
      if (room <= 0) return next;
      room -= 1;
      if (box) box.checked = true;
      else keep(next);
    }
    return null;
  }

  const hasRoom = () => ticked().length < config.limit;

  /** @param {HTMLInputElement} box the one that would be one more */
  const tellFull = (box) =>
    tell(say('banner.limitReached', { count: config.limit, number: box.dataset.imLabel ?? '' }));

  /** @param {HTMLInputElement} box as the person left it @returns {boolean} whether it stays so: not one more than a merge takes */
  function admit(box) {
    if (!box.checked) return true;
    box.checked = false;
    box.checked = hasRoom();
    if (!box.checked) tellFull(box);
    return box.checked;
  }

  root.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-im-action="page"]') : null;
    if (!(button instanceof HTMLElement) || button.getAttribute('aria-disabled') === 'true') return;
    void show({ [button.dataset.imList ?? 'choices']: Number(button.dataset.imPage) });
  });

  const search = /** @type {HTMLInputElement | null} */ (part('search'));
  let pause = 0;
  const find = () => {
    window.clearTimeout(pause);
    void show({ q: search?.value.trim() ?? '', choices: 1, others: 1 });
  };
  search?.addEventListener('input', () => {
    window.clearTimeout(pause);
    pause = window.setTimeout(find, TYPING_PAUSE);
  });
  search?.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    // Where the banner stands within the host's form, Enter would save it.
    event.preventDefault();
    find();
  });
  signal.addEventListener('abort', () => {
    window.clearTimeout(pause);
    asking.abort();
  });

  part('finder')?.removeAttribute('hidden');
  showPagers();
  foldElsewhere();

  return {
    boxes,
    ticked,
    boxOf,
    isTicked(/** @type {string} */ id) {
      const box = boxOf(id);
      return box !== null && isTick(box);
    },
    labelOf: (/** @type {string} */ id) => boxOf(id)?.dataset.imLabel ?? '',
    keep,
    untick,
    clear,
    admit,
    /** Another settlement was chosen: ticks that it cannot have go, and the person hears of it. */
    dropCreditOnly() {
      const gone = credited() ? [] : ticked().filter((box) => 'imCreditOnly' in box.dataset);
      for (const box of gone) untick(box.dataset.imId ?? '');
      if (gone.length > 0) tell(say('banner.creditOnlyDropped', { count: gone.length }));
    },
    toggleAll,
    /** Ticks are still on their way. */
    isBusy: () => isSelecting,
    /** How many ticks are on other pages. */
    elsewhere: () => ticked().filter((box) => box.type === 'hidden').length,
    drawAll() {
      const chosen = new Set(ticked().map((box) => box.dataset.imId));
      const ids = found();
      const button = root.querySelector('[data-im-action="all"]');
      tellSelection(button, ids.filter((id) => chosen.has(id)).length, ids.length);
      button?.setAttribute('aria-busy', String(isSelecting));
      // Nothing found: there is nothing to tick.
      button?.toggleAttribute('hidden', ids.length === 0);
    },
  };
}
