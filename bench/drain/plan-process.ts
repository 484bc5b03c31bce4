// Measures the cells of one plan; argv[2] is its name. Says {"progress"} now and then, and {"tables"} in the end.
import { cells } from './cells.ts';
import { measureCells } from './measure-cells.ts';

// Nobody waits for the tables any more.
const abandoned = (): never => process.exit(1);
process.on('disconnect', abandoned);
const tables = await measureCells(
  cells().filter(({ plan }) => plan === process.argv[2]),
  (progress) => process.send?.({ progress }),
);
process.off('disconnect', abandoned);
process.send?.({ tables }, () => process.disconnect());
