import type { Simulator } from '../../simulator/simulator.ts';
import type { Stack } from './stack.ts';

/** What `npm start` prints when everything is ready: where it is, and three lines to try it with. */
export function welcome(stack: Stack<Simulator | undefined>, dataDir: string): string {
  const { httpUrl, sqsUrl, dynamoDbUrl, simulator } = stack;
  const portal = simulator === undefined ? 'none: bring your own' : `http://${simulator.portal.domain}/simulator/`;
  return [
    '',
    'tidy24 is running. Ctrl-C ends it.',
    `  app's handler   ${httpUrl}/bitrix24/install`,
    `  events          ${httpUrl}/bitrix24/events`,
    `  SQS             ${sqsUrl}`,
    `  DynamoDB        ${dynamoDbUrl}`,
    `  test portal     ${portal}`,
    `  data            ${dataDir}`,
    '',
    'Try this in another terminal:',
    ...(simulator === undefined ? ownPortal : simulated(httpUrl, simulator)),
    ...(simulator === undefined ? [] : ['', 'A guided tour: docs/tour.md']),
    '',
  ].join('\n');
}

/** The portal installs the app and shows its client id and secret, which the second command asks for. */
function simulated(httpUrl: string, { portal }: Simulator): string[] {
  return [
    `  curl -d installUrl=${httpUrl}/bitrix24/install http://${portal.domain}/simulator/apps/install`,
    '  npx tidy24 portals credentials --local',
    '  npx tidy24 portals list --local',
  ];
}

const ownPortal = [
  '  npx tidy24 portals connect --local --help',
  '  npx tidy24 portals list --local',
  '  npx tidy24 rules check rules.yaml',
];
