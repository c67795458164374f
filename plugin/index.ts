export { createInvoiceMerge } from './create-plugin';
export { knexHost } from './host/knex-host';
export { invoiceTotals } from './money/totals';
export { mergedTotals } from './merging/combine';
export { PluginError, isPluginError } from './errors';
export type { ErrorCode, ErrorVars } from './errors';
export type * from './contract';
export type * from './host/contract';
export type * from './money/types';
