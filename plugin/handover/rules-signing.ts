/** Standard Webhooks 1.0.0: secrets, signatures, ids. Pure but for chance. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';
/** Seconds that clocks may differ by. */
const TOLERANCE = 300;

export const newSecret = (): string => SECRET_PREFIX + randomBytes(32).toString('base64');

/** No dot in it: the signed text is joined by dots. */
export const newMessageId = (): string => `msg_${randomBytes(18).toString('base64url')}`;

const keyOf = (secret: string): Buffer => Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');

const signature = (secret: string, id: string, seconds: number | string, body: string | Buffer): string =>
  createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.`).update(body).digest('base64');

/** One signature for each secret, so that either of two verifies while a secret is rotated. */
export function signatures(secrets: readonly string[], id: string, seconds: number, body: string): string {
  return secrets.map((secret) => `v1,${signature(secret, id, seconds, body)}`).join(' ');
}

export interface SignedRequest {
  id: string | undefined;
  timestamp: string | undefined;
  signature: string | undefined;
}

/** Whether one of the secrets signed exactly these bytes, at most five minutes ago. Compares in constant time. */
export function isSigned(secrets: readonly string[], request: SignedRequest, body: Buffer, now: Date): boolean {
  const { id, timestamp, signature: given } = request;
  if (!id || !given || !timestamp || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > TOLERANCE) return false;
  const signed = given
    .split(' ')
    .slice(0, 10)
    .flatMap((one) => (one.startsWith('v1,') ? [Buffer.from(one.slice(3), 'base64')] : []));
  return secrets
    .map((secret) => Buffer.from(signature(secret, id, timestamp, body), 'base64'))
    .some((mine) => signed.some((one) => one.length === mine.length && timingSafeEqual(one, mine)));
}
