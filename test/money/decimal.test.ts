import * as fc from 'fast-check';
import { minorUnit } from '../../plugin/money/currency';
import { allocate, exact, round, sum, toAmount, toDecimal } from '../../plugin/money/decimal';

const texts = (values: { toFixed(): string }[]) => values.map((value) => value.toFixed());
const cents = fc.integer({ min: -1_000_000, max: 1_000_000 }).map(String);

describe('decimals', () => {
  it('rounds half away from zero on both sides', () => {
    expect(['0.005', '-0.005', '2.675', '-2.675', '1.004999'].map((one) => toAmount(one, 2))).toEqual([
      '0.01',
      '-0.01',
      '2.68',
      '-2.68',
      '1.00',
    ]);
    expect(round(exact('-2.5'), 0).toFixed()).toBe('-3');
  });

  it('writes amounts with their decimals and quantities without spare ones', () => {
    expect(toAmount('12.5', 2)).toBe('12.50');
    expect(toAmount('-0.001', 2)).toBe('0.00');
    expect(toDecimal('20.00')).toBe('20');
    expect(toDecimal('0.00000000001')).toBe('0.00000000001');
  });

  it('adds what floats cannot', () => {
    expect(sum(['0.1', '0.2', '9007199254740993']).toFixed()).toBe('9007199254740993.3');
  });

  it.each(['', ' 1', '1,5', '1e3', 'NaN', '.5', '0x1'])('refuses %j', (value) => {
    expect(() => exact(value)).toThrow('IM_PAYLOAD_INVALID');
  });

  it('refuses a float that slipped through a cast', () => {
    expect(() => exact(0.1 as unknown as string)).toThrow('IM_PAYLOAD_INVALID');
  });
});

describe('allocating', () => {
  it('gives the odd cent to the largest remainder, ties to the first', () => {
    expect(texts(allocate('100', ['1', '1', '1'], 2))).toEqual(['33.34', '33.33', '33.33']);
    expect(texts(allocate('0.05', ['7', '3'], 2))).toEqual(['0.04', '0.01']);
    expect(texts(allocate('1000', ['1', '2', '4'], 0))).toEqual(['143', '286', '571']);
    expect(texts(allocate('0.01', ['0', '0'], 3))).toEqual(['0.005', '0.005']);
    expect(allocate('0', [], 2)).toEqual([]);
  });

  it('adds up to exactly the total, is near the ideal share, and mirrors a negative one', () => {
    fc.assert(
      fc.property(
        cents,
        fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0, 2, 3),
        (total, weights, scale) => {
          const given = weights.map(String);
          const parts = allocate(total, given, scale);
          expect(sum(parts).toFixed()).toBe(toDecimal(total));
          const all = sum(given);
          const unit = exact('1').div('1' + '0'.repeat(scale));
          if (!all.eq('0')) {
            parts.forEach((part, index) => {
              const ideal = exact(total)
                .times(given[index] ?? '0')
                .div(all);
              expect(part.minus(ideal).abs().lte(unit)).toBe(true);
            });
          }
          const mirrored = allocate(exact(total).neg(), given, scale);
          expect(texts(mirrored.map((part) => part.neg()))).toEqual(texts(parts));
        },
      ),
      { seed: 20261121 },
    );
  });
});

describe('currencies', () => {
  it('knows how finely each is divided by ISO 4217, where Intl differs too', () => {
    expect(['EUR', 'JPY', 'KWD', 'XPF', 'IQD', 'CLF'].map(minorUnit)).toEqual([2, 0, 3, 0, 3, 4]);
  });

  it.each(['ZZZ', 'eur', 'EURO', ''])('refuses %j', (currency) => {
    expect(() => minorUnit(currency)).toThrow('IM_PAYLOAD_INVALID');
  });
});
