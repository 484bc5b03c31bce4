import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
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
  const packaged = join(directory, 'package');
  const script = join(createRequire(import.meta.url).resolve('serverless/package.json'), '..', 'bin', 'serverless.js');
  const given = parameters.map((one) => `--param=${one}`);
  const args = [script, 'package', '--stage', stage, '--package', packaged, ...given];
  const cwd = await linkedProject(directory);
  try {
    const env = { PATH: process.env['PATH'] ?? '', HOME: directory };
    await run(process.execPath, args, { cwd, env, maxBuffer: 16 * 1024 * 1024, timeout: 60_000 });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw new Error(printedSchema.parse(error).stdout, { cause: error });
  }
  const text = await readFile(join(packaged, 'cloudformation-template-update-stack.json'), 'utf8');
  const files = async (functionKey: string) => readZip(await readFile(join(packaged, `${functionKey}.zip`)));
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

/**
 * The project in a directory of its own, by links: the framework works in the service's own `.serverless`, which it
 * empties when it ends, whoever else is at work there.
 */
async function linkedProject(directory: string): Promise<string> {
  const path = join(directory, 'service');
  await mkdir(path);
  for (const entry of await readdir(projectRoot)) {
    // The framework takes no link for its own file.
    const place = entry === 'serverless.yml' ? copyFile : symlink;
    if (!entry.startsWith('.')) await place(join(projectRoot, entry), join(path, entry));
  }
  return path;
}
