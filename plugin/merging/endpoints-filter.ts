/** How merges are filtered: the same names for the API, the History page and its export. */
import { z } from 'zod';
import { day, id, yesNo } from '../web/shapes';
import { settlement } from './endpoints-shapes';

export const mergeFilter = {
  invoiceId: id.optional(),
  customerId: id.optional(),
  /** Part of a customer's name. */
  customer: z.string().trim().max(200).optional(),
  actorId: id.optional(),
  from: day.optional(),
  to: day.optional(),
  settlement: settlement.optional(),
  undone: yesNo.optional(),
  uncredited: yesNo.optional(),
};
