import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { claimWorkFolder } from '../../local/functions/work-folder.ts';
import { projectRoot } from '../../local/template/serverless-file.ts';
import { templateSchema, type Template } from './template.ts';
import { readZip } from './zip.ts';

/** What `serverless deploy` would send to AWS. */
export interface Package {
  readonly template: Template;
  /** The files in each function's archive. */
  files(functionKey: string): Promise<Map<string, Buffer>>;
  /** Loads a function's archive in a directory without node_modules; gives the type of its `handler`. */
  start(functionKey: string, variables: Readonly<Record<string, unknown>>): Promise<string>;
  remove(): Promise<void>;
}

const run = promisify(execFile);
const printedSchema = z.looseObject({ stdout: z.string() });

/**
 * Packages a stage into a directory of its own, with no AWS credentials and no home directory to find some in. Two at a
 * time do not disturb each other.
 *
 * @param parameters as `--param` takes them: `undoDays=7`
 * @throws Error with what the framework says when it refuses, which it prints on standard output
 */
export async function packageStage(stage: string, parameters: readonly string[] = []): Promise<Package> {
  const directory = await mkdtemp(join(tmpdir(), 'tidy24-package-'));
  const workFolder = await claimWorkFolder();
  const script = join(createRequire(import.meta.url).resolve('serverless/package.json'), '..', 'bin', 'serverless.js');
  const given = [`workFolder=${workFolder.path}`, ...parameters].map((one) => `--param=${one}`);
  const args = [script, 'package', '--stage', stage, '--package', directory, ...given];
  try {
    const env = { PATH: process.env['PATH'] ?? '', HOME: directory };
    await run(process.execPath, args, { cwd: projectRoot, env, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw new Error(printedSchema.parse(error).stdout, { cause: error });
  } finally {
    await workFolder.remove();
  }
  const text = await readFile(join(directory, 'cloudformation-template-update-stack.json'), 'utf8');
  const files = async (functionKey: string) => readZip(await readFile(join(directory, `${functionKey}.zip`)));
  return {
    template: templateSchema.parse(JSON.parse(text)),
    files,
    start: async (functionKey, variables) => {
      const [code = Buffer.of()] = (await files(functionKey)).values();
      const file = join(directory, `${functionKey}.mjs`);
      await writeFile(file, code);
      // References to other resources become plain addresses, as they are in a deployed function.
      const plain = Object.entries(variables).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : 'https://example.com/',
      ]);
      const env = { ...Object.fromEntries(plain), AWS_REGION: 'eu-central-1' };
      const print = `import(${JSON.stringify(file)}).then(({ handler }) => process.stdout.write(typeof handler))`;
      return (await run(process.execPath, ['--eval', print], { cwd: directory, env })).stdout;
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
