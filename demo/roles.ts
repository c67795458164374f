/** Who may do what in this CRM, and how passwords are kept. */
import { randomBytes, scrypt as scryptWithCallback, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Action } from 'crm-invoice-merge';

export type Role = 'admin' | 'sales' | 'books';

export interface Person {
  id: string;
  name: string;
  email: string;
  role: Role;
}

const SALES: Action[] = ['merge.view', 'merge.apply', 'merge.undo_own', 'merge.history', 'numbers.view'];
const BOOKS: Action[] = [...SALES, 'merge.choose_settlement', 'merge.undo', 'payments.allocate', 'numbers.adjust'];

/** At the till, and of what was taken there. */
const TILL: Record<'sales' | 'books', Action[]> = {
  sales: ['checkout.take', 'sales.view'],
  books: [
    'checkout.take',
    'sales.view',
    'sales.view_all',
    'sales.void',
    'sales.export',
    'handover.view',
    'handover.resend',
  ],
};

/** Answers the plugin's question; admins may do everything. */
export function mayDo(role: Role, action: Action): boolean {
  if (role === 'admin') return true;
  return [...(role === 'books' ? BOOKS : SALES), ...TILL[role]].includes(action);
}

const scrypt = promisify<string, Buffer, number, Buffer>(scryptWithCallback);

/** `salt.hash`, both base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await scrypt(password, salt, 32);
  return `${salt.toString('base64url')}.${hash.toString('base64url')}`;
}

export async function passwordMatches(password: string, kept: string): Promise<boolean> {
  const [salt = '', hash = ''] = kept.split('.');
  const expected = Buffer.from(hash, 'base64url');
  const given = await scrypt(password, Buffer.from(salt, 'base64url'), 32);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
