/** What billing's endpoints ask for and answer with. */
import { z } from 'zod';
import { component, count, distinct, id, instant } from '../web/shapes';
import { LIMITS } from './rules';

/** The address of a picture; null for none. */
export type ImageUrl = (imageId: string | null) => string | null;

/** Longer than what is kept: blanks and what nobody sees are taken out first, and then the length is a rule (422). */
const text = (limit: number) => z.string().max(limit * 4);
export const imageId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .nullable();

const fields = {
  name: text(LIMITS.name),
  externalIdentifier: text(LIMITS.externalIdentifier).nullable(),
  requiresReference: z.boolean(),
  referenceLabel: text(LIMITS.referenceLabel).nullable(),
  referenceMask: text(LIMITS.referenceMask).nullable(),
  imageId,
  integrationId: id.nullable(),
};
const { name, ...others } = fields;

export const methodBody = z.strictObject({
  kind: z.enum(['external_payment', 'external_billing']),
  name,
  ...z.object(others).partial().shape,
});
export const methodChange = z.strictObject(z.object(fields).partial().shape);

export const methodShape = component(
  'PaymentMethod',
  z.strictObject({
    ...{ id, kind: z.enum(['internal', 'external_payment', 'external_billing']) },
    name: z.string(),
    externalIdentifier: z.string().nullable(),
    requiresReference: z.boolean(),
    referenceLabel: z.string().nullable(),
    referenceMask: z.string().nullable(),
    extended: z.boolean(),
    integrationId: z.string().nullable(),
    imageId: z.string().nullable(),
    imageUrl: z.string().nullable(),
    archivedAt: instant.nullable(),
    /** Not archived, nor switched off by the CRM itself. */
    active: z.boolean(),
    /** Cash: first in every module, and never moved. */
    pinned: z.boolean(),
    uses: count,
  }),
);

export const moduleShape = component(
  'OrderModule',
  z.strictObject({
    id,
    name: z.string(),
    builtin: z.enum(['direct_sale', 'invoices']).nullable(),
    version: count,
    undoable: z.boolean(),
  }),
);

export const nameBody = z.strictObject({ name });
export const orderBody = z.strictObject({ ids: distinct(id, 1000, (one) => one).min(1), version: count });
/** The body of a request is 1 MB at most; larger files go through the page. */
export const imageBody = z.strictObject({ file: z.base64().min(4).max(1_000_000) });
