/** Which bytes of a pattern are looked for: the rarest, those that other patterns hold as well counting for more. */
import { describe, expect, it } from 'vitest';
import { SharedRuns } from '../../../../../shared/yara/compiler/atom-costs.ts';
import { chooseAtoms, countRuns } from '../../../../../shared/yara/compiler/atoms.ts';
import { shapeOf, type Shape } from '../../../../../shared/yara/compiler/shape.ts';
import { Diagnostics } from '../../../../../shared/yara/syntax/diagnostics.ts';
import { parseSource } from '../../../../../shared/yara/syntax/parser.ts';
import { SourceText } from '../../../../../shared/yara/syntax/source-text.ts';

function shape(pattern: string): Shape {
  const text = new SourceText(`rule r { strings: $a = ${pattern} condition: $a }`, 'r.yar');
  const [item] = parseSource(text, new Diagnostics()).items;
  const ast = item?.kind === 'rule' ? item.patterns[0] : undefined;
  if (ast === undefined || ast.kind === 'text') throw new Error(`no hex pattern or regex: ${pattern}`);
  return shapeOf(ast);
}

/** The atoms of the first pattern among the others, a dot for what is no single byte. */
function atomsOf(pattern: string, others: readonly string[] = []): string[] | undefined {
  const shared = new SharedRuns(64);
  for (const each of [pattern, ...others]) countRuns(shape(each), shared);
  return chooseAtoms(shape(pattern), shared)?.map(({ sets }) =>
    sets
      .map((set) => {
        const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter(
          (byte) => (set[byte >>> 5]! >>> (byte & 31)) & 1,
        );
        return bytes.length === 1 ? String.fromCharCode(bytes[0]!) : '.';
      })
      .join(''),
  );
}

function hexOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('hex');
}

describe('an atom', () => {
  it('is what ordinary data holds least often', () => {
    expect(atomsOf('/http[0-9]{0,3}mimikatz/')).toEqual(['mimikatz']);
    expect(atomsOf('{ 00 00 00 00 [2-4] 0f af c1 33 }')).toEqual(['\x0f\xaf\xc1\x33']);
  });

  it('is left to others where many patterns hold it', () => {
    const pattern = (name: string): string => `{ ${hexOf('FileDescription')} [1-8] ${hexOf(name)} }`;
    const others = Array.from({ length: 100 }, (_, at) =>
      pattern(`Driver ${String.fromCharCode(65 + (at % 26))}${at}`),
    );
    expect(atomsOf(pattern('Zemana'))).toEqual([expect.stringContaining('D\0e\0s\0c')]);
    expect(atomsOf(pattern('Zemana'), others)).toEqual(['Z\0e\0m\0a\0n\0a\0']);
  });

  it('takes in what stands beside alternatives', () => {
    expect(atomsOf('/port[0-9]{0,9}\\.(xyz|qwk)/')).toEqual(['.xyz', '.qwk']);
  });

  it('stands behind what may be anything only where it is far rarer', () => {
    expect(atomsOf('/qjx.*xyzw/')).toEqual(['qjx']);
    expect(atomsOf('/http.*mimikatz/')).toEqual(['mimikatz']);
  });

  it('is none where every choice is too common', () => {
    expect(atomsOf('/\\x00[a-z]+/')).toBeUndefined();
  });
});
