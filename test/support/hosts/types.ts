/** A host CRM for tests: its own schema and its own code, which knows nothing of the plugin. */
import type { Knex } from 'knex';
import type { Day, HostCrm, Id, InvoiceStatus, TableMap, Trx, Db } from '../../../plugin/host/contract';
import type { AllowanceCharge, Decimal, Discount, Tax } from '../../../plugin/money/types';

export interface LineSpec {
  /** A saved line; absent for a new one. */
  id?: Id;
  description: string;
  longDescription?: string | null;
  quantity: Decimal;
  unit?: string | null;
  unitPrice: Decimal;
  baseQuantity?: Decimal;
  taxes?: Tax[];
  allowancesCharges?: AllowanceCharge[];
  /** The key of the carried line that this row of the form is. */
  key?: string;
}

export interface InvoiceSpec {
  customerId: Id;
  /** Default: unpaid. */
  status?: InvoiceStatus;
  /** Default: the next one; null for drafts. */
  number?: string | null;
  issueDate?: Day;
  dueDate?: Day | null;
  currency?: string;
  lines: LineSpec[];
  discount?: Discount | null;
  allowancesCharges?: AllowanceCharge[];
  adjustment?: Decimal;
  prepaid?: Decimal;
  note?: string | null;
}

export interface SavedSpec {
  invoiceId: Id;
  carried: { key: string; lineId: Id }[];
}

export interface TestHost {
  name: string;
  map: TableMap;
  host: HostCrm;
  /** The host's own tables, without the plugin's columns. */
  createSchema(knex: Knex): Promise<void>;
  createCustomer(db: Db, name: string): Promise<Id>;
  createInvoice(db: Db, spec: InvoiceSpec): Promise<Id>;
  /** The host's save; lines of the invoice that the spec does not name are removed. A null id creates. */
  saveInvoice(trx: Trx | Knex, id: Id | null, spec: InvoiceSpec): Promise<SavedSpec>;
  pay(db: Db, id: Id, amount: Decimal): Promise<Id>;
  deleteInvoice(trx: Trx | Knex, id: Id): Promise<void>;
  /** One row of the mapped link that points at an invoice or a line; `value` tells rows of one link apart (the tag, the file's name). */
  addLink(db: Db, linkName: string, invoiceOrLineId: Id, value?: string): Promise<void>;
}
