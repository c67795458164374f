/** The hosts that behaviour tests and the contract suite run against. */
import { migrate } from '../../../migrations';
import type { Knex } from 'knex';
import { crmHost, rewritingHost } from './crm';
import { perfexLikeHost } from './perfex-like';
import { statuslessHost } from './statusless';
import type { TestHost } from './types';

export { crmHost, perfexLikeHost, rewritingHost, statuslessHost };
export type { InvoiceSpec, LineSpec, SavedSpec, TestHost } from './types';

/** `describe.each(eachHost)('… %s', (_name, makeHost) => …)` */
export const eachHost: [string, () => TestHost][] = [
  ['crm', crmHost],
  ['perfex-like', perfexLikeHost],
  ['statusless', statuslessHost],
  ['rewriting', rewritingHost],
];

/** The host's schema and the plugin's additions to it. */
export async function install(knex: Knex, host: TestHost): Promise<TestHost> {
  await host.createSchema(knex);
  await migrate(knex, host.map);
  return host;
}
