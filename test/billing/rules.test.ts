import fc from 'fast-check';
import {
  cashFirst,
  cleaned,
  exampleOf,
  fitsMask,
  folded,
  isOrderOf,
  keyboardOf,
  readFields,
} from '../../plugin/billing/rules';
import { drawSales, spanOf } from '../../plugin/billing/sales-drawing';
import { lists } from './shuffling';

test.each([
  ['999', '123', true],
  ['999', '12', false],
  ['999', '1234', false],
  ['999', '12x', false],
  ['A-99', 'B-12', true],
  ['A-99', 'é-12', true],
  ['A-99', 'BB12', false],
  ['??', '7z', true],
  ['\\A9', 'A7', true],
  ['\\A9', 'B7', false],
  [null, 'anything', true],
])('the format %j and the reference %j: fits is %j', (mask, reference, fits) => {
  expect(fitsMask(mask, reference)).toBe(fits);
});

test('the example of a format fits it, whatever the format is', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A9?\\x -]{1,20}$/), (mask) => {
      const example = exampleOf(mask);
      if (example === null) expect(() => readFields({ referenceMask: `x${mask}` })).toThrow('IM_METHOD_INVALID');
      else expect(fitsMask(mask, example)).toBe(true);
    }),
  );
});

test('a phone opens its number keys for digits alone', () => {
  expect(['999', '9-9', 'A9', null, '\\99'].map(keyboardOf)).toEqual(['numeric', 'text', 'text', 'text', 'numeric']);
});

test('text is kept without what nobody sees, and emoji stay whole', () => {
  expect(cleaned(' a\u200bb\u202e\tc ')).toBe('ab c');
  expect(cleaned('👩‍🍳 ❤️')).toBe('👩‍🍳 ❤️');
  expect(cleaned('شقة ١٢')).toBe('شقة ١٢');
  expect([cleaned('\u00a0 \u200b\u3164\u2800'), cleaned('\u0000'), cleaned(null)]).toEqual([null, null, null]);
});

test('two spellings that people take for one are one', () => {
  expect(new Set(['Chambre', ' CHAMBRÉ', 'chambre\u0301', 'cham\u00adbre'].map(folded)).size).toBe(1);
  expect(folded('Chambre 1')).not.toBe(folded('Chambre 2'));
});

test('E25 Cash comes first, the others as they were, and a list is an order of itself alone', () => {
  fc.assert(
    fc.property(lists, fc.nat(), (ids, at) => {
      const cash = ids[at % Math.max(1, ids.length)] ?? null;
      const ordered = cashFirst(ids, cash);
      expect(ordered[0] ?? null).toBe(cash);
      expect(ordered.filter((id) => id !== cash)).toEqual(ids.filter((id) => id !== cash));
      expect(isOrderOf(ordered, ids)).toBe(true);
      expect(isOrderOf([...ids, 'other'], ids)).toBe(false);
      expect(isOrderOf(ids.slice(1), ids)).toBe(ids.length === 0);
    }),
  );
  expect(cashFirst(['a'], 'gone')).toEqual(['a']);
  expect(isOrderOf(['a', 'a'], ['a', 'b'])).toBe(false);
});

test.each(['wide', 'narrow'] as const)('no label of the %s chart of a month is cut off at its edges', (kind) => {
  const columns = spanOf('2026-11-01', '2026-11-30', 'day').map((when) => ({ when, label: when.slice(5), parts: [] }));
  const { labels, width } = drawSales(columns, kind);
  expect(labels[0]?.text).toBe('11-01');
  for (const { x } of labels) {
    expect(x).toBeGreaterThanOrEqual(20);
    expect(x).toBeLessThanOrEqual(width - 20);
  }
});
