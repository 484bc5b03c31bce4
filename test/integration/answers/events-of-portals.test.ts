import { afterEach, expect, test } from '@jest/globals';
import { lostStage } from '../support/scenario.ts';
import { expectDone } from './reactions.ts';
import { deletion, Stage } from './stage.ts';

const otherPipeline = 'C7:UC_LOST';
let stage: Stage;

afterEach(async () => {
  await stage.close();
});

async function open(options: Parameters<typeof Stage.open>[0]): Promise<void> {
  stage = await Stage.open(options);
  stage.portal.addPipeline({
    id: 7,
    name: 'Rentals',
    stages: [
      { id: 'C7:NEW', name: 'New', sort: 10 },
      { id: 'C7:WON', name: 'Won', sort: 20 },
      { id: otherPipeline, name: 'Too expensive', sort: 30 },
    ],
  });
  await stage.fresh();
}

test('a move to another pipeline that is told as an update too is one loss [event/deal-move-to-category/and-update]', async () => {
  await open({ simulator: { portal: { pipelineMoveAlsoUpdates: true } } });
  const deal = stage.addDeal();
  const from = stage.portal.postedEvents.length;
  stage.portal.moveDeal(deal.id, otherPipeline);
  await stage.deployment.run();
  const events = stage.portal.postedEvents.slice(from).map(({ event }) => event);
  expect(events.toSorted()).toEqual(['ONCRMDEALMOVETOCATEGORY', 'ONCRMDEALUPDATE']);
  await expectDone(stage, deal, 'none');
  expect(stage.portal.calls(deletion)).toHaveLength(1);
  await stage.expectNothingElseTouched();
});

test('a portal that is connected by webhooks tells of a lost deal [event/deal-update/webhook], but not of a move to another pipeline, which is found later [event/deal-move-to-category/webhook]', async () => {
  await open({ by: 'webhooks' });
  const [lost, moved] = [stage.addDeal(), stage.addDeal()];
  const from = stage.portal.postedEvents.length;
  stage.portal.moveDeal(lost.id, lostStage);
  stage.portal.moveDeal(moved.id, otherPipeline);
  await stage.deployment.run();
  expect(stage.portal.postedEvents.slice(from)).toEqual([
    expect.objectContaining({ event: 'ONCRMDEALUPDATE', sender: 'webhook', id: lost.id, outcome: 200 }),
  ]);
  await expectDone(stage, lost, 'none');
  expect(stage.portal.contactsOf(moved.id)).toEqual(moved.contactIds);
  await stage.deployment.pass(16 * 60_000);
  await expectDone(stage, moved, 'none');
  await stage.expectNothingElseTouched();
});
