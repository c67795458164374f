// @ts-check
/** The lines of what is ticked: fetched, then put into the host's form or, where that takes none, into the banner. */
import { add } from './decimal.js';
import { addServerRows, removeServerRows } from './server-rows.js';

/** @typedef {import('./rows.js').SourceLines} SourceLines */

/** Of one request: few enough that the first rows stand soon. */
const LOADED_TOGETHER = 50;
/** How long rows are placed, in milliseconds, before the page may draw and answer. */
const BUSY_FOR = 50;
const LOST_NAMED = 5;

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {Record<string, any>} options.config
 * @param {ReturnType<typeof import('./api.js').createApi>} options.api
 * @param {import('./words.js').Words} options.words
 * @param {import('./choices.js').Choices} options.choices
 * @param {AbortSignal} options.signal ends it
 * @param {(text: string) => void} options.tell
 * @param {() => void} options.changed called when a load has ended
 * @param {(error: unknown) => boolean} options.failed called when one could not be had; whether it has said why
 */
export function createLines({ root, config, api, words, choices, signal, tell, changed, failed }) {
  const { say } = words;
  /** @type {Map<string, SourceLines>} */
  const shown = new Map();
  /** @type {Set<string>} */
  const loading = new Set();
  /** @type {'form' | 'server' | null} */
  let mode = null;
  /** Rows came or went since the host last told its total. */
  let outdated = false;
  /** Since nothing was loading any more: of many, each one's sentence would be the last one's only. */
  let loaded = 0;
  /** @type {string[]} labels of those that could not be had */
  let lost = [];
  /** @type {unknown} why the last of them could not */
  let cause = null;

  const list = () => /** @type {HTMLElement | null} */ (root.querySelector('[data-im="lines"]'));

  /** @param {SourceLines} detail @returns {boolean} whether the host took the lines into its form */
  function offer(detail) {
    const event = new CustomEvent('invoice-merge:lines', { bubbles: true, cancelable: true, detail });
    return !root.dispatchEvent(event);
  }

  /** @param {SourceLines} detail */
  const withdraw = (detail) =>
    root.dispatchEvent(new CustomEvent('invoice-merge:removed', { bubbles: true, detail: { source: detail.source } }));

  /** @param {SourceLines} detail */
  function place(detail) {
    outdated = true;
    const own = list();
    if (mode !== 'server') {
      if (offer(detail)) {
        mode = 'form';
        shown.set(detail.source.id, detail);
        return;
      }
      // One source that the form cannot take moves all of them to the server: never a mixture.
      if (mode === 'form') for (const earlier of shown.values()) withdraw(earlier);
      if (own) for (const earlier of shown.values()) addServerRows(own, earlier, words);
      mode = 'server';
    }
    if (own) addServerRows(own, detail, words);
    shown.set(detail.source.id, detail);
  }

  /** @param {string} id */
  function remove(id) {
    const detail = shown.get(id);
    if (!detail) return;
    outdated = true;
    shown.delete(id);
    const own = list();
    if (mode === 'server' && own) removeServerRows(own, id);
    withdraw(detail);
    if (shown.size === 0) mode = null;
    tell(say('banner.removed', { number: detail.source.label }));
  }

  /** @param {SourceLines} brought */
  function accept(brought) {
    const { id, version, totals } = brought.source;
    // Its row may be another one by now, or none: pages come and go while lines load.
    const box = choices.boxOf(id);
    if (signal.aborted || !box || !choices.isTicked(id)) return;
    const label = choices.labelOf(id);
    const total = add(totals.taxInclusive, totals.adjustment, totals.rounding);
    // What is shown is what is posted, also when it changed after the page was made.
    box.value = `${id}~${version}`;
    box.dataset.imTotal = total;
    const detail = { ...brought, source: { ...brought.source, total, label }, restored: config.restored };
    place(detail);
    loaded += 1;
    tell(say('banner.loaded', { count: brought.lines.length, number: label }));
  }

  /** @param {string} id @param {unknown} error */
  function lose(id, error) {
    if (signal.aborted || !choices.isTicked(id)) return;
    lost.push(choices.labelOf(id));
    choices.untick(id);
    cause = error;
    failed(error);
  }

  /** @param {string[]} ids */
  async function load(ids) {
    try {
      const { sources, refused } = await api.lines(ids, config.invoiceId);
      for (const { sourceId, error } of refused) lose(sourceId, new Error(error.message));
      let since = performance.now();
      for (const brought of sources) {
        try {
          accept(brought);
        } catch (error) {
          lose(brought.source.id, error);
        }
        if (performance.now() - since < BUSY_FOR) continue;
        await new Promise((drawn) => setTimeout(drawn));
        since = performance.now();
      }
    } catch (error) {
      for (const id of ids) lose(id, error);
    }
  }

  /** Last of all, so that nothing talks over it: they are ticked no more, and the save goes on without them. */
  function tellLost() {
    if (failed(cause)) return;
    const numbers = words.list(lost.slice(0, LOST_NAMED)) + (lost.length > LOST_NAMED ? '…' : '');
    const message = cause instanceof Error ? cause.message : '';
    tell(say('banner.loadFailed', { count: lost.length, numbers, message }));
  }

  return {
    shown,
    isBusy: () => loading.size > 0,
    mode: () => mode,
    isOutdated: () => outdated,
    /** The host has told the total of what stands there now. */
    markTold: () => (outdated = false),
    /**
     * Makes the lines agree with the ticks.
     * @param {() => string} summary what is said once many have come @returns {boolean} whether some could not be had, which is said
     */
    follow(summary) {
      const wanted = choices.ticked().map((box) => box.dataset.imId ?? '');
      const wantedIds = new Set(wanted);
      for (const id of [...shown.keys()]) if (!wantedIds.has(id)) remove(id);
      const missing = wanted.filter((id) => !shown.has(id) && !loading.has(id));
      // One after the other: rows stand in the list's order, whatever is ticked while others load.
      if (missing.length > 0 && loading.size === 0) {
        const next = missing.slice(0, LOADED_TOGETHER);
        tell(say('banner.loading'));
        for (const id of next) loading.add(id);
        void load(next).finally(() => {
          loading.clear();
          if (!signal.aborted) changed();
        });
      }
      if (loading.size > 0) return false;
      const isShort = lost.length > 0;
      if (isShort) tellLost();
      else if (loaded > 1) tell(summary());
      loaded = 0;
      lost = [];
      return isShort;
    },
  };
}
