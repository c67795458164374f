import type { IncomingMessage, ServerResponse } from 'node:http';
import { load } from 'cheerio';
import { PluginError } from '../../plugin/errors';
import type { Actor, Db } from '../../plugin/host/contract';
import { createTranslator } from '../../plugin/i18n';
import { createNumbersNote } from '../../plugin/numbering/routes-note';
import { createRender } from '../../plugin/web/render';
import { BOOKS, CHANGE, createFakeNumbering, numberOf } from './fake-numbering';

const [req, res] = [{} as IncomingMessage, {} as ServerResponse];

function open(actor: Actor | null = BOOKS) {
  const fake = createFakeNumbering();
  const translator = createTranslator();
  const note = createNumbersNote({
    // The fake service never looks at it.
    db: undefined as unknown as Db,
    ...{ service: fake.service, render: createRender(), wordsOf: () => translator('fr') },
    actorOf: async () => actor,
    urls: { pages: '/merge', asset: (name) => `/assets/${name}` },
  });
  fake.former = [numberOf(28)];
  fake.changes = [CHANGE];
  return { fake, html: () => note(req, res, '49') };
}

it('names the number that an invoice had, who changed it and why, and leads to all of its changes', async () => {
  const { html } = open();
  const $ = load(await html());
  expect($('[data-im=number]').text().replace(/\s+/g, ' ').trim()).toBe(
    'Ancien numéro : FA-2026-00028. Changé par Bea Books le 21/11/2026 à 11:00 : « Le client a déjà comptabilisé ce numéro. » Voir les changements de numéro',
  );
  expect($('a').attr('href')).toBe('/merge/numbers/invoices/49');
});

it('says nothing where the number was never changed, to nobody, to who may not view numbers, and of what is out of sight', async () => {
  const never = open();
  never.fake.former = [];
  expect(await never.html()).toBe('');
  expect(await open(null).html()).toBe('');
  const barred = open();
  barred.fake.may.clear();
  expect(await barred.html()).toBe('');
  const unseen = open();
  unseen.fake.service.changesOf = async () => {
    throw new PluginError('IM_NOT_FOUND', 404);
  };
  expect(await unseen.html()).toBe('');
});
