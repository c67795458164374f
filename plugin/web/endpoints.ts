/**
 * The JSON API. Every route is one `Endpoint`; the routes come from it, and so does their description (openapi.ts).
 * A feature lists its endpoints in `<feature>/endpoints.ts`; create-plugin hands all of them to `createApi`.
 */
import { promisify } from 'node:util';
import { Router } from 'express';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { Action, Options } from '../contract';
import { PluginError } from '../errors';
import type { Actor, Id } from '../host/contract';
import { CsvTable, sendCsv } from './csv';
import { givenIn, jsonBody, noStore, parse, route, sameOriginWrites, signedIn } from './guards';
import { actionsOf, csvFile, isWrite, openApiOf, xlsxFile } from './openapi';
import { sendXlsx, XlsxSheet } from './xlsx';

/** Schemas by status: 200, 201 … */
type Replies = Record<number, z.ZodType>;
type Answer<R extends Replies> = {
  [Status in keyof R & number]: { status: Status; body: z.input<R[Status]> };
}[keyof R & number];

/** What a handler gets: the person who asks, and what the schemas made of the request. */
export interface Asked<P, Q, B> {
  actor: Actor;
  params: P;
  query: Q;
  body: B;
  req: Request;
}

interface Description<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below `/api`, as Express writes it: '/invoices/:id/lines'. */
  path: string;
  summary: string;
  /** What `authorize` is asked, any of several; null: whoever is signed in. */
  action: Action | Action[] | null;
  /** Strict objects: a misspelt filter that went unnoticed would answer with everything. */
  params?: P;
  query?: Q;
  body?: B;
  /** Statuses of the handler's own refusals. Those of every endpoint (400, 401, 403, 413, 415) need not be named. */
  refusals?: number[];
  /** The invoice that `authorize` is asked about. */
  invoice?(asked: Asked<z.output<P>, z.output<Q>, z.output<B>>): Id | undefined;
}

/** An endpoint whatever its schemas; made by `endpoint`. */
export interface Endpoint extends Description<z.ZodType, z.ZodType, z.ZodType> {
  replies: Replies;
  handler(asked: Asked<unknown, unknown, unknown>): Promise<{ status: number; body: unknown }>;
}

interface TypedEndpoint<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends Replies,
> extends Description<P, Q, B> {
  replies: R;
  /** Refuses by throwing a PluginError. */
  handler(asked: Asked<z.output<P>, z.output<Q>, z.output<B>>): Promise<Answer<NoInfer<R>>>;
}

/** Types an endpoint from its schemas: what the handler gets, and what it may answer. */
export function endpoint<
  R extends Replies,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(one: TypedEndpoint<P, Q, B, R>): Endpoint {
  return one;
}

/** A file to download in place of JSON: the same checks stand before it. */
export function csvEndpoint<P extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined>({
  table,
  ...one
}: Omit<Description<P, Q, z.ZodUndefined>, 'method' | 'body'> & {
  table(asked: Asked<z.output<P>, z.output<Q>, undefined>): CsvTable | Promise<CsvTable>;
}): Endpoint {
  const answer = async (asked: Asked<z.output<P>, z.output<Q>, undefined>) => ({
    status: 200,
    body: await table(asked),
  });
  return { ...one, method: 'get', replies: { 200: csvFile }, handler: answer };
}

/** The same as a sheet. */
export function xlsxEndpoint<P extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined>({
  sheet,
  ...one
}: Omit<Description<P, Q, z.ZodUndefined>, 'method' | 'body'> & {
  sheet(asked: Asked<z.output<P>, z.output<Q>, undefined>): Promise<XlsxSheet>;
}): Endpoint {
  const answer = async (asked: Asked<z.output<P>, z.output<Q>, undefined>) => ({
    status: 200,
    body: await sheet(asked),
  });
  return { ...one, method: 'get', replies: { 200: xlsxFile }, handler: answer };
}

export interface ApiDeps {
  /** Public base of the router, without a slash at the end; '' at the root. */
  base: string;
  /** null = nobody is signed in. */
  actorOf: (req: Request) => Promise<Actor | null>;
  authorize: (actor: Actor, action: Action, about: { invoiceId?: Id }) => boolean | Promise<boolean>;
  /** The host's own CSRF check; without it writes must be same-origin. */
  csrf: Pick<NonNullable<Options<Request>['csrf']>, 'headerName'> | undefined;
}

async function demandOne(
  actions: Action[],
  invoiceId: Id | undefined,
  actor: Actor,
  { authorize }: Pick<ApiDeps, 'authorize'>,
): Promise<void> {
  if (actions.length === 0) return;
  for (const action of actions)
    if (await authorize(actor, action, invoiceId === undefined ? {} : { invoiceId })) return;
  throw new PluginError('IM_FORBIDDEN', 403, { action: actions[0] });
}

const NO_QUERY = z.strictObject({});
const readBody = promisify(jsonBody());

function handlerOf(one: Endpoint, deps: ApiDeps): RequestHandler {
  return route(async (req, res) => {
    // Before the body is read: who is not signed in costs no megabyte.
    const actor = await signedIn(req, deps.actorOf);
    if (one.body) await readBody(req, res);
    const asked = {
      actor,
      params: one.params && parse(one.params, 'params', req.params),
      query: parse(one.query ?? NO_QUERY, 'query', givenIn(req.query)),
      body: one.body && parse(one.body, 'body', req.body),
      req,
    };
    await demandOne(actionsOf(one), one.invoice?.(asked), actor, deps);
    const { status, body } = await one.handler(asked);
    if (body instanceof CsvTable) return sendCsv(res, body);
    if (body instanceof XlsxSheet) return sendXlsx(res, body);
    res.status(status).json(body);
  });
}

/**
 * A router for `/api/…`: the endpoints and `GET /api/openapi.json`, which describes them. Errors go to `next` (error-handler.ts).
 * What it does not know goes on to the host: mounted at '/', the host's own `/api` is beside it.
 */
export function createApi(endpoints: Endpoint[], deps: ApiDeps): Router {
  let document: object | undefined;
  const all: Endpoint[] = [
    ...endpoints,
    endpoint({
      method: 'get',
      path: '/openapi.json',
      summary: 'This description, as OpenAPI 3.1',
      // It names nobody's data; but below /api nothing answers a stranger, without exception.
      action: null,
      replies: { 200: z.looseObject({ openapi: z.string() }) },
      handler: async () => ({
        status: 200,
        body: (document ??= openApiOf(all, deps)) as { openapi: string },
      }),
    }),
  ];
  const router = Router();
  for (const one of all) {
    const before = isWrite(one) ? [noStore, sameOriginWrites(deps.csrf !== undefined)] : [noStore];
    router[one.method](`/api${one.path}`, before, handlerOf(one, deps));
  }
  return router;
}
