/** The address of an invoice that its customer gets: signed, so that nobody finds another one by counting. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Id } from 'crm-invoice-merge';
import type { Knex } from 'knex';

export interface PublicLinks {
  /** '/p/31.Zk9…': the same for ever, also once the invoice is gone. */
  pathOf(invoiceId: Id): string;
  /** The invoice that a link was made for; null for what is no link of ours. */
  invoiceOf(token: string): Id | null;
}

/** The key is made once per database, so that links in old e-mails go on working. */
export async function publicLinks(knex: Knex): Promise<PublicLinks> {
  const key = await signingKey(knex);
  const signature = (id: Id): Buffer => createHmac('sha256', key).update(`invoice ${id}`).digest().subarray(0, 16);
  return {
    pathOf: (id) => `/p/${id}.${signature(id).toString('base64url')}`,
    invoiceOf(token) {
      const [, id, given] = /^(\d{1,18})\.([\w-]{22})$/.exec(token) ?? [];
      if (id === undefined || given === undefined) return null;
      return timingSafeEqual(Buffer.from(given, 'base64url'), signature(id)) ? id : null;
    },
  };
}

async function signingKey(knex: Knex): Promise<string> {
  const row = await knex('crm_settings').where({ name: 'link_key' }).first<{ value: string } | undefined>('value');
  if (row) return row.value;
  const value = randomBytes(32).toString('base64url');
  await knex('crm_settings').insert({ name: 'link_key', value });
  return value;
}
