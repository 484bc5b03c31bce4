import { playDemo } from './demo/play.ts';

/** `npm run demo`: one lost deal from event to unlinked contacts. `-- --webhook`: the same without OAuth. */

const unknown = process.argv.slice(2).filter((argument) => argument !== '--webhook');
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(' ')}. The demo knows one option: --webhook`);
  process.exit(2);
}
try {
  const webhook = process.argv.includes('--webhook');
  const problems = await playDemo({ webhook, print: (line) => console.log(line) });
  for (const problem of problems) console.error(`Wrong: ${problem}`);
  if (problems.length === 0) {
    console.log('As it must be: the three links are gone, the deal that is not lost kept its own,');
    console.log(webhook ? 'and no token was refreshed.' : 'and the expired token was refreshed exactly once.');
  }
  process.exit(problems.length === 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
