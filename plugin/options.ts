/** Checks what a host passes to createInvoiceMerge: all faults in one error, each with its mend. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Options } from './contract';
import { PluginError } from './errors';
import type { TableMap } from './host/contract';
import { mapFaults } from './host/table-map';

export interface Fault {
  where: string;
  mend: string;
}

const KNOWN =
  'mountPath publicPath knex host actor authorize scope locale csrf nonce layout translate logger hooks integrations secretKey allowedDestinations timeZone documentLocale clock'.split(
    ' ',
  );

const HOST_FUNCTIONS =
  'findCandidates loadInvoices touchInvoices appendLines removeLines updateInvoice moveLinks restoreLinks cancelInvoices deleteInvoices restoreInvoices saveTotals allocateNumbers invoiceUrl'.split(
    ' ',
  );

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function validTimeZone(zone: unknown): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: String(zone) });
    return true;
  } catch {
    return false;
  }
}

/** A host name, an address or a network. */
function isDestination(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [address = '', bits, ...more] = value.split('/');
  const version = isIP(address);
  if (bits === undefined) return version > 0 || /^(?=.{1,253}$)[\w-]+(\.[\w-]+)*$/.test(value);
  return version > 0 && more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

function optionFaults(options: Record<string, unknown>): Fault[] {
  const faults: Fault[] = [];
  const fault = (where: string, mend: string): number => faults.push({ where, mend });
  const demandFunction = (holder: Record<string, unknown>, path: string, name: string): void => {
    if (holder[name] !== undefined && typeof holder[name] !== 'function')
      fault(path + name, 'Pass a function or leave it out.');
  };

  for (const name of Object.keys(options))
    if (!KNOWN.includes(name)) fault(name, `Unknown option: remove it. Known options: ${KNOWN.join(', ')}.`);

  // No segment of dots: browsers resolve those away, and would never ask for them.
  const path = /^\/((?!\.\.?(\/|$))[\w~.-]+(\/(?!\.\.?(\/|$))[\w~.-]+)*)?$/;
  if (typeof options.mountPath !== 'string' || !path.test(options.mountPath))
    fault(
      'mountPath',
      "Pass the path that the router is mounted at, such as '/invoice-merge', without a slash at its end.",
    );
  if (options.publicPath !== undefined && (typeof options.publicPath !== 'string' || !path.test(options.publicPath)))
    fault('publicPath', 'Pass the path that browsers see, without a slash at its end, or leave it out.');

  const knex = options.knex as { client?: unknown; isTransaction?: boolean } | undefined;
  if (!knex?.client) fault('knex', "Pass the CRM's own Knex 3 handle.");
  else if (knex.isTransaction) fault('knex', 'Pass the handle itself, not a transaction.');

  if (typeof options.actor !== 'function')
    fault('actor', 'Pass (req) => ({ id, name }) of the person signed in, or null when nobody is.');
  if (typeof options.authorize !== 'function')
    fault('authorize', 'Pass (actor, action, about) => boolean. There is no default that allows.');
  for (const name of ['scope', 'locale', 'nonce', 'layout', 'translate', 'clock']) demandFunction(options, '', name);

  const { csrf, hooks, logger, host } = options;
  if (csrf !== undefined) {
    if (
      !isObject(csrf) ||
      typeof csrf.token !== 'function' ||
      typeof csrf.fieldName !== 'string' ||
      typeof csrf.headerName !== 'string'
    )
      fault(
        'csrf',
        'Pass { token(req, res), fieldName, headerName } or leave it out: then writes must be same-origin.',
      );
  }
  if (hooks !== undefined) {
    if (!isObject(hooks)) fault('hooks', 'Pass an object of functions or leave it out.');
    else
      for (const name of Object.keys(hooks)) {
        if (!['candidates', 'beforeMerge', 'beforeUndo', 'afterMerge', 'lockedUntil', 'tellCustomer'].includes(name))
          fault(`hooks.${name}`, 'Unknown hook: remove it.');
        else demandFunction(hooks, 'hooks.', name);
      }
  }
  if (logger !== undefined)
    for (const level of ['debug', 'info', 'warn', 'error'])
      if (!isObject(logger) || typeof logger[level] !== 'function')
        fault(`logger.${level}`, 'Pass (message, fields) => void.');
  const { integrations, secretKey, allowedDestinations } = options;
  if (integrations !== undefined) {
    if (!isObject(integrations))
      fault('integrations', 'Pass an object of { deliver, check? } by name, or leave it out.');
    else
      for (const [name, handler] of Object.entries(integrations))
        if (!isObject(handler) || typeof handler.deliver !== 'function')
          fault(`integrations.${name}`, 'Pass { deliver(message, signal), check?(signal) }.');
        else demandFunction(handler, `integrations.${name}.`, 'check');
  }
  if (secretKey !== undefined && (typeof secretKey !== 'string' || secretKey.length < 32))
    fault(
      'secretKey',
      'Pass at least 32 characters of chance, the same at every start: `openssl rand -base64 32` makes some.',
    );
  if (
    allowedDestinations !== undefined &&
    !(Array.isArray(allowedDestinations) && allowedDestinations.every(isDestination))
  )
    fault('allowedDestinations', "Pass host names, addresses or networks, such as ['pms.lan', '192.168.1.0/24'].");
  if (options.timeZone !== undefined && !validTimeZone(options.timeZone))
    fault('timeZone', "Pass an IANA name such as 'Europe/Paris'.");
  if (options.documentLocale !== undefined && options.documentLocale !== 'fr' && options.documentLocale !== 'en')
    fault('documentLocale', "Pass 'fr' or 'en'.");

  if (!isObject(host) || !isObject(host.map))
    fault('host', 'Pass knexHost(tableMap), with functions of your own spread over it where needed.');
  else {
    for (const name of HOST_FUNCTIONS)
      if (typeof host[name] !== 'function')
        fault(`host.${name}`, 'Pass a function: spread { ...knexHost(tableMap) } first.');
    faults.push(
      ...mapFaults(host.map as unknown as TableMap).map(({ where, mend }) => ({ where: `host.map.${where}`, mend })),
    );
  }
  return faults;
}

/** @throws IM_OPTIONS_INVALID with every fault and its mend, in `vars.faults` and in the message */
export function checkOptions<Req extends IncomingMessage>(options: Options<Req>): void {
  const faults = isObject(options) ? optionFaults(options) : [{ where: 'options', mend: 'Pass an object.' }];
  if (faults.length === 0) return;
  const error = new PluginError('IM_OPTIONS_INVALID', 500, { faults });
  error.message = `createInvoiceMerge: ${faults.length} fault(s) in the options\n${faults.map(({ where, mend }) => `  - ${where}: ${mend}`).join('\n')}`;
  throw error;
}
