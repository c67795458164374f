/** Extends the host's tables and makes the plugin's own, and takes all of it away again. */
import type { Knex } from 'knex';
import type { TableMap } from '../plugin/host/contract';
import { invoiceColumns } from './0001_invoice_columns';
import { invoiceIndex } from './0002_invoice_index';
import { lineColumns } from './0003_line_columns';
import { saveKeys } from './0004_save_keys';
import { merges } from './0005_merges';
import { mergeSources } from './0006_merge_sources';
import { mergeLinks } from './0007_merge_links';
import { carriedLines } from './0008_carried_lines';
import { series } from './0009_series';
import { activity } from './0010_activity';
import { uniqueNumber } from './0011_unique_number';
import { settings } from './0012_settings';
import { activityAction } from './0013_activity_action';
import { receivedPayments } from './0014_received_payments';
import { customerNotices } from './0015_customer_notices';
import { dismissals } from './0016_dismissals';
import { mergedNumber } from './0017_merged_number';
import { creditNotes } from './0021_credit_notes';
import { changedLines } from './0022_changed_lines';
import { corrections } from './0023_corrections';
import { correctionDrafts } from './0024_correction_drafts';
import { sourceDueDate } from './0028_source_due_date';
import { closedPayments } from './0029_closed_payments';
import { claimedNumbers } from './0030_claimed_numbers';
import { numberChanges } from './0031_number_changes';
import { explainedGaps } from './0032_explained_gaps';
import { vacatedNumbers } from './0033_vacated_numbers';
import { explainedGapsIndex } from './0034_explained_gaps_index';
import { vacatedNumbersIndex } from './0035_vacated_numbers_index';
import { paymentMethodColumns } from './0040_payment_method_columns';
import { paymentColumns } from './0041_payment_columns';
import { orderModules } from './0042_order_modules';
import { modulePaymentMethods } from './0043_module_payment_methods';
import { images } from './0044_images';
import { sales } from './0050_sales';
import { salePayments } from './0051_sale_payments';
import { salePaymentTaxes } from './0052_sale_payment_taxes';
import { integrations } from './0060_integrations';
import { handovers } from './0061_handovers';
import { handoverAttempts } from './0062_handover_attempts';
import { handoverCallbacks } from './0063_handover_callbacks';
import { appliedSteps, createBookkeeping, record } from './bookkeeping';
import { withConnection } from './connection';
import { againAfterConflict, inSqliteTransaction, underMysqlLock } from './exclusive';
import { fault } from './fault';
import { schemaOf } from './schema';
import type { Schema, Step, StepReport } from './step';

export type { StepReport } from './step';

export interface MigrateOptions {
  /** Let the server rebuild a host table that it cannot change in place. */
  allowCopy?: boolean;
  /** Also a unique index on the host's invoice number. */
  uniqueNumber?: boolean;
  /** Told after each change of a table. What it throws stops the run; the next run goes on from there. */
  onStep?(report: StepReport): void;
}

const STEPS: Step[] = [
  invoiceColumns,
  invoiceIndex,
  lineColumns,
  saveKeys,
  merges,
  mergeSources,
  mergeLinks,
  carriedLines,
  series,
  activity,
  uniqueNumber,
  settings,
  activityAction,
  receivedPayments,
  customerNotices,
  dismissals,
  mergedNumber,
  creditNotes,
  changedLines,
  corrections,
  correctionDrafts,
  sourceDueDate,
  closedPayments,
  claimedNumbers,
  numberChanges,
  explainedGaps,
  vacatedNumbers,
  explainedGapsIndex,
  vacatedNumbersIndex,
  paymentMethodColumns,
  paymentColumns,
  orderModules,
  modulePaymentMethods,
  images,
  sales,
  salePayments,
  salePaymentTaxes,
  integrations,
  handovers,
  handoverAttempts,
  handoverCallbacks,
];

/** The own tables whose rows are ten-year records. */
const HISTORY = [
  ...['merges', 'merge_sources', 'received_payments', 'customer_notices'],
  ...['number_changes', 'explained_gaps', 'vacated_numbers', 'sale_payments', 'handovers'],
];

/**
 * Applies what is missing and returns the names of the steps that this call applied. Safe to call at every start, by
 * several processes at once, and after a crash.
 * @throws IM_WOULD_COPY `{ table, reason }`: the server cannot change the table in place, see `allowCopy`
 * @throws IM_DATABASE_UNSUPPORTED `{ dialect, version, needs }`
 * @throws IM_HOST_FAULT `{ where, mend }`: a mapped column is missing, or `count` numbers are borne twice
 */
