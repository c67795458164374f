/** Tells the plugin where this CRM keeps what, and what its words mean. */
import type { TableMap } from 'crm-invoice-merge';

/** The states in crm_invoices.state, beside the plugin's words for them. */
export const STATES = {
  draft: 'draft',
  unpaid: 'open',
  overdue: 'late',
  partial: 'part',
  paid: 'settled',
  cancelled: 'void',
} as const;

/** Settled by credit notes: nothing is due any more, and it stays in the reports. */
export const CREDITED = 'credited';

// Credit notes have the same columns in tables of their own.
const lines: TableMap['lines'] = {
  table: 'crm_invoice_lines',
  id: 'id',
  invoice: 'invoice_id',
  position: 'sort',
  description: 'label',
  longDescription: 'details',
  quantity: 'qty',
  unit: 'unit_label',
  unitPrice: 'price',
  baseQuantity: 'price_per',
  supplyDate: 'supplied_on',
  copy: ['product_code'],
};
const taxes = { rate: 'vat_rate', name: 'vat_name', category: 'vat_category' };
const lineAdjustments = {
  table: 'crm_line_adjustments',
  of: 'line',
  key: 'line_id',
  kind: 'direction',
  amount: 'amount',
  reason: 'label',
} as const;
const invoiceAdjustments = {
  ...lineAdjustments,
  table: 'crm_invoice_adjustments',
  of: 'invoice',
  key: 'invoice_id',
  rate: 'vat_rate',
  category: 'vat_category',
} as const;

export const tableMap: TableMap = {
  invoices: {
    table: 'crm_invoices',
    id: 'id',
    customer: 'client_id',
    number: 'ref',
    issueDate: 'issued_on',
    dueDate: 'due_on',
    currency: 'currency',
    total: 'grand_total',
    subtotal: 'net_amount',
    taxTotal: 'vat_amount',
    adjustment: 'adjust_amount',
    prepaid: 'deposit_paid',
    note: 'internal_note',
    recurring: 'repeat_every',
    pricesIncludeTax: 'gross_prices',
    reminderLevel: 'dunning_level',
    sent: 'sent_on',
    blocked: 'on_hold',
    transmitted: 'filed_on',
    discount: { value: 'rebate_value', kind: 'rebate_kind', basis: 'rebate_basis' },
    // A buyer refuses an invoice that is not under their own reference; terms are agreed case by case.
    mustMatch: ['buyer_ref'],
    askIfDiffer: ['pay_terms'],
    copy: ['pay_terms', 'created_by'],
    kind: { column: 'doc_type', invoice: 'invoice' },
    status: { column: 'state', values: STATES, credited: CREDITED },
  },
  lines,
  taxes,
  allowances: [invoiceAdjustments, lineAdjustments],
  customers: { table: 'crm_clients', id: 'id', name: 'company' },
  payments: {
    table: 'crm_payments',
    id: 'id',
    invoice: 'invoice_id',
    amount: 'amount',
    method: 'method_id',
    date: 'paid_on',
    note: 'remark',
  },
  paymentMethods: { table: 'crm_payment_methods', id: 'id', name: 'label', active: 'enabled', cash: { id: 1 } },
  credits: { table: 'crm_credit_uses', invoice: 'invoice_id', amount: 'amount' },
  creditNotes: {
    table: 'crm_credit_notes',
    id: 'id',
    number: 'ref',
    customer: 'client_id',
    date: 'issued_on',
    invoice: 'invoice_id',
    currency: 'currency',
    total: 'grand_total',
    subtotal: 'net_amount',
    taxTotal: 'vat_amount',
    adjustment: 'adjust_amount',
    pricesIncludeTax: 'gross_prices',
    note: 'motive',
    lines: { ...lines, table: 'crm_credit_note_lines', invoice: 'note_id' },
    taxes,
    allowances: [
      { ...invoiceAdjustments, table: 'crm_credit_note_adjustments', key: 'note_id' },
      { ...lineAdjustments, table: 'crm_credit_note_line_adjustments' },
    ],
    appliedTo: {
      table: 'crm_credit_uses',
      note: 'note_id',
      invoice: 'invoice_id',
      amount: 'amount',
      date: 'used_on',
    },
  },
  series: {
    // LV-: deliveries that an earlier program invoiced.
    invoice: { patterns: ['FA-{yyyy}-{seq:5}', 'LV-{yyyy}-{seq:5}'] },
    creditNote: { patterns: ['AV-{yyyy}-{seq:5}'] },
  },
  owned: [{ table: 'crm_reminder_log', invoice: 'invoice_id' }],
  links: [
    { name: 'expenses', table: 'crm_expenses', id: 'id', to: 'invoice', column: 'invoice_id', policy: 'move' },
    { name: 'expense_lines', table: 'crm_expenses', id: 'id', to: 'line', column: 'line_id', policy: 'move' },
    { name: 'estimates', table: 'crm_estimates', id: 'id', to: 'invoice', column: 'invoice_id', policy: 'move' },
    {
      name: 'tags',
      table: 'crm_invoice_tags',
      id: ['invoice_id', 'tag_id'],
      to: 'invoice',
      column: 'invoice_id',
      policy: 'move',
    },
    { name: 'notes', table: 'crm_notes', id: 'id', to: 'invoice', column: 'invoice_id', policy: 'move' },
    { name: 'attachments', table: 'crm_attachments', id: 'id', to: 'invoice', column: 'invoice_id', policy: 'move' },
  ],
};
