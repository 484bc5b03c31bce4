import { expect, test } from '@jest/globals';
import { type Bench, eachTestHas } from './bench.ts';

let bench: Bench;
eachTestHas((taken) => (bench = taken), { portal: { dealsFilterByContacts: false } });

test('a portal that does not look for deals by their contacts keeps every contact, and says so', async () => {
  const [contact, company] = [bench.portal.addContact({ silent: true }), bench.portal.addCompany({ silent: true })];
  const id = bench.portal.addDeal({ stageId: 'LOSE', silent: true, contactIds: [contact], companyId: company });
  await bench.pushFile(
    'version: 1\nrules:\n  - { id: tidy, when: { type: deal, stages: all-lost }, wait: 0m, delete: [contacts, company, deal] }\n',
  );
  const taskId = await bench.taskOf({ entityTypeId: 2, id }, 'tidy');
  await bench.workFor(30);
  const task = await bench.task(taskId);
  expect(task.status).toBe('done');
  expect(task.deletions?.map(({ what, outcome }) => [what, outcome?.result, outcome?.why])).toEqual([
    ['contacts', 'guarded', 'guard-unreadable: open-deals: the portal does not say'],
    ['company', 'deleted', undefined],
    ['deal', 'deleted', undefined],
  ]);
  expect(bench.portal.item(3, contact)).toBeDefined();
});
