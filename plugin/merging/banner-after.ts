/** What stands above the banner once somebody has merged: the message, and the way to tell the customer. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Actor, Id } from '../host/contract';
import type { Locale, Words } from '../i18n';
import type { News, Notices, Telling } from './after-notices';
import { chrome } from './banner-deps';
import type { MergingPageDeps } from './banner-deps';
import { labelOf } from './banner-view';

export interface AfterPanelDeps extends MergingPageDeps {
  notices: Notices;
  /** Where our pages stand, without a slash at the end. */
  pagesUrl: string;
}

/** '' where there is nothing to say. */
export type AfterPanel = (
  req: IncomingMessage,
  res: ServerResponse,
  about: { targetId: Id } | { customerId: Id },
  actor: Actor,
) => Promise<string>;

const TELL = '#im-tell';

function toldText(words: Words, { last, outdated }: Telling): { text: string; warn: string | null } | null {
  if (!last) return null;
  const vars = { at: words.instant(last.at), name: last.by };
  if (last.state !== 'done') return { text: words.t('after.tell'), warn: words.t(`after.${last.state}`, vars) };
  return { text: words.t('after.told', vars), warn: outdated ? words.t('after.outdated') : null };
}

/** @param deps see AfterPanelDeps */
export function createAfterPanel(deps: AfterPanelDeps): AfterPanel {
  const { db, notices, service, urls } = deps;

  const toMessage = (words: Words, news: News, here: Id | null) => ({
    text: words.t('after.message', {
      count: news.count,
      number: labelOf(words, news),
      amount: words.money(news.total, news.currency),
    }),
    viewUrl: news.invoiceId === here ? null : urls.invoice(news.invoiceId, 'preview'),
    tellUrl: `${news.invoiceId === here ? '' : urls.invoice(news.invoiceId, 'preview')}${TELL}`,
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
      messages: messages
        ? languages.map((locale) => ({
            ...messages[locale],
            label: words.t(locale === 'fr' ? 'after.french' : 'after.english'),
            rows: messages[locale].body.split('\n').length + 1,
            // One per render: a double click tells once.
            key: randomUUID(),
          }))
        : [],
    };
  }

  return async (req, res, about, actor) => {
    const words = deps.wordsOf(req);
    const here = 'targetId' in about ? about.targetId : null;
    const news = await notices.news(db, about, actor);
    const mayTell =
      here !== null &&
      (await service.demand(actor, 'merge.apply', here).then(
        () => true,
        () => false,
      ));
    const telling = here !== null && mayTell ? await notices.telling(db, here, actor) : null;
    if (news.length === 0 && !telling) return '';
    const { originalUrl = req.url ?? '/' } = req as { originalUrl?: string };
    return deps.render('after', {
      ...chrome(deps, req, res, words),
      afterStylesheet: urls.asset('css/after.css'),
      afterScript: urls.asset('js/after.js'),
      csrf: deps.csrf ? { name: deps.csrf.fieldName, value: deps.csrf.token(req, res) } : null,
      back: originalUrl,
      messages: news.map((one) => ({
        ...toMessage(words, one, here),
        // A page without the letter leads to the one with it.
        tells: here === null || telling !== null,
      })),
      telling: telling && toTelling(words, telling),
    });
  };
}
