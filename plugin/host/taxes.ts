/** A tax as the host's rows say it. */
import Big from 'big.js';
import type { Tax } from '../money/types';
import type { Row } from './contract';
import { decimal, textOf } from './sql';

/** Of `imtaxrate`, `imtaxname`, `imtaxcategory`. Hosts without a category column have domestic sales: a rate is S, no rate Z. */
export function taxFrom(row: Row): Tax {
  const rate = decimal(row.imtaxrate);
  return {
    category: textOf(row.imtaxcategory) || (new Big(rate).eq(0) ? 'Z' : 'S'),
    name: textOf(row.imtaxname) ?? '',
    rate,
  };
}