export async function migrate(knex: Knex, map: TableMap, options: MigrateOptions = {}): Promise<string[]> {
  const prefix = prefixOf(map);
  return withConnection(knex, async (connection) => {
    const isWanted = (step: Step): boolean => isAsked(step, map, options);
    // A start with nothing to do takes no lock.
    const before = await appliedSteps(connection, prefix);
    const missing = STEPS.filter((step) => isWanted(step) && !before.has(step.name));
    if (missing.length === 0) return [];

    const names: string[] = [];
    const apply = async (step: Step): Promise<void> => {
      const schema = schemaOf(connection, options.allowCopy ?? false, (table, way) =>
        options.onStep?.({ name: step.name, table, way }),
      );
      await createBookkeeping(connection, prefix);
      if ((await appliedSteps(connection, prefix)).has(step.name)) return;
      await step.up({ schema, map, prefix });
      if (await record(connection, prefix, step.name)) names.push(step.name);
    };
    if (connection.engine === 'sqlite') {
      for (const step of missing) await inSqliteTransaction(connection, () => apply(step));
    } else {
      await underMysqlLock(connection, prefix, async () => {
        for (const step of missing) await againAfterConflict(connection, () => apply(step));
      });
    }
    return names;
  });
}

/** The names of the steps that `migrate` would apply now; with `uniqueNumber` also that one. Changes nothing. */
export async function pending(
  knex: Knex,
  map: TableMap,
  options: Pick<MigrateOptions, 'uniqueNumber'> = {},
): Promise<string[]> {
  return withConnection(knex, async (connection) => {
    const applied = await appliedSteps(connection, prefixOf(map));
    return STEPS.filter((step) => isAsked(step, map, options) && !applied.has(step.name)).map((step) => step.name);
  });
}

/**
 * Takes everything away, so that the host's tables read exactly as before, and returns the names of the steps undone.
 * Also clears up after a migration that was interrupted.
 * @throws IM_HISTORY_EXISTS `{ history: { table, count }[] }` while merges or snapshots exist, unless `discardHistory`
 */
export async function rollback(
  knex: Knex,
  map: TableMap,
  options: { discardHistory?: boolean } = {},
): Promise<string[]> {
  const prefix = prefixOf(map);
  return withConnection(knex, async (connection) => {
    const work = async (): Promise<string[]> => {
      let changes = 0;
      const schema = schemaOf(connection, true, () => changes++);
      if (!options.discardHistory) await demandNoHistory(schema, prefix);
      const applied = await appliedSteps(connection, prefix);
      const names: string[] = [];
      for (const step of [...STEPS].reverse()) {
        const before = changes;
        await step.down({ schema, map, prefix });
        if (applied.has(step.name))
          await connection.rows(`DELETE FROM ${schema.quote(`${prefix}migrations`)} WHERE name = ?`, [step.name]);
        if (applied.has(step.name) || changes > before) names.push(step.name);
      }
      await schema.dropTable(`${prefix}migrations`);
      return names;
    };
    return connection.engine === 'sqlite'
      ? inSqliteTransaction(connection, work)
      : underMysqlLock(connection, prefix, work);
  });
}

const isAsked = (step: Step, map: TableMap, options: Pick<MigrateOptions, 'uniqueNumber'>): boolean =>
  (!step.option || options[step.option] === true) && (step.wanted?.(map) ?? true);

function prefixOf(map: TableMap): string {
  const prefix = map.tablePrefix ?? 'im_';
  // Without one, the plugin's columns and tables could be the host's own.
  if (!/^[a-z][a-z0-9_]{0,19}$/i.test(prefix))
    throw fault('IM_OPTIONS_INVALID', 500, { faults: [{ where: 'map.tablePrefix', value: prefix }] });
  return prefix;
}

async function demandNoHistory(schema: Schema, prefix: string): Promise<void> {
  const history: { table: string; count: number }[] = [];
  for (const name of HISTORY) {
    const table = `${prefix}${name}`;
    const count = (await schema.hasTable(table)) ? await schema.count(schema.quote(table)) : 0;
    if (count > 0) history.push({ table, count });
  }
  if (history.length > 0) throw fault('IM_HISTORY_EXISTS', 409, { history });
}
