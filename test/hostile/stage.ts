import { deletionMethods } from '../../lib/tasks/task.ts';
import type { Dice } from './dice.ts';
import { holdField } from './knowledge.ts';
import { process, World } from './world.ts';

const everything = `[deal-contacts, company-contacts, contacts, company, { items: { type: ${process} } }, deal]`;
/** What rules may remove. Links of a deal are often first, as they are at most who use tidy24. */
const files: readonly (readonly string[])[] = [
  ['[deal-contacts]'],
  ['[contacts, company]'],
  ['[deal-contacts, contacts]'],
  ['[{ contacts: { via: crm.contact.delete } }, deal]'],
  ['[company-contacts, company]'],
  [`[{ items: { type: ${process} } }, deal]`],
  [everything],
  [everything],
  ['[deal-contacts]', '[contacts, deal]'],
  ['[contacts]', '[company-contacts, company]'],
];

/** Somebody else than the user of the webhook, who without his rights does not see what is hers. */
const colleague = 9;

/** A portal with lost deals that share contacts and companies, and with deals of a colleague that are in progress. */
export async function furnish(world: World, dice: Dice): Promise<void> {
  const { portal, parts, memberId } = world;
  const owner = () => (dice.chance(0.5) ? 1 : colleague);
  const companies = Array.from({ length: 1 + dice.below(3) }, () =>
    portal.addCompany({ silent: true, assignedById: owner() }),
  );
  const contacts = Array.from({ length: 3 + dice.below(5) }, () =>
    portal.addContact({ silent: true, assignedById: owner(), companyIds: dice.some(companies, dice.below(2)) }),
  );
  const links = () => ({
    companyId: dice.one([0, ...companies]) ?? 0,
    contactIds: dice.some(contacts, 1 + dice.below(3)),
  });
  const lost = Array.from({ length: 2 + dice.below(4) }, () =>
    portal.addDeal({
      silent: true,
      stageId: dice.one(['LOSE', 'APOLOGY']) ?? 'LOSE',
      assignedById: owner(),
      ...links(),
    }),
  );
  for (let count = dice.below(3); count >= 0; count -= 1) {
    const contactIds = dice.some(contacts, dice.below(2));
    portal.addDeal({ silent: true, stageId: 'NEW', contactIds, assignedById: colleague });
  }
  for (const id of lost) {
    for (let count = dice.below(3); count > 0; count -= 1) {
      portal.addItem(process, { silent: true, assignedById: owner(), parents: { 2: id } });
    }
  }
  const held = dice.one(contacts);
  if (held !== undefined && dice.chance(0.3))
    portal.updateItem(3, held, { fields: { [holdField]: 'Y' }, silent: true });
  const vetoed = dice.one(contacts);
  if (vetoed !== undefined && dice.chance(0.2)) portal.forbidDeletion(3, vetoed, 'Still needed');

  await world.pushRules(dice.one(files) ?? []);
  const hour = dice.one([2, 4, 8, 1_000, 1_000]) ?? 1_000;
  await parts.portals.change(memberId, { caps: { hour, day: dice.one([6, 1_000, 1_000]) ?? 1_000, spike: null } });
  if (dice.chance(0.5)) await beSlow(world);
  for (const id of lost) world.tell(id);
}

/** Deletions are known to be so slow that a batch holds one: each round is prepared while the one before deletes. */
async function beSlow({ parts, memberId, time }: World): Promise<void> {
  const use = { operating: 0, resetAt: time.now, perCall: 30, at: time.now };
  const types = [2, 3, 4, process].map((type) => `crm.item.delete#${type}`);
  await parts.budgets.setOperating(memberId, new Map([...deletionMethods, ...types].map((key) => [key, use])));
}
