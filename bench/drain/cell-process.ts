// Measures one cell, in a process of its own: what has once lived fast would go on at that speed where a function took
// `Date.now` when it was loaded. argv[2]: which one, as TIDY24_CELLS names it. Says {"progress"} now and then, and
// {"table"} in the end.
import { cells } from './cells.ts';
import { measureCell } from './measure-cell.ts';

// Nobody waits for the table any more.
const abandoned = (): never => process.exit(1);
process.on('disconnect', abandoned);
const cell = cells().find(({ name }) => name === process.argv[2]);
if (!cell) throw new Error(`There is no ${String(process.argv[2])}`);
const table = await measureCell(cell, (progress) => process.send?.({ progress }));
process.off('disconnect', abandoned);
process.send?.({ table }, () => process.disconnect());
