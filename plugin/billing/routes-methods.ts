/** Settings > External payments: the overview, and a form for each external method. */
import { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { isPluginError, PluginError, type ErrorCode } from '../errors';
import { explainError } from '../i18n';
import { formBody, givenIn, parse, route, sameOriginWrites } from '../web/guards';
import { id as idShape } from '../web/shapes';
import type { ExternalKind, MethodFields, MethodKind, PaymentMethod } from './contract';
import { CONNECTIONS_PATH } from '../handover/routes-deps';
import { managing, type BillingPageDeps } from './routes-deps';
import { kindOf, METHODS_PATH, moduleName, MODULES_PATH, toGallery, toMethodRow } from './routes-view';
import { defaultIcon } from './rules-icons';
import { exampleOf, LIMITS } from './rules';

const KINDS = ['external_payment', 'external_billing'] as const;
const NOTICES = ['methodCreated', 'methodSaved', 'methodArchived', 'methodRestored', 'methodDeleted'] as const;
const STYLES = ['css/billing.css'];

const params = z.strictObject({ id: idShape });
const newQuery = z.object({ kind: z.enum(KINDS).optional() });
const text = z.string().max(1000).default('');
const methodForm = z.object({
  name: text,
  externalIdentifier: text,
  /** A box that is not ticked is not posted. */
  requiresReference: z.enum(['1']).optional(),
  referenceLabel: text,
  referenceMask: text,
  imageId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{0,64}$/)
    .default(''),
  extended: z.enum(['1']).optional(),
  integrationId: z.union([idShape, z.literal('')]).default(''),
});
const newForm = methodForm.extend({ kind: z.enum(KINDS) });

const toFields = (kind: MethodKind, posted: z.output<typeof methodForm>): MethodFields => ({
  name: posted.name,
  externalIdentifier: posted.externalIdentifier,
  requiresReference: posted.requiresReference === '1',
  referenceLabel: posted.referenceLabel,
  referenceMask: posted.referenceMask,
  imageId: posted.imageId || null,
  integrationId: kind === 'external_billing' && posted.extended === '1' ? posted.integrationId || null : null,
});

/** Refusals that stand beside the field that they are about, the form as it was typed. */
const AT_FIELD: Partial<Record<ErrorCode, string>> = {
  IM_METHOD_NAME_TAKEN: 'name',
  IM_INTEGRATION_MISSING: 'integrationId',
};

/** What the form is filled with. */
interface FormState {
  method: PaymentMethod | null;
  kind: ExternalKind;
  fields: MethodFields;
  fault: { field: string; message: string; status: number } | null;
}

const EMPTY: MethodFields = {
  ...{ name: '', externalIdentifier: null, requiresReference: false, referenceLabel: null, referenceMask: null },
  ...{ imageId: null, integrationId: null },
};

