import { describe, expect, it } from 'vitest';
import { printableBytes } from '../../../../shared/scanner/printable-bytes.ts';

describe('printableBytes', () => {
  it('shows printable ASCII as it is and everything else by number', () => {
    expect(printableBytes(Buffer.from('30.40.50.60:9342'))).toBe('30.40.50.60:9342');
    expect(printableBytes(Uint8Array.of(0x00, 0x1f, 0x20, 0x7e, 0x7f, 0xff))).toBe('\\x00\\x1f ~\\x7f\\xff');
  });

  it('says without doubt which bytes it stands for', () => {
    const texts = Array.from({ length: 256 }, (_, byte) => printableBytes(Uint8Array.of(byte)));
    expect(new Set(texts).size).toBe(256);
    // A backslash with digits behind it must not look like an escape.
    expect(printableBytes(Buffer.from('\\x41'))).not.toBe(printableBytes(Buffer.from('A')));
    expect(printableBytes(Buffer.from('\\x41'))).toBe('\\x5cx41');
  });
});
