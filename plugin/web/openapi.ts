/** The endpoints as an OpenAPI 3.1 document, whose schemas are those that check requests. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { Action } from '../contract';
import { packageVersion } from '../paths';
import type { ApiDeps, Endpoint } from './endpoints';
import { components, failure } from './shapes';

type Json = Record<string, unknown>;
interface ObjectSchema extends Json {
  properties?: Json;
  required?: string[];
}

const ABOUT = `Amounts are decimal strings, days YYYY-MM-DD, ids strings. Who asks is the person signed in to the CRM, by whatever the CRM
uses (a session cookie, say); what that person may not see does not exist (404). Unknown parameters and properties are refused.
Errors say in that person's language what happened and what to do next; their code begins with IM_.`;

/** What a download answers, in the document. */
export const csvFile = z.string();
export const xlsxFile = z.string();

const MEDIA_TYPES = new Map<z.ZodType, string>([
  [csvFile, 'text/csv'],
  [xlsxFile, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
]);

export const isWrite = ({ method }: Pick<Endpoint, 'method'>): boolean => method !== 'get';

/** The permissions of which one is enough; empty: none is needed. */
export const actionsOf = ({ action }: Pick<Endpoint, 'action'>): Action[] => (action === null ? [] : [action].flat());

/** Statuses that an endpoint may refuse with, beside those that it names itself. */
function commonRefusals(one: Endpoint): number[] {
  return [...[400, 401], ...(one.action !== null || isWrite(one) ? [403] : []), ...(one.body ? [413, 415] : [])];
}

/**
 * @param deps.base where browsers reach the plugin's router
 * @param deps.csrf the host's check: its header is a parameter of every write
 */
export function openApiOf(endpoints: Endpoint[], deps: Pick<ApiDeps, 'base' | 'csrf'>): Json {
  const schemas: Json = {};

  /** A schema in place; what has a name goes to the components and is referred to. */
  function describe(schema: z.ZodType, io: 'input' | 'output'): ObjectSchema {
    const { $defs = {}, ...own } = atHome(z.toJSONSchema(schema, { metadata: components, io }));
    Object.assign(schemas, $defs);
    return own;
  }
  const content = (schema: z.ZodType, io: 'input' | 'output'): Json => ({
    [MEDIA_TYPES.get(schema) ?? 'application/json']: { schema: describe(schema, io) },
  });
  const reply = (status: number | string, schema: z.ZodType): [string, Json] => [
    String(status),
    { description: STATUS_CODES[status] ?? '', content: content(schema, 'output') },
  ];
  const parameters = (schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] => {
    if (!schema) return [];
    const { properties = {}, required = [] } = describe(schema, 'input');
    return Object.entries(properties).map(([name, one]) => ({
      name,
      in: place,
      required: required.includes(name),
      schema: one,
    }));
  };
  const csrf = deps.csrf && { name: deps.csrf.headerName, in: 'header', required: true, schema: { type: 'string' } };

  const paths: Record<string, Json> = {};
  for (const one of endpoints) {
    const path = one.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[one.method] = {
      summary: one.summary,
      ...(one.action !== null && { description: `Needs the permission ${actionsOf(one).join(' or ')}.` }),
      parameters: [
        ...parameters(one.params, 'path'),
        ...parameters(one.query, 'query'),
        ...(isWrite(one) && csrf ? [csrf] : []),
      ],
      ...(one.body && { requestBody: { required: true, content: content(one.body, 'input') } }),
      responses: Object.fromEntries([
        ...Object.entries(one.replies).map(([status, schema]) => reply(status, schema)),
        ...[...commonRefusals(one), ...(one.refusals ?? [])].map((status) => reply(status, failure)),
      ]),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'crm-invoice-merge',
      version: packageVersion,
      description: deps.csrf
        ? ABOUT
        : `${ABOUT}\nWrites must come from the CRM's own origin (Sec-Fetch-Site or Origin).`,
    },
    servers: [{ url: `${deps.base}/api` }],
    paths,
    components: { schemas },
  };
}

/** References among zod's definitions point into the schema; in the document they point at its components, in its dialect. */
function atHome(schema: object): Json {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text, (name, value: unknown) => (name === '$schema' ? undefined : value)) as Json;
}
