/** The addresses of an invoice and of a credit note that their customer gets: signed, so that nobody finds another one by counting. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Id } from 'crm-invoice-merge';
import type { Knex } from 'knex';

export interface PublicLinks {
  /** '/p/31.Zk9…': the same for ever, also once the invoice is gone. */
  pathOf(invoiceId: Id): string;
  /** The invoice that a link was made for; null for what is no link of ours. */
  invoiceOf(token: string): Id | null;
  creditNotePathOf(creditNoteId: Id): string;
  creditNoteOf(token: string): Id | null;
}

/** The key is made once per database, so that links in old e-mails go on working. */
export async function publicLinks(knex: Knex): Promise<PublicLinks> {
  const key = await signingKey(knex);
  const signature = (what: string, id: Id): Buffer =>
    createHmac('sha256', key).update(`${what} ${id}`).digest().subarray(0, 16);
  const tokenOf = (what: string, id: Id): string => `${id}.${signature(what, id).toString('base64url')}`;
  const idOf = (what: string, token: string): Id | null => {
    const [, id, given] = /^(\d{1,18})\.([\w-]{22})$/.exec(token) ?? [];
    if (id === undefined || given === undefined) return null;
    return timingSafeEqual(Buffer.from(given, 'base64url'), signature(what, id)) ? id : null;
  };
  return {
    pathOf: (id) => `/p/${tokenOf('invoice', id)}`,
    invoiceOf: (token) => idOf('invoice', token),
    creditNotePathOf: (id) => `/c/${tokenOf('credit note', id)}`,
    creditNoteOf: (token) => idOf('credit note', token),
  };
}

async function signingKey(knex: Knex): Promise<string> {
  const row = await knex('crm_settings').where({ name: 'link_key' }).first<{ value: string } | undefined>('value');
  if (row) return row.value;
  const value = randomBytes(32).toString('base64url');
  await knex('crm_settings').insert({ name: 'link_key', value });
  return value;
}
