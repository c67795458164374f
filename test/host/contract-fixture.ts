/** A test host as the contract suite wants it. */
import type { Knex } from 'knex';
import type { ContractFixture } from 'crm-invoice-merge/contract';
import type { HostCrm } from '../../plugin/host/contract';
import type { TestHost } from '../support/hosts';

/** @param adapter instead of the host's own, to break it */
export function contractFixture(knex: Knex, testHost: TestHost, adapter: HostCrm = testHost.host): ContractFixture {
  return {
    knex,
    host: adapter,
    createCustomer: (name) => testHost.createCustomer(knex, name),
    createInvoice: (invoice) => testHost.createInvoice(knex, invoice),
    saveInvoice: (trx, id, invoice) => testHost.saveInvoice(trx, id, invoice),
    pay: (id, amount) => testHost.pay(knex, id, amount),
    deleteInvoice: (trx, id) => testHost.deleteInvoice(trx, id),
    addLink: (link, id) => testHost.addLink(knex, link, id),
  };
}
