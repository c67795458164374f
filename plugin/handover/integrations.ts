/** Connections: making, changing, testing them, and whether they take a sale now. Permissions are asked by the pages and the API. */
import { PluginError } from '../errors';
import type { Db, Id, Trx } from '../host/contract';
import { runTransaction } from '../host/transaction';
import { createAvailability } from './availability';
import type { Availability, Integration, IntegrationKind } from './contract';
import type { HandoverDeps } from './deps';
import { headerFault, ROTATION_OVERLAP, type AttemptCode } from './rules';
import { TEST } from './rules-payload';
import { newMessageId, newSecret } from './rules-signing';
import { resolve, type Sender } from './sending';
import type { StoredIntegration } from './store-integrations';

/** What a person gives; a header without a value keeps the one that is stored. */
export interface IntegrationInput {
  name: string;
  kind: IntegrationKind;
  url?: string | null;
  functionName?: string | null;
  headers?: { name: string; value?: string }[];
  quotedKey?: boolean;
}

/** The outcome of a test message; never a word of what the other system wrote. */
export interface TestResult {
  ok: boolean;
  code: AttemptCode;
  status: number | null;
}

/** Milliseconds between two tests of a connection. */
const TEST_PAUSE = 10_000;
const TEST_LIMIT = 8000;

export const secretPlace = (id: Id): string => `integration:${id}:secret`;
const headersPlace = (id: Id): string => `integration:${id}:headers`;

/** A connection with all that a message to it needs. */
export interface OpenedIntegration extends StoredIntegration {
  /** The newer first; two while a secret is rotated. */
  secrets: string[];
  headerValues: Record<string, string>;
}

