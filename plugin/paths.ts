/** Finds the package's own folders and version, from the sources (plugin/) as from the build (dist/plugin/). */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

function packageRoot(): string {
  for (let dir = __dirname; ; dir = path.dirname(dir)) {
    // Not package.json alone: dist/ could get one of its own.
    if (existsSync(path.join(dir, 'package.json')) && existsSync(path.join(dir, 'lang'))) return dir;
    if (dir === path.dirname(dir)) throw new Error(`crm-invoice-merge: no lang/ folder above ${__dirname}`);
  }
}

const root = packageRoot();
export const viewsDir = path.join(root, 'views');
export const assetsDir = path.join(root, 'assets');
export const langDir = path.join(root, 'lang');

export const packageVersion = (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string })
  .version;
