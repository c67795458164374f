/** The module page: on or off, what needs attention, the host check in words. */
import { Router } from 'express';
import type { Request } from 'express';
import { z } from 'zod';
import type { Action } from '../contract';
import { isPluginError, PluginError } from '../errors';
import type { HostFault } from '../host/check';
import type { Actor } from '../host/contract';
import { showVars } from '../i18n';
import type { Words } from '../i18n';
import { formBody, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import type { RulesNow, SettingsNow } from './contract';
import type { SettingsPageDeps } from './routes';
import { explainRules } from './routes-view';

/** Something that waits for this person: "3 paiements à affecter", and where. */
export interface Attention {
  text: string;
  url: string;
}

/** Where a feature's page is, and what it is for; `title`, `text` and `link` are keys. */
export interface ModuleCard {
  title: string;
  text: string;
  link: string;
  url: string;
  /** What it takes to open it. */
  action: Action;
}

export interface ModulePageDeps extends SettingsPageDeps {
  checkHost(): Promise<{ faults: HostFault[] }>;
  /** A link to each feature's page that this person may open. */
  cards: ModuleCard[];
  /** The settings under their preset, as far as the host goes along. */
  held(settings: SettingsNow): Promise<RulesNow>;
  /** Asked one after the other for whoever opens the page; each answers what this person may do something about. */
  attention: ((actor: Actor, words: Words) => Promise<Attention[]>)[];
}

const NOTICES = ['switchedOn', 'switchedOff'] as const;
const switchForm = z.object({ enabled: z.enum(['0', '1']) });

/** One sentence a fault; what migrate() has not made yet is one fault, however many tables it is. */
function explainFaults(words: Words, faults: HostFault[]): string[] {
  const missing = faults.filter(({ code }) => code === 'not_migrated').map(({ where }) => where);
  const others = faults.filter(({ code }) => code !== 'not_migrated');
  return [
    ...(missing.length > 0 ? [words.t('check.not_migrated', { where: words.list(missing) })] : []),
    ...others.map(({ says }) => words.t(`check.${says.text}`, showVars(words, says.vars))),
  ];
}

/** `GET /` and its form. @param deps see ModulePageDeps */
export function modulePage(deps: ModulePageDeps): Router {
  const { settings, pages, db } = deps;
  const router = Router();

  /** null while migrate() has not been run: the page says so, instead of failing for it. */
  async function settingsNow(): Promise<SettingsNow | null> {
    try {
      return await settings.read(db);
    } catch (error) {
      const known = deps.known(error);
      if (isPluginError(known) && known.code === 'IM_NOT_MIGRATED') return null;
      throw error;
    }
  }

  router.get(
    '/',
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const manages = await settings.mayManage(actor);
      const merges = await deps.may(actor, 'merge.apply');
      const words = deps.wordsOf(req);
      const now = await settingsNow();
      const waiting: Attention[] = [];
      if (now) for (const ask of deps.attention) waiting.push(...(await ask(actor, words)));
      const cards: ModuleCard[] = [];
      if (now) for (const card of deps.cards) if (await deps.may(actor, card.action)) cards.push(card);
      if (!manages && !merges && waiting.length + cards.length === 0) throw new PluginError('IM_FORBIDDEN', 403);
      await pages.send(req, res, {
        view: 'module',
        title: words.t('module.title'),
        notices: NOTICES,
        vm: {
          state: !now ? 'missing' : now.enabled ? 'on' : 'off',
          manages,
          waiting,
          cards,
          unanswered: now?.preset === null,
          rules: now ? explainRules(words, { ...now, ...(await deps.held(now)), preset: now.preset }) : [],
          check: manages ? explainFaults(words, (await deps.checkHost()).faults) : null,
        },
      });
    }),
  );

  router.post(
    '/enabled',
    sameOriginWrites(deps.csrf !== undefined),
    formBody(),
    route(async (req: Request, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const enabled = parse(switchForm, 'body', req.body).enabled === '1';
      await settings.change(actor, { enabled });
      pages.redirect(res, '', enabled ? 'switchedOn' : 'switchedOff');
    }),
  );

  return router;
}
