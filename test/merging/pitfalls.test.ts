/**
 * What goes wrong when other software merges invoices, and the test that shows that it does not here. Whoever moves such
 * a test takes its id along in the title.
 */
import ts from 'typescript';
import { filesIn, parseSource, walk } from '../support/source-files';

interface Pitfall {
  wrong: string;
  /** Test files, without the ending, in which a title bears the id. */
  in?: string[];
  whyNot?: string;
}
const shown = (wrong: string, ...files: string[]): Pitfall => ({ wrong, in: files });

const PITFALLS: Record<string, Pitfall> = {
  // What the server must not believe
  T1: shown('the posted invoice is another customer’s', 'merging/save-checks'),
  T2: shown('the posted invoice is paid, part-paid or cancelled by now', 'merging/save-checks'),
  T3: shown('sums of two currencies are added up', 'merging/save-checks', 'merging/rules'),
  T4: shown('an invoice is merged into itself and cancelled', 'merging/save-checks'),
  T5: shown('an invoice posted twice is billed twice', 'merging/save-checks'),
  T6: shown('who may not delete invoices deletes them by merging', 'merging/save-checks'),
  T7: shown('lines of an invoice that the person may not see are given out', 'merging/save-checks'),
  T8: shown('lines come into an invoice that is paid or cancelled', 'merging/save-checks'),
  T9: shown('what was paid meanwhile is merged and its payment deleted', 'merging/save-checks', 'journeys/two-people'),
  T10: shown('two people merge one invoice, and both bill it', 'merging/save-checks', 'concurrency/races'),
  T11: shown('a fault half-way leaves lines in both', 'merging/faults'),
  T12: shown('a double click or a retry saves twice', 'merging/save-checks', 'concurrency/races'),
  T13: shown('a save before the lines had loaded cancels the source', 'merging/save-lines', 'merging/save-questions'),
  T14: shown('a source without lines leaves the target as if nothing had been merged', 'merging/save-lines'),

  // Money
  T15: shown(
    'the target’s percentage falls on the merged lines too',
    'merging/save-lines',
    'merging/save-questions',
    'merging/combine',
  ),
  T16: shown('a source’s discount becomes a text, or nothing', 'merging/save-lines', 'merging/combine'),
  T17: shown('a source’s adjustment is dropped', 'merging/save-lines', 'merging/combine', 'merging/rules'),
  T18: shown('several taxes of a line are averaged', 'merging/save-settling', 'merging/combine', 'money/totals'),
  T19: shown('rounding of the parts leaves a fraction owed', 'merging/pitfalls-money', 'merging/combine'),
  T20: shown('the tax of a rate is not its base times the rate', 'merging/pitfalls-money', 'money/totals'),
  T21: shown('the browser’s total is stored', 'merging/save-lines'),
  T22: shown('a line is taken out and billed nowhere', 'merging/save-lines', 'merging/save-questions'),
  T23: shown('a promotion turns prices into 0', 'merging/pitfalls-money'),
  T24: shown('all lines get the task of the last one', 'merging/save-settling'),
  T25: shown('hours and pieces are summed into one line', 'merging/pitfalls-money'),
  T26: shown('goods leave the stock a second time', 'merging/pitfalls-money'),
  T27: shown('a credit applied to a source is lost with it', 'merging/save-checks'),

  // What hangs on an invoice
  T28: shown('one expense of three follows', 'merging/save-settling'),
  T29: shown('an estimate follows, and what else there is does not', 'merging/save-settling'),
  T30: shown('what the source was made from makes the edit page fail', 'merging/save-settling'),
  T31: shown('a line taken off a cancelled source later un-bills its tasks', 'merging/save-settling'),
  T32: shown('tags, notes, files and fields stay behind', 'merging/save-settling'),
  T33: shown('what an order has been billed for is forgotten', 'merging/save-settling'),
  T34: shown('what a line cost is lost', 'merging/save-settling'),
  T35: shown('a credit note is written for an invoice that was merged', 'merging/save-guarding'),
  T36: shown('a return goes where its sale is not', 'merging/pitfalls-money'),

  // Numbers and days
  T37: shown('a cancelled draft uses up a number', 'merging/save-settling'),
  T38: shown('“merged into draft …” is all that is ever said of the new number', 'demo/guarded-acts'),
  T39: shown('what was due hides in a draft and is asked for no more', 'web/banner-browser', 'merging/after-lookups'),
  T40: shown('deleting by merging passes over the rule that only the last one may go', 'merging/save-settling'),
  T41: shown('a deletion in the middle gives a number twice', 'numbering/allocate', 'host/numbers'),
  T42: shown('two at once get one number', 'numbering/allocate'),
  T43: shown('a number typed by hand is given again', 'numbering/allocate'),
  T44: shown('the last number is taken by id', 'numbering/allocate', 'host/numbers'),
  T45: shown('old debts look young after a merge', 'merging/aged-parts', 'merging/save-settling', 'demo/following'),
  T46: shown('the new number is the old ones in a row', 'demo/guarded-acts'),
  T47: shown('payment terms of one are silently taken for all', 'merging/save-questions', 'web/banner-browser'),
  T48: shown('sections and notes are dropped for their quantity of 0', 'merging/save-lines', 'merging/combine'),

  // Afterwards
  T49: shown('a merged invoice is reinstated, its lines now in both', 'merging/save-guarding', 'demo/merging'),
  T50: shown('what was paid, sent or declared is taken apart again', 'merging/undo'),
  T51: shown('a merge is undone under another that was built on it', 'merging/undo'),
  T52: shown('the new invoice is deleted, and all debts with it', 'merging/save-guarding', 'demo/guarded-acts'),
  T53: shown('the old public link takes money that no report shows', 'demo/public'),
  T54: shown('what was queued before is reminded all the same', 'merging/pitfalls-life', 'demo/following'),
  T55: shown('a cancelled master goes on billing', 'merging/pitfalls-life'),
  T56: shown('reports count the work twice, or not at all', 'merging/save-guarding', 'demo/following'),
  T57: shown('platform or accounts get the old invoice and the new one', 'merging/pitfalls-life'),
  T58: shown('a cancelled invoice counts as sent', 'merging/save-settling'),
  T59: shown('nothing says what was deleted', 'merging/save-settling'),
  T60: shown('what a hook answers is believed', 'merging/save-checks'),
  T61: shown('each candidate is loaded by itself', 'merging/candidates'),
  T62: shown('a description becomes markup', 'merging/save-settling', 'web/banner-browser'),
  T63: shown('nothing ticked, or one, is a fault', 'merging/save-checks'),
  T64: shown('an invoice that comes meanwhile is lost, or taken along', 'merging/pitfalls-life'),
};

