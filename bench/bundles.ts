import { basename } from 'node:path';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import * as z from 'zod';
import { projectRoot, readServerlessFile } from '../local/template/serverless-file.ts';

/** A function as it is sent to AWS, before it is zipped. */
export interface Bundle {
  /** The function's name in serverless.yml. */
  readonly functionKey: string;
  readonly code: Uint8Array;
  /** What it consists of, in esbuild's words. */
  readonly metafile: Metafile;
}

/** Every option that serverless.yml gives serverless-esbuild. Another one is an error: it must be followed here too. */
const optionsSchema = z.strictObject({
  bundle: z.boolean(),
  minify: z.boolean(),
  format: z.literal('esm'),
  platform: z.literal('node'),
  target: z.string(),
  mainFields: z.array(z.string()),
  keepNames: z.boolean(),
  alias: z.record(z.string(), z.string()),
  banner: z.record(z.string(), z.string()),
  exclude: z.array(z.string()),
  outputFileExtension: z.string(),
  // Of no consequence for what comes out.
  outputWorkFolder: z.string(),
  watch: z.unknown(),
});

/**
 * esbuild's options as serverless-esbuild makes them of serverless.yml.
 *
 * @throws z.ZodError for an option that is not known here
 */
export function esbuildOptions(): BuildOptions {
  const { custom } = z
    .object({ custom: z.object({ esbuild: optionsSchema }) })
    .parse({ custom: readServerlessFile({ stage: 'prod' }).resolve('${self:custom}') });
  const { exclude, outputFileExtension, outputWorkFolder: _, watch: __, ...options } = custom.esbuild;
  return { ...options, external: exclude, outExtension: { '.js': outputFileExtension } };
}

/** The functions of serverless.yml, each with the file that it is built from. */
export function entryPoints(): { functionKey: string; file: string }[] {
  const file = readServerlessFile({ stage: 'prod' });
  return Object.entries(file.functions).map(([functionKey, { handler }]) => ({
    functionKey,
    file: `${z
      .string()
      .parse(file.resolve(handler))
      .replace(/\.\w+$/, '')}.ts`,
  }));
}

/** Builds every function as `serverless package` does, in memory. `change`: options in place of those of serverless.yml. */
export async function buildBundles(change: BuildOptions = {}): Promise<Bundle[]> {
  const options = { ...esbuildOptions(), ...change };
  return Promise.all(
    entryPoints().map(async ({ functionKey, file }) => {
      const { outputFiles, metafile } = await build({
        ...options,
        absWorkingDir: projectRoot,
        entryPoints: [file],
        outdir: '.esbuild',
        write: false,
        metafile: true,
      });
      const [output] = outputFiles;
      if (output === undefined || outputFiles.length !== 1) {
        throw new Error(`${basename(file)} is more than one file: it could not be packaged.`);
      }
      return { functionKey, code: output.contents, metafile };
    }),
  );
}
