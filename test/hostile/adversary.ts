import type { PortalSnapshot } from '../../simulator/portal-snapshot.ts';
import type { CrmRecord } from '../../simulator/state.ts';
import { answers } from '../property/scenario.ts';
import type { Dice } from './dice.ts';
import { holdField, lostStages, openStages } from './knowledge.ts';
import type { World } from './world.ts';

const user = 1;
type Answer = keyof typeof answers;
/** Those that take time are drawn elsewhere; a webhook has no token that ends. */
const given = (Object.keys(answers) as Answer[]).filter(
  (name) => !['slow', 'very-slow', 'expired-token'].includes(name),
);

/** Everybody who comes between two steps of a worker: people, robots, a network, SQS. */
export class Adversary {
  readonly #world: World;
  readonly #dice: Dice;
  #near: ReadonlySet<string> = new Set();
  readonly #deeds: readonly (readonly [weight: number, deed: () => unknown])[];

  constructor(world: World, dice: Dice) {
    this.#world = world;
    this.#dice = dice;
    this.#deeds = [
      [6, () => this.#flip()],
      [5, () => this.#client()],
      [2, () => this.#company()],
      [3, () => this.#link()],
      [3, () => this.#tick()],
      [3, () => this.#hold()],
      [5, () => this.#stop()],
      [3, () => this.#pause()],
      [5, () => this.#rights()],
      [4, () => this.#caps()],
      [5, () => this.#fault()],
      [2, () => this.#remove()],
      [1, () => this.#veto()],
      [8, () => this.#message()],
      [1, () => this.#cancel()],
      [1, () => this.#mode()],
      [4, () => this.#kill()],
    ];
  }

  async act(): Promise<void> {
    this.#near = await this.#atWork();
    const all = this.#deeds.reduce((sum, [weight]) => sum + weight, 0);
    let drawn = this.#dice.below(all);
    const [, deed] = this.#deeds.find(([weight]) => (drawn -= weight) < 0) ?? [];
    await deed?.();
  }

  /** Nothing is in the way any more. */
  async mend(): Promise<void> {
    const { portal, parts, memberId, witness } = this.#world;
    portal.faults.clear();
    portal.changeUser(user, { admin: true, rights: 'all' });
    await parts.killSwitch.start();
    await parts.portals.change(memberId, {
      caps: { hour: 100_000, day: 100_000, spike: null },
      mode: 'enforce',
    });
    await parts.caps.release(memberId);
    witness.released();
  }

  #of(type: number, where: (record: CrmRecord) => boolean = () => true): CrmRecord | undefined {
    const { records }: PortalSnapshot = this.#world.portal.snapshotState();
    const all = Object.values(records).filter((one) => one.entityTypeId === type && where(one));
    const near = all.filter(({ id }) => this.#near.has(`${type}:${id}`));
    return this.#dice.one(near.length > 0 && this.#dice.chance(0.7) ? near : all);
  }

  /** What workers have in hand at this moment: there it hurts. */
  async #atWork(): Promise<ReadonlySet<string>> {
    const { live, parts, portal } = this.#world;
    const tasks = await parts.tasks.getMany([...new Set(live.flatMap(({ taskIds }) => [...taskIds]))]);
    return new Set(
      tasks.flatMap(({ record, deletions = [] }) => [
        `2:${record.id}`,
        `4:${Number(portal.deal(record.id)?.['companyId'] ?? 0)}`,
        ...portal.contactsOf(record.id).map((id) => `3:${id}`),
        ...deletions.map(({ entityTypeId, id }) => `${entityTypeId}:${id}`),
      ]),
    );
  }

  #flip(): void {
    const record = this.#of(2);
    if (!record) return;
    const stages = lostStages.includes(record.stageId) === this.#dice.chance(0.8) ? openStages : lostStages;
    this.#world.portal.updateDeal(record.id, { stageId: this.#dice.one(stages) ?? 'NEW', silent: true });
    for (let times = this.#dice.below(3); times > 0; times -= 1) this.#world.tell(record.id);
  }

  /** A contact becomes the second one of a colleague's deal, or is taken off it. */
  #client(): void {
    const mine = this.#of(2, ({ stageId }) => !lostStages.includes(stageId));
    const contact = this.#of(3);
    if (!mine || !contact) return;
    const { portal } = this.#world;
    const linked = portal.contactsOf(mine.id);
    const contactIds = linked.includes(contact.id) ? linked.filter((id) => id !== contact.id) : [...linked, contact.id];
    portal.updateDeal(mine.id, { contactIds, silent: true });
  }

  #company(): void {
    const mine = this.#of(2, ({ stageId }) => !lostStages.includes(stageId));
    const company = this.#of(4);
    if (!mine || !company) return;
    const companyId = mine.companyId === company.id ? 0 : company.id;
    this.#world.portal.updateDeal(mine.id, { companyId, silent: true });
  }

  /** The contacts of a lost deal change under the worker's hands. */
  #link(): void {
    const lost = this.#of(2, ({ stageId }) => lostStages.includes(stageId));
    const contact = this.#of(3);
    if (!lost || !contact) return;
    const { portal } = this.#world;
    const linked = portal.contactsOf(lost.id);
    const contactIds = this.#dice.chance(0.3) ? linked.slice(1) : [...new Set([...linked, contact.id])];
    portal.updateDeal(lost.id, { contactIds, silent: true });
  }

  #any(): CrmRecord | undefined {
    return this.#of(this.#dice.one([2, 3, 3, 4, 1044]) ?? 3);
  }

  #tick(): void {
    const one = this.#any();
    const value = this.#dice.chance(0.5) ? 'Y' : 'N';
    if (one) this.#world.portal.updateItem(one.entityTypeId, one.id, { fields: { [holdField]: value }, silent: true });
  }

  async #hold(): Promise<void> {
    const { parts, memberId, time } = this.#world;
    const one = this.#any();
    if (!one) return;
    const { entityTypeId, id } = one;
    if (this.#dice.chance(0.5)) await parts.portals.holds.remove(memberId, { entityTypeId, id });
    else await parts.portals.holds.put(memberId, { entityTypeId, id, by: 'test', at: time.now });
  }

  async #stop(): Promise<void> {
    const { killSwitch } = this.#world.parts;
    if (!(await killSwitch.stop('test', 'drawn'))) await killSwitch.start();
  }

  async #pause(): Promise<void> {
    const { portals } = this.#world.parts;
    const paused =
      this.#dice.chance(0.4) && (await portals.pause(this.#world.memberId, { code: 'by-hand', reason: 'Drawn' }));
    if (!paused) await this.resume();
  }

  /** `tidy24 portals resume`. */
  async resume(): Promise<void> {
    const { parts, memberId } = this.#world;
    await parts.portals.resume(memberId);
    await parts.tasks.hastenPortal(memberId);
  }

  #rights(): void {
    const { portal } = this.#world;
    const admin = portal.users.find(({ id }) => id === user)?.admin !== true;
    portal.changeUser(user, { admin, rights: admin ? 'all' : 'own' });
  }

  async #caps(): Promise<void> {
    const { parts, memberId, witness } = this.#world;
    if (this.#dice.chance(0.3)) {
      await parts.caps.release(memberId);
      witness.released();
      await this.resume();
      return;
    }
    const hour = this.#dice.one([1, 2, 4, 6, 1_000]) ?? 1;
    await parts.portals.change(memberId, { caps: { hour, day: 1_000, spike: null } });
  }

  #fault(): void {
    const give = answers[this.#dice.one(given) ?? 'reset'];
    const isCommand = this.#dice.chance(0.3);
    const when = isCommand
      ? { method: /\.delete$/, inBatch: 'command' as const }
      : this.#dice.chance(0.5)
        ? { method: /\.delete$/, inBatch: 'envelope' as const }
        : { inBatch: 'envelope' as const };
    this.#world.portal.faults.add({ when, give });
  }

  #remove(): void {
    const one = this.#any();
    // Not what makes everything else about nothing.
    if (one && this.#dice.chance(0.4)) this.#world.portal.removeItem(one.entityTypeId, one.id, { silent: true });
  }

  #veto(): void {
    const one = this.#any();
    if (one) this.#world.portal.forbidDeletion(one.entityTypeId, one.id, 'Still needed');
  }

  /** A message comes twice, or too early, or another one names the same tasks, or it is lost. */
  #message(): void {
    const { deletions, time } = this.#world;
    const message = this.#dice.one(deletions.messages);
    if (!message) return;
    const { body } = message;
    const way = this.#dice.below(10);
    if (way < 4) message.visibleAt = time.now;
    else if (way < 9) {
      const taskIds = this.#dice.some(body.taskIds, 1 + this.#dice.below(body.taskIds.length));
      deletions.messages.unshift({ body: { ...body, taskIds }, receives: 0, visibleAt: time.now });
    } else deletions.delete([message]);
  }

  async #cancel(): Promise<void> {
    const task = this.#dice.one(await this.#world.tasks());
    if (!task) return;
    const history = [{ at: this.#world.time.now, what: 'ended' as const, text: 'Cancelled by test' }];
    await this.#world.parts.tasks.end(task.taskId, { status: 'cancelled', reason: 'cancelled-by-operator', history });
  }

  async #mode(): Promise<void> {
    const { parts, memberId, time } = this.#world;
    const isEnforced = (await parts.portals.get(memberId))?.mode === 'enforce';
    const enforcedAt = Math.floor(time.now / 1000) * 1000;
    await parts.portals.change(memberId, isEnforced ? { mode: 'observe' } : { mode: 'enforce', enforcedAt });
  }

  async #kill(): Promise<void> {
    const victim = this.#dice.one(this.#world.live);
    const held = victim && this.#dice.one(victim.held);
    await held?.go(this.#dice.chance(0.5) ? 'dies-before' : 'dies-after');
  }
}
