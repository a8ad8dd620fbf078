/**
 * Shows that a scan beyond 4 GiB is like any other: one scan reads a whole virtual object of 4.5 GiB (or of GIB) through the engine,
 * with matches planted on both sides of 2^32 and across it, in conditions that count, compare and read there. Every answer
 * is known beforehand, and the peak of resident memory is bounded.
 *
 *   npm run bench:large -- [GIB]        exit status 0 when all of it is right, 1 when not
 */
import { virtualSource } from '../../shared/objects/virtual-source.ts';
import { compileRules, StreamScanner } from '../../shared/yara/index.ts';
import type { ScanResult } from '../../shared/yara/index.ts';

const GIB = 2 ** 30;
const BORDER = 2 ** 32;
const PEAK_LIMIT = 300e6;

const size = Math.floor(Number(process.argv[2] ?? 4.5) * GIB);
if (!(size > BORDER + GIB / 4)) throw new Error(`GIB must be above 4.25, not ${process.argv[2]}`);

const across = BORDER - 3;
const beyond = BORDER + 1000;
const last = size - 6;
const planted = [
  { offset: GIB, bytes: latin1('needle head-of-chain') },
  { offset: across, bytes: latin1('needle tail-of-chain') },
  { offset: beyond, bytes: latin1('w\0i\0d\0e\0 0123456789') },
  { offset: beyond + 200, bytes: latin1('secret').map((byte) => byte ^ 0x5a) },
  { offset: last, bytes: latin1('needle') },
];

/** A rule's condition with its patterns, and where they match. */
const expected: Readonly<Record<string, Readonly<Record<string, readonly (readonly [number, number])[]>>>> = {
  text: {
    $a: [
      [GIB, 6],
      [across, 6],
      [last, 6],
    ],
  },
  chain: { $a: [[GIB + 7, across + 7 + 13 - GIB - 7]] },
  forms: { $w: [[beyond, 8]], $r: [[beyond + 9, 10]], $x: [[beyond + 200, 6]] },
  reads: {},
};
const rules = compileRules([
  {
    text: `
      rule text {
        strings: $a = "needle"
        condition: #a == 3 and @a[2] == ${across} and $a at ${across} and $a in (${BORDER}..filesize) and #a in (${GIB}..${across}) == 2
      }
      rule chain { strings: $a = { 68 65 61 64 2D 6F 66 [-] 74 61 69 6C 2D 6F 66 2D 63 68 61 69 6E } condition: !a > 3GB }
      rule forms {
        strings:
          $w = "wide" wide
          $r = /[0-9]{10}/
          $x = "secret" xor(1-255)
        condition: all of them and @r > @w and @x == ${beyond + 200}
      }
      rule reads {
        condition: filesize == ${size} and uint32(${across}) == 0x6465656e and uint16be(${last}) == 0x6e65 and not defined uint8(filesize)
      }
      rule never { strings: $a = "needle" condition: #a in (${BORDER}..${last - 1}) > 0 }
    `.replaceAll('3GB', String(3 * GIB)),
  },
]);

const source = virtualSource({ sizeInBytes: size, planted });
const scanner = new StreamScanner(rules, { size, readAt: source.readAt! });
const started = performance.now();
for await (const chunk of source.stream()) scanner.write(chunk);
const result = await scanner.end();
const seconds = (performance.now() - started) / 1000;
// The library gives kibibytes on every system.
const peak = process.resourceUsage().maxRSS * 1024;
console.log(
  `${(size / GIB).toFixed(2)} GiB in ${seconds.toFixed(1)} s, ${(size / 1e6 / seconds).toFixed(0)} MB/s, peak ${(peak / 2 ** 20).toFixed(0)} MiB`,
);
const faults = faultsOf(result, peak);
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

function faultsOf({ matches, undecided, coverage }: ScanResult, peakInBytes: number): string[] {
  const found = Object.fromEntries(
    matches.map(({ rule, patterns }) => [
      rule,
      Object.fromEntries(
        patterns.map((pattern) => [pattern.identifier, pattern.matches.map(({ offset, length }) => [offset, length])]),
      ),
    ]),
  );
  return [
    ...(JSON.stringify(found) === JSON.stringify(expected) ? [] : [`found ${JSON.stringify(found)}`]),
    ...undecided.map(({ rule, reason }) => `${rule} is undecided: ${reason}`),
    ...(coverage.bytesSeen === size ? [] : [`only ${coverage.bytesSeen} bytes were seen`]),
    ...(peakInBytes < PEAK_LIMIT ? [] : [`the peak is not below ${PEAK_LIMIT / 1e6} MB`]),
  ];
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