export function createIntegrations(deps: HandoverDeps, sender: Sender) {
  const { knex, integrations: store, handovers, clock } = deps;
  const now = (): string => clock().toISOString();

  const shown = (one: StoredIntegration): Integration => {
    const { id, name, kind, url, functionName, headers, quotedKey, enabled, disabledBy, removed, version } = one;
    const until = one.oldSecretUntil;
    return {
      ...{ id, name, kind, url, functionName, headers, quotedKey, enabled, disabledBy, removed, version },
      oldSecretUntil: until !== null && until > now() ? until : null,
    };
  };

  function vault(): NonNullable<HandoverDeps['vault']> {
    if (!deps.vault) throw new PluginError('IM_INTEGRATION_INVALID', 422, { field: 'kind', why: 'no_key' });
    return deps.vault;
  }

  /** @throws IM_SECRET_KEY 500 */
  function open(one: StoredIntegration): OpenedIntegration {
    if (one.kind === 'function' || one.sealedSecret === null) return { ...one, secrets: [], headerValues: {} };
    const { open: unseal } = vault();
    const old = one.sealedOldSecret !== null && (one.oldSecretUntil ?? '') > now() ? [one.sealedOldSecret] : [];
    return {
      ...one,
      secrets: [one.sealedSecret, ...old].map((sealed) => unseal(sealed, secretPlace(one.id))),
      headerValues:
        one.sealedHeaders === null
          ? {}
          : (JSON.parse(unseal(one.sealedHeaders, headersPlace(one.id))) as Record<string, string>),
    };
  }

  async function demand(db: Db, id: Id): Promise<StoredIntegration> {
    const one = /^\d{1,18}$/.test(id) ? await store.find(db, id) : null;
    if (!one || one.removed) throw new PluginError('IM_NOT_FOUND', 404);
    return one;
  }

  /** @throws IM_INTEGRATION_INVALID 422 `{ field, why }` */
  async function demandValid(input: IntegrationInput): Promise<void> {
    const refuse = (field: string, why: string, vars = {}): never => {
      throw new PluginError('IM_INTEGRATION_INVALID', 422, { field, why, ...vars });
    };
    if (input.name.trim() === '') refuse('name', 'name');
    if (input.kind === 'function') {
      if (!Object.hasOwn(deps.functions, input.functionName ?? ''))
        refuse('functionName', 'function', { known: Object.keys(deps.functions) });
      return;
    }
    vault();
    const target = await resolve(input.url ?? '', deps.allowed, deps.lookup);
    if (typeof target === 'string') refuse('url', `url_${target}`);
    const names = new Set<string>();
    for (const { name, value } of input.headers ?? []) {
      const fault = headerFault(name, value ?? 'kept');
      if (fault) refuse('headers', `header_${fault}`, { header: name.slice(0, 100) });
      if (names.has(name.toLowerCase())) refuse('headers', 'header_twice', { header: name });
      names.add(name.toLowerCase());
    }
  }

  /** The stored values under the names that are given; a new name needs a value. */
  function headersOf(given: NonNullable<IntegrationInput['headers']>, known: Record<string, string>) {
    const before = new Map(Object.entries(known).map(([name, value]) => [name.toLowerCase(), value]));
    return Object.fromEntries(
      given.map(({ name, value }): [string, string] => {
        const kept = value ?? before.get(name.toLowerCase());
        if (kept === undefined)
          throw new PluginError('IM_INTEGRATION_INVALID', 422, { field: 'headers', why: 'header_value', header: name });
        return [name, kept];
      }),
    );
  }

  async function writeHeaders(trx: Trx, id: Id, headers: Record<string, string>): Promise<void> {
    await store.update(trx, id, {
      headers: Object.keys(headers),
      sealedHeaders: Object.keys(headers).length === 0 ? null : vault().seal(JSON.stringify(headers), headersPlace(id)),
    });
  }

  const nameOf = (input: Pick<IntegrationInput, 'name'>): string =>
    Array.from(input.name.trim()).slice(0, 190).join('');

  /** Every change: the row is written first, so that of two people one waits, and the later one of an old form is refused. */
  async function change(
    id: Id,
    version: number | undefined,
    work: (trx: Trx, before: StoredIntegration) => Promise<void>,
  ): Promise<Integration> {
    return runTransaction(knex, async (trx) => {
      if (!/^\d{1,18}$/.test(id) || !(await store.touch(trx, id))) throw new PluginError('IM_NOT_FOUND', 404);
      const before = await demand(trx, id);
      if (version !== undefined && before.version - 1 !== version) throw new PluginError('IM_STALE_INTEGRATION', 409);
      await work(trx, before);
      return shown(await demand(trx, id));
    });
  }

  const { availabilityOf, asked } = createAvailability(deps, open);

  return {
    open,
    demand,
    availabilityOf,

    async list(db: Db): Promise<Integration[]> {
      return (await store.all(db)).filter(({ removed }) => !removed).map(shown);
    },

    async get(db: Db, id: Id): Promise<Integration> {
      return shown(await demand(db, id));
    },

    /** The names that a host's functions are registered under. */
    functionNames: (): string[] => Object.keys(deps.functions).sort(),
    canSign: deps.vault !== null,

    async available(db: Db, id: Id, how: { ask?: boolean } = {}): Promise<Availability> {
      const one = await store.find(db, id);
      const state = availabilityOf(one);
      return state.available && how.ask && one?.kind === 'function' ? asked(one) : state;
    },

    /**
     * @returns the secret too, which is shown this once
     * @throws IM_INTEGRATION_INVALID 422 `{ field, why }`
     */
    async create(input: IntegrationInput): Promise<{ integration: Integration; secret: string | null }> {
      await demandValid(input);
      const isWebhook = input.kind === 'webhook';
      const headers = headersOf(isWebhook ? (input.headers ?? []) : [], {});
      const secret = isWebhook ? newSecret() : null;
      const integration = await runTransaction(knex, async (trx) => {
        const id = await store.insert(trx, {
          name: nameOf(input),
          kind: input.kind,
          url: isWebhook ? (input.url ?? null) : null,
          functionName: isWebhook ? null : (input.functionName ?? null),
          quotedKey: input.quotedKey ?? true,
        });
        if (secret !== null) {
          await store.update(trx, id, { sealedSecret: vault().seal(secret, secretPlace(id)) });
          await writeHeaders(trx, id, headers);
        }
        return shown(await demand(trx, id));
      });
      return { integration, secret };
    },

    /** What is left out stays as it is. Messages on their way go to the new address, with the new headers. */
    async update(id: Id, input: Partial<Omit<IntegrationInput, 'kind'>>, version?: number): Promise<Integration> {
      const stored = await demand(knex, id);
      const { name = stored.name, url = stored.url, functionName = stored.functionName } = input;
      const wanted = { ...input, name, url, functionName, kind: stored.kind };
      // Before the transaction: a name server is asked.
      await demandValid(wanted);
      return change(id, version, async (trx, before) => {
        await store.update(trx, id, {
          name: nameOf(wanted),
          ...(before.kind === 'webhook' ? { url } : { functionName }),
          // What the old address asked us to wait for says nothing of the new one.
          ...(before.kind === 'webhook' && url !== before.url && { pausedUntil: null }),
          ...(input.quotedKey !== undefined && { quotedKey: input.quotedKey }),
        });
        if (input.headers && before.kind === 'webhook')
          await writeHeaders(trx, id, headersOf(input.headers, open(before).headerValues));
      });
    },

    /** Off: no new sale is handed over there, and what waits is not sent until it is on again. */
    async setEnabled(id: Id, enabled: boolean): Promise<Integration> {
      return change(id, undefined, async (trx) => {
        await store.update(trx, id, { enabled, disabledBy: enabled ? null : 'person', pausedUntil: null });
        if (enabled) await handovers.makeDue(trx, id, now());
      });
    },

    /** Both secrets sign for a day. @returns the new one, shown this once */
    async rotate(id: Id): Promise<{ integration: Integration; secret: string }> {
      const secret = newSecret();
      const until = new Date(clock().getTime() + ROTATION_OVERLAP).toISOString();
      const integration = await change(id, undefined, async (trx, before) => {
        if (before.kind !== 'webhook')
          throw new PluginError('IM_INTEGRATION_INVALID', 422, { field: 'kind', why: 'no_secret' });
        await store.update(trx, id, {
          sealedSecret: vault().seal(secret, secretPlace(id)),
          sealedOldSecret: before.sealedSecret,
          oldSecretUntil: until,
        });
      });
      return { integration, secret };
    },

    /** @throws IM_INTEGRATION_IN_USE 409 `{ count }` while sales wait on it */
    async remove(id: Id): Promise<void> {
      await runTransaction(knex, async (trx) => {
        if (!/^\d{1,18}$/.test(id) || !(await store.touch(trx, id))) throw new PluginError('IM_NOT_FOUND', 404);
        const count = await handovers.unsettled(trx, id);
        if (count > 0) throw new PluginError('IM_INTEGRATION_IN_USE', 409, { count });
        await store.remove(trx, id, now());
      });
    },

    /**
     * Sends a message of type `external_billing.test`, signed as all are; a function's `check` is called.
     * @throws IM_TOO_SOON 429 within ten seconds of the last
     */
    async test(id: Id): Promise<TestResult> {
      const one = await demand(knex, id);
      const at = clock();
      const before = new Date(at.getTime() - TEST_PAUSE).toISOString();
      if (!(await store.claimTest(knex, id, at.toISOString(), before)))
        throw new PluginError('IM_TOO_SOON', 429, { seconds: TEST_PAUSE / 1000 });
      const state = availabilityOf(one.enabled ? one : { ...one, enabled: true });
      if (!state.available) return { ok: false, code: state.why === 'key' ? 'key' : 'refused', status: null };
      if (one.kind === 'function') {
        const answer = await asked(one);
        return { ok: answer.available, code: 'answer', status: null };
      }
      const { secrets, headerValues: headers, url, quotedKey } = open(one);
      const body = JSON.stringify({ type: TEST, timestamp: at.toISOString(), data: {} });
      const message = { id: newMessageId(), body, url: url ?? '', secrets, headers, quotedKey, doubtful: false };
      const { outcome, code, status } = await sender.send(message, TEST_LIMIT);
      return { ok: outcome === 'accepted', code, status };
    },

    /** The other system said 410: nothing more is sent there until a person has looked. */
    async disableGone(id: Id): Promise<void> {
      await store.update(knex, id, { enabled: false, disabledBy: 'gone' });
      deps.logger.warn('a connection answered 410 and was disabled', { integrationId: id });
    },

    /** @throws IM_SECRET_KEY 500 when secrets were sealed under another key than the options': at start, not at the till */
    async demandKey(db: Db): Promise<void> {
      for (const one of await store.all(db)) {
        if (one.removed || one.sealedSecret === null) continue;
        if (!deps.vault) throw wrongKey('missing', one.name);
        try {
          open(one);
        } catch (cause) {
          throw wrongKey('other', one.name, cause);
        }
      }
    },
  };
}

function wrongKey(why: 'missing' | 'other', integration: string, cause?: unknown): PluginError {
  const error = new PluginError('IM_SECRET_KEY', 500, { why, integration }, { cause });
  error.message =
    why === 'missing'
      ? `options.secretKey is missing: the secret of the connection "${integration}" cannot be read. Pass the key that it was saved with.`
      : `options.secretKey is not the key that the secret of the connection "${integration}" was saved with. Pass that key again; nothing can be signed until then.`;
  return error;
}

export type Integrations = ReturnType<typeof createIntegrations>;
