/** Uploaded pictures: read, drawn anew at 256 pixels, kept under the hash of what was drawn. */
import { createHash } from 'node:crypto';
import { PluginError } from '../errors';
import type { Actor, Db } from '../host/contract';
import { demandManage, type BillingDeps } from './service-deps';
import type { StoredImage } from './store-images';

/** Bytes of an upload. */
export const MOST_BYTES = 5 * 1024 * 1024;
/** A few kilobytes may unfold into gigabytes: what has more pixels is not unfolded at all. */
const MOST_PIXELS = 25_000_000;
const SIDE = 256;
const SECONDS = 10;

type Reason = 'type' | 'svg' | 'size' | 'pixels' | 'broken';
const refused = (reason: Reason, cause?: unknown): PluginError =>
  new PluginError('IM_IMAGE_REFUSED', 422, { why: reason }, { cause });

/** By its first bytes, whatever its name says: only these are handed to the decoder at all. */
function isPicture(bytes: Buffer): boolean {
  const begins = (hex: string, at = 0): boolean =>
    bytes.subarray(at, at + hex.length / 2).equals(Buffer.from(hex, 'hex'));
  const isPng = begins('89504e470d0a1a0a');
  const isJpeg = begins('ffd8ff');
  const isGif = begins('474946383761') || begins('474946383961');
  const isWebp = begins('52494646') && begins('57454250', 8);
  return isPng || isJpeg || isGif || isWebp;
}

const looksLikeSvg = (bytes: Buffer): boolean => /<svg[\s>]/i.test(bytes.subarray(0, 4096).toString('latin1'));

/** Optional: hosts that want their own pictures install it. */
async function loadSharp() {
  try {
    return (await import('sharp')).default;
  } catch {
    return null;
  }
}

/** @throws IM_IMAGE_REFUSED 422 `{ why }`; IM_IMAGE_UPLOAD_OFF 422 where sharp is not installed */
async function drawAnew(bytes: Buffer): Promise<StoredImage> {
  if (bytes.length > MOST_BYTES) throw refused('size');
  if (!isPicture(bytes)) throw refused(looksLikeSvg(bytes) ? 'svg' : 'type');
  const sharp = await loadSharp();
  if (!sharp) throw new PluginError('IM_IMAGE_UPLOAD_OFF', 422);
  try {
    const picture = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' });
    const { width = 0, height = 0 } = await picture.metadata();
    if (width * height > MOST_PIXELS) throw refused('pixels');
    // Drawn anew, nothing but pixels is left: no script behind them, no place where a photo was taken.
    const content = await picture
      .rotate()
      .resize(SIDE, SIDE, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } })
      .webp({ quality: 82 })
      .timeout({ seconds: SECONDS })
      .toBuffer();
    return { mediaType: 'image/webp', content };
  } catch (error) {
    if (error instanceof PluginError) throw error;
    throw refused(/pixel limit/i.test((error as Error).message) ? 'pixels' : 'broken', error);
  }
}

export interface Images {
  /** Whether pictures can be uploaded: sharp is there. */
  canUpload(): Promise<boolean>;
  /** Answers the picture's id. @throws IM_IMAGE_REFUSED 422 `{ why }`; IM_IMAGE_UPLOAD_OFF 422; IM_FORBIDDEN 403 */
  upload(actor: Actor, bytes: Buffer): Promise<string>;
  /** @throws IM_NOT_FOUND 404 */
  read(db: Db, id: string): Promise<StoredImage>;
}

/** @param deps see BillingDeps */
export function createImages(deps: BillingDeps): Images {
  const { knex, images } = deps;
  return {
    canUpload: async () => (await loadSharp()) !== null,

    async upload(actor, bytes) {
      await demandManage(deps, actor);
      const image = await drawAnew(bytes);
      const id = createHash('sha256').update(image.content).digest('base64url');
      await images.insertImage(knex, id, image);
      return id;
    },

    async read(db, id) {
      const image = await images.image(db, id);
      if (!image) throw new PluginError('IM_NOT_FOUND', 404);
      return image;
    },
  };
}
