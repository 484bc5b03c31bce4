import type { Dice } from '../hostile/dice.ts';
import { type Fate, type Followed, pipelineOf } from './fates.ts';
import type { Member } from './stage.ts';

type Lost = Extract<Fate, 'contacts-unlinked' | 'contacts-deleted' | 'deal-deleted' | 'refused' | 'waits' | 'no-rule'>;
/** By how often they are drawn. */
const losses: readonly Lost[] = [
  ...Array.from({ length: 8 }, (): Lost => 'contacts-unlinked'),
  ...Array.from({ length: 5 }, (): Lost => 'contacts-deleted'),
  ...Array.from({ length: 4 }, (): Lost => 'deal-deleted'),
  'no-rule',
  'no-rule',
  'waits',
];
/** How tidy24 hears of a loss. What no event tells of, reconciliation finds. */
const routes = ['event', 'event', 'event', 'event', 'twice', 'dropped', 'silent', 'robot'] as const;
/** A portal has so many deals in progress, which people and robots touch again and again. */
const inProgress = 60;
const stormSize = 150;

/** What people and robots do on the portals. Everything that must not be touched is followed as well. */
export class Deeds {
  readonly followed: Followed[] = [];
  readonly counts = new Map<string, number>();
  readonly #members: readonly Member[];
  readonly #dice: Dice;
  readonly #touched = new Map<Member, Followed[]>();

  constructor(members: readonly Member[], dice: Dice) {
    this.#members = members;
    this.#dice = dice;
  }

  /** Deals that were lost before anybody enforced anything, and those in progress. */
  furnish(): void {
    for (const member of this.#members) {
      // Who only observes looks at the past as well.
      const fate = member.isObserving ? 'observed' : 'lost-before';
      for (let index = 0; index < 10; index += 1) this.#lose(member, this.#add(member, fate), 'silent');
      this.#touched.set(
        member,
        Array.from({ length: inProgress }, () => this.#add(member, 'open')),
      );
    }
  }

  /** On every portal one that will never go. */
  refuse(): void {
    for (const member of this.#members.filter(({ isObserving }) => !isObserving)) {
      const deal = this.#add(member, 'refused');
      member.portal.forbidDeletion(2, deal.id, 'Still needed');
      this.#lose(member, deal, 'event');
    }
  }

  /** One of them, drawn. */
  act(): void {
    const dice = this.#dice;
    const member = dice.one(this.#members);
    if (!member) return;
    const way = dice.below(20);
    if (way < 12) this.#lose(member, this.#add(member, this.#drawn(member)), dice.one(routes) ?? 'event');
    else if (way < 17) this.#touch(member);
    else if (way < 18) this.#win(member);
    else if (way < 19) this.#again(member);
    else this.#count('robot on a deal in progress', () => this.#robot(member));
  }

  /** A mass edit: many deals change within a moment, some of them are lost by it. */
  storm(): void {
    const member = this.#dice.one(this.#members);
    if (!member) return;
    this.#count('storm', () => {
      for (let index = 0; index < stormSize; index += 1) {
        if (this.#dice.chance(0.15)) this.#lose(member, this.#add(member, this.#drawn(member)), 'event');
        else this.#touch(member);
      }
    });
  }

  #drawn({ isObserving }: Member): Fate {
    return isObserving ? 'observed' : (this.#dice.one(losses) ?? 'no-rule');
  }

  #add({ portal }: Member, fate: Fate): Followed {
    const contacts = Array.from({ length: 1 + this.#dice.below(3) }, () => portal.addContact({ silent: true }));
    const categoryId = pipelineOf[fate];
    const stageId = `C${categoryId}:NEW`;
    const id = portal.addDeal({ categoryId, stageId, contactIds: contacts, silent: true });
    const deal = { portal, id, contacts, fate };
    this.followed.push(deal);
    return deal;
  }

  #lose({ portal, robotUrl }: Member, { id, fate }: Followed, route: (typeof routes)[number]): void {
    const stageId = `C${pipelineOf[fate]}:LOST`;
    this.#count(`lost, told by: ${route}`, () => {
      if (route === 'twice') portal.duplicateEvents(1);
      if (route === 'dropped') portal.dropEvents(1);
      portal.moveDeal(id, stageId, { silent: route === 'silent' || route === 'robot' });
      if (route === 'robot') portal.fireRobot(robotUrl, id);
    });
  }

  #touch(member: Member): void {
    const deal = this.#dice.one(this.#touched.get(member) ?? []);
    if (!deal) return;
    this.#count('change of a deal in progress', () =>
      member.portal.updateDeal(deal.id, { title: `${this.#dice.below(1e6)}` }),
    );
  }

  #win(member: Member): void {
    const { id } = this.#add(member, 'won');
    this.#count('won', () => member.portal.moveDeal(id, `C${pipelineOf.won}:WON`));
  }

  /** The same body once more: of what was lost long ago, or never was. */
  #again({ portal }: Member): void {
    const posted = this.#dice.one(portal.postedEvents.filter(({ event }) => event === 'ONCRMDEALUPDATE').slice(-200));
    if (posted) this.#count('event repeated', () => portal.replayEvent(posted));
  }

  #robot(member: Member): void {
    for (const { id } of this.#dice.some(this.#touched.get(member) ?? [], 5))
      member.portal.fireRobot(member.robotUrl, id);
  }

  #count(what: string, deed: () => void): void {
    deed();
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
