/** Secrets at rest: AES-256-GCM under a key from the options. Pure but for chance. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { PluginError } from '../errors';

const VERSION = 'v1';
const NONCE = 12;
const TAG = 16;

export interface Vault {
  /** @param place what it belongs to (`integration:7:secret`): copied into another row it does not open */
  seal(plain: string, place: string): string;
  /** @throws IM_SECRET_KEY 500 under another key than it was sealed with, and for what was changed or moved */
  open(sealed: string, place: string): string;
  /** Which key this is, without telling anything of it. */
  keyId: string;
}

/** @param secretKey at least 32 characters, as options.ts demands */
export function createVault(secretKey: string): Vault {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'crm-invoice-merge secrets', 32));
  const keyId = createHash('sha256').update('id').update(key).digest('base64url').slice(0, 8);
  return {
    keyId,
    seal(plain, place) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(Buffer.from(place));
      const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return [VERSION, keyId, sealed.toString('base64url')].join('.');
    },
    open(sealed, place) {
      const [version, id, text = ''] = sealed.split('.');
      if (version !== VERSION || id !== keyId) throw new PluginError('IM_SECRET_KEY', 500, { why: 'other', place });
      const bytes = Buffer.from(text, 'base64url');
      try {
        const opened = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG })
          .setAAD(Buffer.from(place))
          .setAuthTag(bytes.subarray(-TAG));
        return Buffer.concat([opened.update(bytes.subarray(NONCE, -TAG)), opened.final()]).toString('utf8');
      } catch (cause) {
        throw new PluginError('IM_SECRET_KEY', 500, { why: 'broken', place }, { cause });
      }
    },
  };
}
