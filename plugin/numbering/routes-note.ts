/** What the host's page of an invoice says of its former numbers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Options } from '../contract';
import { isPluginError } from '../errors';
import type { Id } from '../host/contract';
import type { Render } from '../web/render';
import { paths, type NumbersPageDeps } from './routes-deps';

export interface NumbersNoteDeps extends Pick<NumbersPageDeps, 'db' | 'service' | 'wordsOf' | 'actorOf'> {
  render: Render;
  urls: {
    /** Where our pages stand, without a slash at the end. */
    pages: string;
    asset: (name: string) => string;
  };
  nonce?: Options<IncomingMessage>['nonce'];
}

/** HTML for the preview page; '' for who may not see numbers, and where the number was never changed. One statement then. */
export type NumbersNote = (req: IncomingMessage, res: ServerResponse, invoiceId: Id) => Promise<string>;

/** @param deps see NumbersNoteDeps */
export function createNumbersNote({ db, service, ...deps }: NumbersNoteDeps): NumbersNote {
  return async (req, res, invoiceId) => {
    const actor = await deps.actorOf(req);
    if (!actor || !(await service.may(actor, 'numbers.view'))) return '';
    const former = (await service.formerNumbers(db, [invoiceId])).get(invoiceId) ?? [];
    if (former.length === 0) return '';
    const words = deps.wordsOf(req);
    try {
      const [last] = (await service.changesOf(db, { invoiceId, actor })).filter(({ undone }) => undone === null);
      return await deps.render('numbers-note', {
        ...{ locale: words.locale, t: words.t, nonce: deps.nonce?.(req, res) ?? null },
        stylesheets: ['css/banner.css', 'css/numbers.css'].map(deps.urls.asset),
        former: words.t('numbers.note.former', { count: former.length, numbers: former.join(', ') }),
        changed:
          last &&
          words.t(`numbers.note.${last.act === 'free' ? 'freed' : 'changed'}`, {
            ...{
              name: last.actor.name,
              at: words.instant(last.at),
              reason: last.reason === '' ? undefined : last.reason,
            },
          }),
        url: deps.urls.pages + paths.invoice(invoiceId),
      });
    } catch (error) {
      // An invoice out of sight has the host's own 404.
      if (isPluginError(error) && error.status === 404) return '';
      throw error;
    }
  };
}
