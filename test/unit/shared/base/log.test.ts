import { describe, expect, it } from 'vitest';
import type { LogOptions } from '../../../../shared/base/log.ts';
import { createLogger } from '../../../../shared/base/log.ts';

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    format: 'json',
    now: () => new Date('2026-03-04T05:06:07.089Z'),
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one JSON object and a line feed for each line', () => {
    const { log, lines } = capture();
    log.info('scan finished', { verdict: 'clean', bytesRead: 12, isCanary: false, sha256: undefined });
    expect(lines).toEqual([
      '{"time":"2026-03-04T05:06:07.089Z","level":"info","message":"scan finished","verdict":"clean","bytesRead":12,"isCanary":false}\n',
    ]);
  });

  it('writes readable text on a terminal', () => {
    const { log, lines } = capture({ format: 'text' });
    log.warn('object changed', { name: 'a b.bin', count: 2, container: 'in' });
    expect(lines).toEqual(['05:06:07 warn  object changed name="a b.bin" count=2 container=in\n']);
  });

  it('leaves out what is less severe than its level', () => {
    const { log, lines } = capture({ level: 'warn' });
    log.debug('one');
    log.info('two');
    log.warn('three');
    log.error('four');
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['three', 'four']);
  });

  it('gives the fields of a child to every line of it and of its children', () => {
    const { log, last } = capture({ fields: { app: 'sluice' } });
    log.child({ scanId: 's1' }).child({ attemptId: 'a1' }).info('x', { more: 1 });
    expect(last()).toMatchObject({ app: 'sluice', scanId: 's1', attemptId: 'a1', more: 1 });
    log.info('y');
    expect(last()).not.toHaveProperty('scanId');
  });

  it('takes secrets out of messages, fields, nested fields and errors', () => {
    const { log, lines } = capture();
    log.error('GET https://a.example/x?sig=SECRET', {
      url: 'https://a.example/x?sig=SECRET',
      nested: { list: ['AccountKey=SECRET'], connectionString: 'SECRET' },
      token: 'SECRET',
      error: new Error('at https://a.example/x?sig=SECRET', { cause: new Error('Bearer SECRET') }),
    });
    expect(lines[0]).not.toContain('SECRET');
  });

  it('keeps a name with line feeds from forging a line', () => {
    const forged = 'x\n05:06:07 error hacked';
    const text = capture({ format: 'text' });
    text.log.info(forged, { name: forged });
    expect(text.lines[0]!.trimEnd()).not.toContain('\n');
  });

  it('bounds long texts, wide and deep values, cycles and whole lines', () => {
    const { log, lines, last } = capture();
    log.info('long', { text: 'x'.repeat(100_000) });
    expect((last().text as string).length).toBe(2_000);

    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    log.info('cycle', { cycle });
    expect(lines.at(-1)).toContain('[deeper]');

    const wide = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`f${index}`, 'y'.repeat(1_900)]));
    log.info('wide', wide);
    expect(lines.at(-1)!.length).toBeLessThan(20_000);
    log.info('list', { list: Array.from({ length: 1_000 }, () => wide) });
    expect(lines.at(-1)!.length).toBeLessThan(40_000);
  });

  it('shows of bytes only how many there are', () => {
    const { log, last } = capture();
    log.info('x', { content: new Uint8Array(5), big: 2n ** 60n, when: new Date(0), not: Number.NaN });
    expect(last()).toMatchObject({
      content: '[5 bytes]',
      big: '1152921504606846976',
      when: '1970-01-01T00:00:00.000Z',
      not: 'NaN',
    });
  });

  it('writes the line whatever is in the fields', () => {
    const { log, last } = capture();
    const hostile = {
      get broken(): never {
        throw new Error('no');
      },
    };
    log.info('x', { hostile, level: 'fake', time: 'fake', ['__proto__x']: 1 });
    expect(last()).toMatchObject({ level: 'info', level_: 'fake', hostile: '[unreadable]', message: 'x' });
  });
});
