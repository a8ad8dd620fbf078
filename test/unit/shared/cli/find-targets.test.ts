import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Target } from '../../../../shared/cli/find-targets.ts';
import { findTargets, measureTargets } from '../../../../shared/cli/find-targets.ts';
import { makeFolder } from './run-sluice.ts';

const { signal: never } = new AbortController();

async function shownOf(places: readonly string[], root: string): Promise<string[]> {
  const found: string[] = [];
  for await (const target of findTargets(places, { abortSignal: never }))
    found.push(target.shown.replace(`${root}/`, ''));
  return found;
}

describe('findTargets', () => {
  it('goes through folders depth first, in the order of the bytes of names', async () => {
    const root = makeFolder({ 'b/2': '', 'b/10': '', 'b.txt': '', B: '', 'a/z/deep': '', 'a/é': '', 'a/zz': '' });
    const expected = ['B', 'a/z/deep', 'a/zz', 'a/é', 'b/10', 'b/2', 'b.txt'];
    expect(await shownOf([root], root)).toEqual(expected);
    expect(await shownOf([`${root}/`], root)).toEqual(expected);
  });

  it('keeps the order of the places, and takes a link that is named for what it leads to', async () => {
    const root = makeFolder({ 'x/1': '', 'y/1': '' });
    symlinkSync('x', join(root, 'link'));
    const places = ['y', 'link', '-', 'missing'].map((name) => (name === '-' ? name : join(root, name)));
    expect(await shownOf(places, root)).toEqual(['y/1', 'link/1', '-', 'missing']);
  });

  it('opens files whose names are not UTF-8 by their bytes, and shows them apart', async () => {
    const root = makeFolder();
    for (const byte of [0xfe, 0xff]) {
      writeFileSync(Buffer.concat([Buffer.from(join(root, 'name-')), Buffer.from([byte])]), 'x');
    }
    const targets: Target[] = [];
    for await (const target of findTargets([root], { abortSignal: never })) targets.push(target);
    expect(targets.map(({ shown }) => shown)).toEqual([join(root, 'name-\\xfe'), join(root, 'name-\\xff')]);
    expect(targets.map((target) => target.kind === 'file' && target.path.at(-1))).toEqual([0xfe, 0xff]);
  });

  it('never goes round in a circle', async () => {
    const root = makeFolder({ 'a/file': '' });
    symlinkSync('..', join(root, 'a/up'));
    const passedOver: string[] = [];
    for await (const target of findTargets([root], {
      abortSignal: never,
      onPassedOver: (shown) => passedOver.push(shown),
    })) {
      expect(target.shown).toBe(join(root, 'a/file'));
    }
    expect(passedOver).toEqual([]);
  });

  it('is fit for folders that lie very deep', async () => {
    const root = makeFolder();
    let folder = root;
    for (let depth = 0; depth < 200; depth++) folder = join(folder, 'd');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'file'), '');
    expect(await shownOf([root], root)).toHaveLength(1);
  });

  it('tells of a folder that cannot be read, and goes on behind it', async () => {
    const root = makeFolder({ 'z.txt': '' });
    // Longer than any path may be, put together from two halves: nothing else is beyond the reach of every user.
    const half = Array<string>(13).fill('x'.repeat(200));
    for (const side of ['a', 'b']) mkdirSync(join(root, side, ...half), { recursive: true });
    renameSync(join(root, 'b'), join(root, 'a', ...half, 'b'));
    onTestFinished(() => void execFileSync('rm', ['-rf', root]));
    const targets: Target[] = [];
    for await (const target of findTargets([root], { abortSignal: never })) targets.push(target);
    expect(targets.map(({ kind }) => kind)).toEqual(['unreadable', 'file']);
    expect(targets[0]).toMatchObject({ why: 'folder cannot be read: ENAMETOOLONG' });
  });

  it('ends with the reason of an abort', async () => {
    const root = makeFolder({ a: '', b: '' });
    const stop = new AbortController();
    const found: string[] = [];
    const walk = async (): Promise<void> => {
      for await (const target of findTargets([root], { abortSignal: stop.signal })) {
        found.push(target.shown);
        stop.abort(new Error('enough'));
      }
    };
    await expect(walk()).rejects.toThrow('enough');
    expect(found).toHaveLength(1);
  });
});

describe('measureTargets', () => {
  it('adds up what files hold', async () => {
    const root = makeFolder({ 'a/1': 'abc', 'a/b/2': 'defg', '3': '' });
    let total = 0;
    await measureTargets(
      [join(root, 'a'), join(root, '3'), join(root, 'missing'), '-'],
      never,
      (bytes) => (total += bytes),
    );
    expect(total).toBe(7);
  });
});
