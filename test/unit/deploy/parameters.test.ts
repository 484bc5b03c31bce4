import { expect, test } from '@jest/globals';
import { readServerlessFile } from '../../../local/template/serverless-file.ts';
import { wrongParameters } from '../../../deploy/parameters.ts';

const good = {
  alarmEmail: 'ops@example.com',
  appParameter: '/tidy24/app',
  appParameterKey: 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  portalDomains: 'example.com, crm.example.org:8443',
  undoDays: '365',
  eventsWindow: 300,
};
const named = { asked: [], known: [] };

test('good ones are good', () => {
  expect(wrongParameters(good, named)).toEqual([]);
});

test.each(['prod', 'local'])('those of serverless.yml are, for stage %s', (stage) => {
  const file = readServerlessFile({ stage });
  const parameters = Object.fromEntries(Object.keys(good).map((name) => [name, file.resolve(`\${param:${name}}`)]));
  expect(wrongParameters(parameters, named)).toEqual([]);
});

test.each([
  ['alarmEmail', 'ops', 'one e-mail address'],
  ['alarmEmail', 'a@example.com,b@example.com', 'one e-mail address'],
  ['appParameter', 'tidy24/app', 'begins with a slash'],
  ['appParameter', '/', 'begins with a slash'],
  ['appParameter', '/tidy24/*', 'begins with a slash'],
  ['appParameterKey', 'arn:aws:kms:eu-central-1:123456789012:alias/app', 'ARN of a KMS key'],
  ['appParameterKey', '*', 'ARN of a KMS key'],
  ['portalDomains', 'https://example.com', 'domains with commas'],
  ['portalDomains', 'example.com;example.org', 'domains with commas'],
  ['undoDays', '0', 'from 1 to 365'],
  ['undoDays', '366', 'from 1 to 365'],
  ['undoDays', '1.5', 'from 1 to 365'],
  ['undoDays', 'thirty', 'from 1 to 365'],
  ['eventsWindow', '301', 'from 0 to 300'],
  ['eventsWindow', '-1', 'from 0 to 300'],
  ['eventsWindow', '', 'from 0 to 300'],
])('%s cannot be %j', (name, value, takes) => {
  const wrong = wrongParameters({ ...good, [name]: value }, named);
  expect(wrong).toEqual([expect.stringContaining(`${name} cannot be "${value}": it takes `)]);
  expect(wrong[0]).toContain(takes);
});

test('each that is wrong is named, and each that does not exist', () => {
  const { undoDays: _undoDays, ...rest } = good;
  const wrong = wrongParameters({ ...rest, alarmEmail: 'ops' }, { asked: ['undodays', 'region'], known: ['region'] });
  expect(wrong).toHaveLength(3);
  expect(wrong.join('\n')).toMatch(/alarmEmail cannot be .*\n.*not hand undoDays over.*\n.*no parameter undodays/);
});
