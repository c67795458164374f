/** What can be wrong with a table map before any query runs, all at once, and the few questions every topic asks of it. */
import { PluginError } from '../errors';
import type { InvoiceStatus, Row, TableMap } from './contract';
import { patternFault } from './patterns';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]{0,63}$/;
const TABLE = /^[A-Za-z_][A-Za-z0-9_$]{0,63}(\.[A-Za-z_][A-Za-z0-9_$]{0,63})?$/;
const STATUSES: InvoiceStatus[] = ['draft', 'unpaid', 'overdue', 'partial', 'paid', 'cancelled'];
/** Parts of the map that are values, not names of tables and columns. */
const VALUES = new Set([
  'fixed',
  'where',
  'values',
  'set',
  'patterns',
  'restarts',
  'cash',
  'policy',
  'to',
  'of',
  'taxRounding',
  'amounts',
]);

export interface MapFault {
  where: string;
  mend: string;
}

/** The plugin's name for one of its own columns or tables: `im_version`. */
export function own(map: TableMap, name: string): string {
  return `${map.tablePrefix ?? 'im_'}${name}`;
}

/** Columns and values that put an invoice into a status; null where the host has no way to say it. */
export function statusRow(map: TableMap, status: InvoiceStatus): Row | null {
  const mapped = map.invoices.status;
  if (!('column' in mapped)) return mapped.set?.[status] ?? null;
  const value = [mapped.values[status]].flat()[0];
  return value === undefined ? null : { [mapped.column]: value };
}

/** Like `statusRow`; throws IM_HOST_FAULT 500 where the map does not say how. */
export function demandStatusRow(map: TableMap, status: InvoiceStatus): Row {
  const row = statusRow(map, status);
  if (!row)
    throw new PluginError('IM_HOST_FAULT', 500, {
      where: `invoices.status.set.${status}`,
      mend: `map the columns that make an invoice ${status}`,
    });
  return row;
}

/** What an invoice settled by a credit note bears: nothing where the host derives its status from what was applied to it. */
export function creditedRow(map: TableMap): Row {
  const { status } = map.invoices;
  if (!('column' in status)) return status.set?.credited ?? status.set?.paid ?? {};
  return status.credited === undefined ? demandStatusRow(map, 'paid') : { [status.column]: status.credited };
}

/** All faults of a table map, each with its place and its mend; empty when it can be used. Never touches the database. */
export function mapFaults(map: TableMap): MapFault[] {
  const faults: MapFault[] = [];
  const fault = (where: string, mend: string): void => void faults.push({ where, mend });
  if (typeof map !== 'object' || map === null) return [{ where: 'map', mend: 'pass a table map to knexHost' }];
  if (map.tablePrefix !== undefined && !/^[A-Za-z_][A-Za-z0-9_]{0,19}$/.test(map.tablePrefix))
    fault('tablePrefix', 'use at most 20 letters, digits and underscores, beginning with a letter');
  required(map, fault);
  names(map as unknown as Row, '', fault);
  statuses(map, fault);
  lists(map, fault);
  return faults;
}

type Report = (where: string, mend: string) => void;

function required(map: TableMap, fault: Report): void {
  const wanted: Record<string, string[]> = {
    invoices: ['table', 'id', 'customer', 'number', 'issueDate', 'currency', 'total', 'status'],
    lines: ['table', 'id', 'invoice', 'description', 'quantity', 'unitPrice'],
    customers: ['table', 'id', 'name'],
  };
  for (const [part, keys] of Object.entries(wanted)) {
    const given = (map as unknown as Record<string, Row | undefined>)[part];
    if (!given) fault(part, `map ${part}: ${keys.join(', ')}`);
    else for (const key of keys) if (given[key] === undefined) fault(`${part}.${key}`, `name the ${key} of ${part}`);
  }
  const notes = map.creditNotes as Row | undefined;
  if (notes) {
    const parts = ['table', 'id', 'number', 'customer', 'date', 'total', 'lines', 'appliedTo'];
    // Without it a discount after tax or a rounding would be missing between the lines and the total.
    if (map.invoices?.adjustment !== undefined) parts.push('adjustment');
    for (const key of parts)
      if (notes[key] === undefined) fault(`creditNotes.${key}`, `name the ${key} of credit notes`);
    if (!map.series?.creditNote) fault('series.creditNote', 'give the pattern of credit note numbers');
  }
  const methods = map.paymentMethods as Row | undefined;
  if (methods) {
    for (const key of ['table', 'id', 'name'])
      if (methods[key] === undefined) fault(`paymentMethods.${key}`, `name the ${key} of payment methods`);
    // Without it nothing would say which method stays first.
    if (Object.keys(methods.cash ?? {}).length === 0)
      fault('paymentMethods.cash', 'give the columns and values of the row that is Cash: { id: 1 }');
    if (!map.payments) fault('payments', 'map the table of payments too: payment methods are of no use without it');
  }
  if (!Array.isArray(map.owned)) fault('owned', 'list the tables whose rows go with a deleted invoice ([] for none)');
  if (!Array.isArray(map.links)) fault('links', 'list the tables that point at invoices or lines ([] for none)');
}

