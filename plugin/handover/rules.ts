/** What an answer of the other system means, and when the next try is due: pure. */
import type { HandoverState } from './contract';

/**
 * `accepted` and `rejected` are final. `unknown`: it may have arrived. `unreached`: no connection was made, so that it
 * cannot have arrived.
 */
export type AttemptOutcome = 'accepted' | 'rejected' | 'unknown' | 'unreached';

/** What happened in words that are ours: `handover.code_<code>`. A status is `http`. */
export type AttemptCode =
  | 'http'
  | 'redirect'
  | 'timeout'
  | 'reset'
  | 'refused'
  | 'dns'
  | 'tls'
  | 'blocked'
  | 'key'
  | 'threw'
  | 'nonsense'
  | 'lost'
  | 'absent'
  | 'answer';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits after each try, as Standard Webhooks proposes: ten tries in a little more than three days. */
export const SCHEDULE = [
  ...[5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
] as const;
/** As long as anybody may put us off. */
const LONGEST_WAIT = 24 * HOUR;
/** Of a wait, at most, by chance: a thousand that failed together do not come back together. */
const JITTER = 0.2;

/** The first try is the request's own; the worker leaves it that long, and takes over where the process died. */
export const FIRST_TRY_GRACE = 10 * SECOND;
/** How long a try may take, in all: while a person waits, and in the background. */
export const LIMIT = { person: 8 * SECOND, worker: 20 * SECOND } as const;
/** Beyond the limit, for the two transactions around a try: who holds a row longer is dead. */
export const LEASE_MARGIN = 20 * SECOND;
export const ROTATION_OVERLAP = 24 * HOUR;

/**
 * When to try again after so many tries; null when there were enough.
 * @param retryAfter what the other system asked for; wins when later, up to a day
 * @param chance between 0 and 1
 */
export function nextTry(tries: number, now: Date, retryAfter: Date | null, chance: number): Date | null {
  const wait = SCHEDULE[tries - 1];
  if (wait === undefined) return null;
  const planned = now.getTime() + wait * (1 + JITTER * chance);
  const asked = Math.min(retryAfter?.getTime() ?? 0, now.getTime() + LONGEST_WAIT);
  return new Date(Math.max(planned, asked));
}

/** The header in both forms, seconds and HTTP date; null for neither. */
export function readRetryAfter(value: string | undefined, now: Date): Date | null {
  if (value === undefined) return null;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return new Date(now.getTime() + Number(text) * SECOND);
  const at = Date.parse(text);
  return /[a-z]/i.test(text) && !Number.isNaN(at) ? new Date(at) : null;
}

/** Not now, or not this way: the sale itself was not judged. */
const PASSING = new Set([408, 409, 425, 429]);
/** What whoever stands before the other system says: nothing about an earlier try that may have arrived. */
const AT_THE_DOOR = new Set([401, 403, 404, 405, 407, 410]);

/**
 * What a status means.
 * @param doubtful an earlier try of the same message may have arrived
 */
export function outcomeOfStatus(status: number, doubtful: boolean): AttemptOutcome {
  if (status >= 200 && status < 300) return 'accepted';
  // A redirect too: whoever answers a form with one has processed it.
  if (status < 400 || status >= 500 || PASSING.has(status)) return 'unknown';
  return doubtful && AT_THE_DOOR.has(status) ? 'unknown' : 'rejected';
}

/** The states of a request in which a sale is bound to it: no second hand-over of the sale, no payment. */
export const isOpen = (state: HandoverState): boolean => state !== 'rejected' && state !== 'cancelled';

const OWN_HEADERS = new Set([
  ...['host', 'content-length', 'content-type', 'transfer-encoding', 'content-encoding', 'accept-encoding'],
  ...['connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'expect', 'user-agent', 'idempotency-key'],
]);

/** Why a custom header is refused; null when it may be sent. `handover.header_<fault>` are the words. */
export function headerFault(name: string, value: string): 'name' | 'own' | 'value' | null {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name)) return 'name';
  const lower = name.toLowerCase();
  if (OWN_HEADERS.has(lower) || /^(webhook|proxy|sec)-/.test(lower)) return 'own';
  // Printable ASCII: no line break ends it, and no proxy reads it otherwise than we do.
  return /^[\x20-\x7e]{1,1000}$/.test(value) ? null : 'value';
}

/** Plain text from outside: no control characters, no more than a person reads. */
export function plain(value: unknown, length: number): string | null {
  if (typeof value !== 'string') return null;
  const text = value.replace(/[\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ').trim();
  return text === '' ? null : Array.from(text).slice(0, length).join('');
}

const isCardNumber = (digits: string): boolean => {
  let sum = 0;
  [...digits].reverse().forEach((digit, at) => {
    const doubled = Number(digit) * (at % 2 === 0 ? 1 : 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  });
  return sum % 10 === 0;
};

/** What the other system echoes of our own secrets is shown to nobody. */
export function withoutSecrets(given: string, secrets: readonly string[]): string {
  let text = given;
  for (const secret of secrets) if (secret.length >= 4) text = text.replaceAll(secret, '•••');
  return text.replace(/whsec_[A-Za-z0-9+/=]+/g, '•••');
}

/** A reply as the journal keeps it: without secrets, without card numbers. */
export function redacted(reply: string, secrets: readonly string[]): string | null {
  const text = withoutSecrets(reply, secrets).replace(/\b\d(?:[ -]?\d){12,18}\b/g, (found) => {
    const digits = found.replace(/\D/g, '');
    return isCardNumber(digits) ? `•••• ${digits.slice(-4)}` : found;
  });
  return plain(text, 500);
}
