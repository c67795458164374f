/** The settings over the JSON API. */
import { z } from 'zod';
import type { Db } from '../host/contract';
import { endpoint, type Endpoint } from '../web/endpoints';
import { component, count } from '../web/shapes';
import type { SettingsService } from './contract';
import { closedDay, draftRule, issuedRule, numberSettings, preset } from './rules';

const settingsNow = component(
  'Settings',
  z.strictObject({
    enabled: z.boolean(),
    preset,
    lockedUntil: closedDay,
    issued: component('IssuedRule', issuedRule),
    draft: component('DraftRule', draftRule),
    numbers: component('NumberSettings', numberSettings),
    directSaleInvoice: z.boolean(),
    version: count,
  }),
);

export function settingsEndpoints({ db, settings }: { db: Db; settings: SettingsService }): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/settings',
      summary:
        'Whether merging is switched on, where the business invoices, what may become of merged invoices and numbers',
      action: 'settings.manage',
      replies: { 200: settingsNow },
      handler: async () => ({ status: 200, body: await settings.read(db) }),
    }),

    endpoint({
      method: 'put',
      path: '/settings',
      summary: 'Changes the settings, all of them; `version` is that of the settings that were read',
      action: 'settings.manage',
      body: settingsNow,
      replies: { 200: settingsNow },
      refusals: [409, 422],
      async handler({ actor, body: { version, ...wanted } }) {
        return { status: 200, body: await settings.change(actor, wanted, version) };
      },
    }),
  ];
}
