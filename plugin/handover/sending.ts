/**
 * One signed POST to an address that somebody typed in. node:https and not fetch: redirects are not followed, nothing is
 * unpacked, no proxy of the environment stands between, and each connection is to an address that was checked.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { packageVersion } from '../paths';
import type { AttemptCode, AttemptOutcome } from './rules';
import { outcomeOfStatus, readRetryAfter } from './rules';
import { faultOf, literalOf, readUrl, type AddressFault, type Allowed } from './rules-address';
import { signatures } from './rules-signing';

/** All addresses of a name; throws where it has none. */
export type Lookup = (hostname: string) => Promise<{ address: string; family: number }[]>;

export const lookupAll: Lookup = (hostname) => systemLookup(hostname, { all: true, verbatim: true });

export interface SentMessage {
  id: string;
  body: string;
  url: string;
  secrets: string[];
  headers: Record<string, string>;
  quotedKey: boolean;
  /** An earlier try may have arrived. */
  doubtful: boolean;
}

/** What became of a try. */
export interface Result {
  outcome: AttemptOutcome;
  code: AttemptCode;
  status: number | null;
  /** As much of the reply as was read. */
  reply: string;
  retryAfter: Date | null;
}

/** Of a reply; the rest is not read. */
const REPLY_LIMIT = 64 * 1024;

const CODES: Record<string, AttemptCode> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

/** An address as it may be connected to at this moment. */
type Target = { url: URL; addresses: { address: string; family: number }[] };

/** Resolves and checks; what it answers is what is connected to, so that no second answer of a name server counts. */
export async function resolve(text: string, allowed: Allowed, lookup: Lookup): Promise<Target | AddressFault> {
  const read = readUrl(text);
  if ('fault' in read) return read.fault;
  const { url } = read;
  const literal = literalOf(url.hostname);
  // Literals never come to a lookup: they are checked here, or nowhere.
  const addresses = literal
    ? [{ address: literal, family: literal.includes(':') ? 6 : 4 }]
    : await lookup(url.hostname).catch(() => []);
  const fault = faultOf(
    url,
    addresses.map(({ address }) => address),
    allowed,
  );
  if (fault) return fault;
  return addresses.length === 0 ? 'unresolved' : { url, addresses };
}

export interface Sender {
  /** Never throws. @param limit milliseconds for all of it */
  send(message: SentMessage, limit: number): Promise<Result>;
}

export function createSender(deps: { allowed: Allowed; lookup: Lookup; clock: () => Date }): Sender {
  const { allowed, lookup, clock } = deps;

  function post({ url, addresses }: Target, message: SentMessage, signal: AbortSignal): Promise<Result> {
    const seconds = Math.floor(clock().getTime() / 1000);
    const body = Buffer.from(message.body);
    const pinned: LookupFunction = (_hostname, options, callback) => {
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family);
    };
    const client = url.protocol === 'https:' ? https : http;
    return new Promise((settle) => {
      let connected = false;
      let status: number | null = null;
      let retryAfter: Date | null = null;
      const parts: Buffer[] = [];
      let length = 0;
      const answered = (): void => {
        if (status === null) return;
        const code = status >= 300 && status < 400 ? 'redirect' : 'http';
        const reply = Buffer.concat(parts).toString('utf8');
        settle({ outcome: outcomeOfStatus(status, message.doubtful), code, status, reply, retryAfter });
      };
      const request = client.request(url, {
        method: 'POST',
        agent: false,
        lookup: pinned,
        signal,
        headers: {
          ...message.headers,
          'content-type': 'application/json',
          'content-length': body.length,
          'accept-encoding': 'identity',
          'user-agent': `crm-invoice-merge/${packageVersion}`,
          'webhook-id': message.id,
          'webhook-timestamp': String(seconds),
          'webhook-signature': signatures(message.secrets, message.id, seconds, message.body),
          'idempotency-key': message.quotedKey ? `"${message.id}"` : message.id,
        },
      });
      request.once('socket', (socket) => {
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          connected = true;
        });
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        // The status is the answer; what breaks off after it is only its explanation.
        if (status !== null) return answered();
        const slow = signal.aborted;
        const code = slow ? 'timeout' : (CODES[error.code ?? ''] ?? (connected ? 'reset' : 'tls'));
        settle({ outcome: connected ? 'unknown' : 'unreached', code, status: null, reply: '', retryAfter: null });
      });
      // Without a listener node destroys the socket in silence, and nobody would ever hear of this request again.
      request.once('upgrade', (response, socket) => {
        socket.destroy();
        status = response.statusCode ?? 101;
        answered();
      });
      request.on('response', (response) => {
        status = response.statusCode ?? 0;
        retryAfter = readRetryAfter(response.headers['retry-after'], clock());
        // Packed although we asked for plain text: unpacking is what a bomb waits for.
        const readable = response.headers['content-encoding'] === undefined;
        response.on('data', (part: Buffer) => {
          if (readable) parts.push(part.subarray(0, REPLY_LIMIT - length));
          length += part.length;
          if (length < REPLY_LIMIT) return;
          answered();
          request.destroy();
        });
        response.once('end', answered);
        response.once('close', answered);
        response.once('error', answered);
      });
      request.end(body);
    });
  }

  return {
    async send(message, limit) {
      const signal = AbortSignal.timeout(limit);
      const blocked = (code: AttemptCode): Result => ({
        ...{ outcome: 'unreached', code, status: null, reply: '', retryAfter: null },
      });
      const slow = new Promise<'slow'>((settle) => {
        signal.addEventListener('abort', () => settle('slow'), { once: true });
      });
      // A name server that never answers is not to be waited for either.
      const target = await Promise.race([resolve(message.url, allowed, lookup), slow]);
      if (target === 'slow') return blocked('timeout');
      if (typeof target === 'string') return blocked(target === 'unresolved' ? 'dns' : 'blocked');
      return post(target, message, signal);
    },
  };
}
