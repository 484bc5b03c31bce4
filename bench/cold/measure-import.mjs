// Imports the file that is named and prints how long it took, by the clock and of the processor, and how long Node itself
// had taken to start. In ms.
const start = process.cpuUsage();
const begin = performance.now();
await import(process.argv[2]);
const importMs = performance.now() - begin;
const { user, system } = process.cpuUsage(start);
const cpuMs = (user + system) / 1000;
process.stdout.write(JSON.stringify({ importMs, cpuMs, startMs: performance.nodeTiming.bootstrapComplete }));
// An import may have left a timer behind.
process.exit();
