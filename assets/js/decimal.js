// @ts-check
/** Exact sums of decimal strings in the browser: BigInt inside, never a float. */

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** @param {string} text @param {number} scale @returns {bigint} in units of 10^-scale */
function toUnits(text, scale) {
  const [, sign, whole, fraction = ''] = DECIMAL.exec(text) ?? ['', '', '0', ''];
  const units = BigInt(whole + fraction.padEnd(scale, '0'));
  return sign ? -units : units;
}

/** @param {string} text @returns {number} */
const scaleOf = (text) => (DECIMAL.exec(text)?.[3] ?? '').length;

/** @param {bigint} units @param {number} scale @returns {string} */
function fromUnits(units, scale) {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = scale > 0 ? `${whole}.${digits.slice(-scale)}` : whole;
  return units < 0n ? `-${text}` : text;
}

/** @param {...string} amounts @returns {string} */
export function add(...amounts) {
  const scale = Math.max(0, ...amounts.map(scaleOf));
  return fromUnits(
    amounts.reduce((sum, amount) => sum + toUnits(amount, scale), 0n),
    scale,
  );
}

/** @param {string} amount @returns {string} */
export function negate(amount) {
  return amount.startsWith('-') ? amount.slice(1) : `-${amount}`;
}

/** @param {string} a @param {string} b @returns {string} */
export const subtract = (a, b) => add(a, negate(b));

/** @param {string} amount @returns {boolean} */
export const isZero = (amount) => toUnits(amount, scaleOf(amount)) === 0n;

/** '20.00' and '20' are one rate. @param {string} amount @returns {string} */
export function plain(amount) {
  const text = add(amount);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
