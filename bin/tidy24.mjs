#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read. tidy24 itself is TypeScript for Node 24, which `npm ci` puts into
// node_modules: an older Node hands over to that one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const needed = 24;

if (Number(process.versions.node.split('.')[0]) >= needed) {
  // Starts in half the time from the second command on. In a folder of our own: what is in it is run.
  module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tidy24', import.meta.url)));
  const { main } = await import('./cli.ts');
  process.exitCode = await main();
} else {
  handOver(fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url)));
}

/** @param {string} node path of the Node to go on with */
function handOver(node) {
  if (!existsSync(node)) {
    process.stderr.write(
      `tidy24 needs Node ${needed} (this is ${process.versions.node}) and finds none in node_modules: run npm ci first.\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', ({ message }) => {
    process.stderr.write(`Node ${needed} in node_modules does not start: ${message}. Run npm ci again.\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}
