/** The settings page. */
import type { IncomingMessage } from 'node:http';
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Action, Options } from '../contract';
import { isPluginError } from '../errors';
import type { Actor, Day, Db, Settlement } from '../host/contract';
import { explainError } from '../i18n';
import type { Words } from '../i18n';
import { formBody, parse, route, sameOriginWrites, signedIn } from '../web/guards';
import type { Pages } from '../web/page';
import type { Settings, SettingsNow, SettingsService, SettlementRule } from './contract';
import { NUMBER_ACTS, PRESETS, SETTLEMENTS } from './rules';
import { explainChange, explainRules, toNumbersView, toPresets, toRuleView, type Kind } from './routes-view';

/** What the pages of this feature work with; create-plugin.ts puts it together. */
export interface SettingsPageDeps {
  db: Db;
  settings: SettingsService;
  pages: Pages;
  wordsOf: (req: IncomingMessage) => Words;
  /** null = nobody is signed in. */
  actorOf: (req: IncomingMessage) => Promise<Actor | null>;
  may(actor: Actor, action: Action): Promise<boolean>;
  /** The error of ours that a fault of the database stands for, else the fault itself. */
  known: (error: unknown) => unknown;
  csrf?: Options<IncomingMessage>['csrf'];
}

export interface SettingsRoutesDeps extends SettingsPageDeps {
  /** Columns for which `delete` is not offered, whatever the settings say. */
  deleteBlockers(db: Db): Promise<{ where: string }[]>;
  /** Whether the host keeps credit notes. */
  canCredit: boolean;
  /** Other pages of settings; `title` is a key. */
  related: { title: string; url: string; action: Action }[];
  /** Whether the host has payments and payment methods, and invoices direct sales. */
  canSell: boolean;
  /** Until when the host itself says that books are closed. */
  closedByHost(db: Db): Promise<Day | null>;
}

/** Changes that the page lists. */
const SHOWN_CHANGES = 20;

const list = <const T extends readonly [string, ...string[]]>(settlements: T) =>
  z.preprocess(
    (value: unknown): unknown => (value === undefined ? [] : Array.isArray(value) ? value : [value]),
    z.array(z.enum(settlements)),
  );
const settingsForm = z.object({
  version: z.string().regex(/^\d{1,15}$/),
  issuedOffered: list(SETTLEMENTS.issued),
  issuedDefault: z.enum(SETTLEMENTS.issued),
  draftOffered: list(SETTLEMENTS.draft),
  draftDefault: z.enum(SETTLEMENTS.draft),
  numbers: list(NUMBER_ACTS),
  /** Not posted until somebody has answered where the business invoices. */
  preset: z.enum(PRESETS).optional(),
  lockedUntil: z.union([z.literal(''), z.iso.date()]).optional(),
  /** A hidden '0', and '1' behind it where the box is ticked: the last one counts. Not posted where nothing is sold. */
  directSaleInvoice: z.union([z.enum(['0', '1']), z.array(z.enum(['0', '1'])).max(2)]).optional(),
});

/** What is chosen unless the person chooses is always offered: the form has no wrong state. */
const ruleOf = <S extends Settlement>(all: readonly S[], offered: S[], chosen: S): SettlementRule<S> => ({
  offered: all.filter((one) => one === chosen || offered.includes(one)),
  default: chosen,
});

function readForm(body: unknown): { wanted: Pick<Settings, Kind> & Partial<Settings>; version: number } {
  const posted = parse(settingsForm, 'body', body);
  const { issuedOffered, issuedDefault, draftOffered, draftDefault, numbers, version, preset, lockedUntil } = posted;
  const { directSaleInvoice: ticked } = posted;
  return {
    wanted: {
      issued: ruleOf(SETTLEMENTS.issued, issuedOffered, issuedDefault),
      draft: ruleOf(SETTLEMENTS.draft, draftOffered, draftDefault),
      numbers: { fillGaps: numbers.includes('fillGaps'), freeCancelled: numbers.includes('freeCancelled') },
      ...(preset && { preset }),
      ...(lockedUntil !== undefined && { lockedUntil: lockedUntil === '' ? null : lockedUntil }),
      ...(ticked !== undefined && { directSaleInvoice: [ticked].flat().at(-1) === '1' }),
    },
    version: Number(version),
  };
}

/** `/settings` and its form. @param deps see SettingsRoutesDeps */
export function settingsRoutes(deps: SettingsRoutesDeps): Router {
  const { settings, pages, db } = deps;
  const router = Router();
  const sameOrigin = sameOriginWrites(deps.csrf !== undefined);

  async function show(
    req: Request,
    res: Response,
    actor: Actor,
    shown: Omit<SettingsNow, 'enabled'>,
    refused: { status: number; message: string; now: string[] } | null,
  ): Promise<void> {
    const words = deps.wordsOf(req);
    const blocked = await deps.deleteBlockers(db);
    const changes = await settings.changes(db, SHOWN_CHANGES);
    const related: { title: string; url: string }[] = [];
    for (const { title, url, action } of deps.related)
      if (await deps.may(actor, action)) related.push({ title: words.t(title), url });
    const closedByHost = await deps.closedByHost(db);
    await pages.send(req, res, {
      view: 'settings',
      title: words.t('settings.title'),
      up: { url: pages.base || '/', label: words.t('module.title') },
      notices: ['saved'],
      ...(refused && { status: refused.status }),
      vm: {
        refused,
        related,
        version: shown.version,
        presets: toPresets(words, shown.preset, deps.canCredit),
        unanswered: shown.preset === null,
        lockedUntil: shown.lockedUntil ?? '',
        directSaleInvoice: deps.canSell ? { on: shown.directSaleInvoice } : null,
        closedByHost: closedByHost && words.day(closedByHost),
        rules: [
          toRuleView(words, 'issued', shown.issued, deps.canCredit),
          toRuleView(words, 'draft', shown.draft, deps.canCredit),
        ],
        numbers: toNumbersView(words, shown.numbers),
        blocked: blocked.length > 0 ? words.list(blocked.map(({ where }) => where)) : null,
        changes: changes.map((change) => explainChange(words, change)),
      },
    });
  }

  router.get(
    '/settings',
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      await settings.demandManage(actor);
      await show(req, res, actor, await settings.read(db), null);
    }),
  );

  router.post(
    '/settings',
    sameOrigin,
    formBody(),
    route(async (req, res) => {
      const actor = await signedIn(req, deps.actorOf);
      const { wanted, version } = readForm(req.body);
      try {
        await settings.change(actor, wanted, version);
      } catch (error) {
        if (!isPluginError(error) || error.code !== 'IM_STALE_SETTINGS') throw error;
        // The form comes back as it was filled in, under what is there now: to save it again is to decide.
        const words = deps.wordsOf(req);
        const now = error.vars.now as SettingsNow;
        const message = explainError(words, error) ?? '';
        const refused = { status: error.status, message, now: explainRules(words, now) };
        return show(req, res, actor, { ...now, ...wanted }, refused);
      }
      pages.redirect(res, '/settings', 'saved');
    }),
  );

  return router;
}
