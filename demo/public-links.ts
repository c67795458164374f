/** The address of an invoice that its customer has: it goes on leading to what he owes after a merge. */
import { randomBytes } from 'node:crypto';
import type { Db, Id, Trx } from 'crm-invoice-merge';

export interface PublicLink {
  token: string;
  invoiceId: Id;
  /** The invoice that it was made for. */
  madeFor: Id;
}

export const newToken = (): string => randomBytes(32).toString('base64url');

/** Gives a new invoice its link. */
export async function makePublicLink(trx: Trx, invoiceId: Id): Promise<void> {
  await trx('crm_public_links').insert({ token: newToken(), invoice_id: invoiceId, made_for: invoiceId });
}

/** Invoices of a database that is older than the links. */
export async function keepMissingLinks(db: Db): Promise<void> {
  const known = db('crm_public_links').select('made_for');
  const without = (await db('crm_invoices').whereNotIn('id', known).pluck('id')) as number[];
  const rows = without.map((id) => ({ token: newToken(), invoice_id: id, made_for: id }));
  for (let from = 0; from < rows.length; from += 100)
    await db('crm_public_links').insert(rows.slice(from, from + 100));
}

interface LinkRow {
  token: string;
  invoice_id: number;
  made_for: number;
}

const linkOf = (row: LinkRow): PublicLink => ({
  token: row.token,
  invoiceId: String(row.invoice_id),
  madeFor: String(row.made_for),
});

export async function findLink(db: Db, token: string): Promise<PublicLink | null> {
  const row = await db('crm_public_links').where({ token }).first<LinkRow | undefined>();
  return row ? linkOf(row) : null;
}

/** The link that was made for this invoice itself; null once it led elsewhere. */
export async function ownLink(db: Db, invoiceId: Id): Promise<PublicLink | null> {
  const row = await db('crm_public_links')
    .where({ invoice_id: invoiceId, made_for: invoiceId })
    .first<LinkRow | undefined>();
  return row ? linkOf(row) : null;
}
