import type { SimulatedPortal } from './portal.ts';

/** The lost stage of pipeline 5: lost by its place after WON, not by its name. */
export const DEMO_LOST_STAGE = 'C5:UC_7K2M';

/** The smart process of the demo data, and the pipeline of its items. */
export const DEMO_PROCESS = 1044;

/** What the demo dataset put in place. */
export interface DemoData {
  /** An open deal in pipeline 5 with three contacts, a company and two projects. */
  readonly dealId: number;
  /** Another one, with two contacts of its own. */
  readonly otherDealId: number;
  readonly lostStageId: string;
}

/**
 * A portal to try things on: a second pipeline whose lost stage is not called LOSE, deals with contacts and a company, a
 * lead, a user field for the reason of a loss, and a smart process with projects, two of them of the first deal.
 * Does nothing on a portal that has deals already, so that a restart keeps what was done.
 */
export function seedDemoData(portal: SimulatedPortal): DemoData {
  const data = { dealId: 1, otherDealId: 2, lostStageId: DEMO_LOST_STAGE };
  if (portal.deal(1) || portal.stages(5).length > 0) return data;
  portal.addPipeline({
    id: 5,
    name: 'Renewals',
    stages: [
      { id: 'NEW', name: 'New' },
      { id: 'PREPARATION', name: 'Offer sent' },
      { id: 'EXECUTING', name: 'Negotiation' },
      { id: 'WON', name: 'Renewed' },
      { id: 'LOSE', name: 'Not renewed' },
      { id: 'UC_7K2M', name: 'Chose a competitor' },
    ],
  });
  portal.addField(2, { name: 'UF_CRM_LOST_REASON', type: 'string', title: 'Reason of the loss' });
  const pipeline = portal.addType({ entityTypeId: DEMO_PROCESS, title: 'Projects' });
  const companyId = portal.addCompany({ title: 'Northwind', silent: true });
  const people = ['Anna', 'Boris', 'Clara', 'David', 'Elena', 'Felix', 'Greta'].map((name) =>
    portal.addContact({ name, lastName: 'Example', companyId: name < 'C' ? companyId : 0, silent: true }),
  );
  const inRenewals = { categoryId: 5, stageId: 'C5:EXECUTING', silent: true };
  portal.addDeal({ ...inRenewals, title: 'Support contract', contactIds: people.slice(0, 3), companyId });
  portal.addDeal({ ...inRenewals, title: 'Licences', contactIds: people.slice(3, 5) });
  portal.addDeal({ title: 'First order', contactIds: people.slice(5), stageId: 'PREPARATION', silent: true });
  portal.addLead({ title: 'Asked at the fair', stageId: 'IN_PROCESS', silent: true });
  const project = { categoryId: pipeline, stageId: `DT${DEMO_PROCESS}_${pipeline}:PREPARATION`, silent: true };
  for (const title of ['Set-up', 'Training']) {
    portal.addItem(DEMO_PROCESS, { ...project, title, parents: { 2: data.dealId } });
  }
  portal.addItem(DEMO_PROCESS, { ...project, title: 'Move of the office' });
  return data;
}
