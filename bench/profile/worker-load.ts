import { openQueue } from '../../lib/aws/queue.ts';
import { createTelemetry } from '../../lib/aws/telemetry.ts';
import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import type { StoredRules } from '../../lib/rules/version.ts';
import { tasksPerMessage } from '../../lib/tasks/messages.ts';
import { type Sendable, sendTasks } from '../../lib/tasks/send-due.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { until } from '../drain/until.ts';
import type { Deployed } from '../support/deployed/deployed.ts';
import { connectPortal, createTask } from '../support/lost-deals.ts';
import type { Load } from './load.ts';

const sideBySide = 4;
const contactsOfDeal = 2;
const contact = EntityType.contact;
const source = `
version: 1
rules:
  - id: unlink-and-delete
    when: { type: deal, stages: all-lost }
    wait: 0m
    delete: [deal-contacts, contacts]
`;
const unlimited = { requestsPerSecond: 1e6, burst: 1e6, operatingSeconds: 1e6, operatingWindowSeconds: 600 };

interface Connected {
  readonly portal: SimulatedPortal;
  readonly rules: StoredRules;
}

/** Lost deals of four portals that are never busy; each deal has two contacts to unlink and to delete. */
export function workerLoad(): Load {
  let deployed: Deployed | undefined;
  let simulator: Simulator | undefined;
  const portals: Connected[] = [];
  return {
    functionKey: 'worker',
    unit: 'task',
    async prepare(given) {
      deployed = given;
      simulator = await startSimulator();
      for (let index = 0; index < sideBySide; index += 1) portals.push(await connected(simulator, given));
      given.run();
    },
    async work(count) {
      if (!deployed) throw new Error('Nothing is prepared');
      const given = deployed;
      const each = Math.ceil(count / sideBySide / tasksPerMessage) * tasksPerMessage;
      const contacts = await Promise.all(portals.map((one) => lose(given, one, each)));
      await until(
        () =>
          portals.every(({ portal }, index) => contacts[index]?.every((id) => portal.item(contact, id) === undefined)),
        'Every contact is deleted',
      );
      for (const { portal } of portals) portal.clearRequests();
      return each * sideBySide;
    },
    close: async () => simulator?.close(),
  };
}

async function connected(simulator: Simulator, given: Deployed): Promise<Connected> {
  const infinite = Number.POSITIVE_INFINITY;
  const portal = await simulator.addPortal({ limits: { burst: infinite, operatingSeconds: infinite } });
  const since = Date.now() - 3_600_000;
  const limits = { ...ordinaryLimits, ...unlimited };
  const { rules } = await connectPortal(given, portal, { since, limits, source });
  return { portal, rules };
}

/** So many deals are lost, and the worker is told of them. Gives their contacts. */
async function lose(deployed: Deployed, { portal, rules }: Connected, count: number): Promise<number[]> {
  const { tasks, sqs } = deployed;
  const { memberId } = portal;
  const contacts: number[] = [];
  const made: Sendable[] = [];
  for (let index = 0; index < count; index += 1) {
    const contactIds = Array.from({ length: contactsOfDeal }, () => portal.addContact({ silent: true }));
    const id = portal.addDeal({ contactIds, silent: true });
    portal.moveDeal(id, 'LOSE', { silent: true });
    contacts.push(...contactIds);
    // Each is in a message already, and need not stand in line as well.
    const nextAt = Date.now() + 900_000;
    const taskId = await createTask(tasks, portal, rules, id, { nextAt, inLine: false });
    made.push({ memberId, taskId, isApart: true });
  }
  const newId = (): string => crypto.randomUUID();
  const deletions = openQueue(sqs, deployed.variable('DELETIONS_QUEUE_URL'), newId);
  const unsent = await sendTasks({ tasks, deletions, log: createTelemetry('bench').log }, made);
  if (unsent.length > 0) throw new Error('The queue did not take the tasks');
  return contacts;
}
