/** Sign-in, language and the guard against other sites' forms. */
import { randomBytes } from 'node:crypto';
import cookieSession from 'cookie-session';
import express, { Router, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { Knex } from 'knex';
import { DemoError, isForProgram } from './context';
import { speeches, type Language } from './language';
import { passwordMatches, type Person, type Role } from './roles';

export interface Notice {
  key: string;
  vars: Record<string, unknown>;
  /** Where to see what it speaks of. */
  href?: string;
  /** Stays on all pages until it is dismissed. */
  stays?: boolean;
}

interface Kept {
  person?: string;
  lang?: Language;
  notice?: Notice | null;
}

const kept = (req: Request): Kept => (req.session ?? {}) as Kept;

/** Says something on the next page. */
export function leaveNotice(req: Request, notice: Notice): void {
  kept(req).notice = notice;
}

/** A key made once per database, so that a restart loses nothing. A real CRM keeps its keys outside of the database. */
export async function keptKey(knex: Knex, name: 'cookie_key' | 'secret_key'): Promise<string> {
  const row = await knex('crm_settings').where({ name }).first<{ value: string } | undefined>('value');
  if (row) return row.value;
  const value = randomBytes(32).toString('base64url');
  await knex('crm_settings').insert({ name, value });
  return value;
}

export async function sessions(knex: Knex): Promise<RequestHandler> {
  return cookieSession({
    name: 'crm',
    keys: [await keptKey(knex, 'cookie_key')],
    httpOnly: true,
    sameSite: 'lax',
    maxAge: 12 * 60 * 60 * 1000,
  });
}

/** Puts the person and the language on the request, and what all views need into res.locals. */
export function recognise(knex: Knex): RequestHandler {
  return async (req, res, next) => {
    const session = kept(req);
    req.speech = speeches[session.lang === 'en' ? 'en' : 'fr'];
    if (session.person) {
      const row = await knex('crm_users')
        .where({ id: session.person })
        .first<{ id: number; full_name: string; email: string; role: Role } | undefined>();
      if (row) req.person = { id: String(row.id), name: row.full_name, email: row.email, role: row.role };
    }
    Object.assign(res.locals, {
      speech: req.speech,
      t: req.speech.t,
      person: req.person ?? null,
      path: req.path,
      here: req.method === 'GET' ? req.originalUrl : '/',
      notice: null,
    });
    next();
  };
}

/** Only for pages: takes the notice that the page before left. */
export const showNotice: RequestHandler = (req, res, next) => {
  if (req.method === 'GET' && req.accepts(['html', 'json']) === 'html') {
    const session = kept(req);
    if (session.notice) {
      res.locals.notice = session.notice;
      if (!session.notice.stays) session.notice = null;
    }
  }
  next();
};

/** Writes must come from our own pages: browsers say so in Sec-Fetch-Site, programs in Origin. */
export const sameOrigin: RequestHandler = (req, _res, next) => {
  if (['GET', 'HEAD', 'OPTIONS'].includes(req.method)) return next();
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  const same = site ? site === 'same-origin' : origin !== undefined && hostOf(origin) === req.get('host');
  next(same ? undefined : new DemoError('cross_site', 403));
};

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** A path on this server, never another site's address. */
function localPath(value: unknown): string {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : '/';
}

/** The invoice form, on its way to be saved: after signing in again it is as it was typed. Other acts are not repeated. */
const RESUMED = /^\/invoices(\/\d{1,18})?$/;
const FORM = 'application/x-www-form-urlencoded';
const readForm = express.text({ type: FORM, limit: '20mb' });

/** Pages lead to the sign-in page and back; programs get 401. */
export function demandPerson(req: Request, res: Response, next: NextFunction): void {
  if (req.person) return next();
  if (isForProgram(req)) return next(new DemoError('signed_out', 401));
  if (req.method === 'POST' && RESUMED.test(req.path) && req.is(FORM)) {
    readForm(req, res, (error?: unknown) => {
      if (error) return next(error);
      res.status(401).render('sign-in', { to: req.path, posted: String(req.body), failed: false, email: '' });
    });
    return;
  }
  res.redirect(303, `/login?to=${encodeURIComponent(req.method === 'GET' ? req.originalUrl : '/')}`);
}

export function signInPages(knex: Knex): Router {
  const router = Router();
  const form = express.urlencoded({ extended: false, limit: '20kb' });
  // With a form that was kept, which is encoded once more.
  const signIn = express.urlencoded({ extended: false, limit: '60mb' });

  router.get('/login', (req, res) => {
    res.render('sign-in', { to: localPath(req.query.to), posted: '', failed: false, email: '' });
  });
  router.post('/login', signIn, async (req, res) => {
    const { email, password, to, posted } = (req.body ?? {}) as Record<string, unknown>;
    const row =
      typeof email === 'string'
        ? await knex('crm_users')
            .where({ email: email.trim().toLowerCase() })
            .first<(Person & { password_hash: string }) | undefined>()
        : undefined;
    if (!row || typeof password !== 'string' || !(await passwordMatches(password, row.password_hash))) {
      res
        .status(401)
        .render('sign-in', { to: localPath(to), posted, failed: true, email: typeof email === 'string' ? email : '' });
      return;
    }
    kept(req).person = String(row.id);
    if (typeof posted === 'string' && posted && RESUMED.test(localPath(to))) {
      const fields = [...new URLSearchParams(posted)].filter(([name]) => name !== 'resume');
      res.render('resume', { to, fields });
      return;
    }
    res.redirect(303, localPath(to));
  });
  router.post('/logout', (req, res) => {
    delete kept(req).person;
    res.redirect(303, '/login');
  });
  router.post('/notice/dismiss', form, (req, res) => {
    kept(req).notice = null;
    res.redirect(303, localPath(((req.body ?? {}) as Record<string, unknown>).to));
  });
  router.post('/language', form, (req, res) => {
    const { lang, to } = (req.body ?? {}) as Record<string, unknown>;
    kept(req).lang = lang === 'en' ? 'en' : 'fr';
    res.redirect(303, localPath(to));
  });
  return router;
}
