// Loaded into the child that runs the functions: when the process that started it is gone, however it ended,
// the channel to it closes, and the child must not stay behind and hold its ports.
import process from 'node:process';

process.on('disconnect', () => process.exit(0));
// Listening to the channel must not keep a child alive that has nothing else to do, such as one that failed to start.
process.channel?.unref();
