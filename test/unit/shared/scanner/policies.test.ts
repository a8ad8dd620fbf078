import { describe, expect, it } from 'vitest';
import type { PolicyFacts } from '../../../../shared/scanner/policies.ts';
import { decidePolicy, isAsked } from '../../../../shared/scanner/policies.ts';
import { decodePolicies, encodePolicies, readPolicies } from '../../../../shared/scanner/policy-file.ts';

const now = new Date('2026-11-24T12:00:00Z');
const object: PolicyFacts = {
  account: 'uploads',
  container: 'build-cache',
  objectName: 'out/a.O',
  sizeInBytes: 2048,
  lastModified: new Date('2026-11-22T12:00:00Z'),
};

function policiesOf(...lines: string[]) {
  const { policies, remarks } = readPolicies(`policies:\n${lines.map((line) => `  - ${line}`).join('\n')}\n`, 'p.yaml');
  if (policies === undefined) throw new Error(remarks.map(({ rendered }) => rendered).join('\n'));
  return policies;
}

function decisionFor(when: string, facts: Partial<PolicyFacts> = {}): string {
  const policies = policiesOf(`{ name: p, when: ${when}, skip: true }`);
  return decidePolicy(policies, { ...object, ...facts }, now).kind;
}

describe('a policy', () => {
  it.each([
    ['{ account: uploads }', {}, 'skip'],
    ['{ account: [other, more] }', {}, 'scan'],
    ['{ container: build-* }', {}, 'skip'],
    ['{ container: build }', {}, 'scan'],
    ['{ container: "*" }', {}, 'skip'],
    ['{ prefix: out/ }', {}, 'skip'],
    ['{ prefix: Out/ }', {}, 'scan'],
    ['{ suffix: [.obj, .o] }', {}, 'skip'],
    ['{ suffix: .c }', {}, 'scan'],
    ['{ size: { over: 2KB } }', {}, 'scan'],
    ['{ size: { over: 2047 } }', {}, 'skip'],
    ['{ size: { over: 1KB, under: 3KB } }', {}, 'skip'],
    ['{ size: { under: 1 } }', { sizeInBytes: 0 }, 'skip'],
    ['{ age: { over: 47h } }', {}, 'skip'],
    ['{ age: { over: 2d } }', {}, 'scan'],
    ['{ age: { under: 90m } }', { lastModified: now }, 'skip'],
    ['{ container: build-*, suffix: .o, size: { over: 1MB } }', {}, 'scan'],
  ])('of %s for %j: %s', (when, facts, expected) => {
    expect(decisionFor(when, facts)).toBe(expected);
  });

  it('decides before those that stand behind it', () => {
    const policies = policiesOf(
      '{ name: kept, when: { prefix: out/important/ }, rules: all }',
      '{ name: caches, when: { container: build-cache }, skip: true }',
    );
    expect(decidePolicy(policies, object, now)).toMatchObject({ kind: 'skip', policy: { name: 'caches' } });
    const important = { ...object, objectName: 'out/important/x' };
    expect(decidePolicy(policies, important, now)).toMatchObject({ kind: 'scan', policy: { name: 'kept' } });
    expect(decidePolicy(policies, { ...object, container: 'x' }, now)).toEqual({ kind: 'scan', policy: undefined });
  });

  it('limits rules by tag and by namespace', () => {
    const [policy] = policiesOf('{ name: p, when: { suffix: .o }, rules: { tags: [a, b], namespaces: n } }');
    const decision = decidePolicy([policy!], object, now);
    expect(decision).toMatchObject({ kind: 'limit', limit: { policy: 'p', tags: ['a', 'b'], namespaces: ['n'] } });
    const limit = { tags: ['a'], namespaces: ['n'] };
    expect(isAsked(limit, { namespace: 'n', tags: ['b', 'a'] })).toBe(true);
    expect(isAsked(limit, { namespace: 'm', tags: ['a'] })).toBe(false);
    expect(isAsked(limit, { namespace: 'n', tags: [] })).toBe(false);
    expect(isAsked({ tags: [], namespaces: ['n'] }, { namespace: 'n', tags: [] })).toBe(true);
  });

  it('has the same digest for the same rules, whatever its name', () => {
    const digests = ['{ tags: [a, b] }', '{ tags: [b, a] }', '{ namespaces: [a, b] }'].map((rules, index) => {
      const decision = decidePolicy(
        policiesOf(`{ name: p${index}, when: { suffix: .o }, rules: ${rules} }`),
        object,
        now,
      );
      return decision.kind === 'limit' ? decision.limit.digest : '';
    });
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(digests[1]).toBe(digests[0]);
    expect(digests[2]).not.toBe(digests[0]);
  });

  it('comes back from the file that the service loads as it went in', () => {
    const policies = policiesOf(
      '{ name: a, description: d, when: { account: abc, size: { over: 1GB }, age: { under: 5m } }, skip: true }',
      '{ name: b, when: { prefix: [x, y] }, rules: { tags: t } }',
      '{ name: c, when: { container: "*" }, rules: all }',
    );
    expect(decodePolicies(encodePolicies(policies))).toEqual(JSON.parse(JSON.stringify(policies)));
    expect(() => decodePolicies('{"version":2,"policies":[]}')).toThrow('version');
    expect(() => decodePolicies('{')).toThrow();
  });
});

