/** Lays out a lineage as boxes and lines: pure. One drawing for wide places, from left to right; one for narrow ones, from top to bottom. */

export type BoxKind = 'root' | 'invoice' | 'gone' | 'undone' | 'more';

/** What is written in a box; `from` stand before it. */
export interface DrawNode {
  kind: BoxKind;
  title: string;
  lines: string[];
  url: string | null;
  from: DrawNode[];
}

export interface DrawLineage {
  root: DrawNode;
  into: DrawNode[];
  undoneInto: DrawNode[];
}

export interface Box extends Omit<DrawNode, 'from'> {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Drawing {
  width: number;
  height: number;
  boxes: Box[];
  lines: { d: string; undone: boolean }[];
}

/** What stands for those that are left out. */
export interface MoreWords {
  others: (count: number) => string;
  earlier: (count: number) => string;
}

const BOX = { width: 212, padding: 9, line: 18, most: { title: 24, line: 28 } };
const GAP = { column: 48, row: 12 };
const COLUMNS = 4;
/** Invoices that are drawn into one, by how far they are from the invoice in the middle. */
const MOST = [8, 5, 3];

const clip = (text: string, most: number): string =>
  Array.from(text).length > most
    ? `${Array.from(text)
        .slice(0, most - 1)
        .join('')}…`
    : text;

const countAll = (nodes: DrawNode[]): number => nodes.reduce((sum, { from }) => sum + 1 + countAll(from), 0);

const moreBox = (title: string): DrawNode => ({ kind: 'more', title, lines: [], url: null, from: [] });

/** As much of a tree as can be read at a glance; the rest in words. */
function trimmed(node: DrawNode, words: MoreWords, levels: number, depth = 0): DrawNode {
  const { from } = node;
  if (from.length === 0) return node;
  if (depth >= levels) return { ...node, lines: [...node.lines, words.earlier(countAll(from))], from: [] };
  const most = MOST[depth] ?? 1;
  const shown = from.length > most ? from.slice(0, most - 1) : from;
  const kept = shown.map((one) => trimmed(one, words, levels, depth + 1));
  const left = from.length - shown.length;
  return { ...node, from: left > 0 ? [...kept, moreBox(words.others(left))] : kept };
}

function prepared({ root, into, undoneInto }: DrawLineage, words: MoreWords, most: number): DrawLineage {
  const last = into.at(-1);
  const chain = into.length > 2 && last ? [moreBox(words.others(into.length - 1)), last] : into;
  const levels = Math.max(1, most - 1 - Math.max(chain.length, undoneInto.length > 0 ? 1 : 0));
  return { root: trimmed(root, words, levels), into: chain, undoneInto: undoneInto.slice(0, 3) };
}

const heightOf = ({ lines }: DrawNode): number => (lines.length + 1) * BOX.line + 2 * BOX.padding - 4;

function boxAt({ kind, title, lines, url }: DrawNode, x: number, y: number, width: number, height: number): Box {
  const extra = Math.floor((width - BOX.width) / 7);
  return {
    ...{ kind, url, x, y, width, height },
    title: clip(title, BOX.most.title + extra),
    lines: lines.map((line) => clip(line, BOX.most.line + extra)),
  };
}

const depthOf = ({ from }: DrawNode): number => (from.length === 0 ? 0 : 1 + Math.max(...from.map(depthOf)));

/** From left to right; `words` say what is left out. */
export function drawWide(lineage: DrawLineage, words: MoreWords): Drawing {
  const { root, into, undoneInto } = prepared(lineage, words, COLUMNS);
  const step = BOX.width + GAP.column;
  const middle = depthOf(root);
  const boxes: Box[] = [];
  const lines: Drawing['lines'] = [];
  let bottom = 1;
  const centre = ({ y, height }: Box): number => y + height / 2;
  const place = (node: DrawNode, column: number, y: number): Box => {
    const box = boxAt(node, 1 + column * step, y, BOX.width, heightOf(node));
    boxes.push(box);
    bottom = Math.max(bottom, y + box.height + GAP.row);
    return box;
  };
  const connect = (left: Box, right: Box, undone: boolean): void => {
    const [x1, y1, x2, y2] = [left.x + left.width, centre(left), right.x, centre(right)];
    const bend = GAP.column / 2;
    const arrow = `M${x2 - 7} ${y2 - 4}L${x2 - 1} ${y2}L${x2 - 7} ${y2 + 4}`;
    lines.push({ d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 1} ${y2}${arrow}`, undone });
  };
  const tree = (node: DrawNode, column: number): Box => {
    const before = node.from.map((one) => ({ one, box: tree(one, column - 1) }));
    const [first, last] = [before[0], before.at(-1)];
    const own = first && last ? (centre(first.box) + centre(last.box)) / 2 - heightOf(node) / 2 : bottom;
    const box = place(node, column, Math.max(1, own));
    for (const { one, box: from } of before) connect(from, box, one.kind === 'undone');
    return box;
  };
  const here = tree(root, middle);
  let at = here;
  into.forEach((node, index) => {
    const next = place(node, middle + 1 + index, Math.max(1, centre(here) - heightOf(node) / 2));
    connect(at, next, false);
    at = next;
  });
  let beside = into[0] ? centre(here) + heightOf(into[0]) / 2 + GAP.row : here.y;
  for (const node of undoneInto) {
    const box = place(node, middle + 1, beside);
    connect(here, box, true);
    beside += box.height + GAP.row;
  }
  const right = Math.max(...boxes.map(({ x, width }) => x + width));
  return { width: right + 1, height: bottom - GAP.row + 1, boxes, lines };
}

const NARROW = { width: 300, indent: 18, levels: 4 };

/** From top to bottom: what came in stands above, each level further to the right. */
export function drawNarrow(lineage: DrawLineage, words: MoreWords): Drawing {
  const { root, into, undoneInto } = prepared(lineage, words, NARROW.levels);
  const boxes: Box[] = [];
  const lines: Drawing['lines'] = [];
  let y = 1;
  const place = (node: DrawNode, depth: number): Box => {
    const x = 1 + depth * NARROW.indent;
    const box = boxAt(node, x, y, NARROW.width - x - 1, heightOf(node));
    boxes.push(box);
    y += box.height + GAP.row;
    return box;
  };
  const rail = ({ x }: Box): number => x + NARROW.indent / 2;
  const downTo = (from: Box, to: Box, undone: boolean): void => {
    const [x, end] = [rail(to), to.y - 1];
    const start = from.x > x ? `M${from.x} ${from.y + from.height / 2}H${x}` : `M${x} ${from.y + from.height}`;
    lines.push({ d: `${start}V${end}M${x - 4} ${end - 6}L${x} ${end}L${x + 4} ${end - 6}`, undone });
  };
  const tree = (node: DrawNode, depth: number): Box => {
    const before = node.from.map((one) => ({ one, box: tree(one, depth + 1) }));
    const box = place(node, depth);
    for (const { one, box: from } of before) downTo(from, box, one.kind === 'undone');
    return box;
  };
  const here = tree(root, 0);
  for (const node of undoneInto) {
    const box = place(node, 1);
    const [x, end] = [rail(here), box.y + box.height / 2];
    lines.push({ d: `M${x} ${here.y + here.height}V${end}H${box.x - 1}`, undone: true });
  }
  let at = here;
  for (const node of into) {
    const next = place(node, 0);
    downTo(at, next, false);
    at = next;
  }
  return { width: NARROW.width, height: y - GAP.row + 1, boxes, lines };
}