/** Every string that is a name must look like one: whatever the host's map is made from, no text reaches SQL as a name. */
function names(part: Row, path: string, fault: Report): void {
  for (const [key, value] of Object.entries(part)) {
    const where = path ? `${path}.${key}` : key;
    if (VALUES.has(key) || where === 'tablePrefix' || /^links\.\d+\.name$/.test(where)) {
      if (key === 'set') for (const row of Object.values(value ?? {})) names({ fixed: row }, where, fault);
      if (['fixed', 'cash'].includes(key) || (key === 'where' && typeof value === 'object'))
        for (const column of Object.keys(value ?? {})) if (!IDENTIFIER.test(column)) badName(where, column, fault);
    } else if (
      where === 'invoices.kind.invoice' ||
      where.endsWith('status.credited') ||
      where === 'invoices.currency.value'
    )
      continue;
    else if (typeof value === 'string') {
      if (!(key === 'table' ? TABLE : IDENTIFIER).test(value)) badName(where, value, fault);
    } else if (value && typeof value === 'object') names(value as Row, where, fault);
  }
}

function badName(where: string, name: string, fault: Report): void {
  fault(where, `${JSON.stringify(name)} is not a plain table or column name`);
}

function statuses(map: TableMap, fault: Report): void {
  const status = map.invoices?.status;
  if (status === undefined) return;
  if (typeof status !== 'object' || status === null)
    return fault('invoices.status', 'pass { column, values } or { of, where, set }');
  if ('column' in status) {
    for (const name of STATUSES)
      if (status.values?.[name] === undefined)
        fault(`invoices.status.values.${name}`, `give the value that means ${name} ([] if the host has none)`);
    for (const name of ['draft', 'unpaid', 'cancelled'] as const)
      if (Array.isArray(status.values?.[name]) && !statusRow(map, name))
        fault(`invoices.status.values.${name}`, `give at least one value that means ${name}`);
    return;
  }
  if (typeof status.of !== 'function') fault('invoices.status.of', 'give a function from a row to its status');
  if (typeof status.where !== 'function') fault('invoices.status.where', 'give a function that narrows a query');
  if (!status.set?.cancelled)
    fault('invoices.status.set.cancelled', 'give the columns and values that cancel an invoice');
}

function lists(map: TableMap, fault: Report): void {
  for (const [name, series] of Object.entries(map.series ?? {})) {
    if (!series?.patterns?.length)
      fault(`series.${name}.patterns`, 'give at least one pattern, the first for new numbers');
    if (series?.restarts !== undefined && !['never', 'yearly', 'monthly'].includes(series.restarts))
      fault(`series.${name}.restarts`, "say 'never', 'yearly' or 'monthly', or leave it out");
    (series?.patterns ?? []).forEach((pattern, at) => {
      const mend = patternFault(pattern, series?.restarts);
      if (mend) fault(`series.${name}.patterns.${at}`, mend);
    });
  }
  const seen = new Set<string>();
  (Array.isArray(map.links) ? map.links : []).forEach((link, at) => {
    if (typeof link !== 'object' || link === null)
      return fault(`links.${at}`, 'pass { name, table, id, to, column, policy }');
    if (!link.name || seen.has(link.name)) fault(`links.${at}.name`, 'give each link a name of its own');
    seen.add(link.name);
    for (const key of ['table', 'id', 'column'] as const)
      if (!link[key]?.length) fault(`links.${at}.${key}`, `name the ${key} of the link`);
    if (link.unique !== undefined && !(Array.isArray(link.unique) && link.unique.length > 0))
      fault(`links.${at}.unique`, 'list the columns that, with `column`, one invoice bears once, or leave it out');
    if (!['invoice', 'line'].includes(link.to)) fault(`links.${at}.to`, "say 'invoice' or 'line'");
    if (!['move', 'copy', 'keep', 'refuse'].includes(link.policy))
      fault(`links.${at}.policy`, "say 'move', 'copy', 'keep' or 'refuse'");
  });
  if (map.allowances !== undefined && !Array.isArray(map.allowances))
    return fault('allowances', 'list the tables of allowances, or leave it out');
  (map.allowances ?? []).forEach((part, at) => {
    if (!['invoice', 'line'].includes(part?.of)) fault(`allowances.${at}.of`, "say 'invoice' or 'line'");
  });
}
