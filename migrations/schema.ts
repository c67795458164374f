import type { Connection } from './connection';
import { mysqlSchema } from './mysql';
import { sqliteSchema } from './sqlite';
import type { Schema, StepReport } from './step';

/**
 * The schema changes of the connection's engine.
 * @param allowCopy let the server rebuild a table that it cannot change otherwise
 * @param report told after each change
 */
export function schemaOf(
  connection: Connection,
  allowCopy = false,
  report: (table: string, way: StepReport['way']) => void = () => undefined,
): Schema {
  return connection.engine === 'mysql' ? mysqlSchema(connection, report, allowCopy) : sqliteSchema(connection, report);
}
