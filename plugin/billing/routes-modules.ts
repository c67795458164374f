/** Settings > Order modules, and what each takes in which order. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, PluginError } from '../errors';
import type { Id } from '../host/contract';
import { explainError } from '../i18n';
import { formBody, parse, route, sameOriginWrites } from '../web/guards';
import { id as idShape } from '../web/shapes';
import type { PaymentMethod } from './contract';
import { managing, type BillingPageDeps } from './routes-deps';
import { METHODS_PATH, moduleName, MODULES_PATH, toMethodRow } from './routes-view';
import { LIMITS } from './rules';

const NOTICES = ['methodsAdded', 'methodRemoved', 'orderSaved', 'orderUndone', 'orderStale', 'moduleRenamed'] as const;
const STYLES = ['css/billing.css'];

const params = z.strictObject({ id: idShape });
const version = z.coerce.number().int().min(0);
const nameForm = z.object({ name: z.string().max(1000) });
const addForm = z.object({
  methodIds: z.preprocess(
    (value: unknown): unknown => (value === undefined ? [] : [value].flat()),
    z.array(idShape).max(200),
  ),
});
const rowForm = z.object({ methodId: idShape });
const moveForm = rowForm.extend({ to: z.enum(['up', 'down']), version });
const undoForm = z.object({ version });

/** The list with one of it a place higher or lower; what is pinned stays, and nothing goes above it. */
function moved(all: PaymentMethod[], methodId: Id, to: 'up' | 'down'): Id[] {
  const ids = all.map(({ id }) => id);
  const from = ids.indexOf(methodId);
  const target = from + (to === 'up' ? -1 : 1);
  if (from === -1 || !all[target] || all[target].isCash || all[from]?.isCash) return ids;
  ids.splice(target, 0, ...ids.splice(from, 1));
  return ids;
}

