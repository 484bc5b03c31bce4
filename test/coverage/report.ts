import { relative } from 'node:path';
import * as z from 'zod';
import { type FactGroup, factIdsIn, withoutFactIds } from './fact.ts';

/** What Jest writes with `--json`, as far as it is read here. */
export const jestReportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), title: z.string(), status: z.string() })),
    }),
  ),
});
export type JestReport = z.infer<typeof jestReportSchema>;

/** A test whose title names a fact. */
export interface Proof {
  readonly factId: string;
  /** Relative to the project, with slashes. */
  readonly file: string;
  /** Without the ids. */
  readonly title: string;
  readonly passed: boolean;
}

export function proofsIn(report: JestReport, root: string): Proof[] {
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      // What was left out by a pattern says nothing.
      .filter(({ status }) => status !== 'pending')
      .flatMap(({ fullName, status }) =>
        factIdsIn(fullName).map((factId) => ({
          factId,
          file: relative(root, name).replaceAll('\\', '/'),
          title: withoutFactIds(fullName),
          passed: status === 'passed',
        })),
      ),
  );
}

/** What is missing or wrong, one sentence each; empty when every fact is proven. */
export function problemsOf(groups: readonly FactGroup[], proofs: readonly Proof[]): string[] {
  const facts = groups.flatMap((group) => group.facts);
  const known = new Set(facts.map(({ id }) => id));
  const proven = new Set(proofs.filter(({ passed }) => passed).map(({ factId }) => factId));
  const twice = facts.filter(({ id }, index) => facts.findIndex((other) => other.id === id) !== index);
  return [
    ...twice.map(({ id }) => `${id} is listed twice`),
    ...facts.flatMap(({ id, pending }) => {
      if (proven.has(id)) return pending === undefined ? [] : [`${id} is proven now and must not be pending any more`];
      return [pending === undefined ? `${id} has no test that passes` : `${id} is pending: ${pending}`];
    }),
    ...proofs.flatMap(({ factId, file, title, passed }) => [
      ...(known.has(factId) ? [] : [`${file}: "${title}" names ${factId}, which is no fact`]),
      ...(passed ? [] : [`${file}: "${title}" fails, so ${factId} is not proven`]),
    ]),
  ];
}

const head = `# What Bitrix24 may answer or send, and the test that proves what tidy24 does about it

Written by \`npm run coverage:write\` from the facts in \`test/coverage/facts\` and the tests that carry their ids in
brackets in their titles; \`npm run coverage:check\` fails when a fact has no test that passes. Do not edit.
`;

/** The whole of docs/coverage.md. */
export function render(groups: readonly FactGroup[], proofs: readonly Proof[]): string {
  const byFact = Map.groupBy(
    proofs.filter(({ passed }) => passed),
    ({ factId }) => factId,
  );
  const tables = groups.map(({ title, facts }) => {
    const rows = facts.map(({ id, says, pending }) => {
      const found = byFact.get(id) ?? [];
      const cell = found.length > 0 ? found.map(proofText).toSorted().join('<br>') : `not yet: ${pending ?? 'no test'}`;
      return `| \`${id}\` | ${says.replaceAll('|', '\\|')} | ${cell} |`;
    });
    const lines = ['| fact | what is documented | proven by |', '| --- | --- | --- |', ...rows];
    return `## ${title}\n\n<!-- prettier-ignore -->\n${lines.join('\n')}\n`;
  });
  return [head, ...tables].join('\n');
}

function proofText({ file, title }: Proof): string {
  return `[${file.slice(file.lastIndexOf('/') + 1)}](../${file}): ${escaped(title)}`;
}

/** What a title may hold and Markdown would take for its own. */
function escaped(text: string): string {
  return text.replaceAll(/[|*<>[\]\\]/g, (mark) => `\\${mark}`);
}
