import { DeleteMessageCommand } from '@aws-sdk/client-sqs';
import { expect, jest } from '@jest/globals';
import { EntityType } from '../../../lib/bitrix24/entity-types.ts';
import { type DeadLetter, deadLetterSchema } from '../../../lib/tasks/messages.ts';
import type { Task } from '../../../lib/tasks/task.ts';
import type { SimulatorOptions } from '../../../simulator/options.ts';
import type { SimulatedApp } from '../../../simulator/portal-apps.ts';
import { tidy24 } from '../support/command-line.ts';
import { Deployment } from '../support/deployment.ts';
import { connectWebhooks, enforce, furnish, installApp, lostStage, pushRules } from '../support/scenario.ts';

export const deletion = 'crm.deal.contact.items.delete';
const minute = 60_000;

/** A deal that a case is about, and one beside it that has the same contacts and is nobody's business. */
export interface Deal {
  readonly id: number;
  readonly neighbour: number;
  readonly contactIds: readonly number[];
}

/** A whole tidy24 with one portal that enforces, for many cases one after the other: each has deals of its own. */
export class Stage {
  readonly deployment: Deployment;
  /** Undefined when it is connected by webhooks. */
  readonly app: SimulatedApp | undefined;
  #deals: Deal[] = [];

  private constructor(deployment: Deployment, app: SimulatedApp | undefined) {
    this.deployment = deployment;
    this.app = app;
  }

  static async open({
    by = 'app',
    simulator = {},
  }: { by?: 'app' | 'webhooks'; simulator?: SimulatorOptions } = {}): Promise<Stage> {
    const deployment = await Deployment.start(simulator);
    furnish(deployment);
    const app = by === 'app' ? await installApp(deployment) : undefined;
    if (by === 'webhooks') await connectWebhooks(deployment);
    await pushRules(deployment);
    await enforce(deployment);
    return new Stage(deployment, app);
  }

  get portal() {
    return this.deployment.portal;
  }

  /** Begins a case: an hour has passed since the last one, and its tasks have gone as their time to live has them go. */
  async fresh(): Promise<void> {
    for (const deal of this.#deals) {
      const task = await this.task(deal);
      if (task) await this.deployment.tables.tasks.delete({ taskId: task.taskId, sk: 'task' });
    }
    this.#deals = [];
    this.portal.faults.clear();
    await this.deployment.portals.resume(this.portal.memberId); // If the case before has failed in the middle.
    jest.setSystemTime(Date.now() + 61 * minute);
    await this.deployment.tick();
    this.portal.clearRequests();
  }

  addDeal(): Deal {
    const contactIds = [1, 2, 3].map(() => this.portal.addContact({ silent: true }));
    const add = () => this.portal.addDeal({ categoryId: 5, stageId: 'C5:NEW', contactIds, silent: true });
    const deal = { id: add(), neighbour: add(), contactIds };
    this.#deals.push(deal);
    return deal;
  }

  /** A deal that came about in another way is one of the case's as well. */
  adopt(deal: Deal): void {
    this.#deals.push(deal);
  }

  lose(...deals: readonly Deal[]): void {
    for (const { id } of deals) this.portal.moveDeal(id, lostStage);
  }

  /** Somebody takes the deal up again, and Bitrix24 loses the event. */
  reopen({ id }: Deal): void {
    this.portal.moveDeal(id, 'C5:NEW', { silent: true });
  }

  isUnlinked({ id }: Deal): boolean {
    return this.portal.contactsOf(id).length === 0;
  }

  async task({ id }: Deal): Promise<Task | undefined> {
    // The newest first; a case has two deals.
    const { tasks } = await this.deployment.tasks.listByPortal(this.portal.memberId, { limit: 12 });
    const found = tasks.filter(({ record }) => record.id === id);
    expect(found.length).toBeLessThanOrEqual(1);
    return found[0];
  }

  async pause() {
    return (await this.deployment.portals.get(this.portal.memberId))?.pause;
  }

  /** Minutes pass, one by one, until the deal's task has ended. */
  async untilEnded(deal: Deal, minutes = 40): Promise<Task> {
    for (let passed = 0; passed <= minutes; passed += 1) {
      const task = await this.task(deal);
      if (task && task.status !== 'open') return task;
      await this.deployment.pass(minute);
    }
    throw new Error(`The task of deal ${deal.id} has not ended after ${minutes} minutes`);
  }

  /** What lies in the dead-letter queue of deletions; it is taken away. */
  async takeLetters(): Promise<DeadLetter[]> {
    const { deployment } = this;
    const QueueUrl = deployment.variable('DELETIONS_DLQ_URL');
    const messages = await deployment.receive(QueueUrl);
    for (const { ReceiptHandle } of messages) {
      await deployment.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return messages.map(({ Body = '' }) => deadLetterSchema.parse(JSON.parse(Body)));
  }

  /** What holds at the end of every case, whatever the portal answered. */
  async expectNothingElseTouched(): Promise<void> {
    const { deployment, portal } = this;
    const mine = new Set(this.#deals.map(({ id }) => id));
    for (const { neighbour, contactIds } of this.#deals) {
      expect(portal.contactsOf(neighbour)).toEqual(contactIds);
      for (const contactId of contactIds) expect(portal.item(EntityType.contact, contactId)).toBeDefined();
    }
    const deleted = portal.calls(deletion);
    expect(deleted.map(({ params }) => Number(params['id'])).filter((id) => !mine.has(id))).toEqual([]);
    expect(await this.pause()).toBeUndefined();
    expect(await deployment.dueRows()).toEqual([]);
    expect(await this.takeLetters()).toEqual([]);
    expect(deployment.crashes).toEqual([]);
  }

  /** `tidy24 portals resume`, as a person types it. */
  async resume(): Promise<void> {
    const { aws, front } = this.deployment;
    const at = { ...aws, httpUrl: front.url };
    const { code, stderr } = await tidy24(['portals', 'resume', this.portal.memberId], at);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }

  async close(): Promise<void> {
    await this.deployment.close();
  }
}
