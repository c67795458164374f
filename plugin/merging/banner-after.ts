/** What stands above the banner once somebody has merged: the message, and the way to tell the customer. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Actor, Id } from '../host/contract';
import type { Locale, Words } from '../i18n';
import type { News, Notices, Telling } from './after-notices';
import type { Banner } from './banner';
import { allows, chrome } from './banner-deps';
import type { MergingPageDeps } from './banner-deps';

export interface AfterPanelDeps extends MergingPageDeps {
  notices: Notices;
  /** Where our pages stand, without a slash at the end. */
  pagesUrl: string;
  historyUrl: string;
}

const TELL = '#im-tell';

function toldText(words: Words, { last, outdated }: Telling): { text: string; warn: string | null } | null {
  if (!last) return null;
  const vars = { at: words.instant(last.at), name: last.by };
  if (last.state !== 'done') return { text: words.t('after.tell'), warn: words.t(`after.${last.state}`, vars) };
  return { text: words.t('after.told', vars), warn: outdated ? words.t('after.outdated') : null };
}

/** The banner with that above it, on the preview page and on a customer's. @param deps see AfterPanelDeps */
export function withAfterPanel(banner: Banner, deps: AfterPanelDeps): Banner {
  const { db, notices, service, urls } = deps;

  const toMessage = (words: Words, news: News, here: Id | null, mayUndo: boolean) => ({
    text: words.t(news.number === null ? 'after.messageDraft' : 'after.message', {
      count: news.count,
      number: news.number ?? '',
      date: words.day(news.issueDate),
      amount: words.money(news.total, news.currency),
    }),
    viewUrl: news.invoiceId === here ? null : urls.invoice(news.invoiceId, 'preview'),
    tellUrl: `${news.invoiceId === here ? '' : urls.invoice(news.invoiceId, 'preview')}${TELL}`,
    undoUrl: mayUndo ? `${deps.pagesUrl}/merges/${news.mergeId}#im-undo` : null,
    dismissUrl: `${deps.pagesUrl}/merges/${news.mergeId}/dismiss`,
  });

  function toTelling(words: Words, telling: Telling) {
    const { messages } = telling;
    const other: Locale = words.locale === 'fr' ? 'en' : 'fr';
    const languages: Locale[] = [words.locale, other];
    return {
      url: `${deps.pagesUrl}/merges/${telling.mergeId}/tell`,
      told: toldText(words, telling),
      open: telling.last !== null && telling.last.state !== 'done',
      sends: telling.sends,
      markHint: words.t(messages && messages.fr.creditNotes.length > 0 ? 'after.markHintCredits' : 'after.markHint'),
      messages: messages
        ? languages.map((locale) => ({
            ...messages[locale],
            label: words.t(locale === 'fr' ? 'after.french' : 'after.english'),
            rows: messages[locale].body.split('\n').length + 3,
            // One per render: a double click tells once.
            key: randomUUID(),
          }))
        : [],
    };
  }

  async function panel(
    req: IncomingMessage,
    res: ServerResponse,
    about: { targetId: Id } | { customerId: Id },
    actor: Actor,
  ): Promise<string> {
    const words = deps.wordsOf(req);
    const here = 'targetId' in about ? about.targetId : null;
    const news = await notices.news(db, about, actor);
    const mayTell = here !== null && (await allows(service, actor, 'merge.apply', here));
    const telling = mayTell ? await notices.telling(db, here, actor) : null;
    if (news.length === 0 && !telling) return '';
    const { originalUrl = req.url ?? '/' } = req as { originalUrl?: string };
    return deps.render('after', {
      ...chrome(deps, req, res, words),
      afterStylesheet: urls.asset('css/after.css'),
      afterScript: urls.asset('js/after.js'),
      csrf: deps.csrf ? { name: deps.csrf.fieldName, value: deps.csrf.token(req, res) } : null,
      back: originalUrl,
      historyUrl: news.length > 0 && (await allows(service, actor, 'merge.history')) ? deps.historyUrl : null,
      messages: await Promise.all(
        news.map(async (one) => ({
          // Only the author reads the message.
          ...toMessage(
            words,
            one,
            here,
            !one.credited && (await service.mayUndo(db, { targetId: one.invoiceId, actor }, actor)),
          ),
          // On a customer's page the link leads to the invoice, where the letter is.
          tells: here === null || telling !== null,
        })),
      ),
      telling: telling && toTelling(words, telling),
    });
  }

  return {
    async render(req, res, spec, view) {
      const html = await banner.render(req, res, spec, view);
      const targetId = spec.page === 'preview' ? spec.invoiceId?.(req) : undefined;
      const customerId = spec.page === 'customer' ? spec.customerId?.(req) : undefined;
      if (targetId === undefined && customerId === undefined) return html;
      const actor = await deps.actorOf(req);
      if (!actor || !(await allows(service, actor, 'merge.view', targetId))) return html;
      const about = targetId === undefined ? { customerId: customerId ?? '' } : { targetId };
      return (await panel(req, res, about, actor)) + html;
    },
  };
}
