// @ts-check
/** Ticks survive reload and back, and nothing else: leaving the page and coming again begins afresh. */

/** @typedef {{ customerId: string | null, invoiceId: string | null, restored: boolean }} TickConfig */

const keyOf = () => `invoice-merge:${location.pathname}`;

/** Storage may be forbidden; the page works without. @template T @param {() => T} action @returns {T | null} */
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

/** @param {TickConfig} config @param {HTMLInputElement[]} boxes the ticked ones, also those of other pages */
export function rememberTicks(config, boxes) {
  const ticks = boxes.map(({ value, dataset }) => ({ value, dataset: { ...dataset } }));
  const kept = JSON.stringify({ customerId: config.customerId, ticks });
  attempt(() => (ticks.length > 0 ? sessionStorage.setItem(keyOf(), kept) : sessionStorage.removeItem(keyOf())));
}

export function forgetTicks() {
  attempt(() => sessionStorage.removeItem(keyOf()));
}

/**
 * A tick whose invoice is on another page comes back as it was: its lines are fetched anew, which tells whether it still may.
 * @param {TickConfig} config @param {import('./choices.js').Choices} choices @returns {boolean} whether a tick came back
 */
export function recallTicks(config, choices) {
  const [navigation] = performance.getEntriesByType('navigation');
  const again = ['reload', 'back_forward'].includes(/** @type {PerformanceNavigationTiming} */ (navigation)?.type);
  // A refused save brought its choice along from the server.
  if (!again || config.restored) return false;
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(keyOf()) ?? 'null'));
  if (!kept || kept.customerId !== config.customerId) return false;
  const found = kept.ticks.filter((/** @type {{ value: string, dataset: DOMStringMap }} */ tick) => {
    const box = choices.boxOf(tick.dataset.imId ?? '');
    if (!box) choices.keep(tick);
    else if (box.checked || box.value !== tick.value) return false;
    else box.checked = true;
    return true;
  });
  return found.length > 0;
}
