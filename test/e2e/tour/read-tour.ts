/** One block of shell of the tour, and what the tour says is to be seen after it. */
export interface Step {
  /** Of its first command in the file, for a failure's message. */
  readonly line: number;
  readonly commands: string;
  /** Lines of the output in their order; `…` is anything. Empty when nothing is promised. */
  readonly expected: readonly string[];
  /** The tour says that it comes after a moment: the same commands are given again until it does. */
  readonly patient: boolean;
  /** The tour says that the last command fails. */
  readonly exitCode: number;
}

interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
  /** What stands between the block before and this one. */
  readonly prose: string;
}

const fence = /^```(\w*)$/;

function blocksOf(markdown: string): { blocks: Block[]; rest: string } {
  const blocks: Block[] = [];
  let prose: string[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const language = fence.exec(line)?.[1];
    if (open !== undefined && language === '') {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join('\n'), prose: prose.join(' ') });
      prose = [];
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
    else if (language !== undefined) open = { language, line: index + 2, lines: [] };
    else prose.push(line);
  }
  if (open !== undefined) throw new Error(`The block at line ${open.line} has no end`);
  return { blocks, rest: prose.join(' ') };
}

/**
 * The steps of a tour: each `sh` block, with the `text` block that follows it, if one does. Between the two stands what
 * the reader is told of it: "after a moment" makes the step patient, "exit code 1" is the end that it must have.
 */
export function readTour(markdown: string): Step[] {
  const { blocks } = blocksOf(markdown);
  return blocks.flatMap((block, index): Step[] => {
    if (block.language !== 'sh') return [];
    const next = blocks[index + 1];
    const answer = next?.language === 'text' ? next : undefined;
    const told = answer?.prose ?? '';
    return [
      {
        line: block.line,
        commands: block.text,
        expected: answer?.text.split('\n') ?? [],
        patient: /after a moment/i.test(told),
        exitCode: Number(/exit code (\d)/i.exec(told)?.[1] ?? 0),
      },
    ];
  });
}

/** The first line that the output does not have, in the order in which the lines are expected; undefined: it has all. */
export function missingLine(output: string, expected: readonly string[]): string | undefined {
  const lines = output.split('\n').map(oneBlank);
  let from = 0;
  for (const wanted of expected) {
    const parts = oneBlank(wanted)
      .split('…')
      .map((part) => part.trim());
    const found = lines.findIndex((line, index) => index >= from && hasInOrder(line, parts));
    if (found === -1) return wanted;
    from = found + 1;
  }
  return undefined;
}

function hasInOrder(line: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const at = line.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return true;
}

/** Columns are as wide as what stands in them. */
function oneBlank(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim();
}
