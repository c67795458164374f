/** Finds the columns of a host that seem to point at an invoice, or at one of its lines, and that its map does not mention. */
import type { Row, TableMap } from './contract';
import { columnUses } from './check-uses';
import { columnOf, type Schema, type SchemaTable } from './schema-reader';

export interface UnmappedReference {
  table: string;
  column: string;
  to: 'invoice' | 'line';
  /** The column that says what a polymorphic id points at, and the value for invoices where the map tells it. */
  type?: { column: string; value: string };
  primaryKey: string[];
}

const INVOICE_WORDS = ['invoice', 'facture'];
const POLYMORPHIC_STEMS = /^(rel|related|entity|object|subject|model|record|document|target|parent|\w*able)$/;

/**
 * By foreign key, by name (invoice_id, invoiceid, facture_id, parent_invoice_id, <singular of the table>_id) and, where
 * the map has polymorphic rows, by pairs like rel_type/rel_id. Views, and tables and columns with the plugin's prefix, are left out.
 */
export function unmappedReferences(schema: Schema, map: TableMap): UnmappedReference[] {
  const prefix = map.tablePrefix ?? 'im_';
  const mapped = columnUses(map).filter(
    (use) => use.refersTo !== undefined || /^(invoices|lines)\.id$/.test(use.entry),
  );
  const pairs = polymorphicPairs(map);
  const found: UnmappedReference[] = [];
  for (const table of schema.tables) {
    if (table.view || table.name.startsWith(prefix)) continue;
    for (const { name } of table.columns) {
      if (name.startsWith(prefix)) continue;
      if (mapped.some((use) => schema.same(use.table, table.name) && use.column.toLowerCase() === name.toLowerCase()))
        continue;
      const to = byForeignKey(schema, table, name, map) ?? byName(schema, table, name, map);
      const type = to === null ? polymorphicType(schema, table, name, pairs, map) : undefined;
      if (to !== null || type !== undefined)
        found.push({ table: table.name, column: name, to: to ?? 'invoice', type, primaryKey: table.primaryKey });
    }
  }
  return found;
}

function byForeignKey(schema: Schema, table: SchemaTable, column: string, map: TableMap): 'invoice' | 'line' | null {
  for (const key of table.foreignKeys) {
    if (key.column.toLowerCase() !== column.toLowerCase()) continue;
    if (schema.same(key.references, map.invoices.table)) return 'invoice';
    if (schema.same(key.references, map.lines.table)) return 'line';
  }
  return null;
}

function byName(schema: Schema, table: SchemaTable, column: string, map: TableMap): 'invoice' | 'line' | null {
  // A foreign key to elsewhere, or another kind of value (the id at a payment provider, say), is no id of an invoice.
  if (table.foreignKeys.some((key) => key.column.toLowerCase() === column.toLowerCase())) return null;
  const name = snakeCase(column);
  const isOf = (words: string[]): boolean => words.some((word) => matchesWord(name, word));
  const to = isOf([...INVOICE_WORDS, ...singulars(map.invoices.table)])
    ? 'invoice'
    : isOf(singulars(map.lines.table).filter((word) => word.includes('_')))
      ? 'line'
      : null;
  if (to === null) return null;
  const id =
    to === 'invoice'
      ? columnOf(schema.table(map.invoices.table), map.invoices.id)
      : columnOf(schema.table(map.lines.table), map.lines.id);
  if (id && id.kind !== columnOf(table, column)?.kind) return null;
  return namesAnotherTable(schema, name, map) ? null : to;
}

/** invoice_id, invoiceid, id_invoice, fk_invoice, and each after another word: parent_invoice_id. */
function matchesWord(name: string, word: string): boolean {
  return [`${word}_id`, `${word}id`, `id_${word}`, `fk_${word}`].some(
    (form) => name === form || name.endsWith(`_${form}`),
  );
}

/** supplier_invoice_id belongs to supplier_invoices where such a table exists. */
function namesAnotherTable(schema: Schema, name: string, map: TableMap): boolean {
  const stem = name.replace(/_?id$/, '');
  return schema.tables.some(
    (table) =>
      !schema.same(table.name, map.invoices.table) &&
      !schema.same(table.name, map.lines.table) &&
      !INVOICE_WORDS.includes(stem) &&
      singulars(table.name).includes(stem),
  );
}

/** 'tblinvoices' -> tblinvoice, invoice; 'crm_bills' -> crm_bill, bill. */
function singulars(table: string): string[] {
  const name = snakeCase(table).replace(/ies$/, 'y').replace(/s$/, '');
  const words = name.split('_');
  const names = words.map((_word, index) => words.slice(index).join('_'));
  return [...new Set([...names, ...names.map((one) => one.replace(/^tbl/, ''))])];
}

interface Pair {
  type: string;
  id: string;
  value: string;
}

/** The pairs that the map itself uses: [{ type: 'rel_type', id: 'rel_id', value: 'invoice' }]. */
function polymorphicPairs(map: TableMap): Pair[] {
  const pair = (fixed: Row | undefined, id: string): Pair[] =>
    Object.entries(fixed ?? {}).map(([type, value]) => ({ type, id, value: String(value) }));
  return [
    ...pair(map.lines.fixed, map.lines.invoice),
    ...map.owned.flatMap((owned) => pair(owned.fixed, owned.invoice)),
    ...map.links.filter((link) => link.to === 'invoice').flatMap((link) => pair(link.fixed, link.column)),
  ];
}

function polymorphicType(
  schema: Schema,
  table: SchemaTable,
  column: string,
  pairs: Pair[],
  map: TableMap,
): UnmappedReference['type'] {
  const first = pairs[0];
  if (!first) return undefined;
  if (columnOf(schema.table(map.invoices.table), map.invoices.id)?.kind !== columnOf(table, column)?.kind)
    return undefined;
  for (const pair of pairs)
    if (pair.id.toLowerCase() === column.toLowerCase() && columnOf(table, pair.type))
      return { column: pair.type, value: pair.value };
  const stem = /^(\w+?)_?id$/.exec(snakeCase(column))?.[1];
  if (stem === undefined || !POLYMORPHIC_STEMS.test(stem)) return undefined;
  const type = table.columns.find(({ name }) => [`${stem}_type`, `${stem}type`].includes(snakeCase(name)));
  return type && { column: type.name, value: first.value };
}

function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}
