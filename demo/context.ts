/** What every page of the demo works with. */
import type { HostCrm, InvoiceMergePlugin } from 'crm-invoice-merge';
import type { Request } from 'express';
import type { Knex } from 'knex';
import type { Speech } from './language';
import type { Person } from './roles';

export interface Demo {
  knex: Knex;
  host: HostCrm;
  merge: InvoiceMergePlugin<Request>;
  now(): Date;
  /** The business day in Paris, 'YYYY-MM-DD'. */
  today(): string;
}

declare global {
  // Express asks for its types to be extended this way.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      person?: Person;
      speech: Speech;
    }
  }
}

/** A refusal by this CRM itself; its words are in lang/ under `errors.<code>`. */
export class DemoError extends Error {
  override readonly name = 'DemoError';

  constructor(
    readonly code: string,
    readonly status: number,
    readonly vars: Record<string, unknown> = {},
  ) {
    super(code);
  }
}

/** The day in Paris at an instant. */
export function parisDay(instant: Date): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Paris' }).format(instant);
}

/** `day` moved by a number of days. */
export function addDays(day: string, count: number): string {
  const date = new Date(`${day}T12:00:00Z`);
  date.setUTCDate(date.getUTCDate() + count);
  return date.toISOString().slice(0, 10);
}

/** A path parameter that must be an id of ours; anything else is a page that does not exist. */
export function idOf(req: Request): string {
  const { id } = req.params;
  if (typeof id !== 'string' || !/^\d{1,18}$/.test(id)) throw new DemoError('not_found', 404);
  return id;
}

/** Programs are answered in JSON, also those that do not say so: in this CRM's API and in the plugin's. */
export const isForProgram = (req: Request): boolean =>
  /^(\/invoice-merge)?\/api\//.test(req.originalUrl) || req.accepts(['html', 'json']) === 'json';

/** The person that the sign-in guard let through. */
export function personOf(req: Request): Person {
  if (!req.person) throw new DemoError('signed_out', 401);
  return req.person;
}
