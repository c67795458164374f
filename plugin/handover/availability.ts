/** Whether a connection takes a sale at this moment. */
import type { Availability, Unavailable } from './contract';
import type { HandoverDeps } from './deps';
import { plain } from './rules';
import type { StoredIntegration } from './store-integrations';

/** Milliseconds that a function's own `check` may take: a payment page waits for it. */
const CHECK_LIMIT = 3000;

/** @param open throws where the secret cannot be read */
export function createAvailability(deps: Pick<HandoverDeps, 'functions'>, open: (one: StoredIntegration) => unknown) {
  function availabilityOf(one: StoredIntegration | null): Availability {
    const off = (why: Unavailable): Availability => ({ available: false, name: one?.name ?? null, why, reason: null });
    if (!one || one.removed) return off('removed');
    if (!one.enabled) return off(one.disabledBy === 'gone' ? 'gone' : 'disabled');
    if (one.kind === 'function' && !Object.hasOwn(deps.functions, one.functionName ?? '')) return off('function');
    try {
      open(one);
    } catch {
      return off('key');
    }
    return { available: true, name: one.name };
  }

  /** A function's own word; what does not answer in time, or throws, is no reason to refuse a sale. */
  async function asked(one: StoredIntegration): Promise<Availability> {
    const handler = deps.functions[one.functionName ?? ''];
    if (!handler?.check) return { available: true, name: one.name };
    const signal = AbortSignal.timeout(CHECK_LIMIT);
    const late = new Promise<null>((settle) => signal.addEventListener('abort', () => settle(null), { once: true }));
    const { check } = handler;
    const asking = (async (): Promise<unknown> => check.call(handler, signal))().catch(() => null);
    const answer = (await Promise.race([asking, late])) as { available?: unknown; reason?: unknown } | null | undefined;
    if (answer?.available !== false) return { available: true, name: one.name };
    return { available: false, name: one.name, why: 'closed', reason: plain(answer.reason, 300) };
  }

  return { availabilityOf, asked };
}
