import { describe, expect, test } from '@jest/globals';
import { EnvironmentError, readEnvironment } from '../../../lib/aws/environment.ts';

const good = { PORTALS_TABLE: 'portals', EVENTS_QUEUE_URL: 'https://sqs.test/1/events', OTHER: 'x' };

describe('the environment of a function', () => {
  test('is what was asked for and nothing else', () => {
    expect(readEnvironment(good, ['PORTALS_TABLE', 'EVENTS_QUEUE_URL'])).toEqual({
      PORTALS_TABLE: 'portals',
      EVENTS_QUEUE_URL: 'https://sqs.test/1/events',
    });
  });

  test('that is not asked for need not be there', () => {
    expect(readEnvironment({}, [])).toEqual({});
  });

  test('has AWS as the place to run, and no app, unless it says so', () => {
    expect(readEnvironment({}, ['TIDY24_RUN', 'TIDY24_APP_PARAMETER'])).toEqual({ TIDY24_RUN: 'aws' });
    expect(readEnvironment({ TIDY24_RUN: 'local' }, ['TIDY24_RUN'])).toEqual({ TIDY24_RUN: 'local' });
    expect(
      readEnvironment({ TIDY24_APP_PARAMETER: '' }, ['TIDY24_APP_PARAMETER']).TIDY24_APP_PARAMETER,
    ).toBeUndefined();
  });

  test('names everything that is wrong with it at once, and no value', () => {
    const source = { PORTALS_TABLE: '', EVENTS_QUEUE_URL: 'canary, no URL', TIDY24_RUN: 'canary' };
    const read = () => readEnvironment(source, ['PORTALS_TABLE', 'EVENTS_QUEUE_URL', 'TASKS_TABLE', 'TIDY24_RUN']);
    expect(read).toThrow(EnvironmentError);
    expect(read).toThrow(
      /PORTALS_TABLE is .*EVENTS_QUEUE_URL is malformed.*TASKS_TABLE is missing.*TIDY24_RUN is malformed/,
    );
    expect(read).toThrow(/^(?!.*canary).*$/);
  });

  test('has the operator’s own domains as a list, and takes nothing else for a domain', () => {
    const read = (list?: string) =>
      readEnvironment({ TIDY24_PORTAL_DOMAINS: list }, ['TIDY24_PORTAL_DOMAINS']).TIDY24_PORTAL_DOMAINS;
    expect(read()).toEqual([]);
    expect(read('')).toEqual([]);
    expect(read('Example.com, crm.example.org:8443,')).toEqual(['example.com', 'crm.example.org:8443']);
    expect(() => read('com')).toThrow(EnvironmentError);
    expect(() => read('https://example.com')).toThrow(EnvironmentError);
  });

  test('does not let a typing error make a deployment a local one', () => {
    expect(() => readEnvironment({ TIDY24_RUN: 'Local' }, ['TIDY24_RUN'])).toThrow(EnvironmentError);
  });
});
