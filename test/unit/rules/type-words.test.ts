import { expect, test } from '@jest/globals';
import type { Directory, Pipeline } from '../../../lib/rules/directory.ts';
import { typeProblem, typeText } from '../../../lib/rules/type-words.ts';

const staged: Pipeline = { pipelineId: 3, pipelineName: 'One', stages: [{ code: 'L', name: 'L', semantics: 'F' }] };
const bare: Pipeline = { pipelineId: 4, pipelineName: 'Two', stages: [] };
const portal = (types: Directory['types'], pipelines: [number, Pipeline[]][] = []): Directory => ({
  types,
  pipelines: new Map(pipelines),
  fields: new Map(),
});
const projects = { entityTypeId: 1044, title: 'Projects' };

test.each([
  [1, 'leads'],
  [2, 'deals'],
  [3, 'contacts'],
  [4, 'companies'],
  [1044, 'items of type 1044 (Projects)'],
  [1045, 'items of type 1045'],
])('records of type %i are called %s', (type, text) => {
  expect(typeText(type, { types: [projects] })).toBe(text);
});

test.each<[string, number, Directory]>([
  ['a smart process with a stage in one of its pipelines', 1044, portal([projects], [[1044, [bare, staged]]])],
  ['one that says so', 1044, portal([{ ...projects, hasStages: true }], [[1044, [staged]]])],
  ['deals, which every portal has', 2, portal([], [[2, [staged]]])],
])('a rule can be about %s', (_name, type, directory) => {
  expect(typeProblem(type, directory)).toBeUndefined();
});

const unstaged = 'items of type 1044 (Projects) have no stages, so that none of them is ever lost';
const switchedOn = 'stages are switched on in the settings of the smart process';
const unseen = 'the user of its credentials may not see them: connect the portal as an administrator';

test.each<[string, number, Directory, { message: string; hint: string }]>([
  [
    'that the portal does not have',
    1045,
    portal([{ entityTypeId: 2, title: 'Deal' }, projects]),
    { message: 'the portal has no smart process 1045', hint: 'it has 1044 Projects' },
  ],
  [
    'of a portal without any',
    31,
    portal([{ entityTypeId: 2, title: 'Deal' }]),
    { message: 'the portal has no smart process 31', hint: 'it has none that its user may see' },
  ],
  [
    'without stages',
    1044,
    portal([{ ...projects, hasStages: false }], [[1044, [staged]]]),
    { message: unstaged, hint: switchedOn },
  ],
  [
    'whose pipelines nobody may see',
    1044,
    portal([projects]),
    { message: 'the portal shows no stages of items of type 1044 (Projects)', hint: unseen },
  ],
  [
    'whose pipelines show no stage',
    1044,
    portal([projects], [[1044, [bare, bare]]]),
    { message: 'the portal shows no stages of items of type 1044 (Projects)', hint: unseen },
  ],
  [
    'that every portal has, without a stage',
    1,
    portal([], [[1, [bare]]]),
    { message: 'the portal shows no stages of leads', hint: unseen },
  ],
])('a rule cannot be about a type %s', (_name, type, directory, problem) => {
  expect(typeProblem(type, directory)).toEqual(problem);
});

test('of the types that a portal has at most twenty are named', () => {
  const types = Array.from({ length: 21 }, (_, index) => ({ entityTypeId: 1030 + index, title: `T${index}` }));
  const hint = typeProblem(1099, portal(types))?.hint;
  expect(hint).toContain('1049 T19');
  expect(hint).not.toContain('T20');
});

test('items may be deleted of a type with stages or without, if the portal has it', () => {
  const options = { withStages: false };
  expect(typeProblem(1044, portal([{ ...projects, hasStages: false }]), options)).toBeUndefined();
  expect(typeProblem(1045, portal([projects]), options)?.message).toBe('the portal has no smart process 1045');
});
