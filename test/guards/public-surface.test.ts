import * as surface from 'crm-invoice-merge';
import * as contract from 'crm-invoice-merge/contract';
import { readSource } from '../support/source-files';

it('the package exports these names, and a new one is a decision', () => {
  expect(Object.keys(surface).sort()).toMatchInlineSnapshot(`
   [
     "PluginError",
     "createInvoiceMerge",
     "invoiceTotals",
     "isPluginError",
     "knexHost",
     "mergedTotals",
   ]
  `);
  expect(Object.keys(contract)).toEqual(['hostContract']);
});

it('the package opens these doors, and types come first at each', () => {
  const { exports } = JSON.parse(readSource('package.json')) as { exports: Record<string, unknown> };
  expect(Object.keys(exports)).toEqual(['.', './contract', './package.json']);
  for (const door of ['.', './contract']) expect(Object.keys(exports[door] as object)).toEqual(['types', 'default']);
});
