/** Asks the API for what its own document says, and checks the answers against it. */
import express from 'express';
import request from 'supertest';
import { z } from 'zod';
import type { Actor } from '../../plugin/host/contract';
import { ACTORS, type MergingFixture, type Plugin } from '../support/merging-fixture';
import type { Example } from './api-examples';

export type Schema = Record<string, unknown> & {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  required?: string[];
};
export interface Operation {
  /** 'GET /merges/{id}' */
  name: string;
  method: string;
  path: string;
  description?: string;
  parameters: { name: string; in: 'path' | 'query' | 'header'; required: boolean; schema: Schema }[];
  body: Schema | undefined;
  replies: Record<string, Schema>;
}

interface Content {
  /** By media type: there is one. */
  content: Record<string, { schema: Schema }>;
}
interface Documented {
  summary: string;
  description?: string;
  parameters: Operation['parameters'];
  requestBody?: Content;
  responses: Record<string, Content>;
}
export interface Document {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, Documented>>;
  components: { schemas: Record<string, Schema> };
}

/** Every operation of a document; schemas with their components at hand under `$defs`. */
export function operationsOf(document: Document): Operation[] {
  const whole = (schema: Schema): Schema =>
    JSON.parse(
      JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/'),
    ) as Schema;
  const schemaIn = ({ content }: Content): Schema => whole(Object.values(content)[0]!.schema);
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { description, parameters, requestBody, responses }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method,
      path,
      ...(description !== undefined && { description }),
      parameters,
      body: requestBody && schemaIn(requestBody),
      replies: Object.fromEntries(Object.entries(responses).map(([status, reply]) => [status, schemaIn(reply)])),
    })),
  );
}

const checks = new WeakMap<Schema, z.ZodType>();

/** What the documented schema says against this; null when it is as documented. */
export function faultIn(schema: Schema | undefined, value: unknown): string | null {
  if (!schema) return 'is not documented';
  const check = checks.get(schema) ?? z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  checks.set(schema, check);
  const result = check.safeParse(value);
  return result.success ? null : z.prettifyError(result.error);
}

export interface Asking {
  actor?: Actor | null;
  locale?: string;
  headers?: Record<string, string>;
  /** In place of the example's. */
  params?: Record<string, string>;
  query?: string;
  body?: unknown;
}

export interface Reply {
  status: number;
  body: { error?: { code: string; message: string; vars: Record<string, unknown> } } & Record<string, unknown>;
  text: string;
  headers: Record<string, string>;
}

/** A host that mounts the plugin (without a CSRF check of its own), asked as a page of its own would. */
export function apiOf(fixture: MergingFixture, options: Parameters<MergingFixture['plugin']>[0] = {}) {
  let person: Actor | null = null;
  let language: string | undefined;
  const plugin: Plugin = fixture.plugin({
    csrf: undefined,
    actor: () => person,
    locale: () => language,
    ...options,
  });
  const app = express();
  app.use(plugin.mountPath, plugin.router as unknown as express.RequestHandler);

  return {
    plugin,
    async ask(
      operation: Pick<Operation, 'method' | 'path'>,
      example: Partial<Example>,
      how: Asking = {},
    ): Promise<Reply> {
      person = how.actor === undefined ? ACTORS.books : how.actor;
      language = how.locale;
      const params = { ...example.params, ...how.params };
      const path = operation.path.replace(/\{(\w+)\}/g, (_whole, name: string) =>
        encodeURIComponent(params[name] ?? ''),
      );
      const query = how.query ?? new URLSearchParams(example.query).toString();
      const url = `${plugin.mountPath}/api${path}${query ? `?${query}` : ''}`;
      const asked = request(app)
        [operation.method as 'get'](url)
        .set({ 'Sec-Fetch-Site': 'same-origin', ...how.headers });
      const body = how.body === undefined ? example.body : how.body;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      if (body !== undefined)
        void asked.set('Content-Type', how.headers?.['Content-Type'] ?? 'application/json').send(text);
      const reply = await asked;
      return {
        status: reply.status,
        body: (reply.type === 'text/csv' || reply.type.endsWith('.sheet')
          ? (reply.text ?? '')
          : reply.body) as Reply['body'],
        text: reply.text,
        headers: reply.headers,
      };
    },
  };
}

