import { openQueue } from '../../lib/aws/queue.ts';
import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { ordinaryLimits } from '../../lib/bitrix24/limits.ts';
import { loadRules } from '../../lib/rules/load.ts';
import { nextVersion } from '../../lib/rules/version.ts';
import { tasksPerMessage } from '../../lib/tasks/messages.ts';
import { sendTasks } from '../../lib/tasks/send-due.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import { until } from '../drain/until.ts';
import type { Deployed } from '../support/deployed/deployed.ts';
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

/** Lost deals of four portals that are never busy; each deal has two contacts to unlink and to delete. */
export function workerLoad(): Load {
  let deployed: Deployed | undefined;
  let simulator: Simulator | undefined;
  const portals: SimulatedPortal[] = [];
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
      const contacts = await Promise.all(portals.map((portal) => lose(given, portal, each)));
      await until(
        () => portals.every((portal, index) => contacts[index]?.every((id) => portal.item(contact, id) === undefined)),
        'Every contact is deleted',
      );
      for (const portal of portals) portal.clearRequests();
      return each * sideBySide;
    },
    close: async () => simulator?.close(),
  };
}

async function connected(simulator: Simulator, { portals, credentials }: Deployed): Promise<SimulatedPortal> {
  const infinite = Number.POSITIVE_INFINITY;
  const portal = await simulator.addPortal({ limits: { burst: infinite, operatingSeconds: infinite } });
  const { memberId, domain } = portal;
  const since = Date.now() - 3_600_000;
  await portals.create({
    memberId,
    domain,
    connection: 'webhook',
    state: 'active',
    mode: 'enforce',
    enforcedAt: since,
    tokenDigests: [],
    robotKeyDigests: [],
    limits: { ...ordinaryLimits, ...unlimited },
    caps: { hour: 1_000_000, day: 1_000_000, spike: null },
  });
  await credentials.put({ memberId, kind: 'webhook', url: portal.createWebhook() });
  await portals.pushRules(memberId, nextVersion(undefined, loadRules(source), source, since, 'bench'));
  return portal;
}

/** So many deals are lost, and the worker is told of them. Gives their contacts. */
async function lose(deployed: Deployed, portal: SimulatedPortal, count: number): Promise<number[]> {
  const { tasks, sqs } = deployed;
  const { memberId } = portal;
  const contacts: number[] = [];
  const made: { memberId: string; taskId: string }[] = [];
  for (let index = 0; index < count; index += 1) {
    const contactIds = Array.from({ length: contactsOfDeal }, () => portal.addContact({ silent: true }));
    const id = portal.addDeal({ contactIds, silent: true });
    portal.moveDeal(id, 'LOSE', { silent: true });
    contacts.push(...contactIds);
    const { stageId, movedTime } = portal.item(EntityType.deal, id) ?? {};
    const transition = { stageId: String(stageId), movedTime: Date.parse(String(movedTime)) };
    const record = { entityTypeId: EntityType.deal, id };
    const { taskId } = await tasks.create(
      { memberId, record, rule: { id: 'unlink-and-delete', version: 1 }, transition, run: 0 },
      { nextAt: Date.now() + 900_000, lane: '1', source: 'app', history: [] },
    );
    made.push({ memberId, taskId });
  }
  const newId = (): string => crypto.randomUUID();
  const unsent = await sendTasks(openQueue(sqs, deployed.variable('DELETIONS_QUEUE_URL'), newId), made);
  if (unsent.length > 0) throw new Error('The queue did not take the tasks');
  return contacts;
}
