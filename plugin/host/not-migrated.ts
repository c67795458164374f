/** Tells a table or column of ours that is not there yet from every other fault of the database. */
import { PluginError } from '../errors';

/** As MySQL, MariaDB and SQLite name what they do not find, with or without the table or alias before it. */
const MISSING = [
  /Table '(?:[^']*\.)?([^'.]+)' doesn't exist/,
  /Unknown column '(?:[^']*\.)?([^'.]+)' in/,
  /no such (?:table|column): (?:\S+\.)?([^\s.]+)/,
  /has no column named (\S+)/,
];

/**
 * The error itself, or IM_NOT_MIGRATED 500 in its place.
 * @param prefix of the plugin's own tables and columns
 */
export function asNotMigrated(error: unknown, prefix: string): unknown {
  if (!(error instanceof Error)) return error;
  const { sqlMessage } = error as { sqlMessage?: unknown };
  // Knex puts the statement before the message: a missing name stands at its end.
  const said = typeof sqlMessage === 'string' ? sqlMessage : error.message.slice(error.message.lastIndexOf(' - ') + 1);
  const where = MISSING.flatMap((pattern) => pattern.exec(said)?.[1] ?? []).find((name) => name.startsWith(prefix));
  if (where === undefined) return error;
  const coded = new PluginError('IM_NOT_MIGRATED', 500, { where }, { cause: error });
  coded.message = `${where} is missing: run \`await merge.migrate()\` before the host listens`;
  return coded;
}