/** Ids in the titles of a file’s tests, those in their tables included: `it.each([['T10 …', race]])('%s', …)`. */
function idsIn(path: string): Set<string> {
  const ids = new Set<string>();
  walk(parseSource(path), (node) => {
    if (!ts.isCallExpression(node) || !/^(it|test)\b/.test(node.expression.getText())) return;
    for (const [id] of (node.arguments[0]?.getText() ?? '').matchAll(/\bT\d+\b/g)) ids.add(id);
  });
  return ids;
}
const found = new Map(filesIn(['test'], '.test.ts').map((path) => [path, idsIn(path)]));
const all = Object.entries(PITFALLS).map(([id, { wrong, ...rest }]) => ({ id, wrong, ...rest }));

it.each(all)('$id: $wrong', ({ id, in: files = [], whyNot }) => {
  if (whyNot !== undefined) {
    expect(whyNot).toMatch(/^[A-Z].*\.$/);
    expect([...found].filter(([, ids]) => ids.has(id))).toEqual([]);
  } else {
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect([file, found.get(`test/${file}.test.ts`)?.has(id) ?? 'no such file']).toEqual([file, true]);
  }
});

it('no title names a pitfall that is not in the list', () => {
  for (const [path, ids] of found) expect([path, [...ids].filter((id) => !PITFALLS[id])]).toEqual([path, []]);
});

it('the list is T1 to T64, and at most six do not apply', () => {
  expect(Object.keys(PITFALLS)).toEqual(Array.from({ length: 64 }, (_none, index) => `T${index + 1}`));
  expect(all.filter(({ whyNot }) => whyNot !== undefined).length).toBeLessThanOrEqual(6);
});
