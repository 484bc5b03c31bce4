import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** Which folder may import what of which other. `types`: interfaces only, nothing is made there. */
const allowed: Record<string, Record<string, 'all' | 'types'>> = {
  bundle: {},
  deploy: { 'lib/aws': 'all' },
  'lib/bitrix24': {},
  'lib/rules': { 'lib/bitrix24': 'all' },
  'lib/portals': { 'lib/bitrix24': 'all', 'lib/rules': 'all', 'lib/aws': 'types' },
  'lib/tasks': { 'lib/bitrix24': 'all', 'lib/rules': 'all', 'lib/portals': 'all', 'lib/aws': 'types' },
  'lib/aws': { 'lib/bitrix24': 'all', 'lib/portals': 'all', 'lib/tasks': 'all' },
  handlers: { 'lib/aws': 'all', 'lib/bitrix24': 'all', 'lib/portals': 'all', 'lib/tasks': 'all' },
  bin: { 'lib/aws': 'all', 'lib/bitrix24': 'all', 'lib/rules': 'all', 'lib/portals': 'all', 'lib/tasks': 'all' },
  simulator: { 'lib/bitrix24': 'all' },
};

const folderOf = (file: string) =>
  Object.keys(allowed).find((folder) => file.startsWith(`${folder}/`)) ?? path.dirname(file).split('/')[0] ?? '';

function importsIn(file: string): { target: string; typeOnly: boolean }[] {
  const source = readFileSync(file, 'utf8');
  const found: { target: string; typeOnly: boolean }[] = [];
  for (const [, type, names = '', specifier = ''] of source.matchAll(
    /^(?:import|export)\s+(type\s+)?([^'";]*?from\s+)?'(\.[^']+)';?$/gms,
  )) {
    const each =
      /\{([^}]*)\}/s
        .exec(names)?.[1]
        ?.split(',')
        .filter((name) => name.trim() !== '') ?? [];
    const typeOnly = type !== undefined || (each.length > 0 && each.every((name) => /^\s*type\s/.test(name)));
    found.push({ target: path.join(path.dirname(file), specifier), typeOnly });
  }
  return found;
}

describe('imports go one way', () => {
  test.each(Object.entries(allowed))('%s imports only what it may', (folder, may) => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => path.join(folder, file));
    expect(files.length).toBeGreaterThan(0);
    const wrong = files.flatMap((file) =>
      importsIn(file)
        .filter(({ target }) => folderOf(target) !== folder)
        .filter(({ target, typeOnly }) => !(may[folderOf(target)] === 'all' || (may[folderOf(target)] && typeOnly)))
        .map(({ target }) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('the simulator takes nothing of the client that it tests', () => {
    const wrong = readdirSync('simulator', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => importsIn(path.join('simulator', file)))
      .map(({ target }) => target)
      .filter((target) => target.startsWith('lib/') && !/(clock|entity-types)\.ts$/.test(target));
    expect(wrong).toEqual([]);
  });

  test('the library reads no environment but through the schema', () => {
    const files = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const reading = files.filter((file) =>
      /\bprocess\.env\b/.test(readFileSync(path.join('lib', file), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '')),
    );
    expect(reading).toEqual([]);
  });
});
