/** Geometry of the reports' column charts: drawn once for wide pages and once for telephones, where letters must not shrink. */
import { Big } from 'big.js';

export interface ChartColumn {
  /** Below the column, on wide and on narrow pages. */
  label: string;
  short: string;
  /** Above it; '' for none. */
  top: string;
  /** From the bottom up. `look` is a class of reports.css; `title` says it in words. */
  parts: { amount: string; look: string; title: string }[];
}
export interface DrawnColumn {
  label: string;
  top: string;
  centre: number;
  /** Height of the whole, for the text above it. */
  y: number;
  parts: { look: string; title: string; x: number; y: number; width: number; height: number }[];
}
export interface DrawnChart {
  kind: 'wide' | 'narrow';
  width: number;
  height: number;
  base: number;
  columns: DrawnColumn[];
}

const SIZES = {
  wide: { width: 1040, height: 236, top: 26, bottom: 30, gap: 0.34 },
  narrow: { width: 340, height: 190, top: 22, bottom: 24, gap: 0.24 },
};

/** Both drawings; amounts below zero are not drawn, the table beside them has them. */
export function drawnCharts(columns: ChartColumn[]): DrawnChart[] {
  return (['wide', 'narrow'] as const).map((kind) => drawn(columns, kind));
}

function drawn(columns: ChartColumn[], kind: 'wide' | 'narrow'): DrawnChart {
  const { width, height, top, bottom, gap } = SIZES[kind];
  const base = height - bottom;
  const amountOf = (amount: string): Big => (new Big(amount).lt(0) ? new Big(0) : new Big(amount));
  const totals = columns.map((column) =>
    column.parts.reduce((sum, part) => sum.plus(amountOf(part.amount)), new Big(0)),
  );
  const highest = totals.reduce((most, total) => (total.gt(most) ? total : most), new Big(1));
  const step = width / Math.max(1, columns.length);
  // For drawing only: to a tenth of a pixel.
  const pixels = (amount: Big): number =>
    Number(
      amount
        .times(base - top)
        .div(highest)
        .toFixed(1),
    );
  return {
    kind,
    width,
    height,
    base,
    columns: columns.map((column, index) => {
      let y = base;
      const parts = column.parts.flatMap((part) => {
        const amount = amountOf(part.amount);
        if (amount.eq(0)) return [];
        const tall = Math.max(1, pixels(amount));
        y -= tall;
        return [
          {
            look: part.look,
            title: part.title,
            x: Number((index * step + (step * gap) / 2).toFixed(1)),
            y: Number(y.toFixed(1)),
            width: Number((step * (1 - gap)).toFixed(1)),
            height: tall,
          },
        ];
      });
      return {
        label: kind === 'wide' ? column.label : column.short,
        top: column.top,
        centre: Number(((index + 0.5) * step).toFixed(1)),
        y: Number(y.toFixed(1)),
        parts,
      };
    }),
  };
}
