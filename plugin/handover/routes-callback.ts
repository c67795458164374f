/** `POST /callbacks/:integrationId`: no sign-in, a signature instead, which is over the bytes as they came. */
import express, { Router } from 'express';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { z } from 'zod';
import { isPluginError, PluginError } from '../errors';
import { explainError } from '../i18n';
import type { Words } from '../i18n';
import { noStore, parse, route } from '../web/guards';
import { id } from '../web/shapes';
import type { Callbacks } from './callback';

const LIMIT = 64 * 1024;
const params = z.strictObject({ id });

/** What a parser of the host's has read stays readable only where it kept the bytes. */
function bytesOf(req: Request): Buffer {
  const { body, rawBody } = req as { body?: unknown; rawBody?: unknown };
  if (Buffer.isBuffer(body)) return body;
  if (Buffer.isBuffer(rawBody)) return rawBody;
  if (typeof rawBody === 'string') return Buffer.from(rawBody);
  throw new PluginError('IM_RAW_BODY_MISSING', 400, {
    mend: 'mount the router before the body parsers, or keep the bytes: express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes; } })',
  });
}

const readBytes: RequestHandler = (req, res, next) => {
  if (req.readableDidRead || req.readableEnded) return next();
  express.raw({ type: () => true, limit: LIMIT, inflate: false })(req, res, (error?: unknown) => {
    if (error === undefined) return next();
    const { status = 400 } = error as { status?: number };
    if (status === 413) return next(new PluginError('IM_PAYLOAD_INVALID', 413, { limit: '64kb' }, { cause: error }));
    next(new PluginError('IM_BODY_UNREADABLE', status, {}, { cause: error }));
  });
};

/** @param words of what is refused: read by whoever looks into the other system's log */
export function callbackRoutes(callbacks: Callbacks, words: Words): Router {
  const router = Router();
  router.post(
    '/callbacks/:id',
    [noStore, readBytes],
    route(async (req, res) => {
      const signed = {
        id: req.get('webhook-id'),
        timestamp: req.get('webhook-timestamp'),
        signature: req.get('webhook-signature'),
      };
      const { result, replayed } = await callbacks.receive(
        parse(params, 'params', req.params).id,
        signed,
        bytesOf(req),
      );
      res.json({ result, replayed });
    }),
  );
  // Its own answer: it may stand before everything else that the host mounts, where no language and no page is known.
  const refuse: ErrorRequestHandler = (error: unknown, _req, res, next) => {
    if (!isPluginError(error) || res.headersSent) return next(error);
    const { code, status, vars } = error;
    const message = explainError(words, error);
    res.status(status).json({ error: { code, message, vars: status >= 500 ? {} : vars } });
  };
  router.use('/callbacks/:id', refuse);
  return router;
}
