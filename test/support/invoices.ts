/** An open invoice as a host reports it, from what it bills. */
import type { Invoice } from '../../plugin/host/contract';
import { invoiceTotals, totalOf, type TotalsOptions } from '../../plugin/money/totals';
import type { PricedDocument } from '../../plugin/money/types';

export function invoiceOf(
  id: string,
  document: PricedDocument,
  more: Partial<Invoice> = {},
  options: TotalsOptions = {},
): Invoice {
  const totals = invoiceTotals(document, options);
  const taxes = [
    ...document.lines.flatMap((line) => line.taxes),
    ...document.allowancesCharges.flatMap(({ tax }) => tax ?? []),
  ];
  const paid = /[1-9]/.test(totals.prepaid);
  return {
    id,
    number: `FA-${id}`,
    status: 'unpaid',
    customerId: '7',
    companyId: null,
    currency: document.currency,
    issueDate: '2026-11-02',
    dueDate: '2026-12-02',
    total: totalOf(totals),
    pricesIncludeTax: document.pricesIncludeTax,
    ordinary: true,
    recurring: false,
    sent: false,
    transmitted: false,
    blocked: false,
    credited: false,
    taxCategories: [...new Set(taxes.map(({ category }) => category))],
    adjusted: /[1-9]/.test(document.adjustment) || document.discount?.basis === 'after_tax',
    mergedIntoId: null,
    reminderLevel: 0,
    payments: { count: paid ? 1 : 0, sum: totals.prepaid },
    credits: { count: 0, sum: '0.00' },
    refusingLinks: [],
    mustMatch: {},
    askIfDiffer: {},
    discount: document.discount,
    allowancesCharges: document.allowancesCharges,
    adjustment: document.adjustment,
    prepaid: document.prepaid,
    lines: document.lines.map((line, index) => ({
      ...line,
      id: String(index + 1),
      description: `Line ${index + 1}`,
      longDescription: null,
      unit: null,
      supplyDate: null,
      sourceInvoiceId: null,
      sourceLineId: null,
    })),
    totals,
    version: `version of ${id}`,
    ...more,
  };
}
