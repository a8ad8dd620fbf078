import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRuleSet, RulesUnavailableError, ruleSetOf } from '../../../../shared/scanner/rule-set.ts';
import { compileRules, encodeRules } from '../../../../shared/yara/index.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-rules-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function write(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const good = 'rule one { condition: true } rule two { strings: $a = "abc" condition: $a }';

describe('loadRuleSet', () => {
  it('loads a bundle and says what is in it', async () => {
    const rules = compileRules([{ text: good }]);
    const path = await write('good.sluice', encodeRules(rules));
    const ruleSet = await loadRuleSet(path);
    expect(ruleSet).toMatchObject({ digest: rules.digest, ruleCount: 2, skippedRuleCount: 0, loadedFrom: path });
    expect(ruleSet.rules.rules.map(({ rule }) => rule)).toEqual(['one', 'two']);
  });

  it("takes a relative path from the app's root", async () => {
    const path = await write('relative.sluice', encodeRules(compileRules([{ text: good }])));
    const root = join(import.meta.dirname, '..', '..', '..', '..');
    expect((await loadRuleSet(relative(root, path))).loadedFrom).toBe(path);
  });

  it('counts a rule that was left out once, however many errors it had', async () => {
    const text = `${good} rule bad { strings: $b = "x" condition: $c and $d }`;
    const rules = compileRules([{ text, name: 'mixed.yar' }], { onInvalidRule: 'skip' });
    expect(ruleSetOf(rules, 'memory')).toMatchObject({ ruleCount: 2, skippedRuleCount: 1 });
  });

  it.each([
    ['no bundle at all', 'rule one { condition: true }'],
    ['nothing', ''],
  ])('refuses a file that is %s, naming it and what to do', async (_, content) => {
    const path = await write('bad.sluice', content);
    const error: unknown = await loadRuleSet(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RulesUnavailableError);
    expect(error).toMatchObject({ code: 'RULES_UNAVAILABLE', where: path, retryable: false });
    expect((error as RulesUnavailableError).message).toContain(path);
    expect((error as RulesUnavailableError).hint).toContain('npm run rules');
  });

  it('refuses a bundle in which a byte has changed', async () => {
    const bytes = encodeRules(compileRules([{ text: good }]));
    bytes[bytes.length - 9]! ^= 1;
    await expect(loadRuleSet(await write('damaged.sluice', bytes))).rejects.toBeInstanceOf(RulesUnavailableError);
  });

  it('refuses a bundle without a rule, under which everything would be clean', async () => {
    const path = await write('empty.sluice', encodeRules(compileRules([{ text: '' }])));
    await expect(loadRuleSet(path)).rejects.toThrow('holds no rule');
  });

  it('says why a file cannot be read', async () => {
    await expect(loadRuleSet(join(folder, 'absent.sluice'))).rejects.toThrow(
      /cannot be read: .*absent\.sluice \(ENOENT\)/,
    );
    await expect(loadRuleSet(folder)).rejects.toThrow('EISDIR');
  });
});