/** @param deps see BillingPageDeps */
export function methodRoutes(deps: BillingPageDeps): Router {
  const { db, methods, modules, pages, imageUrl } = deps;
  const router = Router();
  const writes = [sameOriginWrites(deps.csrf !== undefined), formBody()];
  const urlOf = (id: string): string => `${METHODS_PATH}/${encodeURIComponent(id)}`;

  router.get(
    METHODS_PATH,
    route(async (req, res) => {
      await managing(req, deps);
      const words = deps.wordsOf(req);
      const all = await methods.list(db);
      const uses = await methods.uses(
        db,
        all.map(({ id }) => id),
      );
      const toRow = (method: PaymentMethod) => ({
        ...toMethodRow(words, method, imageUrl),
        uses: words.t('methods.used', { count: uses.get(method.id) ?? 0 }),
        url: `${pages.base}${urlOf(method.id)}`,
        openLabel: words.t('methods.openThis', { name: method.name }),
      });
      const external = all.filter(({ kind }) => kind !== 'internal');
      await pages.send(req, res, {
        view: 'methods',
        title: words.t('methods.title'),
        up: { url: pages.base || '/', label: words.t('module.title') },
        styles: STYLES,
        notices: NOTICES,
        vm: {
          newUrl: `${pages.base}${METHODS_PATH}/new`,
          external: external.filter(({ archivedAt }) => archivedAt === null).map(toRow),
          archived: external.filter(({ archivedAt }) => archivedAt !== null).map(toRow),
          builtin: all.filter(({ kind }) => kind === 'internal').map(toRow),
          modules: (await modules.list(db)).map((module) => ({
            name: moduleName(words, module),
            url: `${pages.base}${MODULES_PATH}/${module.id}`,
          })),
        },
      });
    }),
  );

  async function showForm(req: Request, res: Response, { method, kind, fields, fault }: FormState): Promise<void> {
    const words = deps.wordsOf(req);
    const integrations = kind === 'external_billing' ? await deps.integrations(db) : [];
    const count = method === null ? 0 : ((await methods.uses(db, [method.id])).get(method.id) ?? 0);
    const picture = imageUrl(fields.imageId ?? defaultIcon({ kind, isCash: false, name: '' }));
    await pages.send(req, res, {
      view: 'method',
      title: method === null ? words.t(`methods.new_${kind}`) : method.name,
      up: { url: `${pages.base}${METHODS_PATH}`, label: words.t('methods.title') },
      styles: STYLES,
      scripts: ['js/method.js'],
      notices: NOTICES,
      ...(fault && { status: fault.status }),
      vm: {
        isNew: method === null,
        kind,
        kindName: kindOf(words, { kind, extended: method?.extended ?? false }),
        action: `${pages.base}${method === null ? METHODS_PATH : urlOf(method.id)}`,
        uploadUrl: (await deps.images.canUpload()) ? `${pages.base}/payment-images` : null,
        csrfHeader: deps.csrf ? { name: deps.csrf.headerName, value: deps.csrf.token(req, res) } : null,
        fields,
        fault,
        limits: LIMITS,
        picture,
        gallery: toGallery(words, fields.imageId, imageUrl),
        example: exampleOf(fields.referenceMask),
        integrations: integrations.map(({ id, name, enabled }) => ({
          id,
          name: enabled ? name : words.t('methods.integrationOff', { name }),
          chosen: id === fields.integrationId,
        })),
        connectionsUrl: `${pages.base}${CONNECTIONS_PATH}`,
        problem: method?.unavailable ? words.t(`methods.${method.unavailable}`) : null,
        archived: method?.archivedAt ? words.t('methods.archivedAt', { at: words.instant(method.archivedAt) }) : null,
        used: count > 0 ? words.t('methods.usedCannotDelete', { count }) : null,
      },
    });
  }

  /** Runs a form's act; a refusal about one of its fields shows the form again. */
  async function submit(req: Request, res: Response, state: FormState, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isPluginError(error)) throw error;
      const named = error.code === 'IM_METHOD_INVALID' ? String(error.vars.field) : AT_FIELD[error.code];
      if (named === undefined) throw error;
      const message = explainError(deps.wordsOf(req), error) ?? '';
      await showForm(req, res, { ...state, fault: { field: named, message, status: error.status } });
    }
  }

  router.get(
    `${METHODS_PATH}/new`,
    route(async (req, res) => {
      await managing(req, deps);
      const { kind } = parse(newQuery, 'query', givenIn(req.query));
      if (kind !== undefined) return showForm(req, res, { method: null, kind, fields: EMPTY, fault: null });
      const words = deps.wordsOf(req);
      await pages.send(req, res, {
        view: 'method-new',
        title: words.t('methods.add'),
        up: { url: `${pages.base}${METHODS_PATH}`, label: words.t('methods.title') },
        styles: STYLES,
        vm: {
          kinds: KINDS.map((one) => ({
            url: `${pages.base}${METHODS_PATH}/new?kind=${one}`,
            picture: imageUrl(defaultIcon({ kind: one, isCash: false, name: '' })),
            name: words.t(`methods.kind_${one}`),
            text: words.t(`methods.about_${one}`),
          })),
        },
      });
    }),
  );

  router.post(
    METHODS_PATH,
    writes,
    route(async (req, res) => {
      const actor = await managing(req, deps);
      const { kind, ...posted } = parse(newForm, 'body', req.body);
      const fields = toFields(kind, posted);
      await submit(req, res, { method: null, kind, fields, fault: null }, async () => {
        if (posted.extended === '1' && kind === 'external_billing' && !posted.integrationId)
          throw new PluginError('IM_INTEGRATION_MISSING', 422);
        await methods.create(actor, kind, fields);
        pages.redirect(res, METHODS_PATH, 'methodCreated');
      });
    }),
  );

  /** The method of a form, which must be an external one. */
  async function external(req: Request): Promise<PaymentMethod & { kind: ExternalKind }> {
    const method = await methods.byId(db, parse(params, 'params', req.params).id);
    const { kind } = method;
    if (kind === 'internal') throw new PluginError('IM_METHOD_BUILTIN', 422, { name: method.name });
    return { ...method, kind };
  }

  router.get(
    `${METHODS_PATH}/:id`,
    route(async (req, res) => {
      await managing(req, deps);
      const method = await external(req);
      await showForm(req, res, { method, kind: method.kind, fields: method, fault: null });
    }),
  );

  router.post(
    `${METHODS_PATH}/:id`,
    writes,
    route(async (req, res) => {
      const actor = await managing(req, deps);
      const method = await external(req);
      const posted = parse(methodForm, 'body', req.body);
      const fields = toFields(method.kind, posted);
      await submit(req, res, { method, kind: method.kind, fields, fault: null }, async () => {
        if (posted.extended === '1' && !posted.integrationId) throw new PluginError('IM_INTEGRATION_MISSING', 422);
        await methods.change(actor, method.id, fields);
        pages.redirect(res, METHODS_PATH, 'methodSaved');
      });
    }),
  );

  for (const [act, done] of [
    ['archive', 'methodArchived'],
    ['restore', 'methodRestored'],
    ['remove', 'methodDeleted'],
  ] as const)
    router.post(
      `${METHODS_PATH}/:id/${act}`,
      writes,
      route(async (req, res) => {
        const actor = await managing(req, deps);
        await methods[act](actor, parse(params, 'params', req.params).id);
        pages.redirect(res, METHODS_PATH, done);
      }),
    );

  return router;
}
