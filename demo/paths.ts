/** Finds views, lang and public, which are not compiled: beside the source, also when this runs from dist/demo. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = [__dirname, resolve(__dirname, '../../demo')].find((candidate) => existsSync(join(candidate, 'views')));
if (!folder) throw new Error('The demo’s views are missing: run it from the repository');

/** The folder that holds views, lang and public. */
export const demoFolder: string = folder;
/** The package's folder: where the default database file lives. */
export const packageFolder: string = resolve(folder, '..');
