/** crm-invoice-merge/contract: what a host's adapter must do, as cases that any test runner can run. */
import type { HostCrm } from './contract';
import { candidateCases } from './contract-suite/candidates';
import { creditCases } from './contract-suite/crediting';
import { draftCases } from './contract-suite/drafts';
import { totalCases, updateCases } from './contract-suite/fields';
import type { ContractCase } from './contract-suite/fixture';
import { lineCases, touchCases } from './contract-suite/lines';
import { linkCases } from './contract-suite/links';
import { loadCases } from './contract-suite/loading';
import { methodCases } from './contract-suite/methods';
import { numberCases } from './contract-suite/numbers';
import { transactionCases } from './contract-suite/own-code';
import { paymentCases } from './contract-suite/payments';
import { settlingCases } from './contract-suite/settling';
import { versionCases } from './contract-suite/versions';

export type {
  ContractCase,
  ContractFixture,
  ContractInvoice,
  ContractLine,
  SavedLines,
} from './contract-suite/fixture';

/**
 * The cases that apply to this host, or all of them without one (those that do not apply then do nothing).
 *
 *     for (const { title, run } of hostContract(host)) it(title, () => run(fixture));
 */
export function hostContract(host?: HostCrm): ContractCase[] {
  const all = [
    ...candidateCases,
    ...loadCases,
    ...versionCases,
    ...touchCases,
    ...lineCases,
    ...updateCases,
    ...totalCases,
    ...linkCases,
    ...settlingCases,
    ...creditCases,
    ...draftCases,
    ...numberCases,
    ...paymentCases,
    ...methodCases,
    ...transactionCases,
  ];
  return host ? all.filter((one) => one.applies(host)) : all;
}
