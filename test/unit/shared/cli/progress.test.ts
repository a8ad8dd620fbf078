import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { startProgress } from '../../../../shared/cli/progress.ts';
import type { Terminal } from '../../../../shared/cli/terminal.ts';

class Screen extends PassThrough {
  readonly isTTY = true;
  readonly columns = 100;
  shown = '';

  constructor() {
    super();
    this.setEncoding('utf8').on('data', (text: string) => (this.shown += text));
  }
}

function terminalWith(screen: Terminal['screen']): Terminal {
  return {
    input: new PassThrough(),
    out: () => Promise.resolve(),
    err: () => undefined,
    screen,
    abortSignal: new AbortController().signal,
  };
}

describe('startProgress', () => {
  it('draws a bar with the share of the bytes and the file, and takes it off in the end', () => {
    const screen = new Screen();
    const progress = startProgress(terminalWith(screen));
    progress.expect(2_048);
    progress.show(`/very/long/${'folder/'.repeat(10)}name\u001b[31m.bin`);
    progress.advance(1_024);
    progress.hide();
    progress.stop();
    expect(screen.shown).toContain('50% of 2.0 KB');
    expect(screen.shown).toContain('/name\\u001b[31m.bin');
    expect(screen.shown).not.toContain('\u001b[31m');
    expect(screen.shown).toContain('\r\u001b[2K');
  });

  it('draws nothing where there is no screen', () => {
    const progress = startProgress(terminalWith(undefined));
    progress.expect(1);
    progress.advance(1);
    progress.show('x');
    progress.hide();
    progress.stop();
    expect(progress).toBeDefined();
  });
});
