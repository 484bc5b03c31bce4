import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { longestWaitMs, parseWait } from '../../../lib/rules/wait.ts';

test.each([
  ['0m', 0],
  ['90m', 5_400_000],
  ['24h', 86_400_000],
  ['30d', 2_592_000_000],
  ['2w', 1_209_600_000],
  ['1y', 31_536_000_000],
  ['10y', 315_360_000_000],
  ['3650d', 315_360_000_000],
])('%s is %d ms', (text, ms) => {
  expect(parseWait(text)).toBe(ms);
});

test.each([
  '',
  'm',
  '5',
  '05m',
  '-1d',
  '1.5h',
  '1 d',
  '1D',
  '1s',
  '1month',
  ' 1d',
  '1d ',
  '1d\n',
  '3651d',
  '11y',
  '1d1h',
])('%j is no wait', (text) => {
  expect(parseWait(text)).toBeUndefined();
});

test('every count of every unit is its product, up to ten years and not beyond', () => {
  const units = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };
  const unit = fc.constantFrom(...Object.entries(units));
  fc.assert(
    fc.property(unit, fc.nat({ max: 9_999_999 }), ([name, ms], count) => {
      const expected = count * ms <= longestWaitMs ? count * ms : undefined;
      expect(parseWait(`${count}${name}`)).toBe(expected);
    }),
  );
  for (const [name, ms] of Object.entries(units)) {
    expect(parseWait(`${Math.floor(longestWaitMs / ms)}${name}`)).toBeDefined();
    expect(parseWait(`${Math.floor(longestWaitMs / ms) + 1}${name}`)).toBeUndefined();
  }
});

test('no text whatever makes a wait that is negative, broken or longer than ten years', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,9}[a-z]$/)), (text) => {
      const ms = parseWait(text);
      if (ms === undefined) return;
      expect(Number.isSafeInteger(ms)).toBe(true);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(longestWaitMs);
    }),
  );
});
