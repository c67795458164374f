/** Settings > Connections: the list, and a page for each with its secret, its test and what hangs on it. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, type PluginError } from '../errors';
import { explainError } from '../i18n';
import type { Words } from '../i18n';
import { formBody, givenIn, parse, route, sameOriginWrites } from '../web/guards';
import { id as idShape } from '../web/shapes';
import type { Integration, IntegrationKind } from './contract';
import type { IntegrationInput, TestResult } from './integrations';
import { CONNECTIONS_PATH, entering, type HandoverPageDeps } from './routes-deps';
import { explainTest, stateOfConnection } from './routes-view';

const KINDS = ['webhook', 'function'] as const;
const NOTICES = ['connectionSaved', 'connectionOn', 'connectionOff', 'connectionRemoved'] as const;
const STYLES = ['css/handover.css'];
/** Empty rows for headers that are added; saved, there are as many again. */
const SPARE_HEADERS = 2;

const params = z.strictObject({ id: idShape });
const newQuery = z.object({ kind: z.enum(KINDS).optional() });
const text = z.string().max(3000).default('');
const several = z.preprocess(
  (value: unknown): unknown => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
  z.array(z.string().max(2000)).max(50),
);
const connectionForm = z.object({
  name: text,
  url: text,
  functionName: text,
  headerName: several,
  headerValue: several,
  quotedKey: z.enum(['1']).optional(),
});
const newForm = connectionForm.extend({ kind: z.enum(KINDS) });
const editForm = connectionForm.extend({ version: z.string().regex(/^\d{1,15}$/) });
const switchForm = z.object({ enabled: z.enum(['0', '1']) });

interface Fault {
  field: string;
  message: string;
  status: number;
}

/** What the form is filled with; a header's value never comes back. */
interface Fields {
  name: string;
  url: string;
  functionName: string;
  headers: { name: string; kept: boolean }[];
  quotedKey: boolean;
}

const EMPTY: Fields = { name: '', url: '', functionName: '', headers: [], quotedKey: true };

/** A name without a value keeps the value that is stored; a row without a name is none. */
function toInput(posted: z.output<typeof connectionForm>, kind: IntegrationKind): IntegrationInput {
  const headers = posted.headerName
    .map((name, at) => ({ name: name.trim(), value: posted.headerValue[at] || undefined }))
    .filter(({ name }) => name !== '');
  const { name, url, functionName, quotedKey } = posted;
  return { name, kind, url: url.trim(), functionName, headers, quotedKey: quotedKey === '1' };
}

