/** What a migration step is given and what it is made of. */
import type { TableMap } from '../plugin/host/contract';

export interface StepReport {
  name: string;
  table: string;
  /** `copy`: the server rebuilt the table, while writes waited. */
  way: 'instant' | 'inplace' | 'copy';
}

/** SQL types, in the words of the engine. Those of SQLite are also the ones that its STRICT tables take. */
export interface ColumnTypes {
  /** The whole definition of an own id column, primary key included. */
  autoId: string;
  bigint: string;
  int: string;
  flag: string;
  /** JSON documents and snapshots. */
  long: string;
  /** Bytes, up to 16 MB. */
  blob: string;
  text: string;
  /** ISO-8601 in UTC, 24 characters. */
  time: string;
  char(length: number): string;
  varchar(length: number): string;
  /** Compared byte by byte, whatever the database's default collation. */
  exact(length: number): string;
}

/**
 * Changes of the schema on the one connection of the run. Each function first looks whether it is done, because MySQL
 * commits every DDL at once: the process may have died between it and its bookkeeping, or another node was quicker.
 */
export interface Schema {
  readonly engine: 'mysql' | 'sqlite';
  readonly types: ColumnTypes;
  /** Type, sign and collation of a host column, to be repeated by an own column that holds its values. */
  typeOf(table: string, column: string): Promise<string>;
  hasTable(table: string): Promise<boolean>;
  hasIndex(table: string, name: string): Promise<boolean>;
  /** Whether some full index begins with these columns. */
  isServed(table: string, columns: string[]): Promise<boolean>;
  /** Whether a foreign key of the table begins with this column. */
  hasForeignKey(table: string, column: string): Promise<boolean>;
  /** How many rows there are in a table, quoted already, or in any other FROM clause. */
  count(from: string): Promise<number>;
  quote(name: string): string;
  /** Adds those that are missing, last, nullable, in one ALTER. @throws IM_WOULD_COPY */
  addColumns(table: string, columns: Record<string, string>): Promise<void>;
  dropColumns(table: string, columns: string[]): Promise<void>;
  /** @throws IM_WOULD_COPY */
  addIndex(table: string, name: string, columns: string[], unique?: boolean): Promise<void>;
  dropIndex(table: string, name: string): Promise<void>;
  createTable(
    table: string,
    columns: Record<string, string>,
    keys?: { primary?: string[]; unique?: string[]; indexes?: string[] },
  ): Promise<void>;
  dropTable(table: string): Promise<void>;
}

export interface StepContext {
  schema: Schema;
  map: TableMap;
  prefix: string;
}

/** One table each. Frozen once released: what must change afterwards is a step of its own. */
export interface Step {
  /** Stored in the database; no file extension, so that source and build agree. */
  name: string;
  /** Only applied where the host asked for it. */
  option?: 'uniqueNumber';
  /** Asked at each run: false leaves the step for the run whose map has what it extends. */
  wanted?(map: TableMap): boolean;
  up(context: StepContext): Promise<void>;
  /** Must also undo a half-done `up`. */
  down(context: StepContext): Promise<void>;
}