const HUGE = 'x'.repeat(5000);
const POLLUTED: unknown = JSON.parse('{"__proto__":{"isAdmin":true}}');

/** Bodies that are the example but for one value, which the schema does not allow; each with its place. */
export function* spoilt(schema: Schema, value: unknown, at = 'body'): Generator<[string, unknown]> {
  const defs = schema.$defs as Record<string, Schema>;
  const reference = typeof schema.$ref === 'string' ? defs[schema.$ref.replace('#/$defs/', '')] : undefined;
  const here: Schema = reference ? { ...reference, $defs: defs } : schema;
  const wrong = [null, true, 12, HUGE, POLLUTED, [[]], { $ne: '' }].filter(
    (one) =>
      !(here.type === 'boolean' && one === true) &&
      !(one === null && isNullable(here)) &&
      // A file: what is wrong with its content is told by what reads it.
      !(one === HUGE && Number(here.maxLength) > HUGE.length) &&
      !(here.type === 'integer' && one === 12),
  );
  for (const one of wrong) yield [`${at} = ${JSON.stringify(one).slice(0, 30)}`, one];
  if (!takesText(here)) yield [`${at} = ''`, ''];
  if (here.type === 'object') {
    const object = value as Record<string, unknown>;
    yield [`${at} + unknown`, { ...object, noSuchThing: '1' }];
    yield [`${at} + __proto__`, JSON.parse(JSON.stringify(object).replace('{', '{"__proto__":{"a":1},'))];
    for (const name of here.required ?? []) yield [`${at} without ${name}`, { ...object, [name]: undefined }];
    for (const [name, property] of Object.entries(here.properties ?? {}))
      for (const [place, part] of spoilt({ ...property, $defs: defs }, object[name], `${at}.${name}`))
        yield [place, { ...object, [name]: part }];
  }
  if (here.type === 'array') {
    const list = value as unknown[];
    yield [
      `${at} too long`,
      Array.from({ length: Number(here.maxItems) + 1 }, (_none, index) => tagged(list[0], index)),
    ];
    if (here.uniqueItems) yield [`${at} twice the same`, [list[0], list[0]]];
    for (const [place, part] of spoilt({ ...here.items, $defs: defs }, list[0], `${at}.0`)) yield [place, [part]];
  }
}

/** Another one of the kind, so that only the length of the list is wrong. */
function tagged(item: unknown, index: number): unknown {
  return typeof item === 'string' ? `${item}${index}`.slice(-40) : { ...(item as object), id: `x${index}` };
}

/** Inputs whose length nothing limits: places in a schema. */
export function unlimited(schema: Schema, at = ''): string[] {
  const defs = schema.$defs as Record<string, Schema> | undefined;
  const reference = typeof schema.$ref === 'string' ? defs?.[schema.$ref.replace('#/$defs/', '')] : undefined;
  const here: Schema = reference ?? schema;
  const inner = Object.entries(here.properties ?? {}).flatMap(([name, one]) =>
    unlimited({ ...one, $defs: defs }, `${at}.${name}`),
  );
  if (here.type === 'string' && !here.pattern && !here.maxLength && !here.enum) return [at];
  if (here.type === 'array')
    return [...(here.maxItems ? [] : [at]), ...unlimited({ ...here.items, $defs: defs }, `${at}[]`)];
  return inner;
}

/** Whether a text of no length is a text that it takes, if only as none. */
const takesText = ({ type, anyOf }: Schema): boolean =>
  type === 'string' || (Array.isArray(anyOf) && anyOf.some((one: Schema) => one.type === 'string' && !one.pattern));

const isNullable = ({ anyOf }: Schema): boolean =>
  Array.isArray(anyOf) && anyOf.some((one: Schema) => one.type === 'null');
