/**
 * What goes wrong with external payment methods elsewhere, and the test that shows that it does not here. Whoever moves
 * such a test takes its id along in the title.
 */
import ts from 'typescript';
import { filesIn, parseSource, walk } from '../support/source-files';

interface Pitfall {
  wrong: string;
  /** Test files below test/billing, without the ending, in which a title bears the id. */
  in?: string[];
  whyNot?: string;
}
const shown = (wrong: string, ...files: string[]): Pitfall => ({ wrong, in: files });

const PITFALLS: Record<string, Pitfall> = {
  // The method
  E1: shown('two blank identifiers are refused as one taken twice', 'methods'),
  E2: shown('two methods cannot be told apart, or the second name is a failure of the server', 'methods'),
  E3: shown('the name that is checked is not the one that is kept', 'methods'),
  E4: shown('a form without the picture takes it away, and a box that is not ticked stays', 'methods'),
  E5: shown('a method becomes extended, and old payments with it', 'extended'),
  E6: shown('an extended method without a connection records sales as if it were plain', 'methods', 'extended'),
  E7: shown('what excludes each other is kept apart by the page only', 'methods'),
  E8: shown('a method is deleted, and payments lose it', 'methods', 'extended'),
  E9: shown('an archived method is still offered, and comes back in the middle', 'methods'),
  E10: shown('a new name rewrites old records', 'methods'),
  E11: shown('a picture brings a program, a bomb, or the place where it was taken', 'images'),
  E12: shown('who may not is only not shown the button', 'methods'),

  // The order
  E13: shown('a method is attached twice, elsewhere too, or in another order than chosen', 'modules'),
  E14: shown('an archived method, or somebody else’s, is attached by its id', 'modules'),
  E15: shown('the page alone keeps Cash first', 'modules'),
  E16: shown('what is filtered from dragging is passed over by the others', 'journey'),
  E17: shown('a click or a swipe moves a method, or a long press opens a menu', 'journey'),
  E18: shown('without a mouse nothing can be moved', 'modules', 'journey'),
  E19: shown('a list that is older drops what came meanwhile', 'modules', 'journey'),
  E20: shown('two at one position, and one is lost', 'modules'),
  E21: shown('an order collides with itself half-way', 'modules'),
  E22: shown('every other save is forgotten', 'modules'),
  E23: shown('the order is locked, or what a method means is not', 'extended'),
  E24: shown('one list changes another, or Cash comes back last', 'modules'),
  E25: shown('people who work at once lose or double a method', 'modules', 'rules'),

  // Paying
  E26: shown('a reference of blanks passes for one', 'checkout'),
  E27: shown('one reference is kept for a sale of two rooms', 'checkout'),
  E28: shown('what was asked when the page was opened is what counts', 'checkout'),
  E29: shown('a reference becomes a number, or markup', 'checkout', 'sales'),
  E30: shown('more is taken than is due, or thirds do not add up', 'checkout'),
  E31: shown('a double click, a retry or the back button takes money twice', 'checkout'),
  E32: shown('what somebody else received counts as cash or card', 'sales'),
  E33: shown('a method that was archived meanwhile takes the basket with it', 'checkout'),
  E34: shown('a method of another module is paid with', 'checkout'),

  // History, export, taking back
  E35: shown('the history does not say with what, for which room, by whom', 'sales'),
  E36: shown('a method that is gone takes its sales out of the report', 'sales'),
  E37: shown('a void counts, or lands on another day', 'sales'),
  E38: shown('an export is a program, or makes text of refunds', 'sales'),
  E39: shown('the export is not what the page shows, or does not fit into memory', 'sales'),
  E40: shown('a sale that was handed over is in the history, or uses up a number', 'handed-over'),
  E41: shown('what was paid with a method of old cannot be refunded', 'sales'),
  E42: shown('more is given back than was taken, or nobody knows for which room', 'sales'),
  E43: shown('a refund goes to another method by itself', 'sales'),
  E44: shown('a void has no reason, or leaves no trace', 'sales'),
  E45: shown('the other system never hears that a sale was taken back', 'handed-over'),

  // Everywhere
  E65: shown(
    'an id opens what is not asked for, or a page what only a mouse and good eyes can use',
    'methods',
    'journey',
  ),
};

/** Ids in the titles of a file’s tests. */
function idsIn(path: string): Set<string> {
  const ids = new Set<string>();
  walk(parseSource(path), (node) => {
    if (!ts.isCallExpression(node) || !/^(it|test)\b/.test(node.expression.getText())) return;
    for (const [id] of (node.arguments[0]?.getText() ?? '').matchAll(/\bE\d+\b/g)) ids.add(id);
  });
  return ids;
}
const found = new Map(filesIn(['test/billing'], '.test.ts').map((path) => [path, idsIn(path)]));
const all = Object.entries(PITFALLS).map(([id, { wrong, ...rest }]) => ({ id, wrong, ...rest }));

it.each(all)('$id: $wrong', ({ id, in: files = [], whyNot }) => {
  if (whyNot !== undefined) {
    expect(whyNot).toMatch(/^[A-Z].*\.$/);
    expect([...found].filter(([, ids]) => ids.has(id))).toEqual([]);
  } else {
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect([file, found.get(`test/billing/${file}.test.ts`)?.has(id) ?? 'no such file']).toEqual([file, true]);
  }
});

it('no title names a pitfall that is not in the list', () => {
  for (const [path, ids] of found) expect([path, [...ids].filter((id) => !PITFALLS[id])]).toEqual([path, []]);
});

it('the list is E1 to E45 and E65, and at most five do not apply', () => {
  expect(Object.keys(PITFALLS)).toEqual([...Array.from({ length: 45 }, (_none, index) => `E${index + 1}`), 'E65']);
  expect(all.filter(({ whyNot }) => whyNot !== undefined).length).toBeLessThanOrEqual(5);
});
