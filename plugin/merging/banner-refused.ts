/** What the banner says of a refused save: what happened, what it asks, what it put aside. Pure. */
import { isPluginError } from '../errors';
import type { Id, Row } from '../host/contract';
import { explainCauses, explainError, explainQuestion, explainStale, fieldName, fieldValue } from '../i18n';
import type { Words } from '../i18n';
import type { DifferingField } from './asking';
import { labelOf } from './banner-view';
import type { CandidateRow } from './banner-view';
import type { ChangedLine } from './carried';
import { FIELDS } from './payload';
import type { MergeForm } from './payload';

export interface AlertView {
  code: string;
  /** A paragraph each; some lead to the invoice that they speak of. */
  sentences: { text: string; url: string | null }[];
  compareUrl: string | null;
}

export interface UntickedView {
  /** What became of them, where no error of ours says it. */
  sentences: string[];
  /** The browser puts their rows aside under the title. */
  kept: { id: Id; title: string }[];
  /** The button that saves without them. */
  without: { name: string; value: string; label: string };
}

export interface QuestionView {
  code: string;
  text: string;
  /** What it is about, piece by piece. */
  details: string[];
  checked: boolean;
}

type InvoiceUrl = (id: Id, page: 'preview' | 'edit') => string;

const rowsIn = (list: unknown): Row[] => (Array.isArray(list) ? (list as Row[]) : []);

/** The invoices that the error names, with what it calls them. */
function namedBy(words: Words, error: unknown): Map<Id, string | undefined> {
  if (!isPluginError(error)) return new Map();
  const { vars } = error;
  const named = [...rowsIn(vars.stale), ...rowsIn(vars.invoices)].map(({ id, invoiceId, number, issueDate }) => {
    const text = (value: unknown) => (typeof value === 'string' ? value : null);
    const known = text(number) !== null || text(issueDate) !== null;
    const label = known ? labelOf(words, { number: text(number), issueDate: text(issueDate) ?? '' }) : undefined;
    return [String(id ?? invoiceId), label] as const;
  });
  return new Map([[String(vars.invoiceId), undefined] as const, ...named]);
}

/**
 * The sources that were posted and are ticked no more: named by the error, or changed while the host refused the save
 * for a reason of its own.
 */
export function toUnticked(
  words: Words,
  error: unknown,
  form: MergeForm | null,
  rows: Pick<CandidateRow, 'id' | 'label' | 'checked'>[],
): UntickedView | null {
  const standing = new Set(rows.filter(({ checked }) => checked).map(({ id }) => id));
  const gone = (form?.sources ?? []).filter(({ id }) => !standing.has(id));
  if (gone.length === 0) return null;
  const named = namedBy(words, error);
  const labelFor = (id: Id) => named.get(id) ?? rows.find((row) => row.id === id)?.label;
  const closed = isPluginError(error) && error.code === 'IM_TARGET_CLOSED';
  const unexplained = closed ? [] : gone.filter(({ id }) => !named.has(id));
  return {
    sentences: unexplained.map(({ id }) => {
      const number = labelFor(id);
      return number === undefined ? words.t('errors.unticked') : words.t('errors.stale_edited', { number });
    }),
    kept: gone.map(({ id }) => ({ id, title: words.t('kept.title', { number: labelFor(id) }) })),
    without: {
      name: FIELDS.without,
      value: gone.map(({ id }) => id).join('~'),
      label: words.t('errors.saveWithout', { count: gone.length }),
    },
  };
}

