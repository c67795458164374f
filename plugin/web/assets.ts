/** Scripts and styles under URLs that carry a hash of their content, so that browsers may keep them for ever. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Router } from 'express';
import { assetsDir } from '../paths';

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface Assets {
  /** `url('js/banner.js')`: absolute path under the public base. Throws for a name that does not exist. */
  url: (name: string) => string;
  router: Router;
}

/** Files of packages that pages need, under the names that our scripts import: no page loads anything from elsewhere. */
const VENDORED: Record<string, string> = { 'js/sortable.esm.js': 'sortablejs/modular/sortable.esm.js' };

const joined = (folder: string): Buffer =>
  Buffer.concat(
    readdirSync(folder)
      .sort()
      .map((part) => readFileSync(path.join(folder, part))),
  );

/** @param publicBase where browsers reach the router, without a slash at the end ('' at the root) */
export function createAssets(publicBase: string): Assets {
  const files = new Map<string, { type: string; content: Buffer }>();
  for (const folder of readdirSync(assetsDir)) {
    for (const entry of readdirSync(path.join(assetsDir, folder), { withFileTypes: true })) {
      const place = path.join(assetsDir, folder, entry.name);
      // A folder of style sheets is one: its parts in the order of their names. An @import would lack the host's nonce.
      const name = entry.isDirectory() ? `${entry.name}.css` : entry.name;
      const type = TYPES[path.extname(name)];
      const content = entry.isDirectory() ? joined(place) : readFileSync(place);
      if (type) files.set(`${folder}/${name}`, { type, content });
    }
  }
  for (const [name, place] of Object.entries(VENDORED))
    files.set(name, { type: TYPES[path.extname(name)] ?? '', content: readFileSync(require.resolve(place)) });
  // One hash over all of them: a script imports its neighbours by relative URL, which then change with it.
  const sum = createHash('sha256');
  for (const [name, file] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) sum.update(name).update(file.content);
  const hash = sum.digest('base64url').slice(0, 12);

  const router = Router();
  router.get('/assets/:hash/:folder/:file', (req, res, next) => {
    const asset = files.get(`${req.params.folder}/${req.params.file}`);
    // The host's own 404 answers for what is not ours.
    if (!asset || req.params.hash !== hash) return next();
    res.set({
      'Content-Type': asset.type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
    });
    res.send(asset.content);
  });
  return {
    url: (name) => {
      if (!files.has(name)) throw new Error(`crm-invoice-merge: no asset ${name}`);
      return `${publicBase}/assets/${hash}/${name}`;
    },
    router,
  };
}
