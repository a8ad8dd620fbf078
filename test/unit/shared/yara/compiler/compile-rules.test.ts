/** Sources, namespaces, includes, externals, and rules that are left out. */
import { describe, expect, it } from 'vitest';
import {
  compileRules,
  decodeRules,
  encodeRules,
  RuleCompileError,
  scanBytes,
} from '../../../../../shared/yara/index.ts';
import type { CompiledRules, RuleSource } from '../../../../../shared/yara/index.ts';
import { tryCompile } from '../both-engines.ts';

async function matching(rules: CompiledRules, text = ''): Promise<string[]> {
  const { matches } = await scanBytes(rules, Buffer.from(text, 'latin1'));
  return matches.map(({ namespace, rule }) => `${namespace}:${rule}`);
}

describe('imports', () => {
  const use = 'rule r { condition: math.abs(-1) == 1 }';

  it('hold for the whole namespace, over its sources', async () => {
    const rules = compileRules([{ text: 'import "math"' }, { text: use }]);
    expect(await matching(rules)).toEqual(['default:r']);
  });

  it('do not hold for another namespace', () => {
    const tried = tryCompile([{ text: 'import "math"' }, { text: use, namespace: 'other' }]);
    expect(tried).toMatchObject({ errors: ['E009'] });
  });

  it('hold from where they stand', () => {
    expect(tryCompile([{ text: `${use} import "math"` }])).toMatchObject({ errors: ['E009'] });
  });

  it('are said to be double within one source only', () => {
    const twice = { text: 'import "math"' };
    expect(compileRules([twice, twice]).warnings).toEqual([]);
    expect(compileRules([{ text: 'import "math" import "math"' }]).warnings).toMatchObject([
      { code: 'duplicate_import' },
    ]);
  });

  it.each(['macho', 'lnk', 'crx', 'dex', 'vt', 'cuckoo', 'zip'])(
    '%s may be imported where no rule uses it',
    async (module) => {
      const rules = compileRules([{ text: `import "${module}" rule r { condition: filesize == 0 }` }]);
      expect(await matching(rules)).toEqual(['default:r']);
    },
  );
});

describe('includes', () => {
  const files: Readonly<Record<string, string>> = {
    'a.yar': 'import "math" rule a { condition: math.abs(-1) == 1 }',
    'sub/b.yar': 'include "c.yar" rule b { condition: c }',
    'sub/c.yar': 'rule c { condition: filesize == 0 }',
  };
  /** As a file system would: relative to the file that includes. */
  const includes = (path: string, from: RuleSource): RuleSource | undefined => {
    const folder = from.name?.includes('/') === true ? from.name.slice(0, from.name.lastIndexOf('/') + 1) : '';
    const text = files[folder + path];
    return text === undefined ? undefined : { text, name: folder + path };
  };

  it('share the namespace and its imports, and stand where they are written', async () => {
    const text = 'include "a.yar" include "sub/b.yar" rule d { condition: a and b and c and math.max(1, 2) == 2 }';
    const rules = compileRules([{ text, name: 'main.yar', namespace: 'n' }], { includes });
    expect(await matching(rules)).toEqual(['n:a', 'n:c', 'n:b', 'n:d']);
  });

  it('a file may be included in two namespaces', async () => {
    const sources = ['x', 'y'].map((namespace) => ({ text: 'include "sub/c.yar"', name: 'm', namespace }));
    expect(await matching(compileRules(sources, { includes }))).toEqual(['x:c', 'y:c']);
  });

  it('a file included twice declares its rules twice', () => {
    expect(() => compileRules([{ text: 'include "a.yar" include "a.yar"' }], { includes })).toThrow(/E012/);
  });
});

describe('externals', () => {
  const text = `
    rule i { condition: number == 5 }
    rule f { condition: share > 0.5 }
    rule t { condition: name contains "mal" }
    rule b { condition: flag }`;
  const externals = { number: 5, share: { float: 1 }, name: 'malware', flag: true };

  it('have the type of their value, and the value unless a scan gives another', async () => {
    const rules = compileRules([{ text }], { externals });
    expect(await matching(rules)).toEqual(['default:i', 'default:f', 'default:t', 'default:b']);
    const other = await scanBytes(rules, new Uint8Array(0), { externals: { number: 4n, flag: false, name: '' } });
    expect(other.matches.map(({ rule }) => rule)).toEqual(['f']);
    expect(rules.externals).toEqual([
      { name: 'number', type: 'integer' },
      { name: 'share', type: 'float' },
      { name: 'name', type: 'text' },
      { name: 'flag', type: 'boolean' },
    ]);
  });

  it('are compared as their type, not as another', () => {
    expect(tryCompile([{ text: 'rule r { condition: name == 5 }' }], externals)).toMatchObject({ errors: ['E003'] });
    expect(tryCompile([{ text: 'rule r { condition: number contains "5" }' }], externals)).toMatchObject({
      errors: ['E002'],
    });
  });

  it('give no rule their name, and hide a module of theirs', async () => {
    expect(tryCompile([{ text: 'rule number { condition: true }' }], externals)).toMatchObject({ errors: ['E013'] });
    const hidden = compileRules([{ text: 'import "math" rule r { condition: math == 2 }' }], {
      externals: { math: 2 },
    });
    expect(await matching(hidden)).toEqual(['default:r']);
  });
});

