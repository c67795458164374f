import { fault } from './fault';
import type { Step } from './step';

/**
 * Host invoices: no two rows with one number. Only when asked for: hosts have blank draft numbers and yearly restarts.
 * Refused (IM_HOST_FAULT) while two rows share a number, and where number and prefix are kept apart.
 */
export const uniqueNumber: Step = {
  name: '0011_unique_number',
  option: 'uniqueNumber',
  async up({ schema, map, prefix }) {
    const { table, number } = map.invoices;
    if (typeof number !== 'string')
      throw fault('IM_HOST_FAULT', 500, {
        where: `${table}.${number.sequence}`,
        mend: 'leave uniqueNumber out: numbers are kept in parts',
      });
    const name = `${prefix}unique_number`;
    if (await schema.hasIndex(table, name)) return;
    const column = schema.quote(number);
    const duplicates = await schema.count(
      `(SELECT ${column} FROM ${schema.quote(table)} WHERE ${column} IS NOT NULL GROUP BY ${column} HAVING COUNT(*) > 1) d`,
    );
    if (duplicates > 0)
      throw fault('IM_HOST_FAULT', 500, {
        where: `${table}.${number}`,
        mend: 'give each invoice a number of its own, or leave uniqueNumber out',
        count: duplicates,
      });
    await schema.addIndex(table, name, [number], true);
  },
  async down({ schema, map, prefix }) {
    await schema.dropIndex(map.invoices.table, `${prefix}unique_number`);
  },
};
