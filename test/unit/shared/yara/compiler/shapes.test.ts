/**
 * Shapes as a bundle keeps them: small however far they unroll, shared where they are equal, no larger than they say, and
 * harmless whatever was changed in their codes.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules, decodeRules, encodeRules, scanBytes } from '../../../../../shared/yara/index.ts';
import { checkImage } from '../../../../../shared/yara/bundle/check-image.ts';
import { REACH, type RuleImage } from '../../../../../shared/yara/bundle/image.ts';
import { loaded, LoadedRules } from '../../../../../shared/yara/bundle/loaded-rules.ts';
import { MAX_STATES, STATE_FIELDS, statesOf } from '../../../../../shared/yara/compiler/automaton.ts';
import { decodeShape, encodeShape, SHAPE_OP, SHAPE_OPS } from '../../../../../shared/yara/compiler/shape-code.ts';
import { MAX_SHAPE_DEPTH, measureShape } from '../../../../../shared/yara/compiler/shape-size.ts';
import { extentOf, reversed, type Shape } from '../../../../../shared/yara/compiler/shape.ts';
import { MAX_DEPTH, MAX_REGEX_DEPTH } from '../../../../../shared/yara/syntax/limits.ts';
import { randomFor, runs, seed } from '../../../../conformance/seed.ts';

const sets = [
  Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 0),
  Uint32Array.of(0, 2, 0, 0, 0, 0, 0, 0),
  new Uint32Array(8).fill(-1),
];
const numberOf = (set: Uint32Array): number => sets.findIndex((it) => it === set);

const shapes: fc.Arbitrary<Shape> = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Shape>(...sets.map((set): Shape => ({ kind: 'byte', set })), { kind: 'assertion', assertion: 2 }),
    fc.record({ kind: fc.constant('sequence' as const), items: fc.array(tie('shape'), { maxLength: 4 }) }),
    fc.record({
      kind: fc.constant('alternation' as const),
      items: fc.array(tie('shape'), { minLength: 1, maxLength: 4 }),
    }),
    fc
      .record({
        item: tie('shape'),
        min: fc.nat(3),
        more: fc.oneof(fc.nat(3), fc.constant(Infinity)),
        isGreedy: fc.boolean(),
      })
      .map(({ item, min, more, isGreedy }): Shape => ({ kind: 'repeat', item, min, max: min + more, isGreedy })),
  ),
})).shape;

function compile(...patterns: readonly string[]): RuleImage {
  const rules = patterns.map((pattern, at) => `rule r${at} { strings: $a = ${pattern} condition: $a }`);
  return loaded(compileRules([{ text: rules.join('\n') }])).image;
}

describe(`any shape, seed ${seed}`, () => {
  const parameters = { seed, numRuns: runs(500) };

  it('has as many states as its code says, either way', () => {
    const property = fc.property(shapes, fc.constantFrom(5, REACH), (shape, reach) => {
      const code = encodeShape(shape, numberOf);
      const size = measureShape(code, sets.length, reach)!;
      fc.pre(size.stateCount <= 100_000);
      const decoded = decodeShape(code, sets);
      const states = size.minLength > reach ? 0 : size.stateCount + 1;
      expect(statesOf(decoded, reach, numberOf).length / STATE_FIELDS).toBe(states);
      expect(statesOf(reversed(decoded), reach, numberOf).length / STATE_FIELDS).toBe(states);
    });
    fc.assert(property, parameters);
  });

  it('matches as long texts as it did before it was written', () => {
    const property = fc.property(shapes, (shape) => {
      const code = encodeShape(shape, numberOf);
      const { minLength, maxLength } = measureShape(code, sets.length, REACH)!;
      expect({ min: minLength, max: maxLength }).toEqual(extentOf(shape));
      expect(extentOf(decodeShape(code, sets))).toEqual(extentOf(shape));
      // There is one way to write it.
      expect(encodeShape(decodeShape(code, sets), numberOf)).toEqual(code);
    });
    fc.assert(property, parameters);
  });
});

describe('a bundle', () => {
  it('is about as large as its regexes were written', () => {
    expect(compile('/ab[0-9]{1,3000}cd/').shapes.length).toBeLessThan(20);
    expect(compile('/ab(c[0-9]{0,100}){30}d/').shapes.length).toBeLessThan(20);
  });

  it('shares equal shapes, of patterns and of conditions', () => {
    const one = compile('/ab+c/');
    const same = compile('/ab+c/', '/(ab+)c/', '/a(?:bb*)?c/', '/ab+c/ fullword');
    expect(same.shapeOffsets.length - one.shapeOffsets.length).toBe(1);
    const { image } = loaded(
      compileRules([{ text: 'rule r { strings: $a = /ab+c/ condition: $a and "abbc" matches /ab+c/ }' }]),
    );
    expect(image.shapeOffsets).toEqual(one.shapeOffsets);
  });

  it('takes patterns that are as deep as the parser lets them be', async () => {
    let regex = 'b';
    for (let depth = 0; depth < MAX_REGEX_DEPTH / 2; depth++) regex = `(c|${regex}){1,1}`;
    let hex = '62';
    for (let depth = 0; depth < MAX_DEPTH - 1; depth++) hex = `(63 63 | 64 ${hex})`;
    const patterns = [`/xa${regex}/`, `{ 78 61 ${hex} }`];
    const text = patterns.map((it, at) => `rule r${at} { strings: $a = ${it} condition: $a }`).join('\n');
    const rules = decodeRules(encodeRules(compileRules([{ text }])));
    const result = await scanBytes(rules, Buffer.from('xac xadcc'));
    expect(result.matches.map(({ rule }) => rule)).toEqual(['r0', 'r1']);
  });
});

describe('a code from outside', () => {
  const head = (op: keyof typeof SHAPE_OP, argument: number): number => argument * SHAPE_OPS + SHAPE_OP[op];
  const byte = head('byte', 0);

  it.each<[string, readonly number[]]>([
    ['is empty', []],
    ['goes on behind its end', [byte, byte]],
    ['ends within a sequence', [head('sequence', 3), byte, byte]],
    ['ends within a number', [0x80]],
    ['has a number beyond all bounds', [...Array<number>(200).fill(0xff), 1]],
    ['names a set there is not', [head('byte', 5)]],
    ['names an assertion there is not', [head('assertion', 8)]],
    ['names a kind of node there is not', [6]],
    ['has a sequence of one', [head('sequence', 1), byte]],
    ['has a sequence in a sequence', [head('sequence', 2), byte, head('sequence', 2), byte, byte]],
    ['has one alternative', [head('alternation', 1), byte]],
    ['has a repeat of no round', [head('greedy', 0), 1, byte]],
    ['has a repeat that ends before it starts', [head('lazy', 3), 3, byte]],
    ['repeats what reads nothing', [head('greedy', 0), 0, head('assertion', 0)]],
    ['repeats an empty sequence', [head('greedy', 0), 0, head('sequence', 0)]],
  ])('is refused when it %s', (_, code) => {
    expect(measureShape(Uint8Array.from(code), 1, REACH)).toBeUndefined();
  });

  it('is refused when it is too deep', () => {
    const nested = (depth: number): Uint8Array =>
      Uint8Array.from([...Array.from({ length: depth }, () => [head('greedy', 0), 2]).flat(), byte]);
    expect(measureShape(nested(MAX_SHAPE_DEPTH), 1, REACH)).toBeDefined();
    expect(measureShape(nested(MAX_SHAPE_DEPTH + 1), 1, REACH)).toBeUndefined();
  });

  it('is refused when it unrolls into too much', () => {
    const image = compile('/ab[0-9]{1,3}cd/');
    const big = encodeShape(
      {
        kind: 'repeat',
        min: 0,
        max: 1000,
        isGreedy: true,
        item: { kind: 'repeat', min: 1, max: 1000, isGreedy: true, item: { kind: 'byte', set: sets[0]! } },
      },
      () => 0,
    );
    expect(measureShape(big, 1, REACH)!.stateCount).toBeGreaterThan(MAX_STATES);
    const changed = { ...image, shapes: big, shapeOffsets: Uint32Array.of(0, big.length) };
    expect(checkImage(changed)).toBe('program 0 of its table is broken');
  });

  it('is harmless whatever was changed in it', async () => {
    const rules = compileRules([
      {
        text: `
          rule a { strings: $a = /ab(c|d[0-9]{2,5}|\\b)*e?/ fullword $b = { 61 (62 | 63 [0-3] 64) 65 } condition: any of them }
          rule b { strings: $a = /x[a-c]+?y/ wide ascii nocase condition: #a > 1 or "abcc" matches /c{2,3}$|^(a|b)+\\B/ }`,
      },
    ]);
    const { image, digest } = loaded(rules);
    const objects = ['abd123e', 'xay x\0b\0y\0', 'abeacd12dea61'].map((it) => Buffer.from(it, 'latin1'));
    let taken = 0;
    for (let round = 0; round < 500; round++) {
      const random = randomFor('shapes', String(round));
      const changed = image.shapes.slice();
      const offsets = image.shapeOffsets.slice();
      for (let change = 0; change <= random.below(3); change++)
        changed[random.below(changed.length)] = random.below(256);
      if (random.below(4) === 0) offsets[random.below(offsets.length)]! += random.below(3) - 1;
      const harmful = { ...image, shapes: changed, shapeOffsets: offsets };
      if (checkImage(harmful) !== undefined) continue;
      taken++;
      for (const object of objects) await scanBytes(new LoadedRules(harmful, digest), object);
    }
    expect(taken, `seed ${seed}`).toBeGreaterThan(5);
  });
});
