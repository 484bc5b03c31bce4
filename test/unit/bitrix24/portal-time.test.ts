import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parsePortalTime, portalTimeIn } from '../../../lib/bitrix24/portal-time.ts';

test.each([
  '2026-07-29T10:00:00+02:00',
  '2026-07-29T08:00:00Z',
  '2026-07-29T08:00:00.000Z',
  '2026-07-29T10:00:00+0200',
  '2026-07-29T04:30:00-03:30',
])('%s is one instant', (text) => {
  expect(parsePortalTime(text)).toBe(Date.UTC(2026, 6, 29, 8));
});

test.each([
  '',
  'now',
  '2026-07-29',
  '2026-07-29T10:00:00',
  '2026-07-29 10:00:00',
  '29.07.2026 10:00:00',
  'T+02:00',
  'Z',
])('%j is refused: without a zone it is no instant', (text) => {
  expect(() => parsePortalTime(text)).toThrow(RangeError);
});

// Date.parse would read it in this machine's own zone.
test('a date whose year looks like a zone is refused', () => {
  expect(() => parsePortalTime('07-29-2026')).toThrow(RangeError);
});

test('a refusal quotes no more than the beginning of what came', () => {
  expect(() => parsePortalTime(`x${'y'.repeat(1_000)}`)).toThrow(/^.{0,120}$/);
});

test('any instant is the same in every zone', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (date, offset) => {
        const seconds = Math.floor(date.getTime() / 1000) * 1000;
        const local = new Date(seconds + offset * 60_000).toISOString().slice(0, 19);
        const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
        const zone = `${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
        expect(parsePortalTime(local + zone)).toBe(seconds);
      },
    ),
  );
});

test('a value may be no time at all', () => {
  expect(portalTimeIn('2026-07-29T08:00:00Z')).toBe(Date.UTC(2026, 6, 29, 8));
  expect([undefined, null, 5, {}, 'now'].map(portalTimeIn)).toEqual(Array(5).fill(undefined));
});
