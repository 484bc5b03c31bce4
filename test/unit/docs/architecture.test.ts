import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

const page = readFileSync('docs/architecture.md', 'utf8');
const looksLikePath = /^[\w.-]+(?:\/[\w.-]+)*(?:\/|\.(?:ts|mjs|md|yml|yaml|json))$/;
const pathsIn = (block: string): string[] =>
  [...block.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text).filter((text) => looksLikePath.test(text));

/** A name without a folder is in one of the folders that its paragraph or table names. */
function missingIn(block: string): string[] {
  const paths = pathsIn(block);
  const folders = paths.flatMap((one) => (one.endsWith('/') ? [one] : one.includes('/') ? [path.dirname(one)] : []));
  return paths.filter((one) => ![one, ...folders.map((folder) => path.join(folder, one))].some((at) => existsSync(at)));
}

describe('docs/architecture.md', () => {
  test('names files and folders', () => {
    expect(pathsIn(page).length).toBeGreaterThan(80);
  });

  test('names none that is not there', () => {
    expect(page.split(/\n\s*\n/).flatMap(missingIn)).toEqual([]);
  });

  test('links to pages that are there', () => {
    const targets = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) =>
      path.join('docs', target),
    );
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
  });
});
