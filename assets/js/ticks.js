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

/** @param {TickConfig} config @param {HTMLInputElement[]} boxes the ticked ones */
export function rememberTicks(config, boxes) {
  const values = boxes.map((box) => box.value);
  const kept = JSON.stringify({ customerId: config.customerId, values });
  attempt(() => (values.length > 0 ? sessionStorage.setItem(keyOf(), kept) : sessionStorage.removeItem(keyOf())));
}

export function forgetTicks() {
  attempt(() => sessionStorage.removeItem(keyOf()));
}

/** @param {TickConfig} config @param {HTMLInputElement[]} boxes @returns {{ found: number, missing: number } | null} null: nothing to bring back */
export function recallTicks(config, boxes) {
  const [navigation] = performance.getEntriesByType('navigation');
  const again = ['reload', 'back_forward'].includes(/** @type {PerformanceNavigationTiming} */ (navigation)?.type);
  // A refused save brought its choice along from the server.
  if (!again || config.restored) return null;
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(keyOf()) ?? 'null'));
  if (!kept || kept.customerId !== config.customerId) return null;
  const found = boxes.filter((box) => !box.checked && kept.values.includes(box.value));
  for (const box of found) box.checked = true;
  const standing = boxes.filter((box) => kept.values.includes(box.value)).length;
  return { found: found.length, missing: kept.values.length - standing };
}

const PRESSED = 'invoice-merge:pressed';

/** Which of the host's buttons was pressed, for a save that is refused and sent again. @param {number} index */
export const rememberPressed = (index) => attempt(() => sessionStorage.setItem(PRESSED, String(Math.max(0, index))));

export const recallPressed = () => Number(attempt(() => sessionStorage.getItem(PRESSED)) ?? 0) || 0;