/** @param deps see BillingPageDeps */
export function moduleRoutes(deps: BillingPageDeps): Router {
  const { db, methods, modules, pages, imageUrl } = deps;
  const router = Router();
  const writes = [sameOriginWrites(deps.csrf !== undefined), formBody()];
  const urlOf = (id: Id): string => `${MODULES_PATH}/${encodeURIComponent(id)}`;
  const idOf = (req: Request): Id => parse(params, 'params', req.params).id;

  interface Refused {
    message: string;
    status: number;
    name: string;
  }

  async function showList(req: Request, res: Response, refused: Refused | null): Promise<void> {
    const words = deps.wordsOf(req);
    const rows = [];
    for (const module of await modules.list(db)) {
      const { methods: taken } = await modules.methods(db, module.id);
      rows.push({
        name: moduleName(words, module),
        url: `${pages.base}${urlOf(module.id)}`,
        takes: words.list(taken.map(({ name }) => name)),
        openLabel: words.t('modules.openThis', { name: moduleName(words, module) }),
      });
    }
    await pages.send(req, res, {
      view: 'modules',
      title: words.t('modules.title'),
      up: { url: pages.base || '/', label: words.t('module.title') },
      styles: STYLES,
      ...(refused && { status: refused.status }),
      vm: { rows, refused, action: `${pages.base}${MODULES_PATH}`, limit: LIMITS.name },
    });
  }

  async function showModule(req: Request, res: Response, refused: Refused | null): Promise<void> {
    const words = deps.wordsOf(req);
    const { module, methods: taken } = await modules.methods(db, idOf(req));
    const name = moduleName(words, module);
    const addable = (await methods.list(db)).filter(({ id, active }) => active && !taken.some((one) => one.id === id));
    const movable = taken.filter(({ isCash }) => !isCash);
    const toRow = (method: PaymentMethod) => ({
      ...toMethodRow(words, method, imageUrl),
      isFirst: method.id === movable[0]?.id,
      isLast: method.id === movable.at(-1)?.id,
      labels: {
        up: words.t('modules.up', { name: method.name }),
        down: words.t('modules.down', { name: method.name }),
        remove: words.t('modules.removeThis', { name: method.name, module: name }),
      },
    });
    await pages.send(req, res, {
      view: 'module-payment',
      title: words.t('modules.payment', { name }),
      up: { url: `${pages.base}${MODULES_PATH}`, label: words.t('modules.title') },
      styles: STYLES,
      scripts: ['js/order.js'],
      notices: NOTICES,
      ...(refused && { status: refused.status }),
      vm: {
        name,
        refused,
        limit: LIMITS.name,
        url: `${pages.base}${urlOf(module.id)}`,
        newMethodUrl: `${pages.base}${METHODS_PATH}/new`,
        rows: taken.map(toRow),
        addable: addable.map((method) => toMethodRow(words, method, imageUrl)),
        version: module.version,
        undoable: module.undoable,
        script: {
          api: `${deps.base}/api/order-modules/${encodeURIComponent(module.id)}/order`,
          csrf: deps.csrf ? { name: deps.csrf.headerName, value: deps.csrf.token(req, res) } : null,
        },
      },
    });
  }

  /** A name that cannot be taken stands beside its field, as it was typed. */
  async function naming(
    req: Request,
    show: (refused: Refused) => Promise<void>,
    act: (name: string) => Promise<void>,
  ): Promise<void> {
    const { name } = parse(nameForm, 'body', req.body);
    try {
      await act(name);
    } catch (error) {
      if (!isPluginError(error) || !['IM_METHOD_INVALID', 'IM_MODULE_NAME_TAKEN'].includes(error.code)) throw error;
      await show({ message: explainError(deps.wordsOf(req), error) ?? '', status: error.status, name });
    }
  }

  /** After a change of a list: back to it. A list that had changed meanwhile is shown as it is now. */
  async function changing(req: Request, res: Response, done: string, act: () => Promise<unknown>): Promise<void> {
    const url = urlOf(idOf(req));
    try {
      await act();
    } catch (error) {
      if (!isPluginError(error) || error.code !== 'IM_STALE_ORDER') throw error;
      return pages.redirect(res, url, 'orderStale');
    }
    pages.redirect(res, url, done);
  }

  router.get(
    MODULES_PATH,
    route(async (req, res) => {
      await managing(req, deps);
      await showList(req, res, null);
    }),
  );

  router.post(
    MODULES_PATH,
    writes,
    route(async (req, res) => {
      const actor = await managing(req, deps);
      await naming(
        req,
        (refused) => showList(req, res, refused),
        async (name) => pages.redirect(res, urlOf((await modules.create(actor, name)).id)),
      );
    }),
  );

  router.get(
    `${MODULES_PATH}/:id`,
    route(async (req, res) => {
      await managing(req, deps);
      await showModule(req, res, null);
    }),
  );

  router.post(
    `${MODULES_PATH}/:id/name`,
    writes,
    route(async (req, res) => {
      const actor = await managing(req, deps);
      await naming(
        req,
        (refused) => showModule(req, res, refused),
        async (name) => {
          await modules.rename(actor, idOf(req), name);
          pages.redirect(res, urlOf(idOf(req)), 'moduleRenamed');
        },
      );
    }),
  );

  router.post(
    `${MODULES_PATH}/:id/add`,
    writes,
    route(async (req, res) => {
      const actor = await managing(req, deps);
      const { methodIds } = parse(addForm, 'body', req.body);
      await changing(req, res, 'methodsAdded', () => modules.attach(actor, idOf(req), methodIds));
    }),
  );

  router.post(
    `${MODULES_PATH}/:id/remove`,
    writes,
    route(async (req, res) => {
      const actor = await managing(req, deps);
      const { methodId } = parse(rowForm, 'body', req.body);
      await changing(req, res, 'methodRemoved', () => modules.detach(actor, idOf(req), methodId));
    }),
  );

  router.post(
    `${MODULES_PATH}/:id/move`,
    writes,
    route(async (req, res) => {
      const actor = await managing(req, deps);
      const { methodId, to, version: seen } = parse(moveForm, 'body', req.body);
      await changing(req, res, 'orderSaved', async () => {
        const { methods: taken } = await modules.methods(db, idOf(req));
        if (taken.find(({ id }) => id === methodId)?.isCash) throw new PluginError('IM_CASH_PINNED', 422);
        await modules.reorder(actor, idOf(req), { ids: moved(taken, methodId, to), version: seen });
      });
    }),
  );

  router.post(
    `${MODULES_PATH}/:id/undo`,
    writes,
    route(async (req, res) => {
      const actor = await managing(req, deps);
      const { version: seen } = parse(undoForm, 'body', req.body);
      await changing(req, res, 'orderUndone', () => modules.undo(actor, idOf(req), seen));
    }),
  );

  return router;
}
