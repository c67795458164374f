/** Errors of the migrations. */

/**
 * An error that `isPluginError` recognises by its shape. The class itself is not imported: migrations are frozen once
 * released, and import nothing of the plugin that changes with it.
 */
export function fault(
  code: string,
  status: number,
  vars: Record<string, unknown>,
  cause?: unknown,
): Error & { code: string; status: number; vars: Record<string, unknown> } {
  const error = new Error(`${code} ${JSON.stringify(vars)}`, cause === undefined ? undefined : { cause });
  return Object.assign(error, { name: 'PluginError', code, status, vars });
}

/** The mend of a mapped column that is not there; where the whole table is missing, checkHost() says that. */
export const MISSING = 'map a table and a column that this database has: checkHost() lists all that are missing';
