import { readFile } from 'node:fs/promises';
import { loadRules } from '../lib/rules/load.ts';
import type { RuleSet } from '../lib/rules/schema.ts';
import { CommandError } from './command-error.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'you may not read it',
};

/**
 * A rules file, read and checked by itself: stages may still be names.
 *
 * @throws CommandError when it cannot be read
 * @throws RulesError with all problems of its content
 */
export async function readRulesFile(file: string): Promise<{ source: string; rules: RuleSet }> {
  const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${file} cannot be read: ${reasons[error.code ?? ''] ?? error.code ?? 'unknown'}.`);
  });
  return { source, rules: loadRules(source, file) };
}
