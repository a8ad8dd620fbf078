import { describe, expect, it } from 'vitest';
import { deliverMessageOf } from '../../../../shared/events/own-messages.ts';
import { longestWait, WAIT_TOO_LONG_IN_MS, waitProblem } from '../../../../shared/scanner/queue-wait.ts';
import { fixture } from '../events/message-builders.ts';

const now = new Date('2026-11-24T12:00:00Z');
const waiting = (message: unknown, minutes: number, dequeueCount = 0) => ({
  text: Buffer.from(JSON.stringify(message)).toString('base64'),
  insertedAt: new Date(now.getTime() - minutes * 60_000),
  dequeueCount,
});
const event = fixture('blob-created.cloud-event');
const minutes = (messages: Parameters<typeof longestWait>[0]) => longestWait(messages, now) / 60_000;

describe('how long uploads wait', () => {
  it('is as long as the oldest does', () => {
    expect(minutes([waiting(event, 3), waiting(event, 7), waiting(fixture('blob-created.event-grid'), 5)])).toBe(7);
    expect(minutes([])).toBe(0);
  });

  it('counts no message that is hidden on purpose, was taken before, or cannot be read', () => {
    const own = waiting(deliverMessageOf('a1'.repeat(32), 3), 90);
    const unreadable = { ...waiting(event, 90), text: '%%%' };
    expect(minutes([own, waiting(event, 90, 1), unreadable, waiting(event, 2)])).toBe(2);
  });

  it('is none of a clock that is early', () => {
    expect(minutes([waiting(event, -4)])).toBe(0);
  });

  it('is a problem above a quarter of an hour', () => {
    expect(waitProblem(WAIT_TOO_LONG_IN_MS)).toBeUndefined();
    expect(waitProblem(WAIT_TOO_LONG_IN_MS + 1)).toBe('uploads wait in the queue: the oldest for 15 minutes');
  });
});
