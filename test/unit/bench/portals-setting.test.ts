import { expect, test } from '@jest/globals';
import { setting } from '../../../bench/portals/setting.ts';

test('the portals of the benchmark are 50, with a load and a speed that the environment may set', () => {
  expect(setting({}).normal).toBe(47);
  expect(setting({ TIDY24_DEALS: '4', TIDY24_SCALE: '8' })).toMatchObject({ deals: 4, scale: 8, loadFactor: 100 });
});

test.each(['0', '-1', 'many'])('a speed of %s is refused', (scale) => {
  expect(() => setting({ TIDY24_SCALE: scale })).toThrow('TIDY24_SCALE must be a number above 0');
});
