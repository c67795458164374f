/** The address of an invoice that its customer has, and which invoice a document of earlier days was. */
import { randomBytes } from 'node:crypto';
import type { Db, Id, Trx } from 'crm-invoice-merge';
import { groupedBy } from './sums';

export interface PublicLink {
  token: string;
  invoiceId: Id;
  /** The invoice that it was made for, and the number that this one had. */
  madeFor: Id;
  madeForRef: string | null;
}

export const newToken = (): string => randomBytes(32).toString('base64url');

/** Gives an invoice its link, once; later calls keep its number up to date. */
export async function keepPublicLink(trx: Trx, invoiceId: Id, ref: string | null): Promise<void> {
  const known = await trx('crm_public_links').where({ made_for: invoiceId }).update({ made_for_ref: ref });
  if (known > 0 || (await trx('crm_public_links').where({ made_for: invoiceId }).first('id'))) return;
  await trx('crm_public_links').insert({
    token: newToken(),
    invoice_id: invoiceId,
    made_for: invoiceId,
    made_for_ref: ref,
  });
}

/** Invoices of a database that is older than the links. */
export async function keepMissingLinks(db: Db): Promise<void> {
  const known = db('crm_public_links').select('made_for');
  const without = await db('crm_invoices')
    .whereNotIn('id', known)
    .select<{ id: number; ref: string | null }[]>('id', 'ref');
  const rows = without.map(({ id, ref }) => ({
    token: newToken(),
    invoice_id: id,
    made_for: id,
    made_for_ref: ref,
  }));
  for (let from = 0; from < rows.length; from += 100)
    await db('crm_public_links').insert(rows.slice(from, from + 100));
}

interface LinkRow {
  token: string;
  invoice_id: number;
  made_for: number;
  made_for_ref: string | null;
}

const linkOf = (row: LinkRow): PublicLink => ({
  token: row.token,
  invoiceId: String(row.invoice_id),
  madeFor: String(row.made_for),
  madeForRef: row.made_for_ref,
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

/**
 * Names the invoices that something was first put on: by number, also where the invoice is gone; null for one that was a draft.
 * What stands where it was first put is not in the map.
 */
export async function firstHomes(
  db: Db,
  rows: { invoice_id: number; added_to: number }[],
): Promise<Map<number, string | null>> {
  const moved = [...groupedBy(rows, (row) => String(row.added_to))].filter(([, [row]]) => row?.invoice_id !== row?.added_to);
  const links = await db('crm_public_links')
    .whereIn(
      'made_for',
      moved.map(([id]) => id),
    )
    .select<LinkRow[]>('made_for', 'made_for_ref');
  return new Map(
    moved.map(([id]) => [Number(id), links.find((link) => String(link.made_for) === id)?.made_for_ref ?? null]),
  );
}
