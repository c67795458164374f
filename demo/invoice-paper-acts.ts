/** Tagging an invoice, writing notes on it, attaching files to it, and taking these down again. */
import type { Trx } from 'crm-invoice-merge';
import { Router, type Request, type RequestHandler } from 'express';
import multer from 'multer';
import { DemoError, idOf, personOf, type Demo } from './context';
import { invoicePage } from './invoice-page';
import { addAttachment, addNote, addTag, LARGEST_FILE, readAttachment, removeAttachment } from './invoice-papers';
import { findInvoice } from './invoice-store';
import { leaveNotice } from './session';

const upload = multer({
  storage: multer.memoryStorage(),
  limits: { fileSize: LARGEST_FILE, files: 1, fields: 5, fieldSize: 1000 },
  // Browsers send the names of files in UTF-8.
  defParamCharset: 'utf8',
}).single('file');

/** A file that cannot be read is refused on the invoice's page, like all else there. */
const receiveFile: RequestHandler = (req, res, next) => {
  upload(req, res, (error: unknown) => {
    if (error instanceof multer.MulterError && error.code === 'LIMIT_FILE_SIZE')
      res.locals.refusedFile = new DemoError('file_size', 413, { megabytes: LARGEST_FILE / 1024 / 1024 });
    else if (error) res.locals.refusedFile = new DemoError('unreadable', 400);
    next();
  });
};

const fieldOf = (req: Request, name: string): string => {
  const value = (req.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
};

export function paperActs(demo: Demo): Router {
  const { knex, merge } = demo;
  const { acting } = invoicePage(demo);
  const router = Router();

  /** What hangs on a merged invoice went to another: the guard says which. */
  const onInvoice = (change: (trx: Trx, id: string, req: Request) => Promise<void>, notice: string): RequestHandler =>
    acting(async (req, id) => {
      await merge.transaction(async (trx) => {
        await merge.guard(trx, id, 'edit');
        if (!(await findInvoice(trx, id))) throw new DemoError('not_found', 404);
        await change(trx, id, req);
      });
      leaveNotice(req, { key: `notice.${notice}`, vars: {} });
      return `/invoices/${id}#papers`;
    });
  const stamp = (req: Request) => ({ author: personOf(req).name, at: demo.now().toISOString() });

  router.post(
    '/invoices/:id/tags',
    onInvoice((trx, id, req) => addTag(trx, id, fieldOf(req, 'label')), 'tagged'),
  );
  router.post(
    '/invoices/:id/tags/:tagId/remove',
    onInvoice(async (trx, id, req) => {
      await trx('crm_invoice_tags')
        .where({ invoice_id: id, tag_id: String(req.params.tagId) })
        .delete();
    }, 'untagged'),
  );
  router.post(
    '/invoices/:id/notes',
    onInvoice((trx, id, req) => addNote(trx, id, { body: fieldOf(req, 'body'), ...stamp(req) }), 'noted'),
  );

  router.post(
    '/invoices/:id/attachments',
    receiveFile,
    onInvoice(async (trx, id, req) => {
      const refused = req.res?.locals.refusedFile as DemoError | undefined;
      if (refused) throw refused;
      if (!req.file) throw new DemoError('no_file', 422);
      await addAttachment(trx, id, { name: req.file.originalname, content: req.file.buffer, ...stamp(req) });
    }, 'attached'),
  );
  router.post(
    '/invoices/:id/attachments/:fileId/delete',
    onInvoice((trx, id, req) => removeAttachment(trx, id, String(req.params.fileId)), 'detached'),
  );

  router.get('/attachments/:id', async (req, res) => {
    const file = await readAttachment(knex, idOf(req));
    // Saved, never opened in this site's name, whatever is in it.
    res.attachment(file.file_name);
    res.set({
      'Content-Type': file.media_type,
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Cache-Control': 'private, no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    res.send(file.content);
  });
  return router;
}