/** @param deps see HandoverPageDeps */
export function connectionRoutes(deps: HandoverPageDeps): Router {
  const { db, pages } = deps;
  const { integrations } = deps.outbox;
  const router = Router();
  const writes = [sameOriginWrites(deps.csrf !== undefined), formBody()];
  const manage = (req: Request) => entering(req, deps, 'billing.manage');
  const idIn = (req: Request): string => parse(params, 'params', req.params).id;
  const pathOf = (id: string): string => `${CONNECTIONS_PATH}/${encodeURIComponent(id)}`;
  const list = (words: Words) => ({ url: pages.base + CONNECTIONS_PATH, label: words.t('connections.title') });

  const faultOf = (words: Words, error: PluginError): Fault => ({
    field: error.code === 'IM_INTEGRATION_INVALID' ? String(error.vars.field) : '',
    message: explainError(words, error) ?? '',
    status: error.status,
  });

  const formOf = (kind: IntegrationKind, fields: Fields, fault: Fault | null) => ({
    kind,
    fields,
    fault,
    spare: Array.from({ length: SPARE_HEADERS }),
    functions: integrations.functionNames(),
  });

  async function showNew(req: Request, res: Response, kind: IntegrationKind, fields: Fields, fault: Fault | null) {
    const words = deps.wordsOf(req);
    await pages.send(req, res, {
      view: 'connection-new',
      title: words.t(`connections.new_${kind}`),
      up: list(words),
      styles: STYLES,
      ...(fault && { status: fault.status }),
      vm: { ...formOf(kind, fields, fault), action: pages.base + CONNECTIONS_PATH },
    });
  }

  async function show(
    req: Request,
    res: Response,
    one: Integration,
    shown: { fields?: Fields; fault?: Fault; tested?: TestResult } = {},
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const { fault = null, tested } = shown;
    const fields: Fields = shown.fields ?? {
      ...{ name: one.name, url: one.url ?? '', functionName: one.functionName ?? '', quotedKey: one.quotedKey },
      headers: one.headers.map((name) => ({ name, kept: true })),
    };
    const uses = await deps.usesOf(db, one.id);
    await pages.send(req, res, {
      view: 'connection',
      title: one.name,
      up: list(words),
      styles: STYLES,
      notices: NOTICES,
      ...(fault && { status: fault.status }),
      vm: {
        ...formOf(one.kind, fields, fault),
        action: pages.base + pathOf(one.id),
        version: one.version,
        enabled: one.enabled,
        state: stateOfConnection(words, one),
        uses: uses.length > 0 ? words.t('connections.usedBy', { methods: words.list(uses) }) : null,
        tested: tested && { ok: tested.ok, text: explainTest(words, tested) },
        callback: `${req.protocol}://${req.get('host') ?? ''}${deps.base}/callbacks/${one.id}`,
        rotating: one.oldSecretUntil && words.t('connections.rotating', { at: words.instant(one.oldSecretUntil) }),
      },
    });
  }

  /** This once. A reload asks the browser to post again, which it asks the person about. */
  async function showSecret(req: Request, res: Response, one: Integration, secret: string, status: number) {
    const words = deps.wordsOf(req);
    await pages.send(req, res, {
      view: 'connection-secret',
      title: words.t('connections.secretTitle', { name: one.name }),
      up: list(words),
      styles: STYLES,
      status,
      vm: {
        secret,
        rotating: one.oldSecretUntil && words.t('connections.rotating', { at: words.instant(one.oldSecretUntil) }),
        next: pages.base + pathOf(one.id),
      },
    });
  }

  router.get(
    CONNECTIONS_PATH,
    route(async (req, res) => {
      await manage(req);
      const words = deps.wordsOf(req);
      const all = await integrations.list(db);
      await pages.send(req, res, {
        view: 'connections',
        title: words.t('connections.title'),
        up: { url: `${pages.base}/settings`, label: words.t('settings.title') },
        styles: STYLES,
        notices: NOTICES,
        vm: {
          rows: all.map((one) => ({
            name: one.name,
            kind: words.t(`connections.kind_${one.kind}`),
            where: one.url ?? one.functionName,
            url: pages.base + pathOf(one.id),
            state: stateOfConnection(words, one),
          })),
          canSign: integrations.canSign,
          hasFunctions: integrations.functionNames().length > 0,
          newUrl: `${pages.base}${CONNECTIONS_PATH}/new?kind=`,
        },
      });
    }),
  );

  router.get(
    `${CONNECTIONS_PATH}/new`,
    route(async (req, res) => {
      await manage(req);
      const { kind = 'webhook' } = parse(newQuery, 'query', givenIn(req.query));
      await showNew(req, res, kind, EMPTY, null);
    }),
  );

  router.post(
    CONNECTIONS_PATH,
    writes,
    route(async (req, res) => {
      await manage(req);
      const posted = parse(newForm, 'body', req.body);
      const input = toInput(posted, posted.kind);
      try {
        const { integration, secret } = await integrations.create(input);
        if (secret === null) return pages.redirect(res, pathOf(integration.id), 'connectionSaved');
        await showSecret(req, res, integration, secret, 201);
      } catch (error) {
        if (!isPluginError(error) || error.status >= 500) throw error;
        const headers = (input.headers ?? []).map(({ name }) => ({ name, kept: false }));
        const fields = { ...posted, headers, quotedKey: posted.quotedKey === '1' };
        await showNew(req, res, posted.kind, fields, faultOf(deps.wordsOf(req), error));
      }
    }),
  );

  router.get(
    `${CONNECTIONS_PATH}/:id`,
    route(async (req, res) => {
      await manage(req);
      await show(req, res, await integrations.get(db, idIn(req)));
    }),
  );

  router.post(
    `${CONNECTIONS_PATH}/:id`,
    writes,
    route(async (req, res) => {
      await manage(req);
      const id = idIn(req);
      const posted = parse(editForm, 'body', req.body);
      const one = await integrations.get(db, id);
      const input = toInput(posted, one.kind);
      try {
        await integrations.update(id, input, Number(posted.version));
        pages.redirect(res, pathOf(id), 'connectionSaved');
      } catch (error) {
        if (!isPluginError(error) || error.status >= 500 || error.status === 404) throw error;
        const kept = new Set(one.headers.map((name) => name.toLowerCase()));
        const headers = (input.headers ?? []).map(({ name }) => ({ name, kept: kept.has(name.toLowerCase()) }));
        const fields = { ...posted, headers, quotedKey: posted.quotedKey === '1' };
        await show(req, res, one, { fields, fault: faultOf(deps.wordsOf(req), error) });
      }
    }),
  );

  /** An act of a button; what is refused is said above the page as it is. */
  const act = (path: string, work: (req: Request, res: Response, id: string) => Promise<void>) =>
    router.post(
      `${CONNECTIONS_PATH}/:id/${path}`,
      writes,
      route(async (req, res) => {
        await manage(req);
        const id = idIn(req);
        try {
          await work(req, res, id);
        } catch (error) {
          if (!isPluginError(error) || error.status >= 500 || error.status === 404) throw error;
          await show(req, res, await integrations.get(db, id), { fault: faultOf(deps.wordsOf(req), error) });
        }
      }),
    );

  act('test', async (req, res, id) => {
    const tested = await integrations.test(id);
    await show(req, res, await integrations.get(db, id), { tested });
  });
  act('rotate', async (req, res, id) => {
    const { integration, secret } = await integrations.rotate(id);
    await showSecret(req, res, integration, secret, 200);
  });
  act('enabled', async (req, res, id) => {
    const enabled = parse(switchForm, 'body', req.body).enabled === '1';
    await integrations.setEnabled(id, enabled);
    pages.redirect(res, pathOf(id), enabled ? 'connectionOn' : 'connectionOff');
  });
  act('remove', async (_req, res, id) => {
    await integrations.remove(id);
    pages.redirect(res, CONNECTIONS_PATH, 'connectionRemoved');
  });

  return router;
}
