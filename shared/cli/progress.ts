/**
 * A bar on standard error while files are scanned, for a person who watches; nothing at all where that is no terminal. The
 * whole is measured while the scan is already under way, so the total grows at first.
 */
import cliProgress from 'cli-progress';
import { formatBytes } from '../local/print-results.ts';
import { printablePath } from './print-scan.ts';
import type { Terminal } from './terminal.ts';

export interface Progress {
  /** So many bytes more are to be read. */
  expect(bytes: number): void;
  /** So many bytes more were read. */
  advance(bytes: number): void;
  /** What is being scanned. */
  show(name: string): void;
  /** Takes the bar off the screen, for a line that is to stand there; it comes back with the next step. */
  hide(): void;
  /** Takes it off for good. */
  stop(): void;
}

const NAME_WIDTH = 40;
const silent: Progress = {
  expect: () => undefined,
  advance: () => undefined,
  show: () => undefined,
  hide: () => undefined,
  stop: () => undefined,
};

export function startProgress({ screen }: Terminal): Progress {
  if (screen === undefined) return silent;
  let total = 0;
  let done = 0;
  const bar = new cliProgress.SingleBar(
    {
      stream: screen,
      clearOnComplete: true,
      hideCursor: false,
      forceRedraw: true,
      barsize: 24,
      format: ' {bar} {percentage}% of {size}  {name}',
    },
    cliProgress.Presets.shades_classic,
  );
  const payload = { size: formatBytes(0), name: '' };
  bar.start(1, 0, payload);
  const draw = (): void => {
    // An empty total would count as all done.
    bar.setTotal(Math.max(total, done, 1));
    bar.update(done, payload);
  };
  return {
    expect: (bytes) => {
      total += bytes;
      payload.size = formatBytes(total);
      draw();
    },
    advance: (bytes) => {
      done += bytes;
      draw();
    },
    show: (name) => {
      const plain = printablePath(name);
      payload.name = plain.length <= NAME_WIDTH ? plain : `…${plain.slice(1 - NAME_WIDTH)}`;
      draw();
    },
    hide: () => {
      screen.write('\r\u001b[2K');
    },
    stop: () => {
      bar.stop();
    },
  };
}
