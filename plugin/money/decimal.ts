/** Exact decimal arithmetic: a thin layer over big.js, from decimal strings to decimal strings. */
import Big from 'big.js';
import { PluginError } from '../errors';
import type { Decimal } from './types';

// A constructor of our own: a host that also uses big.js keeps its settings, and ours throws on every float.
const Exact = Big();
Exact.strict = true;
Exact.DP = 40;
Exact.RM = Exact.roundHalfUp;

export type Exact = Big;

const DECIMAL = /^-?\d+(\.\d+)?$/;
const ONE = new Exact('1');
export const ZERO: Exact = new Exact('0');

/**
 * Reads a decimal string ('-12.50').
 * @throws PluginError IM_PAYLOAD_INVALID 400 for anything else: numbers, exponents, commas, blanks
 */
export function exact(value: Decimal | Exact): Exact {
  if (typeof value !== 'string') {
    // A float that slipped through a cast would already have lost digits.
    if (value instanceof Exact) return value;
  } else if (DECIMAL.test(value)) {
    return new Exact(value);
  }
  throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: 'decimal', value });
}

export function sum(values: Iterable<Decimal | Exact>): Exact {
  let total = ZERO;
  for (const value of values) total = total.plus(exact(value));
  return total;
}

/** Half away from zero, so that a negative document mirrors its positive. */
export function round(value: Exact, scale: number): Exact {
  return value.round(scale, Exact.roundHalfUp);
}

/** For quantities, prices and rates: no exponent, no trailing zeros ('5.5', '20'). */
export function toDecimal(value: Decimal | Exact): Decimal {
  return exact(value).toFixed();
}

/** For amounts: rounded, always with `scale` decimals ('12.50'), never '-0.00'. */
export function toAmount(value: Decimal | Exact, scale: number): Decimal {
  // Rounded first: toFixed alone keeps the sign of a zero.
  return round(exact(value), scale).toFixed(scale);
}

/**
 * Rounds each ideal amount so that the parts add up to the rounded whole, by largest remainder.
 * Ties go to the earlier part; the parts of negated ideals are the negated parts.
 */
export function apportion(ideals: Exact[], scale: number): Exact[] {
  // Cut towards zero, not downwards: only then a negative document is split as its positive.
  const parts = ideals.map((ideal) => ideal.round(scale, Exact.roundDown));
  const missing = round(sum(ideals), scale).minus(sum(parts));
  if (missing.eq(ZERO)) return parts;

  const direction = missing.lt(ZERO) ? ONE.neg() : ONE;
  const unit = new Exact(`1e-${scale}`).times(direction);
  const byRemainder = ideals
    .map((ideal, index) => ({ index, remainder: ideal.minus(parts[index] ?? ZERO).times(direction) }))
    .sort((a, b) => b.remainder.cmp(a.remainder));
  let left = missing.div(unit);
  for (const { index } of byRemainder) {
    if (left.lte(ZERO)) break;
    parts[index] = (parts[index] ?? ZERO).plus(unit);
    left = left.minus(ONE);
  }
  return parts;
}

/**
 * Splits an amount in proportion to the weights; the parts add up to exactly `total` rounded to `scale`.
 * Weights that add up to nothing share equally. No weights: no parts.
 */
export function allocate(total: Decimal | Exact, weights: (Decimal | Exact)[], scale: number): Exact[] {
  const whole = round(exact(total), scale);
  const shares = weights.map(exact);
  const all = sum(shares);
  // Multiplied before divided: what comes out even must not be left a hair below it.
  const ideals = all.eq(ZERO)
    ? shares.map(() => whole.div(new Exact(String(shares.length))))
    : shares.map((share) => whole.times(share).div(all));
  return apportion(ideals, scale);
}
