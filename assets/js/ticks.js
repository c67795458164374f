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
 * @param {TickConfig} config @param {import('./choices.js').Choices} choices
 * @returns {{ found: number, missing: number } | null} null: nothing to bring back
 */
export function recallTicks(config, choices) {
  const [navigation] = performance.getEntriesByType('navigation');
  const again = ['reload', 'back_forward'].includes(/** @type {PerformanceNavigationTiming} */ (navigation)?.type);
  // A refused save brought its choice along from the server.
  if (!again || config.restored) return null;
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(keyOf()) ?? 'null'));
  if (!kept || kept.customerId !== config.customerId) return null;
  const recalled = { found: 0, missing: 0 };
  for (const tick of /** @type {{ value: string, dataset: DOMStringMap }[]} */ (kept.ticks)) {
    const box = choices.boxOf(tick.dataset.imId ?? '');
    if (box?.checked) continue;
    if (box && box.value !== tick.value) recalled.missing += 1;
    else {
      if (box) box.checked = true;
      else choices.keep(tick);
      recalled.found += 1;
    }
  }
  return recalled;
}

const PRESSED = 'invoice-merge:pressed';

/** Which of the host's buttons was pressed, for a save that is refused and sent again. @param {number} index */
export const rememberPressed = (index) => attempt(() => sessionStorage.setItem(PRESSED, String(Math.max(0, index))));

export const recallPressed = () => Number(attempt(() => sessionStorage.getItem(PRESSED)) ?? 0) || 0;
