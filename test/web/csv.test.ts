import { csvOf, type Cell } from '../../plugin/web/csv';
import { readCsv } from '../support/read-csv';

const textOf = async (rows: Cell[][], locale: 'fr' | 'en'): Promise<string> =>
  Buffer.concat(await csvOf(['Numéro', 'Total'], rows, locale).toArray()).toString('utf8');

it('a CSV file begins with a byte order mark, ends rows with CRLF and speaks the language of the spreadsheet', async () => {
  const rows: Cell[][] = [
    ['FA-1', { amount: '-1234.50' }],
    ['Brouillon', { amount: null }],
    [null, { amount: '0.00' }],
  ];
  expect(await textOf(rows, 'fr')).toBe('\ufeffNuméro;Total\r\nFA-1;-1234,50\r\nBrouillon;\r\n;0,00\r\n');
  expect(await textOf(rows, 'en')).toBe('\ufeffNuméro,Total\r\nFA-1,-1234.50\r\nBrouillon,\r\n,0.00\r\n');
});

it('what a person typed is read back as typed, and never runs as a formula', async () => {
  const plain = ['a;b,c', 'say "no"', 'two\nlines', 'old\rMac', 'both\r\nends', '"', ' =1', 'a=1', '1-1', 'é€', ''];
  const formulas = ['=1+1', '+33 1', '-12', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠x', '=a;"b"'];
  for (const locale of ['fr', 'en'] as const) {
    const text = await textOf([plain, formulas], locale);
    expect(readCsv(text.slice(1), locale === 'fr' ? ';' : ',')).toEqual([
      ['Numéro', 'Total'],
      plain,
      formulas.map((typed) => `'${typed}`),
    ]);
  }
});

it('reads no more rows than the reader takes, and stops reading when the reader leaves', async () => {
  let read = 0;
  let ended = false;
  async function* rows(): AsyncGenerator<Cell[]> {
    try {
      for (;;) {
        read++;
        yield await Promise.resolve(['x'.repeat(1000)]);
      }
    } finally {
      ended = true;
    }
  }
  const csv = csvOf(['Text'], rows(), 'fr');
  for await (const part of csv) if (read > 50 || !part) break;
  expect(read).toBeLessThan(500);
  await new Promise((done) => setImmediate(done));
  expect(ended).toBe(true);
});

it('a fault while reading breaks the file off', async () => {
  async function* rows(): AsyncGenerator<Cell[]> {
    yield await Promise.resolve(['one']);
    throw new Error('lost');
  }
  await expect(csvOf(['Text'], rows(), 'fr').toArray()).rejects.toThrow('lost');
});
