/** A host's edit page with the ready-made helper's marks, its own script that adds up, and a plain look of its own. */
import type { Express } from 'express';

const ROW = (index: string, values: Record<string, string> = {}, isTemplate = false): string => `
<tr class="line">
  <td>${isTemplate ? `<input type="hidden" name="lines[${index}][key]" data-invoice-merge="key">` : ''}
    <input name="lines[${index}][description]" aria-label="Article" data-invoice-merge="description" value="${values.description ?? ''}"></td>
  <td><input name="lines[${index}][quantity]" aria-label="Qté" size="4" data-invoice-merge="quantity" value="${values.quantity ?? ''}"></td>
  <td><input name="lines[${index}][price]" aria-label="Prix" size="8" data-invoice-merge="unitPrice" value="${values.price ?? ''}"></td>
  <td><select name="lines[${index}][rate]" aria-label="TVA" data-invoice-merge="taxRate">
    ${['5.50', '20.00'].map((rate) => `<option value="${rate}"${rate === values.rate ? ' selected' : ''}>${rate} %</option>`).join('')}
  </select></td>
</tr>`;

export interface HostPageOptions {
  /** Without: the host knows nothing of merged rows. */
  takesLines?: boolean;
  summary?: boolean;
  /** The host says of all its labels, tables, buttons and inputs what suits nobody else. */
  hostile?: boolean;
  /** The form keeps document allowances; rows that stand in it already. */
  allowances?: string[];
}

const ALLOWANCE = (index: string, source: string): string => `
<p class="allowance"><input type="hidden" name="allowances[${index}][source]" value="${source}" data-invoice-merge="source">
  <input name="allowances[${index}][reason]" aria-label="Libellé" data-invoice-merge="reason">
  <input name="allowances[${index}][amount]" aria-label="Montant" data-invoice-merge="amount"></p>`;

export function hostPage(banner: string, options: HostPageOptions = {}): string {
  const { takesLines = true, summary = true, hostile = false, allowances } = options;
  return `<!doctype html><html lang="fr"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>CRM</title>
<link rel="stylesheet" href="/host.css">${hostile ? '<link rel="stylesheet" href="/hostile.css">' : ''}<script src="/host.js" defer></script></head><body><main>
<h1>Boulangerie Martin</h1>
${banner}
<form id="invoice" method="post" action="/save" class="card" data-takes="${String(takesLines)}">
  <p class="pad"><label>Client <select name="customer_id"><option value="3">Boulangerie Martin</option><option value="4">Garage Petit</option></select></label></p>
  <table><thead><tr><th>Article</th><th>Qté</th><th>Prix</th><th>TVA</th></tr></thead>
  <tbody ${takesLines ? 'data-invoice-merge-rows' : ''}>
  ${ROW('0', { description: 'Farine T65, 25 kg', quantity: '12', price: '21.50', rate: '5.50' })}
  </tbody></table>
  ${takesLines ? `<template data-invoice-merge-template="line">${ROW('__i__', {}, true)}</template>` : ''}
  ${
    allowances
      ? `<div data-invoice-merge-allowances>${allowances.map((source, index) => ALLOWANCE(String(index), source)).join('')}</div>
         <template data-invoice-merge-template="allowance">${ALLOWANCE('__i__', '')}</template>`
      : ''
  }
  ${summary ? '<div data-invoice-merge-summary></div>' : ''}
  <p class="pad end"><button type="button">Quitter sans enregistrer</button>
  <button type="submit" class="main" data-invoice-merge-submit>Enregistrer</button></p>
</form></main></body></html>`;
}

const HOST_CSS = `:root{color-scheme:light dark}body{margin:0;background:light-dark(#f5f6f8,#14171c);color:light-dark(#1b2430,#e7ebf0);font:15px/1.45 system-ui,"DejaVu Sans",sans-serif}
main{max-width:1080px;margin:0 auto;padding:20px 16px}h1{font-size:22px}*{box-sizing:border-box}
.card{background:light-dark(#fff,#1c2027);border:1px solid light-dark(#dde2e9,#323945);border-radius:10px}.pad{padding:0 16px}.end{display:flex;gap:10px;justify-content:flex-end;flex-wrap:wrap}
table{width:100%;border-collapse:collapse}td,th{padding:6px 10px;text-align:left}input,select,button{font:inherit;color:inherit;background:transparent;border:1px solid light-dark(#dde2e9,#323945);border-radius:6px;padding:5px 8px;max-width:100%}
td:first-child input{width:100%}button{min-height:44px;padding:8px 16px}button.main{background:light-dark(#1257c9,#7db0ff);color:light-dark(#fff,#0b1320);font-weight:600}
@media(max-width:640px){form>table,form>table>tbody,form>table tr,form>table td{display:block}form>table>thead{display:none}td input,td select{width:100%}form tr.line{display:grid;grid-template-columns:1fr 1fr 1fr;padding:6px 0}form tr.line td:first-child{grid-column:1/-1}}`;

// Adds up in cents, as a host would, and says so; merged rows are those that a source is named on.
const HOST_JS = `const form=document.getElementById('invoice');
const cents=(t)=>Math.round(Number(t)*100);const text=(c)=>(c/100).toFixed(2);
function sum(rows){const by=new Map();for(const row of rows){const get=(n)=>row.querySelector('[data-invoice-merge="'+n+'"]').value;
const net=Math.round(Number(get('quantity'))*cents(get('unitPrice')));const rate=String(Number(get('taxRate')));by.set(rate,(by.get(rate)||0)+net);}
const taxes=[...by].map(([rate,net])=>({category:'S',rate,taxable:text(net),tax:text(Math.round(net*Number(rate)/100))}));
return{taxes,total:text(taxes.reduce((s,t)=>s+cents(t.taxable)+cents(t.tax),0))};}
function changed(){const rows=[...form.querySelectorAll('tr.line')];
document.dispatchEvent(new CustomEvent('invoice-merge:changed',{detail:{...sum(rows),own:sum(rows.filter((r)=>!r.dataset.imSource))}}));}
if(form.dataset.takes==='true'){form.addEventListener('input',changed);form.addEventListener('change',changed);addEventListener('load',changed);}`;

const HOSTILE_CSS = `label{color:red;font-size:30px;display:inline}table{width:50%}button{text-transform:uppercase;letter-spacing:9px}
input{width:100%}td,th{padding:40px}p{margin:50px}a{font-size:30px}h2{color:red}ul{list-style:square;padding:60px}`;

/** Serves the page's own style and script. */
export function serveHost(app: Express): void {
  app.get('/favicon.ico', (_req, res) => {
    res.status(204).end();
  });
  app.get('/host.css', (_req, res) => {
    res.type('css').send(HOST_CSS);
  });
  app.get('/hostile.css', (_req, res) => {
    res.type('css').send(HOSTILE_CSS);
  });
  app.get('/host.js', (_req, res) => {
    res.type('js').send(HOST_JS);
  });
}
