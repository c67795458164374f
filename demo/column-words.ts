/** How this CRM calls the columns that the plugin compares, and what their values mean. */
import { speeches } from './language';

const COLUMNS = { buyer_ref: 'buyerReference', pay_terms: 'paymentTerms' } as const;

/** The words for `fields.<column>` and `fields.pay_terms.<value>`; undefined for every other key of the plugin. */
export function columnWord(key: string, locale: string): string | undefined {
  const { t } = speeches[locale === 'en' ? 'en' : 'fr'];
  if (key.startsWith('links.')) return t(key);
  const [, column, value] = /^fields\.(buyer_ref|pay_terms)(?:\.(\w+))?$/.exec(key) ?? [];
  if (column !== 'buyer_ref' && column !== 'pay_terms') return undefined;
  if (value === undefined) return t(`fields.${COLUMNS[column]}`);
  return column === 'pay_terms' ? t(`payment_terms.${value}`) : undefined;
}
