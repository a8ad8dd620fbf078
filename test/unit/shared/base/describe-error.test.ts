import { describe, expect, it } from 'vitest';
import { describeError, errorText } from '../../../../shared/base/describe-error.ts';
import { SluiceError } from '../../../../shared/base/errors.ts';

class ShelfError extends SluiceError {
  readonly code = 'SHELF_EMPTY';
}

describe('describeError', () => {
  it('says of an operational error where it happened and what to do, without a stack', () => {
    const cause = Object.assign(new Error('socket closed'), { code: 'ECONNRESET' });
    const error = new ShelfError('nothing left', { where: 'shelf 3', hint: 'fill it', retryable: true, cause });
    expect(describeError(error)).toMatchObject({
      name: 'ShelfError',
      code: 'SHELF_EMPTY',
      message: 'nothing left',
      where: 'shelf 3',
      hint: 'fill it',
      retryable: true,
      causes: [{ code: 'ECONNRESET', message: 'socket closed' }],
    });
    expect(describeError(error)).not.toHaveProperty('stack');
  });

  it('gives a bug its innermost frames', () => {
    const { stack } = describeError(new TypeError('x is not a function'));
    expect(stack?.[0]).toContain('describe-error.test.ts');
    expect(stack?.length).toBeLessThanOrEqual(8);
  });

  it('says what an aggregate gathered', () => {
    const inner = Object.assign(new Error('throttled'), { statusCode: 429 });
    const error = Object.assign(new Error('undefined\n}'), { errors: [{ cause: inner, failedLogs: [{ a: 1 }] }] });
    expect(describeError(error).causes).toMatchObject([{ message: 'throttled', statusCode: 429 }]);
    expect(errorText(error)).toContain('throttled');
  });

  it('ends at a cause that is its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    expect(describeError(error).causes?.[0]?.causes?.[0]).not.toHaveProperty('causes');
  });

  it('describes what is no error at all', () => {
    expect(describeError('text')).toEqual({ name: 'string', message: 'text' });
    expect(describeError(undefined)).toEqual({ name: 'undefined', message: 'undefined' });
    expect(describeError(Object.create(null)).name).toBe('Unreadable');
  });
});

describe('errorText', () => {
  it('is one bounded line without secrets', () => {
    const text = errorText(new Error(`first\nhttps://a.example/?sig=SECRET ${'x'.repeat(900)}`), 120);
    expect(text.length).toBeLessThanOrEqual(120);
    expect(text).toContain('first\\nhttps://a.example/?[redacted]');
  });
});
