/** What hangs on an invoice beside its lines: tags, notes and attached files. All of it follows a merge. */
import { extname } from 'node:path';
import type { Db, Id, MergeSummary, Trx } from 'crm-invoice-merge';
import { DemoError } from './context';
import { inOrder } from './sums';

/** Largest file that is kept: these stand in the database, which every backup copies. */
export const LARGEST_FILE = 2 * 1024 * 1024;

/** By the name's ending, never by what the browser says: nothing that a browser would run is among them. */
const MEDIA_TYPES: Record<string, string> = {
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.txt': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.ods': 'application/vnd.oasis.opendocument.spreadsheet',
  '.odt': 'application/vnd.oasis.opendocument.text',
  '.zip': 'application/zip',
};
/** For the file field. */
export const ACCEPTED = Object.keys(MEDIA_TYPES).join(',');

export interface Note {
  id: number;
  invoice_id: number;
  body: string;
  author: string;
  written_at: string;
  added_to: number;
}
export interface Attachment {
  id: number;
  invoice_id: number;
  file_name: string;
  media_type: string;
  size: number;
  author: string;
  added_at: string;
  added_to: number;
}
/** `from`: the invoice that a merge brought it from; its number is null where that was a draft. */
type Placed<T> = T & { from: { ref: string | null } | null };

export interface Papers {
  tags: { id: number; label: string }[];
  /** Tags that it does not have yet. */
  otherTags: string[];
  notes: Placed<Note>[];
  attachments: Placed<Attachment>[];
}

export async function papersOf(db: Db, invoiceId: Id, { replaces }: MergeSummary): Promise<Papers> {
  const of = { invoice_id: invoiceId };
  const notes = await db('crm_notes')
    .where(of)
    .orderBy([
      { column: 'written_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .select<Note[]>();
  const attachments = await db('crm_attachments').where(of).orderBy('id').select<Attachment[]>();
  const known = inOrder(
    await db('crm_tags').select<{ id: number; label: string }[]>('id', 'label'),
    (tag) => tag.label,
  );
  const worn = new Set((await db('crm_invoice_tags').where(of).pluck('tag_id')) as number[]);
  const placed = <T extends { added_to: number }>(row: T): Placed<T> => {
    const home = replaces.find((one) => one.invoiceId === String(row.added_to));
    return { ...row, from: home ? { ref: home.number } : null };
  };
  return {
    tags: known.filter((tag) => worn.has(tag.id)),
    otherTags: known.filter((tag) => !worn.has(tag.id)).map((tag) => tag.label),
    notes: notes.map(placed),
    attachments: attachments.map(placed),
  };
}

/**
 * Puts a tag on an invoice; one of another name is made first. Having it already is no error.
 * @throws DemoError empty_tag 422
 */
export async function addTag(trx: Trx, invoiceId: Id, typed: string): Promise<void> {
  const label = typed.trim().replace(/\s+/g, ' ').slice(0, 60);
  if (!label) throw new DemoError('empty_tag', 422);
  const known = await trx('crm_tags').select<{ id: number; label: string }[]>('id', 'label');
  const same = known.find((tag) => tag.label.toLocaleLowerCase('fr') === label.toLocaleLowerCase('fr'));
  const [made] = same ? [same.id] : await trx('crm_tags').insert({ label });
  const row = { invoice_id: invoiceId, tag_id: made };
  if (!(await trx('crm_invoice_tags').where(row).first('tag_id'))) await trx('crm_invoice_tags').insert(row);
}

/** @throws DemoError empty_note 422 */
export async function addNote(
  trx: Trx,
  invoiceId: Id,
  note: { body: string; author: string; at: string },
): Promise<void> {
  const body = note.body.trim().slice(0, 5000);
  if (!body) throw new DemoError('empty_note', 422);
  await trx('crm_notes').insert({
    invoice_id: invoiceId,
    body,
    author: note.author,
    written_at: note.at,
    added_to: invoiceId,
  });
}

/** @throws DemoError file_type 415, empty_file 422 */
export async function addAttachment(
  trx: Trx,
  invoiceId: Id,
  file: { name: string; content: Buffer; author: string; at: string },
): Promise<void> {
  const name = readableName(file.name);
  const type = MEDIA_TYPES[extname(name).toLowerCase()];
  if (!type) throw new DemoError('file_type', 415, { name });
  if (file.content.length === 0) throw new DemoError('empty_file', 422, { name });
  const [id] = await trx('crm_attachments').insert({
    invoice_id: invoiceId,
    file_name: name,
    media_type: type,
    size: file.content.length,
    author: file.author,
    added_at: file.at,
    added_to: invoiceId,
  });
  await trx('crm_attachment_contents').insert({ attachment_id: id, content: file.content });
}

/** Without folders and control characters, short enough for the column, its ending kept. */
function readableName(typed: string): string {
  const name =
    typed
      .split(/[/\\]/)
      .pop()
      ?.replace(/[\p{Cc}\p{Cf}"]/gu, '')
      .trim() ?? '';
  const ending = extname(name);
  return `${name.slice(0, name.length - ending.length).slice(0, 180 - ending.length) || 'document'}${ending}`;
}

export async function removeAttachment(trx: Trx, invoiceId: Id, id: Id): Promise<void> {
  const gone = await trx('crm_attachments').where({ id, invoice_id: invoiceId }).delete();
  if (gone === 0) throw new DemoError('not_found', 404);
  await trx('crm_attachment_contents').where({ attachment_id: id }).delete();
}

/** @throws DemoError not_found 404 */
export async function readAttachment(
  db: Db,
  id: Id,
): Promise<Pick<Attachment, 'file_name' | 'media_type'> & { content: Buffer }> {
  const row = await db('crm_attachments as a')
    .join('crm_attachment_contents as c', 'c.attachment_id', 'a.id')
    .where('a.id', id)
    .first<(Attachment & { content: Uint8Array }) | undefined>('a.file_name', 'a.media_type', 'c.content');
  if (!row) throw new DemoError('not_found', 404);
  return { file_name: row.file_name, media_type: row.media_type, content: Buffer.from(row.content) };
}
