/** The reference engine says of every case what the case says it says. */
import { describe, expect, it } from 'vitest';
import { allCases, casesByChapter } from './all-cases.ts';
import { asExpected } from './compare.ts';
import { openReference } from './reference.ts';

const reference = await openReference();
const asked = allCases().filter((example) => example.unasked === undefined);

for (const [chapter, cases] of casesByChapter(asked)) {
  describe(chapter, () => {
    for (const example of cases) {
      it(example.name, () => {
        const answer = reference.ask(example.sources, example.bytes, example);
        expect(asExpected(answer, example.expected)).toEqual(example.expected);
      });
    }
  });
}

describe('what the reference cannot be asked', () => {
  it('it breaks down when the least integer is divided by minus one', async () => {
    const another = await openReference();
    const sources = [{ text: 'rule r { condition: (-9223372036854775807 - filesize) \\ (filesize - 2) == 0 }' }];
    expect(() => another.ask(sources, Uint8Array.of(1))).toThrow(WebAssembly.RuntimeError);
  });
});
