/** Says it in the log when the router stands elsewhere than its pages and banners point at. */
import type { RequestHandler } from 'express';

const withoutSlash = (path: string): string => path.replace(/\/$/, '').toLowerCase();

/**
 * Warns once, and lets every request pass.
 * @param expected mountPath, and publicPath for hosts that know the prefix inside the application too
 */
export function createMountCheck(
  expected: readonly [mountPath: string, publicPath: string],
  warn: (message: string, fields: Record<string, unknown>) => void,
): RequestHandler {
  let warned = false;
  return (req, _res, next) => {
    // Express takes paths in any case, and baseUrl is as the browser wrote it.
    if (!warned && !expected.map(withoutSlash).includes(withoutSlash(req.baseUrl))) {
      warned = true;
      const [mountPath, publicPath] = expected;
      warn('mounted elsewhere than the banner points at', {
        code: 'IM_MOUNT_MISMATCH',
        mountedAt: req.baseUrl === '' ? '/' : req.baseUrl,
        mountPath,
        publicPath,
        mend: 'Pass as mountPath the whole path of the router, or as publicPath the one that browsers see.',
      });
    }
    next();
  };
}
