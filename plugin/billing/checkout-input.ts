/** Reads what a host's till or form passes: what a program got wrong is told by field. */
import { z } from 'zod';
import { PluginError } from '../errors';
import { minorUnit } from '../money/currency';
import type { NewBasket } from './checkout';
import type { TakeRequest } from './taking';

const id = z.string().min(1).max(64);
const decimal = z.string().regex(/^-?\d{1,15}(\.\d{1,10})?$/);
/** A page of this site: never another one's address. */
const localPath = z
  .string()
  .max(2000)
  .regex(/^\/(?![/\\])/);

export const saleLine = z.strictObject({
  description: z.string().min(1).max(500),
  quantity: decimal,
  unitPrice: decimal,
  taxes: z
    .array(
      z.strictObject({
        category: z.string().min(1).max(10),
        name: z.string().max(120),
        rate: z.string().regex(/^\d{1,4}(\.\d{1,6})?$/),
      }),
    )
    .max(10),
});

const basket = z.object({
  customerId: id.nullable(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  lines: z.array(saleLine).min(1).max(1000),
  returnUrl: localPath.optional(),
});

export const wantedPayment = z.strictObject({
  methodId: id,
  amount: z.string().max(40),
  reference: z.string().max(1000).nullish(),
  note: z.string().max(2000).nullish(),
});

const request = z.object({
  moduleId: id.optional(),
  subject: z.union([
    z.strictObject({ saleId: id }),
    z.strictObject({ invoiceId: id }),
    z.strictObject({ basket: basket.strict() }),
  ]),
  payments: z.array(wantedPayment).min(1).max(50),
  key: z.string().min(1).max(190),
  actor: z.object({ id: z.string().min(1), name: z.string() }),
  date: z.iso.date().optional(),
});

function read<S extends z.ZodType>(schema: S, given: unknown, what: string): z.output<S> {
  const { data, error } = schema.safeParse(given);
  if (error) throw new PluginError('IM_PAYLOAD_INVALID', 400, { field: error.issues[0]?.path.join('.') || what });
  return data;
}

/** @throws IM_PAYLOAD_INVALID 400 `{ field }` */
export function readBasket(given: unknown): NewBasket {
  const data = read(basket, given, 'basket');
  minorUnit(data.currency);
  return data;
}

/** @throws IM_PAYLOAD_INVALID 400 `{ field }` */
export function readRequest(given: TakeRequest): TakeRequest {
  const data = read(request, given, 'payment');
  if ('basket' in data.subject) minorUnit(data.subject.basket.currency);
  return data;
}
