/** Every refusal says what happened, as a page or as JSON. */
import { isPluginError } from 'crm-invoice-merge';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { ZodError } from 'zod';
import { DemoError, isForProgram, type Demo } from './context';
import { speeches } from './language';

export interface Refusal {
  status: number;
  code: string;
  message: string;
  vars: Record<string, unknown>;
}

/** The words for what the plugin, this CRM or the validation refused; null for a fault of the program. */
export function refusalOf(error: unknown, demo: Demo, req: Request): Refusal | null {
  const { t } = req.speech;
  if (isPluginError(error)) {
    const message = demo.merge.explain(error, req) ?? t('errors.fault');
    return { status: error.status, code: error.code, message, vars: error.status >= 500 ? {} : error.vars };
  }
  if (error instanceof DemoError) {
    return { status: error.status, code: error.code, message: t(`errors.${error.code}`, error.vars), vars: error.vars };
  }
  if (error instanceof ZodError) {
    const problems = error.issues.map((issue) => problemOf(issue.path, req));
    return {
      status: 400,
      code: 'invalid',
      message: [...new Set(problems)].join(' '),
      vars: { fields: error.issues.map((issue) => issue.path.join('.')) },
    };
  }
  const { status, type } = error as { status?: number; type?: string };
  if (type !== undefined && status !== undefined && status < 500)
    return { status, code: 'unreadable', message: t('errors.unreadable'), vars: {} };
  return null;
}

/** 'Ligne 2 : prix non valable.' */
function problemOf(path: PropertyKey[], req: Request): string {
  const { t } = req.speech;
  const [list, index] = path;
  const named = path.filter((part) => typeof part === 'string');
  const field = t(`fields.${named.at(-1) ?? 'form'}`, { defaultValue: named.at(-1) ?? '' });
  if (list === 'lines' && typeof index === 'number') return t('invalid.line', { n: index + 1, field });
  return t('invalid.field', { field });
}

export const notFound: RequestHandler = (_req, _res, next) => next(new DemoError('not_found', 404));

export const answerErrors =
  (demo: Demo): ErrorRequestHandler =>
  (error: unknown, req, res, next) => {
    if (res.headersSent) return next(error);
    // A fault may come before the language is known.
    req.speech ??= speeches.fr;
    const refusal = refusalOf(error, demo, req);
    if (!refusal) process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    const { status, code, message, vars } = refusal ?? {
      status: 500,
      code: 'fault',
      message: req.speech.t('errors.fault'),
      vars: {},
    };
    res.status(status);
    if (isForProgram(req)) {
      res.json({ error: { code, message, vars } });
      return;
    }
    Object.assign(res.locals, {
      t: req.speech.t,
      speech: req.speech,
      person: req.person ?? null,
      path: req.path,
      here: '/',
    });
    res.locals.notice ??= null;
    res.render('message', { status, message });
  };
