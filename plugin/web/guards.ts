/** What stands before our own routes: handlers that may fail, somebody signed in, same-origin writes, input of the right shape. */
import express from 'express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { PluginError } from '../errors';
import type { Actor } from '../host/contract';

/** An Express 4 router never answers when a handler's promise rejects: every async handler goes through this. */
export function route(handler: (req: Request, res: Response, next: NextFunction) => Promise<void>): RequestHandler {
  return (req, res, next) => {
    handler(req, res, next).catch(next);
  };
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

function isSameOrigin(req: Request): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = req.get('origin');
  if (origin === undefined || !URL.canParse(origin)) return false;
  const { host, hostname } = new URL(origin);
  // req.hostname is the forwarded one only where the host trusts its proxy; a proxy may have dropped the port.
  return host === req.get('host') || (hostname === req.hostname && req.get('x-forwarded-host') !== undefined);
}

/**
 * Refuses writes that do not come from the host's own pages.
 * @param hostVerifies the host has a CSRF check of its own (`options.csrf`): ours would only be in its way
 */
export function sameOriginWrites(hostVerifies: boolean): RequestHandler {
  return (req, _res, next) => {
    if (hostVerifies || READS.has(req.method) || isSameOrigin(req)) return next();
    next(new PluginError('IM_CROSS_SITE', 403));
  };
}

const BODY_LIMIT = '1mb';

/** Express 4's parsers leave `{}` behind also when they passed over a body that is not of their type. */
const isEmpty = (body: unknown): boolean =>
  body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0);

/** Reads the JSON body of our own routes, unless the host has parsed it already. */
export function jsonBody(): RequestHandler {
  return unlessParsed('json', express.json({ limit: BODY_LIMIT }));
}

/** Reads what a form of our own pages posts, unless the host has parsed it already. A repeated field is a list. */
export function formBody(): RequestHandler {
  return unlessParsed('urlencoded', express.urlencoded({ extended: false, limit: BODY_LIMIT }));
}

function unlessParsed(type: string, parse: RequestHandler): RequestHandler {
  return (req, res, next) => {
    const announced = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
    if (!announced) return next();
    // Also where a parser of the host's has taken it: the same request gets the same answer in every host.
    if (!req.is(type)) return next(new PluginError('IM_BODY_UNREADABLE', 415));
    if (!isEmpty(req.body)) return next();
    // Somebody has eaten the stream: waiting for it would hang for ever.
    if (req.readableDidRead || req.readableEnded)
      return next(req.body === undefined ? new PluginError('IM_BODY_UNREADABLE', 400) : undefined);
    parse(req, res, (error?: unknown) => next(error === undefined ? undefined : bodyError(error)));
  };
}

function bodyError(error: unknown): PluginError {
  const { status, type } = error as { status?: number; type?: string };
  const options = { cause: error };
  if (type === 'entity.too.large') return new PluginError('IM_PAYLOAD_INVALID', 413, { limit: BODY_LIMIT }, options);
  if (type === 'entity.parse.failed') return new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'body' }, options);
  return new PluginError('IM_BODY_UNREADABLE', status ?? 400, {}, options);
}

/**
 * A part of a request as its schema reads it.
 * @throws IM_PAYLOAD_INVALID 400, `vars.field` = the path of the first fault, or the part's name
 */
export function parse<S extends z.ZodType>(schema: S, part: 'params' | 'query' | 'body', input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const field = [...(issue?.path ?? []), ...unknown].join('.').slice(0, 100);
  throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: field || part });
}

/** A query's empty parameter is one that was not given: forms post all their fields. */
export function givenIn(query: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
}

/** Answers hold a customer's figures: no cache between us and the person keeps them. */
export const noStore: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store');
  next();
};

/** @throws IM_UNAUTHENTICATED 401 */
export async function signedIn(req: Request, actorOf: (req: Request) => Promise<Actor | null>): Promise<Actor> {
  const actor = await actorOf(req);
  if (!actor) throw new PluginError('IM_UNAUTHENTICATED', 401);
  return actor;
}
