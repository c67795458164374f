/** Shapes that more than one feature's endpoints ask for or answer with. Those with a name are components of the API's document. */
import { z } from 'zod';

/** What a schema is called in the document: a registry of our own, since zod's global one is the host's too. */
export const components = z.registry<{ id: string } | { uniqueItems: true }>();

/** Gives a schema the name under which the document describes it once. */
export function component<S extends z.ZodType>(name: string, schema: S): S {
  components.add(schema, { id: name });
  return schema;
}

/** Of any host: numbers, UUIDs, short codes; no blanks, no control characters. */
export const id = z.string().regex(/^[^\s\p{C}~]{1,64}$/u);
export const version = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const currency = z.string().regex(/^[A-Za-z0-9]{1,10}$/);
/** '12.50', '-3': as text, so that no client makes a float of it on the way. */
export const decimal = z.string().regex(/^-?\d{1,18}(\.\d{1,10})?$/);
export const day = z.iso.date();
/** ISO 8601 in UTC. */
export const instant = z.iso.datetime();

/** The number of a page of a list, in a query. */
export const pageNumber = z.coerce.number().int().min(1).max(100_000).default(1);
/** A filter of yes or no, in a query. */
export const yesNo = z.enum(['true', 'false']).transform((value) => value === 'true');
export const count = z.int().nonnegative();
/** What every paged list says of itself. */
export const paged = { page: count, pages: count, total: count };

/** A list in which nothing comes twice: a person who names an invoice twice meant something else. */
export function distinct<S extends z.ZodType>(item: S, limit: number, key: (one: z.output<S>) => unknown) {
  const list = z
    .array(item)
    .max(limit)
    .refine((all) => new Set(all.map(key)).size === all.length);
  components.add(list, { uniqueItems: true });
  return list;
}

export const actor = component('Actor', z.strictObject({ id: z.string(), name: z.string() }));

export const failure = component(
  'Error',
  z.strictObject({
    error: z.strictObject({
      code: z.string(),
      message: z.string(),
      vars: z.record(z.string(), z.unknown()),
    }),
  }),
);
