/** Whole pages of ours: inside the host's own frame where it gives one, else in a plain one of our own. */
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import type { Options } from '../contract';
import { PluginError } from '../errors';
import type { Words } from '../i18n';
import type { Render } from './render';

export interface PageDeps {
  wordsOf: (req: Request) => Words;
  render: Render;
  urls: {
    /** Where our pages stand, without a slash at the end. */
    pages: string;
    asset: (name: string) => string;
  };
  /** The host's frame around our pages. */
  layout?: Options<IncomingMessage>['layout'];
  csrf?: Options<IncomingMessage>['csrf'];
  nonce?: Options<IncomingMessage>['nonce'];
}

export interface PageContent {
  /** views/<view>.ejs: what stands below the title. Its `vm` has `locale`, `t`, `csrf` and `base` besides these. */
  view: string;
  vm?: object;
  title: string;
  /** Default: 200. */
  status?: number;
  /** The page above this one, as a link over the title. */
  up?: { url: string; label: string };
  /** Style sheets of its own, below assets/. */
  styles?: readonly string[];
  /** Modules of its own, below assets/. */
  scripts?: readonly string[];
  /** `plain`: in our own frame, without the host's menu: what is meant for paper. Default: the host's. */
  frame?: 'host' | 'plain';
  /** What a page may say after a redirect (see `redirect`): the codes, whose words are under `notices`. */
  notices?: readonly string[];
}

export interface Pages {
  /** Where our pages stand, without a slash at the end. */
  base: string;
  /** Answers a page. Rejects, with nothing sent, when the view or the host's layout fails. */
  send(req: Request, res: Response, content: PageContent): Promise<void>;
  /** After a form: 303 to a page of ours (`/settings`, '' for the first), which then says what was `done`. The path may have a query. */
  redirect(res: Response, path: string, done?: string): void;
}

/** @param deps see PageDeps */
export function createPages(deps: PageDeps): Pages {
  const { pages: base, asset } = deps.urls;
  return {
    base,

    async send(
      req,
      res,
      { view, vm = {}, title, status = 200, up, styles = [], scripts = [], frame: around = 'host', notices = [] },
    ) {
      const words = deps.wordsOf(req);
      const { locale, t } = words;
      const frame = { locale, t, title, nonce: deps.nonce?.(req, res) ?? null };
      // The address only chooses between sentences of ours: whoever sends somebody a link puts no words on this page.
      const done = notices.find((code) => code === req.query.done);
      const csrf = deps.csrf ? { name: deps.csrf.fieldName, value: deps.csrf.token(req, res) } : null;
      const html = await deps.render('page', {
        ...frame,
        up: up ?? null,
        notice: done === undefined ? null : t(`notices.${done}`),
        stylesheets: ['css/banner.css', 'css/pages.css', ...styles].map(asset),
        scripts: scripts.map(asset),
        content: await deps.render(view, { locale, t, csrf, base, ...vm }),
      });
      const whole: unknown =
        deps.layout && around === 'host'
          ? await deps.layout(html, { title, req, res })
          : await deps.render('shell', { ...frame, html });
      if (typeof whole !== 'string') throw new PluginError('IM_HOOK_INVALID', 500, { hook: 'layout' });
      // Pages hold a customer's figures and a form's token: no cache between us and the person keeps them.
      res.status(status).set('Cache-Control', 'no-store').type('html').send(whole);
    },

    redirect(res, path, done) {
      const target = `${base}${path}` || '/';
      res.redirect(303, done === undefined ? target : `${target}${target.includes('?') ? '&' : '?'}done=${done}`);
    },
  };
}
