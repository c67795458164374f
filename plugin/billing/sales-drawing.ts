/** Lays out what a period came to as columns: pure. One drawing for wide places, one for narrow ones. */
import { exact, sum, ZERO, type Exact } from '../money/decimal';
import type { Decimal } from '../money/types';
import type { MethodKind } from './contract';

export interface DrawColumn {
  /** 'YYYY-MM-DD' or 'YYYY-MM', in order. */
  when: string;
  label: string;
  parts: { kind: MethodKind; amount: Decimal; title: string }[];
}
export interface DrawnPart {
  kind: MethodKind;
  title: string;
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface SalesDrawing {
  width: number;
  height: number;
  /** Where nothing is: refunds hang below it. */
  zero: number;
  parts: DrawnPart[];
  labels: { x: number; text: string }[];
}

const SIZES = {
  wide: { width: 1000, height: 180, most: 12 },
  narrow: { width: 320, height: 150, most: 4 },
} as const;
const EDGE = { top: 8, bottom: 24 };
/** At the size of the labels, generously. */
const HALF_CHARACTER = 4.5;
/** In this order from the line up. */
const KINDS: MethodKind[] = ['internal', 'external_payment', 'external_billing'];

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** All days or months from the first to the last, also those without a sale. */
export function spanOf(first: string, last: string, by: 'day' | 'month'): string[] {
  const length = by === 'day' ? 10 : 7;
  const found: string[] = [];
  const end = last.slice(0, length);
  const at = new Date(`${by === 'day' ? first : `${first.slice(0, 7)}-01`}T12:00:00Z`);
  // A filter of a thousand years is drawn no further than anybody looks.
  while (found.length < 400) {
    const when = at.toISOString().slice(0, length);
    if (when > end) break;
    found.push(when);
    if (by === 'day') at.setUTCDate(at.getUTCDate() + 1);
    else at.setUTCMonth(at.getUTCMonth() + 1);
  }
  return found;
}

/** Heights are for the eye: amounts stand in the table. */
export function drawSales(columns: DrawColumn[], kind: keyof typeof SIZES): SalesDrawing {
  const { width, height, most } = SIZES[kind];
  const side = (column: DrawColumn, above: boolean): Exact =>
    sum(column.parts.map(({ amount }) => exact(amount)).filter((one) => one.gt(ZERO) === above));
  const highest = columns.reduce((top, one) => (side(one, true).gt(top) ? side(one, true) : top), ZERO);
  const lowest = columns.reduce((top, one) => (side(one, false).lt(top) ? side(one, false) : top), ZERO);
  const range = highest.minus(lowest);
  const room = height - EDGE.top - EDGE.bottom;
  const pixels = (amount: Exact): number =>
    range.eq(ZERO) ? 0 : Number(amount.times(String(room)).div(range).toFixed(1));
  const zero = EDGE.top + pixels(highest);
  const step = width / Math.max(1, columns.length);
  const bar = Math.min(step * 0.7, 46);
  const every = Math.max(1, Math.ceil(columns.length / most));
  const parts = columns.flatMap((column, index) => {
    const x = rounded(index * step + (step - bar) / 2);
    let [up, down] = [zero, zero];
    return KINDS.flatMap((wanted): DrawnPart[] => {
      const part = column.parts.find((one) => one.kind === wanted);
      if (!part || exact(part.amount).eq(ZERO)) return [];
      const tall = Math.max(1, Math.abs(pixels(exact(part.amount))));
      const isAbove = exact(part.amount).gt(ZERO);
      const y = isAbove ? up - tall : down;
      if (isAbove) up -= tall;
      else down += tall;
      return [{ kind: wanted, title: part.title, x, y: rounded(y), width: rounded(bar), height: rounded(tall) }];
    });
  });
  return {
    ...{ width, height, zero: rounded(zero), parts },
    labels: columns.flatMap(({ label }, index) =>
      index % every === 0 ? [{ x: within((index + 0.5) * step, label, width), text: label }] : [],
    ),
  };
}

/** The middle of a label, moved so far that its ends are not cut off: many columns are narrower than their labels. */
function within(x: number, label: string, width: number): number {
  const half = label.length * HALF_CHARACTER;
  return rounded(Math.max(half, Math.min(width - half, x)));
}
