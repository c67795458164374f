/** What the banner says of a refused save: what happened, what it asks, what it put aside. Pure. */
import { isPluginError } from '../errors';
import type { Id, Row } from '../host/contract';
import { explainCauses, explainError, explainQuestion, explainStale, fieldName, fieldValue } from '../i18n';
import type { Words } from '../i18n';
import type { DifferingField } from './asking';
import { labelOf } from './banner-view';
import type { ChangedLine } from './carried';
import { FIELDS } from './payload';
import type { MergeForm } from './payload';

export interface AlertView {
  code: string;
  /** A paragraph each; some lead to the invoice that they speak of. */
  sentences: { text: string; url: string | null }[];
  compareUrl: string | null;
  /** Sources that the refusal unticked: the browser puts their rows aside here, under the title. */
  kept: { id: Id; title: string }[];
  /** The button that saves without them. */
  without: { name: string; value: string; label: string } | null;
}

export interface QuestionView {
  code: string;
  text: string;
  /** What it is about, piece by piece. */
  details: string[];
  checked: boolean;
}

type InvoiceUrl = (id: Id, page: 'preview' | 'edit') => string;

interface Unticked {
  id: Id;
  label: string | undefined;
}

const rowsIn = (list: unknown): Row[] => (Array.isArray(list) ? (list as Row[]) : []);

function unticked(words: Words, code: string, vars: Row, form: MergeForm | null): Unticked[] {
  const posted = new Set(form?.sources.map(({ id }) => id));
  const named = [...rowsIn(vars.stale), ...rowsIn(vars.invoices)].map(({ id, invoiceId, number, issueDate }) => ({
    id: String(id ?? invoiceId),
    label:
      typeof number === 'string' || typeof issueDate === 'string'
        ? labelOf(words, { number: (number ?? null) as string | null, issueDate: String(issueDate ?? '') })
        : undefined,
  }));
  const gone = code === 'IM_NOT_FOUND' ? [{ id: String(vars.invoiceId), label: undefined }] : [];
  return [...named, ...gone].filter(({ id }) => posted.has(id));
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
  const sources = unticked(words, code, vars, form);
  const plain = (text: string) => ({ text, url: null });
  const stale = rowsIn(vars.stale).map((one) => ({ text: explainStale(words, one), url: typeof one.url === 'string' ? one.url : null }));
  const sentences =
    stale.length > 0
      ? [...stale, plain(words.t('errors.staleTail'))]
      : [plain(code === 'IM_NOT_FOUND' && sources.length > 0 ? words.t('errors.gone') : message)];
  return {
    code,
    sentences,
    compareUrl: code === 'IM_STALE_TARGET' && invoiceId !== undefined ? url(invoiceId, 'preview') : null,
    kept: sources.map(({ id, label }) => ({ id, title: words.t('kept.title', { number: label }) })),
    without:
      sources.length > 0
        ? {
            name: FIELDS.without,
            value: sources.map(({ id }) => id).join('~'),
            label: words.t('errors.saveWithout', { count: sources.length }),
          }
        : null,
  };
}

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
  for (const other of others) numbersOf.set(other.value, [...(numbersOf.get(other.value) ?? []), labelOf(words, other)]);
  const values = [
    words.t('differ.here', { value: fieldValue(words, column, value) }),
    ...[...numbersOf].map(([other, numbers]) =>
      words.t('differ.on', { value: fieldValue(words, column, other), numbers: words.list(numbers) }),
    ),
  ];
  return words.t('differ.field', { label: fieldName(words, column), values: words.list(values) });
}

const detailsOf = (words: Words, { lines, fields, ...vars }: Row): string[] => [
  ...((lines ?? []) as ChangedLine[]).map((line) => explainLine(words, line, String(vars.currency))),
  ...((fields ?? []) as DifferingField[]).map((field) => explainField(words, field)),
  ...explainCauses(words, vars),
];

/**
 * What the person has to confirm. Questions answered at an earlier try stay, ticked: asked one after the other,
 * each would otherwise forget the one before.
 */
export function toQuestions(words: Words, error: unknown, form: MergeForm | null): QuestionView[] {
  const asked = new Map<string, QuestionView>();
  for (const code of form?.acknowledged ?? []) {
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
