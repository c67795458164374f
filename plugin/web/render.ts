/** Our own templates through our own ejs: the host's view engine, views folder and locals are not involved. */
import path from 'node:path';
import ejs from 'ejs';
import { viewsDir } from '../paths';

/** Said each time: a host that shares our copy of ejs may have set others for all of it. */
const TAGS = { openDelimiter: '<', delimiter: '%', closeDelimiter: '>' };

/** Renders views/<view>.ejs; the template sees one local, `vm`. */
export type Render = (view: string, vm: object) => Promise<string>;

/** @param options.cache keep compiled templates. Default: in production only */
export function createRender(options: { cache?: boolean } = {}): Render {
  const cache = options.cache ?? process.env.NODE_ENV === 'production';
  return (view, vm) => ejs.renderFile(path.join(viewsDir, `${view}.ejs`), { vm }, { ...TAGS, cache });
}