describe('a file of policies', () => {
  it.each([
    [
      '{ name: p, when: { prefix: x, conatiner: x }, skip: true }',
      '2:35',
      'policies.0.when.conatiner: nothing of this name is known here',
    ],
    [
      '{ name: p, when: {}, skip: true }',
      '2:16',
      'policies.0.when: needs a condition: account, container, prefix, suffix, size or age; for every object say container: "*"',
    ],
    [
      '{ name: p, when: { size: { over: 10XB } }, skip: true }',
      '2:38',
      'policies.0.when.size.over: "10XB" is not a size such as 4096, 10MB or 1GB',
    ],
    [
      '{ name: p, when: { size: { over: 2MB, under: 1MB } }, skip: true }',
      '2:24',
      'policies.0.when.size: holds for nothing: over is not below under',
    ],
    [
      '{ name: p, when: { age: { over: 3 } }, skip: true }',
      '2:37',
      'policies.0.when.age.over: "3" is not an age such as 30m, 12h or 90d',
    ],
    ['{ name: p, when: { suffix: .o } }', '2:5', 'policies.0: needs exactly one of skip and rules'],
    [
      '{ name: p, when: { suffix: .o }, skip: true, rules: all }',
      '2:5',
      'policies.0: needs exactly one of skip and rules',
    ],
    ['{ name: p, when: { suffix: .o }, skip: false }', '2:44', 'policies.0.skip: must be true, or not be there'],
    ['{ name: p, when: { suffix: .o }, rules: {} }', '2:38', 'policies.0.rules: needs tags, namespaces, or both'],
    [
      '{ name: "P 1", when: { suffix: .o }, skip: true }',
      '2:13',
      'policies.0.name: must be lower-case words with - between them',
    ],
  ])('with %s is refused at %s', (line, place, message) => {
    const { policies, remarks } = readPolicies(`policies:\n  - ${line}\n`, 'rules/policies.yaml');
    expect(policies).toBeUndefined();
    expect(remarks.map((remark) => [`${remark.line}:${remark.column}`, remark.message])).toEqual([[place, message]]);
    expect(remarks[0]!.rendered).toContain(`--> rules/policies.yaml:${place}`);
  });

  it('with two policies of one name, or that is no YAML, is refused', () => {
    const twice = readPolicies(
      'policies:\n  - { name: p, when: { suffix: a }, skip: true }\n  - { name: p, when: { suffix: b }, skip: true }\n',
      'p.yaml',
    );
    expect(twice.remarks.map(({ line, message }) => [line, message])).toEqual([
      [3, 'policies.1.name: the name p is that of an earlier policy'],
    ]);
    expect(readPolicies('policies: [', 'p.yaml').remarks[0]).toMatchObject({ code: 'yaml', level: 'error', line: 1 });
    expect(readPolicies('', 'p.yaml').remarks).toHaveLength(1);
  });
});
