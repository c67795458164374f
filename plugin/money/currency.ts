/** Currencies and how finely they are divided. */
import { PluginError } from '../errors';

// ISO 4217 itself, not Intl's digits: Intl follows CLDR's habits of display and gives the Iraqi dinar none of its three.
const MINOR_UNITS: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};
const digits = new Map<string, number>(Intl.supportedValuesOf('currency').map((code) => [code, 2]));
for (const [unit, codes] of Object.entries(MINOR_UNITS)) {
  for (const code of codes.split(' ')) digits.set(code, Number(unit));
}

/**
 * How many decimals an amount of the currency has: EUR 2, JPY 0, KWD 3.
 * @throws PluginError IM_PAYLOAD_INVALID 400 for what is no ISO 4217 code (upper case)
 */
export function minorUnit(currency: string): number {
  const scale = digits.get(currency);
  if (scale === undefined) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'currency', value: currency });
  return scale;
}
