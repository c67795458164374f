/** The one place where an error of ours becomes an answer; every other error goes on to the host. */
import type { ErrorRequestHandler, Request } from 'express';
import { isPluginError } from '../errors';
import { explainError } from '../i18n';
import type { Words } from '../i18n';
import type { Pages } from './page';

export interface ErrorHandlerDeps {
  wordsOf: (req: Request) => Words;
  pages: Pages;
  /** The error of ours that a fault of the database stands for, else the fault itself. */
  known?: (error: unknown) => unknown;
  log: (message: string, fields: Record<string, unknown>) => void;
}

/** JSON `{ error: { code, message, vars } }` or a page, by what the client accepts; the variables of a 5xx stay hidden. */
export function createErrorHandler(deps: ErrorHandlerDeps): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const error = deps.known?.(thrown) ?? thrown;
    if (res.headersSent || !isPluginError(error)) return next(error);
    const words = deps.wordsOf(req);
    const { code, status } = error;
    const hidden = status >= 500;
    if (hidden) deps.log('request failed', { code, err: error });
    const message = explainError(words, error) ?? words.t('errors.unknown');
    if (req.path.includes('/api/') || req.accepts(['json', 'html']) !== 'html') {
      res
        .status(status)
        .set('Cache-Control', 'no-store')
        .json({ error: { code, message, vars: hidden ? {} : error.vars } });
      return;
    }
    deps.pages
      .send(req, res, { view: 'error', vm: { message, code }, title: words.t('errors.title'), status })
      .catch(next);
  };
}
