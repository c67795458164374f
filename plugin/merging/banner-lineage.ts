/** An invoice's lineage as views/partials/lineage.ejs shows it: two drawings and the same in words. Pure. */
import type { Id } from '../host/contract';
import type { Words } from '../i18n';
import type { Lineage, LineageNode } from './contract';
import { labelOf } from './banner-view';
import { drawNarrow, drawWide, type DrawNode, type Drawing } from './lineage-drawing';

export interface LineageItem {
  label: string;
  url: string | null;
  /** Amount, what became of it, who merged it when. */
  text: string;
  undone: boolean;
  from: LineageItem[];
}

export interface LineageView {
  title: string;
  /** What the drawings show, in a sentence. */
  description: string;
  drawings: { name: 'wide' | 'narrow'; drawing: Drawing }[];
  list: { root: LineageItem; into: LineageItem[]; undoneInto: LineageItem[] };
}

type InvoiceUrl = (id: Id, page: 'preview') => string;

const countAll = (nodes: LineageNode[]): number => nodes.reduce((sum, { from }) => sum + 1 + countAll(from), 0);

const nameOf = (words: Words, { number, issueDate }: LineageNode): string =>
  issueDate === null ? (number ?? words.t('invoice.draft')) : labelOf(words, { number, issueDate });

/** @returns null where there is nothing to draw */
export function toLineageView(words: Words, lineage: Lineage | null, invoiceUrl: InvoiceUrl): LineageView | null {
  if (!lineage) return null;
  const { root, into, undoneInto } = lineage;
  const urlOf = (node: LineageNode): string | null =>
    node.stands && node !== root ? invoiceUrl(node.invoiceId, 'preview') : null;
  const amountOf = ({ total, currency }: LineageNode): string | null =>
    total === null ? null : words.money(total, currency);
  const joined = (parts: (string | null)[]): string => parts.filter((part) => part !== null).join(' · ');
  /** Of a source what became of it; of what replaced others, nothing. */
  const fateOf = ({ merge, stands }: LineageNode, isSource: boolean): string | null => {
    if (merge?.undone) return words.t('lineage.undone');
    if (merge && isSource)
      return merge.creditNote === null
        ? words.t(`settlement.done_${merge.settlement}`)
        : words.t('settlement.doneCreditNote', { creditNote: merge.creditNote });
    return stands ? null : words.t('settlement.done_delete');
  };

  /** In a box: the credit note on a line of its own, a box is narrow. */
  const linesOf = (node: LineageNode, isSource: boolean): string[] => {
    if (node === root) return [joined([amountOf(node), words.t('lineage.here')])];
    const { creditNote = null, undone = false } = (isSource && node.merge) || {};
    if (creditNote === null || undone) return [joined([amountOf(node), fateOf(node, isSource)])];
    return [amountOf(node) ?? '', words.t('lineage.creditNote', { number: creditNote })];
  };

  const toDraw = (node: LineageNode, isSource: boolean): DrawNode => ({
    kind: node === root ? 'root' : node.merge?.undone ? 'undone' : node.stands ? 'invoice' : 'gone',
    title: nameOf(words, node),
    lines: linesOf(node, isSource).filter((line) => line !== ''),
    url: urlOf(node),
    from: node.from.map((one) => toDraw(one, true)),
  });
  const toItem = (node: LineageNode, isSource: boolean): LineageItem => ({
    label: nameOf(words, node),
    url: urlOf(node),
    text: joined([
      node.number !== null && node.issueDate !== null ? words.day(node.issueDate) : null,
      amountOf(node),
      fateOf(node, isSource),
      node.merge && words.t('lineage.merged', { at: words.instant(node.merge.at), name: node.merge.by }),
    ]),
    undone: node.merge?.undone ?? false,
    from: node.from.map((one) => toItem(one, true)),
  });

  const drawn = {
    root: toDraw(root, false),
    into: into.map((node) => toDraw(node, false)),
    undoneInto: undoneInto.map((node) => toDraw(node, false)),
  };
  const more = {
    others: (count: number) => words.t('lineage.others', { count }),
    earlier: (count: number) => words.t('lineage.earlier', { count }),
  };
  const last = into.at(-1);
  return {
    title:
      root.number === null && root.issueDate !== null
        ? words.t('lineage.titleDraft', { date: words.day(root.issueDate) })
        : words.t('lineage.title', { number: nameOf(words, root) }),
    description: [
      ...(root.from.length > 0 ? [words.t('lineage.came', { count: countAll(root.from) })] : []),
      ...(last ? [words.t('lineage.became', { number: nameOf(words, last) })] : []),
    ].join(' '),
    drawings: [
      { name: 'wide', drawing: drawWide(drawn, more) },
      { name: 'narrow', drawing: drawNarrow(drawn, more) },
    ],
    list: {
      root: toItem(root, false),
      into: into.map((node) => toItem(node, false)),
      undoneInto: undoneInto.map((node) => toItem(node, false)),
    },
  };
}