/** The message of a refused save; null when the error is none of ours. */
export function toAlert(
  words: Words,
  error: unknown,
  form: MergeForm | null,
  invoiceId: Id | undefined,
  url: InvoiceUrl,
): AlertView | null {
  const message = explainError(words, error);
  if (message === null || !isPluginError(error)) return null;
  const { code, vars } = error;
  const plain = (text: string) => ({ text, url: null });
  const stale = rowsIn(vars.stale).map((one) => ({
    text: explainStale(words, one),
    url: typeof one.url === 'string' ? one.url : null,
  }));
  // Of a source that is gone there is no number to say; of the invoice itself the message does.
  const gone = code === 'IM_NOT_FOUND' && form?.sources.some(({ id }) => id === vars.invoiceId);
  return {
    code,
    sentences:
      stale.length > 0
        ? [...stale, plain(words.t('errors.staleTail'))]
        : [plain(gone ? words.t('errors.gone') : message)],
    compareUrl: code === 'IM_STALE_TARGET' && invoiceId !== undefined ? url(invoiceId, 'preview') : null,
  };
}

const WARNINGS = new Set(['earlier_month', 'several_months']);
const QUESTIONS = new Set(['IM_CARRIED_LINES_CHANGED', 'IM_FIELDS_DIFFER', 'IM_TOTAL_CHANGED']);
const shortCode = (code: string): string => code.replace(/^IM_/, '').toLowerCase();

function explainLine(words: Words, { description, was, now }: ChangedLine, currency: string): string {
  const figures = ({ quantity, unitPrice }: ChangedLine['was']): string =>
    `${words.number(quantity)} × ${words.money(unitPrice, currency)}`;
  return words.t(now ? 'questions.line_changed' : 'questions.line_gone', {
    description,
    was: figures(was),
    ...(now && { now: figures(now) }),
  });
}

function explainField(words: Words, { column, value, others }: DifferingField): string {
  const numbersOf = new Map<string | null, string[]>();
  for (const other of others)
    numbersOf.set(other.value, [...(numbersOf.get(other.value) ?? []), labelOf(words, other)]);
  const values = [
    words.t('differ.here', { value: fieldValue(words, column, value) }),
    ...[...numbersOf].map(([other, numbers]) =>
      words.t('differ.on', { value: fieldValue(words, column, other), numbers: words.list(numbers) }),
    ),
  ];
  return words.t('differ.field', { label: fieldName(words, column), values: words.list(values) });
}

/** The columns that are asked about where they differ, as the browser shows them at the tick. */
export const toFields = (words: Words, askIfDiffer: Record<string, string | null>) =>
  Object.entries(askIfDiffer).map(([column, value]) => ({
    column,
    label: fieldName(words, column),
    value,
    text: fieldValue(words, column, value),
  }));

const detailsOf = (words: Words, { lines, fields, ...vars }: Row): string[] => [
  ...((lines ?? []) as ChangedLine[]).map((line) => explainLine(words, line, String(vars.currency))),
  ...((fields ?? []) as DifferingField[]).map((field) => explainField(words, field)),
  ...explainCauses(words, vars),
];

/**
 * What the person has to confirm. Questions answered at an earlier try stay, ticked: asked one after the other,
 * each would otherwise forget the one before. Where nothing is ticked any more, nothing differs.
 */
export function toQuestions(words: Words, error: unknown, form: MergeForm | null, ticked: boolean): QuestionView[] {
  const asked = new Map<string, QuestionView>();
  for (const code of form?.acknowledged ?? []) {
    // What the page only warned of is no question: it warns again.
    if (WARNINGS.has(code) || (code === 'fields_differ' && !ticked)) continue;
    asked.set(code, { code, text: explainQuestion(words, { code }), details: [], checked: true });
  }
  if (isPluginError(error)) {
    const list = Array.isArray(error.vars.questions) ? (error.vars.questions as { code: string }[]) : [];
    const questions = list.length > 0 || !QUESTIONS.has(error.code) ? list : [{ ...error.vars, code: error.code }];
    for (const question of questions) {
      const code = shortCode(String(question.code));
      const details = detailsOf(words, question);
      asked.set(code, { code, text: explainQuestion(words, question), details, checked: false });
    }
  }
  return [...asked.values()];
}
