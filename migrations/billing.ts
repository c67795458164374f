import type { TableMap } from '../plugin/host/contract';

/** Whether a map names what billing is made of: such steps wait, and are applied once it does. */
export const hasBilling = (map: TableMap): map is TableMap & Required<Pick<TableMap, 'paymentMethods' | 'payments'>> =>
  map.paymentMethods !== undefined && map.payments !== undefined;
