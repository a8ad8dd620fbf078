import { describe, expect, it } from 'vitest';
import { severityOf } from '../../../../shared/scanner/severity.ts';

describe('severityOf', () => {
  it.each([
    ['High', 'High'],
    ['critical', 'High'],
    [' medium ', 'Medium'],
    ['LOW', 'Low'],
    ['info', 'Informational'],
    [100n, 'High'],
    [79n, 'Medium'],
    ['10', 'Low'],
  ] as const)('reads meta severity %s as %s', (value, severity) => {
    expect(severityOf([['severity', value]])).toBe(severity);
  });

  it.each([
    [80n, 'High'],
    [79n, 'Medium'],
    [60n, 'Medium'],
    [59n, 'Low'],
    [0n, 'Low'],
    [75.5, 'Medium'],
    ['85', 'High'],
  ] as const)('reads meta score %s as %s', (value, severity) => {
    expect(severityOf([['score', value]])).toBe(severity);
  });

  it('is Medium where the author said nothing', () => {
    expect(severityOf([])).toBe('Medium');
    expect(severityOf([['description', 'high']])).toBe('Medium');
  });

  it('prefers severity to score, wherever they stand', () => {
    expect(
      severityOf([
        ['score', 90n],
        ['severity', 'low'],
      ]),
    ).toBe('Low');
  });

  it('counts what means nothing as unsaid', () => {
    expect(
      severityOf([
        ['severity', 'spicy'],
        ['score', 90n],
      ]),
    ).toBe('High');
    expect(
      severityOf([
        ['severity', new Uint8Array([0xff])],
        ['score', ''],
      ]),
    ).toBe('Medium');
    expect(
      severityOf([
        ['severity', 'constructor'],
        ['severity', 'high'],
      ]),
    ).toBe('High');
    expect(severityOf([['severity', true]])).toBe('Medium');
  });

  it('takes the key in any case', () => {
    expect(severityOf([['Severity', 'high']])).toBe('High');
  });
});
