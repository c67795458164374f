/** Lays out a page of a series as rows of cells, one a number: pure. One drawing for wide places, one for narrow ones. */

import type { Strip, StripKind } from './contract';

type Run = Strip['runs'][number];

export interface Bar {
  from: number;
  to: number;
  kind: StripKind;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface StripLabel {
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
  text: string;
}

export interface StripDrawing {
  /** As wide as such a drawing gets: it may be stretched to its place. A short series stays short. */
  fills: boolean;
  width: number;
  height: number;
  bars: Bar[];
  labels: StripLabel[];
}

interface Shape {
  width: number;
  /** Most cells of a row. */
  columns: number;
  row: number;
  /** Between rows. */
  space: number;
}

const WIDE: Shape = { width: 1000, columns: 100, row: 22, space: 8 };
const NARROW: Shape = { width: 300, columns: 25, row: 16, space: 5 };
/** Of a short series: cells wider than this would look like bars of a chart. */
const CELL_MOST = 28;
const LETTER = 8;
const LABEL_BELOW = 20;
/** What a pen of two units takes of a cell, so that neighbours do not touch. */
const MARGIN = 1;

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Cuts the runs where a row ends. */
function* cutInRows(runs: readonly Run[], first: number, columns: number): Generator<Run & { row: number }> {
  for (const { from, to, kind } of runs) {
    let start = from;
    while (start <= to) {
      const row = Math.floor((start - first) / columns);
      const end = Math.min(to, first + (row + 1) * columns - 1);
      yield { from: start, to: end, kind, row };
      start = end + 1;
    }
  }
}

function draw(runs: readonly Run[], label: (sequence: number) => string, shape: Shape): StripDrawing {
  const [first, last] = [runs[0]?.from ?? 1, runs.at(-1)?.to ?? 1];
  const count = last - first + 1;
  const rows = Math.ceil(count / shape.columns);
  const columns = rows > 1 ? shape.columns : count;
  // Rows bear the number that they begin with; the letters of a long prefix are not repeated.
  const margin = rows > 1 ? Math.ceil(Math.max(...[first, last].map((one) => label(one).length)) * LETTER + 10) : 0;
  const cell = Math.min((shape.width - margin) / columns, CELL_MOST);
  const step = shape.row + shape.space;
  const bars = [...cutInRows(runs, first, columns)].map(({ row, ...run }): Bar => {
    const column = run.from - first - row * columns;
    const inset = run.kind === 'filled' ? 0 : MARGIN;
    return {
      ...run,
      x: rounded(margin + column * cell + inset),
      y: row * step + (run.kind === 'filled' ? 3 : 1),
      width: rounded((run.to - run.from + 1) * cell - 2 * inset),
      height: shape.row - (run.kind === 'filled' ? 6 : 2),
    };
  });
  const height = rows * step - shape.space;
  const right = rounded(margin + columns * cell);
  if (rows > 1) {
    const labels = Array.from({ length: rows }, (_none, row): StripLabel => {
      return { x: margin - 10, y: row * step + shape.row / 2 + 5, anchor: 'end', text: label(first + row * columns) };
    });
    return { fills: true, width: shape.width, height, bars, labels };
  }
  return {
    fills: right >= shape.width,
    width: Math.max(right, LETTER * 6),
    height: height + LABEL_BELOW,
    bars,
    labels: below(bars),
  };

  /** First and last, and what is not filled as far as there is room. */
  function below(drawn: Bar[]): StripLabel[] {
    const y = height + LABEL_BELOW - 4;
    const half = (text: string): number => (text.length * LETTER) / 2;
    const ends: StripLabel[] = [{ x: 0, y, anchor: 'start', text: label(first) }];
    const lastText = label(last);
    if (count > 1 && right > half(label(first)) * 2 + half(lastText) * 2 + LETTER)
      ends.push({ x: right, y, anchor: 'end', text: lastText });
    let taken = half(label(first)) * 2 + LETTER;
    const until = ends.length > 1 ? right - half(lastText) * 2 - LETTER : right;
    const between = drawn.flatMap((bar): StripLabel[] => {
      if (bar.kind === 'filled') return [];
      const text = label(bar.from);
      const middle = bar.x + bar.width / 2;
      if (middle - half(text) < taken || middle + half(text) > until) return [];
      taken = middle + half(text) + LETTER;
      return [{ x: rounded(middle), y, anchor: 'middle', text }];
    });
    return [...ends, ...between];
  }
}

/**
 * @param runs at least one, in their order, of at most 1,000 numbers
 * @param label how a sequence number is written: '00024'
 */
export const drawWideStrip = (runs: readonly Run[], label: (sequence: number) => string): StripDrawing =>
  draw(runs, label, WIDE);

/** The same, in as many rows as fit a phone. */
export const drawNarrowStrip = (runs: readonly Run[], label: (sequence: number) => string): StripDrawing =>
  draw(runs, label, NARROW);
