/**
 * The process that `linear.ts` measures: scans so many bytes of `a` for one pattern, the way the service scans, and prints
 * what it took as one line of JSON.
 *
 *   node test/bench/linear-scan.ts PATTERN BYTES
 */
import { compileRules, StreamScanner } from '../../shared/yara/index.ts';

const PIECE = new Uint8Array(1024 * 1024).fill(0x61);

const [pattern = '', size = ''] = process.argv.slice(2);
const rules = compileRules([{ text: `rule r { strings: $a = ${pattern} condition: $a }` }]);
const scanner = new StreamScanner(rules, { size: Number(size), report: 'evidence' });
const started = performance.now();
for (let done = 0; done < Number(size); done += PIECE.length) {
  scanner.write(PIECE);
}
const { undecided } = await scanner.end();
if (undecided.length > 0) throw new Error(`${pattern} is undecided: ${undecided[0]!.reason}`);
const seconds = (performance.now() - started) / 1_000;
// The library gives kibibytes on every system.
process.stdout.write(JSON.stringify({ seconds, peakInBytes: process.resourceUsage().maxRSS * 1_024 }));
