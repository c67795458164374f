export { PluginError, isPluginError } from './errors';
export type { ErrorCode, ErrorVars } from './errors';
export type * from './contract';
export type * from './host/contract';
export type * from './money/types';