describe('rules with errors', () => {
  const text = `
    import "cuckoo"
    import "math"
    rule good1 { condition: filesize == 0 }
    rule unknown { condition: foo == 1 }
    rule user { condition: unknown and good1 }
    rule user_of_user { condition: user }
    rule sandbox { condition: cuckoo.sync }
    rule unused { strings: $a = "abc" condition: filesize == 0 }
    rule broken { condition: }
    rule good2 { condition: good1 and math.abs(-1) == 1 }`;

  it('are all reported at once, in the order of the source', () => {
    try {
      compileRules([{ text }]);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RuleCompileError);
      const { diagnostics } = error as RuleCompileError;
      const found = diagnostics.map(({ rule, code }) => `${rule} ${code}`).sort();
      expect(found).toEqual(
        ['broken E001', 'sandbox E100', 'unknown E009', 'unused E022', 'user E009', 'user_of_user E009'].sort(),
      );
    }
  });

  it('are left out and listed, with those that refer to them, and the others stand', async () => {
    const rules = compileRules([{ text }], { onInvalidRule: 'skip' });
    expect(rules.rules.map(({ rule }) => rule)).toEqual(['good1', 'good2']);
    expect(rules.skipped.map(({ rule }) => rule).sort()).toEqual(
      ['broken', 'sandbox', 'unknown', 'unused', 'user', 'user_of_user'].sort(),
    );
    expect(await matching(rules)).toEqual(['default:good1', 'default:good2']);
    expect(decodeRules(encodeRules(rules)).skipped).toEqual(rules.skipped);
  });

  it('a global rule that is left out silences nobody', async () => {
    const rules = compileRules([{ text: 'global rule g { condition: foo } rule r { condition: filesize == 0 }' }], {
      onInvalidRule: 'skip',
    });
    expect(await matching(rules)).toEqual(['default:r']);
  });

  it('an unknown module leaves out what uses it', () => {
    const rules = compileRules(
      [{ text: 'import "nothing" rule a { condition: nothing.x } rule b { condition: filesize == 0 }' }],
      { onInvalidRule: 'skip' },
    );
    expect(rules.rules.map(({ rule }) => rule)).toEqual(['b']);
    expect(rules.skipped.map(({ code }) => code)).toEqual(['E010', 'E009']);
  });

  it.each(['macho', 'lnk', 'crx', 'dex', 'vt', 'cuckoo', 'zip'])(
    'module %s refuses what uses it, by name',
    (module) => {
      const used = `import "${module}" rule uses { condition: ${module}.x == 1 } rule other { condition: filesize == 0 }`;
      const { rules, skipped } = compileRules([{ text: used }], { onInvalidRule: 'skip' });
      expect(rules.map(({ rule }) => rule)).toEqual(['other']);
      expect(skipped).toMatchObject([
        { rule: 'uses', code: 'E100', message: `module ${module} is not available here` },
      ]);
    },
  );

  it.each(['androguard', 'magic'])('module %s leaves out what uses it, by name', (module) => {
    const text = `import "${module}" rule a { condition: ${module}.x } rule b { condition: filesize == 0 }`;
    const rules = compileRules([{ text }], { onInvalidRule: 'skip' });
    expect(rules.rules.map(({ rule }) => rule)).toEqual(['b']);
    expect(rules.skipped.map(({ code, message }) => [code, message])).toEqual([
      ['E010', `module ${module} is not available here`],
      ['E100', `module ${module} is not available here`],
    ]);
  });

  it('a second rule of a name is left out, the first stands', () => {
    const rules = compileRules([{ text: 'rule a { condition: filesize == 0 } rule a { condition: filesize == 1 }' }], {
      onInvalidRule: 'skip',
    });
    expect(rules.rules.map(({ rule }) => rule)).toEqual(['a']);
    expect(rules.skipped.map(({ code }) => code)).toEqual(['E012']);
  });
});

describe('wildcards over rules', () => {
  const rules = (set: string): string => `
    rule a1 { condition: filesize == 0 }
    rule a2 { condition: filesize == 1 }
    rule b { condition: ${set} }`;

  it.each([
    ['any of (a*)', true],
    ['1 of (a*)', true],
    ['2 of (a*)', false],
    ['all of (a*)', false],
    ['none of (a*)', false],
    ['50% of (a*)', true],
    ['any of (a1, a*)', true],
  ])('%s', async (set, holds) => {
    const found = await matching(compileRules([{ text: rules(set) }]));
    expect(found.includes('default:b')).toBe(holds);
  });

  it('a rule is one of those that its own wildcard fits, and not true', async () => {
    const own = (set: string): string => `rule a1 { condition: filesize == 0 } rule a2 { condition: ${set} }`;
    expect(await matching(compileRules([{ text: own('all of (a*)') }]))).toEqual(['default:a1']);
    expect(await matching(compileRules([{ text: own('any of (a*)') }]))).toEqual(['default:a1', 'default:a2']);
  });

  it('no later rule may fit', () => {
    const text = `${rules('any of (a*)')} rule a3 { condition: filesize == 0 }`;
    expect(tryCompile([{ text }])).toMatchObject({ errors: ['E013'] });
    expect(
      tryCompile([{ text: rules('any of (a*)') }, { text: 'rule a3 { condition: filesize == 0 }', namespace: 'n' }]),
    ).toMatchObject({
      warnings: ['rule_wildcard'],
    });
  });
});

describe('what rules need', () => {
  it.each([
    ['filesize > 5', ['filesize']],
    ['uint16(0) == 5', ['head']],
    ['uint16(5000) == 5', ['pages']],
    ['uint16(uint32(60)) == 5', ['head', 'pages']],
    ['hash.md5(0, filesize) == ""', ['filesize', 'digest']],
    ['math.mode() == 5', ['digest']],
    ['math.entropy(5, 10) > 1.0', ['pages', 'digest']],
    ['math.abs(5) == 5', []],
  ])('%s', (condition, needs) => {
    const rules = compileRules([{ text: `import "math" import "hash" rule r { condition: ${condition} }` }]);
    expect(rules.rules[0]!.needs).toEqual(needs);
  });
});
