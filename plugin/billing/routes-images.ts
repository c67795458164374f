/** Uploaded pictures: taking one from a form, and showing it. */
import { Router } from 'express';
import type { RequestHandler } from 'express';
import multer, { MulterError } from 'multer';
import { PluginError } from '../errors';
import { route, sameOriginWrites, signedIn } from '../web/guards';
import { managing, type BillingPageDeps } from './routes-deps';
import { METHODS_PATH } from './routes-view';
import { MOST_BYTES } from './service-images';

/** Below our pages. */
export const IMAGES_PATH = '/payment-images';

const form = multer({
  storage: multer.memoryStorage(),
  limits: { fileSize: MOST_BYTES, files: 1, fields: 10, fieldSize: 10_000, parts: 12 },
}).single('file');

/** The one file of a form, in memory. */
const fileBody: RequestHandler = (req, res, next) => {
  form(req, res, (error: unknown) => {
    if (error === undefined) return next();
    const isTooBig = error instanceof MulterError && error.code === 'LIMIT_FILE_SIZE';
    next(
      isTooBig
        ? new PluginError('IM_IMAGE_REFUSED', 422, { why: 'size' }, { cause: error })
        : new PluginError('IM_BODY_UNREADABLE', 400, {}, { cause: error }),
    );
  });
};

/** @param deps see BillingPageDeps */
export function imageRoutes(deps: BillingPageDeps): Router {
  const { images, methods, pages, db } = deps;
  const router = Router();

  router.get(
    `${IMAGES_PATH}/:id`,
    route(async (req, res) => {
      await signedIn(req, deps.actorOf);
      const { mediaType, content } = await images.read(db, String(req.params.id));
      res.set({
        'Content-Type': mediaType,
        // The address is the hash of the picture: another picture has another one.
        'Cache-Control': 'private, max-age=31536000, immutable',
        'X-Content-Type-Options': 'nosniff',
        'Content-Security-Policy': "default-src 'none'",
      });
      res.send(content);
    }),
  );

  /** Whoever may not is told so before a byte of the file is read. */
  const before: RequestHandler[] = [
    sameOriginWrites(deps.csrf !== undefined),
    route(async (req, _res, next) => {
      await managing(req, deps);
      next();
    }),
    fileBody,
  ];

  const uploaded = async (req: Parameters<RequestHandler>[0]): Promise<string> => {
    const actor = await managing(req, deps);
    if (!req.file) throw new PluginError('IM_IMAGE_REFUSED', 422, { why: 'none' });
    return images.upload(actor, req.file.buffer);
  };

  // For the page's script, which shows the picture in the form that is still open.
  router.post(
    IMAGES_PATH,
    before,
    route(async (req, res) => {
      const imageId = await uploaded(req);
      res
        .status(201)
        .set('Cache-Control', 'no-store')
        .json({ imageId, imageUrl: deps.imageUrl(imageId) });
    }),
  );

  // Without a script.
  router.post(
    `${METHODS_PATH}/:id/image`,
    before,
    route(async (req, res) => {
      const id = String(req.params.id);
      const imageId = await uploaded(req);
      await methods.change(await managing(req, deps), id, { imageId });
      pages.redirect(res, `${METHODS_PATH}/${encodeURIComponent(id)}`, 'methodSaved');
    }),
  );

  return router;
}
