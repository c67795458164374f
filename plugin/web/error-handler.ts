/** The one place where an error of ours becomes an answer; every other error goes on to the host. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import { isPluginError } from '../errors';
import { explainError } from '../i18n';
import type { Words } from '../i18n';
import type { Render } from './render';

export interface ErrorHandlerDeps {
  wordsOf: (req: Request) => Words;
  render: Render;
  /** The host's frame around our pages. */
  layout?: (html: string, page: { title: string; req: Request; res: Response }) => string | Promise<string>;
  log: (message: string, fields: Record<string, unknown>) => void;
}

/** JSON `{ error: { code, message, vars } }` or a page, by what the client accepts; the variables of a 5xx stay hidden. */
export function createErrorHandler(deps: ErrorHandlerDeps): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent || !isPluginError(error)) return next(error);
    const words = deps.wordsOf(req);
    const hidden = error.status >= 500;
    if (hidden) deps.log('request failed', { code: error.code, err: error });
    const shown = {
      code: error.code,
      message: explainError(words, error) ?? words.t('errors.unknown'),
      vars: hidden ? {} : error.vars,
    };
    res.status(error.status).set('Cache-Control', 'no-store');
    if (req.path.includes('/api/') || req.accepts(['json', 'html']) !== 'html') {
      res.json({ error: shown });
      return;
    }
    const title = words.t('errors.title');
    deps
      .render('error', { locale: words.locale, title, message: shown.message, code: shown.code })
      .then((html) => deps.layout?.(html, { title, req, res }) ?? html)
      .then((html) => {
        res.type('html').send(html);
      })
      .catch(next);
  };
}
