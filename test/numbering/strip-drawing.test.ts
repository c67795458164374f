import fc from 'fast-check';
import type { Strip, StripKind } from '../../plugin/numbering/contract';
import { drawNarrowStrip, drawWideStrip } from '../../plugin/numbering/strip-drawing';

type Run = Strip['runs'][number];

const label = (sequence: number): string => String(sequence).padStart(5, '0');
const runsOf = (...parts: [to: number, kind: StripKind][]): Run[] => {
  let from = 1;
  return parts.map(([to, kind]) => {
    const run = { from, to, kind };
    from = to + 1;
    return run;
  });
};

it('draws a short series as one row, with the first, the last and the missing number below', () => {
  const strip = drawWideStrip(
    runsOf([23, 'filled'], [24, 'gap'], [35, 'filled'], [36, 'explained'], [42, 'filled']),
    label,
  );
  expect(strip.bars.map(({ from, to, kind }) => [from, to, kind])).toEqual([
    [1, 23, 'filled'],
    [24, 24, 'gap'],
    [25, 35, 'filled'],
    [36, 36, 'explained'],
    [37, 42, 'filled'],
  ]);
  expect(new Set(strip.bars.map(({ y, kind }) => (kind === 'filled' ? y - 2 : y)))).toEqual(new Set([1]));
  expect(strip.labels.map(({ text }) => text).sort()).toEqual(['00001', '00024', '00036', '00042']);
});

it('leaves out the label that would lie on another', () => {
  const { labels } = drawWideStrip(
    runsOf([10, 'filled'], [11, 'gap'], [12, 'filled'], [13, 'gap'], [60, 'filled']),
    label,
  );
  expect(labels.map(({ text }) => text).sort()).toEqual(['00001', '00011', '00060']);
});

it('draws a page of 1,000 numbers in rows that bear the number they begin with, fewer to a row where it is narrow', () => {
  const runs = runsOf([1000, 'filled']);
  expect(drawWideStrip(runs, label).labels.map(({ text }) => text)).toEqual(
    Array.from({ length: 10 }, (_none, row) => label(1 + 100 * row)),
  );
  expect(drawNarrowStrip(runs, label).labels).toHaveLength(40);
});

it('shows every number once, none outside the drawing and none on another, however the runs fall', () => {
  const kinds = fc.constantFrom<StripKind>('filled', 'gap', 'explained', 'cancelled');
  const page = fc.tuple(
    fc.integer({ min: 1, max: 900_001 }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 120 }), kinds), { minLength: 1, maxLength: 8 }),
  );
  fc.assert(
    fc.property(page, ([first, lengths]) => {
      let from = first;
      const runs = lengths.map(([length, kind]) => {
        const run = { from, to: from + length - 1, kind };
        from += length;
        return run;
      });
      for (const strip of [drawWideStrip(runs, label), drawNarrowStrip(runs, label)]) {
        const shown = strip.bars.flatMap((bar) =>
          Array.from({ length: bar.to - bar.from + 1 }, (_none, at) => bar.from + at),
        );
        expect(shown).toEqual(Array.from({ length: from - first }, (_none, at) => first + at));
        for (const [at, bar] of strip.bars.entries()) {
          expect(bar.width).toBeGreaterThan(1);
          expect(bar.x).toBeGreaterThanOrEqual(0);
          expect(bar.x + bar.width).toBeLessThanOrEqual(strip.width + 0.1);
          expect(bar.y + bar.height).toBeLessThanOrEqual(strip.height);
          const next = strip.bars[at + 1];
          if (next && next.y - bar.y < 10) expect(next.x).toBeGreaterThanOrEqual(bar.x + bar.width - 0.1);
        }
      }
    }),
    { numRuns: 200 },
  );
});
