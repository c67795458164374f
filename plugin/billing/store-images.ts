/** Uploaded pictures of payment methods, under the hash of their content. They stay: records of old sales show them. */
import type { Db, Row, Trx } from '../host/contract';
import { textOf } from '../host/sql';
import { isDuplicateKey } from '../host/transaction';

export interface StoredImage {
  mediaType: string;
  content: Buffer;
}

export const createImageStore = (prefix: string) => {
  const table = `${prefix}images`;
  return {
    async image(db: Db, id: string): Promise<StoredImage | null> {
      const [row] = await db(table).where({ id }).select<Row[]>('media_type', 'content');
      return row ? { mediaType: textOf(row.media_type) ?? '', content: Buffer.from(row.content as Uint8Array) } : null;
    },

    async hasImage(db: Db, id: string): Promise<boolean> {
      return (await db(table).where({ id }).select('id')).length > 0;
    },

    /** The same picture twice is there once. */
    async insertImage(db: Db | Trx, id: string, { mediaType, content }: StoredImage): Promise<void> {
      try {
        await db(table).insert({ id, media_type: mediaType, content });
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    },
  };
};

export type ImageStore = ReturnType<typeof createImageStore>;
